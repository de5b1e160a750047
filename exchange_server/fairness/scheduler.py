"""Places that agencies take in turn: a few at a time, and never all of them for one agency."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class FairScheduler:
    """Gives places to holders (agencies, as a rule) in turn; for one event loop.

    A caller that finds no place waits. A free place goes to the holder that has waited longest
    among those that have less than their share; each further wait of a holder comes after all
    others'.
    """

    def __init__(self, places: int = 1, share: int | None = None) -> None:
        """Have so many places, of which one holder may take at most `share` (None: all)."""
        self._free = places
        self._share = places if share is None else share
        self._held: Counter[Hashable] = Counter()
        # A holder is here while it waits for a place; the first has the next turn.
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def is_awaited(self) -> bool:
        """True if a place is waited for."""
        return bool(self._waiting)

    @asynccontextmanager
    async def place(self, holder: Hashable) -> AsyncIterator[None]:
        """Hold a place for the time of the block, once it is free."""
        await self.take(holder)
        try:
            yield
        finally:
            self.give(holder)

    async def take(self, holder: Hashable) -> None:
        """Wait for a place."""
        if not self.take_free(holder):
            await self._wait(holder, self._line_up(holder))

    def take_free(self, holder: Hashable) -> bool:
        """Take a place if one is free for a holder now."""
        is_free = self._free > 0 and self._held[holder] < self._share
        if not is_free or holder in self._waiting:
            return False
        self._hold(holder)
        return True

    async def take_another(self, holder: Hashable) -> None:
        """Give a place back, and wait for the next one behind all that wait already."""
        future = self._line_up(holder)
        self.give(holder)
        await self._wait(holder, future)

    def give(self, holder: Hashable) -> None:
        """Give a place back: the holder whose turn is next takes it."""
        self._free += 1
        self._held[holder] -= 1
        if not self._held[holder]:
            del self._held[holder]
        while self._free and (following := self._next()) is not None:
            future = self._pop(following)
            if not future.done():  # Its caller may have gone.
                self._hold(following)
                future.set_result(None)

    def _hold(self, holder: Hashable) -> None:
        self._free -= 1
        self._held[holder] += 1

    def _line_up(self, holder: Hashable) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(holder, deque()).append(future)
        return future

    async def _wait(self, holder: Hashable, future: asyncio.Future[None]) -> None:
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give(holder)
            else:
                self._forget(holder, future)
            raise

    def _forget(self, holder: Hashable, future: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(holder)
        if waiting is not None and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[holder]

    def _next(self) -> Hashable | None:
        return next((one for one in self._waiting if self._held[one] < self._share), None)

    def _pop(self, holder: Hashable) -> asyncio.Future[None]:
        futures = self._waiting.pop(holder)
        future = futures.popleft()
        if futures:
            self._waiting[holder] = futures
        return future
