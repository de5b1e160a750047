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
from exchange_server.storage.rows import insert_rows
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
    if not digests:
        return {}
    p = parts.c
    query = select(p.payload_sha256, p.name, p.part_id, p.sha256, p.size).where(
        p.payload_sha256.in_(digests)
    )
    rows = [PartRow(*row) for row in connection.execute(query)]
    return {(row.payload_sha256, row.name): row for row in rows}


def erase_parts(connection: Connection, digests: Sequence[bytes]) -> None:
    """Forget the parts of statements with their bytes; the statements stay."""
    if not digests:
        return
    removed = parts.delete().where(parts.c.payload_sha256.in_(digests)).returning(parts.c.part_id)
    erased = list(connection.execute(removed).scalars())
    if erased:
        connection.execute(part_chunks.delete().where(part_chunks.c.part_id.in_(erased)))


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


def complete_staged(connection: Connection, part_id: bytes, at: datetime) -> None:
    """Mark an upload as whole; its time of waiting begins. Raises as `insert_staged_chunk`."""
    changed = connection.execute(
        staged_parts.update()
        .where(staged_parts.c.part_id == part_id)
        .values(is_whole=True, staged_at=at)
    )
    if changed.rowcount != 1:
        raise Reason.UNAVAILABLE.error("the upload took too long and was forgotten; upload again")


def staged_bytes(connection: Connection, agency: str) -> int:
    """Bytes that an agency has announced and no statement has claimed."""
    query = select(func.coalesce(func.sum(staged_parts.c.size), 0)).where(
        staged_parts.c.agency == agency
    )
    return int(connection.execute(query).scalar_one())


def find_staged(connection: Connection, wanted: Sequence[tuple[str, bytes]]) -> list[StagedPartRow]:
    """Find whole uploads by agency and digest, oldest first."""
    if not wanted:
        return []
    s = staged_parts.c
    query = (
        select(s.part_id, s.agency, s.sha256, s.size, s.staged_at, s.is_whole)
        .where(tuple_(s.agency, s.sha256).in_(wanted), s.is_whole)
        .order_by(s.staged_at)
    )
    return [StagedPartRow(*row) for row in connection.execute(query)]


def claim_staged(connection: Connection, part_ids: Sequence[bytes]) -> None:
    """End the wait of uploads that statements claim; their chunks stay.

    Raises:
        HubUnavailable: where another hub has forgotten one since it was found.
    """
    if part_ids:
        claimed = connection.execute(
            staged_parts.delete().where(staged_parts.c.part_id.in_(part_ids))
        )
        if claimed.rowcount != len(part_ids):
            raise Reason.UNAVAILABLE.error("an upload was forgotten while it was claimed")


def find_forgotten(connection: Connection, staged_before: datetime) -> list[bytes]:
    """Find uploads that have waited too long."""
    query = select(staged_parts.c.part_id).where(staged_parts.c.staged_at < staged_before)
    return list(connection.execute(query).scalars())


def discard_staged(connection: Connection, part_ids: Sequence[bytes]) -> None:
    """Forget uploads with their bytes; what a statement has claimed meanwhile stays."""
    if not part_ids:
        return
    waiting = staged_parts.c.part_id
    removed = staged_parts.delete().where(waiting.in_(part_ids)).returning(waiting)
    forgotten = list(connection.execute(removed).scalars())
    if forgotten:
        connection.execute(part_chunks.delete().where(part_chunks.c.part_id.in_(forgotten)))
