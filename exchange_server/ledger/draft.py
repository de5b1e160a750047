"""The draft of a batch: each request is judged against it, and adds to it.

A draft starts from the committed state, with everything read at once that its requests are judged
by. An accepted request adds its rows and its entry whole. A refused one adds nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.record.entries import NONCE_BYTES, Entry, encode_entry, entry_leaf_hash
from exchange_protocol.rules.provenance import Source
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.certificates import Revocations, TrustAnchors
from exchange_server.clock_evidence import verify_not_behind
from exchange_server.fairness.budgets import DenialBudget, HourlyBudget
from exchange_server.ledger.batch_rows import BatchRows
from exchange_server.ledger.jobs import Delivery, Job, Submission
from exchange_server.ledger.state import LogState
from exchange_server.ledger.values import LedgerLimits
from exchange_server.storage.exchange_rows import StoredExchange, load_exchanges
from exchange_server.storage.log_rows import NO_STATEMENT, EntryRow, StatementRow
from exchange_server.storage.notifications import new_sender
from exchange_server.storage.part_rows import find_parts, find_staged
from exchange_server.storage.statement_rows import (
    Deliverable,
    find_accepted,
    find_deliverables,
    find_delivered,
)

_DRAWN_AT_ONCE: Final = 4096


@dataclass(frozen=True, slots=True)
class BatchContext:
    """The anchors, keys and limits that every batch judges with."""

    anchors: TrustAnchors
    signer: LogSigner
    limits: LedgerLimits
    clock: Callable[[], datetime]
    revocations: Callable[[], Revocations]
    denials: DenialBudget
    inspections: HourlyBudget
    sender: str = field(default_factory=new_sender)
    """This process among the hubs on one database."""


StagedKey: TypeAlias = tuple[str, bytes, int]
"""Agency, digest and size of an upload."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows of the database that judge the requests of a batch."""

    accepted: dict[tuple[str, str], tuple[bytes, int]]
    """Digest and index of accepted statements, by author's agency and id."""
    exchanges: dict[str, StoredExchange]
    deliverables: dict[bytes, Deliverable]
    delivered: set[tuple[int, str]]
    """Indexes of statements, and URIs of members who were given them."""
    parts: dict[tuple[int, str], bytes]
    """Ids of uploaded parts, by their statement's index and their name."""
    staged: dict[StagedKey, bytes]
    """Ids of uploads that no statement has claimed."""


def read_stored(
    connection: Connection, known: Mapping[str, StoredExchange], jobs: Sequence[Job[Any]]
) -> Stored:
    """Read it in a few queries for all requests together; `known` are exchanges as committed."""
    submissions = [job for job in jobs if isinstance(job, Submission)]
    digests = [job.payload_digest for job in jobs if isinstance(job, Delivery)]
    accepted = find_accepted(connection, [job.statement.id for job in submissions])
    deliverables = find_deliverables(connection, digests)
    indexes = [found.log_index for found in deliverables.values()]
    wanted = {job.statement.exchange_id for job in submissions}
    wanted.update(found.spoken.exchange_id for found in deliverables.values())
    exchanges = {one: known[one] for one in wanted if one in known}
    missing = [one for one in wanted if one and one not in exchanges]
    exchanges.update(load_exchanges(connection, missing))
    staged = {
        (job.caller.agency, part.sha256)
        for job in submissions
        for part in job.statement.parts
        if part.name not in job.parts
    }
    return Stored(
        accepted={
            (found.author_agency, found.statement_id): (found.payload_sha256, found.log_index)
            for found in accepted
        },
        exchanges=exchanges,
        deliverables=deliverables,
        delivered=find_delivered(connection, indexes),
        parts=find_parts(connection, indexes),
        staged={
            (row.agency, row.sha256, row.size): row.part_id
            for row in find_staged(connection, sorted(staged))
        },
    )


class BatchDraft:
    """The state that the next request of a batch meets, and the rows to write."""

    def __init__(
        self, connection: Connection, state: LogState, context: BatchContext, stored: Stored
    ) -> None:
        """Start from the committed state."""
        self.connection = connection
        self.context = context
        self.stored = stored
        self.directory = state.directory
        self.rows = BatchRows()
        self.exchanges: dict[str, StoredExchange] = {}
        """Exchanges that the batch has opened or changed."""
        self.last_time = state.head.last_time
        self._size_before = state.head.size
        self._random, self._drawn = b"", 0

    def now(self) -> datetime:
        """The hub's time of the next entry: never before that of the last."""
        now = self.context.clock()
        verify_not_behind(now, self.last_time)
        return now if self.last_time is None else max(now, self.last_time)

    def random(self, count: int) -> bytes:
        """Random bytes, of which none is given twice.

        Each draw from the system gives the interpreter away, and the writer has to wait to get it
        back. So it draws for many at once.
        """
        if self._drawn + count > len(self._random):
            self._random, self._drawn = secrets.token_bytes(_DRAWN_AT_ONCE), 0
        start = self._drawn
        self._drawn = start + count
        return self._random[start : self._drawn]

    def exchange(self, exchange_id: str) -> StoredExchange | None:
        """An exchange as the requests before have left it."""
        return self.exchanges.get(exchange_id) or self.stored.exchanges.get(exchange_id)

    def find(self, digest: bytes) -> Source | None:
        """A statement of any exchange (`provenance.Sources`); few statements ask for one."""
        found = find_deliverables(self.connection, [digest]).get(digest)
        if found is None:
            return None
        wanted = found.spoken.exchange_id
        stored = self.exchange(wanted) or load_exchanges(self.connection, [wanted]).get(wanted)
        if stored is None:
            return None
        behind: tuple[bytes, ...] = ()
        if found.spoken.kind.spec.passes_on:
            behind = getattr(parse_statement(found.payload).body, "sources", ())
        return Source(found.spoken, stored.exchange, behind)

    def check_known(self, tree_size: int) -> None:
        """Check the tree size that a caller knows; raises PROOF_RANGE_INVALID."""
        if tree_size > self._size_before:
            raise Reason.PROOF_RANGE_INVALID.error(
                f"expected a known tree size of at most {self._size_before}, got {tree_size}",
                field="known_tree_size",
            )

    @property
    def next_index(self) -> int:
        """The index of the next entry."""
        return self._size_before + len(self.rows.entries)

    def next_entry(self, entry: Entry, row: StatementRow | None = None) -> EntryRow:
        """Encode the next entry, of a statement with its columns; `append` puts it on the log."""
        encoded, nonce = encode_entry(entry), self.random(NONCE_BYTES)
        of_entry = (
            self.next_index,
            entry_leaf_hash(encoded, nonce),
            nonce,
            int(entry.event),
            entry.actor.agency,
            entry.exchange_id,
            entry.payload_digest,
            encoded,
        )
        return EntryRow._make(of_entry + row if row else (*of_entry, *NO_STATEMENT))

    def append(self, row: EntryRow, at: datetime) -> None:
        """Put an entry of the hub's time `at` on the log."""
        self.rows.entries.append(row)
        self.last_time = at

    def keep(self, stored: StoredExchange, at: datetime) -> None:
        """Take over what an exchange has become."""
        before = self.exchange(stored.exchange.id)
        self.rows.move(before.exchange if before else None, stored.exchange, at)
        self.exchanges[stored.exchange.id] = stored
