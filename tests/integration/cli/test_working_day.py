"""A day at the desk: what waits, what it is called, how it is told, in which language and time."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.clocks import let_pass, shortly, today

pytestmark = pytest.mark.long

FIU = "kz.fma/system"
FOREIGN_FIU = "uz.fiu/system"
PROSECUTOR = "kz.gpo/system"
COORDINATOR = "caricc/coordinator/coordinator1"
SECOND = "caricc/coordinator/coordinator2"
AUDITOR = "caricc/auditor/auditor1"
ALMATY = ZoneInfo("Asia/Almaty")
RAW_CODES = re.compile(
    r"\b(HELD|RELEASED|DELIVERED|ACKNOWLEDGED|ANSWERED|PRE_TRIAL|[a-z]+_[a-z]+)\b"
)


@pytest.fixture
def referenced(desk: Desk) -> str:
    """A request to kz.fma with a reference of the officer's own."""
    more = ("--own-reference", "12-34/2026", "--due", "3d", "--subjects", "subjects.ftm.json")
    return desk.ask("kz.fma", more=more)


def todo(desk: Desk, member: str) -> dict[str, dict[str, object]]:
    found = desk.run(member, "todo", "--json").ok().json["todo"]
    return {each["exchange_id"]: each for each in found}


def test_what_waits_moves_from_one_to_the_other(desk: Desk, referenced: str) -> None:
    assert referenced not in todo(desk, OFFICER)
    item = todo(desk, FIU)[referenced]
    assert (item["state"], item["commands"]) == ("RELEASED", ["show"])
    assert item["own_reference"] is None
    desk.run(FIU, "show", referenced).ok()
    item = todo(desk, FIU)[referenced]
    assert (item["their_reference"], item["state"]) == ("12-34/2026", "DELIVERED")
    assert item["summary"] == "Отмывание доходов от сбыта героина (вымышлено)"
    lines = iter(desk.run(FIU, "todo").ok().out.splitlines())
    line = next(each for each in lines if referenced in each)
    assert "12-34/2026" in line
    assert "due in 2 days" in next(lines)
    assert "answer: show, ack" in line
    assert "Отмывание доходов" in line
    desk.run(FIU, "reply", referenced, "reply.yaml", "--own-reference", "ФМ-1").ok()
    assert referenced not in todo(desk, FIU)
    item = todo(desk, OFFICER)[referenced]
    assert (item["state"], item["own_reference"]) == ("ANSWERED", "12-34/2026")
    desk.run(OFFICER, "close", referenced).ok()
    assert referenced not in todo(desk, OFFICER)


