"""The log: head, entries and their statements, tiles, the numbering of directory statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, bindparam, select

from exchange_protocol.log.tiles import TileId
from exchange_protocol.record.entries import CommitmentOpening, Event, entry_leaf_data
from exchange_protocol.rules.signed_statements import SignedStatement, batch_of
from exchange_protocol.trust.envelope import PAYLOAD_TYPE
from exchange_server.storage.rows import (
    Lookup,
    Query,
    field_names,
    insert_rows,
    replace_only_row,
    replace_rows,
)
from exchange_server.storage.tables import directory_entries, log_entries, log_head, log_tiles


class Head(NamedTuple):
    """The head of the log: what the last committed batch made."""

    size: int
    root: bytes
    note: bytes
    """The signed checkpoint of this size and root, exact bytes."""
    last_time: datetime | None
    """Hub time of the last entry."""
    directory_size: int


class FoundBy(NamedTuple):
    """The columns by which a statement is found and shown, None for other entries; `legs` and
    `supervisors` are those of `access.StatementFacts`."""

    statement_id: str | None
    kind: str | None
    urgency: int | None
    legs: tuple[str, ...] | None
    supervisors: tuple[str, ...] | None


NOT_FOUND_BY: Final = FoundBy(None, None, None, None, None)


class StatementRow(NamedTuple):
    """The columns of an entry that accepts a statement; the first are those of `FoundBy`."""

    statement_id: str
    kind: str
    urgency: int
    legs: tuple[str, ...]
    supervisors: tuple[str, ...]
    certificate_sha256: bytes
    signature: bytes
    batch: bytes
    """The signature's `BatchInclusion`, serialized; empty where it is over the statement alone."""
    payload: bytes
    sealed: bytes | None
    """The sealed parts that came beside it, one after the other in its order; None where there are
    none, and where they were erased. Parts that were uploaded before are not among them."""
    post_quantum_signature: bytes | None
    """The second signature; None where the certificate has no key for one."""


class EntryRow(NamedTuple):
    """An entry; `exchange_id` and `payload_sha256` are empty where it has none.

    From `statement_id` on the columns are those of `StatementRow`, or None.
    """

    idx: int
    leaf_hash: bytes
    nonce: bytes
    event: int
    actor_agency: str
    exchange_id: str
    payload_sha256: bytes
    entry: bytes
    statement_id: str | None
    kind: str | None
    urgency: int | None
    legs: tuple[str, ...] | None
    supervisors: tuple[str, ...] | None
    certificate_sha256: bytes | None
    signature: bytes | None
    batch: bytes | None
    payload: bytes | None
    sealed: bytes | None
    post_quantum_signature: bytes | None


NO_STATEMENT: Final = (None,) * len(StatementRow._fields)
"""The columns of `StatementRow` in an entry of another event."""


class TileRow(NamedTuple):
    """A tile of the tree: up to 256 hashes of 32 bytes."""

    level: int
    idx: int
    hashes: bytes


class DirectoryEntryRow(NamedTuple):
    """The entry of the directory statement at a position."""

    position: int
    log_index: int


PAGE_BYTES: Final = 1024 * 1024
"""Size of one page on the wire, unless its only entry is larger; clients take 16 MiB."""
PAGE_ENTRIES: Final = 256
"""Entries of one page, however short: each has its proof to be made, encoded and verified."""
_FRAMING_BYTES: Final = 24
"""For each field: its tag and length, and its part of those of the messages that it is in, of the
index and of the payload type."""
_HASH_BYTES: Final = 34
"""A hash of a proof, with its tag and length."""
_AT_ONCE = 32
"""Rows that are read together; the largest have 256 KiB."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it is stored, with its statement if it is a statement's."""

    index: int
    leaf_hash: bytes
    event: int
    actor_agency: str
    exchange_id: str
    payload_sha256: bytes
    opening: CommitmentOpening


_HEAD = select(
    log_head.c.size,
    log_head.c.root,
    log_head.c.note,
    log_head.c.last_time,
    log_head.c.directory_size,
)
_READ_HEAD, _LOCK_HEAD = Query(_HEAD), Query(_HEAD.with_for_update())


def read_head(connection: Connection, *, lock: bool = False) -> Head | None:
    """Read the head; with `lock`, hold it until the transaction ends (the writers' turn)."""
    rows = (_LOCK_HEAD if lock else _READ_HEAD).rows(connection)
    return Head(*rows[0]) if rows else None


def insert_head(connection: Connection, head: Head) -> None:
    """Begin the log; a second head breaks the primary key."""
    connection.execute(log_head.insert(), {"id": 1, **head._asdict()})


def update_head(connection: Connection, head: Head) -> None:
    """Move the head."""
    replace_only_row(connection, log_head, head)


def insert_entries(connection: Connection, rows: Sequence[EntryRow]) -> None:
    """Append entries."""
    insert_rows(connection, log_entries, rows)


def insert_directory_entries(connection: Connection, rows: Sequence[DirectoryEntryRow]) -> None:
    """Number directory statements."""
    insert_rows(connection, directory_entries, rows)


def write_tiles(connection: Connection, tiles: Mapping[TileId, bytes]) -> None:
    """Insert tiles, or replace those that grew."""
    rows = [TileRow(level, idx, hashes) for (level, idx), hashes in tiles.items()]
    replace_rows(connection, log_tiles, rows)


_t = log_tiles.c
_TILES = Lookup(select(_t.level, _t.idx, _t.hashes), _t.level, _t.idx)


def read_tiles(connection: Connection, tiles: Sequence[TileId]) -> dict[TileId, bytes]:
    """Read tiles, each as wide as it is stored; absent ones are left out."""
    return {(level, idx): hashes for level, idx, hashes in _TILES.rows(connection, tiles)}


