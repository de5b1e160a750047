"""Statements that wait are withdrawn in the console, as `agency outbox withdraw` does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agency_client import Queued
from exchange_protocol.errors import NotFound, Reason
from tests.support.asking import ask, new_exchange
from tests.support.console import RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import KZ_FMA


@contextmanager
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub that cannot be reached."""
    with monkeypatch.context() as patch:
        error = Reason.UNAVAILABLE.error("the hub is away")
        patch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(error))
        yield


@contextmanager
def receipts_lost(hub: InMemoryHub) -> Iterator[None]:
    """A hub that takes each statement, and whose answers are lost on the way."""
    honest = hub.submit

    def cut_off(caller: Any, request: Any) -> Any:
        honest(caller, request)
        raise Reason.UNAVAILABLE.error("the connection broke")

    hub.submit = cut_off  # type: ignore[method-assign]
    try:
        yield
    finally:
        hub.submit = honest  # type: ignore[method-assign]


def waiting(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have a request wait; gives the id of its statement."""
    with away(monkeypatch):
        queued = ask(console.console.client, "kz.fma")
    assert isinstance(queued, Queued)
    return queued.statement_id


def test_what_waits_is_withdrawn_and_never_sent(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement, before = waiting(console, monkeypatch), len(hub.log)
    browser = console.entered()
    page = browser.get("/outbox")
    assert f'href="/outbox/{statement}/withdraw"' in page.text
    page = browser.get(f"/outbox/{statement}/withdraw")
    assert "never sent" in page.words
    assert "kz.fma" in page.words
    assert 'name="unasked"' not in page.text
    assert browser.post(f"/outbox/{statement}/withdraw").location == "/outbox"
    assert "will not be sent" in browser.get("/outbox").words
    assert console.console.client.outbox.pending() == []
    assert statement not in console.console.references()
    browser.post("/outbox")
    assert len(hub.log) == before


def test_second_click_is_told_that_nothing_waits(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = waiting(console, monkeypatch)
    browser = console.entered()
    browser.get("/outbox")
    browser.post(f"/outbox/{statement}/withdraw")
    assert browser.post(f"/outbox/{statement}/withdraw").location == "/outbox"
    assert "waits no more" in browser.get("/outbox").words
    page = browser.get(f"/outbox/{statement}/withdraw")
    assert page.status == 404
    assert 'href="/outbox"' in page.text.partition("<main")[2]


def test_a_hub_that_cannot_be_asked_leaves_the_choice_to_the_person(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = waiting(console, monkeypatch)
    browser = console.entered()
    browser.get("/outbox")
    with away(monkeypatch):
        page = browser.post(f"/outbox/{statement}/withdraw")
        assert page.status == 503
        assert "nobody knows whether it has" in page.words
        assert 'name="unasked" value="yes"' in page.text
        assert console.console.client.outbox.holds(statement)
        answer = browser.post(f"/outbox/{statement}/withdraw", unasked="yes")
        assert answer.location == "/outbox"
        assert not console.console.client.outbox.holds(statement)


def test_what_the_hub_has_already_is_not_withdrawn(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    """The receipt was lost on the way: the statement still waits, and stands on the log."""
    client = console.console.client
    with receipts_lost(hub):
        queued = ask(client, "kz.fma")
    assert client.outbox.holds(queued.statement_id)
    browser = console.entered()
    browser.get("/outbox")
    for given in ({}, {"unasked": "yes"}):
        page = browser.post(f"/outbox/{queued.statement_id}/withdraw", **given)
        assert page.status == 409
        assert "The hub has this statement already" in page.words
        assert f'href="/exchange/{queued.exchange_id}"' in page.text
        assert client.outbox.holds(queued.statement_id)
    browser.post("/outbox")
    assert client.outbox.pending() == []


def test_what_others_build_on_is_withdrawn_last(
    hub: InMemoryHub,
    console: RunningConsole,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange = new_exchange(console.console.client, "kz.fma")
    with hub.client(tmp_path / "f", KZ_FMA) as client, running_console(client) as own:
        opened = client.open(exchange)
        with away(monkeypatch):
            first, later = (
                client.partial_reply(opened, brief=text).statement_id for text in ("1", "2")
            )
        browser = own.entered()
        page = browser.get(f"/outbox/{first}/withdraw")
        assert "Withdraw them first" in page.words
        assert f'href="/outbox/{later}/withdraw"' in page.text
        assert f'action="/outbox/{first}/withdraw"' not in page.text
        page = browser.post(f"/outbox/{first}/withdraw")
        assert page.status == 409
        assert "Withdraw them first" in page.words
        for each in (later, first):
            assert browser.post(f"/outbox/{each}/withdraw").location == "/outbox"
        assert client.outbox.pending() == []


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..", ".building-x", "%00", "refused"])
def test_nothing_else_is_withdrawn(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    statement = waiting(console, monkeypatch)
    state = console.console.client.profile.state
    before = {each for each in (state / "outbox").rglob("*") if each.is_file()}
    browser = console.entered()
    browser.get("/outbox")
    assert browser.get(f"/outbox/{name}/withdraw").status == 404
    assert browser.post(f"/outbox/{name}/withdraw", unasked="yes").status in (303, 404)
    assert {each for each in (state / "outbox").rglob("*") if each.is_file()} == before
    assert console.console.client.outbox.holds(statement)


@pytest.mark.parametrize("name", ["..", "refused", "", "x/../.."])
def test_library_takes_back_nothing_but_statements(console: RunningConsole, name: str) -> None:
    with pytest.raises(NotFound):
        console.console.client.withdraw(name, asks=False)
