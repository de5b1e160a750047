"""The queue of the writer: what waits, and whose turn it is.

Rules of this module:

- Agencies take turns, one request each, in the order in which they began to wait. However many
  requests one agency has put, another's next request waits for at most one of them, and for one of
  each other agency.
- Urgent requests have a lane of their own, in which agencies take turns as well. Of every
  `URGENT_RUN` + 1 requests one is routine while any waits, so "urgent" starves nobody. An agency's
  urgent requests beyond its share of the places (`URGENT_SHARE`) wait among the routine ones.
- Requests of one agency in one lane keep their order. Requests of one agency about one exchange
  keep their order in any case: they wait in the lane of the first of them. A directory statement
  of an agency is overtaken by nothing of that agency, since the next statement may be signed with
  the certificate that it publishes.
- Between agencies there is no order to rely on. An agency that depends on another's statement has
  seen it on the log.
- While several agencies are active and one of them has few requests, no agency fills more than its
  share of a batch (`pace`), so that the next request waits for a short batch only. An agency that
  alone has more than its share then rests for as long as that batch took: half of the writer's time
  is for the others. An agency by itself, and agencies that all have many requests, fill their
  batches and never rest.
- A request is refused (OVERLOADED) if too many wait, of its agency or of all together. The error
  says when they should be written, at the writer's pace.
- Every method may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain
from typing import Final, Generic, TypeVar

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.dependencies import DIRECTORY
from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.pace import Pace

_T = TypeVar("_T")

URGENT_RUN: Final = 3
"""Urgent requests that may go ahead of one that is routine."""
URGENT_SHARE: Final = 4
"""One in so many of an agency's places is for urgent requests."""
ACTIVE_SECONDS: Final = 5.0
"""An agency is active for so long after each of its requests."""
MOST_SHARES: Final = 4
"""The most shares of one batch, while shares are kept."""
MOST_REST_SECONDS: Final = 0.1
"""A batch that a database held up for long is no fault of the agencies in it."""


@dataclass(frozen=True, slots=True)
class QueuedRequest(Generic[_T]):
    """One request, and the facts that decide when it is its turn."""

    item: _T
    agency: AgencyId | None
    """The agency that made it; None for the hub's own."""
    about: str | None = None
    """The exchange that it concerns, DIRECTORY, or None where its order does not matter."""
    is_urgent: bool = False
    weight: int = 1
    """The places of a batch that it fills: long work fills more than one."""


@dataclass(frozen=True, slots=True)
class _InHand:
    """A batch that is being written."""

    taken_at: float
    weight: int
    agencies: Collection[AgencyId | None]
    """Agencies whose requests are in it."""
    cut: Collection[AgencyId]
    """Agencies that had more than their share."""


class _Lane(Enum):
    URGENT = auto()
    ROUTINE = auto()


