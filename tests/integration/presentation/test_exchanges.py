"""One exchange in words, as each of its parties may see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agency_client import Brief, InformationRequest
from agency_client.presentation.exchanges import (
    approval_words,
    header_facts,
    known_legs,
    leg_row,
    notice_line,
    outcome,
    reference_of,
    timeline,
    turn_of,
    who,
)
from agency_client.presentation.lists import row, to_do
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import exchange_json, summary_json, waiting_json
from agency_client.presentation.steps import waiting
from agency_client.state.references import Reference
from exchange_protocol.kinds.codes import Language, LegState, Party
from exchange_protocol.trust.identity import Member
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import (
    COORDINATOR,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    START,
    UZ_FIU,
)

EN, RU, KK = Locale(), Locale(Language.RU), Locale(Language.KK)
REQUEST = InformationRequest(items=("transactions",))


def ask(hub: InMemoryHub, folder: Path, *to: str, **terms: object) -> str:
    brief = Brief(summary="Вымышленное дело", own_reference="12-34/2026")
    with hub.client(folder) as mia:
        return mia.request_information(to, brief=brief, request=REQUEST, **terms).exchange_id  # type: ignore[arg-type]


def turns(hub: InMemoryHub, folder: Path, exchange: str) -> dict[str, str]:
    told = {}
    for member in (KZ_MIA, KZ_FMA, UZ_FIU, COORDINATOR, KZ_GPO):
        client = hub.client(folder, member)
        if exchange in {each.id for each in client.exchanges()}:
            found = client.get(exchange)
            told[str(member.agency)] = turn_of(
                found, known_legs(found, member.agency), member.agency, EN, datetime.now(UTC)
            )
    return told


def test_everyone_is_told_whose_turn_it_is(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu")
    assert turns(hub, tmp_path, exchange) == {
        "kz.mia": "waits for caricc",
        "caricc": "your turn: decide",
        "kz.gpo": "waits for caricc",
    }
    hub.client(tmp_path, COORDINATOR).approve(exchange)
    assert turns(hub, tmp_path, exchange) == {
        "kz.mia": "waits for uz.fiu",
        "uz.fiu": "your turn: open it",
        "caricc": "waits for uz.fiu",
        "kz.gpo": "waits for uz.fiu",
    }
    fiu = hub.client(tmp_path, UZ_FIU)
    fiu.open(exchange)
    assert turns(hub, tmp_path, exchange)["uz.fiu"] == "your turn: answer"
    fiu.reply(exchange, result="NO_HIT")
    assert turns(hub, tmp_path, exchange)["kz.mia"] == (
        "your turn: read the answer, give feedback, close"
    )
    assert turns(hub, tmp_path, exchange)["uz.fiu"] == "waits for kz.mia"
    hub.client(tmp_path).close_exchange(exchange)
    assert set(turns(hub, tmp_path, exchange).values()) == {""}


def test_overdue_exchange_says_so_in_its_header(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma", due=timedelta(days=3))
    opened = hub.client(tmp_path, KZ_FMA).open(exchange)
    legs = known_legs(opened.verified, KZ_FMA.agency)
    before = header_facts(opened, legs, KZ_FMA.agency, EN, START + timedelta(hours=5))
    [due] = [fact for fact in before if fact.name == "due"]
    assert due.value.endswith("UTC, due in 2 days")
    assert not due.is_alarm
    after = header_facts(opened, legs, KZ_FMA.agency, RU, START + timedelta(days=5, hours=5))
    [due] = [fact for fact in after if fact.name == "срок"]
    assert due.value.endswith("просрочено на 2 дня")
    assert due.is_alarm
    assert "overdue by" in leg_row(legs[0], EN, START + timedelta(days=5, hours=5))[3]


def test_answered_exchange_is_not_overdue(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma", due=timedelta(days=3))
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(exchange)
    fma.reply(exchange, result="NO_HIT")
    opened = hub.client(tmp_path).open(exchange)
    legs = known_legs(opened.verified, KZ_MIA.agency)
    facts = header_facts(opened, legs, KZ_MIA.agency, EN, START + timedelta(days=9))
    [due] = [fact for fact in facts if fact.name == "due"]
    assert due.value == EN.minute(legs[0].due_at)
    assert not due.is_alarm


def test_extended_due_time_is_that_of_the_leg(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma", due=timedelta(days=3))
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(exchange)
    fma.extend_deadline(exchange, ground="VOLUME", explanation="Объём", due=timedelta(days=20))
    opened = hub.client(tmp_path).open(exchange)
    legs = known_legs(opened.verified, KZ_MIA.agency)
    facts = header_facts(opened, legs, KZ_MIA.agency, EN, START + timedelta(days=5))
    [due] = [fact for fact in facts if fact.name == "due"]
    assert "due in 15 days" in due.value or "due in 14 days" in due.value


def test_parts_that_one_reader_fetched_are_one_line(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma", attachments={"скан": b"1"})
    hub.client(tmp_path, KZ_FMA).open(exchange)
    opened = hub.client(tmp_path).open(exchange)
    assert len(opened.verified.deliveries) > 1
    told = [(each.who, each.what) for each in timeline(opened, EN)]
    assert told == [
        ("kz.mia, officer nurlan", "request for information"),
        ("kz.fma, system", "received: request for information"),
    ]


@pytest.mark.parametrize("locale", [EN, RU, KK], ids=lambda each: each.language.name)
def test_decision_is_told_with_its_verdict(
    hub: InMemoryHub, tmp_path: Path, locale: Locale
) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu")
    hub.client(tmp_path, COORDINATOR).approve(exchange)
    opened = hub.client(tmp_path).open(exchange)
    said = {EN: "approved", RU: "одобрено", KK: "мақұлданды"}[locale]
    assert outcome(opened.statements[-1], locale) == said
    [leg] = known_legs(opened.verified, KZ_MIA.agency)
    assert approval_words(leg, EN) == "1 of 1: caricc, coordinator aigul"
    assert approval_words(leg, RU) == "1 из 1: caricc, координатор aigul"


def test_supervisor_sees_legs_as_far_as_they_are_proven(hub: InMemoryHub, tmp_path: Path) -> None:
    """A prosecutor is shown decisions and outcomes; a delivery is the hub's word to it."""
    exchange = ask(hub, tmp_path, "uz.fiu", "kz.fma")
    hub.client(tmp_path, COORDINATOR).approve(exchange)
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(exchange)
    fma.reply(exchange, result="NO_HIT", brief="Ответ")
    opened = hub.client(tmp_path, KZ_GPO).open(exchange)
    assert opened.party is Party.SUPERVISOR
    foreign, domestic = known_legs(opened.verified, KZ_GPO.agency)
    _, approved, answered = (each.index for each in opened.statements)
    assert (foreign.agency, foreign.state) == ("uz.fiu", LegState.RELEASED)
    assert (foreign.as_of_entry, foreign.listed) == (approved, LegState.RELEASED)
    assert (foreign.approvals_required, foreign.approvers) == (1, ("caricc",))
    assert foreign.approvals == (COORDINATOR.uri,)
    assert (domestic.state, domestic.as_of_entry) == (LegState.ANSWERED, answered)
    assert leg_row(foreign, EN, START)[1:3] == (
        f"released to the recipient, as of entry {approved}",
        "1 of 1: caricc, coordinator aigul",
    )
    assert [(each.what, each.more) for each in timeline(opened, EN)] == [
        ("request for information", ""),
        ("decision", "approved"),
        ("reply", "nothing found"),
    ]
    told = exchange_json(opened, [foreign, domestic], START)
    assert [each["as_of_entry"] for each in told["legs"]] == [approved, answered]
    assert [each["listed_state"] for each in told["legs"]] == ["RELEASED", "ANSWERED"]


