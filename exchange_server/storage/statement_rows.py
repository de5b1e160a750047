"""Accepted statements, found among the entries of the log, and the deliveries of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, literal_column, or_, select

from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.rules.access import StatementFacts
from exchange_protocol.trust.identity import AgencyId
from exchange_server.storage.rows import Lookup, insert_rows
from exchange_server.storage.tables import deliveries, feed, log_entries, parts


class DeliveryRow(NamedTuple):
    """A member was given a statement."""

    statement_index: int
    member_uri: str
    log_index: int


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """An accepted statement and its entry."""

    author_agency: str
    statement_id: str
    payload_sha256: bytes
    log_index: int


_e = log_entries.c
# These very words let SQLite use the indexes of statements.
_IS_STATEMENT = _e.statement_id.is_not(None)
_ACCEPTED = Lookup(
    select(_e.actor_agency, _e.statement_id, _e.payload_sha256, _e.idx).where(_IS_STATEMENT),
    _e.statement_id,
)
_FACTS = (
    _e.payload_sha256,
    _e.exchange_id,
    _e.actor_agency,
    _e.kind,
    _e.legs,
    _e.supervisors,
)


_INDEXES = Lookup(select(_e.payload_sha256, _e.idx).where(_IS_STATEMENT), _e.payload_sha256)
_NO_EXCHANGE: ColumnElement[str] = literal_column("''")
_DELIVERABLES = Lookup(
    select(_e.idx, _e.payload, *_FACTS).where(_IS_STATEMENT, _e.exchange_id != _NO_EXCHANGE),
    _e.payload_sha256,
)
_DELIVERED = Lookup(
    select(deliveries.c.statement_index, deliveries.c.member_uri), deliveries.c.statement_index
)


@dataclass(frozen=True, slots=True)
class Deliverable:
    """A statement for the agencies that may see it."""

    log_index: int
    spoken: StatementFacts
    payload: bytes


def insert_deliveries(connection: Connection, rows: Sequence[DeliveryRow]) -> None:
    """Keep deliveries; one a statement and member."""
    insert_rows(connection, deliveries, rows)


def find_accepted(connection: Connection, statement_ids: Sequence[str]) -> list[AcceptedRow]:
    """Find statements by id, of whichever author."""
    return [AcceptedRow(*row) for row in _ACCEPTED.rows(connection, statement_ids)]


def log_indexes(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, int]:
    """Find the entries of statements by the digests of their payloads."""
    return {row[0]: row[1] for row in _INDEXES.rows(connection, digests)}


def find_deliverables(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, Deliverable]:
    """Find the statements of exchanges by the digests of their payloads."""
    return {
        facts[0]: Deliverable(index, _facts(*facts), payload)
        for index, payload, *facts in _DELIVERABLES.rows(connection, digests)
    }


def statements_with_parts(
    connection: Connection, exchange_id: str
) -> list[tuple[int, StatementFacts]]:
    """The statements of an exchange whose sealed parts are stored, in log order, each with its
    index."""
    # By the feed, which is indexed by exchange: every statement is in its author's.
    entries = select(feed.c.entry_index).where(feed.c.exchange_id == exchange_id)
    was_uploaded = exists().where(parts.c.log_index == _e.idx)
    query = (
        select(_e.idx, *_FACTS)
        .where(_IS_STATEMENT, _e.idx.in_(entries), or_(_e.sealed.is_not(None), was_uploaded))
        .order_by(_e.idx)
    )
    return [(index, _facts(*facts)) for index, *facts in connection.execute(query)]


def find_delivered(connection: Connection, indexes: Sequence[int]) -> set[tuple[int, str]]:
    """Find to whom these statements were delivered: the statement's index and the member's URI."""
    return {(index, uri) for index, uri in _DELIVERED.rows(connection, indexes)}


def _facts(
    digest: bytes, exchange_id: str, author: str, kind: str, legs: Any, supervisors: Any
) -> StatementFacts:
    return StatementFacts(
        digest=digest,
        exchange_id=exchange_id,
        author=AgencyId(author),
        kind=parse_kind(kind),
        legs=tuple(map(AgencyId, legs)),
        supervisors=tuple(map(AgencyId, supervisors)),
    )
