"""The one writer: a thread that takes what waits, one transaction after another.

Contract:

- Requests are judged and logged when it is their turn (`fair_queue`): agencies take turns, urgent
  statements go first, those of one agency about one exchange in the order in which they were put.
- A batch is what waited when the writer came round, at most `limits.batch_size`; a lone request
  does not wait for company, but after a batch of `MIN_BATCH` or more the writer lingers for the
  next one to fill.
- Nothing is answered before it is committed. An answer that says "stored" is durable.
- A transaction that fails takes its whole batch with it: every request gets UNAVAILABLE, which says
  "not known to be stored" (the commit itself may have failed after it took effect). The same bytes
  sent again are answered truly. The state in memory is dropped and read anew.
- What follows on a statement of the same call that was put off is put off with it (`rules.series`).
- `on_step` is told what the writer has just done with a batch, for tracing: "begin", "judged",
  "rows", "tiles", "head", "committed". What it raises fails the batch at that step.
- `close` lets what was put come to its end, and refuses what comes after.
- Nobody waits for a thread that is gone: should it die, what waits and what comes gets UNAVAILABLE,
  and `verify_writing` says so to whoever asks after the hub's health. After a transaction that
  failed it tries whether the database takes writes (`write_probe`), and does not guess.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Urgency
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.tiles import TileId
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.fair_queue import FairQueue, QueuedRequest
from exchange_server.ledger.answers import Answer, Answers
from exchange_server.ledger.batch import Batch, BatchContext, Outcome
from exchange_server.ledger.jobs import Job, Submission
from exchange_server.ledger.state import LogState, begin_log, refresh, restore
from exchange_server.ledger.witnessing import check_not_rolled_back
from exchange_server.ledger.write_probe import write_and_forget
from exchange_server.storage.engine import (
    WritingConnection,
    forget_old_pages,
    see_one_moment,
    writing,
)
from exchange_server.storage.exchange_rows import StoredExchange
from exchange_server.storage.log_rows import Head, read_head

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")
_Task: TypeAlias = Callable[[Connection], Any]

MIN_BATCH = 8
LINGER_SECONDS = 0.003
"""Larger batches commit less often, and the event loop has the interpreter meanwhile."""
TASK_WEIGHT = 16
"""Places of a batch that a task fills: it is a transaction of its own, with a megabyte in it."""
STALLED_SECONDS = 20.0
"""In one batch for longer, the writer is stuck: SQLite waits 10 s for a lock before it gives up."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Job | _Task
    future: asyncio.Future[Any]
    series: DependencyTracker | None = None
    """The call's, where it brought more than one statement."""


