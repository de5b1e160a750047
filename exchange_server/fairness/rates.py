"""How much an agency may say in a second: statements, and bytes of them and of their sealed parts.

A bucket of each fills at the agency's rate and holds `BURST_SECONDS` of it, so that an outbox which
waited while the hub was away is emptied at once. Who has anything left may spend, even more than
that: a batch is as large as it is, and what was overspent must flow back before the next. So no
message is too large for its bucket, and the bound holds over time.

Whoever has nothing left is refused before anything of the call is parsed, and told when there will
be something again. An upload is not broken off: its next message is not taken until then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import AgencyId

BURST_SECONDS: Final = 10.0


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class _Rate:
    """The buckets of all agencies for one thing."""

    def __init__(self, per_second: float, what: str, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._what = what
        self._clock = clock
        self._buckets: dict[AgencyId, _Bucket] = {}

    def spend(self, agency: AgencyId, amount: float) -> None:
        """Take out of a bucket, whatever is left in it."""
        self._filled(agency).left -= amount

    def seconds_until_some(self, agency: AgencyId) -> float:
        """How long until there is something left; 0 where there is."""
        return max(0.0, (1.0 - self._filled(agency).left) / self._per_second)

    def verify_some(self, agency: AgencyId) -> None:
        """Verify that there is something left; raises RATE_LIMITED."""
        seconds = self.seconds_until_some(agency)
        if seconds > 0:
            raise Reason.RATE_LIMITED.until(
                f"expected at most {self._per_second:g} {self._what} of {agency} a second; "
                f"come back in {seconds:.1f} s",
                seconds,
            )

    def _filled(self, agency: AgencyId) -> _Bucket:
        now, most = self._clock(), self._per_second * BURST_SECONDS
        bucket = self._buckets.setdefault(agency, _Bucket(most, now))
        gained = (now - bucket.filled_at) * self._per_second
        bucket.left, bucket.filled_at = min(most, bucket.left + gained), now
        return bucket


class Rates:
    """What agencies have left of both; for one event loop."""

    def __init__(
        self,
        statements_per_second: float,
        bytes_per_second: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let each agency say so much."""
        self._statements = _Rate(statements_per_second, "statements", clock)
        self._bytes = _Rate(bytes_per_second, "bytes", clock)

    def admit(self, agency: AgencyId, size: int) -> None:
        """Count a call of one statement and so many bytes; raises RATE_LIMITED for one too many."""
        self._statements.verify_some(agency)
        self._bytes.verify_some(agency)
        self._statements.spend(agency, 1)
        self._bytes.spend(agency, size)

    def count_more(self, agency: AgencyId, statements: int) -> None:
        """Count further statements of a call that was admitted."""
        self._statements.spend(agency, statements)

    async def flow(self, agency: AgencyId, size: int) -> None:
        """Count so many bytes of a stream, and wait until there is something left again."""
        self._bytes.spend(agency, size)
        await asyncio.sleep(self._bytes.seconds_until_some(agency))
