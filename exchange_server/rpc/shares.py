"""What one agency may hold of the hub at a time, so that none can shut the others out.

The hub's bound on calls is one for all. Without shares an agency that opens transfers and lets them
crawl would have all of it for as long as a transfer may take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import AgencyId
from exchange_server.rpc.calls import CallInterceptor, Context, current_caller
from exchange_server.rpc.methods import HEALTH_METHODS


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


class CallShares(CallInterceptor):
    """Bounds the calls that an agency has in flight; health is asked on nobody's share."""

    def __init__(self, calls_per_agency: int) -> None:
        """Let each agency have so many calls in flight."""
        super().__init__()
        self._calls = Shares(calls_per_agency, Reason.RATE_LIMITED, "calls")

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Raise RATE_LIMITED where the caller's agency has its share."""
        if method in HEALTH_METHODS:
            yield
            return
        with self._calls.one_more(current_caller().agency):
            yield
