"""Long work in the event loop, in slices: after each slice the loop serves everyone else.

All long work shares one scheduler. It gives one slice at a time, to agencies in turn: however many
long calls one agency has, another agency waits for one slice of it and no more.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Final, Self

from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.scheduler import FairScheduler

SLICE_SECONDS: Final = 0.001
"""A lone call takes some 3 ms; the slice of another agency may add little to that."""


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
            self._scheduler.give(self._agency)

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