class Writer:
    """The writing thread and its queue; `put`, `run` and `close` are for one event loop."""

    def __init__(
        self,
        engine: Engine,
        bench: BatchContext,
        *,
        on_step: Callable[[str], None],
        on_growth: Callable[[int], None],
    ) -> None:
        """Prepare; `on_growth` is called in the event loop with the tree size after each commit."""
        self._engine = engine
        self._connection = WritingConnection(engine)
        self._bench = bench
        self._on_step = on_step
        self._on_growth = on_growth
        self._verifier = LogVerifier(bench.signer.vkey)
        self._state: LogState | None = None
        self._directory = Directory()
        self._tree_size = 0
        self._exchanges: OrderedDict[str, StoredExchange] = OrderedDict()
        self._full_tiles: OrderedDict[TileId, bytes] = OrderedDict()
        limits = bench.limits
        self._queue: FairQueue[_Waiting] = FairQueue(limits.queued, limits.queued_per_agency)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began_at: float | None = None
        """When the batch in hand was begun, by the monotonic clock; None between batches."""
        self._has_ended = False
        self._failures = 0
        self._overcome = 0
        """Of the transactions that failed, those that a write went well after."""
        self._holds_old_pages = True
        """Whether erased bytes may stand in the write-ahead log; a hub before this one may have
        ended before it forgot them."""
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)

    @property
    def directory(self) -> Directory:
        """The directory after the last committed batch."""
        return self._directory

    @property
    def tree_size(self) -> int:
        """Size of the log after the last committed batch."""
        return self._tree_size

    def load(self) -> None:
        """Begin the log where there is none, restore the state and check it; blocks."""
        with writing(self._engine) as connection:
            begin_log(connection, self._bench.signer)
            check_not_rolled_back(connection)
            head = read_head(connection, lock=True)
            if head is None:
                raise Reason.INTERNAL.error("the head of the log vanished while it was locked")
            state = restore(connection, head, self._bench.anchors, self._verifier)
        self._take_over(state)

    def start(self) -> None:
        """Start the thread; answers go to the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def verify_writing(self) -> None:
        """Verify that the thread runs, is not stuck and can write; raises UNAVAILABLE.

        A failure alone says little: the next write may go well. But a hub that is taken for sick
        is sent no writes which could show that it is well again. So it is tried.
        """
        self._verify_alive()
        failures = self._failures
        if failures > self._overcome:
            await self.run(write_and_forget)
            self._overcome = failures

    def _verify_alive(self) -> None:
        if self._has_ended:
            raise Reason.UNAVAILABLE.error("the writer of the log has ended")
        began_at = self._began_at
        if began_at is not None and time.monotonic() - began_at > STALLED_SECONDS:
            raise Reason.UNAVAILABLE.error(
                f"the writer of the log is stuck in one batch for over {STALLED_SECONDS:g} s"
            )

    def verify_room(self, agency: AgencyId) -> None:
        """Verify that a request of an agency may be put now; raises OVERLOADED."""
        self._queue.verify_room(agency)

    def expected_wait(self) -> float:
        """In how many seconds what waits should be written."""
        return self._queue.expected_wait()

    async def put(self, job: Job) -> Answer:
        """Wait for a request's turn; gives what it came to, or raises why it was refused."""
        answer: Answer = await self.hand_in(job)
        return answer

    def hand_in(self, job: Job, series: DependencyTracker | None = None) -> asyncio.Future[Any]:
        """Put a request without waiting; the future comes to what `put` gives or raises."""
        agency = job.caller.agency
        if not isinstance(job, Submission):
            return self._enqueue(job, agency)
        statement = job.statement
        is_urgent = statement.header.urgency is Urgency.URGENT
        return self._enqueue(
            job, agency, about=statement.exchange_id, is_urgent=is_urgent, series=series
        )

    async def run(self, task: Callable[[Connection], _T], *, agency: AgencyId | None = None) -> _T:
        """Run a short transaction of its own between batches; it must not touch the log.

        It waits for the turn of the agency that it is done for, or for the hub's own.
        """
        result: _T = await self._enqueue(task, agency, weight=TASK_WEIGHT)
        return result

    async def catch_up(self) -> None:
        """Take over what another hub on the same log has committed since."""
        await self.run(self._catch_up)

    async def close(self) -> None:
        """Finish what was put, refuse what comes, and end the thread."""
        loop, self._loop = self._loop, None
        if loop is not None:
            self._queue.close()
            await loop.run_in_executor(None, self._thread.join)

    def _enqueue(
        self,
        work: Job | _Task,
        agency: AgencyId | None,
        *,
        about: str | None = None,
        is_urgent: bool = False,
        weight: int = 1,
        series: DependencyTracker | None = None,
    ) -> asyncio.Future[Any]:
        if self._loop is None:
            raise Reason.UNAVAILABLE.error("the hub is closing; send the same bytes again later")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put(
            QueuedRequest(_Waiting(work, future, series), agency, about, is_urgent, weight)
        )
        if self._has_ended:
            # The thread may have emptied the queue for the last time before this was in it.
            self._refuse_waiting([])
        return future

    def _work(self) -> None:
        taken: list[_Waiting] = []
        try:
            self._serve(taken)
        except BaseException:  # noqa: BLE001 -- logged by structlog; nothing is above a thread
            _log.exception("writer_died")
        finally:
            self._has_ended = True
            self._connection.close()
            self._refuse_waiting(taken)

    def _serve(self, taken: list[_Waiting]) -> None:
        """Write batch after batch until the end is put; `taken` holds the batch in hand."""
        linger, batch_size = 0.0, self._bench.limits.batch_size
        while waiting := self._queue.take(batch_size, linger):
            linger = LINGER_SECONDS if len(waiting) >= MIN_BATCH else 0.0
            taken[:] = waiting
            self._began_at = time.monotonic()
            jobs = [one for one in waiting if not callable(one.work)]
            if jobs:
                self._settle(jobs, self._write(jobs))
            for one in waiting:
                # A task that nobody waits for any more is not begun.
                if callable(one.work) and not one.future.cancelled():
                    self._settle([one], [self._run_task(one.work)])
            if self._holds_old_pages:
                self._forget_old_pages()
            self._began_at = None
            taken.clear()

    def _forget_old_pages(self) -> None:
        """Erased bytes leave SQLite's write-ahead log too; tried again while others read it."""
        try:
            self._holds_old_pages = not forget_old_pages(self._engine)
        except Exception:  # noqa: BLE001 -- logged by structlog; tried again after the next batch
            _log.exception("old_pages_kept")

    def _refuse_waiting(self, taken: Sequence[_Waiting]) -> None:
        """Nobody will write what is in hand and in the queue any more: say so to who waits."""
        waiting = [*taken, *self._queue.drain()]
        if waiting:
            error = Reason.UNAVAILABLE.error("not known to be stored; send the same bytes again")
            self._settle(waiting, [error] * len(waiting))

    def _write(self, waiting: Sequence[_Waiting]) -> list[Answer | ExchangeError]:
        """One transaction: all of it or nothing."""
        jobs: list[Any] = [one.work for one in waiting]
        try:
            with self._connection.transaction() as connection:
                batch = self._begin(connection, jobs)
                outcomes = [_admit(batch, one) for one in waiting]
                self._on_step("judged")
                growth = batch.write(self._on_step)
            self._on_step("committed")
            self._overcome = self._failures
            self._holds_old_pages |= batch.erases
            self._take_over(batch.state)
            self._remember(batch.exchanges)
            answers = Answers(self._engine, batch.state, growth, self._full_tiles)
            return [
                answers.answer(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)
            ]
        except Exception:  # noqa: BLE001 -- logged by structlog
            _log.exception("batch_failed", requests=len(jobs))
            self._failures += 1
            self._state = None
            self._exchanges.clear()
            error = Reason.UNAVAILABLE.error("not known to be stored; send the same bytes again")
            for one in waiting:
                if one.series is not None and isinstance(one.work, Submission):
                    one.series.put_off(one.work.statement, error)
            return [error] * len(jobs)

    def _begin(self, connection: Connection, jobs: Sequence[Any]) -> Batch:
        state = self._current(connection)
        self._on_step("begin")
        return Batch(connection, state, self._bench, self._exchanges, jobs)

    def _current(self, connection: Connection) -> LogState:
        """The state as committed, by whichever hub; holds the lock on the head from here on."""
        return self._as_of(connection, read_head(connection, lock=True))

    def _as_of(self, connection: Connection, head: Head | None) -> LogState:
        if head is None:
            raise Reason.INTERNAL.error("the log has no head")
        anchors = self._bench.anchors
        if self._state is None:
            return restore(connection, head, anchors, self._verifier)
        state = refresh(connection, self._state, head, anchors, self._verifier)
        if state is not self._state:
            self._exchanges.clear()
        return state

    def _catch_up(self, connection: Connection) -> None:
        # It takes no turn at the head: who writes would wait for everyone who looks.
        see_one_moment(connection)
        self._take_over(self._as_of(connection, read_head(connection)))

    def _run_task(self, task: _Task) -> Any:
        try:
            with self._connection.transaction() as connection:
                return task(connection)
        except ExchangeError as error:
            return error
        except Exception:  # noqa: BLE001 -- logged by structlog
            _log.exception("task_failed")
            self._failures += 1
            return Reason.UNAVAILABLE.error("not known to be stored; send it again")

    def _take_over(self, state: LogState) -> None:
        self._state, self._directory = state, state.directory
        self._tree_size = state.head.size

    def _remember(self, exchanges: dict[str, StoredExchange]) -> None:
        for exchange_id, stored in exchanges.items():
            self._exchanges[exchange_id] = stored
            self._exchanges.move_to_end(exchange_id)
        while len(self._exchanges) > self._bench.limits.cached_exchanges:
            self._exchanges.popitem(last=False)

    def _settle(self, waiting: Sequence[_Waiting], results: Sequence[Any]) -> None:
        """Answer in the event loop, all of a batch in one call."""
        loop = waiting[0].future.get_loop()
        try:
            loop.call_soon_threadsafe(self._answer, waiting, results)
        except RuntimeError:
            # The event loop has ended, and with it everyone who waited.
            _log.warning("answers_unheard", requests=len(waiting))

    def _answer(self, waiting: Sequence[_Waiting], results: Sequence[Any]) -> None:
        for one, result in zip(waiting, results, strict=True):
            if one.future.done():
                continue
            if isinstance(result, ExchangeError):
                one.future.set_exception(result)
            else:
                one.future.set_result(result)
        self._on_growth(self._tree_size)


def _admit(batch: Batch, one: _Waiting) -> Outcome:
    """Judge a request in its turn, unless what it follows on was put off."""
    job: Any = one.work
    series = one.series
    if series is None or not isinstance(job, Submission):
        return batch.admit(job)
    outcome = series.why_put_off(job.statement) or batch.admit(job)
    if isinstance(outcome, ExchangeError) and not outcome.is_final:
        series.put_off(job.statement, outcome)
    return outcome
