"""Rates at which an agency may send: statements, and bytes of statements and sealed parts.

A bucket for each fills at the agency's rate and holds `BURST_SECONDS` of it, so that an outbox that
waited while the hub was away is emptied at once. A call is admitted while the bucket is positive,
and may overdraw it: what was overdrawn must flow back before the next call. So no message is too
large for its bucket, and the bound holds over time.

A call that meets an empty bucket is refused before it is parsed, with the time until the bucket is
positive again. An upload or a stream of statements is not broken off: its next message is not taken
before then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.buckets import Buckets
from exchange_server.fairness.counts import ALONE, Cell, Counts

BURST_SECONDS: Final = 10.0


class _Rate:
    """The buckets of all agencies for one kind of amount."""

    def __init__(
        self,
        per_second: float,
        what: str,
        clock: Callable[[], float],
        cell: Cell,
        counts: Counts,
    ) -> None:
        self._per_second = per_second
        self._what = what
        self._clock = clock
        self._buckets = Buckets(per_second, per_second * BURST_SECONDS, cell, counts)

    def spend(self, agency: AgencyId, amount: float) -> float:
        """Take an amount out of a bucket, which may go below zero.

        Gives the seconds until it is positive; 0 if it is.
        """
        return self._seconds(self._buckets.spend(agency, amount, self._clock()))

    def seconds_until_positive(self, agency: AgencyId) -> float:
        """The seconds until the bucket is positive; 0 if it is."""
        return self._seconds(self._buckets.left(agency, self._clock()))

    def _seconds(self, left: float) -> float:
        return max(0.0, (1.0 - left) / self._per_second)

    def verify_positive(self, agency: AgencyId) -> None:
        """Verify that the bucket is positive; raises RATE_LIMITED."""
        seconds = self.seconds_until_positive(agency)
        if seconds > 0:
            raise Reason.RATE_LIMITED.until(
                f"expected at most {self._per_second:g} {self._what} of {agency} a second; "
                f"come back in {seconds:.1f} s",
                seconds,
            )


class Rates:
    """The buckets of statements and of bytes; for one event loop."""

    def __init__(
        self,
        statements_per_second: float,
        bytes_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        counts: Counts = ALONE,
    ) -> None:
        """Give each agency these rates; the clock is one for all processes that count together."""
        self._statements = _Rate(
            statements_per_second, "statements", clock, Cell.STATEMENTS, counts
        )
        self._bytes = _Rate(bytes_per_second, "bytes", clock, Cell.BYTES, counts)

    def verify_room(self, agency: AgencyId) -> None:
        """Verify that the agency may send a statement now; raises RATE_LIMITED."""
        self._statements.verify_positive(agency)
        self._bytes.verify_positive(agency)

    def count(self, agency: AgencyId, size: int) -> float:
        """Count one statement and so many bytes; gives the seconds until it may send the next."""
        return max(self._statements.spend(agency, 1), self._bytes.spend(agency, size))

    def count_more(self, agency: AgencyId, statements: int) -> None:
        """Count further statements of a call that was admitted."""
        self._statements.spend(agency, statements)

    async def room_for_statement(self, agency: AgencyId) -> None:
        """Wait until the agency may send the first statement of a stream."""
        rates = self._statements, self._bytes
        seconds = max(each.seconds_until_positive(agency) for each in rates)
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def flow_statement(self, agency: AgencyId, size: int) -> None:
        """Count a statement of a stream and its bytes, and wait until it may send the next."""
        seconds = self.count(agency, size)
        # To wait for nothing is a turn of the event loop, for each statement.
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def flow(self, agency: AgencyId, size: int) -> None:
        """Count bytes of a stream, and wait until the bucket is positive again."""
        await asyncio.sleep(self._bytes.spend(agency, size))
