"""Corrections, reminders, claims, recalls, erasures, notices, tests: each with its refusals."""

from __future__ import annotations

import json

import pytest

from agency_client import Conflict, Sent
from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import AgencyId
from tests.scenarios.conftest import Region
from tests.support.asking import new_exchange
from tests.support.clocks import let_pass, shortly
from tests.support.commands import as_member, run
from tests.support.deployment import COORDINATORS
from tests.support.foundation import Foundation

DOMESTIC, ABROAD = "kz.fma", "uz.fiu"


def initial_digest(region: Region, exchange: str, by: str = "kz.mia") -> bytes:
    return region[by].open(exchange).statements[0].statement.digest


def test_a_request_is_corrected_through_the_gate_and_an_answer_at_once(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    exchange = new_exchange(mia, ABROAD)
    wrong = initial_digest(region, exchange)
    region.approve(exchange, COORDINATORS[0])
    reading = uz.open(exchange)
    assert region.state(exchange, ABROAD, "kz.mia") == "DELIVERED"
    # What a recipient holds is called back first, or it would be replaced unseen.
    right = "Верное лицо (вымышлено)"
    with pytest.raises(Conflict, match="First let the other side wait: say announce_corr"):
        mia.correct(exchange, wrong, "wrong-identity", brief=right)
    mia.announce_correction(exchange, "wrong-identity")
    late = region.refusal(uz.reply, reading, brief="Ответ")
    assert late is Reason.OUT_OF_ORDER
    unknown = region.refusal(mia.correct, exchange, bytes(32), "wrong-identity", brief=right)
    assert unknown is Reason.STATEMENT_UNKNOWN
    no_digest = region.refusal(mia.correct, exchange, "beef", "wrong-identity", brief=right)
    assert no_digest is Reason.INVALID_FIELD
    mia.correct(exchange, wrong.hex(), "wrong-identity", brief=right)
    # New content passes the gate anew; meanwhile the recipient sees the announcement alone.
    assert region.state(exchange, ABROAD, "kz.mia") == "HELD"
    told = [each.kind.value for each in uz.open(exchange).statements]
    assert told[-1] == "announce_correction"
    region.approve(exchange, COORDINATORS[1])
    told = [each.kind.value for each in uz.open(exchange).statements]
    assert "correct" in told
    uz.reply(exchange, brief="Ответ (вымышлено)")
    [answer] = [
        each.statement.digest for each in uz.open(exchange).statements if each.kind.value == "reply"
    ]
    theirs = region.refusal(uz.correct, exchange, wrong, "wrong-fact", brief="Не моё")
    assert theirs is Reason.STATEMENT_UNKNOWN
    uz.correct(exchange, answer, "wrong-fact", brief="Исправленный ответ (вымышлено)")
    [*_, last] = mia.open(exchange).statements
    assert last.statement.body.about == answer  # type: ignore[attr-defined] # of Correct alone
    assert last.brief is not None
    after = region.refusal(mia.announce_correction, exchange, "wrong-fact")
    assert after is Reason.OUT_OF_ORDER
    region.replay(capsys)


def test_an_answer_about_the_wrong_person_is_corrected_after_the_exchange_is_closed(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others may act on an answer for years: whoever reads it is told, and may ask for more."""
    mia, fma = region["kz.mia"], region["kz.fma"]
    police = as_member(region.town, "kz.mia/system")

    def listed() -> list[list[str]]:
        code, out, err = run(capsys, *police, "--json", "todo")
        assert code == 0, err
        found = json.loads(out)["todo"]
        return [each["commands"] for each in found if each["exchange_id"] == exchange]

    exchange = new_exchange(mia)
    fma.open(exchange)
    fma.reply(exchange, brief="Счёт Асана (вымышлено)")
    answer = fma.open(exchange).statements[-1].statement.digest
    code, _, err = run(capsys, *police, "show", exchange)
    assert code == 0, err
    mia.close_exchange(exchange)
    assert listed() == []
    right = "Это счёт другого лица (вымышлено)"
    fma.correct(exchange, answer, "wrong-identity", brief=right)
    assert region.state(exchange, DOMESTIC, "kz.fma") == "CLOSED"
    assert listed() == [["show"]]
    *_, wrong, _, last = mia.open(exchange).statements
    assert wrong.superseded_by == last.statement.digest
    assert last.brief is not None
    assert last.brief.summary == right
    # The prosecutor, who read the answer, reads its correction.
    [*_, copy] = region["kz.gpo"].open(exchange).statements
    assert copy.brief is not None
    assert copy.brief.summary == right
    # The request is over: its author corrects nothing any more.
    own = initial_digest(region, exchange)
    late = region.refusal(mia.correct, exchange, own, "wrong-fact", brief=right)
    assert late is Reason.OUT_OF_ORDER
    mia.erase(exchange, "retention-ended")
    gone = region.refusal(fma.correct, exchange, answer, "wrong-fact", brief=right)
    assert gone is Reason.OUT_OF_ORDER
    region.replay(capsys)


def test_the_status_of_a_freeze_is_corrected_while_it_stands(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    sent = mia.request_freeze(to=[DOMESTIC], brief="Заморозить (вымышлено)")
    assert isinstance(sent, Sent)
    exchange = sent.exchange_id
    fma.open(exchange)
    fma.impose_freeze(exchange, due="5d", amount=1000, currency="KZT")
    status = fma.open(exchange).statements[-1].statement.digest
    mia.ask_to_lift(exchange, reason="Ошибка (вымышлено)")
    fma.correct(exchange, status, "wrong-fact", brief="Не 1000, а 10 000 тенге (вымышлено)")
    # The request to lift waits for its answer as before.
    assert region.state(exchange, DOMESTIC, "kz.fma") == "FROZEN"
    missing = region.refusal(fma.extend_freeze, exchange, due="6d")
    assert missing is Reason.EXPLANATION_MISSING
    fma.lift_freeze(exchange)
    told = {each.statement.digest: each for each in mia.open(exchange).statements}
    assert told[status].superseded_by is not None
    region.replay(capsys)


def test_a_held_request_is_corrected_and_approvals_of_before_lapse(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia = region["kz.mia"]
    exchange = new_exchange(mia, ABROAD, handling="H2")
    region.approve(exchange, COORDINATORS[0])
    wrong = initial_digest(region, exchange)
    mia.correct(exchange, wrong, "incomplete", brief="Полный запрос (вымышлено)", handling="H2")
    [leg] = mia.open(exchange).legs
    assert leg.approvals == ()
    region.approve(exchange, *COORDINATORS)
    assert region.state(exchange, ABROAD, "kz.mia") == "RELEASED"
    region.replay(capsys)


def test_a_missed_deadline_is_on_the_log(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    endless = new_exchange(mia, DOMESTIC)
    assert region.refusal(mia.remind, endless) is Reason.NOT_YET_DUE
    due = shortly()
    exchange = new_exchange(mia, DOMESTIC, due=due)
    assert region.refusal(mia.remind, exchange) is Reason.NOT_YET_DUE
    let_pass(due)
    mia.remind(exchange)
    # The leg was RELEASED: the request was not even fetched by its due time.
    assert region.state(exchange, DOMESTIC, "kz.mia") == "RELEASED"
    fma.open(exchange)
    mia.remind(exchange, note="Второе напоминание (вымышлено)")
    fma.reply(exchange, brief="Поздний ответ (вымышлено)")
    assert region.refusal(mia.remind, exchange) is Reason.OUT_OF_ORDER
    assert "reminder" in region.replay(capsys)


def test_a_claim_is_seen_taken_once_given_back_and_binds_nobody(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia = region["kz.mia"]
    first, second = COORDINATORS
    exchange = new_exchange(mia, ABROAD)
    assert region.refusal(region[first].give_back, exchange) is Reason.NOT_CLAIMED
    region[first].claim(exchange)
    [leg] = region[second].open(exchange).legs
    assert leg.record.claim is not None
    assert leg.record.claim.member.endswith(first)
    assert region.refusal(region[second].claim, exchange) is Reason.ALREADY_CLAIMED
    assert region.refusal(mia.claim, exchange) is Reason.OWN_REQUEST
    region[second].give_back(exchange)
    region[second].claim(exchange)
    region.approve(exchange, first)
    [leg] = mia.open(exchange).legs
    assert leg.state.name == "RELEASED"
    assert leg.record.claim is None
    assert region.refusal(region[first].claim, exchange) is Reason.OUT_OF_ORDER
    region.replay(capsys)


def test_a_recall_after_reading_gets_a_receipt(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia, DOMESTIC)
    fma.open(exchange)
    early = region.refusal(fma.confirm_recall, exchange, "unused", explanation="x")
    assert early is Reason.OUT_OF_ORDER
    mia.recall(exchange)
    fma.confirm_recall(exchange, "used", explanation="Запрошен банк (вымышлено)")
    mia.close_exchange(exchange)
    assert "receipt of a recall" in region.replay(capsys)
    # What was never released is not known to its recipient, and neither is its recall.
    held = new_exchange(mia, ABROAD)
    mia.recall(held)
    unseen = region.refusal(region["uz.fiu"].confirm_recall, held, "unused", explanation="x")
    assert unseen is Reason.EXCHANGE_UNKNOWN


def test_the_author_of_an_answer_erases_it_and_the_request_stays(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia, DOMESTIC)
    fma.open(exchange)
    fma.partial_reply(exchange, brief="Часть (вымышлено)")
    assert region.refusal(fma.erase_answer, exchange, "ordered") is Reason.OUT_OF_ORDER
    fma.reply(exchange, brief="Ответ (вымышлено)")
    mia.open(exchange)
    mia.close_exchange(exchange)
    assert region.refusal(mia.erase_answer, exchange, "ordered") is Reason.NOT_A_PARTY
    fma.erase_answer(exchange, "retention-ended", note="Срок истёк (вымышлено)")
    for client in (mia, fma):
        erased = {each.kind.value: each.is_erased for each in client.open(exchange).statements}
        assert erased["reply"]
        assert erased["partial_reply"]
        assert not erased["information_request"]
        assert not erased["erase_answer"]
    gone = region.refusal(mia.fetch, mia.open(exchange).statements[-3].verified, "brief")
    assert gone is Reason.CONTENT_ERASED
    code, out, err = run(capsys, *as_member(region.town, "kz.mia/system"), "show", exchange)
    assert code == 0, err
    assert "the initiator or its author asked for it" in out
    region.replay(capsys)


def test_notices_do_not_refuse(region: Region, capsys: pytest.CaptureFixture[str]) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia, DOMESTIC)
    fma.open(exchange)
    fma.give_notice(exchange, "form-incomplete", explanation="Нет даты рождения (вымышлено)")
    assert region.state(exchange, DOMESTIC, "kz.mia") == "ACKNOWLEDGED"
    fma.give_notice(exchange, "other-measures", explanation="Лучше поручение (вымышлено)")
    fma.reply(exchange, brief="Ответ (вымышлено)")
    after = region.refusal(fma.give_notice, exchange, "awaiting-judge", explanation="x")
    assert after is Reason.OUT_OF_ORDER
    region.replay(capsys)


def test_an_advance_notice_is_cleared_objected_to_or_left_unanswered(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    brief = "Контролируемая поставка (вымышлено)"
    endless = region.refusal(mia.give_advance_notice, to=["kz.fma"], brief=brief, due=None)
    assert endless is Reason.MISSING_FIELD
    exchanges = []
    end = shortly()
    for due in ("2d", "2d", end):
        sent = mia.give_advance_notice(to=["kz.fma"], brief=brief, due=due)
        assert isinstance(sent, Sent)
        fma.open(sent.exchange_id)
        exchanges.append(sent.exchange_id)
    cleared, objected, silent = exchanges
    assert region.refusal(mia.record_silence, cleared) is Reason.NOT_YET_DUE
    assert region.refusal(mia.clear, cleared) is Reason.OUT_OF_ORDER
    fma.clear(cleared)
    fma.object_to(objected, "impedes-investigation", explanation="Своя операция (вымышлено)")
    let_pass(end)
    mia.record_silence(silent)
    late = region.refusal(fma.object_to, silent, "impedes-investigation", explanation="x")
    assert late is Reason.OUT_OF_ORDER
    states = [region.state(each, DOMESTIC, "kz.mia") for each in exchanges]
    assert states == ["ANSWERED", "REFUSED", "ANSWERED"]
    region.replay(capsys)


def test_a_connectivity_test_goes_through_gate_delivery_and_answer(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    sent = mia.ping(to=[ABROAD])
    assert isinstance(sent, Sent)
    assert region.state(sent.exchange_id, ABROAD, "kz.mia") == "HELD"
    brief = region[COORDINATORS[0]].open(sent.exchange_id).statements[0].brief
    assert brief is not None
    assert "no data of a case" in brief.summary
    region.approve(sent.exchange_id, COORDINATORS[0])
    uz.open(sent.exchange_id)
    assert region.refusal(uz.reply, sent.exchange_id, brief="x") is Reason.OUT_OF_ORDER
    uz.answer_test(sent.exchange_id)
    opened = mia.open(sent.exchange_id)
    assert [leg.state.name for leg in opened.legs] == ["ANSWERED"]
    assert not opened.statements[0].kind.spec.is_counted
    region.replay(capsys)


def test_the_directory_is_kept_right(
    region: Region, foundation: Foundation, capsys: pytest.CaptureFixture[str]
) -> None:
    operator, mia = region["caricc/operator/ops1"], region["kz.mia"]
    enrolment = {
        "agency": "kg.mia",
        "name": "Служба по борьбе с наркотиками (вымышлено)",
        "country": "KG",
        "agency_type": "police",
        "time_zone": "Asia/Bishkek",
    }
    assert region.refusal(mia.update_agency, **enrolment) is Reason.ROLE_NOT_PERMITTED
    operator.update_agency(**enrolment)
    assert region.refusal(operator.update_agency, **enrolment) is Reason.ALREADY_ENROLLED
    unknown = region.refusal(operator.update_agency, **(enrolment | {"agency": "xx.none"}))
    assert unknown is Reason.AGENCY_UNKNOWN
    # An agency says what it takes; the rest is refused before it leaves.
    uz = region["uz.fiu"]
    wrong = region.refusal(uz.publish_acceptance, kinds=["reply"])
    assert wrong is Reason.INVALID_FIELD
    uz.publish_acceptance(
        kinds=["information_request"],
        languages=["ru"],
        max_part_bytes=1_000_000,
        hours="Пн-Пт 09:00-18:00",
        duty_contact="Дежурный, +998 00 000 00 00",
    )
    referred = region.refusal(mia.refer, to=[ABROAD], brief="Материал (вымышлено)")
    assert referred is Reason.NOT_TAKEN
    tongue = region.refusal(new_exchange, mia, ABROAD, language="kk")
    assert tongue is Reason.NOT_TAKEN
    large = region.refusal(
        new_exchange, mia, ABROAD, language="ru", attachments={"a.bin": bytes(1_100_000)}
    )
    assert large is Reason.NOT_TAKEN
    running = new_exchange(mia, "kg.mia")
    region.approve(running, COORDINATORS[0])
    assert region.refusal(operator.retire_agency, "caricc") is Reason.LAST_OPERATOR
    operator.retire_agency("kg.mia")
    assert region.refusal(operator.retire_agency, "kg.mia") is Reason.AGENCY_RETIRED
    assert region.refusal(new_exchange, mia, "kg.mia") is Reason.AGENCY_RETIRED
    kg = region["kg.mia"]
    assert region.refusal(new_exchange, kg, ABROAD) is Reason.AGENCY_RETIRED
    # What runs goes on to its end.
    kg.open(running)
    kg.reply(running, brief="Ответ (вымышлено)")
    mia.close_exchange(running)
    region.replay(capsys)


def test_the_directory_is_kept_right_by_commands(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    operator = as_member(region.town, "caricc/operator/ops1")
    words = ("--name", "Ведомство (вымышлено)", "--country", "KG", "--agency-type", "police")
    # What is not named stays: a country left out would make the agency an international one.
    code, _, err = run(capsys, *operator, "operator", "update", "kg.mia", "--name", "Иное")
    assert code == 0, err
    kept = region["kz.mia"].sync().agency(AgencyId("kg.mia"))
    assert (kept.name, kept.country, kept.time_zone) == ("Иное", "KG", "Asia/Bishkek")
    for act in (
        ("operator", "update", "kg.mia", *words, "--time-zone", "Asia/Bishkek"),
        ("operator", "retire", "kg.mia"),
    ):
        code, _, err = run(capsys, *operator, *act)
        assert code == 0, err
    uz = as_member(region.town, "uz.fiu/system")
    code, _, err = run(capsys, *uz, "takes", "--kind", "information-request", "--language", "ru")
    assert code == 0, err
    directory = region["kz.mia"].sync()
    kg = directory.agency(AgencyId("kg.mia"))
    assert (kg.name, kg.is_retired) == ("Ведомство (вымышлено)", True)
    assert directory.acceptances[AgencyId("uz.fiu")].kinds == ("information_request",)
    sender = as_member(region.town, "kz.mia/system")
    code, _, err = run(capsys, *sender, "ping", "--to", "uz.fiu")
    assert code != 0
    assert "request for information" in err