_e = log_entries.c
_FIRST_ON_WIRE: Final = 6
"""The column from which on all go to the wire."""
STORED_ENTRIES: Select[Any] = select(
    _e.idx,
    _e.leaf_hash,
    _e.event,
    _e.actor_agency,
    _e.exchange_id,
    _e.payload_sha256,
    _e.entry,
    _e.nonce,
    _e.payload,
    _e.certificate_sha256,
    _e.signature,
    _e.batch,
    _e.post_quantum_signature,
)

_BY_INDEX = Lookup(STORED_ENTRIES, _e.idx)
_DIRECTORY = STORED_ENTRIES.join(directory_entries, directory_entries.c.log_index == _e.idx)


def stored_entries(connection: Connection, query: Select[Any]) -> list[StoredEntry]:
    """Run a query that narrows `STORED_ENTRIES`; gives entries in log order."""
    return [_stored(*row) for row in connection.execute(query.order_by(_e.idx))]


def paged(query: Select[Any]) -> Select[Any]:
    """Order and limit a query that narrows `STORED_ENTRIES` for `page_of_entries`; made once."""
    return query.order_by(_e.idx).limit(PAGE_ENTRIES + 1)


def page_of_entries(
    connection: Connection, query: Select[Any], values: Mapping[str, Any], tree_size: int
) -> tuple[list[StoredEntry], bool]:
    """Run a `paged` query with the values of its parameters, as far as one page may go.

    Gives entries in log order, at least one where there is any, and whether there are more. A page
    is bounded by what it is on the wire, with proofs in the tree of a size; and by a count.
    """
    page: list[StoredEntry] = []
    size = 0
    rows = connection.execute(query, values, execution_options={"yield_per": _AT_ONCE})
    with closing(rows):
        for row in rows:
            one = _stored(*row)
            size += _wire_bytes(row, tree_size)
            if page and (size > PAGE_BYTES or len(page) == PAGE_ENTRIES):
                return page, True
            page.append(one)
    return page, False


def _wire_bytes(row: Sequence[Any], tree_size: int) -> int:
    """The size that a row's entry may have on the wire, with its statement and its proof."""
    fields = row[_FIRST_ON_WIRE:]
    return (
        sum(len(field) + _FRAMING_BYTES for field in fields if field)
        + tree_size.bit_length() * _HASH_BYTES
    )


def read_entry_range(connection: Connection, start: int, stop: int) -> list[StoredEntry]:
    """Read the entries [start, stop)."""
    return stored_entries(connection, STORED_ENTRIES.where(_e.idx >= start, _e.idx < stop))


def read_found_by(connection: Connection, start: int, stop: int) -> dict[int, FoundBy]:
    """Read the columns by which the statements of the entries [start, stop) are found, by index."""
    columns = (_e[name] for name in field_names(FoundBy))
    query = select(_e.idx, *columns).where(_e.idx >= start, _e.idx < stop)
    return {index: FoundBy(*values) for index, *values in connection.execute(query)}


def read_leaf_data(connection: Connection, start: int, stop: int) -> list[bytes]:
    """Read what the leaves [start, stop) hash, which says nothing of their entries."""
    query = select(_e.entry, _e.nonce).where(_e.idx >= start, _e.idx < stop).order_by(_e.idx)
    return [entry_leaf_data(entry, nonce) for entry, nonce in connection.execute(query)]


def read_entries(connection: Connection, indexes: Sequence[int]) -> list[StoredEntry]:
    """Read entries by index, in log order."""
    found = (_stored(*row) for row in _BY_INDEX.rows(connection, sorted(indexes)))
    return sorted(found, key=lambda entry: entry.index)


_START, _STOP = bindparam("start", type_=BigInteger), bindparam("stop", type_=BigInteger)
_RANGE = paged(STORED_ENTRIES.where(_e.idx >= _START, _e.idx < _STOP))
_DIRECTORY_RANGE = paged(
    _DIRECTORY.where(directory_entries.c.position >= _START, directory_entries.c.position < _STOP)
)


def read_entry_page(
    connection: Connection, start: int, stop: int, tree_size: int
) -> list[StoredEntry]:
    """Read the first of the entries [start, stop), as many as one page may hold."""
    return page_of_entries(connection, _RANGE, {"start": start, "stop": stop}, tree_size)[0]


def read_directory_entries(connection: Connection) -> list[StoredEntry]:
    """Read all directory statements."""
    return stored_entries(connection, _DIRECTORY)


def read_directory_page(
    connection: Connection, start: int, count: int, tree_size: int
) -> list[StoredEntry]:
    """Read at most `count` directory statements from position `start` on, as many as one page may
    hold."""
    values = {"start": start, "stop": start + count}
    return page_of_entries(connection, _DIRECTORY_RANGE, values, tree_size)[0]


def _stored(
    index: int,
    leaf_hash: bytes,
    event: int,
    actor_agency: str,
    exchange_id: str,
    payload_sha256: bytes,
    entry: bytes,
    nonce: bytes,
    payload: bytes | None,
    certificate_sha256: bytes,
    signature: bytes,
    batch: bytes,
    post_quantum_signature: bytes | None,
) -> StoredEntry:
    statement = None
    if payload is not None and event == Event.STATEMENT:
        statement = SignedStatement(
            PAYLOAD_TYPE,
            payload,
            certificate_sha256,
            signature,
            batch_of(batch),
            post_quantum_signature or b"",
        )
    opening = CommitmentOpening(entry, nonce, statement)
    return StoredEntry(index, leaf_hash, event, actor_agency, exchange_id, payload_sha256, opening)
