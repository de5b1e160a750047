"""What one agency may hold of the hub at a time, so that none can shut the others out.

The hub's bound on calls is one for all. Without shares an agency that opens transfers and lets them
crawl would have all of it for as long as a transfer may take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import AgencyId


class Shares:
    """How many of something each agency holds, and the most that one may; for one event loop."""

    def __init__(self, most: int, reason: Reason, what: str) -> None:
        """Refuse with `reason` who asks for more than `most` of `what`."""
        self._most = most
        self._reason = reason
        self._what = what
        self._held: Counter[AgencyId] = Counter()

    @contextmanager
    def one_more(self, agency: AgencyId) -> Iterator[None]:
        """Hold one for the time of the block; raises the reason where the agency has its share."""
        if self._held[agency] >= self._most:
            raise self._reason.error(
                f"expected at most {self._most} {self._what} of {agency} at a time"
            )
        self._held[agency] += 1
        try:
            yield
        finally:
            self._held[agency] -= 1
            if not self._held[agency]:
                del self._held[agency]


class CallShares(Shares):
    """Bounds the calls that an agency has in flight."""

    def __init__(self, calls_per_agency: int) -> None:
        """Let each agency have so many calls in flight; raises RATE_LIMITED beyond."""
        super().__init__(calls_per_agency, Reason.RATE_LIMITED, "calls")
