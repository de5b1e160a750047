"""Transactions on the log: one batch each, and the state that the next one starts from.

These are steps 2 to 8 of the durability account (`exchange_server.ledger`).

- A batch commits as a whole or not at all (step 5). Only after the commit is the state in memory
  moved, and are receipts made (step 6).
- When a transaction fails, its whole batch is answered UNAVAILABLE: "not known to be stored". The
  commit itself may have failed after it took effect. The state in memory is dropped and read anew
  from the database (step 8), so the same bytes sent again are answered truly.
- One thread runs the transactions. The event loop reads the numbers beside them, and sets
  `failures_overcome` after a write of its own: a late number does no harm there.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.tiles import TileId
from exchange_protocol.rules.directory import Directory
from exchange_server.ledger import retention
from exchange_server.ledger.batch import Batch
from exchange_server.ledger.draft import BatchContext
from exchange_server.ledger.intake import Task, not_known_to_be_stored
from exchange_server.ledger.jobs import Job, Prover
from exchange_server.ledger.log_keys import check_signs
from exchange_server.ledger.receipts import Receipts
from exchange_server.ledger.state import LogState, begin_log, refresh, restore
from exchange_server.ledger.touched_file import TouchedFile
from exchange_server.ledger.witnessing import check_not_rolled_back
from exchange_server.observer import CommitStep, Observer
from exchange_server.storage.database_file import DatabaseFile
from exchange_server.storage.engine import (
    WritingConnection,
    forget_old_pages,
    plain_cause,
    see_one_moment,
    writing,
)
from exchange_server.storage.exchange_rows import StoredExchange
from exchange_server.storage.log_rows import Head, read_head
from exchange_server.storage.part_rows import (
    PART_ID_BYTES,
    ChunkRow,
    StagedPartRow,
    discard_staged,
    insert_staged,
    insert_staged_chunk,
)

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

_PROBE_BYTES = 64 * 1024
TELL_SECONDS = 60.0
"""Seconds between two lines on erased bytes that a reader keeps."""
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Committer:
    """Commits batches, and knows the state of the log after the last one."""

    def __init__(self, engine: Engine, context: BatchContext, observer: Observer) -> None:
        """Prepare; `load` restores the state."""
        self._engine = engine
        self._connection = WritingConnection(engine)
        self._file = DatabaseFile.of(engine)
        self._touched = None if self._file is None else TouchedFile(self._file)
        self._context = context
        self._observer = observer
        self._verifier = LogVerifier(context.signer.vkey)
        self._state: LogState | None = None
        self._committed: Head | None = None
        """The newest head that was committed, also where the state was dropped."""
        self._exchanges: OrderedDict[str, StoredExchange] = OrderedDict()
        self._full_tiles: OrderedDict[TileId, bytes] = OrderedDict()
        self._holds_old_pages = True
        """True if erased bytes may stand in the write-ahead log. True at first: the hub before this
        one may have ended before it emptied it."""
        self._told_of_old_pages: float | None = None
        self.directory = Directory()
        """The directory after the last committed batch."""
        self.tree_size = 0
        """Size of the log after the last committed batch."""
        self.commit_seconds: float | None = None
        """Time that the last commit took, after all was written; None if nothing was committed."""
        self.failures = 0
        """Transactions that failed."""
        self.failures_overcome = 0
        """The failures that were counted when a write last went well."""

    @property
    def last_time(self) -> datetime | None:
        """The time of the last committed entry; None where there is none."""
        return None if self._committed is None else self._committed.last_time

    def load(self) -> None:
        """Begin the log where there is none, restore the state and check it (steps 8 and 9)."""
        with writing(self._engine) as connection:
            begin_log(connection, self._context.signer)
            check_not_rolled_back(connection)
            head = read_head(connection, lock=True)
            if head is None:
                raise Reason.INTERNAL.error("the head of the log vanished while it was locked")
            state = self._restored(connection, head)
            self._verify_file()
        self._wrote()
        self._take_over(state)

    def commit(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        """Judge, log and commit requests in order; gives the answer or the error of each."""
        began_at = time.monotonic()
        try:
            results = self._commit(jobs)
        except Exception as failure:  # noqa: BLE001 -- logged by structlog
            _log.exception("batch_failed", requests=len(jobs), why=plain_cause(failure))
            self.failures += 1
            self._forget()
            error = not_known_to_be_stored()
            for job in jobs:
                job.put_off(error)
            results = [error] * len(jobs)
            self._ended(jobs, began_at, committed=False)
        else:
            self._ended(jobs, began_at, committed=True)
        return results

    def run(self, task: Task[_T]) -> _T | ExchangeError:
        """Run a transaction that does not touch the log; gives its result or its error."""
        try:
            self._look_at_touched()
            with self._connection.transaction() as connection:
                result = task(connection)
                self._verify_file()
            self._wrote()
            return result
        except ExchangeError as error:
            return error
        except Exception as failure:  # noqa: BLE001 -- logged by structlog
            _log.exception("task_failed", why=plain_cause(failure))
            self.failures += 1
            return Reason.UNAVAILABLE.error("not known to be stored; send it again")

    def remove_due(
        self, after: tuple[datetime, str] | None, now: datetime, connection: Connection
    ) -> tuple[datetime, str] | None:
        """Forget content whose retention has ended (`retention`); a task for `run`."""
        removed, last = retention.remove_due(connection, after, now)
        if removed:
            self._holds_old_pages = True
            _log.info("content_removed", statements=removed)
        return last

    def catch_up(self, connection: Connection) -> None:
        """Take over what another hub on the same log has committed; a task for `run`.

        It takes no lock on the head: otherwise hubs that write would wait for hubs that only look.
        """
        see_one_moment(connection)
        self._take_over(self._at(connection, read_head(connection)))

    def forget_old_pages(self) -> None:
        """Empty SQLite's write-ahead log of erased bytes (step 10); tried again while others read
        it."""
        if not self._holds_old_pages or (self._file is not None and self._file.lost):
            return
        if self._reads_whole_file:
            return  # It would wait in vain, and blame another program.
        try:
            self._look_at_touched()
            self._verify_file()
            self._holds_old_pages = not forget_old_pages(self._engine)
            self._wrote()
            self._tell_of_old_pages()
        except Exception:  # noqa: BLE001 -- logged by structlog; tried again after the next batch
            _log.exception("old_pages_kept")

    def _tell_of_old_pages(self) -> None:
        """Tell of a reader that does not end: it keeps erased bytes on the disk."""
        now = time.monotonic()
        if not self._holds_old_pages:
            if self._told_of_old_pages is not None:
                _log.info("erased_bytes_gone")
            self._told_of_old_pages = None
        elif self._reads_whole_file:
            return
        elif self._told_of_old_pages is None or now - self._told_of_old_pages >= TELL_SECONDS:
            self._told_of_old_pages = now
            _log.error(
                "erased_bytes_kept",
                why="a program reads the database in a transaction that does not end, so erased "
                "bytes may stay in its write-ahead log; end that program",
            )

    @property
    def _reads_whole_file(self) -> bool:
        return self._touched is not None and self._touched.is_reading

    @property
    def file_is_unread(self) -> bool:
        """True while a file that another program touched is not read whole."""
        return self._touched is not None and self._touched.is_unread

    def close(self) -> None:
        """Give the connection back."""
        if self._touched is not None:
            self._touched.close()
        self._connection.close()

    def _commit(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        """Take a batch through steps 2 to 6 of the durability account; gives the answers in order.

        Steps 2 to 5 are one transaction, and the state in memory moves after it. A failure before
        the commit leaves nothing. A failure of the commit leaves all or nothing, and nobody here
        knows which; so `commit` forgets the state then.
        """
        reached = self._observer.commit_reached
        self.commit_seconds = None
        self._look_at_touched()
        with self._connection.transaction() as connection:
            # 2. Turn. Until the commit this hub holds the lock on the head: no other hub writes.
            state = self._at(connection, read_head(connection, lock=True))
            reached(CommitStep.BEGUN)
            # 3. Judgement.
            batch = Batch(connection, state, self._context, self._exchanges, jobs)
            outcomes = [batch.admit(job) for job in jobs]
            reached(CommitStep.JUDGED)
            # 4. Writing.
            growth = batch.write(self._observer)
            self._verify_file()
            written_at = time.monotonic()
        # 5. The commit was the end of the transaction.
        self._wrote()
        if growth is not None:
            self.commit_seconds = time.monotonic() - written_at
        reached(CommitStep.COMMITTED)
        # 6. Answer: the state in memory first, then the receipts that are made from it.
        self.failures_overcome = self.failures
        self._holds_old_pages |= batch.erases
        self._take_over(batch.state)
        self._remember(batch.exchanges)
        for outcome in outcomes:
            if isinstance(outcome, ExchangeError):
                self._observer.request_refused(outcome.reason.name)
        receipts = Receipts(self._engine, batch.state, growth, self._full_tiles)
        return [_answer(outcome, receipts) for outcome in outcomes]

    def _verify_file(self) -> None:
        """Verify at the end of a transaction that its commit goes where a restart would look."""
        if self._file is None:
            return
        self._file.verify()
        if self._file.is_touched():
            raise Reason.UNAVAILABLE.error(
                "another program wrote to the database's file; it is read before the next write"
            )

    def _look_at_touched(self) -> None:
        """Look, before a transaction, at what another program has left in the file.

        It may have emptied the write-ahead log, or put an old copy into the file.
        """
        head = self._committed
        if self._touched is not None and head is not None:
            self._touched.look(Checkpoint(self._verifier.origin, head.size, head.root))

    def _wrote(self) -> None:
        """Verify after a commit, before its receipts, that the file has kept its name meanwhile."""
        if self._file is not None:
            self._file.verify()
            self._file.wrote()

    def _ended(self, jobs: Sequence[Job[Any]], began_at: float, *, committed: bool) -> None:
        self._observer.batch_ended(len(jobs), time.monotonic() - began_at, committed=committed)

    def _at(self, connection: Connection, head: Head | None) -> LogState:
        """The state at a head, by whichever hub it was committed."""
        if head is None:
            raise Reason.INTERNAL.error("the log has no head")
        anchors = self._context.anchors
        if self._state is None:
            return self._restored(connection, head)
        state = refresh(connection, self._state, head, anchors, self._verifier)
        if state is not self._state:
            check_signs(state.directory.log_keys, self._context.signer, head.note)
            self._exchanges.clear()  # Another hub may have moved them.
        return state

    def _restored(self, connection: Connection, head: Head) -> LogState:
        state = restore(connection, head, self._context.anchors, self._verifier)
        check_signs(state.directory.log_keys, self._context.signer, head.note)
        return state

    def _forget(self) -> None:
        """Drop the state in memory: the next transaction reads it anew and checks it (step 8)."""
        self._state = None
        self._exchanges.clear()

    def _take_over(self, state: LogState) -> None:
        self._state, self.directory = state, state.directory
        self._committed = state.head
        self.tree_size = state.head.size

    def _remember(self, exchanges: Mapping[str, StoredExchange]) -> None:
        for exchange_id, stored in exchanges.items():
            self._exchanges[exchange_id] = stored
            self._exchanges.move_to_end(exchange_id)
        while len(self._exchanges) > self._context.limits.cached_exchanges:
            self._exchanges.popitem(last=False)


def _answer(outcome: Callable[[Prover], Any] | ExchangeError, prover: Prover) -> Any:
    return outcome if isinstance(outcome, ExchangeError) else outcome(prover)


def probe_writing(connection: Connection) -> None:
    """Write an upload that belongs to nobody and remove it: the commit shows that writes go well.

    The probe waits for the lock on the head as a batch does, and writes as much as a batch. So it
    fails where batches fail: on a database that is away or read-only, on a full disk, behind
    another hub that holds the head.
    """
    read_head(connection, lock=True)
    part_id = secrets.token_bytes(PART_ID_BYTES)
    row = StagedPartRow(part_id, "", bytes(32), _PROBE_BYTES, _NO_TIME, is_whole=False)
    insert_staged(connection, row)
    # Random, since PostgreSQL would compress anything else.
    insert_staged_chunk(connection, ChunkRow(part_id, 0, secrets.token_bytes(_PROBE_BYTES)))
    discard_staged(connection, [part_id])
