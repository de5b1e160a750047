"""A state has one name for people and programs, also where its kind calls it otherwise."""

from __future__ import annotations

import pytest

from exchange_protocol.kinds.catalogue import Kind
from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.deployment import AUDITOR

pytestmark = pytest.mark.long

FIU = "kz.fma/system"
NOTE = "Примечание (вымышлено)"


def test_the_names_that_kinds_give_to_states() -> None:
    found = {
        (kind.value, state.name): kind.spec.state_name(state)
        for kind in Kind
        for state in kind.spec.states
    }
    assert found == {
        ("advance_notice", "ANSWERED"): "NO_OBJECTION_MADE",
        ("advance_notice", "REFUSED"): "OBJECTED_TO",
        ("joint_case", "REFUSED"): "DECLINED",
        ("clearance", "ANSWERED"): "NO_OBJECTION_MADE",
        ("clearance", "REFUSED"): "OBJECTED_TO",
        ("decline", "REFUSED"): "DECLINED",
    }


@pytest.mark.parametrize(
    ("opening", "answer", "name", "words"),
    [
        (
            ("joint-case",),
            ("decline", "--reason", "no-capacity", "--explanation", NOTE),
            "DECLINED",
            "declined",
        ),
        (
            ("advance-notice", "--due", "5d"),
            ("object", "--ground", "contrary-to-law", "--explanation", NOTE),
            "OBJECTED_TO",
            "objected to",
        ),
    ],
)
def test_json_says_what_the_words_say(
    desk: Desk, opening: tuple[str, ...], answer: tuple[str, ...], name: str, words: str
) -> None:
    command, *rest = opening
    (desk.folder / "case.yaml").write_text(f"brief:\n  summary: {NOTE}\n", "utf-8")
    terms = ("--to", "kz.fma", "--legal-basis", "KZ-CPC-1", *rest, "--json")
    made = desk.run(OFFICER, "send", command, "case.yaml", *terms).ok().json
    exchange = made["exchange_id"]
    desk.run(FIU, "show", exchange).ok()
    act, *more = answer
    sent = desk.run(FIU, act, exchange, *more, "--json").ok().json
    shown = desk.run(OFFICER, "show", exchange, "--json").ok().json
    [listed] = [
        each
        for each in desk.run(OFFICER, "sent", "--json").ok().json["exchanges"]
        if each["exchange_id"] == exchange
    ]
    [waits] = [
        each
        for each in desk.run(OFFICER, "todo", "--json").ok().json["todo"]
        if each["exchange_id"] == exchange
    ]
    entries = desk.run(AUDITOR, "audit", "entries", "--json", "--exchange", exchange).ok().json
    moved = [leg["state"] for each in entries["entries"] for leg in each["legs"]]
    told = [each["legs"][0]["state"] for each in (sent, shown, listed, waits)]
    assert told == [name] * 4
    assert waits["state"] == name
    assert moved[-1] == name
    out = desk.run(AUDITOR, "audit", "entries", "--exchange", exchange).ok().out
    assert words in " ".join(out.split())
