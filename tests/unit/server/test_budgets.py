"""Budgets of denials: what is beyond is counted, and that is said once."""

from __future__ import annotations

from datetime import timedelta

from structlog.testing import capture_logs

from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.budgets import DenialBudget
from tests.support.statements import START

FLOOD, OTHER = AgencyId("kz.mia"), AgencyId("uz.fiu")


def test_flood_of_refusals_is_said_once_however_long_it_lasts() -> None:
    budget = DenialBudget(per_hour=600)
    logged = 0
    with capture_logs() as said:
        # Ten a second for ten minutes: one in six seconds is logged, from the second minute on.
        for tenth in range(6000):
            logged += budget.take(FLOOD, START + timedelta(seconds=tenth / 10))
    assert 600 < logged <= 600 + 100
    assert [line["event"] for line in said] == ["denials_not_logged"]


def test_end_of_a_flood_is_said_with_the_number_of_those_not_logged() -> None:
    budget = DenialBudget(per_hour=600)
    assert sum(budget.take(FLOOD, START) for _ in range(650)) == 600
    # Another agency has its own.
    assert budget.take(OTHER, START)
    with capture_logs() as said:
        assert budget.take(FLOOD, START + timedelta(minutes=30))
        assert budget.take(FLOOD, START + timedelta(minutes=90))
    assert said == [
        {
            "event": "denials_logged_again",
            "log_level": "warning",
            "agency": FLOOD,
            "unlogged": 50,
        }
    ]
    with capture_logs() as said:
        assert sum(budget.take(FLOOD, START + timedelta(minutes=90)) for _ in range(600)) == 599
    assert [line["event"] for line in said] == ["denials_not_logged"]
