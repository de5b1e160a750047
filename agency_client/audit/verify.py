"""`verify_log`: is this log whole, is it the one that was signed, and did the hub keep the rules?

Steps, for every leaf of a checkpoint that the caller verified (signature, and that it extends the
last one seen):
 1. Where an opening is given, the leaf hash is recomputed from it (ENTRY_MISMATCH otherwise).
 2. The tree is rebuilt from all leaf hashes; at the end its root must be the checkpoint's
    (PROOF_INVALID otherwise).
 3. The openings are replayed by the hub's own rules: signatures, certificates, directory, policy,
    approvals, supervisors, readers, lifecycle, deliveries, times (RULE_BROKEN otherwise).
 4. An auditor to whom the policy opens everything was given every opening (ENTRY_MISMATCH).

An auditor is shown an exchange as a whole or not at all: of those that it is not shown, it checks
the leaves alone. An entry that is missing from one that it sees leaves a gap that the replay meets.

What it cannot tell: whether the hub left out a statement that it never promised to keep (the
sender's receipt shows that), and whether others are shown another history (witnesses show that).

After the first broken rule the state is not the hub's any more, so the replay stops there; the
tree is still checked to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Protocol

from agency_client.audit.report import AuditReport, Scope, Violation
from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.entries import Entry, Event, Opening, verify_opening
from exchange_protocol.log.merkle import Frontier
from exchange_protocol.replay import DirectoryFold, Replay
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.lifecycle import Exchange
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import Member, Role

BATCH = 512
"""Leaves hashed into the tree at once."""
MAX_VIOLATIONS = 20
"""Violations kept; one is enough to convict, a few show how far the damage goes."""


@dataclass(frozen=True, slots=True)
class AuditedLeaf:
    """A leaf of the log as the auditor received it."""

    leaf_hash: bytes
    opening: Opening | None
    fault: ExchangeError | None = None
    """Why the opening could not be read, where it was given and is unreadable."""


class LogSource(Protocol):
    """Where the leaves of one checkpoint come from: a hub, or a copy of its database."""

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint to audit, its signature verified."""
        ...

    def leaves(self) -> Iterable[AuditedLeaf]:
        """Every leaf from 0 to the checkpoint's size, in order."""
        ...

    def check_rest(self, exchanges: Mapping[str, Exchange] | None) -> Iterable[Violation]:
        """What the source holds beside the leaves, checked once the leaves were read.

        `exchanges` is what the replay made of them; None where the replay did not reach the end.
        """
        ...


def verify_log(
    source: LogSource,
    anchors: TrustAnchors,
    *,
    auditor: Member | None,
    seen: Checkpoint | None = None,
    progress: Callable[[int], None] | None = None,
) -> AuditReport:
    """Audit a log up to the source's checkpoint; violations are reported, not raised.

    `auditor` is who was shown the openings, None where every entry is at hand. `seen` is a
    checkpoint of this log that the auditor verified before: a larger log must hold that very tree,
    which a caller that has no consistency proof learns here. `progress` is called with the number
    of leaves done.

    Raises:
        HubUnavailable: if the source fails on the way.
    """
    started = monotonic()
    checkpoint = source.checkpoint
    audit = _Audit(Replay(DirectoryFold(anchors)), auditor)
    frontier = Frontier()
    batch: list[bytes] = []
    size = 0
    for leaf in source.leaves():
        audit.take(size, leaf)
        batch.append(leaf.leaf_hash)
        size += 1
        if len(batch) == BATCH or (seen is not None and size == seen.size):
            frontier, batch = frontier.append_many(batch).after, []
            if seen is not None and size == seen.size:
                audit.check_seen(seen, frontier)
            if progress:
                progress(size)
    frontier = frontier.append_many(batch).after
    if progress:
        progress(size)
    audit.finish(checkpoint, frontier)
    for violation in source.check_rest(audit.replay.exchanges if audit.folding else None):
        audit.add(violation)
    return audit.report(checkpoint, monotonic() - started)


