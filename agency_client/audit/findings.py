"""The findings of one run of an audit, and the question whom each of them can accuse."""

from __future__ import annotations

from agency_client.audit.monitor_state import MonitorRound
from agency_client.audit.report import Ground, Violation
from agency_client.state.checkpoints import Head
from exchange_protocol.errors import Reason

MAX_VIOLATIONS = 20
"""Violations kept; one is enough to convict, a few show how far the damage goes."""


class Findings:
    """The violations that one run has found so far."""

    def __init__(self, current: MonitorRound, *, is_copy: bool) -> None:
        """Begin without any; evidence is kept beside the place of the round."""
        self.violations: list[Violation] = []
        self.tree_is_signed = False
        """True once the tree of all leaves has the signed root: then its entries can convict."""
        self._round = current
        self._is_copy = is_copy
        self._split_view: Violation | None = None

    @property
    def of_source(self) -> Ground:
        """The ground of what a source gives otherwise than the log has it."""
        return Ground.COPY if self._is_copy else Ground.SIGNED

    def add(self, violation: Violation) -> None:
        """Keep a violation, unless there are many like it."""
        # Faults of a copy must not crowd out what convicts.
        alike = sum(each.ground is violation.ground for each in self.violations)
        if alike < MAX_VIOLATIONS:
            self.violations.append(violation)

    def add_split_view(self, violation: Violation) -> None:
        """Keep that two trees of one size are signed, which convicts whatever a copy holds."""
        self._split_view = violation

    def convict(self, reason: Reason, what: str, held: Head, got: Head) -> None:
        """Keep a violation that two signed checkpoints show, and keep their notes for others."""
        notes = (held.note, got.note)
        path = self._round.keep_evidence(reason, *notes)
        said = f"{what}. Both signed checkpoints are kept in {path}" if path else what
        self.add(Violation(reason, said, notes=notes, kept_in=path))

    def sorted_out(self) -> tuple[tuple[Violation, ...], tuple[Violation, ...]]:
        """The violations, and the faults of a copy, each in log order.

        A copy convicts by what the hub signed: by entries, if their tree has the signed root. So
        does a bad signature of an author, for its entry names it: the hub accepted this very one.
        """
        found = sorted(self.violations, key=_where)
        if not self._is_copy:
            return tuple(found), ()
        shown = set(Ground) - {Ground.COPY} if self.tree_is_signed else set()
        violations = [each for each in found if each.ground in shown]
        if self._split_view is not None:
            violations.append(self._split_view)
        return tuple(violations), tuple(each for each in found if each.ground not in shown)


def _where(violation: Violation) -> tuple[bool, int]:
    return violation.index is None, violation.index or 0
