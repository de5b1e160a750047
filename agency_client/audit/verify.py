"""`verify_log`: is this log whole, is it the one that was signed, and did the hub keep the rules?

Steps, for every leaf of a checkpoint that the caller verified (signature, and that it extends the
last one seen):
 1. Where an opening is given, the leaf hash is recomputed from it (ENTRY_MISMATCH otherwise).
 2. The tree is rebuilt from all leaf hashes; at the end its root must be the checkpoint's
    (PROOF_INVALID otherwise).
 3. The openings are replayed by the hub's own rules: signatures, certificates, directory, policy,
    approvals, supervisors, readers, lifecycle, deliveries, times (RULE_BROKEN otherwise).
 4. An auditor to whom the policy opens everything, at the checkpoint and still when all was read,
    was given every opening (ENTRY_MISMATCH).
`EntryCheck` takes steps 1, 3 and 4, `TreeCheck` step 2, and `Findings` keeps what they find.

An auditor is shown an exchange as a whole or not at all: of those that it is not shown, it checks
the leaves alone. An entry that is missing from one that it sees leaves a gap that the replay meets.

It cannot tell whether the hub left out a statement that it never promised to keep (the sender's
receipt shows that), and whether others are shown another history (witnesses show that).

After the first broken rule the state is not the hub's any more, so the replay stops there; the
tree is still checked to its end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Protocol

from agency_client.audit import shards
from agency_client.audit.ahead import SignaturesAhead, signatures_ahead
from agency_client.audit.entry_check import EntryCheck
from agency_client.audit.findings import Findings
from agency_client.audit.monitor_state import MonitorRound, MonitorState, VerifiedUpTo
from agency_client.audit.report import AuditReport, Scope
from agency_client.audit.shard import DivisionFailed
from agency_client.audit.source import DividedSource, LogSource
from agency_client.audit.tree_check import TreeCheck
from agency_client.state.checkpoints import Head
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.folds import Applied, EventCounts, KindCounts, LateAnswers
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import Member

_LOGGER: Final = logging.getLogger(__name__)


class Progress(Protocol):
    """Is told how many of the leaves of a run are done."""

    def __call__(self, done: int, of: int) -> None: ...


def verify_log(
    source: LogSource,
    anchors: TrustAnchors,
    *,
    auditor: Member | None,
    seen: Sequence[Checkpoint] = (),
    at_least: int = 0,
    place: MonitorState | None = None,
    from_start: bool = False,
    progress: Progress | None = None,
    cores: int = 1,
    early: shards.Begun | None = None,
    watch: Callable[[Applied], None] | None = None,
) -> AuditReport:
    """Audit a log up to the source's checkpoint; violations are reported, not raised.

    Args:
        source: the log: a hub, or a copy of its database.
        anchors: the roots that certificates are verified against.
        auditor: the member who was shown the openings; None where every entry is at hand.
        seen: checkpoints of this log that the hub signed. A larger log must hold those very trees;
            a caller that has no consistency proof learns here that it does not. A copy that holds
            fewer entries than these is incomplete.
        at_least: a size of the log that is known from elsewhere: a smaller copy is incomplete.
        place: the state that an earlier audit has saved. Only later entries are verified, and the
            place moves on if nothing was found.
        from_start: verify the whole log though there is a place.
        progress: is told how many entries are done.
        cores: with more than one, the replay of a long log is divided over them (`shards`). With a
            place or a watch, or where the source cannot be divided, signatures are verified in a
            process beside instead (`ahead`).
        early: processes that have begun the divided replay.
        watch: is called with every entry that was judged, in log order. It takes no place, which
            could let it see an entry twice or never.

    Raises:
        HubUnavailable: if the source fails on the way.
        InvalidInput: DOCUMENT_INVALID, if the place cannot be used.
    """
    if place is not None and watch is not None:
        raise ValueError("expected a place or a watch, not both")
    run = _Run(source, anchors, auditor, seen, at_least, progress, cores, early, watch)
    if place is None:
        report = run.verify_divided() if watch is None and cores > 1 else None
        if report is not None:
            return report
        with closing(MonitorState.temporary(anchors, auditor)) as place:
            return run.verify_on(place)[0]
    report, reached = run.verify_on(place, from_start=from_start)
    if any(each.reason is Reason.ENTRY_MISMATCH or each.notes for each in report.violations):
        # The hub gave a false opening, withheld one, or signed two histories. No saved state can
        # explain that, and a second run could be shown something else: it is reported at once.
        return report
    if reached is not None and reached.unopened and _may_rest_on_rights(report, reached):
        # This auditor's rights have changed, or it is now shown the rest of an exchange: only a
        # whole run tells that from a broken rule.
        report, _ = run.verify_on(place, from_start=True)
    elif reached is not None and any(each.index is not None for each in report.violations):
        # A damaged place must not accuse a hub: what it found must be found without it.
        with closing(MonitorState.temporary(anchors, auditor)) as fresh:
            again, _ = run.verify_on(fresh, from_start=True)
        if again.is_clean:
            raise place.invalid("what it keeps is damaged: from its start, the log is clean")
    return report


def _may_rest_on_rights(report: AuditReport, before: VerifiedUpTo) -> bool:
    return bool(report.violations) or report.directory_size != before.directory_size


@dataclass(frozen=True)
class _Run:
    """One call of `verify_log`."""

    source: LogSource
    anchors: TrustAnchors
    auditor: Member | None
    seen: Sequence[Checkpoint]
    at_least: int
    progress: Progress | None
    cores: int
    early: shards.Begun | None
    watch: Callable[[Applied], None] | None
    started: float = field(default_factory=monotonic)

    def verify_on(
        self, place: MonitorState, *, from_start: bool = False
    ) -> tuple[AuditReport, VerifiedUpTo | None]:
        """Verify from the place, or from the start; gives the report, and where the place was."""
        with place.round(from_start=from_start) as current:
            to_come = self.source.checkpoint.size - _size_of(current.reached)
            with signatures_ahead(current.directories, leaves=to_come, cores=self.cores) as ahead:
                report = self._verify(current, ahead, None)
        return report, current.reached

    def verify_divided(self) -> AuditReport | None:
        """Verify with the replay divided over the cores; None if it ended without a verdict."""
        source = self.source
        if not isinstance(source, DividedSource):
            return None
        if not shards.is_worthwhile(source.checkpoint.size, self.early):
            return None
        with closing(MonitorState.temporary(self.anchors, self.auditor)) as place:
            try:
                with (
                    place.round() as current,
                    shards.divided(
                        source, self.anchors, current, cores=self.cores, early=self.early
                    ) as divided,
                ):
                    report = self._verify(current, None, divided)
                if not (report.violations or report.faults):
                    return report
                reason = (*report.violations, *report.faults)[0].message
            except (DivisionFailed, ExchangeError) as error:
                reason = str(error)
        # One replay tells the findings, and which comes first.
        _LOGGER.info("the divided replay was given up, and one replay begins: %s", reason)
        return None

    def _verify(
        self,
        current: MonitorRound,
        ahead: SignaturesAhead | None,
        divided: shards.Shards | None,
    ) -> AuditReport:
        source, first = self.source, _size_of(current.reached)
        to_come = source.checkpoint.size - first
        now = Head(source.note, source.checkpoint)

        def hashed(size: int) -> None:
            if self.progress:
                self.progress(size - first, to_come)

        findings = Findings(current, is_copy=source.is_copy)
        tree = TreeCheck(findings, current, now, self.seen, hashed)
        entries = EntryCheck(
            findings, current, self.auditor, verified=ahead or (), watch=self.watch
        )
        if not tree.begin():
            return self._report(first, entries, findings)
        source.begin(current.state)
        leaves = source.leaves(first)
        for index, leaf in enumerate(leaves if ahead is None else ahead.over(leaves), first):
            if divided is None or not divided.take(index, leaf):
                entries.take(index, leaf)
                for violation in source.check_leaf(index, leaf):
                    findings.add(violation)
            tree.take(leaf.leaf_hash)
        if divided is not None:
            divided.join(entries, findings)
        tree.finish()
        entries.check_withheld(source)
        for violation in source.check_rest(entries.replay.state if entries.is_replaying else None):
            findings.add(violation)
        report = self._report(first, entries, findings)
        if report.is_clean and divided is None:
            current.keep(entries.reached(now, tree.compact_range))
        return report

    def _report(self, first: int, entries: EntryCheck, findings: Findings) -> AuditReport:
        """Sum up; `first` is where this run began."""
        checkpoint = self.source.checkpoint
        violations, faults = findings.sorted_out()
        known = max((self.at_least, *(each.size for each in self.seen)))
        return AuditReport(
            origin=checkpoint.origin,
            tree_size=checkpoint.size,
            root=checkpoint.root,
            first=first,
            scope=Scope.PARTIAL if entries.unopened_count else Scope.COMPLETE,
            opened=entries.opened,
            exchanges=entries.exchanges,
            agencies=len(entries.directory.agencies),
            directory_size=entries.directory.size,
            by_event=entries.figures(EventCounts.name),
            by_kind=entries.figures(KindCounts.name),
            overdue=entries.overdue(),
            answered_late=entries.figures(LateAnswers.name),
            readings=tuple(entries.readings),
            last_time=entries.replay.state.last_time,
            seconds=monotonic() - self.started,
            violations=violations,
            faults=faults,
            known_size=known if self.source.is_copy else 0,
        )


def _size_of(reached: VerifiedUpTo | None) -> int:
    """The number of entries that were verified before."""
    return reached.compact_range.size if reached else 0
