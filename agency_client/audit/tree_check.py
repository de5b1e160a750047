"""The tree of an audit: rebuilt of all leaf hashes, and held against every checkpoint in hand.

Such a checkpoint is the one that is audited, the one that was verified before, or one that the
caller has seen. The log must hold the tree of each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from agency_client.audit.findings import Findings
from agency_client.audit.monitor_state import MonitorRound
from agency_client.audit.report import Violation
from agency_client.state.checkpoints import Head
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.merkle import CompactRange

BATCH = 512
"""Leaves hashed into the tree at once."""


class TreeCheck:
    """The tree of one run so far."""

    def __init__(
        self,
        findings: Findings,
        current: MonitorRound,
        now: Head,
        seen: Sequence[Checkpoint],
        hashed: Callable[[int], None],
    ) -> None:
        """Go on from the place of a round; `hashed` is told the leaves that are in the tree."""
        self._findings = findings
        self._reached = current.reached
        self._before = current.before
        self._now = now
        self._seen = seen
        self._hashed = hashed
        self.compact_range = self._reached.compact_range if self._reached else CompactRange()
        self._verified_before = self.compact_range.size
        # The place is of the log that was seen, or the tree would not have had its root.
        met = (*seen, *((self._before,) if self._before else ()))
        later = [each for each in met if each.size > self._verified_before]
        self._to_meet = deque(sorted(later, key=lambda each: each.size))
        self._waiting: list[bytes] = []

    @property
    def size(self) -> int:
        """The number of leaves taken, with those that were verified before."""
        return self.compact_range.size + len(self._waiting)

    def begin(self) -> bool:
        """Compare the checkpoints alone; False if this log cannot be the one of before."""
        if self._before is not None and not self._check_place(self._before):
            return False
        self._check_signed()
        return True

    def take(self, leaf_hash: bytes) -> None:
        """Take the next leaf; the tree is hashed in batches, and where a checkpoint is met."""
        self._waiting.append(leaf_hash)
        is_met = bool(self._to_meet) and self.size == self._to_meet[0].size
        if len(self._waiting) < BATCH and not is_met:
            return
        self._hash()
        while self._to_meet and self.size == self._to_meet[0].size:
            met = self._to_meet.popleft()
            if isinstance(met, Head):
                self._check_before(met)
            else:
                self._check_seen(met)
        self._hashed(self.size)

    def finish(self) -> None:
        """Compare the tree of all leaves with the checkpoint that is audited."""
        self._hash()
        self._hashed(self.size)
        checkpoint, found = self._now.checkpoint, self.compact_range
        if found.size != checkpoint.size:
            self._findings.add(
                Violation(
                    Reason.PROOF_INVALID,
                    f"expected {checkpoint.size} leaves for the checkpoint, got {found.size}",
                    ground=self._findings.of_source,
                )
            )
        elif found.root() != checkpoint.root:
            what = (
                f"the {checkpoint.size} leaves have the root {found.root().hex()}, the signed "
                f"checkpoint says {checkpoint.root.hex()}: this is not the log that was "
                f"signed{self._since_place()}"
            )
            if self._reached is not None and self._reached.head.size:
                self._findings.convict(Reason.PROOF_INVALID, what, self._reached.head, self._now)
            else:
                self._findings.add(
                    Violation(Reason.PROOF_INVALID, what, ground=self._findings.of_source)
                )
        else:
            self._findings.tree_is_signed = True

    def _hash(self) -> None:
        self.compact_range = self.compact_range.append_many(self._waiting).after
        self._waiting = []

    def _check_place(self, held: Head) -> bool:
        """True if the log can be one that extends what was verified before."""
        kept, now = held.checkpoint, self._now.checkpoint
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
        self._findings.convict(
            reason,
            f"{kept.size} entries with the root {kept.root.hex()} were verified before, the "
            f"checkpoint now says {now.size} with the root {now.root.hex()}: {what}",
            held,
            self._now,
        )
        return False

    def _check_signed(self) -> None:
        """Two signatures over two trees of one size convict by themselves."""
        checkpoint = self._now.checkpoint
        for each in self._seen:
            if each.size == checkpoint.size and each.root != checkpoint.root:
                self._findings.add_split_view(
                    Violation(
                        Reason.CHECKPOINT_SPLIT_VIEW,
                        f"two checkpoints of {each.size} entries are signed, with the roots "
                        f"{each.root.hex()} and {checkpoint.root.hex()}: the log was written anew",
                    )
                )

    def _check_before(self, before: Head) -> None:
        """The first leaves have the root that was verified before, where they are read anew."""
        root = self.compact_range.root()
        if root != before.checkpoint.root:
            self._findings.convict(
                Reason.CHECKPOINT_SPLIT_VIEW,
                f"the first {before.size} leaves have the root {root.hex()}, "
                f"{before.checkpoint.root.hex()} was verified before: the log was written anew",
                before,
                self._now,
            )

    def _check_seen(self, seen: Checkpoint) -> None:
        """The first leaves have the root of a checkpoint that was seen before."""
        root = self.compact_range.root()
        if root != seen.root:
            self._findings.add(
                Violation(
                    Reason.CHECKPOINT_SPLIT_VIEW,
                    f"the first {seen.size} leaves have the root {root.hex()}, the checkpoint that "
                    f"was seen before says {seen.root.hex()}: the log was written anew",
                )
            )

    def _since_place(self) -> str:
        if not self._verified_before:
            return ""
        return f", or it does not extend the {self._verified_before} entries verified before"
