"""The entries of an audit: each that was opened is judged by the rules, and counted."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agency_client.audit.findings import MAX_VIOLATIONS, Findings
from agency_client.audit.monitor_state import KeptFold, MonitorRound, VerifiedUpTo
from agency_client.audit.report import Ground, Reading, Violation
from agency_client.audit.source import AuditedLeaf, LogSource
from agency_client.state.checkpoints import Head
from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.merkle import CompactRange
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    commits_to_malformed,
    verify_opening,
)
from exchange_protocol.record.folds import FOLDS, Applied
from exchange_protocol.record.replay import NOT_JUDGED, Replay
from exchange_protocol.rules.clocks import is_overdue
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.trust.identity import Member, Role

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


class EntryCheck:
    """The entries of one run so far, on top of the state before it."""

    def __init__(
        self,
        findings: Findings,
        current: MonitorRound,
        auditor: Member | None,
        *,
        verified: Container[SignedStatement] = (),
        watch: Callable[[Applied], None] | None = None,
    ) -> None:
        """Go on from the state of a round; `verified` is as in `Replay`."""
        self._findings = findings
        self._round = current
        self._auditor = auditor
        self._watch = watch
        reached = current.reached
        self.replay = Replay(current.directories, state=current.state, verified=verified)
        self.is_replaying = True
        """False after the first bad entry: what follows rests on it."""
        self.opened = reached.opened if reached else 0
        self.unopened_count = reached.unopened if reached else 0
        self._unopened: list[int] = []
        kept = reached.folds if reached else {}
        self.folds = [fold(kept[fold.name].counts if kept else None) for fold in FOLDS]
        self.readings: deque[Reading] = deque(maxlen=MAX_READINGS)
        self._shards: Sequence[ShardResult] = ()

    @property
    def directory(self) -> Directory:
        """The directory after the last entry."""
        return self.replay.directories.current

    def take(self, index: int, leaf: AuditedLeaf, *, counts: bool = True) -> None:
        """Judge the next leaf; the figures leave it out if they are counted elsewhere."""
        if leaf.fault is not None:
            self.opened += 1
            self._stop(replace(Violation.of(leaf.fault, index), ground=self._findings.of_source))
            return
        if leaf.opening is None:
            self.unopened_count += 1
            if len(self._unopened) < MAX_VIOLATIONS:
                self._unopened.append(index)
            return
        self.opened += 1
        try:
            entry = verify_opening(leaf.opening, leaf.leaf_hash)
        except ExchangeError as error:
            # Damage changes the hash. What a leaf commits to was written so before it was signed.
            is_the_hubs = commits_to_malformed(leaf.opening, leaf.leaf_hash)
            ground = Ground.SIGNED if is_the_hubs else self._findings.of_source
            self._stop(Violation(Reason.ENTRY_MISMATCH, _said(index, error), index, ground))
            return
        applied = self._judge(index, leaf.opening, entry) if self.is_replaying else None
        if not counts:
            return
        for fold in self.folds:
            fold.apply(applied or Applied(index, entry))
        if entry.inspected is not None and self.is_replaying:
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
        self.is_replaying = False
        self._findings.add(violation)

    def join(self, shards: Sequence[ShardResult], opened: int, last_time: datetime | None) -> None:
        """Add the figures of the shards, which judged so many opened entries."""
        self._shards = shards
        self.opened += opened
        self.replay.state.last_time = last_time
        for fold in self.folds:
            for shard in shards:
                fold.counts.update(shard.folds[fold.name])

    def check_withheld(self, source: LogSource) -> None:
        """Check that every entry was opened that the rules open to this auditor."""
        if not self.is_replaying or not self._unopened:
            return
        if _has_lost_its_rights(self._auditor, self.directory):
            first = self._unopened[0]
            self._findings.add(
                Violation(
                    Reason.ENTRY_MISMATCH,
                    f"entry {first}: it was withheld, and so were the policy or the enrolment that "
                    "let this auditor in, which are open to everyone",
                    first,
                )
            )
        if self._could_open_everything(source):
            for index in self._unopened:
                self._findings.add(
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
        return _may_audit_everything(self._auditor, self.directory) and _may_audit_everything(
            self._auditor, source.newest_directory() or self.directory
        )

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

    # --- Figures --------------------------------------------------------------------------------

    @property
    def exchanges(self) -> int:
        """The number of exchanges."""
        return len(self.replay.exchanges) + sum(each.exchanges for each in self._shards)

    def figures(self, name: str) -> dict[str, int]:
        """The counts of a fold, by its name."""
        [fold] = (fold for fold in self.folds if fold.name == name)
        return dict(sorted(fold.counts.items()))

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
