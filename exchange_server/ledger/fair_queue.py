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
- A request is refused (OVERLOADED) where its agency, or everyone together, has too many waiting.
- `put`, `take`, `drain` and `close` may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Generic, TypeVar

from exchange_protocol.errors import Reason
from exchange_protocol.rules.series import DIRECTORY
from exchange_protocol.trust.identity import AgencyId

_T = TypeVar("_T")

URGENT_RUN: Final = 3
"""Urgent requests that may go ahead of one that is routine."""
URGENT_SHARE: Final = 4
"""One in so many of an agency's places is for urgent requests."""


@dataclass(frozen=True, slots=True)
class Turn(Generic[_T]):
    """One request, and what its turn depends on."""

    item: _T
    agency: AgencyId | None
    """Whose it is; None for the hub's own."""
    about: str | None = None
    """The exchange that it concerns, DIRECTORY, or None where its order does not matter."""
    is_urgent: bool = False
    weight: int = 1
    """How much of a batch it fills: what takes long fills more than one place."""


class _Lane(Enum):
    URGENT = auto()
    ROUTINE = auto()


class FairQueue(Generic[_T]):
    """Requests of many agencies, which are served in turn."""

    def __init__(self, most: int, most_per_agency: int) -> None:
        """Let at most so many requests wait, and so many of one agency."""
        self._most = most
        self._most_per_agency = most_per_agency
        self._urgent_per_agency = max(1, most_per_agency // URGENT_SHARE)
        self._changed = threading.Condition()
        # An agency is in a lane while something of it waits there; the first has the next turn.
        self._lanes: dict[_Lane, OrderedDict[AgencyId | None, deque[Turn[_T]]]] = {
            lane: OrderedDict() for lane in _Lane
        }
        self._waiting: Counter[AgencyId | None] = Counter()
        self._concerned: dict[tuple[AgencyId | None, str], tuple[_Lane, int]] = {}
        self._size = 0
        self._urgent_run = 0
        self._is_closed = False

    def put(self, turn: Turn[_T]) -> None:
        """Let a request wait for its turn; raises OVERLOADED."""
        with self._changed:
            if self._size >= self._most:
                raise Reason.OVERLOADED.error(
                    "too many requests wait to be written; come back later"
                )
            # The hub's own are few, and nobody's flood.
            if turn.agency is not None and self._waiting[turn.agency] >= self._most_per_agency:
                raise Reason.OVERLOADED.error(
                    f"expected at most {self._most_per_agency} requests of {turn.agency} that "
                    "wait to be written; come back later"
                )
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
        more than the first, where there is room.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._size or self._is_closed)
            is_full = self._size >= most
        if linger_seconds and not is_full:
            time.sleep(linger_seconds)
        with self._changed:
            taken: list[_T] = []
            weight = 0
            while self._size:
                lane = self._next_lane()
                following = next(iter(self._lanes[lane].values()))[0]
                if taken and weight + following.weight > most:
                    break
                taken.append(self._pop(lane).item)
                weight += following.weight
            return taken

    def drain(self) -> list[_T]:
        """Take all that waits, without waiting for any."""
        with self._changed:
            return [self._pop(self._next_lane()).item for _ in range(self._size)]

    def close(self) -> None:
        """Let `take` come to its end once nothing waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _lane_of(self, turn: Turn[_T]) -> _Lane:
        if turn.about is not None and (turn.agency, turn.about) in self._concerned:
            return self._concerned[turn.agency, turn.about][0]
        if not turn.is_urgent or (turn.agency, DIRECTORY) in self._concerned:
            return _Lane.ROUTINE
        urgent = self._lanes[_Lane.URGENT].get(turn.agency, ())
        return _Lane.URGENT if len(urgent) < self._urgent_per_agency else _Lane.ROUTINE

    def _next_lane(self) -> _Lane:
        if not self._lanes[_Lane.URGENT]:
            return _Lane.ROUTINE
        is_routines_turn = self._lanes[_Lane.ROUTINE] and self._urgent_run >= URGENT_RUN
        return _Lane.ROUTINE if is_routines_turn else _Lane.URGENT

    def _pop(self, lane: _Lane) -> Turn[_T]:
        agency, waiting = self._lanes[lane].popitem(last=False)
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
