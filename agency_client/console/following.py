"""Follows what becomes visible to the agency, so that a list is asked only where something came.

The console's watch leaves the place of the profile's own watch as it is: a program of the agency
may follow that one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from agency_client.client import ExchangeClient
from exchange_protocol.errors import ExchangeError, HubUnavailable, Reason
from exchange_protocol.record.listing import ExchangeSummary

PATIENCE_SECONDS: Final = 4.0
"""A hub that does not answer for so long hangs, as far as a page is concerned."""

_MOST: Final = 500
_ASKS_AGAIN: Final = 60.0
"""Seconds after which the list is asked even without a notice: one may come before the watch."""

_RESTS: Final = 5
_MOST_REST: Final = 20.0
"""The hub that is away is asked again after so many times the length of the last attempt, and after
so many seconds at the latest."""


class Follower:
    """Knows the exchanges of one list as they are now, without asking for it again and again."""

    def __init__(
        self,
        client: ExchangeClient,
        listed: Callable[[], Iterable[ExchangeSummary]],
        clock: Callable[[], float] = time.monotonic,
        on_back: Callable[[], None] = lambda: None,
        *,
        watches: bool = True,
    ) -> None:
        """Follow nothing until somebody asks.

        Args:
            client: the client that watches.
            listed: asks the hub for the list.
            clock: seconds that only grow. For tests.
            on_back: is called when a hub that was away answers again.
            watches: False for a role that may not watch; the log keeps each attempt as refused.
        """
        self._client = client
        self._list = listed
        self._clock = clock
        self._on_back = on_back
        self._lock = threading.Lock()
        self._watches = watches
        self._is_watching = False
        self._notices = 0
        self._taken = -1
        self._taken_at = 0.0
        self._known: frozenset[str] = frozenset()
        self._rests_until = 0.0
        self._asked_since: list[float] = []
        """The beginnings of the questions that the hub has not answered yet."""
        self.away_since: datetime | None = None
        """The time at which the hub was first found away; None while it answers."""

    @property
    def known(self) -> frozenset[str]:
        """The ids of the list, as it was asked for last."""
        return self._known

    def current(self) -> frozenset[str]:
        """The ids of the list, as of the last notice; empty while the hub is away."""
        with self._lock:
            self._start()
            notices, now = self._notices, self._clock()
            is_fresh = notices == self._taken and now < self._taken_at + _ASKS_AGAIN
            if is_fresh and self.away_since is None:
                return self._known
        try:
            with self.asking():
                found = frozenset(each.id for each in islice(self._list(), _MOST))
        except HubUnavailable:
            return frozenset()
        with self._lock:
            self._taken, self._taken_at, self._known = notices, now, found
        return found

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask the hub for something that may be shown as it is kept.

        While the hub is away each attempt takes its time, and a page must not. So the hub rests for
        some times as long as the last attempt took; within that UNAVAILABLE is raised at once. Then
        one page tries it, and those that come meanwhile do not wait as well: a hub that hangs would
        hold up each of them to the end of its time.
        """
        began = self._clock()
        with self._lock:
            if began < self._rests_until or (self.away_since and self._asked_since):
                raise Reason.UNAVAILABLE.error("the hub did not answer a moment ago")
            self._asked_since.append(began)
        try:
            yield
        except HubUnavailable:
            self.note_away()
            took = self._clock() - began
            self._rests_until = self._clock() + min(_RESTS * took, _MOST_REST)
            raise
        finally:
            with self._lock:
                self._asked_since.remove(began)
        self.note_back()

    def note_if_hanging(self) -> bool:
        """Note that the hub is away if it has not answered a question for too long.

        It then gets no further question before that one has ended; gives whether it hangs.
        """
        now = self._clock()
        with self._lock:
            hangs = any(now - each >= PATIENCE_SECONDS for each in self._asked_since)
        if hangs:
            self.note_away()
        return hangs

    def note_away(self) -> None:
        """Note that the hub did not answer just now."""
        with self._lock:
            self.away_since = self.away_since or datetime.now(UTC)

    def note_back(self) -> None:
        """Note that the hub answered just now."""
        with self._lock:
            was_away = self.away_since is not None
            self.away_since = None
            self._rests_until = 0.0
        if was_away:
            self._on_back()

    def _start(self) -> None:
        if self._watches and not self._is_watching:
            self._is_watching = True
            threading.Thread(target=self._follow, name="console-watch", daemon=True).start()

    def _follow(self) -> None:
        try:
            for _ in self._client.watch(keeps_place=False, on_away=lambda *_: self.note_away()):
                self._notices += 1
        except ExchangeError:
            # The client was closed, or the hub no longer lets it in: every page says why.
            pass
        finally:
            self._is_watching = False
