"""What people read: time left, payments with both ends, codes in words of three languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agency_client.content.entity import Entity
from agency_client.presentation.entities import PaymentRow, caption, payment_rows
from agency_client.presentation.times import time_left
from agency_client.presentation.words import body_json, body_words
from exchange_protocol.kinds.codes import Language, RefusalGround
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.feedback import Feedback, FeedbackUse

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=2, hours=5), "due in 2 days"),
        (timedelta(hours=1), "due in 1 hour"),
        (timedelta(minutes=59), "due in 59 minutes"),
        (timedelta(seconds=3), "due in less than a minute"),
        (timedelta(hours=-3), "overdue by 3 hours"),
        (timedelta(days=-1), "overdue by 1 day"),
    ],
)
def test_time_left_is_said_in_its_largest_unit(left: timedelta, words: str) -> None:
    assert time_left(NOON + left, NOON) == words


def test_a_payment_shows_who_paid_whom() -> None:
    payer = Entity(id="a", schema="Person", properties={"name": ["Вымышленный А."]})
    payment = Entity(
        id="p",
        schema="Payment",
        properties={
            "date": ["2020-02-05"],
            "amount": ["1000.50"],
            "currency": ["KZT"],
            "payer": ["a"],
            "beneficiary": ["not-here"],
            "purpose": ["loan"],
        },
    )
    assert payment_rows([payment], {"a": payer}) == [
        PaymentRow("2020-02-05", "1000.50 KZT", "Вымышленный А.", "not-here", "loan")
    ]
    assert caption(payment) == "1000.50 · KZT"


def test_codes_are_words_for_people_and_names_for_programs() -> None:
    rejected = Decision(Verdict.REJECT, RefusalGround.NO_DRUG_NEXUS)
    assert body_words(rejected, Language.EN) == ["rejected", "no link to drug crime"]
    assert body_words(rejected, Language.RU) == ["отклонено", "нет связи с наркопреступностью"]
    assert body_words(rejected, Language.KK)[0] == "қабылданбады"
    assert body_json(rejected) == {"verdict": "REJECT", "ground": "NO_DRUG_NEXUS"}
    used = Feedback(2, (FeedbackUse.FREEZE,))
    assert body_words(used, Language.EN) == ["usefulness 2", "freeze"]
    assert body_json(used) == {"usefulness": 2, "uses": ["FREEZE"]}