@dataclass
class _Audit:
    replay: Replay
    auditor: Member | None
    violations: list[Violation] = field(default_factory=list)
    opened: int = 0
    unopened: list[int] = field(default_factory=list)
    by_event: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    folding: bool = True
    last_time: datetime | None = None

    @property
    def directory(self) -> Directory:
        return self.replay.directories.current

    def add(self, violation: Violation) -> None:
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(violation)

    def take(self, index: int, leaf: AuditedLeaf) -> None:
        if leaf.fault is not None:
            self.opened += 1
            self._stop(Violation.of(leaf.fault, index))
            return
        if leaf.opening is None:
            if len(self.unopened) < MAX_VIOLATIONS:
                self.unopened.append(index)
            return
        self.opened += 1
        try:
            entry = verify_opening(leaf.opening, leaf.leaf_hash)
        except ExchangeError as error:
            self._stop(Violation(Reason.ENTRY_MISMATCH, _said(index, error), index))
            return
        statement = self._judge(index, leaf.opening) if self.folding else None
        self._count(entry, statement)

    def _judge(self, index: int, opening: Opening) -> Statement | None:
        try:
            return self.replay.apply(index, opening)[1]
        except ExchangeError as error:
            # What no rule foresees, such as a statement that does not parse, was accepted anyway.
            lied = isinstance(error, HubDishonest)
            reason = error.reason if lied else Reason.RULE_BROKEN
            self._stop(Violation(reason, _said(index, error), index))
            return None

    def _stop(self, violation: Violation) -> None:
        """Keep a violation; the replay ends, for what follows rests on an entry that is bad."""
        self.folding = False
        self.add(violation)

    def _count(self, entry: Entry, statement: Statement | None) -> None:
        self.last_time = entry.hub_time
        self.by_event[entry.event.name.lower()] += 1
        if entry.event is Event.STATEMENT and statement is not None:
            self.by_kind[statement.kind.value] += 1
        elif entry.event is Event.DENIAL:
            self.by_kind[f"denial: {entry.reason}"] += 1

    def check_seen(self, seen: Checkpoint, frontier: Frontier) -> None:
        if frontier.root() != seen.root:
            self.add(
                Violation(
                    Reason.CHECKPOINT_FORK,
                    f"the first {seen.size} leaves have the root {frontier.root().hex()}, the "
                    f"checkpoint that was seen before says {seen.root.hex()}: the log was "
                    "written anew",
                )
            )

    def finish(self, checkpoint: Checkpoint, frontier: Frontier) -> None:
        if frontier.size != checkpoint.size:
            self.add(
                Violation(
                    Reason.PROOF_INVALID,
                    f"expected {checkpoint.size} leaves for the checkpoint, got {frontier.size}",
                )
            )
        elif frontier.root() != checkpoint.root:
            self.add(
                Violation(
                    Reason.PROOF_INVALID,
                    f"the {checkpoint.size} leaves have the root {frontier.root().hex()}, the "
                    f"signed checkpoint says {checkpoint.root.hex()}: this is not the log that "
                    "was signed",
                )
            )
        if self.folding and self.unopened and _has_lost_its_rights(self.auditor, self.directory):
            self.add(
                Violation(
                    Reason.ENTRY_MISMATCH,
                    f"entry {self.unopened[0]}: it was withheld, and so were the policy or the "
                    "enrolment that let this auditor in, which are open to everyone",
                    self.unopened[0],
                )
            )
        if self.folding and self.unopened and _may_audit_everything(self.auditor, self.directory):
            for index in self.unopened:
                self.add(
                    Violation(
                        Reason.ENTRY_MISMATCH,
                        f"entry {index}: the policy opens it to this auditor, and it was withheld",
                        index,
                    )
                )

    def report(self, checkpoint: Checkpoint, seconds: float) -> AuditReport:
        return AuditReport(
            origin=checkpoint.origin,
            tree_size=checkpoint.size,
            root=checkpoint.root,
            scope=Scope.PARTIAL if self.unopened else Scope.COMPLETE,
            opened=self.opened,
            exchanges=len(self.replay.exchanges),
            agencies=len(self.directory.agencies),
            by_event=dict(sorted(self.by_event.items())),
            by_kind=dict(sorted(self.by_kind.items())),
            last_time=self.last_time,
            seconds=seconds,
            violations=tuple(sorted(self.violations, key=_place)),
        )


def _place(violation: Violation) -> tuple[bool, int]:
    return violation.index is None, violation.index or 0


def _has_lost_its_rights(auditor: Member | None, directory: Directory) -> bool:
    """Whether what lets an auditor in is not in the directory that the hub opened to it.

    Directory statements are open to everyone; a hub could blind an auditor by withholding them.
    """
    return (
        auditor is not None
        and auditor.role is Role.AUDITOR
        and (directory.policy is None or auditor.agency not in directory.agencies)
    )


def _may_audit_everything(auditor: Member | None, directory: Directory) -> bool:
    """Whether the policy in force opens every exchange to this auditor."""
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