class FairQueue(Generic[_T]):
    """Requests of many agencies, served in turn."""

    def __init__(
        self, most: int, most_per_agency: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Let at most so many requests wait, and so many of one agency."""
        self._clock = clock
        self._most = most
        self._most_per_agency = most_per_agency
        self._urgent_per_agency = max(1, most_per_agency // URGENT_SHARE)
        self._changed = threading.Condition()
        # An agency is in a lane while a request of it waits there; the first has the next turn.
        self._lanes: dict[_Lane, OrderedDict[AgencyId | None, deque[QueuedRequest[_T]]]] = {
            lane: OrderedDict() for lane in _Lane
        }
        self._waiting: Counter[AgencyId | None] = Counter()
        self._concerned: dict[tuple[AgencyId | None, str], tuple[_Lane, int]] = {}
        self._size = 0
        self._urgent_run = 0
        self._is_closed = False
        self._pace = Pace()
        self._active: OrderedDict[AgencyId, float] = OrderedDict()
        """The time of each agency's last request, the latest last."""
        self._in_hand: _InHand | None = None
        self._commit_seconds: float | None = None
        """Time that the commit of the batch in hand took, once it is over."""
        self._rest: tuple[AgencyId, float] | None = None
        """The agency that rests, and until when."""

    def __len__(self) -> int:
        """The number of requests that wait."""
        return self._size

    def verify_room(self, agency: AgencyId | None) -> None:
        """Verify that a request of an agency may wait here now; raises OVERLOADED."""
        if self._size >= self._most:
            raise self._overloaded("too many requests wait to be written; come back later")
        # The hub's own requests are few.
        if agency is not None and self._waiting[agency] >= self._most_per_agency:
            raise self._overloaded(
                f"expected at most {self._most_per_agency} requests of {agency} that "
                "wait to be written; come back later"
            )

    def put(self, request: QueuedRequest[_T]) -> None:
        """Let a request wait for its turn; raises OVERLOADED."""
        with self._changed:
            self.verify_room(request.agency)
            if request.agency is not None:
                self._active[request.agency] = self._clock()
                self._active.move_to_end(request.agency)
            lane = self._lane_of(request)
            self._lanes[lane].setdefault(request.agency, deque()).append(request)
            self._waiting[request.agency] += 1
            self._size += 1
            if request.about is not None:
                key = request.agency, request.about
                _, count = self._concerned.get(key, (lane, 0))
                self._concerned[key] = lane, count + 1
            self._changed.notify()

    def take(self, most: int, linger_seconds: float = 0.0) -> list[_T]:
        """Wait for requests and take those whose turn it is; none once it is closed and empty.

        Together they weigh at most `most`, unless it is one alone. If there is room for more, the
        call waits `linger_seconds` for more to come, except while agencies share the writer.
        Calling it again says that the batch taken before is written.
        """
        with self._changed:
            self._learn()
            self._changed.wait_for(lambda: self._size or self._is_closed)
            lingers = self._size < most and not self._is_shared()
        if linger_seconds and lingers:
            time.sleep(linger_seconds)
        with self._changed:
            resting = self._wait_for_others()
            return self._take(most, resting)

    def drain(self) -> list[_T]:
        """Take all that waits, without waiting for any."""
        with self._changed:
            taken: list[_T] = []
            while (place := self._next()) is not None:
                taken.append(self._pop(*place).item)
            return taken

    def expected_wait(self) -> float:
        """The seconds until what waits should be written, at the writer's recent pace."""
        batch = self._in_hand
        lasts = 0.0 if batch is None else self._clock() - batch.taken_at
        return self._pace.until_served(self._size, lasts)

    def committed(self, seconds: float | None) -> None:
        """Note how long the commit of the batch in hand took; None if nothing was committed."""
        self._commit_seconds = seconds

    def is_shared(self) -> bool:
        """True if several agencies are active, and one has no more than its share waiting."""
        with self._changed:
            return self._is_shared()

    def makes_way(self, agency: AgencyId) -> bool:
        """True if an agency has more than its share waiting, while a request of another one that
        has not waits or is written: what it wants besides may wait until that batch has ended."""
        with self._changed:
            share = self._pace.share
            if self._waiting[agency] <= share:
                return False
            in_hand = self._in_hand.agencies if self._in_hand else ()
            written = (each for each in in_hand if self._waiting[each] <= share)
            waiting = (each for each in self._active if 0 < self._waiting[each] <= share)
            return any(each not in (agency, None) for each in chain(written, waiting))

    def close(self) -> None:
        """Let `take` come to its end once nothing waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _lane_of(self, request: QueuedRequest[_T]) -> _Lane:
        if request.about is not None and (request.agency, request.about) in self._concerned:
            return self._concerned[request.agency, request.about][0]
        if not request.is_urgent or (request.agency, DIRECTORY) in self._concerned:
            return _Lane.ROUTINE
        urgent = self._lanes[_Lane.URGENT].get(request.agency, ())
        return _Lane.URGENT if len(urgent) < self._urgent_per_agency else _Lane.ROUTINE

    def _take(self, most: int, resting: Collection[AgencyId]) -> list[_T]:
        is_shared = self._is_shared()
        share = self._pace.share if is_shared else most
        most = min(most, MOST_SHARES * share) if is_shared else most
        filled: Counter[AgencyId | None] = Counter()
        cut: set[AgencyId] = set()
        taken: list[_T] = []
        weight = 0
        while (place := self._next({*resting, *cut})) is not None:
            lane, agency = place
            following = self._lanes[lane][agency][0].weight
            if taken and weight + following > most:
                break
            if agency is not None and filled[agency] and filled[agency] + following > share:
                cut.add(agency)
                continue
            taken.append(self._pop(lane, agency).item)
            filled[agency] += following
            weight += following
        if taken:
            self._commit_seconds = None
            self._in_hand = _InHand(
                self._clock(), weight, tuple(filled), cut if is_shared else set()
            )
        return taken

    def _learn(self) -> None:
        """Learn from the batch that was written; an agency that alone overfilled it rests."""
        if self._in_hand is None:
            return
        now, batch = self._clock(), self._in_hand
        seconds = now - batch.taken_at
        self._pace.record(seconds, batch.weight, self._commit_seconds)
        if len(batch.cut) == 1:
            [agency] = batch.cut
            self._rest = agency, now + min(seconds, MOST_REST_SECONDS)
        self._in_hand = None

    def _is_shared(self) -> bool:
        since = self._clock() - ACTIVE_SECONDS
        while self._active and next(iter(self._active.values())) <= since:
            self._active.popitem(last=False)
        share = self._pace.share
        return len(self._active) > 1 and any(self._waiting[each] <= share for each in self._active)

    def _wait_for_others(self) -> Collection[AgencyId]:
        """Wait for requests of others while an agency rests; gives it if it rests still."""
        if self._rest is None:
            return ()
        agency, until = self._rest
        self._changed.wait_for(
            lambda: self._size > self._waiting[agency] or self._is_closed,
            max(0.0, until - self._clock()),
        )
        if self._size > self._waiting[agency] and self._clock() < until:
            return (agency,)
        self._rest = None
        return ()

    def _overloaded(self, message: str) -> ExchangeError:
        return Reason.OVERLOADED.until(message, self.expected_wait())

    def _next(
        self, skipped: Collection[AgencyId | None] = ()
    ) -> tuple[_Lane, AgencyId | None] | None:
        """The agency whose turn is next and its lane, leaving out those skipped; None if none."""
        urgent, routine = (
            next(((lane, each) for each in self._lanes[lane] if each not in skipped), None)
            for lane in (_Lane.URGENT, _Lane.ROUTINE)
        )
        if routine is not None and (urgent is None or self._urgent_run >= URGENT_RUN):
            return routine
        return urgent

    def _pop(self, lane: _Lane, agency: AgencyId | None) -> QueuedRequest[_T]:
        waiting = self._lanes[lane].pop(agency)
        request = waiting.popleft()
        if waiting:
            self._lanes[lane][agency] = waiting
        self._urgent_run = self._urgent_run + 1 if lane is _Lane.URGENT else 0
        self._size -= 1
        self._waiting[agency] -= 1
        if not self._waiting[agency]:
            del self._waiting[agency]
        if request.about is not None:
            key = agency, request.about
            _, count = self._concerned[key]
            if count > 1:
                self._concerned[key] = lane, count - 1
            else:
                del self._concerned[key]
        return request
