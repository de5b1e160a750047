"""A request for consent waits for its provider, in lists and in `show`, until it is decided."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.cli.conftest import OFFICER, Desk

pytestmark = pytest.mark.long

FIU = "kz.fma/system"
PROSECUTOR = "kz.gpo/system"
DECISIONS = ["show", "consent", "consent-partly", "refuse-consent"]
WHY = ("--reason", "Для обвинения (вымышлено)")


def answered(desk: Desk) -> tuple[str, str]:
    """An exchange that the FIU answered, and the digest of its answer."""
    exchange = desk.ask("kz.fma")
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "reply", exchange, "reply.yaml", "--handling", "H2").ok()
    return exchange, digest(desk, exchange, "reply")


def digest(desk: Desk, exchange: str, kind: str) -> str:
    statements = desk.run(OFFICER, "show", exchange, "--json").ok().json["statements"]
    found: str = [each["digest"] for each in statements if each["kind"] == kind][-1]
    return found


def ask(desk: Desk, exchange: str, about: str, member: str = OFFICER, to: str = "kz.gpo") -> None:
    words = ("--about", about, "--authority", to, "--purpose", "prosecution", *WHY)
    desk.run(member, "ask-consent", exchange, *words).ok()


def asked(desk: Desk, member: str, exchange: str) -> list[dict[str, Any]]:
    """The requests for consent of an exchange that wait for a member."""
    todo = desk.run(member, "todo", "--json").ok().json["todo"]
    return [each for each in todo if each["exchange_id"] == exchange and each["consent"]]


def test_a_request_for_consent_waits_for_the_provider_until_it_is_decided(desk: Desk) -> None:
    exchange, answer = answered(desk)
    ask(desk, exchange, answer)
    [item] = asked(desk, FIU, exchange)
    request = digest(desk, exchange, "consent_request")
    assert item["consent"] == {
        "request": request,
        "about": answer,
        "asked_by": "kz.mia",
        "authority": "kz.gpo",
        "purpose": "PROSECUTION",
    }
    assert item["commands"] == DECISIONS
    told = desk.run(FIU, "todo").ok().out
    assert "decide on the request for consent" in told
    assert "kz.mia asks to pass on to kz.gpo: prosecution" in told
    assert (
        "your turn: decide on the request for consent" in desk.run(FIU, "show", exchange).ok().out
    )
    # The one that asks waits for the other, and so does everybody else.
    assert asked(desk, OFFICER, exchange) == []
    assert asked(desk, PROSECUTOR, exchange) == []
    desk.run(FIU, "consent", exchange, "--about", request, "--expires-at", "2027-12-01").ok()
    assert asked(desk, FIU, exchange) == []
    desk.run(FIU, "revoke-consent", exchange, "--about", request, *WHY).ok()
    assert asked(desk, FIU, exchange) == []


def test_a_request_for_consent_waits_after_the_exchange_was_closed(desk: Desk) -> None:
    exchange, answer = answered(desk)
    desk.run(OFFICER, "close", exchange).ok()
    ask(desk, exchange, answer)
    assert [each["state"] for each in asked(desk, FIU, exchange)] == ["CLOSED"]
    assert "waits for kz.fma" in desk.run(OFFICER, "show", exchange).ok().out
    request = digest(desk, exchange, "consent_request")
    words = (
        "--about",
        request,
        "--ground",
        "disproportionate",
        "--explanation",
        "Много (вымышлено)",
    )
    desk.run(FIU, "refuse-consent", exchange, *words).ok()
    assert asked(desk, FIU, exchange) == []


def test_a_consent_lapses_after_days_as_any_time_is_given(desk: Desk) -> None:
    exchange, answer = answered(desk)
    ask(desk, exchange, answer)
    request = digest(desk, exchange, "consent_request")
    wrong = desk.run(FIU, "consent", exchange, "--about", request, "--expires-at", "month")
    assert wrong.code == 2
    assert "30m, 8h, 3d, 2w, a day such as" in " ".join(wrong.err.split())
    before = datetime.now(UTC)
    desk.run(FIU, "consent", exchange, "--about", request, "--expires-at", "30d").ok()
    [granted] = [
        each
        for each in desk.run(FIU, "show", exchange, "--json").ok().json["statements"]
        if each["kind"] == "consent_decision"
    ]
    lasts = datetime.fromisoformat(granted["codes"]["expires_at"]) - before
    assert timedelta(days=29, hours=23) < lasts < timedelta(days=30, minutes=5)
    assert granted["codes"].get("expires_on") is None


def test_the_recipient_asks_the_initiator(desk: Desk) -> None:
    exchange, _ = answered(desk)
    initial = digest(desk, exchange, "information_request")
    ask(desk, exchange, initial, member=FIU)
    assert asked(desk, FIU, exchange) == []
    [item] = asked(desk, OFFICER, exchange)
    assert (item["party"], item["consent"]["asked_by"]) == ("initiator", "kz.fma")


def test_each_of_two_requests_waits_by_itself(desk: Desk) -> None:
    exchange, answer = answered(desk)
    ask(desk, exchange, answer)
    ask(desk, exchange, answer, to="kg.mia")
    found = asked(desk, FIU, exchange)
    assert [each["consent"]["authority"] for each in found] == ["kz.gpo", "kg.mia"]
    lines = desk.run(FIU, "inbox", "--json").ok().json["exchanges"]
    [leg] = next(each for each in lines if each["exchange_id"] == exchange)["legs"]
    assert json.loads(json.dumps(leg["consents_asked"])) == [each["consent"] for each in found]
