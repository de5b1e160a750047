"""Uploads: sealed parts that are too large to ride beside their statement.

Chunks are written as they come, each in a short transaction, so that a slow upload holds nobody up
(step 1 of `exchange_server.ledger`). An upload belongs to the agency that made it; only a statement
of that agency can claim it. An upload that is not finished in time is forgotten with its bytes, and
its caller gets UNAVAILABLE. One that is whole waits for its statement, for some time after the last
upload of its agency.

Over a bad line a statement with many parts takes several attempts. So what waits already is not
taken again, and where an agency has no room for more it is told to come back: what waits will be
claimed, or be forgotten.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.fields import parse_digest
from exchange_protocol.rules.statements import MAX_PART_BYTES
from exchange_protocol.trust.identity import AgencyId
from exchange_server.caller import Caller
from exchange_server.ledger.values import LedgerLimits
from exchange_server.ledger.writer import Writer
from exchange_server.storage.part_rows import (
    CHUNK_BYTES,
    PART_ID_BYTES,
    ChunkRow,
    StagedPartRow,
    complete_staged,
    discard_repeated,
    discard_staged,
    find_forgotten,
    find_waiting,
    insert_staged,
    insert_staged_chunk,
    staged_totals,
)

COME_BACK_SECONDS: Final = 60.0
"""The time after which an agency without room for an upload may ask again."""
SWEPT_AT_ONCE: Final = 64
"""Uploads swept in one transaction; each may have 64 MiB."""


class StagedPart:
    """One upload: `append` chunks, then `finish`; leaving the context unfinished discards it.

    Where the same bytes wait already, `forgotten_at` says until when, and nothing is to be done.
    """

    def __init__(
        self,
        writer: Writer,
        row: StagedPartRow,
        limits: LedgerLimits,
        clock: Callable[[], datetime],
        forgotten_at: datetime | None,
    ) -> None:
        self._writer = writer
        self._row = row
        self._limits = limits
        self._clock = clock
        self._digest = hashlib.sha256()
        self._size = 0
        self._buffer = bytearray()
        self._chunks = 0
        self.forgotten_at = forgotten_at
        self._is_finished = forgotten_at is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_finished:
            await self._run(lambda c: discard_staged(c, [self._row.part_id]))

    async def append(self, chunk: bytes) -> None:
        """Take the next bytes, at most 1 MiB; raises TOO_LARGE, PART_MISMATCH."""
        if len(chunk) > CHUNK_BYTES:
            raise Reason.TOO_LARGE.error(
                f"expected chunks of at most {CHUNK_BYTES} bytes, got {len(chunk)}", field="chunk"
            )
        self._size += len(chunk)
        if self._size > self._row.size:
            raise Reason.PART_MISMATCH.error(
                f"expected {self._row.size} bytes as announced, got more", field="chunk"
            )
        self._digest.update(chunk)
        self._buffer += chunk
        while len(self._buffer) >= CHUNK_BYTES:
            await self._write(bytes(self._buffer[:CHUNK_BYTES]))
            del self._buffer[:CHUNK_BYTES]

    async def finish(self) -> datetime:
        """Check size and digest; gives when the part is forgotten unless a statement claims it."""
        if self._size != self._row.size or self._digest.digest() != self._row.sha256:
            raise Reason.PART_MISMATCH.error(
                f"expected {self._row.size} bytes with SHA-256 {self._row.sha256.hex()}, "
                f"got {self._size} bytes with {self._digest.hexdigest()}",
                field="sha256",
            )
        if self._buffer:
            await self._write(bytes(self._buffer))
            self._buffer.clear()
        now, ttl = self._clock(), self._limits.staging_ttl

        def complete(connection: Connection) -> None:
            complete_staged(connection, self._row.part_id, at=now, begun_since=now - ttl)
            discard_repeated(connection, self._row.part_id)

        await self._run(complete)
        self._is_finished = True
        return now + ttl

    async def _write(self, data: bytes) -> None:
        chunk = ChunkRow(self._row.part_id, self._chunks, data)
        await self._run(lambda c: insert_staged_chunk(c, chunk))
        self._chunks += 1

    async def _run(self, task: Callable[[Connection], None]) -> None:
        await self._writer.run(task, agency=AgencyId(self._row.agency))


async def stage_part(
    writer: Writer,
    caller: Caller,
    sha256: bytes,
    size: int,
    limits: LedgerLimits,
    clock: Callable[[], datetime],
) -> StagedPart:
    """Begin an upload of `size` sealed bytes.

    Raises:
        InvalidInput: for a digest that is none.
        LimitExceeded: TOO_LARGE for a part over 64 MiB; OVERLOADED where the agency has too much
            waiting already.
    """
    parse_digest(sha256, "sha256")
    if not 0 < size <= MAX_PART_BYTES:
        raise Reason.TOO_LARGE.error(
            f"expected 1 to {MAX_PART_BYTES} sealed bytes, got {size}", field="size"
        )
    now, agency, ttl = clock(), caller.agency, limits.staging_ttl
    row = StagedPartRow(
        secrets.token_bytes(PART_ID_BYTES), agency, sha256, size, now, is_whole=False
    )

    def begin(connection: Connection) -> datetime | None:
        # What is forgotten soon is better uploaded again.
        since = find_waiting(connection, agency, sha256, size, now - ttl / 2)
        if since is not None:
            return since + ttl
        count, waiting = staged_totals(connection, agency, now - ttl)
        if waiting + size > limits.staged_bytes_per_agency:
            raise Reason.OVERLOADED.until(
                f"expected at most {limits.staged_bytes_per_agency} bytes of {agency} that wait "
                f"for their statements, got {waiting + size}; send it again when those are sent, "
                f"or after {ttl}",
                COME_BACK_SECONDS,
            )
        if count >= limits.staged_parts_per_agency:
            raise Reason.OVERLOADED.until(
                f"expected at most {limits.staged_parts_per_agency} parts of {agency} that wait "
                "for their statements; send small parts beside their statement, and this one again "
                f"when those are sent, or after {ttl}",
                COME_BACK_SECONDS,
            )
        insert_staged(connection, row)
        return None

    forgotten_at = await writer.run(begin, agency=agency)
    return StagedPart(writer, row, limits, clock, forgotten_at)


def sweep_before(staged_before: datetime) -> Callable[[Connection], bool]:
    """Forget some of the uploads that nobody has claimed in time; gives whether more are left."""

    def sweep(connection: Connection) -> bool:
        found = find_forgotten(connection, staged_before, SWEPT_AT_ONCE)
        discard_staged(connection, found)
        return len(found) == SWEPT_AT_ONCE

    return sweep
