"""The findings of one run of an audit: each entry is judged, and what does not fit is kept."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agency_client.audit.monitor_state import KeptFold, MonitorRound, VerifiedUpTo
from agency_client.audit.report import AuditReport, Ground, Reading, Scope, Violation
from agency_client.audit.source import AuditedLeaf, LogSource
from agency_client.state.checkpoints import Head
from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.merkle import CompactRange
from exchange_protocol.record.entries import CommitmentOpening, Entry, verify_opening
from exchange_protocol.record.folds import FOLDS, Applied, EventCounts, KindCounts, LateAnswers
from exchange_protocol.record.replay import NOT_JUDGED, Replay
from exchange_protocol.rules.clocks import is_overdue
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.trust.identity import Member, Role

MAX_VIOLATIONS = 20
"""Violations kept; one is enough to convict, a few show how far the damage goes."""
MAX_READINGS = 100
"""Readings that a report lists."""


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The figures of one shard of a divided replay, in which nothing was found."""

    folds: Mapping[str, Mapping[str, int]]
    """The counts of each fold, by its name."""
    overdue: Mapping[str, int]
    exchanges: int
    rows_of_legs: int


class Audit:
    """The findings of one run so far, on top of the state before it."""

    def __init__(
        self,
        current: MonitorRound,
        auditor: Member | None,
        verified: Container[SignedStatement],
        watch: Callable[[Applied], None] | None,
        *,
        is_copy: bool,
        known_size: int,
    ) -> None:
        """Go on from the state of a round; `verified` is as in `Replay`."""
        self._watch = watch
        reached = current.reached
        self.replay = Replay(current.directories, state=current.state, verified=verified)
        self.compact_range = reached.compact_range if reached else CompactRange()
        self.auditor = auditor
        self.violations: list[Violation] = []
        self.opened = reached.opened if reached else 0
        self.unopened_count = reached.unopened if reached else 0
        self.unopened: list[int] = []
        kept = reached.folds if reached else {}
        self.folds = [fold(kept[fold.name].counts if kept else None) for fold in FOLDS]
        self.readings: deque[Reading] = deque(maxlen=MAX_READINGS)
        self.folding = True
        self._round = current
        self._is_copy = is_copy
        self._known_size = known_size
        self._tree_is_signed = False
        self._split_view: Violation | None = None
        self._shards: Sequence[ShardResult] = ()

    def join(self, shards: Sequence[ShardResult], opened: int, last_time: datetime | None) -> None:
        """Add the figures of the shards, which judged so many opened entries."""
        self._shards = shards
        self.opened += opened
        self.replay.state.last_time = last_time
        for fold in self.folds:
            for shard in shards:
                fold.counts.update(shard.folds[fold.name])

    @property
    def directory(self) -> Directory:
        """The directory after the last entry."""
        return self.replay.directories.current

    def add(self, violation: Violation) -> None:
        """Keep a violation, unless there are many like it."""
        # Faults of a copy must not crowd out what convicts.
        alike = sum(each.ground is violation.ground for each in self.violations)
        if alike < MAX_VIOLATIONS:
            self.violations.append(violation)

    def take(self, index: int, leaf: AuditedLeaf, *, counts: bool = True) -> None:
        """Judge the next leaf; the figures leave it out if they are counted elsewhere."""
        if leaf.fault is not None:
            self.opened += 1
            self._stop(replace(Violation.of(leaf.fault, index), ground=self._of_source))
            return
        if leaf.opening is None:
            self.unopened_count += 1
            if len(self.unopened) < MAX_VIOLATIONS:
                self.unopened.append(index)
            return
        self.opened += 1
        try:
            entry = verify_opening(leaf.opening, leaf.leaf_hash)
        except ExchangeError as error:
            self._stop(
                Violation(Reason.ENTRY_MISMATCH, _said(index, error), index, self._of_source)
            )
            return
        applied = self._judge(index, leaf.opening, entry) if self.folding else None
        if not counts:
            return
        for fold in self.folds:
            fold.apply(applied or Applied(index, entry))
        if entry.inspected is not None and self.folding:
            reader, certificate = entry.actor.agency, entry.certificate_sha256
            reading = Reading(index, entry.hub_time, reader, certificate, entry.inspected)
            self.readings.append(reading)

    def _judge(self, index: int, opening: CommitmentOpening, entry: Entry) -> Applied | None:
        try:
            applied = self.replay.apply(index, opening, entry)
        except ExchangeError as error:
            if error.reason in NOT_JUDGED:
                raise
            # The hub accepted a statement that no rule foresees, such as one that does not parse.
            lied = isinstance(error, HubDishonest)
            reason = error.reason if lied else Reason.RULE_BROKEN
            self._stop(Violation(reason, _said(index, error), index))
            return None
        if applied.statement is not None and applied.statement.kind.stage is Stage.DIRECTORY:
            self._round.keep_directory(index, opening)
        if self._watch is not None:
            self._watch(applied)
        return applied

    def _stop(self, violation: Violation) -> None:
        """Keep a violation; the replay ends, for what follows rests on an entry that is bad."""
        self.folding = False
        self.add(violation)

    def _figures(self, name: str) -> dict[str, int]:
        [fold] = (fold for fold in self.folds if fold.name == name)
        return dict(sorted(fold.counts.items()))

    def convict(self, reason: Reason, what: str, held: Head, got: Head) -> None:
        """Keep a violation that two signed checkpoints show, and keep their notes for others."""
        notes = (held.note, got.note)
        path = self._round.keep_evidence(reason, *notes)
        said = f"{what}. Both signed checkpoints are kept in {path}" if path else what
        self.add(Violation(reason, said, notes=notes, kept_in=path))

    def check_place(self, held: Head, got: Head) -> bool:
        """True if the log can be one that extends what was verified before."""
        kept, now = held.checkpoint, got.checkpoint
        if now.origin != kept.origin:
            raise Reason.DOCUMENT_INVALID.error(
                f"expected a place of the log {now.origin}, got one of {kept.origin}"
            )
        if now.size < kept.size:
            reason, what = Reason.CHECKPOINT_ROLLBACK, "the log was rolled back"
        elif now.size == kept.size and now.root != kept.root:
            reason, what = Reason.CHECKPOINT_SPLIT_VIEW, "the log was written anew"
        else:
            return True
        self.convict(
            reason,
            f"{kept.size} entries with the root {kept.root.hex()} were verified before, the "
            f"checkpoint now says {now.size} with the root {now.root.hex()}: {what}",
            held,
            got,
        )
        return False

    def reached(self, head: Head, compact_range: CompactRange) -> VerifiedUpTo:
        """Give the values that the place is to keep."""
        return VerifiedUpTo(
            head,
            compact_range,
            self.opened,
            self.unopened_count,
            {fold.name: KeptFold(fold.version, dict(fold.counts)) for fold in self.folds},
            self.replay.state.last_index,
            self.replay.state.last_time,
            self.directory.size,
        )

    @property
    def _of_source(self) -> Ground:
        """The ground of what a source gives otherwise than the log has it."""
        return Ground.COPY if self._is_copy else Ground.SIGNED

    def check_signed(self, seen: Sequence[Checkpoint], checkpoint: Checkpoint) -> None:
        """Two signatures over two trees of one size convict by themselves."""
        for each in seen:
            if each.size == checkpoint.size and each.root != checkpoint.root:
                self._split_view = Violation(
                    Reason.CHECKPOINT_SPLIT_VIEW,
                    f"two checkpoints of {each.size} entries are signed, with the roots "
                    f"{each.root.hex()} and {checkpoint.root.hex()}: the log was written anew",
                )

    def check_before(self, before: Head, compact_range: CompactRange, now: Head) -> None:
        """The first leaves have the root that was verified before, where they are read anew."""
        if compact_range.root() != before.checkpoint.root:
            self.convict(
                Reason.CHECKPOINT_SPLIT_VIEW,
                f"the first {before.size} leaves have the root {compact_range.root().hex()}, "
                f"{before.checkpoint.root.hex()} was verified before: the log was written anew",
                before,
                now,
            )

    def check_seen(self, seen: Checkpoint, compact_range: CompactRange) -> None:
        """The first leaves have the root of a checkpoint that was seen before."""
        if compact_range.root() != seen.root:
            self.add(
                Violation(
                    Reason.CHECKPOINT_SPLIT_VIEW,
                    f"the first {seen.size} leaves have the root {compact_range.root().hex()}, the "
                    f"checkpoint that was seen before says {seen.root.hex()}: the log was "
                    "written anew",
                )
            )

    def finish(
        self, checkpoint: Checkpoint, compact_range: CompactRange, source: LogSource
    ) -> None:
        """Check the whole, once all leaves were taken."""
        if compact_range.size != checkpoint.size:
            self.add(
                Violation(
                    Reason.PROOF_INVALID,
                    f"expected {checkpoint.size} leaves for the checkpoint, "
                    f"got {compact_range.size}",
                    ground=self._of_source,
                )
            )
        elif compact_range.root() != checkpoint.root:
            what = (
                f"the {checkpoint.size} leaves have the root {compact_range.root().hex()}, the "
                f"signed checkpoint says {checkpoint.root.hex()}: this is not the log that was "
                f"signed{self._since_place()}"
            )
            reached = self._round.reached
            if reached is not None and reached.head.size:
                now = Head(source.note, checkpoint)
                self.convict(Reason.PROOF_INVALID, what, reached.head, now)
            else:
                self.add(Violation(Reason.PROOF_INVALID, what, ground=self._of_source))
        else:
            self._tree_is_signed = True
        if self.folding and self.unopened and _has_lost_its_rights(self.auditor, self.directory):
            self.add(
                Violation(
                    Reason.ENTRY_MISMATCH,
                    f"entry {self.unopened[0]}: it was withheld, and so were the policy or the "
                    "enrolment that let this auditor in, which are open to everyone",
                    self.unopened[0],
                )
            )
        if self.folding and self.unopened and self._could_open_everything(source):
            for index in self.unopened:
                self.add(
                    Violation(
                        Reason.ENTRY_MISMATCH,
                        f"entry {index}: the policy opens it to this auditor, and it was withheld",
                        index,
                    )
                )

    def _could_open_everything(self, source: LogSource) -> bool:
        """True if the rules opened every entry, from the checkpoint until all was read.

        A policy that is published while this audit runs may have closed some of them rightly.
        """
        return _may_audit_everything(self.auditor, self.directory) and _may_audit_everything(
            self.auditor, source.newest_directory() or self.directory
        )

    def _since_place(self) -> str:
        if not self.compact_range.size:
            return ""
        return f", or it does not extend the {self.compact_range.size} entries verified before"

    def report(self, checkpoint: Checkpoint, first: int, seconds: float) -> AuditReport:
        """Sum up; `first` is where this run began."""
        violations, faults = self._sorted_out()
        return AuditReport(
            origin=checkpoint.origin,
            tree_size=checkpoint.size,
            root=checkpoint.root,
            first=first,
            scope=Scope.PARTIAL if self.unopened_count else Scope.COMPLETE,
            opened=self.opened,
            exchanges=len(self.replay.exchanges) + sum(each.exchanges for each in self._shards),
            agencies=len(self.directory.agencies),
            directory_size=self.directory.size,
            by_event=self._figures(EventCounts.name),
            by_kind=self._figures(KindCounts.name),
            overdue=self.overdue(),
            answered_late=self._figures(LateAnswers.name),
            readings=tuple(self.readings),
            last_time=self.replay.state.last_time,
            seconds=seconds,
            violations=violations,
            faults=faults,
            known_size=self._known_size if self._is_copy else 0,
        )

    def _sorted_out(self) -> tuple[tuple[Violation, ...], tuple[Violation, ...]]:
        """The violations, and the faults of a copy, each in log order.

        A copy convicts by what the hub signed: by entries, if their tree has the signed root. So
        does a bad signature of an author, for its entry names it: the hub accepted this very one.
        """
        found = sorted(self.violations, key=_where)
        if not self._is_copy:
            return tuple(found), ()
        shown = set(Ground) - {Ground.COPY} if self._tree_is_signed else set()
        violations = [each for each in found if each.ground in shown]
        if self._split_view is not None:
            violations.append(self._split_view)
        return tuple(violations), tuple(each for each in found if each.ground not in shown)

    def overdue(self) -> dict[str, int]:
        """Legs that still wait after their time at the log's last entry, by who is to act."""
        now = self.replay.state.last_time
        found: Counter[str] = Counter()
        for shard in self._shards:
            found.update(shard.overdue)
        if now is None:
            return {}
        for exchange in self._round.overdue(now):
            for leg in exchange.legs:
                if not is_overdue(leg.due_at, leg.state, now):
                    continue
                if leg.state is LegState.HELD:
                    found.update(leg.approvers)
                elif leg.state is LegState.RETURNED:
                    found[exchange.initiator] += 1
                else:
                    found[leg.agency] += 1
        return dict(sorted(found.items()))


def _where(violation: Violation) -> tuple[bool, int]:
    return violation.index is None, violation.index or 0


def _has_lost_its_rights(auditor: Member | None, directory: Directory) -> bool:
    """True if what lets an auditor in is not in the directory that the hub opened to it.

    Directory statements are open to everyone; a hub could blind an auditor by withholding them.
    """
    return (
        auditor is not None
        and auditor.role is Role.AUDITOR
        and (directory.policy is None or auditor.agency not in directory.agencies)
    )


def _may_audit_everything(auditor: Member | None, directory: Directory) -> bool:
    """True if the policy in force opens every exchange to this auditor."""
    if auditor is None:
        return True
    if (
        auditor.role is not Role.AUDITOR
        or directory.policy is None
        or auditor.agency not in directory.agencies
    ):
        return False
    may_audit = directory.rulebook.may_audit
    return all(
        may_audit(auditor.agency, author, recipient)
        for author in directory.agencies
        for recipient in directory.agencies
    )


def _said(index: int, error: ExchangeError) -> str:
    start = f"entry {index}: "
    return error.message if error.message.startswith(start) else start + error.message
