"""Lists of exchanges as the hub gave them, kept so that their pages fit together.

The first page of a list asks the hub anew; the pages after it go on in the same list, so that no
row moves from one page to the next while a person reads. Rows are fetched when they are needed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from exchange_protocol.errors import HubUnavailable
from exchange_protocol.record.listing import ExchangeSummary

MOST_LISTED: Final = 20_000
"""Exchanges of one list that are kept; what is older is found by a filter."""


class Listing:
    """One list, fetched as far as it was read."""

    def __init__(
        self, rows: Iterable[ExchangeSummary], at: datetime | None, *, is_kept: bool = False
    ) -> None:
        """Begin a list.

        Args:
            rows: its rows, fetched when they are needed.
            at: the time at which it was asked for; None if it never was.
            is_kept: it is what was kept, for the hub is away.
        """
        self.at = at
        self.is_kept = is_kept
        self._rest = islice(iter(rows), MOST_LISTED)
        self._rows: list[ExchangeSummary] = []
        self._lock = threading.Lock()

    def take(
        self,
        start: int = 0,
        most: int = MOST_LISTED,
        wanted: Callable[[ExchangeSummary], bool] = lambda _: True,
    ) -> Sequence[ExchangeSummary]:
        """The rows that are wanted, from the one of number `start` on, at most so many."""
        return list(islice(filter(wanted, self._each()), start, start + most))

    def _each(self) -> Iterator[ExchangeSummary]:
        place = 0
        while True:
            with self._lock:
                if place == len(self._rows):
                    found = self._fetch()
                    if found is None:
                        return
                    self._rows.append(found)
            yield self._rows[place]
            place += 1

    def _fetch(self) -> ExchangeSummary | None:
        """The next row of the hub; the list ends as a kept one if the hub went away meanwhile."""
        try:
            return next(self._rest, None)
        except HubUnavailable:
            if not self._rows:
                raise
            self._rest = islice((), 0)
            self.is_kept = True
            return None
