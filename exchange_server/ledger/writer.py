"""The one writer: a thread that takes what waits and commits it, one transaction after another.

- Requests come from `intake`, which orders them; `committer` judges and commits them. What these
  know (the queue, the directory, the size of the log) is asked of them.
- Nothing is answered before it is committed: an answer that says "stored" is durable.
- A statement that may depend on one of the same call that was put off is put off with it
  (`rules.dependencies`).
- `close` lets what was put come to its end, and refuses what comes after.
- If the thread should die, what waits and what comes gets UNAVAILABLE, and `verify_writing` raises:
  that is what health asks. After a transaction that failed, `verify_writing` tries a write.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import AgencyId
from exchange_server.ledger.committer import Committer, probe_writing
from exchange_server.ledger.intake import Intake, Task, Waiting, WaitingJob, WaitingTask
from exchange_server.ledger.jobs import Job
from exchange_server.observer import Observer

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

STALLED_SECONDS = 20.0
"""A writer that is longer in one batch is stuck: SQLite waits 10 s for a lock, then gives up."""


class Writer:
    """The writing thread; its methods are for one event loop."""

    def __init__(
        self,
        intake: Intake,
        committer: Committer,
        *,
        observer: Observer,
        on_growth: Callable[[int], None],
    ) -> None:
        """Prepare; `on_growth` is called in the event loop with the tree size after each commit."""
        self._observer = observer
        self._committer = committer
        self._intake = intake
        self._on_growth = on_growth
        self._began_at: float | None = None
        """The start of the batch in hand, by the monotonic clock; None between batches."""
        self._has_ended = False
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)

    def start(self) -> None:
        """Start the thread; answers go to the running event loop."""
        self._intake.open()
        self._thread.start()

    async def verify_writing(self) -> None:
        """Verify that the thread runs, is not stuck and can write; raises UNAVAILABLE.

        A failure alone says little: the next write may go well. But a hub that is taken for sick
        gets no writes that could show it to be well again. So a write is tried.
        """
        self._verify_alive()
        failures = self._committer.failures
        if failures > self._committer.failures_overcome:
            await self.run(probe_writing)
            self._committer.failures_overcome = failures

    def enqueue(self, job: Job[_T]) -> asyncio.Future[_T]:
        """Put a request; the future gives its answer, or raises why it is refused."""
        return self._intake.enqueue(job)

    async def run(self, task: Task[_T], *, agency: AgencyId | None = None) -> _T:
        """Run a short transaction of its own between batches; it must not touch the log.

        It waits for the turn of the agency that it is done for, or for the hub's own.
        """
        return await self._intake.enqueue_task(task, agency)

    async def catch_up(self, agency: AgencyId | None = None) -> None:
        """Take over what another hub on the same log has committed since; `agency` as in `run`."""
        await self.run(self._committer.catch_up, agency=agency)

    async def remove_due(
        self, after: tuple[datetime, str] | None, now: datetime
    ) -> tuple[datetime, str] | None:
        """Forget some of the content whose retention has ended; the place of the last leg."""
        return await self.run(partial(self._committer.remove_due, after, now))

    async def close(self) -> None:
        """Finish what was put, refuse what comes, and end the thread."""
        self._intake.close()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)

    def _verify_alive(self) -> None:
        if self._has_ended:
            raise Reason.UNAVAILABLE.error("the writer of the log has ended")
        began_at = self._began_at
        if began_at is not None and time.monotonic() - began_at > STALLED_SECONDS:
            raise Reason.UNAVAILABLE.error(
                f"the writer of the log is stuck in one batch for over {STALLED_SECONDS:g} s"
            )

    def _work(self) -> None:
        taken: list[Waiting] = []
        try:
            self._serve(taken)
        except BaseException:  # noqa: BLE001 -- logged by structlog; nothing is above a thread
            _log.exception("writer_died")
        finally:
            self._has_ended = True
            self._committer.close()
            self._intake.refuse_all(taken)

    def _serve(self, taken: list[Waiting]) -> None:
        """Write batch after batch until the intake ends; `taken` holds the batch in hand."""
        while waiting := self._intake.take():
            taken[:] = waiting
            self._began_at = time.monotonic()
            jobs = [one for one in waiting if isinstance(one, WaitingJob)]
            for job in jobs:
                self._observer.request_waited(self._began_at - job.put_at)
            if jobs:
                results = self._committer.commit([one.job for one in jobs])
                self._intake.committed(self._committer.commit_seconds)
                self._intake.answer(jobs, results, self._tell_growth)
            for one in waiting:
                # A task that nobody waits for any more is not begun.
                if isinstance(one, WaitingTask) and not one.future.cancelled():
                    result = self._committer.run(one.task)
                    self._intake.answer([one], [result], self._tell_growth)
            self._committer.forget_old_pages()
            self._began_at = None
            taken.clear()

    def _tell_growth(self) -> None:
        self._on_growth(self._committer.tree_size)
