"""Statements as they were accepted, and the deliveries of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, exists, select

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.access import StatementFacts
from exchange_protocol.trust.identity import AgencyId
from exchange_server.storage.rows import Lookup, insert_rows, select_by_keys
from exchange_server.storage.tables import deliveries, feed, parts, statements


class StatementRow(NamedTuple):
    """An accepted statement; `legs` and `supervisors` are those of `access.StatementFacts`."""

    payload_sha256: bytes
    author_agency: str
    statement_id: str
    exchange_id: str
    kind: str
    urgency: int
    legs: tuple[str, ...]
    supervisors: tuple[str, ...]
    log_index: int
    payload: bytes
    certificate_sha256: bytes
    signature: bytes
    batch: bytes
    """The signature's `BatchInclusion`, serialized; empty where it is over the statement alone."""


class DeliveryRow(NamedTuple):
    """A member was given a statement."""

    payload_sha256: bytes
    member_uri: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The place of an accepted statement."""

    author_agency: str
    statement_id: str
    payload_sha256: bytes
    log_index: int


_ACCEPTED = Lookup(
    select(
        statements.c.author_agency,
        statements.c.statement_id,
        statements.c.payload_sha256,
        statements.c.log_index,
    ),
    statements.c.statement_id,
)


@dataclass(frozen=True, slots=True)
class Deliverable:
    """A statement that may be handed out to who may see it."""

    spoken: StatementFacts
    payload: bytes


def insert_statements(connection: Connection, rows: Sequence[StatementRow]) -> None:
    """Keep accepted statements; a repeated id of an author breaks a unique key."""
    insert_rows(connection, statements, rows)


def insert_deliveries(connection: Connection, rows: Sequence[DeliveryRow]) -> None:
    """Keep deliveries; one a statement and member."""
    insert_rows(connection, deliveries, rows)


def find_accepted(connection: Connection, statement_ids: Sequence[str]) -> list[Accepted]:
    """Find statements by id, of whichever author."""
    return [Accepted(*row) for row in _ACCEPTED.rows(connection, statement_ids)]


def log_indexes(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, int]:
    """Find the entries of statements by the digests of their payloads."""
    s = statements.c
    query = select(s.payload_sha256, s.log_index)
    found = select_by_keys(connection, query, s.payload_sha256, digests)
    return dict(found)


def find_deliverables(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, Deliverable]:
    """Find the statements of exchanges by the digests of their payloads."""
    s = statements.c
    query = select(
        s.payload_sha256, s.exchange_id, s.author_agency, s.kind, s.legs, s.supervisors, s.payload
    ).where(s.exchange_id != "")
    return {
        digest: Deliverable(
            StatementFacts(
                digest=digest,
                exchange_id=exchange_id,
                author=AgencyId(author),
                kind=Kind(kind),
                legs=tuple(map(AgencyId, legs)),
                supervisors=tuple(map(AgencyId, supervisors)),
            ),
            payload,
        )
        for digest, exchange_id, author, kind, legs, supervisors, payload in select_by_keys(
            connection, query, s.payload_sha256, digests
        )
    }


def statements_with_parts(connection: Connection, exchange_id: str) -> list[StatementFacts]:
    """The statements of an exchange whose sealed parts are stored, in log order."""
    s, f = statements.c, feed.c
    # By the feed, which is indexed by exchange: every statement is in its author's.
    entries = select(f.entry_index).where(f.exchange_id == exchange_id)
    has_parts = exists().where(parts.c.payload_sha256 == s.payload_sha256)
    query = (
        select(s.payload_sha256, s.author_agency, s.kind, s.legs, s.supervisors)
        .where(s.log_index.in_(entries), has_parts)
        .order_by(s.log_index)
    )
    return [
        StatementFacts(
            digest=digest,
            exchange_id=exchange_id,
            author=AgencyId(author),
            kind=Kind(kind),
            legs=tuple(map(AgencyId, legs)),
            supervisors=tuple(map(AgencyId, supervisors)),
        )
        for digest, author, kind, legs, supervisors in connection.execute(query)
    ]


def find_delivered(connection: Connection, digests: Sequence[bytes]) -> set[tuple[bytes, str]]:
    """Find to whom these statements were delivered: digest and member's URI."""
    d = deliveries.c
    query = select(d.payload_sha256, d.member_uri)
    found = select_by_keys(connection, query, d.payload_sha256, digests)
    return {(digest, uri) for digest, uri in found}
