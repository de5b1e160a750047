"""A joint case: invited, joined, declined, left; what members say to all, and who reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agency_client import Sent
from agency_client.evidence import export_bundle
from agency_client.presentation.labels import Label
from agency_client.presentation.steps import waiting
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Party
from tests.integration.evidence.conftest import Court
from tests.scenarios.conftest import Region
from tests.scenarios.members import BRIEF, FIRST, SECOND, digest, joined, open_case, reads
from tests.support.asking import new_exchange
from tests.support.clocks import let_pass, shortly
from tests.support.commands import as_member, run
from tests.support.foundation import STATE_AUDITOR


def test_a_case_is_opened_joined_worked_on_left_and_closed(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, uz, kg = (region[each] for each in ("kz.mia", "kz.fma", "uz.fiu", "kg.mia"))
    exchange = open_case(region, "kz.fma", "uz.fiu")
    # A member at home is invited at once; what crosses the border waits for the coordinator.
    fma.open(exchange)
    assert region.refusal(uz.open, exchange) is Reason.EXCHANGE_UNKNOWN
    early = region.refusal(fma.contribute, exchange, brief="рано")
    assert early is Reason.NOT_ACTIVE
    nobody = region.refusal(mia.contribute, exchange, brief="рано")
    assert nobody is Reason.OUT_OF_ORDER
    fma.join(exchange, note="Участвуем")
    assert region.refusal(fma.join, exchange) is Reason.OUT_OF_ORDER
    fma.contribute(exchange, brief="Первый материал")
    region.approve(exchange, FIRST)
    uz.open(exchange)
    uz.join(exchange)
    # Recipients speak to each other; what came before is not sealed to who joins later.
    entity = {"id": "p1", "schema": "Person", "properties": {"name": ["Тест"]}}
    uz.contribute(exchange, brief="Материал из Ташкента", entities=[entity])
    mia.contribute(exchange, brief="Слово ведущего")
    told = ["Материал из Ташкента", "Слово ведущего"]
    assert reads(region, "uz.fiu", exchange) == told
    assert reads(region, "kz.fma", exchange) == ["Первый материал", *told]
    assert reads(region, "kz.mia", exchange) == ["Первый материал", *told]
    given = [list(each.entities()) for each in fma.open(exchange).statements]
    assert [each["id"] for entities in given for each in entities] == ["p1"]
    # Its author contributes it again.
    fma.contribute(exchange, brief="Первый материал")
    assert reads(region, "uz.fiu", exchange) == [*told, "Первый материал"]
    # The lead gives tasks; each active member reads them.
    mia.give_task(exchange, "uz.fiu", due="5d", description="Проверить счёт")
    task = digest(region, exchange, "task")
    assert reads(region, "kz.fma", exchange)[-1] == "Проверить счёт"
    [leg] = [each for each in mia.open(exchange).legs if each.agency == "uz.fiu"]
    assert leg.due_at is not None
    assert region.refusal(fma.complete_task, exchange, task, "done") is Reason.STATEMENT_UNKNOWN
    uz.complete_task(exchange, task, "done", brief="Сделано")
    assert region.refusal(uz.complete_task, exchange, task, "done") is Reason.ALREADY_DECIDED
    assert reads(region, "kz.fma", exchange)[-1] == "Сделано"
    # A third state joins, and one member leaves.
    mia.invite(exchange, "kg.mia", brief="Приглашаем (вымышлено)")
    assert region.refusal(kg.open, exchange) is Reason.EXCHANGE_UNKNOWN
    region.approve(exchange, FIRST)
    assert [each.brief.summary for each in kg.open(exchange).statements if each.brief] == [
        "Приглашаем (вымышлено)"
    ]
    kg.join(exchange)
    assert reads(region, "kg.mia", exchange) == []
    uz.leave(exchange, reason="Производство окончено")
    before = reads(region, "uz.fiu", exchange)
    kg.contribute(exchange, brief="Материал из Бишкека")
    assert reads(region, "uz.fiu", exchange) == before
    assert reads(region, "kz.fma", exchange)[-1] == "Материал из Бишкека"
    left = region.refusal(uz.contribute, exchange, brief="поздно")
    assert left is Reason.NOT_ACTIVE
    gone = region.refusal(mia.give_task, exchange, "uz.fiu", due="1d", description="поздно")
    assert gone is Reason.ASSIGNEE_NOT_ACTIVE
    mia.close_exchange(exchange)
    states = {leg.agency: leg.state.name for leg in mia.open(exchange).legs}
    assert set(states.values()) == {"CLOSED"}
    assert reads(region, "uz.fiu", exchange) == before
    over = region.refusal(kg.contribute, exchange, brief="поздно")
    assert over is Reason.NOT_ACTIVE
    late = region.refusal(mia.invite, exchange, "kz.gpo", brief="поздно")
    assert late is Reason.OUT_OF_ORDER
    assert "contribution" in region.replay(capsys)
    # The auditors of the lead's state see all of it, and find nothing either.
    code, out, err = run(capsys, *as_member(region.town, STATE_AUDITOR), "audit", "verify")
    assert code == 0, out + err
    # The approver sees who takes part, and reads nothing that members tell each other.
    coordinator = region[FIRST].open(exchange)
    assert {leg.state.name for leg in coordinator.legs} == {"CLOSED"}
    assert all(
        each.brief is None for each in coordinator.statements if each.kind.value == "contribute"
    )


def test_each_wrong_invitation_and_task_is_refused_for_its_own_reason(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    lead = region.refusal(mia.open_joint_case, to=["kz.mia"], brief=BRIEF)
    assert lead is Reason.OWN_AGENCY_ADDRESSED
    twice = region.refusal(mia.open_joint_case, to=["kz.fma", "kz.fma"], brief=BRIEF)
    assert twice is Reason.AGENCY_TWICE
    nobody = region.refusal(mia.open_joint_case, to=[], brief=BRIEF)
    assert nobody is Reason.MISSING_FIELD
    unknown = region.refusal(mia.open_joint_case, to=["xx.none"], brief=BRIEF)
    assert unknown is Reason.AGENCY_UNKNOWN
    exchange = joined(region, "kz.fma")
    invite, words = mia.invite, {"brief": "Приглашаем (вымышлено)"}
    assert region.refusal(invite, exchange, "kz.fma", **words) is Reason.ALREADY_MEMBER
    assert region.refusal(invite, exchange, "kz.mia", **words) is Reason.LEAD_INVITED
    assert region.refusal(invite, exchange, "xx.none", **words) is Reason.AGENCY_UNKNOWN
    assert region.refusal(fma.invite, exchange, "kg.mia", **words) is Reason.NOT_THE_LEAD
    stranger = region["kg.mia"].contribute
    assert region.refusal(stranger, exchange, brief="x") is Reason.EXCHANGE_UNKNOWN
    # The lead does not leave its case: it closes it.
    assert region.refusal(mia.leave, exchange, reason="x") is Reason.NOT_A_PARTY
    give, what = mia.give_task, {"description": "x"}
    assert region.refusal(give, exchange, "uz.fiu", due="1d", **what) is Reason.ASSIGNEE_NOT_ACTIVE
    past = region.refusal(give, exchange, "kz.fma", due="2020-01-01", **what)
    assert past is Reason.DUE_TIME_PAST
    own = region.refusal(fma.give_task, exchange, "kz.fma", due="1d", **what)
    assert own in (Reason.POLICY_DENIED, Reason.OUT_OF_ORDER)
    region.replay(capsys)


def test_a_contribution_goes_around_no_gate(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = joined(region, "kz.fma", "uz.fiu")
    # One approval let the member from abroad in; what needs two is not said to it.
    for speak in (mia.contribute, fma.contribute):
        sensitive = region.refusal(speak, exchange, brief="x", handling="H2")
        assert sensitive is Reason.GATE_EXCEEDED
    people = [
        {"id": f"p{i}", "schema": "Person", "properties": {"name": [f"Тест {i}"]}}
        for i in range(30)
    ]
    mia.contribute(exchange, brief="Половина", entities=people)
    bulk = region.refusal(mia.contribute, exchange, brief="Другая", entities=people)
    assert bulk is Reason.GATE_EXCEEDED
    # Two approvals of the membership allow it.
    sent = mia.open_joint_case(to=["uz.fiu"], brief=BRIEF, handling="H2")
    assert isinstance(sent, Sent)
    region.approve(sent.exchange_id, FIRST, SECOND)
    region["uz.fiu"].open(sent.exchange_id)
    region["uz.fiu"].join(sent.exchange_id)
    mia.contribute(sent.exchange_id, brief="Чувствительное")
    weak = region.refusal(mia.contribute, sent.exchange_id, brief="x", handling="H1")
    assert weak is Reason.INVALID_FIELD
    region.replay(capsys)


def test_an_invitation_is_declined_recalled_or_rejected(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, uz = region["kz.mia"], region["kz.fma"], region["uz.fiu"]
    exchange = open_case(region, "kz.fma", "kz.gpo", "uz.fiu")
    fma.open(exchange)
    fma.decline(exchange, "no-capacity", explanation="Нет людей (вымышлено)")
    assert region.refusal(fma.join, exchange) is Reason.OUT_OF_ORDER
    region[FIRST].reject(exchange, "no-drug-nexus", explanation="Нет связи (вымышлено)")
    assert region.refusal(uz.open, exchange) is Reason.EXCHANGE_UNKNOWN
    # Of a recall and a join the first on the log counts.
    mia.recall(exchange, legs=["kz.gpo"])
    assert region.refusal(region["kz.gpo"].join, exchange) is Reason.OUT_OF_ORDER
    for agency in ("kz.fma", "uz.fiu", "kz.gpo"):
        mia.close_exchange(exchange, legs=[agency])
    # Of a close and a join too: an open invitation is not closed, but recalled.
    other = open_case(region, "kz.fma")
    assert region.refusal(mia.close_exchange, other) is Reason.OUT_OF_ORDER
    region.replay(capsys)


def test_a_request_is_no_case(region: Region) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia)
    fma.open(exchange)
    assert region.refusal(fma.join, exchange) is Reason.OUT_OF_ORDER
    assert region.refusal(fma.decline, exchange, "no-link", explanation="x") is Reason.OUT_OF_ORDER
    assert region.refusal(fma.contribute, exchange, brief="x") is Reason.NOT_ACTIVE
    invite = region.refusal(mia.invite, exchange, "kg.mia", brief="x")
    assert invite is Reason.OUT_OF_ORDER


def test_what_a_member_said_is_erased_at_its_wish(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = joined(region, "kz.fma", "kz.gpo")
    fma.contribute(exchange, brief="Лишнее")
    mia.contribute(exchange, brief="Остаётся")
    fma.leave(exchange, reason="Окончено")
    fma.erase_answer(exchange, "sent-in-error", note="Ошибка (вымышлено)")
    assert reads(region, "kz.gpo", exchange) == ["Остаётся"]
    assert reads(region, "kz.mia", exchange) == ["Остаётся"]
    region.replay(capsys)


def test_each_proves_its_view_of_a_case_to_a_court(region: Region, tmp_path: Path) -> None:
    exchange = joined(region, "kz.fma", "uz.fiu")
    region["uz.fiu"].contribute(exchange, brief="Материал (вымышлено)")
    region["uz.fiu"].leave(exchange, reason="Окончено (вымышлено)")
    region["kz.mia"].invite(exchange, "kg.mia", brief="Приглашаем (вымышлено)")
    region.approve(exchange, FIRST)
    region["kg.mia"].open(exchange)
    (tmp_path / "root.pem").write_bytes(region.town.files.root_pem)
    court = Court(tmp_path, tmp_path / "root.pem", region.town.files.log_vkey)
    # The lead, an active member, a former one, one that is invited, and an approver.
    for name in ("kz.mia", "kz.fma", "uz.fiu", "kg.mia", FIRST):
        client, path = region[name], tmp_path / f"{name.replace('/', '-')}.zip"
        profile = client.profile
        verified = export_bundle(
            client.gather_evidence(exchange),
            path,
            exported_by=profile.tls.certificate.member,
            at=datetime.now(UTC),
            anchors=profile.anchors,
            log=profile.log,
        )
        assert verified.exchange is not None
        states = {str(leg.agency): leg.state.name for leg in verified.exchange.legs}
        assert states["kz.fma"] == ("JOINED" if name != "kg.mia" else "RELEASED")
        assert court.run(path).startswith("VERIFIED")


def test_the_lead_puts_an_overdue_task_on_record(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = open_case(region, "kz.fma")
    fma.open(exchange)
    fma.join(exchange)
    # A member without a task owes nothing.
    assert region.refusal(mia.remind, exchange) is Reason.NOT_YET_DUE
    end = shortly()
    mia.give_task(exchange, "kz.fma", due=end.isoformat(), description="Проверить счёт")
    assert region.refusal(mia.remind, exchange) is Reason.NOT_YET_DUE
    let_pass(end)
    mia.remind(exchange)
    [summary] = [each for each in mia.sent() if each.id == exchange]
    [item] = waiting([summary], Party.INITIATOR, mia.agency, datetime.now(UTC))
    assert (item.step.words, item.commands) == (Label.TASK_NOT_DONE, ("show", "remind"))
    fma.complete_task(exchange, digest(region, exchange, "task"), "done", brief="Сделано")
    assert region.refusal(mia.remind, exchange) is Reason.NOT_YET_DUE
    region.replay(capsys)
