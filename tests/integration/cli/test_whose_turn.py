"""Each list tells an agency its own step and its own time."""

from __future__ import annotations

import re
from typing import Any
from zipfile import ZipFile

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.clocks import let_pass, shortly

pytestmark = pytest.mark.long

FIU = "kz.fma/system"
FOREIGN_FIU = "uz.fiu/system"
COORDINATOR = "caricc/coordinator/coordinator1"
WHY = ("--explanation", "Нет людей (вымышлено)")
RAW_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]|T[0-9]{2}:[0-9]{2}")


def todo(desk: Desk, member: str, exchange: str) -> list[dict[str, Any]]:
    found = desk.run(member, "todo", "--json").ok().json["todo"]
    return [each for each in found if each["exchange_id"] == exchange]


def steps(desk: Desk, member: str, exchange: str) -> str:
    """The line of `show` that tells the next step."""
    lines = desk.run(member, "show", exchange).ok().out.splitlines()
    return next(each for each in lines if each.startswith("next"))


def joint_case(desk: Desk, *to: str) -> str:
    (desk.folder / "case.yaml").write_text("brief: Общее дело (вымышлено)\n", encoding="utf-8")
    members = [word for agency in to for word in ("--to", agency)]
    sent = desk.run(OFFICER, "send", "joint-case", "case.yaml", *members, "--json").ok()
    exchange: str = sent.json["exchange_id"]
    return exchange


def test_invited_member_joins_or_declines_and_a_declined_leg_says_so(desk: Desk) -> None:
    exchange = joint_case(desk, "kz.fma", "kz.gpo")
    for member in (FIU, "kz.gpo/system"):
        desk.run(member, "show", exchange).ok()
    assert "your turn: join or decline" in steps(desk, FIU, exchange)
    assert "join or decline: show" in desk.run(FIU, "todo").ok().out
    desk.run("kz.gpo/system", "join", exchange).ok()
    declined = desk.run(FIU, "decline", exchange, "--reason", "no-capacity", *WHY).ok().out
    assert "refused" not in declined
    assert "declined" in declined
    told = desk.run(OFFICER, "show", exchange).ok().out
    assert re.search(r"^kz\.fma +declined", told, re.MULTILINE)
    assert "kz.fma: declined" in desk.run(OFFICER, "sent").ok().out
    # A court reads the same: nobody refused to help.
    bundle = desk.folder / "evidence.zip"
    desk.run(OFFICER, "evidence", "export", exchange, "--out", str(bundle)).ok()
    with ZipFile(bundle) as archive:
        account = archive.read("account.html").decode()
    assert "declined" in account
    assert "участие отклонено" in account
    assert "қатысудан бас тартылды" in account
    assert not re.search(r"[^a-z]refused|отказано", account)
    # The other member goes on: only the leg that was declined may be closed.
    [item] = todo(desk, OFFICER, exchange)
    assert "close --leg kz.fma" in item["commands"]
    assert "close" not in item["commands"]
    assert "invite again or close this leg" in steps(desk, OFFICER, exchange)


def test_the_lead_closes_once_the_last_member_has_left(desk: Desk) -> None:
    exchange = joint_case(desk, "kz.fma", "kz.gpo")
    for member in (FIU, "kz.gpo/system"):
        desk.run(member, "show", exchange).ok()
        desk.run(member, "join", exchange).ok()
    why = ("--reason", "Дело окончено (вымышлено)")
    desk.run(FIU, "leave", exchange, *why).ok()
    # That a member left is read once; the lead has nothing to do while the other goes on.
    [item] = todo(desk, OFFICER, exchange)
    assert (item["state"], item["commands"]) == ("LEFT", ["show"])
    listed = desk.run(OFFICER, "todo").ok().out
    assert re.search(r"former member \(kz\.fma\) +read what came", listed)
    assert "waits for kz.gpo" in steps(desk, OFFICER, exchange)
    assert todo(desk, OFFICER, exchange) == []
    desk.run("kz.gpo/system", "leave", exchange, *why).ok()
    [item] = todo(desk, OFFICER, exchange)
    assert "close" in item["commands"]
    assert "your turn: close" in steps(desk, OFFICER, exchange)


