"""Long work in the event loop, in slices: after each slice the loop serves everyone else.

All long work shares one scheduler. It gives one slice at a time, to agencies in turn: however many
long calls one agency has, another agency waits for one slice of it and no more.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from types import TracebackType
from typing import Final, Self

from exchange_protocol.trust.identity import AgencyId

SLICE_SECONDS: Final = 0.001
"""A lone call takes some 3 ms; the slice of another agency may add little to that."""


class FairScheduler:
    """Gives slices to agencies in turn; for one event loop."""

    def __init__(self) -> None:
        self._is_taken = False
        # An agency is here while work of it waits; the first has the next slice.
        self._waiting: OrderedDict[AgencyId, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def is_awaited(self) -> bool:
        """True if any work waits for a slice."""
        return bool(self._waiting)

    async def take(self, agency: AgencyId) -> None:
        """Wait for a slice."""
        if not self._is_taken:
            self._is_taken = True
            return
        await self._wait(self._line_up(agency))

    async def take_another(self, agency: AgencyId) -> None:
        """End a slice, and wait for the next one behind all that wait already."""
        future = self._line_up(agency)
        self.give()
        await self._wait(future)

    def _line_up(self, agency: AgencyId) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(agency, deque()).append(future)
        return future

    async def _wait(self, future: asyncio.Future[None]) -> None:
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """End a slice: the agency whose turn is next gets one."""
        while self._waiting:
            agency, futures = self._waiting.popitem(last=False)
            future = futures.popleft()
            if futures:
                self._waiting[agency] = futures
            if not future.done():  # Its caller may have gone.
                future.set_result(None)
                return
        self._is_taken = False


class Slices:
    """The slices of one piece of work, as an `async with` block."""

    def __init__(self, scheduler: FairScheduler, agency: AgencyId) -> None:
        """Work for an agency."""
        self._scheduler = scheduler
        self._agency = agency
        self._has_slice = False
        self._ends_at = 0.0

    async def __aenter__(self) -> Self:
        await self._scheduler.take(self._agency)
        self._has_slice = True
        self._ends_at = time.monotonic() + SLICE_SECONDS
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._has_slice:
            self._scheduler.give()

    async def yield_if_due(self) -> None:
        """Let others be served if the slice is over; call it between two small steps."""
        if time.monotonic() < self._ends_at:
            return
        if self._scheduler.is_awaited:
            self._has_slice = False
            await self._scheduler.take_another(self._agency)
            self._has_slice = True
        else:
            await asyncio.sleep(0)
        self._ends_at = time.monotonic() + SLICE_SECONDS
