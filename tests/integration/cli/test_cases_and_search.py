"""Own cases and own search, against a real hub: what is found, linked and forgotten."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.integration.cli.conftest import OFFICER, Desk

pytestmark = pytest.mark.long

FIU = "kz.fma/system"
FOREIGN_FIU = "uz.fiu/system"
COORDINATOR = "caricc/coordinator/coordinator1"


@pytest.fixture
def name(desk: Desk) -> str:
    """A name that no other test sends; the subject of the desk's requests has it."""
    word = uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghklmnprst"))
    entities = [
        {"id": "p1", "schema": "Person", "properties": {"name": [f"Юлия {word}"]}},
        {"id": "a1", "schema": "BankAccount", "properties": {"accountNumber": [f"KZ86 {word}"]}},
    ]
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in entities)
    (desk.folder / "subjects.ftm.json").write_text(text, "utf-8")
    return word


def ask(desk: Desk, *to: str, reference: str = "12-34/2026") -> str:
    more = ("--own-reference", reference, "--subjects", "subjects.ftm.json")
    return desk.ask(*(to or ("kz.fma",)), more=more)


def found(desk: Desk, member: str, *words: str) -> list[str]:
    listed = desk.run(member, "search", *words, "--json").ok().json["found"]
    return [each["exchange_id"] for each in listed]


def test_what_was_sent_is_found_at_once_and_what_came_once_it_is_opened(
    desk: Desk, name: str
) -> None:
    exchange = ask(desk)
    assert found(desk, OFFICER, f"yuliya {name}") == [exchange]
    assert found(desk, FIU, name) == []
    unopened = desk.run(FIU, "search", "--unopened", "--json").ok().json["exchanges"]
    assert exchange in {each["exchange_id"] for each in unopened}
    desk.run(FIU, "show", exchange).ok()
    for words in (("Iuliia", name), (f"kz86{name}",), (name, "12-34/2026"), (name, "ОТМЫВАНИЕ")):
        assert found(desk, FIU, *words) == [exchange]
    unopened = desk.run(FIU, "search", "--unopened", "--json").ok().json["exchanges"]
    assert exchange not in {each["exchange_id"] for each in unopened}
    shown = desk.run(FIU, "search", name).ok().out
    assert f"name: Юлия {name}" in shown
    assert f"account: KZ86 {name}" in shown
    assert "exchanges that this profile opened or sent" in shown
    nobody = desk.run(FIU, "search", name, "другое").ok().out
    assert nobody.startswith("This profile knows of no exchange with these words.\n")


def test_answer_is_found_by_who_sent_it_and_by_who_opened_it(desk: Desk, name: str) -> None:
    exchange = desk.ask("kz.fma")
    desk.run(FIU, "show", exchange).ok()
    (desk.folder / "выписка.pdf").write_bytes(b"%PDF")
    words = ("--entities", "subjects.ftm.json", "--attach", f"{name}.pdf=выписка.pdf")
    desk.run(FIU, "reply", exchange, "reply.yaml", *words).ok()
    assert found(desk, FIU, "юлия", f"{name}.pdf") == [exchange]
    assert found(desk, OFFICER, name) == []
    desk.run(OFFICER, "show", exchange).ok()
    assert found(desk, OFFICER, "юлия", f"{name}.pdf") == [exchange]


def test_search_needs_no_hub(desk: Desk, name: str) -> None:
    exchange = ask(desk)
    offline = desk.offline_profile(OFFICER)
    told = desk.run(offline, "search", name, "--json").ok().json
    assert [each["exchange_id"] for each in told["found"]] == [exchange]
    assert told["found"][0]["own_reference"] == "12-34/2026"


def test_search_without_words_is_refused(desk: Desk) -> None:
    for words, code in (((), 2), (("x", "--unopened"), 2), (("—",), 1)):
        ended = desk.run(OFFICER, "search", *words)
        assert (ended.code, "WORDS" in ended.err or "words" in ended.err) == (code, True)


def test_withdrawn_statement_is_found_no_more(desk: Desk, name: str) -> None:
    offline = desk.offline_profile(OFFICER)
    words = ("send", "information-request", "request.yaml", "--to", "kz.fma", "--json")
    ended = desk.run(offline, *words, "--subjects", "subjects.ftm.json")
    assert ended.code == 4
    told = desk.run(offline, "search", name, "--json").ok().json
    assert [each["exchange_id"] for each in told["found"]] == [ended.json["exchange_id"]]
    statement = ended.json["statement_id"]
    desk.run(offline, "outbox", "withdraw", statement, "--without-asking").ok()
    assert desk.run(offline, "search", name, "--json").ok().json["found"] == []


