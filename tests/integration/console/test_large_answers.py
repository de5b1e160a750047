"""A large answer is opened beside the pages, kept within a bound, and shown page by page."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agency_client import ExchangeClient
from agency_client.console import contents, context, openings
from agency_client.content.entities import entity_chunks
from exchange_protocol.kinds.codes import Language
from tests.support.asking import new_exchange
from tests.support.console import RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA

pytestmark = pytest.mark.long

PAYMENTS = 450


def payment(number: int, **properties: str) -> dict[str, object]:
    made = {
        "payer": "a",
        "beneficiary": f"payee-{number % 3}",
        "amount": f"{number}.50",
        "currency": "KZT",
        "date": "2025-01-02",
    }
    given = made | properties
    return {
        "id": f"p{number}",
        "schema": "Payment",
        "properties": {name: [value] for name, value in given.items()},
    }


@pytest.fixture
def answered(hub: InMemoryHub, tmp_path: Path) -> str:
    """An exchange whose answer has payments, and their payer after them."""
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    entities = [payment(number) for number in range(PAYMENTS)]
    entities.append({"id": "a", "schema": "Company", "properties": {"name": ["Вымышленная"]}})
    with hub.client(tmp_path, KZ_FMA) as fma:
        fma.reply(fma.open(exchange), brief="Счета", entities=entities)
    return exchange


class Gate:
    """Holds the client back when it opens an exchange."""

    def __init__(self, client: ExchangeClient) -> None:
        self.is_open = threading.Event()
        self.calls = 0
        self._inner = client.open

    def __call__(self, exchange: object) -> object:
        self.calls += 1
        assert self.is_open.wait(20)
        return self._inner(exchange)  # type: ignore[arg-type]


@pytest.fixture
def gate(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """The console's client opens nothing until the gate is open."""
    client = console.console.client
    made = Gate(client)
    monkeypatch.setattr(client, "open", made)
    yield made
    made.is_open.set()


def test_a_page_says_that_an_exchange_is_being_opened_and_then_shows_it(
    console: RunningConsole, answered: str, gate: Gate
) -> None:
    browser = console.entered()
    first = browser.ask(f"/exchange/{answered}")
    assert first.status == 202
    assert first.headers["refresh"] == "1"
    assert "being opened" in first.words
    assert "Вымышленная" not in first.words
    assert browser.get("/overview").status == 200
    assert browser.ask(f"/exchange/{answered}").status == 202
    gate.is_open.set()
    assert "Вымышленная" in browser.get(f"/exchange/{answered}").words
    assert gate.calls == 1


def test_a_page_that_says_how_far_it_is_does_not_wait(
    console: RunningConsole, answered: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = console.entered()
    assert browser.ask(f"/exchange/{answered}").status == 202
    monkeypatch.setattr(openings, "WAIT_SECONDS", 30)
    begun = time.monotonic()
    assert browser.ask(f"/exchange/{answered}").status == 202
    assert time.monotonic() - begun < 10
    assert gate.calls == 1
    # Nor does it wait for the interpreter: an opening gives it up often.
    assert sys.getswitchinterval() == pytest.approx(openings._SWITCH_SECONDS)


def test_an_exchange_that_was_being_opened_at_the_lock_is_not_kept(
    console: RunningConsole, answered: str, gate: Gate
) -> None:
    browser = console.entered()
    assert browser.ask(f"/exchange/{answered}").status == 202
    browser.post("/lock")
    gate.is_open.set()
    for thread in threading.enumerate():
        if thread.daemon and "_run" in thread.name:
            thread.join(20)
    assert console.console._openings.known(answered) is None


def test_every_row_has_its_page(console: RunningConsole, answered: str) -> None:
    browser = console.entered()
    page = browser.get(f"/exchange/{answered}")
    assert f"20 of {PAYMENTS} rows" in page.words
    link = page.text.partition(f"/exchange/{answered}/table/")[2].partition('"')[0]
    amounts, table = [], page
    for number in range(3):
        table = browser.get(f"/exchange/{answered}/table/{link}?page={number}")
        assert f"Page {number + 1} of 3" in table.words
        assert "Вымышленная" in table.words
        amounts += re.findall(r"<td[^>]*>(\d+\.50)</td>", table.text)
    assert amounts == [f"{number}.50" for number in range(PAYMENTS)]
    assert browser.get(f"/exchange/{answered}/table/{link}?page=99").words == table.words
    assert browser.get(f"/exchange/{answered}/table/{link}x").status == 404


def test_tables_are_read_once_and_shown_in_any_language(
    console: RunningConsole, answered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = console.entered()
    browser.get(f"/exchange/{answered}")

    def refuse(*_: object) -> None:
        raise AssertionError("the entities were read again")

    monkeypatch.setattr("agency_client.console.context.read_contents", refuse)
    for language in Language:
        browser.post("/settings", language=language.name.lower())
        assert "Вымышленная" in browser.get(f"/exchange/{answered}").words


def test_what_is_kept_has_a_bound(
    hub: InMemoryHub, tmp_path: Path, answered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openings, "MOST_KEPT_BYTES", 10_000)
    other = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as console:
        kept = console.console._openings
        console.console.open(answered)
        assert kept.known(answered) is not None
        console.console.open(other)
        assert kept.known(answered) is None
        assert kept.known(other) is not None


@pytest.mark.parametrize("amount", ["1e999999", "NaN", "Infinity", "1 000", "١٠", "9" * 5000])
def test_an_amount_that_is_no_clear_number_is_in_no_sum(
    console: RunningConsole, hub: InMemoryHub, tmp_path: Path, amount: str
) -> None:
    """Another agency's library may seal what ours would refuse."""
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    entities = [payment(1), payment(2, amount=amount)]
    lines = b"".join(entity_chunks(entities))  # type: ignore[arg-type]
    opened = console.console.open(exchange)
    first = opened.statements[0]
    hostile = replace(first, parts={**first.parts, "entities": lines})
    found = contents.read_contents(hostile, lambda *_: None)
    assert [(str(each.amount), each.count) for each in found.flows] == [("1.50", 1)]
    assert found.totals == {}


def test_a_page_waits_for_no_answer_that_is_known_to_be_large(
    hub: InMemoryHub,
    console: RunningConsole,
    gate: Gate,
    answered: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told how far that is as soon as the size of its sealed parts is known."""
    monkeypatch.setattr(openings, "WAIT_SECONDS", 600)
    monkeypatch.setattr(context, "_LARGE_BYTES", 1000)
    browser = console.entered()
    assert browser.ask(f"/exchange/{answered}").status == 202
    gate.is_open.set()
    assert browser.get(f"/exchange/{answered}").status == 200
