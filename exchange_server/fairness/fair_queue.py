"""What waits for the writer, and whose turn it is.

Rules of this module:

- Agencies take turns, one request each, in the order in which they began to wait. However much one
  has put, another's next request waits for at most one of it and of each other agency.
- Urgent requests have a lane of their own, in which agencies take turns as well. Of every
  `URGENT_RUN` + 1 requests one is routine while any waits, so that "urgent" starves nobody; what an
  agency calls urgent beyond its share of the places (`URGENT_SHARE`) waits among the routine.
- Requests of one agency in one lane keep their order. So do those about one exchange, whatever they
  are called: they wait in the lane of the first of them. Nothing of an agency overtakes what it has
  to say to the directory, such as the certificate that the next statement is signed with.
- Between agencies there is no order to rely on: who depends on another's statement has seen it.
- While another agency is active too and has little to say, none fills more than its share of a
  batch (`pace`), so that whoever comes next waits for a short one. An agency that alone has more
  than its share to say then rests for as long as that batch took: half of the writer is for the
  others, who are served at once meanwhile. An agency by itself, and agencies that all have much to
  say, fill their batches and never rest.
- A request is refused (OVERLOADED) where its agency, or everyone together, has too many waiting; it
  is told when they will have been written, at the writer's pace.
- Every method may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum, auto
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
"""In one batch while shares are kept."""
MOST_REST_SECONDS: Final = 0.1
"""A batch that a database held up for long is no fault of the agencies in it."""


@dataclass(frozen=True, slots=True)
class QueuedRequest(Generic[_T]):
    """One request, and what its turn depends on."""

    item: _T
    agency: AgencyId | None
    """Whose it is; None for the hub's own."""
    about: str | None = None
    """The exchange that it concerns, DIRECTORY, or None where its order does not matter."""
    is_urgent: bool = False
    weight: int = 1
    """How much of a batch it fills: what takes long fills more than one place."""


@dataclass(frozen=True, slots=True)
class _InHand:
    """A batch that is being written."""

    taken_at: float
    weight: int
    cut: Collection[AgencyId]
    """Who had more to say than its share."""


class _Lane(Enum):
    URGENT = auto()
    ROUTINE = auto()


class FairQueue(Generic[_T]):
    """Requests of many agencies, which are served in turn."""

    def __init__(
        self, most: int, most_per_agency: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Let at most so many requests wait, and so many of one agency."""
        self._clock = clock
        self._most = most
        self._most_per_agency = most_per_agency
        self._urgent_per_agency = max(1, most_per_agency // URGENT_SHARE)
        self._changed = threading.Condition()
        # An agency is in a lane while something of it waits there; the first has the next turn.
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
        """When each agency put its last request, the latest last."""
        self._in_hand: _InHand | None = None
        self._rest: tuple[AgencyId, float] | None = None
        """Who rests, and until when."""

    def verify_room(self, agency: AgencyId | None) -> None:
        """Verify that a request of an agency may wait here now; raises OVERLOADED."""
        if self._size >= self._most:
            raise self._overloaded("too many requests wait to be written; come back later")
        # The hub's own are few, and nobody's flood.
        if agency is not None and self._waiting[agency] >= self._most_per_agency:
            raise self._overloaded(
                f"expected at most {self._most_per_agency} requests of {agency} that "
                "wait to be written; come back later"
            )

    def put(self, turn: QueuedRequest[_T]) -> None:
        """Let a request wait for its turn; raises OVERLOADED."""
        with self._changed:
            self.verify_room(turn.agency)
            if turn.agency is not None:
                self._active[turn.agency] = self._clock()
                self._active.move_to_end(turn.agency)
            lane = self._lane_of(turn)
            self._lanes[lane].setdefault(turn.agency, deque()).append(turn)
            self._waiting[turn.agency] += 1
            self._size += 1
            if turn.about is not None:
                key = turn.agency, turn.about
                _, count = self._concerned.get(key, (lane, 0))
                self._concerned[key] = lane, count + 1
            self._changed.notify()

    def take(self, most: int, linger_seconds: float = 0.0) -> list[_T]:
        """Wait for requests and take those whose turn it is; none once it is closed and empty.

        They weigh at most `most` together, or are one. `linger_seconds` is how long to wait for
        more than the first, where there is room, and nobody waits behind the one who lingers.
        What was taken before has been written when this is called again.
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
        """In how many seconds what waits should be written, at the pace of lately."""
        batch = self._in_hand
        lasts = 0.0 if batch is None else self._clock() - batch.taken_at
        return self._pace.until_served(self._size, lasts)

    def close(self) -> None:
        """Let `take` come to its end once nothing waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _lane_of(self, turn: QueuedRequest[_T]) -> _Lane:
        if turn.about is not None and (turn.agency, turn.about) in self._concerned:
            return self._concerned[turn.agency, turn.about][0]
        if not turn.is_urgent or (turn.agency, DIRECTORY) in self._concerned:
            return _Lane.ROUTINE
        urgent = self._lanes[_Lane.URGENT].get(turn.agency, ())
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
            self._in_hand = _InHand(self._clock(), weight, cut if is_shared else set())
        return taken

    def _learn(self) -> None:
        """The batch in hand is written: learn from it, and let who filled it alone rest."""
        if self._in_hand is None:
            return
        now, batch = self._clock(), self._in_hand
        seconds = now - batch.taken_at
        self._pace.record(seconds, batch.weight)
        if len(batch.cut) == 1:
            [agency] = batch.cut
            self._rest = agency, now + min(seconds, MOST_REST_SECONDS)
        self._in_hand = None

    def _is_shared(self) -> bool:
        """Whether several agencies are active, of which one has no more than its share to say."""
        since = self._clock() - ACTIVE_SECONDS
        while self._active and next(iter(self._active.values())) <= since:
            self._active.popitem(last=False)
        share = self._pace.share
        return len(self._active) > 1 and any(self._waiting[each] <= share for each in self._active)

    def _wait_for_others(self) -> Collection[AgencyId]:
        """While an agency rests, wait for what others say; gives who rests still."""
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
        """Whose turn it is, and in which lane, leaving out those skipped; None where nobody's."""
        urgent, routine = (
            next(((lane, each) for each in self._lanes[lane] if each not in skipped), None)
            for lane in (_Lane.URGENT, _Lane.ROUTINE)
        )
        if routine is not None and (urgent is None or self._urgent_run >= URGENT_RUN):
            return routine
        return urgent

    def _pop(self, lane: _Lane, agency: AgencyId | None) -> QueuedRequest[_T]:
        waiting = self._lanes[lane].pop(agency)
        turn = waiting.popleft()
        if waiting:
            self._lanes[lane][agency] = waiting
        self._urgent_run = self._urgent_run + 1 if lane is _Lane.URGENT else 0
        self._size -= 1
        self._waiting[agency] -= 1
        if not self._waiting[agency]:
            del self._waiting[agency]
        if turn.about is not None:
            key = agency, turn.about
            _, count = self._concerned[key]
            if count > 1:
                self._concerned[key] = lane, count - 1
            else:
                del self._concerned[key]
        return turn