def test_recall_makes_the_recipient_forget_and_not_the_author(desk: Desk, name: str) -> None:
    exchange = ask(desk)
    desk.run(FIU, "show", exchange).ok()
    desk.run(OFFICER, "recall", exchange).ok()
    assert found(desk, FIU, name) == [exchange]
    # The list brings the news.
    desk.run(FIU, "inbox").ok()
    assert found(desk, FIU, name) == []
    # Neither does it come back when it is opened again.
    desk.run(FIU, "show", exchange).ok()
    assert found(desk, FIU, name) == []
    desk.run(OFFICER, "show", exchange).ok()
    assert found(desk, OFFICER, name) == [exchange]


def test_watch_brings_the_news_of_a_recall(desk: Desk, name: str) -> None:
    exchange = ask(desk)
    desk.run(FIU, "show", exchange).ok()
    desk.heard(FIU, "--from-start")
    desk.run(OFFICER, "recall", exchange).ok()
    assert found(desk, FIU, name) == [exchange]
    desk.heard(FIU)
    assert found(desk, FIU, name) == []


def test_erasure_makes_everyone_forget(desk: Desk, name: str) -> None:
    exchange = ask(desk)
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "reply", exchange, "reply.yaml").ok()
    desk.run(OFFICER, "close", exchange).ok()
    desk.run(OFFICER, "erase", exchange, "--ground", "retention-ended").ok()
    for member, box in ((OFFICER, "sent"), (FIU, "inbox")):
        desk.run(member, box).ok()
        assert found(desk, member, name) == []
        desk.run(member, "show", exchange).ok()
        assert found(desk, member, name) == []


def test_case_has_one_timeline_over_exchanges_and_agencies(desk: Desk, name: str) -> None:
    reference = f"дело {name}"
    first, second = ask(desk, reference="один"), ask(desk, "uz.fiu", reference="два")
    desk.run(FIU, "show", first).ok()
    # The agency that asked is to close it, or to ask further.
    desk.run(FIU, "reply", first, "reply.yaml").ok()
    desk.run(COORDINATOR, "approve", second, "--json").ok()
    done = desk.run(OFFICER, "case", "link", reference, first, second, "--title", "Поставка").ok()
    assert done.out == f"Linked to case {reference}: 2 of its exchanges.\n"
    told = desk.run(OFFICER, "case", "show", reference, "--json").ok().json
    assert (told["title"], told["exchanges"]) == ("Поставка", sorted([first, second]))
    times = [line["at"] for line in told["timeline"]]
    assert times == sorted(times)
    agencies = {line["who"].partition(",")[0] for line in told["timeline"]}
    assert agencies == {"kz.mia", "kz.fma", "caricc"}
    shown = desk.run(OFFICER, "case", "show", reference).ok().out
    for word in ("Поставка", "один", "два", "decision", "approved", first, second):
        assert word in shown
    assert f"{reference}  Поставка  2" in desk.run(OFFICER, "case", "list").ok().out
    for words in (("sent",), ("todo",), ("search", name)):
        listed = desk.run(OFFICER, *words, "--json").ok().json
        [rows] = [each for each in listed.values() if isinstance(each, list) and each]
        for row in rows:
            assert row["cases"] == ([reference] if row["exchange_id"] in (first, second) else [])
    assert reference in desk.run(OFFICER, "sent").ok().out
    # Nothing of it reaches another profile of the agency, or the hub.
    others = desk.run(FIU, "case", "list", "--json").ok().json["cases"]
    assert reference not in {each["case"] for each in others}


def test_case_show_is_no_delivery(desk: Desk, name: str) -> None:
    exchange = ask(desk)
    desk.run(FIU, "case", "link", name, exchange).ok()
    desk.run(FIU, "case", "show", name).ok()
    [listed] = [
        each
        for each in desk.run(FIU, "inbox", "--json").ok().json["exchanges"]
        if each["exchange_id"] == exchange
    ]
    assert listed["legs"][0]["state"] == "RELEASED"


def test_unlinked_exchange_leaves_the_case(desk: Desk, name: str) -> None:
    first, second = ask(desk), ask(desk)
    desk.run(OFFICER, "case", "link", name, first, second).ok()
    left = desk.run(OFFICER, "case", "unlink", name, first).ok().out
    assert left == f"Taken out of case {name}: 1 of its exchanges are left.\n"
    ended = desk.run(OFFICER, "case", "unlink", name, first)
    assert (ended.code, "expected exchanges of the case" in ended.err) == (1, True)
    assert "no exchange is left" in desk.run(OFFICER, "case", "unlink", name, second).ok().out
    ended = desk.run(OFFICER, "case", "show", name)
    assert (ended.code, "`agency case list` lists them" in ended.err) == (1, True)


def test_case_tells_what_is_not_shown(desk: Desk, name: str) -> None:
    unknown = "01a20550-6358-7732-81dc-576beeed69bd"
    desk.run(OFFICER, "case", "link", name, unknown).ok()
    told = desk.run(OFFICER, "case", "show", name, "--json").ok().json
    assert [each["exchange_id"] for each in told["not_shown"]] == [unknown]
    assert "not shown" in desk.run(OFFICER, "case", "show", name).ok().out
