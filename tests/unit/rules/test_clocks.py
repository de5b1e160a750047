"""Overdue and late follow from a due time, a state and a moment; no clock is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.rows import OWES
from exchange_protocol.rules.clocks import is_late, is_overdue, next_due

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
BEFORE, AFTER = NOON - timedelta(microseconds=1), NOON + timedelta(microseconds=1)


@pytest.mark.parametrize("state", LegState)
def test_a_leg_is_overdue_after_its_time_while_it_owes_an_answer(state: LegState) -> None:
    assert is_overdue(NOON, state, AFTER) == (state in OWES)
    assert not is_overdue(NOON, state, NOON)
    assert not is_overdue(NOON, state, BEFORE)
    assert not is_overdue(None, state, AFTER)


@pytest.mark.parametrize("after", LegState)
def test_only_an_answer_a_refusal_or_a_freeze_is_late(after: LegState) -> None:
    answers = {LegState.ANSWERED, LegState.REFUSED, LegState.FROZEN}
    assert is_late(NOON, LegState.ACKNOWLEDGED, after, AFTER) == (after in answers)
    assert not is_late(NOON, LegState.ACKNOWLEDGED, after, BEFORE)
    assert not is_late(NOON, None, after, AFTER)
    assert not is_late(NOON, LegState.FROZEN, after, AFTER), "the end of a freeze is no answer"


def test_the_next_due_time_is_the_earliest_that_is_still_owed() -> None:
    open_leg, ended = LegState.DELIVERED, LegState.ANSWERED
    legs = [(AFTER, open_leg), (NOON, open_leg), (BEFORE, ended), (None, open_leg)]
    assert next_due(legs) == NOON
    assert next_due([(BEFORE, ended), (None, open_leg)]) is None
