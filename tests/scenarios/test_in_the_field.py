"""Situations of the field in which several rules meet: what each side may do, and what it reads."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from agency_client import Sent
from exchange_protocol.errors import Reason
from tests.scenarios.conftest import Region
from tests.scenarios.members import joined
from tests.scenarios.test_consent import agreed, answered, digest, soon
from tests.support.asking import new_exchange
from tests.support.clocks import let_pass, shortly
from tests.support.commands import as_member, run
from tests.support.deployment import COORDINATORS
from tests.support.foundation import PROSECUTOR
from tests.support.refusals import refused

NOTE = "Примечание (вымышлено)"
FIRST, SECOND = COORDINATORS


def todo(region: Region, capsys: pytest.CaptureFixture[str], member: str) -> list[dict[str, Any]]:
    """The list of a member, as the command tells it."""
    code, out, err = run(capsys, *as_member(region.town, member), "--json", "todo")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)["todo"]
    return found


def commands(listed: list[dict[str, Any]], exchange: str) -> list[list[str]]:
    return [each["commands"] for each in listed if each["exchange_id"] == exchange]


# --- A consent that ends while its referral waits at the gate -----------------------------------


def held_referral(region: Region) -> tuple[str, str, bytes]:
    """The police pass the FIU's answer on to Tashkent, with consent; two coordinators must approve.

    Gives the exchange of the answer, that of the referral, and the request for consent.
    """
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange, answer = answered(region)
    consent = agreed(mia, fma, exchange, answer, "uz.fiu")
    request = digest(fma, exchange, "consent_request")
    sent = mia.refer(
        to=["uz.fiu"],
        brief=NOTE,
        handling="H2",
        purpose="PROSECUTION",
        sources=[answer],
        consents=[consent],
    )
    assert isinstance(sent, Sent)
    return exchange, sent.exchange_id, request


def test_what_waits_at_the_gate_is_not_passed_on_once_its_consent_was_revoked(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange, referral, request = held_referral(region)
    region.approve(referral, FIRST)
    fma.revoke_consent(exchange, request, reason=NOTE)
    error = refused(region[SECOND].approve, referral)
    assert error.reason is Reason.CONSENT_MISSING
    assert "Reject it, or return it to its author" in str(error)
    # The approver is told of no agency that stands behind.
    assert "kz.fma" not in str(error)
    region[SECOND].return_to_author(referral, question="Согласие отозвано? (вымышлено)")
    agreed(mia, fma, exchange, digest(mia, exchange, "reply"), "uz.fiu")
    mia.supplement(referral, brief="Согласие получено заново (вымышлено)", handling="H2")
    region.approve(referral, FIRST, SECOND)
    assert region.state(referral, "uz.fiu", "kz.mia") == "RELEASED"
    # What was passed on stays so.
    fma.revoke_consent(exchange, digest(fma, exchange, "consent_request"), reason=NOTE)
    assert region["uz.fiu"].open(referral).statements[0].brief is not None
    region.replay(capsys)


def test_what_waits_at_the_gate_is_not_passed_on_once_its_source_was_erased(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange, referral, _ = held_referral(region)
    region["kz.fma"].erase_answer(exchange, "UNLAWFUL")
    assert region.refusal(region[FIRST].approve, referral) is Reason.CONTENT_ERASED
    region[FIRST].reject(referral, "CONTRARY_TO_LAW", explanation="Источник уничтожен (вымышлено)")
    assert region.refusal(region["uz.fiu"].open, referral) is Reason.EXCHANGE_UNKNOWN
    region.replay(capsys)


# --- Answers and deadlines -----------------------------------------------------------------------


def test_a_corrected_answer_is_another_source_and_needs_its_own_consent(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange, answer = answered(region)
    consent = agreed(mia, fma, exchange, answer, "kz.gpo")
    refer: dict[str, Any] = {
        "to": ["kz.gpo"],
        "brief": NOTE,
        "handling": "H2",
        "purpose": "PROSECUTION",
    }
    mia.refer(sources=[answer], consents=[consent], **refer)
    fma.correct(exchange, answer, "wrong-identity", brief="Другое лицо (вымышлено)", handling="H2")
    # The correction waits to be read by the one that passed the answer on.
    assert ["show", "feedback", "close"] in [
        [one for one in each if one in ("show", "feedback", "close")]
        for each in commands(todo(region, capsys, "kz.mia/system"), exchange)
    ]
    correction = digest(mia, exchange, "correct")
    # Who reads the first answer again is told that it is wrong.
    read = {each["digest"]: each for each in shown(region, capsys, "kz.mia/system", exchange)}
    assert read[answer.hex()]["superseded_by"] == correction.hex()
    assert read[correction.hex()]["superseded_by"] is None
    code, out, err = run(capsys, *as_member(region.town, "kz.mia/system"), "show", exchange)
    assert code == 0, err
    assert f"Its author corrected this. Read the correction: {correction.hex()[:12]}…" in out
    assert correction != answer
    bare = region.refusal(mia.refer, sources=[correction], consents=[consent], **refer)
    assert bare is Reason.CONSENT_MISSING
    own = agreed(mia, fma, exchange, correction, "kz.gpo")
    assert isinstance(mia.refer(sources=[correction], consents=[own], **refer), Sent)
    region.replay(capsys)


def test_who_would_answer_what_is_being_corrected_is_told_to_wait(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia)
    fma.open(exchange)
    mia.announce_correction(exchange, "wrong-identity")
    error = refused(fma.reply, exchange, brief=NOTE)
    assert error.reason is Reason.OUT_OF_ORDER
    assert "Wait for kz.mia: it owes what was asked, or a correction" in str(error)
    code, out, err = run(capsys, *as_member(region.town, "kz.mia/system"), "todo")
    assert code == 0, err
    assert "or the correction that you announced" in " ".join(out.split())


def test_a_deadline_extended_after_a_reminder_stays_missed_on_the_log(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, end = region["kz.mia"], region["kz.fma"], shortly()
    exchange = new_exchange(mia, due=end)
    fma.open(exchange)
    let_pass(end)
    mia.remind(exchange, note=NOTE)
    fma.extend_deadline(exchange, "VOLUME", explanation=NOTE, due="5d")
    assert region.refusal(mia.remind, exchange) is Reason.NOT_YET_DUE
    assert commands(todo(region, capsys, "kz.mia/system"), exchange) == [["show"]]
    told = [each.kind.value for each in mia.open(exchange).statements]
    assert told[-2:] == ["remind", "extend_deadline"]
    fma.reply(exchange, brief=NOTE)
    region.replay(capsys)


def test_of_an_objection_and_the_record_of_silence_the_first_counts(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, end = region["kz.mia"], region["kz.fma"], shortly()
    sent = mia.give_advance_notice(to=["kz.fma"], brief=NOTE, due=end)
    assert isinstance(sent, Sent)
    exchange = sent.exchange_id
    fma.open(exchange)
    let_pass(end)
    # The date has passed and nobody put that on record: an objection still counts.
    fma.object_to(exchange, "impedes-investigation", explanation=NOTE)
    error = refused(mia.record_silence, exchange)
    assert error.reason is Reason.OUT_OF_ORDER
    assert region.state(exchange, "kz.fma", "kz.mia") == "REFUSED"
    region.replay(capsys)


def test_a_recall_that_crosses_the_answer_is_too_late(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia)
    before = mia.open(exchange)
    fma.open(exchange)
    fma.reply(exchange, brief=NOTE)
    assert region.refusal(mia.recall, before, reason=NOTE) is Reason.OUT_OF_ORDER
    assert "close" in commands(todo(region, capsys, "kz.mia/system"), exchange)[0]
    region.replay(capsys)


# --- Freezes -------------------------------------------------------------------------------------


def test_a_freeze_in_two_states_is_lifted_in_one_and_becomes_legal_assistance_in_the_other(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz, kg = region["kz.mia"], region["uz.fiu"], region["kg.mia"]
    sent = mia.request_freeze(to=["uz.fiu", "kg.mia"], brief=NOTE)
    assert isinstance(sent, Sent)
    exchange = sent.exchange_id
    region.approve(exchange, FIRST, SECOND)
    for each in (uz, kg):
        each.open(exchange)
        each.impose_freeze(exchange, due=timedelta(days=5))
    mia.ask_to_lift(exchange, reason=NOTE, legs=["kg.mia"])
    told = [each["kind"] for each in shown(region, capsys, "uz.fiu/system", exchange)]
    assert "ask_to_lift" not in told
    # Only the one that was asked owes a reason for an extension.
    uz.extend_freeze(exchange, due=timedelta(days=6))
    assert region.refusal(kg.extend_freeze, exchange, due="6d") is Reason.EXPLANATION_MISSING
    kg.lift_freeze(exchange)
    uz.convert_freeze(exchange, "legal-assistance", amount=7, currency="UZS")
    states = {leg.agency: leg.state.name for leg in mia.open(exchange).legs}
    assert states == {"uz.fiu": "ANSWERED", "kg.mia": "ANSWERED"}
    region.replay(capsys)


def test_a_freeze_that_ran_out_while_its_lift_was_asked_for_is_recorded_and_not_lifted(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    sent = mia.request_freeze(to=["kz.fma"], brief=NOTE)
    assert isinstance(sent, Sent)
    exchange = sent.exchange_id
    fma.open(exchange)
    end = shortly()
    fma.impose_freeze(exchange, due=end)
    mia.ask_to_lift(exchange, reason=NOTE)
    let_pass(end)
    [step] = commands(todo(region, capsys, "kz.fma/system"), exchange)
    assert "freeze-expired" in step
    assert "freeze-extend" not in step
    [own] = commands(todo(region, capsys, "kz.mia/system"), exchange)
    assert "freeze-expired" in own
    mia.record_expiry(exchange)
    assert region.refusal(fma.record_expiry, exchange) is Reason.OUT_OF_ORDER
    region.replay(capsys)


def shown(
    region: Region, capsys: pytest.CaptureFixture[str], member: str, exchange: str
) -> list[dict[str, Any]]:
    code, out, err = run(capsys, *as_member(region.town, member), "--json", "show", exchange)
    assert code == 0, err
    statements: list[dict[str, Any]] = json.loads(out)["statements"]
    return statements


# --- Members and agencies ------------------------------------------------------------------------


def test_a_contributor_that_left_still_decides_on_its_own_data(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    uz, centre, police = region["uz.fiu"], region["caricc"], region["kz.mia"]
    asked = uz.request_analysis(to=["caricc"], brief=NOTE)
    opened = centre.open_joint_case(to=["kz.mia", "kz.fma"], brief=NOTE)
    assert isinstance(asked, Sent)
    assert isinstance(opened, Sent)
    case = opened.exchange_id
    region.approve(case, PROSECUTOR)
    for agency in ("kz.mia", "kz.fma"):
        region[agency].open(case)
        region[agency].join(case)
    police.contribute(case, brief=NOTE)
    given = digest(centre, case, "contribute")
    centre.draft_analysis(case, [given], "uz.fiu", "INVESTIGATION", brief=NOTE)
    police.leave(case, reason=NOTE)
    waiting = [
        each
        for each in todo(region, capsys, "kz.mia/system")
        if each["exchange_id"] == case and each["consent"]
    ]
    assert [each["consent"]["authority"] for each in waiting] == ["uz.fiu"]
    police.grant_consent(case, bytes.fromhex(waiting[0]["consent"]["request"]), soon())
    cleared = digest(centre, case, "consent_decision")
    centre.open(asked.exchange_id)
    terms: dict[str, Any] = {"brief": NOTE, "purpose": "INVESTIGATION"}
    centre.analysis_product(asked.exchange_id, sources=[given], consents=[cleared], **terms)
    region.replay(capsys)


def test_a_member_of_a_case_that_is_retired_ends_what_it_owes_and_gets_nothing_new(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = joined(region, "kz.fma", "kg.mia")
    mia.give_task(exchange, "kg.mia", description=NOTE, due="5d")
    region["caricc/operator/ops1"].retire_agency("kg.mia")
    again = region.refusal(mia.give_task, exchange, "kg.mia", description=NOTE, due="5d")
    assert again is Reason.AGENCY_RETIRED
    kg = region["kg.mia"]
    kg.complete_task(exchange, digest(kg, exchange, "task"), "done", brief=NOTE)
    kg.leave(exchange, reason=NOTE)
    assert region.refusal(mia.invite, exchange, "kg.mia", brief=NOTE) is Reason.AGENCY_RETIRED
    fma.contribute(exchange, brief=NOTE)
    mia.close_exchange(exchange)
    region.replay(capsys)


def test_who_was_invited_is_told_to_join_first_and_of_no_task_that_it_has_not(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    sent = mia.open_joint_case(to=["kz.fma"], brief=NOTE)
    assert isinstance(sent, Sent)
    case = sent.exchange_id
    fma.open(case)
    early = refused(fma.contribute, case, brief=NOTE)
    assert early.reason is Reason.NOT_ACTIVE
    assert f"Join first: agency join {case}" in str(early)
    fma.join(case)
    [idle] = commands(todo(region, capsys, "kz.fma/system"), case)
    assert "contribute" in idle
    assert "complete-task" not in idle
    mia.give_task(case, "kz.fma", description=NOTE, due="5d")
    [busy] = commands(todo(region, capsys, "kz.fma/system"), case)
    assert "complete-task" in busy


def test_a_test_of_the_line_reaches_no_prosecutor(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz, gpo = region["kz.mia"], region["uz.fiu"], region["kz.gpo"]
    sent = mia.ping(to=["uz.fiu"])
    assert isinstance(sent, Sent)
    region.approve(sent.exchange_id, FIRST)
    uz.open(sent.exchange_id)
    uz.answer_test(sent.exchange_id)
    mia.close_exchange(sent.exchange_id)
    assert not [*gpo.supervised()]
    assert region.refusal(gpo.open, sent.exchange_id) is Reason.EXCHANGE_UNKNOWN
    region.replay(capsys)