def test_held_request_waits_for_the_coordinator_alone(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu")
    assert exchange not in todo(desk, OFFICER)
    item = todo(desk, COORDINATOR)[exchange]
    decisions = ["approve", "reject", "return"]
    assert item["commands"] == ["show", *decisions, "claim"]
    desk.run(COORDINATOR, "claim", exchange).ok()
    assert todo(desk, COORDINATOR)[exchange]["commands"] == ["show", *decisions, "give-back"]


def test_index_is_on_disk_only_sealed_and_forgets_what_was_erased(
    desk: Desk, referenced: str
) -> None:
    desk.run(FIU, "show", referenced).ok()
    for member in (OFFICER, FIU):
        index = desk.town.profile(member) / "state" / "index"
        assert index.stat().st_mode & 0o777 == 0o600
        assert b"12-34" not in index.read_bytes()
        assert "Отмывание".encode() not in index.read_bytes()
    desk.run(FIU, "reply", referenced, "reply.yaml").ok()
    desk.run(OFFICER, "close", referenced).ok()
    desk.run(OFFICER, "erase", referenced, "--ground", "retention-ended").ok()
    for member, box in ((OFFICER, "sent"), (FIU, "inbox")):
        # The list brings the news that it was erased, and nothing is told of it any more.
        desk.run(member, box).ok()
        listed = desk.run(member, box, "--json").ok().json["exchanges"]
        [erased] = [each for each in listed if each["exchange_id"] == referenced]
        assert (erased["own_reference"], erased["their_reference"], erased["summary"]) == (
            None,
        ) * 3


def test_beginning_of_an_id_is_taken_wherever_an_id_is(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    short = exchange[:28]
    desk.run(FIU, "show", short).ok()
    desk.run(FIU, "ack", short.upper()).ok()
    desk.run(OFFICER, "evidence", "export", short, "-o", "e.zip").ok()
    desk.run(FIU, "reply", short, "reply.yaml").ok()
    assert exchange in desk.run(OFFICER, "close", short).ok().out
    unknown = desk.run(OFFICER, "show", "ffffffff")
    assert unknown.code == 1
    assert "no exchange that you see begins with ffffffff" in unknown.err


def test_beginning_that_several_have_lists_them(desk: Desk) -> None:
    exchanges = [desk.ask("kz.fma", more=("--own-reference", f"дело-{n}")) for n in (1, 2)]
    ended = desk.run(OFFICER, "show", exchanges[0][:4])
    assert ended.code == 2
    told = json.loads(desk.run(OFFICER, "--json", "show", exchanges[0][:4]).out)["error"]["message"]
    assert "begin with" in ended.err
    assert re.search(r"[0-9a-f-]{36} request for information, kz\.mia", told)


def test_times_are_local_and_utc_is_an_option(desk: Desk) -> None:
    day = (datetime.now(ALMATY) + timedelta(days=9)).date()
    exchange = desk.ask("kz.fma", more=("--due", f"{day:%d.%m.%Y} 18:00"))
    due = datetime(day.year, day.month, day.day, 18, tzinfo=ALMATY)
    told = desk.run(OFFICER, "show", exchange, "--json").ok().json["header"]["due_at"]
    assert datetime.fromisoformat(told) == due
    shown = desk.run(OFFICER, "show", exchange).ok().out
    assert re.search(rf"{day} 18:00 \+05, due in [89] days", shown)
    assert f"{day} 13:00 UTC" in desk.run(OFFICER, "show", exchange, "--utc").ok().out
    assert f"{day} 18:00 +05" in desk.run(OFFICER, "sent").ok().out
    in_utc = desk.ask("kz.fma", more=("--utc", "--due", f"{day} 18:00"))
    told = desk.run(OFFICER, "show", in_utc, "--json").ok().json["header"]["due_at"]
    assert datetime.fromisoformat(told) == due.replace(tzinfo=UTC)


def test_deadline_is_extended_by_the_command_of_its_kind(desk: Desk) -> None:
    exchange = desk.ask("kz.fma", more=("--due", "2d"))
    desk.run(FIU, "show", exchange).ok()
    day = (datetime.now(ALMATY) + timedelta(days=30)).date()
    words = ("--due", f"{day}", "--ground", "volume", "--explanation", "Объём")
    assert "Deadline extended" in desk.run(FIU, "extend", exchange, *words).ok().out
    shown = desk.run(OFFICER, "show", exchange).ok().out
    assert re.search(rf"{day} \(UTC\+05:00\), due in (29|30) days", shown)
    listed = re.search(rf"{day.day} {day:%B} {day.year}, due in (29|30)", shown)
    assert listed, "the clocks tell the same day in words"
    assert "extension of the deadline" in shown
    assert "volume of the work" in shown


def test_nothing_raw_is_shown_to_people(desk: Desk, referenced: str) -> None:
    desk.run(FIU, "show", referenced).ok()
    for member, words in (
        (OFFICER, ("show", referenced)),
        (FIU, ("inbox",)),
        (OFFICER, ("sent",)),
        (PROSECUTOR, ("supervised",)),
        (OFFICER, ("agencies",)),
        (FIU, ("todo",)),
        (FIU, ("watch", "--from-start", "--max-seconds", "1")),
    ):
        out = desk.run(member, *words).ok().out
        assert not RAW_CODES.findall(out), words
        assert '["' not in out, words
        assert "{" not in out, words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ru", ("запрос информации", "выдано", "инициатор", "Ход обмена", "период")),
        ("kk", ("ақпарат сұрау салуы", "берілді", "бастамашы", "Алмасу барысы", "кезең")),
        ("en", ("request for information", "delivered", "initiator", "Timeline", "period")),
    ],
)
def test_people_choose_their_language_and_programs_see_none(
    desk: Desk, referenced: str, language: str, words: tuple[str, ...]
) -> None:
    desk.run(FIU, "show", referenced).ok()
    shown = desk.run(OFFICER, "--lang", language, "show", referenced).ok().out
    for word in words:
        assert word in shown
    told = [
        desk.run(OFFICER, "show", referenced, "--json", "--lang", each).ok().json
        for each in ("en", language)
    ]
    assert told[0]["legs"] == told[1]["legs"]
    assert told[0]["statements"] == told[1]["statements"]


