"""The way to the writer's thread and back: requests wait here for their turn.

- `enqueue` and `enqueue_task` are called in the event loop and give futures. `take` and `answer`
  are called in the writer's thread; the futures are settled in the event loop, those of a batch in
  one call.
- `fair_queue` says whose turn it is: agencies take turns, urgent statements go first, and those of
  one agency about one exchange keep the order in which they were put.
- A batch is what waits when the writer comes round, at most `limits.batch_size`. A lone request
  does not wait for others. After `MIN_BATCH` or more the writer lingers for the next batch to fill.
- Nobody waits for a writer that is gone: `refuse_all` answers all that waits with UNAVAILABLE.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeAlias, TypeVar

import structlog
from sqlalchemy import Connection

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.fair_queue import FairQueue, QueuedRequest
from exchange_server.ledger.jobs import Job
from exchange_server.ledger.values import LedgerLimits

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")
Task: TypeAlias = Callable[[Connection], _T]
"""A short transaction of its own."""

MIN_BATCH: Final = 8
LINGER_SECONDS: Final = 0.003
"""Larger batches commit less often, and the event loop has the interpreter meanwhile."""
TASK_WEIGHT: Final = 16
"""Places of a batch that a task fills: it is a transaction of its own, with a megabyte in it."""


@dataclass(frozen=True, slots=True)
class WaitingJob(Generic[_T]):
    """A request to judge and log."""

    job: Job[_T]
    future: asyncio.Future[_T]
    put_at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class WaitingTask(Generic[_T]):
    """A transaction that does not touch the log."""

    task: Task[_T]
    future: asyncio.Future[_T]


Waiting: TypeAlias = WaitingJob[Any] | WaitingTask[Any]


class Intake:
    """The queue of the writer, between one event loop and one thread."""

    def __init__(self, limits: LedgerLimits) -> None:
        """Bound what may wait."""
        self._batch_size = limits.batch_size
        self._queue: FairQueue[Waiting] = FairQueue(limits.queued, limits.queued_per_agency)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._linger_seconds = 0.0
        self._has_ended = False

    def open(self) -> None:
        """Take requests from the running event loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Refuse what comes from now on; what waits is still taken."""
        self._loop = None
        self._queue.close()

    def enqueue(self, job: Job[_T]) -> asyncio.Future[_T]:
        """Let a request wait; the future gives its answer, or raises why it is refused.

        Raises:
            CallerError: OVERLOADED.
            HubUnavailable: where the hub is closing.
        """
        future: asyncio.Future[_T] = self._open_loop().create_future()
        self._wait_in_line(
            QueuedRequest(WaitingJob(job, future), job.caller.agency, job.about, job.is_urgent)
        )
        return future

    def enqueue_task(self, task: Task[_T], agency: AgencyId | None) -> asyncio.Future[_T]:
        """Let a transaction wait for the turn of an agency, or for the hub's own; as `enqueue`."""
        future: asyncio.Future[_T] = self._open_loop().create_future()
        self._wait_in_line(QueuedRequest(WaitingTask(task, future), agency, weight=TASK_WEIGHT))
        return future

    def verify_room(self, agency: AgencyId) -> None:
        """Verify that a request of an agency may be put now; raises OVERLOADED."""
        self._queue.verify_room(agency)

    def is_shared(self) -> bool:
        """True while agencies share the writer (`FairQueue.is_shared`)."""
        return self._queue.is_shared()

    def makes_way(self, agency: AgencyId) -> bool:
        """True if what an agency wants besides should wait for a batch (`FairQueue.makes_way`)."""
        return self._queue.makes_way(agency)

    def expected_wait(self) -> float:
        """The seconds in which what waits should be written."""
        return self._queue.expected_wait()

    def waiting(self) -> int:
        """The number of requests that wait."""
        return len(self._queue)

    def take(self) -> list[Waiting]:
        """Wait for the next batch; empty once the intake is closed and nothing waits."""
        taken = self._queue.take(self._batch_size, self._linger_seconds)
        self._linger_seconds = LINGER_SECONDS if len(taken) >= MIN_BATCH else 0.0
        return taken

    def committed(self, seconds: float | None) -> None:
        """Note how long the commit of the batch in hand took, if there was one: shares follow from
        it."""
        self._queue.committed(seconds)

    def answer(
        self, waiting: Sequence[Waiting], results: Sequence[Any], then: Callable[[], None]
    ) -> None:
        """Settle the futures in the event loop, errors among the results as exceptions; then call
        `then` there."""
        if not waiting:
            return

        def settle() -> None:
            for one, result in zip(waiting, results, strict=True):
                if one.future.done():
                    continue
                if isinstance(result, ExchangeError):
                    one.future.set_exception(result)
                else:
                    one.future.set_result(result)
            then()

        try:
            waiting[0].future.get_loop().call_soon_threadsafe(settle)
        except RuntimeError:
            # The event loop has ended, and with it everyone who waited.
            _log.warning("answers_unheard", requests=len(waiting))

    def refuse_all(self, taken: Sequence[Waiting] = ()) -> None:
        """Refuse what was taken and what waits, and from now on what comes: nobody writes it."""
        self._has_ended = True
        waiting = [*taken, *self._queue.drain()]
        self.answer(waiting, [not_known_to_be_stored()] * len(waiting), lambda: None)

    def _wait_in_line(self, request: QueuedRequest[Waiting]) -> None:
        self._queue.put(request)
        if self._has_ended:
            # The thread may have emptied the queue for the last time before this was in it.
            self.refuse_all()

    def _open_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise Reason.UNAVAILABLE.error("the hub is closing; send the same bytes again later")
        return self._loop


def not_known_to_be_stored() -> ExchangeError:
    """The answer to a request whose transaction failed, or never came."""
    return Reason.UNAVAILABLE.error("not known to be stored; send the same bytes again")
