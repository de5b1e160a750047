"""One batch: requests judged in order, in one transaction, each against what those before it made.

Rules of this module:

- Judging writes nothing. A request that is refused, or that fails inside, leaves no trace on those
  after it: everything that it would add is gathered first and taken over whole (`draft`).
- `write` writes all rows and moves the head of the log. Then the caller commits, and only after the
  commit takes over `state` and lets answers out; or it rolls back and forgets the batch.
- The caller holds the lock on the head of the log.

These are steps 3 and 4 of the durability account (`exchange_server.ledger`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.tiles import EdgeGrowth
from exchange_protocol.record.entries import Entry, Event
from exchange_server.ledger import disclosure
from exchange_server.ledger.acceptance import Acceptance
from exchange_server.ledger.draft import BatchContext, BatchDraft, read_stored
from exchange_server.ledger.jobs import (
    Delivery,
    Denial,
    Inspection,
    Job,
    Logged,
    Prover,
    Submission,
    is_logged,
)
from exchange_server.ledger.state import LogState
from exchange_server.ledger.values import PartHandle
from exchange_server.observer import CommitStep, Observer
from exchange_server.storage.engine import driver_error
from exchange_server.storage.exchange_rows import StoredExchange
from exchange_server.storage.log_rows import Head, update_head, write_tiles
from exchange_server.storage.notifications import notify

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class Batch:
    """The requests of one transaction, and the rows that they make; a `jobs.Judge`."""

    def __init__(
        self,
        connection: Connection,
        state: LogState,
        context: BatchContext,
        known: Mapping[str, StoredExchange],
        jobs: Sequence[Job[Any]],
    ) -> None:
        """Read at once what the jobs will be judged by; `known` are exchanges as committed."""
        self.state = state
        """The state before the batch; after `write`, that after it."""
        self._draft = BatchDraft(connection, state, context, read_stored(connection, known, jobs))
        self._acceptance = Acceptance(self._draft)

    @property
    def exchanges(self) -> Mapping[str, StoredExchange]:
        """Exchanges that the batch has opened or changed."""
        return self._draft.exchanges

    @property
    def erases(self) -> bool:
        """True if the batch forgets content, whose bytes may stand in the database's own logs."""
        return bool(self._draft.rows.erased)

    def admit(self, job: Job[_T]) -> Callable[[Prover], _T] | ExchangeError:
        """Judge one request; gives what makes its answer, or why it is refused or put off."""
        outcome = job.why_put_off() or self._judged(job)
        if isinstance(outcome, ExchangeError) and not outcome.is_final:
            job.put_off(outcome)
        return outcome

    def submit(self, job: Submission) -> Logged:
        """Accept a statement."""
        return self._acceptance.accept(job)

    def deliver(self, job: Delivery) -> PartHandle:
        """Permit a delivery."""
        return disclosure.deliver(self._draft, job)

    def inspect(self, job: Inspection) -> Logged:
        """Permit an inspection."""
        return disclosure.inspect(self._draft, job)

    def deny(self, job: Denial) -> None:
        """Log a refusal, within the agency's bound."""
        draft, context = self._draft, self._draft.context
        if draft.directory.policy is None:
            # No auditor may open it yet, and one that comes later would take it for withheld.
            return
        if not context.denials.take(job.caller.agency, context.clock()):
            return
        at = draft.now()
        row = draft.next_entry(
            Entry(
                hub_time=at,
                event=Event.DENIAL,
                actor=job.caller.member,
                certificate_sha256=job.caller.certificate_sha256,
                directory_size=draft.directory.size,
                exchange_id=job.exchange_id,
                payload_digest=job.payload_digest,
                reason=job.reason.name,
                operation=job.operation,
            )
        )
        draft.append(row, at)

    def write(self, observer: Observer) -> EdgeGrowth | None:
        """Write what was judged and move the head; None if there is nothing to write."""
        draft, connection = self._draft, self._draft.connection
        entries = draft.rows.entries
        if not entries:
            return None
        draft.rows.write(connection)
        observer.commit_reached(CommitStep.ROWS)
        growth = self.state.edge.append_many([row.leaf_hash for row in entries])
        write_tiles(connection, growth.tiles)
        observer.commit_reached(CommitStep.TILES)
        signer, root = draft.context.signer, growth.edge.root()
        head = Head(
            size=growth.edge.size,
            root=root,
            note=signer.sign(Checkpoint(signer.origin, growth.edge.size, root)),
            last_time=draft.last_time,
            directory_size=draft.directory.size,
        )
        update_head(connection, head)
        notify(connection, draft.context.sender)
        observer.commit_reached(CommitStep.HEAD)
        self.state = LogState(head, growth.edge, draft.directory)
        return growth

    def _judged(self, job: Job[_T]) -> Callable[[Prover], _T] | ExchangeError:
        held = self._draft.rows.count
        try:
            return job.judge(self)
        except ExchangeError as error:
            self._check_unchanged(held, error)
            denial = job.denial(error) if is_logged(error) else None
            try:
                if denial is not None:
                    self.deny(denial)
            except ExchangeError as why:
                # A refusal holds once it is on the log: until then it is put off.
                return why.detached()
            return error.detached()
        except Exception as error:
            if isinstance(error, SQLAlchemyError) or driver_error(error) is not None:
                # The transaction is lost, and every request of it.
                raise
            self._check_unchanged(held, error)
            # A defect that one request meets must not take the others with it.
            _log.exception("judgement_failed", job=type(job).__name__)
            return Reason.INTERNAL.error("the hub failed inside; nothing was stored")

    def _check_unchanged(self, held: int, error: Exception) -> None:
        """Give the batch up where a request failed half-way.

        Its rows would be stored beside the entry of another: they would show that one to agencies
        that may not see it.
        """
        if self._draft.rows.count != held:
            raise RuntimeError("a request has failed after it changed the batch") from error
