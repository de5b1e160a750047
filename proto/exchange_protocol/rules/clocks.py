"""Clocks: the questions about time, asked the same way by lists, clients and auditors.

A leg's due time is `Leg.due_at`: the initiator sets it, an extension moves it, and while a freeze
stands it is the time when the freeze expires. "Overdue" is no state of a leg; it follows from the
due time, the state and the moment of the question.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.spec import OWES


def is_overdue(due_at: datetime | None, state: LegState, at: datetime) -> bool:
    """True if a leg in this state still owes what was due, at a time after that."""
    return due_at is not None and due_at < at and state in OWES


def is_late(
    due_at: datetime | None, before: LegState | None, after: LegState, at: datetime
) -> bool:
    """True if a change at that time ended what was due before it."""
    return before is not None and is_overdue(due_at, before, at) and after in _ANSWERS


def next_due(legs: Iterable[tuple[datetime | None, LegState]]) -> datetime | None:
    """The earliest due time of legs that still owe an answer; None if there is none."""
    return min(
        (due_at for due_at, state in legs if due_at is not None and state in OWES),
        default=None,
    )


_ANSWERS = frozenset({LegState.ANSWERED, LegState.REFUSED})
