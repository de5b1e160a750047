"""A joint case: who declined or left is invited again, behind the gate."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agency_client.evidence import export_bundle
from exchange_protocol.errors import Reason
from tests.integration.evidence.conftest import Court
from tests.scenarios.conftest import Region
from tests.scenarios.members import FIRST, digest, joined, open_case, reads
from tests.scenarios.test_consent import soon
from tests.support.refusals import refused


def test_who_declined_is_invited_again(region: Region, capsys: pytest.CaptureFixture[str]) -> None:
    mia, fma, uz = region["kz.mia"], region["kz.fma"], region["uz.fiu"]
    exchange = open_case(region, "kz.fma", "uz.fiu", "kg.mia")
    region.approve(exchange, FIRST)
    for member in (fma, uz):
        member.open(exchange)
        member.decline(exchange, "no-capacity", explanation="Нет людей (вымышлено)")
    again: dict[str, Any] = {"brief": "Просим ещё раз (вымышлено)"}
    # The case goes on meanwhile; what is said then stays sealed to who joins later.
    kg = region["kg.mia"]
    kg.open(exchange)
    kg.join(exchange)
    kg.contribute(exchange, brief="Материал из Бишкека")
    mia.invite(exchange, "kz.fma", **again)
    fma.open(exchange)
    fma.join(exchange)
    mia.invite(exchange, "uz.fiu", **again)
    twice = region.refusal(mia.invite, exchange, "uz.fiu", **again)
    assert twice is Reason.ALREADY_MEMBER
    # The border has its gate again: until then the agency neither joins nor reads the invitation.
    assert region.state(exchange, "uz.fiu", "kz.mia") == "HELD"
    assert region.refusal(uz.join, exchange) is Reason.OUT_OF_ORDER
    shown = [each.brief.summary for each in uz.open(exchange).statements if each.brief]
    assert again["brief"] not in shown
    reject = region[FIRST].reject
    known = region.refusal(reject, exchange, "no-drug-nexus", explanation="x")
    assert known is Reason.OUT_OF_ORDER
    region.approve(exchange, FIRST)
    uz.open(exchange)
    uz.join(exchange)
    assert reads(region, "uz.fiu", exchange) == []
    uz.contribute(exchange, brief="Материал из Ташкента")
    for agency in ("kz.mia", "kz.fma", "kg.mia"):
        assert reads(region, agency, exchange)[-1] == "Материал из Ташкента"
    kinds = [each.kind.value for each in uz.open(exchange).statements]
    assert kinds.count("contribute") == 2, "it sees that something was said before"
    region.replay(capsys)


def test_who_left_is_invited_again_and_misses_only_what_was_said_meanwhile(
    region: Region, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    again: dict[str, Any] = {"brief": "Приглашаем снова (вымышлено)"}
    exchange = joined(region, "kz.fma", "uz.fiu")
    uz.contribute(exchange, brief="До ухода")
    mia.give_task(exchange, "uz.fiu", due="5d", description="Поручение до ухода")
    old_task = digest(region, exchange, "task")
    assert region.refusal(mia.invite, exchange, "uz.fiu", **again) is Reason.ALREADY_MEMBER
    uz.leave(exchange, reason="Производство окончено")
    mia.contribute(exchange, brief="Без него")
    mia.invite(exchange, "kg.mia", brief="Приглашаем (вымышлено)")
    region.approve(exchange, FIRST)
    region["kg.mia"].open(exchange)
    region["kg.mia"].join(exchange)
    before = reads(region, "uz.fiu", exchange)
    assert before == ["До ухода", "Поручение до ухода"]
    mia.invite(exchange, "uz.fiu", **again)
    assert region.refusal(mia.invite, exchange, "uz.fiu", **again) is Reason.ALREADY_MEMBER
    # It passes the gate again, and takes no part while it waits.
    assert region.state(exchange, "uz.fiu", "kz.mia") == "HELD"
    assert region.refusal(uz.join, exchange) is Reason.OUT_OF_ORDER
    assert region.refusal(uz.contribute, exchange, brief="x") is Reason.NOT_ACTIVE
    mia.contribute(exchange, brief="Пока приглашение ждёт")
    region.approve(exchange, FIRST)
    assert reads(region, "uz.fiu", exchange) == before
    assert region.refusal(uz.contribute, exchange, brief="x") is Reason.NOT_ACTIVE
    uz.join(exchange)
    # It is shown that others spoke and joined meanwhile, and is sealed out of their words.
    assert reads(region, "uz.fiu", exchange) == before
    states = {leg.agency: leg.state.name for leg in uz.open(exchange).legs}
    assert states == {"kz.fma": "JOINED", "uz.fiu": "JOINED", "kg.mia": "JOINED"}
    kinds = [each.kind.value for each in uz.open(exchange).statements]
    assert (kinds.count("contribute"), kinds.count("join")) == (3, 4)
    # Its old task lapsed when it left.
    [leg] = [each for each in mia.open(exchange).legs if each.agency == "uz.fiu"]
    assert leg.due_at is None
    lapsed = region.refusal(uz.complete_task, exchange, old_task, "done")
    assert lapsed is Reason.ALREADY_DECIDED
    uz.contribute(exchange, brief="Снова здесь")
    for agency in ("kz.mia", "kz.fma", "kg.mia"):
        assert reads(region, agency, exchange)[-1] == "Снова здесь"
    # It may leave a second time, and reads nothing new from then on.
    uz.leave(exchange, reason="Окончено снова (вымышлено)")
    mia.contribute(exchange, brief="Опять без него")
    assert reads(region, "uz.fiu", exchange)[-1] == "Снова здесь"
    region.replay(capsys)
    # A court sees the same in its evidence.
    (tmp_path / "root.pem").write_bytes(region.town.files.root_pem)
    court = Court(tmp_path, tmp_path / "root.pem", region.town.files.log_vkey)
    profile = uz.profile
    export_bundle(
        uz.gather_evidence(exchange),
        tmp_path / "uz.zip",
        exported_by=profile.tls.certificate.member,
        at=datetime.now(UTC),
        anchors=profile.anchors,
        log=profile.log,
    )
    assert court.run(tmp_path / "uz.zip").startswith("VERIFIED")


def test_who_left_may_decline_a_new_invitation(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = joined(region, "kz.fma", "kz.gpo")
    fma.contribute(exchange, brief="До ухода")
    fma.leave(exchange, reason="Окончено (вымышлено)")
    mia.contribute(exchange, brief="Без него")
    mia.invite(exchange, "kz.fma", brief="Приглашаем снова (вымышлено)")
    fma.open(exchange)
    fma.decline(exchange, "no-capacity", explanation="Нет людей (вымышлено)")
    assert reads(region, "kz.fma", exchange) == ["До ухода"]
    mia.close_exchange(exchange, legs=["kz.fma"])
    fma.erase_answer(exchange, "sent-in-error", note="Ошибка (вымышлено)")
    assert reads(region, "kz.gpo", exchange) == ["Без него"]
    region.replay(capsys)


def test_a_former_member_revokes_its_consent_once_it_reads_the_new_invitation(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the gate holds the invitation back, it is told to wait until something new is shown."""
    mia, uz = region["kz.mia"], region["uz.fiu"]
    exchange = joined(region, "kz.fma", "uz.fiu")
    uz.contribute(exchange, brief="Материал (вымышлено)")
    about = digest(region, exchange, "contribute")
    mia.ask_consent(exchange, about, "kz.gpo", "PROSECUTION", reason="Суд (вымышлено)")
    asked = digest(region, exchange, "consent_request")
    uz.grant_consent(exchange, asked, soon())
    uz.leave(exchange, reason="Окончено (вымышлено)")
    mia.invite(exchange, "uz.fiu", brief="Приглашаем снова (вымышлено)")
    error = refused(uz.revoke_consent, exchange, asked, reason="Отзыв (вымышлено)")
    assert error.reason is Reason.STALE_ANSWER
    assert "If it shows nothing new, say it once it does" in str(error)
    assert "invit" not in str(error)
    region.approve(exchange, FIRST)
    # It is released: what it shows is to be opened first, and a refusal says so.
    early = refused(uz.revoke_consent, exchange, asked, reason="Отзыв (вымышлено)")
    assert early.reason is Reason.OUT_OF_ORDER
    assert "Open the exchange first" in str(early)
    uz.open(exchange)
    uz.revoke_consent(exchange, asked, reason="Отзыв (вымышлено)")
    region.replay(capsys)
