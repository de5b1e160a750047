"""An urgent freeze, from the request to its end: four eyes, time limits, and every refusal."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agency_client import Sent
from exchange_protocol.errors import ExchangeError, Reason
from tests.scenarios.conftest import Region
from tests.support.clocks import let_pass, shortly
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR, COORDINATORS
from tests.support.refusals import refused

BRIEF = "Заморозить счёт (вымышлено)"


def ask(region: Region) -> str:
    sent = region["kz.mia"].request_freeze(to=["uz.fiu"], brief=BRIEF)
    assert isinstance(sent, Sent)
    return sent.exchange_id


def frozen(region: Region, due: timedelta) -> str:
    """A freeze that stands until then."""
    exchange = ask(region)
    region.approve(exchange, *COORDINATORS)
    uz = region["uz.fiu"]
    uz.open(exchange)
    uz.impose_freeze(exchange, due=due, amount=5_000_000, currency="KZT", note="Введено")
    return exchange


def test_a_freeze_is_released_by_four_eyes_imposed_extended_and_converted(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    exchange = ask(region)
    first, second = COORDINATORS
    region.approve(exchange, first)
    assert region.state(exchange, "uz.fiu", "kz.mia") == "HELD"
    assert region.refusal(region[first].approve, exchange) is Reason.ALREADY_DECIDED
    region.approve(exchange, second)
    uz.open(exchange)
    uz.acknowledge(exchange)
    # Nothing stands yet, so nothing can be extended, lifted or converted.
    assert region.refusal(uz.extend_freeze, exchange, due="9d") is Reason.OUT_OF_ORDER
    assert region.refusal(uz.lift_freeze, exchange) is Reason.OUT_OF_ORDER
    assert region.refusal(mia.ask_to_lift, exchange, reason="x") is Reason.OUT_OF_ORDER
    # An answer of another kind is none.
    assert region.refusal(uz.reply, exchange, brief="x") is Reason.OUT_OF_ORDER
    half = region.refusal(uz.impose_freeze, exchange, due="5d", amount=5)
    assert half is Reason.MISSING_FIELD
    uz.impose_freeze(exchange, due="5d", amount=5_000_000, currency="KZT")
    assert region.state(exchange, "uz.fiu", "kz.mia") == "FROZEN"
    # A freeze that stands is not recalled: the initiator asks for its lift.
    assert region.refusal(mia.recall, exchange) is Reason.OUT_OF_ORDER
    assert region.refusal(uz.extend_freeze, exchange, due="4d") is Reason.DUE_TIME_NOT_LATER
    assert region.refusal(uz.record_expiry, exchange) is Reason.NOT_YET_DUE
    assert region.refusal(mia.record_expiry, exchange) is Reason.NOT_YET_DUE
    # The initiator tells nothing else of a freeze.
    assert region.refusal(mia.lift_freeze, exchange) is Reason.OUT_OF_ORDER
    uz.extend_freeze(exchange, due="9d")
    [leg] = mia.open(exchange).legs
    assert leg.due_at is not None
    assert leg.due_at > datetime.now(UTC) + timedelta(days=8)
    uz.convert_freeze(exchange, "court-order", amount=4_900_000, currency="KZT")
    mia.feedback(exchange, 3, uses=["CONFISCATION"])
    mia.close_exchange(exchange)
    told = [each.kind.value for each in mia.open(exchange).statements]
    assert told.count("freeze_status") == 3
    assert "status of a freeze" in region.replay(capsys)


def test_a_freeze_is_imposed_in_part_and_its_worth_is_told_by_the_feedback(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    exchange = ask(region)
    region.approve(exchange, *COORDINATORS)
    uz.open(exchange)
    held: dict[str, Any] = {"amount": 3_000_000, "currency": "KZT"}
    uz.impose_freeze_partly(exchange, "less-found", due="5d", explanation="Остаток меньше", **held)
    assert region.state(exchange, "uz.fiu", "kz.mia") == "FROZEN"
    [_, told] = mia.open(exchange).statements[-2:]
    assert told.brief is not None
    assert told.brief.summary.startswith("Freeze partly imposed: less was there than was asked for")
    # What stands in part goes on as any freeze.
    assert region.refusal(uz.impose_freeze, exchange, due="9d") is Reason.OUT_OF_ORDER
    uz.extend_freeze(exchange, due="9d")
    uz.convert_freeze(exchange, "court-order", **held)
    # A worth without what it is of, or of two results at once, could not be counted.
    for uses in ([], ["CHARGE"], ["FREEZE", "CONFISCATION"]):
        refused_for = region.refusal(mia.feedback, exchange, 3, uses=uses, **held)
        assert refused_for is Reason.INVALID_FIELD
    half = region.refusal(mia.feedback, exchange, 3, uses=["FREEZE"], amount=5)
    assert half is Reason.MISSING_FIELD
    mia.feedback(exchange, 3, uses=["FREEZE", "NEW_CASE"], **held)
    mia.feedback(exchange, 3, uses=["CONFISCATION"], amount=2_500_000, currency="KZT")
    region.replay(capsys)
    code, out, err = run(
        capsys, *as_member(region.town, AUDITOR), "--json", "report", "statistics", "--by", "kind"
    )
    assert code == 0, err
    amounts = json.loads(out)["tables"]["amounts"]
    assert "FeedbackUse.CONFISCATION" in str(amounts)
    assert "FreezeOutcome.PARTLY_IMPOSED" in str(amounts)


def test_a_freeze_without_an_amount_says_so_in_words_and_only_after_it_was_opened(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange = ask(region)
    region.approve(exchange, *COORDINATORS)
    uz = region["uz.fiu"]
    with pytest.raises(ExchangeError, match="Open the exchange first") as early:
        uz.impose_freeze(exchange, due="5d")
    assert early.value.reason is Reason.OUT_OF_ORDER
    uz.open(exchange)
    uz.impose_freeze(exchange, due="5d")
    uz.convert_freeze(exchange, "court-order")
    briefs = [each.brief for each in region["kz.mia"].open(exchange).statements]
    said = [brief.summary for brief in briefs if brief is not None]
    assert "Freeze imposed" in said
    assert "Freeze converted: court order" in said
    assert "status of a freeze" in region.replay(capsys)


def test_a_freeze_is_lifted_when_the_initiator_asks_and_the_first_of_two_counts(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    exchange = frozen(region, timedelta(days=5))
    seen = uz.open(exchange)
    mia.ask_to_lift(exchange, reason="Дело прекращено (вымышлено)")
    assert region.state(exchange, "uz.fiu", "uz.fiu") == "FROZEN"
    uz.lift_freeze(exchange)
    assert region.refusal(uz.extend_freeze, seen, due="9d") is Reason.OUT_OF_ORDER
    assert region.state(exchange, "uz.fiu", "kz.mia") == "ANSWERED"
    region.replay(capsys)


def test_who_extends_what_it_was_asked_to_lift_says_why(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    exchange = frozen(region, timedelta(days=5))
    uz.extend_freeze(exchange, due="6d")
    mia.ask_to_lift(exchange, reason="Дело прекращено (вымышлено)")
    error = refused(uz.extend_freeze, exchange, due="7d")
    assert error.reason is Reason.EXPLANATION_MISSING
    assert "Say why" in str(error)
    uz.extend_freeze(exchange, due="7d", note="Ходатайство в суде (вымышлено)")
    # It is answered: what follows needs no words.
    uz.extend_freeze(exchange, due="8d")
    region.replay(capsys)


def test_a_freeze_that_expired_is_extended_no_more_and_either_side_records_it(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    exchange = ask(region)
    region.approve(exchange, *COORDINATORS)
    uz.open(exchange)
    end = shortly()
    uz.impose_freeze(exchange, due=end, amount=5_000_000, currency="KZT", note="Введено")
    let_pass(end)
    assert region.refusal(uz.extend_freeze, exchange, due="9d") is Reason.TIME_IS_OVER
    mia.record_expiry(exchange)
    assert region.state(exchange, "uz.fiu", "uz.fiu") == "ANSWERED"
    assert region.refusal(uz.record_expiry, exchange) is Reason.OUT_OF_ORDER
    region.replay(capsys)


def test_a_freeze_is_not_imposed_for_a_reason_or_refused_on_a_ground(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    nowhere = region.refusal(mia.request_freeze, to=["caricc"], brief=BRIEF)
    assert nowhere is Reason.POLICY_DENIED
    for decline in (True, False):
        exchange = ask(region)
        region.approve(exchange, *COORDINATORS)
        uz.open(exchange)
        if decline:
            uz.decline_freeze(exchange, "asset-moved", explanation="Средства выведены (вымышлено)")
            assert region.state(exchange, "uz.fiu", "kz.mia") == "ANSWERED"
        else:
            uz.refuse(exchange, "contrary-to-law", explanation="Нет основания (вымышлено)")
            assert region.state(exchange, "uz.fiu", "kz.mia") == "REFUSED"
        mia.close_exchange(exchange)
    region.replay(capsys)


def test_assets_are_traced_and_the_findings_have_sorts_and_a_worth(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    sent = mia.request_asset_trace(to=["kz.fma"], brief="Найти активы (вымышлено)")
    assert isinstance(sent, Sent)
    fma.open(sent.exchange_id)
    half = region.refusal(fma.report_findings, sent.exchange_id, "found", currency="USD")
    assert half is Reason.MISSING_FIELD
    fma.report_findings(
        sent.exchange_id, "found", assets=["account", "vehicle"], amount=70_000, currency="USD"
    )
    told = mia.open(sent.exchange_id).statements[-1].statement.body
    assert "70000" in str(told)
    region.replay(capsys)


def test_a_freeze_keeps_the_time_limit_that_is_published_for_its_country(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    operator, uz = region["caricc/operator/ops1"], region["uz.fiu"]
    publish = operator.publish_time_limit
    assert region.refusal(publish, "FREEZE") is Reason.TIME_LIMIT_INVALID
    assert region.refusal(publish, "FREEZE", "XX", hours=24) is Reason.INVALID_FIELD
    assert region.refusal(publish, "FREEZE", "DE", hours=24) is Reason.COUNTRY_UNKNOWN
    by_member = region.refusal(uz.publish_time_limit, "FREEZE", hours=24)
    assert by_member is Reason.ROLE_NOT_PERMITTED
    publish("FREEZE", hours=24)
    publish("FREEZE", "UZ", days=10)
    exchange = ask(region)
    region.approve(exchange, *COORDINATORS)
    uz.open(exchange)
    assert region.refusal(uz.impose_freeze, exchange, due="11d") is Reason.TIME_LIMIT_EXCEEDED
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    named = refused(uz.impose_freeze, exchange, due=day)
    assert named.reason is Reason.TIME_LIMIT_EXCEEDED
    # The day that was given, with its zone, and the limit in the same zone.
    said = re.search(r"at most \S+([+-]\d\d:\d\d), .* got the end of (\S+) \(UTC(.*)\)", str(named))
    assert said is not None
    assert said[1] == said[3]
    assert said[2] == day.isoformat()
    uz.impose_freeze(exchange, due="9d")
    publish("FREEZE", "UZ", hours=48)
    # The limit in force counts; what stood before stands.
    assert region.refusal(uz.extend_freeze, exchange, due="10d") is Reason.TIME_LIMIT_EXCEEDED
    uz.lift_freeze(exchange)
    region.replay(capsys)
