"""Shares of calls, watches and probes that one holder may have at a time.

The hub's bound on calls is one for all agencies. Without shares, an agency could open transfers
that never move, and hold all calls for as long as a transfer may take.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from exchange_protocol.errors import Reason
from exchange_server.fairness.counts import ALONE, Cell, Counts


class Shares:
    """Counts what each holder has, and bounds it; for one event loop."""

    def __init__(
        self,
        most: int,
        reason: Reason,
        what: str,
        free_in: Callable[[float], float],
        cell: Cell | None = None,
        counts: Counts = ALONE,
    ) -> None:
        """Refuse, with `reason`, more than `most` of `what` to one holder.

        `free_in` estimates when a place is free again: it gets the seconds for which the place was
        held, and gives those to come. With a cell, the bound holds for all workers together.
        """
        self._cell = cell
        self._counts = counts
        self._most = most
        self._reason = reason
        self._what = what
        self._free_in = free_in
        self._held: dict[str, dict[object, float]] = {}
        """The times at which places were taken, the oldest first."""

    def one_more(self, holder: str) -> Place:
        """A place to hold for the time of a `with` block, which raises the reason if all its places
        are taken."""
        return Place(self, holder)

    def take(self, holder: str, place: object) -> None:
        """Take a place; raises the reason if all its places are taken."""
        held, now = self._held.setdefault(holder, {}), time.monotonic()
        others = 0.0 if self._cell is None else sum(self._counts.others(holder, self._cell))
        if len(held) + others >= self._most:
            oldest = next(iter(held.values()), now)
            if not held:
                del self._held[holder]
            raise self._reason.until(
                f"expected at most {self._most} {self._what} of {holder} at a time",
                max(0.0, self._free_in(now - oldest)),
            )
        held[place] = now
        self._show(holder, len(held))

    def give(self, holder: str, place: object) -> None:
        """Give a place back."""
        held = self._held[holder]
        del held[place]
        self._show(holder, len(held))
        if not held:
            del self._held[holder]

    def _show(self, holder: str, amount: int) -> None:
        if self._cell is not None:
            self._counts.set(holder, self._cell, amount)


class CallShares(Shares):
    """Bounds the calls in flight: those of one agency, and those of all together."""

    def __init__(
        self,
        calls_per_agency: int,
        calls: int,
        expected_wait: Callable[[], float],
        counts: Counts = ALONE,
    ) -> None:
        """Allow so many calls in flight to each agency, and so many in this process to all.

        Most calls wait for the writer, so the next should end after `expected_wait`.
        """
        super().__init__(
            calls_per_agency,
            Reason.RATE_LIMITED,
            "calls",
            lambda _: expected_wait(),
            Cell.CALLS,
            counts,
        )
        self._calls = calls
        self._expected_wait = expected_wait
        self._taken = 0

    def take(self, holder: str, place: object) -> None:
        """Take a place.

        Raises RATE_LIMITED if all places of the agency are taken, OVERLOADED if all of all are.
        """
        super().take(holder, place)
        self._taken += 1
        if self._taken > self._calls:
            self.give(holder, place)
            raise Reason.OVERLOADED.until(
                f"expected at most {self._calls} calls at a time, of all agencies together",
                self._expected_wait(),
            )

    def give(self, holder: str, place: object) -> None:
        """Give a place back."""
        super().give(holder, place)
        self._taken -= 1


class Place:
    """A place that is held for the time of a `with` block."""

    __slots__ = ("_holder", "_shares")

    def __init__(self, shares: Shares, holder: str) -> None:
        self._shares = shares
        self._holder = holder

    def __enter__(self) -> None:
        self._shares.take(self._holder, self)

    def __exit__(self, *_: object) -> None:
        self._shares.give(self._holder, self)
