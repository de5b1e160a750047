"""The next steps of a leg: what takes it further, and nothing that cannot be said there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.steps import (
    STEPS,
    TURNS,
    LegTurn,
    case_goes_on,
    commands,
    step_of,
    turn_words,
)
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.clocks import Clock, ClockKind
from exchange_protocol.trust.identity import AgencyId

INITIAL = tuple(kind for kind in Kind if kind.stage is Stage.INITIAL)
CONSENTS = {"ask-consent", "consent", "consent-partly", "refuse-consent", "revoke-consent"}


@pytest.mark.parametrize("kind", INITIAL)
def test_no_step_names_a_command_that_nothing_waits_for(kind: Kind) -> None:
    for state, party in TURNS.items():
        if party is not None:
            found = commands(kind, party, state)
            assert not CONSENTS & set(found), (kind, state)
            assert "involve" not in found


def test_who_answers_may_tell_of_an_obstacle() -> None:
    found = commands(Kind.INFORMATION_REQUEST, Party.RECIPIENT, LegState.ACKNOWLEDGED)
    assert "notice" in found
    assert "correct" not in found
    returned = commands(Kind.INFORMATION_REQUEST, Party.INITIATOR, LegState.RETURNED)
    assert {"supplement", "correct"} <= set(returned)


@pytest.mark.parametrize(
    ("is_claimed", "expected"),
    [(False, {"claim"}), (True, {"give-back"}), (None, {"claim", "give-back"})],
)
def test_a_held_leg_is_taken_in_hand_or_given_back(
    is_claimed: bool | None, expected: set[str]
) -> None:
    found = commands(Kind.INFORMATION_REQUEST, Party.APPROVER, LegState.HELD, is_claimed=is_claimed)
    assert {"claim", "give-back"} & set(found) == expected


@pytest.mark.parametrize("kind", INITIAL)
def test_a_step_of_a_kind_is_the_one_of_a_turn(kind: Kind) -> None:
    assert {state for state in kind.spec.steps if TURNS[state] is None} == set()
    for state in STEPS:
        assert step_of(kind, state) is not None


def test_the_lead_of_a_case_that_goes_on_closes_no_more_than_one_leg() -> None:
    goes_on = case_goes_on(Kind.JOINT_CASE, [LegState.LEFT, LegState.JOINED])
    assert goes_on
    assert step_of(Kind.JOINT_CASE, LegState.LEFT, case_goes_on=goes_on) is None
    for state in (LegState.REFUSED, LegState.REJECTED, LegState.RECALLED):
        step = step_of(Kind.JOINT_CASE, state, case_goes_on=goes_on)
        assert step is not None
        assert step.one_leg
    assert not case_goes_on(Kind.JOINT_CASE, [LegState.LEFT, LegState.REFUSED])
    assert not case_goes_on(Kind.INFORMATION_REQUEST, [LegState.ANSWERED, LegState.RELEASED])


def test_a_member_that_an_approver_rejected_is_not_invited_again() -> None:
    step = step_of(Kind.JOINT_CASE, LegState.REJECTED, case_goes_on=True)
    assert step is not None
    assert (step.words, step.one_leg) == (Label.READ_WHY, True)


def test_a_freeze_that_has_ended_is_put_on_record_and_not_extended() -> None:
    kind, state = Kind.URGENT_FREEZE_REQUEST, LegState.FROZEN
    before = set(commands(kind, Party.RECIPIENT, state))
    after = set(commands(kind, Party.RECIPIENT, state, is_over=True))
    assert (before - after, after - before) == ({"freeze-extend"}, {"freeze-expired"})
    step = step_of(kind, state, is_over=True)
    assert step is not None
    assert step.words is Label.RECORD_EXPIRY


def test_the_end_of_a_freeze_is_owed_by_nobody() -> None:
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    at = now - timedelta(hours=2)
    assert Locale().due(at, None, now, is_overdue=True).endswith("overdue by 2 h")
    assert Locale().due(at, None, now, is_overdue=True, is_end=True).endswith("ended 2 h ago")


def test_of_several_legs_the_earliest_time_is_told() -> None:
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    late, soon = now + timedelta(days=20), now + timedelta(days=2)

    def words(*legs: LegTurn) -> str:
        kind, me = Kind.INFORMATION_REQUEST, AgencyId("kz.mia")
        return turn_words(kind, legs, me, Party.INITIATOR, me, Locale(), now)

    def held(agency: str, at: datetime) -> LegTurn:
        clock = Clock(ClockKind.DECISION, Party.APPROVER, now, at)
        return LegTurn(AgencyId(agency), LegState.HELD, clocks=(clock,))

    first = words(held("uz.fiu", late), held("kg.mia", soon))
    assert first == words(held("kg.mia", soon), held("uz.fiu", late))
    assert "due in 2 days" in first
    assert "due in 20 days" not in first
    # A leg on which no time runs hides none that does.
    timeless = LegTurn(AgencyId("tj.dca"), LegState.HELD)
    assert words(timeless, held("kg.mia", soon)) == words(held("kg.mia", soon), timeless)
    assert "due in 2 days" in words(timeless, held("kg.mia", soon))
