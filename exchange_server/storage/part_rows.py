"""Sealed bytes: parts bound to one statement each, and uploads that wait for theirs.

A part is never found by its digest alone: to name somebody else's digest in a statement gives
nothing. All chunks of a part but the last have `CHUNK_BYTES`, so an offset names its chunk.

The row of an upload decides who has it. One hub may claim it while another forgets it: each removes
the row, and only who removed it goes on. So a claimed part never loses its bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select, tuple_

from exchange_protocol.errors import Reason
from exchange_server.storage.rows import delete_by_keys, insert_rows, pieces, select_by_keys
from exchange_server.storage.tables import part_chunks, parts, staged_parts

CHUNK_BYTES = 1024 * 1024
PART_ID_BYTES = 16


class PartRow(NamedTuple):
    """A part of an accepted statement."""

    payload_sha256: bytes
    name: str
    part_id: bytes
    """16 random bytes."""
    sha256: bytes
    size: int


class StagedPartRow(NamedTuple):
    """An upload that no statement has claimed."""

    part_id: bytes
    agency: str
    sha256: bytes
    size: int
    """As announced; that of the bytes once the part is whole."""
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


def insert_chunks(connection: Connection, rows: Sequence[ChunkRow]) -> None:
    """Keep sealed bytes."""
    insert_rows(connection, part_chunks, rows)


def find_parts(
    connection: Connection, digests: Sequence[bytes]
) -> dict[tuple[bytes, str], PartRow]:
    """Find the parts of statements, by the statement's digest and the part's name."""
    p = parts.c
    query = select(p.payload_sha256, p.name, p.part_id, p.sha256, p.size)
    rows = (PartRow(*row) for row in select_by_keys(connection, query, p.payload_sha256, digests))
    return {(row.payload_sha256, row.name): row for row in rows}


def erase_parts(connection: Connection, digests: Sequence[bytes]) -> None:
    """Forget the parts of statements with their bytes; the statements stay."""
    p = parts.c
    _forget_chunks(
        connection, delete_by_keys(connection, p.payload_sha256, digests, gives=p.part_id)
    )


def has_part(connection: Connection, part_id: bytes) -> bool:
    """True if a statement still has a part."""
    query = select(parts.c.part_id).where(parts.c.part_id == part_id)
    return connection.execute(query).first() is not None


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
    """Mark an upload as whole; its time of waiting begins.

    Raises UNAVAILABLE for one that was forgotten, or was begun too long ago.
    """
    u = staged_parts.c
    changed = connection.execute(
        staged_parts.update()
        .where(u.part_id == part_id, u.staged_at >= begun_since)
        .values(is_whole=True, staged_at=at)
    )
    if changed.rowcount != 1:
        raise Reason.UNAVAILABLE.error("the upload took too long and was forgotten; upload again")


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
    u = staged_parts.c
    query = select(u.part_id, u.agency, u.sha256, u.size, u.staged_at, u.is_whole).where(u.is_whole)
    found = select_by_keys(connection, query, tuple_(u.agency, u.sha256), wanted)
    return sorted((StagedPartRow(*row) for row in found), key=lambda row: row.staged_at)


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
