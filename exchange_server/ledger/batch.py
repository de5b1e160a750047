"""One batch: requests judged in order, in one transaction, each against what those before it made.

Rules of this module:

- Judging writes nothing. A request that is refused, or that fails inside, leaves no trace on those
  after it: everything it would add is gathered first and taken over whole.
- What was judged is written at once, and moves the head of the log with it. Whoever runs the batch
  commits, and only then takes over `state` and lets answers out; or rolls back and forgets it.
- The caller holds the lock on the head of the log.

Steps for a statement (the first two need the log, so they are not `judge`'s):
 1. Its id is new for its author; the same bytes again get the original entry.
 2. Its time is within the limits of the hub's clock.
 3. `judge`: signature, policy, lifecycle, readers.
 4. No certificate of it is on a revocation list.
 5. Every part is there: beside it, or staged by the same agency.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_protocol.log.tiles import EdgeGrowth
from exchange_protocol.record.entries import (
    NONCE_BYTES,
    Entry,
    Event,
    InspectedRange,
    encode_entry,
    entry_leaf_hash,
)
from exchange_protocol.rules.access import deliver_to, is_erased, role_of
from exchange_protocol.rules.inspection import judge_inspection
from exchange_protocol.rules.judgement import Judgement, Ruling, judge
from exchange_protocol.rules.lifecycle import Exchange
from exchange_protocol.rules.statements import Part, Statement, parse_statement
from exchange_protocol.trust.certificates import Revocations, TrustAnchors, fingerprint
from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.budgets import DenialBudget, HourlyBudget
from exchange_server.ledger.batch_rows import BatchRows, PartRows
from exchange_server.ledger.jobs import (
    Delivery,
    Denial,
    Inspection,
    Job,
    Submission,
    is_logged,
)
from exchange_server.ledger.projection import (
    delivery_visibility,
    exchange_row,
    released,
    statement_row,
    statement_visibility,
)
from exchange_server.ledger.state import LogState
from exchange_server.ledger.values import LedgerLimits, PartHandle
from exchange_server.storage.exchange_rows import (
    StoredExchange,
    load_exchanges,
)
from exchange_server.storage.log_rows import (
    DirectoryEntryRow,
    EntryRow,
    Head,
    read_entries,
    update_head,
    write_tiles,
)
from exchange_server.storage.notifications import new_sender, notify
from exchange_server.storage.part_rows import (
    CHUNK_BYTES,
    PART_ID_BYTES,
    ChunkRow,
    PartRow,
    find_parts,
    find_staged,
)
from exchange_server.storage.statement_rows import (
    DeliveryRow,
    find_accepted,
    find_deliverables,
    find_delivered,
    log_indexes,
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Logged:
    """The entry of a statement or an inspection; of a repeated statement the original one."""

    index: int
    entry: bytes
    nonce: bytes
    is_new: bool


Outcome: TypeAlias = Logged | PartHandle | ExchangeError | None


@dataclass(frozen=True, slots=True)
class BatchContext:
    """What every batch judges with."""

    anchors: TrustAnchors
    signer: LogSigner
    limits: LedgerLimits
    clock: Callable[[], datetime]
    revocations: Callable[[], Revocations]
    denials: DenialBudget
    inspections: HourlyBudget
    sender: str = field(default_factory=new_sender)
    """This process among the hubs on one database."""


class Batch:
    """Requests of one transaction, and the rows that they make."""

    def __init__(
        self,
        connection: Connection,
        state: LogState,
        bench: BatchContext,
        known: Mapping[str, StoredExchange],
        jobs: Sequence[Job],
    ) -> None:
        """Read at once what the jobs will be judged by; `known` are exchanges as committed."""
        self.state = state
        """The state before the batch; after `write`, that after it."""
        self.exchanges: dict[str, StoredExchange] = {}
        """Exchanges that the batch has opened or changed."""
        self._connection = connection
        self._bench = bench
        self._directory = state.directory
        self._last_time = state.head.last_time
        self._rows = BatchRows()
        self._unrevoked: set[bytes] = set()
        self._prefetch(known, jobs)

    @property
    def erases(self) -> bool:
        """Whether the batch forgets content, whose bytes may stand in the database's own logs."""
        return bool(self._rows.erased)

    def admit(self, job: Job) -> Outcome:
        """Judge one request; gives what it comes to, or why it is refused."""
        try:
            match job:
                case Submission():
                    return self._submit(job)
                case Delivery():
                    return self._deliver(job)
                case Inspection():
                    return self._inspect(job)
                case Denial():
                    self._deny(job)
                    return None
        except ExchangeError as error:
            if is_logged(error) and not isinstance(job, Denial):
                self._deny(job.denial(error))
            return error
        except SQLAlchemyError:
            # The transaction is lost, and everyone's request with it.
            raise
        except Exception:  # noqa: BLE001 -- logged by structlog
            # A defect that one request meets must not take the others with it.
            _log.exception("judgement_failed", job=type(job).__name__)
            return Reason.INTERNAL.error("the hub failed inside; nothing was stored")

    def write(self, on_step: Callable[[str], None]) -> EdgeGrowth | None:
        """Write what was judged and move the head; None if there is nothing to write."""
        entries, connection = self._rows.entries, self._connection
        if not entries:
            return None
        self._rows.write(connection)
        on_step("rows")
        growth = self.state.edge.append_many([row.leaf_hash for row in entries])
        write_tiles(connection, growth.tiles)
        on_step("tiles")
        signer, root = self._bench.signer, growth.edge.root()
        head = Head(
            size=growth.edge.size,
            root=root,
            note=signer.sign(Checkpoint(signer.origin, growth.edge.size, root)),
            last_time=self._last_time,
            directory_size=self._directory.size,
        )
        update_head(connection, head)
        notify(connection, self._bench.sender)
        on_step("head")
        self.state = LogState(head, growth.edge, self._directory)
        return growth

    def _prefetch(self, known: Mapping[str, StoredExchange], jobs: Sequence[Job]) -> None:
        connection = self._connection
        submissions = [job for job in jobs if isinstance(job, Submission)]
        digests = [job.payload_digest for job in jobs if isinstance(job, Delivery)]
        self._accepted: dict[tuple[str, str], tuple[bytes, Logged | int]] = {}
        if submissions:
            ids = [job.statement.id for job in submissions]
            for found in find_accepted(connection, ids):
                key = (found.author_agency, found.statement_id)
                self._accepted[key] = (found.payload_sha256, found.log_index)
        self._deliverables = find_deliverables(connection, digests) if digests else {}
        self._delivered = find_delivered(connection, digests) if digests else set()
        self._stored_parts = find_parts(connection, digests) if digests else {}
        wanted = {job.statement.exchange_id for job in submissions}
        wanted.update(found.spoken.exchange_id for found in self._deliverables.values())
        self._before = {one: known[one] for one in wanted if one in known}
        missing = [one for one in wanted if one and one not in self._before]
        self._before.update(load_exchanges(connection, missing))
        staged = {
            (job.caller.agency, part.sha256)
            for job in submissions
            for part in job.statement.parts
            if part.name not in job.parts
        }
        self._staged = find_staged(connection, sorted(staged))

    def _now(self) -> datetime:
        """The hub's time of the next entry: never before that of the last."""
        now = self._bench.clock()
        return now if self._last_time is None else max(now, self._last_time)

    def _exchange(self, exchange_id: str) -> StoredExchange | None:
        return self.exchanges.get(exchange_id) or self._before.get(exchange_id)

    def _submit(self, job: Submission) -> Logged:
        self._check_known(job.known_tree_size)
        statement, at = job.statement, self._now()
        original = self._original(job)
        if original is not None:
            return original
        self._check_time(statement, at)
        stored = self._exchange(statement.exchange_id)
        judgement = judge(
            job.signed,
            statement,
            directory=self._directory,
            exchange=stored.exchange if stored else None,
            anchors=self._bench.anchors,
            at=at,
        )
        self._check_revocation(job, judgement, at)
        parts = self._find_parts(job)
        return self._accept(job, judgement, stored, parts, at)

    def _check_known(self, tree_size: int) -> None:
        if tree_size > self.state.head.size:
            raise Reason.PROOF_RANGE_INVALID.error(
                f"expected a known tree size of at most {self.state.head.size}, got {tree_size}",
                field="known_tree_size",
            )

    def _original(self, job: Submission) -> Logged | None:
        """The entry of the same statement; raises ID_REUSED for another one with its id."""
        key = (job.statement.author.agency, job.statement.id)
        if key not in self._accepted:
            return None
        digest, where = self._accepted[key]
        if digest != job.statement.digest:
            raise Reason.ID_REUSED.error(
                f"statement id {job.statement.id} names another statement of "
                f"{job.statement.author.agency}: {digest.hex()}",
                field="id",
            )
        if isinstance(where, Logged):
            return replace(where, is_new=False)
        [stored] = read_entries(self._connection, [where])
        return Logged(where, stored.opening.entry, stored.opening.nonce, is_new=False)

    def _check_time(self, statement: Statement, now: datetime) -> None:
        limits = self._bench.limits
        if not now - limits.past_skew <= statement.made_at <= now + limits.future_skew:
            raise Reason.CLOCK_SKEW.error(
                f"expected a statement made at most {limits.past_skew} before and "
                f"{limits.future_skew} after the hub's clock, which says {now.isoformat()}; "
                f"got {statement.made_at.isoformat()}",
                field="made_at",
            )

    def _check_revocation(self, job: Submission, judgement: Judgement, at: datetime) -> None:
        """The signing certificate is not revoked, nor one that the statement publishes.

        A batch is one moment: what was looked up for one of its statements holds for the next.
        """
        digests = {job.signed.certificate_sha256}
        if isinstance(job.statement.body, PublishCertificate):
            digests.add(fingerprint(job.statement.body.certificate))
        for digest in digests - self._unrevoked:
            certificate = judgement.directory.certificates[digest].certificate
            revocations = self._bench.revocations()
            revocations.verify_current(at)
            revocations.verify_not_revoked(certificate, at)
            self._unrevoked.add(digest)

    def _find_parts(self, job: Submission) -> PartRows:
        rows, digest = PartRows(), job.statement.digest
        for part in job.statement.parts:
            sealed = job.parts.get(part.name)
            if sealed is not None:
                part_id = secrets.token_bytes(PART_ID_BYTES)
                rows.chunks += _chunks(part_id, sealed)
            else:
                part_id = self._claim(job.caller.agency, part, rows.claimed)
                rows.claimed.append(part_id)
            rows.parts.append(PartRow(digest, part.name, part_id, part.sha256, part.size))
        return rows

    def _claim(self, agency: AgencyId, part: Part, claimed: Sequence[bytes]) -> bytes:
        wanted = agency, part.sha256, part.size
        for staged in self._staged:
            if (
                (staged.agency, staged.sha256, staged.size) == wanted
                and staged.part_id not in self._rows.parts.claimed
                and staged.part_id not in claimed
            ):
                return staged.part_id
        raise Reason.PART_MISSING.error(
            f"expected part {part.name!r} of {part.size} bytes with SHA-256 {part.sha256.hex()} "
            "beside the statement or uploaded before; got neither",
            field="parts",
        )

    def _accept(
        self,
        job: Submission,
        judgement: Judgement,
        stored: StoredExchange | None,
        parts: PartRows,
        at: datetime,
    ) -> Logged:
        statement, after, said = job.statement, judgement.exchange, judgement.spoken
        row = self._entry(
            Entry(
                hub_time=at,
                event=Event.STATEMENT,
                actor=statement.author,
                certificate_sha256=job.signed.certificate_sha256,
                directory_size=judgement.directory.size,
                exchange_id=statement.exchange_id,
                payload_digest=statement.digest,
                ruling=judgement.ruling,
            )
        )
        if after is not None and said is not None:
            initial_index = stored.initial_index if stored else row.idx
            opening = stored.initial_sha256 if stored else statement.digest
            before = stored.exchange if stored else None
            visible = statement_visibility(
                row.idx, initial_index, before, after, said, self._released_indexes(before, after)
            )
            self._rows.feed.extend(visible.feed)
            self._rows.parties.update(dict.fromkeys(visible.parties))
            if before is None:
                self._rows.opened[after.id] = exchange_row(statement, row.idx, at)
            self._keep(StoredExchange(after, initial_index, opening), at)
            if statement.kind.spec.erases:
                self._rows.erased[after.id] = after
        else:
            self._rows.directory_entries.append(DirectoryEntryRow(self._directory.size, row.idx))
            self._directory = judgement.directory
        self._rows.statements.append(statement_row(statement, job.signed, said, row.idx))
        self._rows.parts.extend(parts)
        self._append(row, at)
        logged = Logged(row.idx, row.entry, row.nonce, is_new=True)
        self._accepted[statement.author.agency, statement.id] = (statement.digest, logged)
        return logged

    def _deliver(self, job: Delivery) -> PartHandle:
        agency, at = job.caller.agency, self._now()
        found = self._deliverables.get(job.payload_digest)
        stored = self._exchange(found.spoken.exchange_id) if found else None
        role = role_of(agency, stored.exchange, found.spoken) if found and stored else None
        if found is None or stored is None or role is None:
            raise Reason.STATEMENT_UNKNOWN.error(
                f"expected a statement that {agency} may see, got {job.payload_digest.hex()}",
                field="payload_sha256",
            )
        if is_erased(stored.exchange, found.spoken):
            raise Reason.CONTENT_ERASED.error(
                "the content of this statement was erased, as its initiator asked",
                field="payload_sha256",
            )
        part = parse_statement(found.payload).part(job.part_name)
        row = self._stored_parts.get((job.payload_digest, job.part_name))
        if part is None or row is None:
            raise Reason.PART_UNKNOWN.error(
                f"expected a part of statement {job.payload_digest.hex()}, "
                f"got {job.part_name[:64]!r}",
                field="part_name",
            )
        if part.wrapped_key(agency) is None:
            raise Reason.NOT_A_PARTY.error(
                f"expected a reader of part {job.part_name!r}, got {agency} ({role})",
                field="part_name",
            )
        key = (job.payload_digest, job.caller.member.uri)
        if key not in self._delivered:
            after, changes = deliver_to(agency, stored.exchange, found.spoken)
            entry = self._entry(
                Entry(
                    hub_time=at,
                    event=Event.DELIVERY,
                    actor=job.caller.member,
                    certificate_sha256=job.caller.certificate_sha256,
                    directory_size=self._directory.size,
                    exchange_id=after.id,
                    payload_digest=job.payload_digest,
                    ruling=Ruling(b"", (), changes, ()) if changes else None,
                )
            )
            self._rows.feed.extend(delivery_visibility(entry.idx, found.spoken, agency, role))
            self._rows.deliveries.append(DeliveryRow(*key, entry.idx))
            self._delivered.add(key)
            self._keep(replace(stored, exchange=after), at)
            self._append(entry, at)
        return PartHandle(row.part_id, row.payload_sha256, row.name, row.sha256, row.size)

    def _inspect(self, job: Inspection) -> Logged:
        self._check_known(job.known_tree_size)
        page = job.page
        opened, ruling = judge_inspection(self._directory, job.caller.member, page.scopes)
        if (opened, ruling) != (page.opened, page.ruling):
            raise Reason.UNAVAILABLE.error("the rules changed while the page was read; ask again")
        if not self._bench.inspections.take(job.caller.agency, self._bench.clock()):
            raise Reason.RATE_LIMITED.error(
                f"expected at most {self._bench.inspections.per_hour} pages of openings an hour "
                f"for the auditors of {job.caller.agency}: each is an entry of the log"
            )
        at = self._now()
        row = self._entry(
            Entry(
                hub_time=at,
                event=Event.INSPECTION,
                actor=job.caller.member,
                certificate_sha256=job.caller.certificate_sha256,
                directory_size=self._directory.size,
                ruling=ruling,
                inspected=InspectedRange(job.start, job.start + len(page.leaves), opened),
            )
        )
        self._append(row, at)
        return Logged(row.idx, row.entry, row.nonce, is_new=True)

    def _deny(self, job: Denial) -> None:
        if self._directory.policy is None:
            # No auditor may open it yet, and to one that comes later it would seem withheld.
            return
        if not self._bench.denials.take(job.caller.agency, self._bench.clock()):
            return
        at = self._now()
        row = self._entry(
            Entry(
                hub_time=at,
                event=Event.DENIAL,
                actor=job.caller.member,
                certificate_sha256=job.caller.certificate_sha256,
                directory_size=self._directory.size,
                exchange_id=job.exchange_id,
                payload_digest=job.payload_digest,
                reason=job.reason.name,
                operation=job.operation,
            )
        )
        self._append(row, at)

    def _entry(self, entry: Entry) -> EntryRow:
        """Encode the next entry; it is not on the log before `_append`."""
        encoded, nonce = encode_entry(entry), secrets.token_bytes(NONCE_BYTES)
        return EntryRow(
            idx=self.state.head.size + len(self._rows.entries),
            entry=encoded,
            nonce=nonce,
            leaf_hash=entry_leaf_hash(encoded, nonce),
            event=entry.event,
            actor_agency=entry.actor.agency,
            exchange_id=entry.exchange_id,
            payload_sha256=entry.payload_digest,
        )

    def _append(self, row: EntryRow, at: datetime) -> None:
        self._rows.entries.append(row)
        self._last_time = at

    def _keep(self, stored: StoredExchange, at: datetime) -> None:
        before = self._exchange(stored.exchange.id)
        self._rows.move(before.exchange if before else None, stored.exchange, at)
        self.exchanges[stored.exchange.id] = stored

    def _released_indexes(self, before: Exchange | None, after: Exchange) -> dict[bytes, int]:
        digests = {digest for _, digest in released(before, after)}
        if not digests:
            return {}
        indexes = log_indexes(self._connection, sorted(digests))
        for row in self._rows.statements:
            if row.payload_sha256 in digests:
                indexes[row.payload_sha256] = row.log_index
        return indexes


def _chunks(part_id: bytes, sealed: bytes) -> Iterator[ChunkRow]:
    for seq, start in enumerate(range(0, len(sealed), CHUNK_BYTES)):
        yield ChunkRow(part_id, seq, sealed[start : start + CHUNK_BYTES])