def test_a_held_request_is_the_coordinators_turn_and_its_answer_the_recipients(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu", more=("--due", "3d"))
    [item] = todo(desk, COORDINATOR, exchange)
    clocks = {each["clock"]: each["party"] for leg in item["legs"] for each in leg["clocks"]}
    assert clocks["answer"] == "recipient"
    assert clocks.get("decision", "approver") == "approver"
    mine = desk.run(COORDINATOR, "due", "--json").ok().json["due"]
    assert {each["clock"] for each in mine if each["exchange_id"] == exchange} <= {"decision"}
    told = desk.run(COORDINATOR, "todo").ok().out
    row = told[told.index(exchange) :].splitlines()[0]
    assert "2 days" not in row
    owed = desk.run(OFFICER, "due", "--owed", "--json").ok().json["due"]
    assert "answer" in {each["clock"] for each in owed if each["exchange_id"] == exchange}


@pytest.mark.parametrize(("command", "key"), [("pending", "exchanges"), ("todo", "todo")])
def test_an_answer_that_is_late_is_no_delay_of_the_coordinator(
    desk: Desk, command: str, key: str
) -> None:
    """An exchange that the option leaves out is not called overdue in the list either."""
    end = shortly()
    exchange = desk.ask("uz.fiu", more=("--due", end.isoformat()))
    let_pass(end)
    listed = {
        each["exchange_id"]: each["overdue"]
        for each in desk.run(COORDINATOR, command, "--json").ok().json[key]
    }
    assert listed[exchange] is False
    late = desk.run(COORDINATOR, command, "--overdue", "--json").ok().json[key]
    assert exchange not in [each["exchange_id"] for each in late]


def test_a_role_is_told_the_commands_that_it_may_use_and_no_others(desk: Desk) -> None:
    """The prosecutor's authoriser decides what the centre asks; its system does not."""
    exchange = desk.ask("kz.fma", author="caricc/system")
    authoriser, system = "kz.gpo/authoriser/prosecutor1", "kz.gpo/system"
    [item] = todo(desk, authoriser, exchange)
    assert "approve" in item["commands"]
    [item] = todo(desk, system, exchange)
    assert item["commands"] == ["show"]
    told = " ".join(desk.run(system, "todo").ok().out.split())
    assert "your role may not" in told
    refused = desk.run(system, "approve", exchange)
    assert refused.code == 1
    # The other way round: who approves does not answer what its agency is asked.
    asked = desk.ask("kz.gpo")
    [item] = todo(desk, authoriser, asked)
    assert item["commands"] == ["show"]
    desk.run(system, "show", asked).ok()
    [item] = todo(desk, system, asked)
    assert "reply" in item["commands"]


def test_an_answer_that_did_not_come_is_the_initiators_to_say(desk: Desk) -> None:
    end = shortly()
    exchange = desk.ask("kz.fma", more=("--due", end.isoformat()))
    assert todo(desk, OFFICER, exchange) == []
    let_pass(end)
    [item] = todo(desk, OFFICER, exchange)
    assert (item["commands"], item["overdue"]) == (["show", "remind"], True)
    assert "no answer came in time" in desk.run(OFFICER, "todo", "--overdue").ok().out
    # It is the other's turn all the same.
    assert "waits for kz.fma" in steps(desk, OFFICER, exchange)
    owed = desk.run(OFFICER, "due", "--owed").ok().out
    assert re.search(r"request for information +kz\.fma +" + exchange, owed)
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "reply", exchange, "reply.yaml").ok()
    [item] = todo(desk, OFFICER, exchange)
    assert item["state"] == "ANSWERED"


def test_a_request_for_consent_finds_the_leg_of_its_statement(desk: Desk) -> None:
    exchange = desk.ask("kz.fma", "kz.gpo")
    for member in (FIU, "kz.gpo/system"):
        desk.run(member, "show", exchange).ok()
        desk.run(member, "reply", exchange, "reply.yaml", "--handling", "H2").ok()
    statements = desk.run(OFFICER, "show", exchange, "--json").ok().json["statements"]
    [answer] = [
        each["digest"]
        for each in statements
        if each["kind"] == "reply" and each["author"].find("kz.fma") >= 0
    ]
    ask = ("ask-consent", exchange, "--about", answer, "--authority", "kg.mia")
    terms = ("--purpose", "prosecution", "--reason", "Для суда (вымышлено)")
    wrong = desk.run(OFFICER, *ask, *terms, "--leg", "kz.gpo")
    assert wrong.code == 1
    assert "does not stand on the leg of kz.gpo, but on that of kz.fma" in wrong.err
    own = next(each["digest"] for each in statements if each["kind"] == "information_request")
    mine = desk.run(OFFICER, "ask-consent", exchange, "--about", own, *ask[4:], *terms)
    assert "a statement of the other side on one of the legs kz.fma, kz.gpo" in mine.err
    desk.run(OFFICER, *ask, *terms).ok()
    told = desk.run(OFFICER, "show", exchange).ok().out
    assert f"Consent asked: {answer[:12]}…, kg.mia, prosecution" in " ".join(told.split())
    waiting = [each for each in todo(desk, FIU, exchange) if each["consent"]]
    assert len(waiting) == 1
    assert not [each for each in todo(desk, "kz.gpo/system", exchange) if each["consent"]]


def test_times_in_refusals_are_those_of_the_person(desk: Desk) -> None:
    exchange = desk.ask("kz.fma", more=("--due", "3d"))
    early = desk.run(OFFICER, "remind", exchange, "--note", "Напоминание (вымышлено)")
    assert early.code == 1
    assert "NOT_YET_DUE" in early.err
    assert not RAW_TIME.search(early.err)
    assert "+05" in early.err
    utc = desk.run(OFFICER, "--utc", "remind", exchange, "--note", "Напоминание (вымышлено)")
    assert "UTC" in utc.err
    desk.run(FIU, "show", exchange).ok()
    grounds = ("--ground", "volume", "--explanation", "Много (вымышлено)")
    sooner = desk.run(FIU, "extend", exchange, "--due", "2h", *grounds)
    assert "DUE_TIME_NOT_LATER" in sooner.err
    assert not RAW_TIME.search(sooner.err)
    # Programs read what the hub wrote.
    told = desk.run(FIU, "extend", exchange, "--due", "2h", *grounds, "--json").json["error"]
    assert RAW_TIME.search(told["message"])
