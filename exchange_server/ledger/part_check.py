"""The check of the sealed parts: they have the digests that were signed, or are rightly gone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, except_, func, select

from exchange_protocol.record.entries import Event
from exchange_protocol.record.replay import Replay
from exchange_protocol.rules.access import is_erased
from exchange_protocol.rules.statements import Part, Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_server.ledger.findings import Findings
from exchange_server.storage import tables
from exchange_server.storage.part_rows import CHUNK_BYTES, PartRow
from exchange_server.storage.rows import stream_rows

_SEALED_AT_ONCE: Final = 32
"""Rows that are read together; each may hold 3 MiB beside its statement."""
_REMOVAL_TAKES: Final = timedelta(days=1)
"""More than a hub that serves needs to remove what is due."""


class PartCheck:
    """Compares the parts of all statements, beside them and uploaded, with what was signed."""

    def __init__(
        self,
        connection: Connection,
        replay: Replay,
        findings: Findings,
        *,
        now: datetime,
        last_time: datetime | None,
    ) -> None:
        """Take the replay of the whole log, and the time of its last entry.

        The log's time decides, where the clock here is behind it: by that time the hub removes.
        """
        self._connection = connection
        self._replay = replay
        self._findings = findings
        self._now = now if last_time is None else max(now, last_time)
        self._last_time = last_time

    def run(self) -> int:
        """Check every part, and that every chunk belongs to one; gives how many parts there are."""
        uploads = _Uploads(self._connection, self._add_unclaimed)
        e = tables.log_entries.c
        accepted = select(e.idx, e.payload, e.sealed).where(e.event == int(Event.STATEMENT))
        stored = self._connection.execute(
            accepted.order_by(e.idx), execution_options={"yield_per": _SEALED_AT_ONCE}
        )
        parts = 0
        for index, payload, sealed in stored:
            statement = parse_statement(payload)
            parts += len(statement.parts)
            uploaded = uploads.take(index)
            if statement.parts:
                self._check_of(index, statement, sealed, uploaded)
            elif sealed is not None:
                self._findings.add("log_entries", index, "its statement has no sealed part")
            for name, part_id in uploaded.items():
                self._add_unclaimed(PartRow(index, name, part_id))
        uploads.finish()
        self._check_strays()
        return parts

    def _add_unclaimed(self, row: PartRow) -> None:
        where = f"{row.name!r} of entry {row.log_index}"
        self._findings.add("parts", where, "no statement has this part")

    def _check_of(
        self, index: int, statement: Statement, sealed: bytes | None, uploaded: dict[str, bytes]
    ) -> None:
        """Check the parts of one statement, and take them from those that were uploaded."""
        beside = [part for part in statement.parts if part.name not in uploaded]
        is_erased = self._is_erased(statement.digest)
        # The hub removes it a little after its time.
        is_gone = sealed is None and self._is_erased(statement.digest, self._now)
        if is_erased and sealed is not None:
            self._findings.add("parts", index, "it was erased, and is still there")
        elif sealed is not None and self._is_overdue(statement.digest):
            self._findings.add("parts", index, "its retention has ended, and it is still there")
        if not is_erased and not is_gone:
            self._check_sealed(index, beside, sealed)
        for part in statement.parts:
            part_id = uploaded.pop(part.name, None)
            where = f"part {part.name!r} of entry {index}"
            if part_id is None:
                continue
            if is_erased:
                self._findings.add("parts", where, "it was erased, and is still there")
            elif self._digest_of(part_id) != (part.sha256, part.size):
                self._findings.add("part_chunks", where, "the bytes are not those that were signed")

    def _check_sealed(self, index: int, beside: Sequence[Part], sealed: bytes | None) -> None:
        """Compare what stands beside a statement with the parts that it names."""
        start = 0
        for part in beside:
            where = f"part {part.name!r} of entry {index}"
            data = (sealed or b"")[start : start + part.size]
            start += part.size
            if sealed is None:
                self._findings.add("parts", where, "the sealed bytes are missing")
            elif hashlib.sha256(data).digest() != part.sha256:
                self._findings.add("parts", where, "the bytes are not those that were signed")
        if sealed is not None and len(sealed) != start:
            detail = f"expected {start} sealed bytes beside its statement, got {len(sealed)}"
            self._findings.add("parts", index, detail)

    def _is_erased(self, payload_digest: bytes, at: datetime | None = None) -> bool:
        said = self._replay.state.spoken.get(payload_digest)
        return said is not None and is_erased(self._replay.exchanges[said.exchange_id], said, at)

    def _is_overdue(self, payload_digest: bytes) -> bool:
        """True if the content should be gone; by the last entry, for a copy may be old."""
        last = self._last_time
        return last is not None and self._is_erased(payload_digest, last - _REMOVAL_TAKES)

    def _digest_of(self, part_id: object) -> tuple[bytes, int]:
        if not isinstance(part_id, bytes):
            # A damaged copy may hold anything there, and no chunk is found by it.
            return b"", 0
        chunks = tables.part_chunks.c
        query = (
            select(chunks.seq, chunks.data).where(chunks.part_id == part_id).order_by(chunks.seq)
        )
        digest, size = hashlib.sha256(), 0
        rows = self._connection.execute(query, execution_options={"yield_per": 1})
        for expected, (seq, data) in enumerate(rows):
            if seq != expected or size % CHUNK_BYTES:
                # An offset names its chunk: the hub would not find these bytes.
                return b"", 0
            digest.update(data)
            size += len(data)
        return digest.digest(), size

    def _check_strays(self) -> None:
        chunks = tables.part_chunks.c.part_id
        # Not NOT IN: for a list that its memory lacks PostgreSQL takes the square of the time.
        unknown = except_(
            select(chunks), select(tables.parts.c.part_id), select(tables.staged_parts.c.part_id)
        )
        query = select(func.count()).where(chunks.in_(unknown))
        strays = self._connection.execute(query).scalar_one()
        if strays:
            self._findings.add("part_chunks", "?", f"{strays} chunks belong to no part")


class _Uploads:
    """The parts that were uploaded, read beside the statements in the order of the log."""

    def __init__(self, connection: Connection, unclaimed: Callable[[PartRow], None]) -> None:
        self._rows = stream_rows(connection, tables.parts, PartRow)
        self._unclaimed = unclaimed
        self._next = next(self._rows, None)

    def take(self, index: int) -> dict[str, bytes]:
        """Take those of an entry, by their names; what lies before them belongs to nobody."""
        taken = {}
        while (row := self._next) is not None:
            # A damaged copy may hold anything there; SQLite sorts numbers before text and bytes.
            is_number = isinstance(row.log_index, int)
            if is_number and row.log_index > index:
                break
            if is_number and row.log_index == index:
                taken[row.name] = row.part_id
            else:
                self._unclaimed(row)
            self._next = next(self._rows, None)
        return taken

    def finish(self) -> None:
        """Tell what lies behind the last statement."""
        while self._next is not None:
            self._unclaimed(self._next)
            self._next = next(self._rows, None)
