"""Long work in the event loop, in slices: after each slice the loop serves everyone else.

All long work shares one scheduler. It gives one slice at a time, to agencies in turn: however many
long calls one agency has, another agency waits for one slice of it and no more. When slices have
had the loop for `SLICE_SECONDS`, in one piece or many, the loop takes `PAUSE_TURNS` without any: a
call takes several turns to come in and to be answered, and each turn would have its slice.

The writer shares the interpreter with the loop, and waits for it at every row. So an agency with
much in the queue of the writer makes way (`FairQueue.makes_way`): it takes no slice until a batch
has ended in which another one, that has little there, may have its request.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.scheduler import FairScheduler

SLICE_SECONDS: Final = 0.001
"""A lone call takes some 3 ms; the slice of another agency may add little to that."""
PAUSE_TURNS: Final = 8
"""Turns of the loop that a pause lasts: they pass at once where it has nothing else to do."""
RESTED_SECONDS: Final = 0.1
"""The loop has taken many turns by then."""
BATCHES_GIVEN_WAY: Final = 2
"""The batch in hand, and the one in which what waits is written."""
WAY_SECONDS: Final = 0.1
"""The longest wait for the end of one."""


class SliceScheduler:
    """Gives slices of one event loop, one at a time."""

    def __init__(self, makes_way: Callable[[AgencyId], bool] = lambda _: False) -> None:
        """`makes_way` is true while an agency should leave the interpreter to the writer."""
        self._makes_way = makes_way
        self._given_way: set[asyncio.Future[None]] = set()
        self._in_order: defaultdict[AgencyId, asyncio.Lock] = defaultdict(asyncio.Lock)
        """A lock for the works of each agency: none is begun before one that came earlier."""
        self._lined_up: Counter[AgencyId] = Counter()
        """The works that wait for that, or for their slice."""
        self._turns = FairScheduler()
        self._began_at = 0.0
        self._ended_at = 0.0
        self._spent = 0.0
        """Seconds of slices since the last pause."""

    @property
    def is_awaited(self) -> bool:
        """True if a slice is waited for."""
        return self._turns.is_awaited

    @property
    def is_over(self) -> bool:
        """True if the slice in hand is over."""
        return self._spent + time.monotonic() - self._began_at >= SLICE_SECONDS

    async def begin(self, agency: AgencyId) -> None:
        """Wait for a slice."""
        if self._lined_up[agency] or self._makes_way(agency) or not self._turns.take_free(agency):
            await self._line_up(agency)
        await self._begin(agency)

    async def begin_another(self, agency: AgencyId) -> None:
        """Give the slice back, and wait for the next one behind all that wait already."""
        self._count()
        if self._makes_way(agency):
            self._turns.give(agency)
            await self.begin(agency)
            return
        await self._turns.take_another(agency)
        await self._begin(agency)

    def end(self, agency: AgencyId) -> None:
        """Give the slice back."""
        self._count()
        self._turns.give(agency)

    def batch_ended(self) -> None:
        """Let those go on that made way for a batch of the writer."""
        for future in self._given_way:
            if not future.done():
                future.set_result(None)

    async def _line_up(self, agency: AgencyId) -> None:
        """Take a slice after the works of the agency that came earlier."""
        self._lined_up[agency] += 1
        try:
            async with self._in_order[agency]:
                await self._make_way(agency)
                await self._turns.take(agency)
        finally:
            self._lined_up[agency] -= 1

    async def _make_way(self, agency: AgencyId) -> None:
        for _ in range(BATCHES_GIVEN_WAY):
            if not self._makes_way(agency):
                return
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._given_way.add(future)
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(WAY_SECONDS):
                        await future
            finally:
                self._given_way.discard(future)

    def _count(self) -> None:
        self._ended_at = time.monotonic()
        self._spent += self._ended_at - self._began_at

    async def _begin(self, agency: AgencyId) -> None:
        now = time.monotonic()
        rested = now - self._ended_at
        if rested > RESTED_SECONDS:
            self._spent = 0.0
        if self._spent >= SLICE_SECONDS:
            try:
                await self._pause(rested)
            except asyncio.CancelledError:
                self._turns.give(agency)
                raise
            now = time.monotonic()
        self._began_at = now

    async def _pause(self, rested: float) -> None:
        # After a step that was too long by itself, others have the loop for as long.
        missing = self._spent - SLICE_SECONDS - rested
        if missing > SLICE_SECONDS:
            await asyncio.sleep(missing)
        for _ in range(PAUSE_TURNS):
            await asyncio.sleep(0)
        self._spent = 0.0


class Slices:
    """The slices of one piece of work, as an `async with` block."""

    def __init__(self, scheduler: SliceScheduler, agency: AgencyId) -> None:
        """Work for an agency."""
        self._scheduler = scheduler
        self._agency = agency
        self._has_slice = False

    async def __aenter__(self) -> Self:
        await self._scheduler.begin(self._agency)
        self._has_slice = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._has_slice:
            self._scheduler.end(self._agency)

    async def yield_if_due(self) -> None:
        """Let others be served if the slice is over; call it between two small steps."""
        if self._scheduler.is_over:
            self._has_slice = False
            await self._scheduler.begin_another(self._agency)
            self._has_slice = True