def test_language_is_that_of_the_terminal_or_of_the_profile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = desk.ask("kz.fma")
    monkeypatch.setenv("LC_MESSAGES", "ru_RU.UTF-8")
    assert "запрос информации" in desk.run(OFFICER, "sent").ok().out
    assert "отправлено" in desk.run(OFFICER, "recall", exchange).ok().out
    offline = desk.offline_profile(OFFICER)
    # What other tests left: the region is one for all of them.
    shutil.rmtree(offline / "state" / "outbox")
    assert desk.run(offline, "outbox", "list").ok().out == "Исходящих нет.\n"
    file = offline / "profile.toml"
    text = file.read_text("utf-8").replace("[defaults]\n", "[defaults]\nlanguage = 'KK'\n")
    file.write_text(text, "utf-8")
    assert desk.run(offline, "outbox", "list").ok().out == "Шығыс қалтасы бос.\n"
    assert desk.run(offline, "outbox", "list", "--lang", "en").ok().out == "The outbox is empty.\n"
    assert desk.run(offline, "outbox", "list", "--lang", "de").code == 2


def watched(desk: Desk, member: str, *words: str) -> Iterator[str]:
    yield from desk.run(member, "watch", "--max-seconds", "60", *words).ok().out.splitlines()


def test_watch_tells_when_what_and_whose_turn(desk: Desk) -> None:
    desk.heard(FOREIGN_FIU, "--from-start")
    exchange = desk.ask("uz.fiu")
    desk.run(COORDINATOR, "approve", exchange, "--json").ok()
    line = ""
    # Statements of other tests may come first, if the machine was slow to tell them.
    while exchange not in line:
        [line] = watched(desk, FOREIGN_FIU, "--until-count", "1")
    assert re.match(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d \+05  {exchange}  request for information", line)
    assert line.endswith("by kz.mia, system  your turn: open it")


def test_watch_that_ends_by_its_time_says_nothing(desk: Desk) -> None:
    desk.heard(FIU, "--from-start")
    ended = desk.run(FIU, "watch", "--max-seconds", "1").ok()
    assert (ended.out, ended.err) == ("", "")


def test_prosecutor_sees_how_what_it_supervises_goes_on(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu")
    desk.run(COORDINATOR, "approve", exchange, "--json").ok()
    shown = desk.run(PROSECUTOR, "show", exchange).ok().out
    assert re.search(
        r"uz\.fiu +released to the recipient, as of entry \d+ +1 of 1: caricc, coordinator", shown
    )
    assert re.search(r"caricc, coordinator \S+ +decision +approved", shown)
    assert "LISTED BY THE HUB" in shown
    assert "You see the statements that name your agency as a supervisor" in shown
    assert "waits for uz.fiu" in shown


def test_payments_are_shown_with_payer_and_payee(desk: Desk) -> None:
    lines = [
        {"id": "p", "schema": "Person", "properties": {"name": ["Иван Вымышленный"]}},
        {"id": "c", "schema": "Company", "properties": {"name": ["ТОО «Пример»"]}},
        {
            "id": "1",
            "schema": "Payment",
            "properties": {
                "payer": ["p"], "beneficiary": ["c"], "amount": ["1000.50"],
                "currency": ["KZT"], "date": ["2020-02-05"], "purpose": ["Аренда"],
            },
        },
    ]  # fmt: skip
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)
    (desk.folder / "payments.ftm.json").write_text(text, "utf-8")
    exchange = desk.ask("kz.fma", more=("--subjects", "payments.ftm.json"))
    shown = desk.run(FIU, "show", exchange).ok().out
    assert re.search(r"2020-02-05 +1,000\.50 +KZT +Иван Вымышленный +ТОО «Пример» +Аренда", shown)
    assert "in all: 1,000.50 KZT (1)" in shown


def test_claim_is_shown_to_the_other_coordinators_and_to_the_initiator(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu")
    desk.run(COORDINATOR, "claim", exchange, "--json").ok()
    in_hand = (
        r"in hand of caricc, coordinator coordinator1\s+since \d{4}-\d\d-\d\d \d\d:\d\d (\+05|UTC)"
    )
    for words in (("pending",), ("todo",), ("show", exchange)):
        assert re.search(in_hand, desk.run(SECOND, *words).ok().out), words
    assert re.search(in_hand, desk.run(OFFICER, "show", exchange).ok().out)

    def claimed(member: str, box: str) -> list[str | None]:
        told = desk.run(member, box, "--json").ok().json["exchanges"]
        [listed] = [each for each in told if each["exchange_id"] == exchange]
        return [each["claimed_by"] for each in listed["legs"]]

    [by] = claimed(SECOND, "pending")
    assert by is not None
    assert by.endswith("/caricc/coordinator/coordinator1")
    # A list tells others than approvers nothing of it.
    assert claimed(OFFICER, "sent") == claimed(PROSECUTOR, "supervised") == [None]
    desk.run(COORDINATOR, "give-back", exchange, "--json").ok()
    assert not re.search(in_hand, desk.run(SECOND, "show", exchange).ok().out)


def test_overdue_ones_are_listed_by_themselves(desk: Desk) -> None:
    in_time = desk.ask("kz.fma", more=("--due", "3d"))
    due = shortly()
    with desk.town.client(OFFICER) as hub:
        late = hub.request_information(
            "kz.fma",
            brief="Срок истёк (вымышлено)",
            request={"items": ["STR"]},
            due=due,
        ).exchange_id
    let_pass(due)
    for member, words in ((OFFICER, "sent"), (FIU, "inbox"), (FIU, "todo")):
        [rows] = desk.run(member, words, "--overdue", "--json").ok().json.values()
        found = {each["exchange_id"] for each in rows}
        assert (late in found, in_time in found) == (True, False)
    assert "overdue by" in desk.run(OFFICER, "show", late).ok().out


def test_auditor_lists_entries_by_time_agency_and_exchange_and_sees_who_approved(
    desk: Desk,
) -> None:
    day = today(ALMATY)
    exchange = desk.ask("uz.fiu")
    desk.run(COORDINATOR, "approve", exchange, "--json").ok()
    desk.run(FOREIGN_FIU, "show", exchange).ok()
    entries = ("audit", "entries", "--exchange", exchange[:28])
    told = desk.run(AUDITOR, *entries, "--json").ok().json
    kinds = [each["kind"] for each in told["entries"]]
    assert kinds[0] == "information_request"
    decided = told["entries"][kinds.index("decision")]
    assert decided["codes"] == {"verdict": "APPROVE"}
    assert decided["actor"].endswith("/caricc/coordinator/coordinator1")
    assert [leg["state"] for leg in decided["legs"]] == ["RELEASED"]
    shown = desk.run(AUDITOR, *entries).ok().out
    assert re.search(r"caricc, coordinator coordinator1 +decision, approved +uz\.fiu: ", shown)
    deliveries = sum(each["event"] == "DELIVERY" for each in told["entries"])
    assert deliveries > 0
    for more, count in (
        (("--kind", "decision"), 1),
        (("--event", "delivery"), deliveries),
        (("--agency", "kg.mia"), 0),
        (("--to", "01.01.2020"), 0),
        (("--from", f"{day}"), len(told["entries"])),
        (("--from", f"{day + timedelta(days=1)}"), 0),
    ):
        assert len(desk.run(AUDITOR, *entries, *more, "--json").ok().json["entries"]) == count, more
    ours = desk.run(AUDITOR, *entries, "--agency", "caricc", "--json").ok().json["entries"]
    assert decided in ours
    assert told["entries"][0] not in ours
    for words in (("--kind", "nothing"), ("--event", "x"), ("--from", "soon"), ("--root", "r")):
        assert desk.run(AUDITOR, "audit", "entries", *words).code == 2
    refused = desk.run(OFFICER, "audit", "entries")
    assert (refused.code, "expected the profile of an auditor" in refused.err) == (2, True)


def test_evidence_says_the_verdict_of_a_decision(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu")
    desk.run(COORDINATOR, "approve", exchange, "--json").ok()
    told = desk.run(OFFICER, "evidence", "export", exchange, "-o", "e.zip").ok().out
    assert "decision, approved" in told
    assert "decision, approved" in desk.run(OFFICER, "evidence", "verify", "e.zip").ok().out
    verified = desk.run(OFFICER, "evidence", "verify", "e.zip", "--json").ok().json["entries"]
    [decision] = [each for each in verified if each["kind"] == "decision"]
    assert decision["codes"] == {"verdict": "APPROVE"}


def test_version_is_printed(desk: Desk) -> None:
    assert re.fullmatch(r"agency \d+\.\d+\.\d+\S*\n", desk.command("--version").ok().out)
