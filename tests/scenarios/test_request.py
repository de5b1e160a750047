"""A request for information: held, returned, supplemented, answered in parts, refused, closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agency_client import ReplyDocument
from exchange_protocol.errors import Reason
from tests.scenarios.conftest import Region
from tests.support.asking import REQUEST, new_exchange
from tests.support.deployment import COORDINATORS

BRIEF = "Вымышлено"
FINDINGS = ReplyDocument(text="Сведения (вымышлено)")
COORDINATOR = COORDINATORS[0]


def test_a_request_is_returned_supplemented_answered_in_parts_and_closed(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz, fma = region["kz.mia"], region["uz.fiu"], region["kz.fma"]
    exchange = new_exchange(mia, "uz.fiu", due=timedelta(days=9))
    assert region.refusal(mia.approve, exchange) is Reason.OWN_REQUEST
    assert region.refusal(uz.open, exchange) is Reason.EXCHANGE_UNKNOWN
    region[COORDINATOR].return_to_author(exchange, question="Связь с преступлением (вымышлено)")
    assert region.state(exchange, "uz.fiu", "kz.mia") == "RETURNED"
    assert region.refusal(region[COORDINATOR].approve, exchange) is Reason.OUT_OF_ORDER
    mia.supplement(exchange, brief="Дополнено (вымышлено)")
    region.approve(exchange, COORDINATOR)
    # Nobody else is shown it, and nobody decides twice.
    assert region.refusal(fma.open, exchange) is Reason.EXCHANGE_UNKNOWN
    assert region.refusal(region[COORDINATOR].approve, exchange) is Reason.OUT_OF_ORDER
    assert region.refusal(mia.feedback, exchange, 3) is Reason.OUT_OF_ORDER
    uz.open(exchange)
    uz.acknowledge(exchange)
    assert region.refusal(uz.acknowledge, exchange) is Reason.OUT_OF_ORDER
    assert region.refusal(mia.reply, exchange, brief=BRIEF) is Reason.NOT_A_PARTY
    uz.interim_reply(exchange, brief="Промежуточный (вымышлено)", document=FINDINGS)
    earlier = region.refusal(
        uz.extend_deadline, exchange, "VOLUME", explanation=BRIEF, due=timedelta(days=2)
    )
    assert earlier is Reason.DUE_TIME_NOT_LATER
    uz.extend_deadline(exchange, "VOLUME", explanation="Объём (вымышлено)", due=timedelta(days=30))
    uz.partial_reply(exchange, brief="Часть (вымышлено)", document=FINDINGS)
    uz.reply(exchange, brief="Ответ (вымышлено)", document=FINDINGS)
    assert region.refusal(uz.reply, exchange, brief=BRIEF) is Reason.OUT_OF_ORDER
    assert region.refusal(mia.recall, exchange) is Reason.OUT_OF_ORDER
    mia.feedback(exchange, 3, uses=["NEW_CASE"])
    mia.close_exchange(exchange)
    assert region.refusal(mia.close_exchange, exchange) is Reason.OUT_OF_ORDER
    late = region.refusal(mia.supplement, exchange, brief=BRIEF)
    assert late is Reason.OUT_OF_ORDER
    assert "partial reply" in region.replay(capsys)


def test_a_request_is_returned_for_information_before_it_is_refused_as_insufficient(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, gpo = region["kz.mia"], region["kz.fma"], region["kz.gpo"]
    exchange = new_exchange(mia, "kz.fma")
    fma.open(exchange)
    first = region.refusal(fma.refuse, exchange, "INSUFFICIENT_REQUEST", explanation=BRIEF)
    assert first is Reason.RETURN_FIRST
    fma.return_for_information(exchange, question="Какой период? (вымышлено)")
    assert region.refusal(fma.reply, exchange, brief=BRIEF) is Reason.OUT_OF_ORDER
    mia.supplement(exchange, brief="Дополнено (вымышлено)")
    fma.open(exchange)
    gpo.ask_for_explanation(exchange, "kz.mia", comment="Просим пояснить (вымышлено)")
    fma.refuse(exchange, "INSUFFICIENT_REQUEST", explanation="Период не указан (вымышлено)")
    assert region.state(exchange, "kz.fma", "kz.mia") == "REFUSED"
    mia.close_exchange(exchange)
    region.replay(capsys)


def test_a_request_that_the_gate_rejects_never_reaches_its_recipient(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    itself = region.refusal(mia.request_information, to=["kz.mia"], brief=BRIEF, request=REQUEST)
    assert itself is Reason.OWN_AGENCY_ADDRESSED
    exchange = new_exchange(mia, "uz.fiu")
    reject = region[COORDINATOR].reject
    silent = region.refusal(reject, exchange, "NO_DRUG_NEXUS", explanation=" ")
    assert silent is Reason.EXPLANATION_MISSING
    alone = region.refusal(reject, exchange, "FISCAL_MATTER", explanation=BRIEF)
    assert alone is Reason.GROUND_NEVER_ALONE
    reject(exchange, "NO_DRUG_NEXUS", explanation="Связи нет (вымышлено)")
    assert region.state(exchange, "uz.fiu", "kz.mia") == "REJECTED"
    assert region.refusal(uz.open, exchange) is Reason.EXCHANGE_UNKNOWN
    late = region.refusal(mia.supplement, exchange, brief=BRIEF)
    assert late is Reason.OUT_OF_ORDER
    region.replay(capsys)
