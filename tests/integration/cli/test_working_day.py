"""A day at the desk: what waits, what it is called, how it is told, in which language and time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.integration.cli.conftest import OFFICER, Desk

FIU = "kz.fma/system"
FOREIGN_FIU = "uz.fiu/system"
PROSECUTOR = "kz.gpo/system"
COORDINATOR = "caricc/coordinator/coordinator1"
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
    assert item["commands"] == ["show", *decisions, "claim", "give-back"]


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
    assert re.search(rf"{day} 23:59 \+05, due in (29|30) days", shown)
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
    assert desk.run(offline, "outbox", "list").ok().out == "Исходящих нет.\n"
    file = offline / "profile.toml"
    text = file.read_text("utf-8").replace("[defaults]\n", "[defaults]\nlanguage = 'KK'\n")
    file.write_text(text, "utf-8")
    assert desk.run(offline, "outbox", "list").ok().out == "Шығыс қалтасы бос.\n"
    assert desk.run(offline, "outbox", "list", "--lang", "en").ok().out == "The outbox is empty.\n"
    assert desk.run(offline, "outbox", "list", "--lang", "de").code == 2


def watched(desk: Desk, member: str, *words: str) -> Iterator[str]:
    yield from desk.run(member, "watch", "--max-seconds", "20", *words).ok().out.splitlines()


def test_watch_tells_when_what_and_whose_turn(desk: Desk) -> None:
    desk.run(FOREIGN_FIU, "watch", "--from-start", "--max-seconds", "1").ok()
    exchange = desk.ask("uz.fiu")
    desk.run(COORDINATOR, "approve", exchange, "--json").ok()
    [line] = watched(desk, FOREIGN_FIU, "--until-count", "1")
    assert re.match(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d \+05  {exchange}  request for information", line)
    assert line.endswith("by kz.mia, system  your turn: open it")


def test_watch_that_ends_by_its_time_says_nothing(desk: Desk) -> None:
    desk.run(FIU, "watch", "--from-start", "--max-seconds", "1").ok()
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
    assert re.search(r"2020-02-05 +1000\.50 +KZT +Иван Вымышленный +ТОО «Пример» +Аренда", shown)
    assert "in all: 1 000.50 KZT (1)" in shown


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
