"""News that left the state as it was: each list tells it, until it is read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.clocks import let_pass, shortly

pytestmark = pytest.mark.long

FIU = "kz.fma/system"
NOTE = "Примечание (вымышлено)"


def listed(desk: Desk, member: str, box: str, exchange: str) -> dict[str, Any]:
    found = desk.run(member, box, "--json").ok().json["exchanges"]
    [leg] = next(each for each in found if each["exchange_id"] == exchange)["legs"]
    newest: dict[str, Any] = leg["newest"]
    return newest


def todo(desk: Desk, member: str, exchange: str) -> list[dict[str, Any]]:
    found = desk.run(member, "todo", "--json").ok().json["todo"]
    return [each for each in found if each["exchange_id"] == exchange]


def told(desk: Desk, member: str, box: str, exchange: str) -> str:
    """The rows of an exchange in a list, on one line."""
    out = desk.run(member, box).ok().out
    start = out.index(exchange)
    later = re.search(r"\n[0-9a-f]{8}-", out[start:])
    return " ".join(out[start : start + later.start() if later else None].split())


def opened(desk: Desk, *to: str, due: str = "3d") -> str:
    exchange = desk.ask(*(to or ("kz.fma",)), more=("--due", due))
    for member in to or ("kz.fma",):
        desk.run(f"{member}/system", "show", exchange).ok()
    return exchange


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        (("interim", "reply.yaml"), "interim_reply", "interim reply"),
        (("partial", "reply.yaml"), "partial_reply", "partial reply"),
        (
            ("extend", "--due", "9d", "--ground", "volume", "--explanation", NOTE),
            "extend_deadline",
            "extension of the deadline",
        ),
        (("notice", "--notice", "awaiting-judge", "--explanation", NOTE), "give_notice", "notice"),
    ],
)
def test_what_the_recipient_says_before_its_answer_is_told_until_it_is_read(
    desk: Desk, command: tuple[str, ...], kind: str, words: str
) -> None:
    exchange = opened(desk)
    assert todo(desk, OFFICER, exchange) == []
    name, *rest = command
    desk.run(FIU, name, exchange, *rest).ok()
    newest = listed(desk, OFFICER, "sent", exchange)
    assert (newest["kind"], newest["agency"]) == (kind, "kz.fma")
    assert (newest["is_news"], newest["is_unread"], newest["is_answered"]) == (True, True, False)
    assert f"new: {words}" in told(desk, OFFICER, "sent", exchange)
    [item] = todo(desk, OFFICER, exchange)
    assert item["commands"] == ["show"]
    row = told(desk, OFFICER, "todo", exchange)
    assert f"new: {words}" in row
    assert "read what came: show" in row
    # It waits for the other side all the same, and for the reader once more if anything comes.
    shown = desk.run(OFFICER, "show", exchange).ok().out
    assert re.search(r"waits for kz\.fma \(.*due in", shown)
    assert todo(desk, OFFICER, exchange) == []
    assert f"last said: {words}" in told(desk, OFFICER, "sent", exchange)
    assert listed(desk, OFFICER, "sent", exchange)["is_unread"] is False
    # Its author is told of nothing.
    assert words not in told(desk, FIU, "inbox", exchange)
    assert "read what came" not in told(desk, FIU, "todo", exchange)


def test_what_the_answer_tells_is_told_by_its_state(desk: Desk) -> None:
    exchange = opened(desk)
    desk.run(FIU, "partial", exchange, "reply.yaml").ok()
    desk.run(FIU, "reply", exchange, "reply.yaml").ok()
    newest = listed(desk, OFFICER, "sent", exchange)
    assert (newest["kind"], newest["is_news"]) == ("reply", False)
    assert "partial" not in told(desk, OFFICER, "sent", exchange)
    [item] = todo(desk, OFFICER, exchange)
    assert item["state"] == "ANSWERED"


def test_feedback_and_a_correction_after_the_answer_are_told(desk: Desk) -> None:
    exchange = opened(desk)
    desk.run(FIU, "reply", exchange, "reply.yaml").ok()
    desk.run(OFFICER, "show", exchange).ok()
    desk.run(OFFICER, "feedback", exchange, "--usefulness", "3").ok()
    assert "new: feedback on use" in told(desk, FIU, "inbox", exchange)
    shown = desk.run(FIU, "show", exchange, "--json").ok().json["statements"]
    answer = next(each["digest"] for each in shown if each["kind"] == "reply")
    desk.run(FIU, "correct", exchange, "reply.yaml", "--about", answer, "--reason", "form").ok()
    # It spoke after the feedback, which is nothing new any more.
    assert "feedback" not in told(desk, FIU, "inbox", exchange)
    row = told(desk, OFFICER, "todo", exchange)
    assert "new: correction" in row
    assert "read the answer, give feedback, close" in row


def test_each_leg_has_its_own_news(desk: Desk) -> None:
    exchange = opened(desk, "kz.fma", "kz.gpo")
    desk.run(FIU, "partial", exchange, "reply.yaml").ok()
    row = told(desk, OFFICER, "sent", exchange)
    assert "new: partial reply" in row
    assert row.count("new:") == 1


def test_a_reminder_is_told_and_a_recall_asks_for_its_receipt(desk: Desk) -> None:
    end = shortly()
    exchange = opened(desk, due=end.isoformat())
    let_pass(end)
    row = told(desk, OFFICER, "todo", exchange)
    assert "waits for kz.fma; no answer came in time: say so" in row
    shown = desk.run(OFFICER, "show", exchange).ok().out
    assert re.search(r"waits for kz\.fma \(.*overdue by.*\); no answer came in time", shown)
    desk.run(OFFICER, "remind", exchange).ok()
    assert "new: reminder, kz.mia" in told(desk, FIU, "todo", exchange)
    desk.run(OFFICER, "recall", exchange, "--reason", NOTE).ok()
    [item] = todo(desk, FIU, exchange)
    assert "confirm-recall" in item["commands"]
    assert "confirm the recall" in told(desk, FIU, "todo", exchange)
    assert "your turn: stop the work" in desk.run(FIU, "show", exchange).ok().out
    # Its author is asked nothing: it waits for no receipt before it closes.
    assert "your turn: close" in desk.run(OFFICER, "show", exchange).ok().out
    desk.run(FIU, "confirm-recall", exchange, "--use", "unused", "--explanation", NOTE).ok()
    assert todo(desk, FIU, exchange) == []
    assert "new: receipt of a recall" in told(desk, OFFICER, "sent", exchange)


def test_the_lift_that_is_asked_for_is_the_executing_sides_turn(desk: Desk) -> None:
    (desk.folder / "freeze.yaml").write_text("brief: Счёт (вымышлено)\n", encoding="utf-8")
    sent = ("send", "freeze-request", "freeze.yaml", "--to", "kz.fma", "--json")
    exchange = desk.run(OFFICER, *sent).ok().json["exchange_id"]
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "freeze-impose", exchange, "--due", "9d").ok()
    assert "extend, convert or lift" in told(desk, FIU, "todo", exchange)
    desk.run(OFFICER, "freeze-ask-lift", exchange, "--reason", NOTE).ok()
    row = told(desk, FIU, "todo", exchange)
    assert "new: request to lift a freeze, kz.mia" in row
    assert "lift the freeze as asked, or extend it with a note" in row
    assert {"freeze-lift", "freeze-extend"} <= set(todo(desk, FIU, exchange)[0]["commands"])
    assert "your turn: lift the freeze as asked" in desk.run(FIU, "show", exchange).ok().out
    waits = desk.run(OFFICER, "show", exchange).ok().out
    assert re.search(r"next +waits for kz\.fma \(.*ends in", waits)
    # After it spoke, nothing is asked any more.
    desk.run(FIU, "freeze-extend", exchange, "--due", "12d", "--note", NOTE).ok()
    assert "extend, convert or lift" in told(desk, FIU, "todo", exchange)
    assert "new: status of a freeze" in told(desk, OFFICER, "todo", exchange)


def test_only_who_is_shown_an_exchange_has_read_it(desk: Desk) -> None:
    exchange = opened(desk)
    desk.run(FIU, "partial", exchange, "reply.yaml").ok()
    desk.run(OFFICER, "holdings", "match", exchange).ok()
    assert "new: partial reply" in told(desk, OFFICER, "sent", exchange)
    desk.run(OFFICER, "show", exchange).ok()
    assert "new: partial reply" not in told(desk, OFFICER, "sent", exchange)
