"""Room for content: an agency's quota, and the rest of the disk that is kept free.

A full disk stops the log for all. So before that, exchanges are not opened and nothing is uploaded.
A statement that ends an exchange or erases its content passes all the same: it is small, and makes
room.

The disk is asked once in `LOOK_SECONDS`, since each question gives the interpreter away. In
between, arriving bytes are counted as stored. The bytes of an agency are read from the database, at
the start as a whole and then as they grow; removals are seen once a day.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine

from exchange_protocol.errors import LimitExceeded, Reason
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_server.ledger.jobs import Submission
from exchange_server.storage.engine import reading, real_file
from exchange_server.storage.log_rows import read_head
from exchange_server.storage.usage_rows import read_sealed

MEASURE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.5
_RECOUNT_SECONDS: Final = 86400.0
_ENTRIES_AT_ONCE: Final = 20_000
_COME_BACK_SECONDS: Final = 60.0
TELL_SECONDS: Final = 60.0
"""Seconds between two lines on a disk that is nearly full."""

_log = structlog.get_logger(__name__)


class Room:
    """The room that is left to agencies."""

    def __init__(self, engine: Engine, bytes_per_agency: int | None, free_bytes: int) -> None:
        """Let an agency store so many sealed bytes, and keep so many of the disk free."""
        self._engine = engine
        self._most = bytes_per_agency
        self._free_bytes = free_bytes
        file = real_file(engine)
        self._disk: Path | None = file.parent if file else None
        self._disk_left = 0
        self._looked_at: float | None = None
        self._told_at: float | None = None
        self._stored: Counter[str] = Counter()
        self._coming: Counter[str] = Counter()
        """Bytes that came since the last look began."""
        self._came: Counter[str] = Counter()
        """Bytes that came before it. Some may not be on the disk yet, so they count again."""
        self._measured_to = 0
        self._counted_at: float | None = None

    def verify(self, agency: AgencyId, size: int) -> None:
        """Verify that an agency may store so many bytes more.

        Raises TOO_MANY beyond its quota, OVERLOADED where the disk is nearly full.
        """
        if self._disk is not None and self._free_bytes:
            left = self._left_on(self._disk)
            if left < self._free_bytes + size:
                self._tell_full(self._disk, left)
                raise Reason.OVERLOADED.until(
                    "the hub's disk is nearly full, so no exchange is opened and nothing uploaded; "
                    "what ends an exchange is taken. Call the hub's operator",
                    _COME_BACK_SECONDS,
                )
            self._disk_left -= size
        if self._most is None:
            return
        stored = self._stored[agency] + self._came[agency] + self._coming[agency] + size
        if stored > self._most:
            raise Reason.TOO_MANY.error(
                f"expected at most {self._most} stored bytes of {agency}, with this it would have "
                f"{stored}; close and erase what is over, or ask the hub's operator for more"
            )

    def admitted(self, job: Submission) -> Submission:
        """Count what comes beside a statement; gives it with why there is no room for it, if so.

        It goes to the writer all the same. If the hub has accepted the same bytes before, its
        caller must get their receipt: a refusal would say that they are not on the log.
        """
        agency, size = job.caller.agency, sum(map(len, job.parts.values()))
        if job.statement.kind.stage is Stage.INITIAL:
            try:
                self.verify(agency, size)
            except LimitExceeded as full:
                return replace(job, no_room=full.detached())
        if self._most is not None:
            self._coming[agency] += size
        return job

    def _tell_full(self, disk: Path, left: int) -> None:
        """Tell the operator, now and then: a refusal alone is seen by who is refused."""
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            _log.error(
                "disk_nearly_full",
                disk=str(disk),
                free_bytes=left,
                kept_free=self._free_bytes,
                todo="make room, or move the database; until then no exchange is opened, and "
                "nothing is uploaded (disk_free_bytes of the section limits)",
            )

    def _left_on(self, disk: Path) -> int:
        """The bytes that are free on the disk, less what came since it was asked."""
        now = time.monotonic()
        if self._looked_at is None or now - self._looked_at >= LOOK_SECONDS:
            found = os.statvfs(disk)
            self._disk_left = found.f_bavail * found.f_frsize
            self._looked_at = now
        return self._disk_left

    def measure(self) -> None:
        """Read what is stored; it waits for the database, so it runs beside the event loop."""
        if self._most is None:
            return
        now = time.monotonic()
        self._came, self._coming = self._coming, Counter()
        is_whole = self._counted_at is None or now - self._counted_at >= _RECOUNT_SECONDS
        start = 0 if is_whole else self._measured_to
        with reading(self._engine) as connection:
            head = read_head(connection)
        end = head.size if head else 0
        stored: Counter[str] = Counter() if is_whole else self._stored.copy()
        for first in range(start, end, _ENTRIES_AT_ONCE):
            # A transaction of its own: how long one may last is bounded.
            with reading(self._engine) as connection:
                until = min(first + _ENTRIES_AT_ONCE, end)
                stored += read_sealed(connection, first, until)
        self._stored = stored
        self._measured_to = end
        self._counted_at = now if is_whole else self._counted_at