def test_list_is_in_words_with_what_the_profile_knows(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu", handling="H2", due=timedelta(days=9))
    [summary] = hub.client(tmp_path).sent()
    known = {exchange: Reference("12-34/2026", "", "Вымышленное\u202e дело")}
    told = row(summary, known, RU, START)
    assert told.what == "запрос информации"
    assert told.legs == (("uz.fiu: ожидает одобрения, 0 из 2", LegState.HELD),)
    assert (told.reference, told.about) == ("12-34/2026", "Вымышленное[U+202E] дело")
    assert "осталось" in told.due
    late = row(summary, {}, EN, START + timedelta(days=30))
    assert late.is_overdue
    assert "overdue by" in late.due
    plain = summary_json(summary, known[exchange], START)
    assert (plain["own_reference"], plain["their_reference"]) == ("12-34/2026", None)
    assert summary_json(summary, None, START)["summary"] is None


def test_what_waits_is_listed_by_its_due_time(hub: InMemoryHub, tmp_path: Path) -> None:
    later = ask(hub, tmp_path, "kz.fma", due=timedelta(days=9))
    sooner = ask(hub, tmp_path, "kz.fma", due=timedelta(days=2))
    none = ask(hub, tmp_path, "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(later)
    found = waiting(fma.inbox(), Party.RECIPIENT, KZ_FMA.agency, datetime.now(UTC))
    now = START + timedelta(days=5)
    told = to_do(found, {sooner: Reference("", "12", "Суть")}, EN, now)
    assert [item.exchange_id for _, item in told] == [sooner, later, none]
    first, second, _ = (item for _, item in told)
    assert (first.step, first.commands) == ("open it", ("show",))
    assert (first.reference, first.about, first.is_overdue) == ("12", "Суть", True)
    assert "overdue by" in first.due
    assert second.step == "answer"
    assert {"ack", "reply", "refuse", "extend"} <= set(second.commands)
    plain = waiting_json(told[1][0], None, now)
    assert (plain["party"], plain["state"]) == ("recipient", "DELIVERED")
    assert "reply" in plain["commands"]


def test_nothing_waits_once_another_has_the_turn(hub: InMemoryHub, tmp_path: Path) -> None:
    ask(hub, tmp_path, "kz.fma")
    mia = hub.client(tmp_path)
    assert waiting(mia.sent(), Party.INITIATOR, KZ_MIA.agency, datetime.now(UTC)) == []


def test_reference_is_ones_own_or_the_others(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    before = reference_of(fma.open(exchange), KZ_FMA.agency)
    assert before == Reference("", "12-34/2026", "Вымышленное дело")
    fma.reply(exchange, result="NO_HIT", own_reference="ФМ-9")
    after = reference_of(fma.open(exchange), KZ_FMA.agency)
    assert (after.own, after.shown) == ("ФМ-9", "ФМ-9")


def test_notice_says_when_what_and_whose_turn(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu")
    coordinator = hub.client(tmp_path, COORDINATOR)
    coordinator.reject(exchange, ground="NO_DRUG_NEXUS", explanation="Нет связи")
    mia = hub.client(tmp_path)
    notice = list(mia.watch(from_start=True, max_seconds=2))[-1]
    found = mia.get(exchange)
    line = notice_line(notice, found, Reference("12"), "your turn: read why", EN)
    assert line.endswith(
        f"UTC  {exchange}  12  decision, rejected, no link to drug crime by caricc, coordinator "
        "aigul  your turn: read why"
    )
    assert notice_line(notice, None, None, "", EN) == f"{exchange}  statement accepted by caricc"


def test_member_is_said_by_agency_role_and_name() -> None:
    assert who(COORDINATOR, RU) == "caricc, координатор aigul"
    hostile = Member("exchange.example", KZ_MIA.agency, KZ_MIA.role, "a")
    assert who(hostile, EN) == "kz.mia, officer a"
