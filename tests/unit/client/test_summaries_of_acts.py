"""The summary that a program writes into a brief: words for codes, names for numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from agency_client.core.acts import ACTS, summary_of
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import Currency, Purpose
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentOutcome
from exchange_protocol.kinds.feedback import Feedback, FeedbackUse
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus

ASKED = bytes(range(32))


@pytest.mark.parametrize(
    ("act", "body", "expected"),
    [
        (
            "impose_freeze",
            FreezeStatus(FreezeOutcome.IMPOSED, amount=48_000_000, currency=Currency.UZS),
            "Freeze imposed: amount 48,000,000 UZS",
        ),
        (
            "feedback",
            Feedback(3, (FeedbackUse.FREEZE,), amount=1_250, currency=Currency.KZT),
            "Feedback given: usefulness 3, freeze, amount 1,250 KZT",
        ),
        (
            "grant_consent",
            ConsentDecision(
                ASKED,
                ConsentOutcome.GRANTED,
                expires_at=datetime(2026, 12, 1, 18, 59, 59, tzinfo=UTC),
                expires_on=date(2026, 12, 1),
            ),
            f"Consented: {ASKED.hex()}, 2026-12-01",
        ),
        (
            "grant_consent_partly",
            ConsentDecision(
                ASKED,
                ConsentOutcome.PARTLY,
                expires_at=datetime(2026, 12, 1, 8, 30, tzinfo=UTC),
                purpose=Purpose.INTELLIGENCE,
            ),
            f"Consented in part: {ASKED.hex()}, 2026-12-01 08:30 UTC, intelligence",
        ),
    ],
)
def test_a_summary_names_its_numbers(act: str, body: Body, expected: str) -> None:
    kind_and_act: Any = ACTS[act]
    assert summary_of(kind_and_act[1], body, kind_and_act[1].codes) == expected
