"""Supervision: copies by rule, and their withholding, case by case, on a signed ground."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agency_client import Conflict, ReplyDocument, Sent
from exchange_protocol.errors import Reason
from tests.scenarios.conftest import Region
from tests.support.asking import REQUEST, new_exchange
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR, COORDINATORS
from tests.support.foundation import OFFICERS

OFFICER = OFFICERS[0]
BRIEF = "Вымышлено"
FINDINGS = ReplyDocument(text="Сведения (вымышлено)")
WITHHELD: dict[str, Any] = {
    "withheld_from": ["kz.gpo"],
    "withholding_ground": "ENDANGERS_INVESTIGATION",
}


def test_a_copy_is_withheld_by_an_officer_alone_and_every_auditor_sees_it(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    officer, gpo, fma = region[OFFICER], region["kz.gpo"], region["kz.fma"]
    ask = officer.request_information
    terms: dict[str, Any] = {"to": ["kz.fma"], "brief": BRIEF, "request": REQUEST}
    copied = ask(**terms)
    assert isinstance(copied, Sent)
    gpo.open(copied.exchange_id)
    groundless = region.refusal(ask, **terms, withheld_from=["kz.gpo"])
    assert groundless is Reason.MISSING_FIELD
    nobody = region.refusal(ask, **terms, withholding_ground="ORDERED")
    assert nobody is Reason.MISSING_FIELD
    no_supervisor = region.refusal(
        ask, **terms, withheld_from=["uz.fiu"], withholding_ground="ORDERED"
    )
    assert no_supervisor is Reason.INVALID_FIELD
    machine = region["kz.mia"].request_information
    assert region.refusal(machine, **terms, **WITHHELD) is Reason.POLICY_DENIED
    sent = ask(**terms, **WITHHELD)
    assert isinstance(sent, Sent)
    assert region.refusal(gpo.open, sent.exchange_id) is Reason.EXCHANGE_UNKNOWN
    # It is withheld of this statement, not of the exchange: what follows is copied as ever.
    fma.open(sent.exchange_id)
    fma.reply(sent.exchange_id, brief="Ответ (вымышлено)")
    [seen] = gpo.open(sent.exchange_id).statements
    assert seen.kind.value == "reply"
    assert "copy withheld: kz.mia: ENDANGERS_INVESTIGATION" in region.replay(capsys)
    code, out, err = run(capsys, *as_member(region.town, AUDITOR), "report", "statistics", "--json")
    assert code == 0, err
    table = json.loads(out)["tables"]["supervision"]
    assert "ENDANGERS_INVESTIGATION" in json.dumps(table), table


def test_a_copy_is_withheld_of_acts_without_other_terms_too(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    officer, gpo, fma = region[OFFICER], region["kz.gpo"], region["kz.fma"]
    exchange = new_exchange(officer)
    again = region.refusal(officer.recall, exchange, reason="x", withheld_from=["kz.gpo"])
    assert again is Reason.MISSING_FIELD
    no_supervisor = {**WITHHELD, "withheld_from": ["uz.fiu"]}
    assert region.refusal(officer.recall, exchange, reason="x", **no_supervisor) is (
        Reason.INVALID_FIELD
    )
    fma.open(exchange)
    machine = region.refusal(fma.refuse, exchange, "CONTRARY_TO_LAW", explanation="x", **WITHHELD)
    assert machine is Reason.POLICY_DENIED
    officer.recall(exchange, reason="Отозвано (вымышлено)", **WITHHELD)
    kinds = [each.kind.value for each in gpo.open(exchange).statements]
    assert kinds == ["information_request"]
    officer.close_exchange(exchange)
    kinds = [each.kind.value for each in gpo.open(exchange).statements]
    assert kinds == ["information_request", "close"], "of this one it gets its copy as ever"
    assert "copy withheld: kz.mia: ENDANGERS_INVESTIGATION" in region.replay(capsys)


def test_who_reads_a_statement_sees_from_whom_the_copy_is_withheld(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange = new_exchange(region[OFFICER], **WITHHELD)
    [first] = region["kz.fma"].open(exchange).statements
    assert first.statement.header.withheld_from == ("kz.gpo",)
    code, out, err = run(capsys, *as_member(region.town, "kz.fma/system"), "show", exchange)
    assert code == 0, err
    told = "copy withheld: kz.gpo: it would endanger the investigation"
    assert out.count(told) == 1, "the timeline has it"
    code, out, err = run(
        capsys, *as_member(region.town, AUDITOR), "audit", "entries", "--exchange", exchange
    )
    assert code == 0, err
    assert told in out


def test_a_supervisor_is_involved_in_an_exchange_and_reads_what_follows(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, gpo, uz = region[OFFICER], region["kz.gpo"], region["uz.fiu"]
    exchange = new_exchange(mia, "uz.fiu")
    for prepare in (None, region.approve):
        if prepare is not None:
            prepare(exchange, COORDINATORS[0])
        with pytest.raises(Conflict, match=r"not delivered yet: say it once uz\.fiu has opened"):
            mia.involve_supervisor(exchange, "kz.gpo")
    uz.open(exchange)
    gpo.ask_to_be_involved(exchange, "kz.mia", comment="Просим привлечь (вымышлено)")
    itself = region.refusal(gpo.involve_supervisor, exchange, "kz.gpo")
    assert itself is Reason.NOT_A_PARTY
    no_copy = region.refusal(mia.involve_supervisor, exchange, "kz.fma")
    assert no_copy is Reason.NOT_A_PARTY
    foreign = region.employ("uz.fiu/officer/jasur")
    abroad = region.refusal(foreign.involve_supervisor, exchange, "kz.gpo")
    assert abroad is Reason.NOT_A_PARTY
    machine = region.refusal(region["kz.mia"].involve_supervisor, exchange, "kz.gpo")
    assert machine is Reason.POLICY_DENIED, "a person decides it"
    uz.interim_reply(exchange, brief="До привлечения (вымышлено)", document=FINDINGS)
    mia.involve_supervisor(exchange, "kz.gpo", reason="По его просьбе (вымышлено)")
    again = region.refusal(mia.involve_supervisor, exchange, "kz.gpo")
    assert again is Reason.ALREADY_DECIDED
    # Both ends see it, and all that either says from now on is sealed to the supervisor whole.
    assert uz.open(exchange).statements[-1].kind.value == "involve_supervisor"
    uz.extend_deadline(exchange, "AWAITING_THIRD_PARTY", explanation="Ждём (вымышлено)", due="30d")
    uz.partial_reply(exchange, brief="После привлечения (вымышлено)", document=FINDINGS)
    seen = gpo.open(exchange).statements
    contents = {each.kind.value: each.content for each in seen}
    assert contents["information_request"] is None, "what was said before stays a brief"
    assert "interim_reply" not in contents, "of it nobody gets a copy by rule"
    assert contents["partial_reply"] == FINDINGS
    assert {"involve_supervisor", "extend_deadline"} <= contents.keys()
    code, out, err = run(capsys, *as_member(region.town, "kz.gpo/system"), "show", exchange)
    assert code == 0, err
    assert "involvement of a supervisor" in out
    gpo.comment(exchange, "kz.mia", comment="Замечание участника (вымышлено)")
    uz.reply(exchange, brief="Ответ (вымышлено)", document=FINDINGS)
    mia.close_exchange(exchange)
    late = region.refusal(mia.involve_supervisor, exchange, "kz.gpo")
    assert late is Reason.OUT_OF_ORDER
    region.replay(capsys)


def test_a_statement_is_withheld_from_an_involved_supervisor_on_a_ground(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    officer, gpo, fma = region[OFFICER], region["kz.gpo"], region["kz.fma"]
    exchange = new_exchange(fma, "kz.mia")
    officer.open(exchange)
    officer.involve_supervisor(exchange, "kz.gpo")
    officer.acknowledge(exchange)
    officer.refuse(exchange, "CONTRARY_TO_LAW", explanation="Отказ (вымышлено)", **WITHHELD)
    kinds = [each.kind.value for each in gpo.open(exchange).statements]
    assert kinds == ["information_request", "involve_supervisor", "acknowledge"]
    case = officer.open_joint_case(to=["kz.fma"], brief=BRIEF)
    assert isinstance(case, Sent)
    fma.open(case.exchange_id)
    invited = region.refusal(officer.involve_supervisor, case.exchange_id, "kz.gpo")
    assert invited is Reason.POLICY_DENIED
    region.replay(capsys)


def test_a_supervisor_is_involved_only_after_a_copy_that_was_not_withheld(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    officer, gpo, fma = region[OFFICER], region["kz.gpo"], region["kz.fma"]
    exchange = new_exchange(officer, **WITHHELD)
    fma.open(exchange)
    withheld = region.refusal(officer.involve_supervisor, exchange, "kz.gpo")
    assert withheld is Reason.NOT_A_PARTY
    fma.partial_reply(exchange, brief="Часть ответа (вымышлено)", document=FINDINGS)
    officer.involve_supervisor(exchange, "kz.gpo")
    kinds = [each.kind.value for each in gpo.open(exchange).statements]
    assert kinds == ["partial_reply", "involve_supervisor"]
    region.replay(capsys)


def test_a_supervisor_comments_to_its_own_state_alone_and_is_involved(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, gpo, uz, kg = (region[each] for each in ("kz.mia", "kz.gpo", "uz.fiu", "kg.mia"))
    exchange = new_exchange(mia, "uz.fiu")
    # The recipient may not know of it yet, and is of another state.
    held = region.refusal(gpo.comment, exchange, "uz.fiu", comment="x")
    assert held is Reason.NOT_A_PARTY
    region.approve(exchange, COORDINATORS[0])
    uz.open(exchange)
    abroad = region.refusal(gpo.comment, exchange, "uz.fiu", comment="x")
    assert abroad is Reason.POLICY_DENIED
    aside = region.refusal(gpo.comment, exchange, "kz.fma", comment="x")
    assert aside is Reason.NOT_A_PARTY
    stranger = region.refusal(kg.comment, exchange, "kz.mia", comment="x")
    assert stranger is Reason.EXCHANGE_UNKNOWN
    party = region.refusal(uz.comment, exchange, "kz.mia", comment="x")
    assert party is Reason.EXCHANGE_UNKNOWN
    gpo.comment(exchange, "kz.mia", comment="Замечание (вымышлено)")
    gpo.ask_to_be_involved(exchange, "kz.mia", comment="Просим привлечь (вымышлено)")
    told = [each.brief.summary for each in mia.open(exchange).statements if each.brief]
    assert told[-2:] == ["Замечание (вымышлено)", "Просим привлечь (вымышлено)"]
    assert len(gpo.open(exchange).statements) >= 3
    # The counterpart is not shown it, and goes on as if nothing had been said.
    assert all(each.kind.value != "supervisor_comment" for each in uz.open(exchange).statements)
    uz.reply(exchange, brief="Ответ (вымышлено)")
    mia.close_exchange(exchange)
    # It is involved by an invitation to a joint case.
    case = mia.open_joint_case(to=["kz.fma"], brief=BRIEF)
    assert isinstance(case, Sent)
    gpo.ask_to_be_involved(case.exchange_id, "kz.mia", comment="Просим (вымышлено)")
    mia.invite(case.exchange_id, "kz.gpo", brief="Приглашаем (вымышлено)")
    gpo.open(case.exchange_id)
    gpo.join(case.exchange_id)
    mia.contribute(case.exchange_id, brief="Материал (вымышлено)")
    assert gpo.open(case.exchange_id).statements[-1].brief is not None
    assert "comment of a supervisor" in region.replay(capsys)
