"""Sealed bytes: parts bound to one statement each, and uploads that wait for theirs.

- Parts that came beside their statement stand in its row of the log (`StatementRow.sealed`). A part
  that was uploaded before has a row here, and its bytes in chunks. All chunks but the last have
  `CHUNK_BYTES`, so an offset names its chunk.
- A part is never found by its digest alone: to name somebody else's digest in a statement gives
  nothing.

The row of an upload decides who has it. One hub may claim it while another forgets it: each removes
the row, and only who removed it goes on. So a claimed part never loses its bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, LargeBinary, func, select

from exchange_protocol.errors import Reason
from exchange_server.storage.rows import Lookup, delete_by_keys, insert_rows, pieces
from exchange_server.storage.tables import log_entries, part_chunks, parts, staged_parts

CHUNK_BYTES = 1024 * 1024
PART_ID_BYTES = 16


class PartRow(NamedTuple):
    """A part of an accepted statement that was uploaded before it."""

    log_index: int
    name: str
    part_id: bytes
    """16 random bytes."""


class StagedPartRow(NamedTuple):
    """An upload that no statement has claimed."""

    part_id: bytes
    agency: str
    sha256: bytes
    size: int
    """Size as announced; that of the bytes once the part is whole."""
    staged_at: datetime
    is_whole: bool


class ChunkRow(NamedTuple):
    """Sealed bytes of a part, `CHUNK_BYTES` but for the last."""

    part_id: bytes
    seq: int
    data: bytes


def insert_parts(connection: Connection, rows: Sequence[PartRow]) -> None:
    """Bind parts to their statements."""
    insert_rows(connection, parts, rows)


_p, _u = parts.c, staged_parts.c
_PARTS = Lookup(select(_p.log_index, _p.name, _p.part_id), _p.log_index)
_STAGED = Lookup(
    select(_u.part_id, _u.agency, _u.sha256, _u.size, _u.staged_at, _u.is_whole).where(_u.is_whole),
    _u.agency,
    _u.sha256,
)


def find_parts(connection: Connection, indexes: Sequence[int]) -> dict[tuple[int, str], bytes]:
    """Find the ids of uploaded parts, by their statement's index and the part's name."""
    rows = _PARTS.rows(connection, indexes)
    return {(index, name): part_id for index, name, part_id in rows}


def erase_parts(connection: Connection, indexes: Sequence[int]) -> None:
    """Forget the sealed bytes of statements; the statements stay."""
    e, p = log_entries.c, parts.c
    for some in pieces(indexes):
        connection.execute(log_entries.update().where(e.idx.in_(some)).values(sealed=None))
    _forget_chunks(connection, delete_by_keys(connection, p.log_index, indexes, gives=p.part_id))


def has_part(connection: Connection, log_index: int, name: str) -> bool:
    """True if a statement still has an uploaded part."""
    query = select(parts.c.part_id).where(parts.c.log_index == log_index, parts.c.name == name)
    return connection.execute(query).first() is not None


def read_sealed(connection: Connection, log_index: int, start: int, count: int) -> bytes | None:
    """Read some of the sealed bytes that came beside a statement; None where it has none."""
    # SQL counts from 1.
    some = func.substr(log_entries.c.sealed, start + 1, count, type_=LargeBinary)
    query = select(some).where(log_entries.c.idx == log_index)
    return connection.execute(query).scalar_one_or_none()


def read_chunk(connection: Connection, part_id: bytes, seq: int) -> bytes | None:
    """Read one chunk of a part."""
    k = part_chunks.c
    query = select(k.data).where(k.part_id == part_id, k.seq == seq)
    return connection.execute(query).scalar_one_or_none()


def insert_staged(connection: Connection, row: StagedPartRow) -> None:
    """Begin an upload."""
    insert_rows(connection, staged_parts, [row])


def insert_staged_chunk(connection: Connection, row: ChunkRow) -> None:
    """Keep a chunk of an upload that still waits; raises UNAVAILABLE for a forgotten one."""
    held = select(staged_parts.c.part_id).where(staged_parts.c.part_id == row.part_id)
    if connection.execute(held.with_for_update()).one_or_none() is None:
        raise Reason.UNAVAILABLE.error("the upload took too long and was forgotten; upload again")
    insert_rows(connection, part_chunks, [row])


def complete_staged(
    connection: Connection, part_id: bytes, *, at: datetime, begun_since: datetime
) -> None:
    """Mark an upload as whole; its time of waiting begins, and that of its agency's others anew.

    A statement has up to 2 GiB of parts, and over a slow line the first would be forgotten before
    the last has come. Raises UNAVAILABLE for one that was forgotten, or was begun too long ago.
    """
    u = staged_parts.c
    changed = connection.execute(
        staged_parts.update()
        .where(u.part_id == part_id, u.staged_at >= begun_since)
        .values(is_whole=True)
    )
    if changed.rowcount != 1:
        raise Reason.UNAVAILABLE.error("the upload took too long and was forgotten; upload again")
    agency = select(u.agency).where(u.part_id == part_id).scalar_subquery()
    whole = staged_parts.update().where(u.agency == agency, u.is_whole)
    connection.execute(whole.values(staged_at=at))


def find_waiting(
    connection: Connection, agency: str, sha256: bytes, size: int, since: datetime
) -> datetime | None:
    """Find a whole upload of these bytes that waits since a time or later; gives its time."""
    u = staged_parts.c
    query = select(func.max(u.staged_at)).where(
        u.agency == agency, u.sha256 == sha256, u.size == size, u.is_whole, u.staged_at >= since
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def discard_repeated(connection: Connection, part_id: bytes) -> None:
    """Forget the other whole uploads of the same bytes: one serves all parts that have them."""
    u, own = staged_parts.c, staged_parts.alias().c
    found = (
        select(u.part_id)
        .join_from(staged_parts, own.part_id.table, (own.agency == u.agency))
        .where(own.part_id == part_id, own.sha256 == u.sha256, u.is_whole, u.part_id != part_id)
    )
    discard_staged(connection, list(connection.execute(found).scalars()))


def staged_totals(connection: Connection, agency: str, since: datetime) -> tuple[int, int]:
    """Count the uploads of an agency that wait since a time or later: how many, how many bytes."""
    u = staged_parts.c
    query = select(func.count(), func.coalesce(func.sum(u.size), 0)).where(
        u.agency == agency, u.staged_at >= since
    )
    count, size = connection.execute(query).one()
    return int(count), int(size)


def find_staged(connection: Connection, wanted: Sequence[tuple[str, bytes]]) -> list[StagedPartRow]:
    """Find whole uploads by agency and digest, oldest first."""
    found = (StagedPartRow(*row) for row in _STAGED.rows(connection, wanted))
    return sorted(found, key=lambda row: row.staged_at)


def claim_staged(connection: Connection, part_ids: Sequence[bytes]) -> None:
    """End the wait of uploads that statements claim; their chunks stay.

    Raises:
        HubUnavailable: where another hub has forgotten one since it was found.
    """
    part_id = staged_parts.c.part_id
    if len(delete_by_keys(connection, part_id, part_ids, gives=part_id)) != len(part_ids):
        raise Reason.UNAVAILABLE.error("an upload was forgotten while it was claimed")


def find_forgotten(connection: Connection, staged_before: datetime, most: int) -> list[bytes]:
    """Find some of the uploads that have waited too long."""
    u = staged_parts.c
    query = select(u.part_id).where(u.staged_at < staged_before).limit(most)
    return list(connection.execute(query).scalars())


def discard_staged(connection: Connection, part_ids: Sequence[bytes]) -> None:
    """Forget uploads with their bytes; what a statement has claimed meanwhile stays."""
    part_id = staged_parts.c.part_id
    _forget_chunks(connection, delete_by_keys(connection, part_id, part_ids, gives=part_id))


def _forget_chunks(connection: Connection, part_ids: Sequence[bytes]) -> None:
    for some in pieces(part_ids):
        connection.execute(part_chunks.delete().where(part_chunks.c.part_id.in_(some)))
