"""News come by the hub's watch; the list is asked only where something came."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agency_client import ExchangeClient
from agency_client.state.watch_place import WatchPlace
from exchange_protocol.errors import Reason
from tests.support.asking import new_exchange
from tests.support.console import Browser, RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import AUDITOR, KZ_FMA


@pytest.fixture
def police(hub: InMemoryHub, tmp_path: Path) -> ExchangeClient:
    return hub.client(tmp_path)


@pytest.fixture
def fiu(hub: InMemoryHub, tmp_path: Path) -> Iterator[RunningConsole]:
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client) as running:
        yield running


def awaited(browser: Browser, is_it: Callable[[str], bool]) -> str:
    """The bar, once it is so."""
    words = ""
    for _ in range(200):
        words = browser.get("/news").words
        if is_it(words):
            return words
        time.sleep(0.02)
    raise AssertionError(words)


def test_news_are_counted_and_nothing_moves(police: ExchangeClient, fiu: RunningConsole) -> None:
    new_exchange(police, "kz.fma")
    browser = fiu.entered()
    browser.get("/work")
    assert browser.get("/news").words == ""
    new_exchange(police, "kz.fma")
    awaited(browser, lambda words: "New: 1" in words)
    browser.get("/work")
    assert browser.get("/news").words == ""


def test_without_a_notice_the_hub_is_not_asked(
    police: ExchangeClient, fiu: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_exchange(police, "kz.fma")
    browser = fiu.entered()
    browser.get("/work")
    browser.get("/news")
    asked = []
    inner = Connection.perform

    def perform(link: Connection, call: object) -> object:
        asked.append(call)
        return inner(link, call)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "perform", perform)
    for _ in range(5):
        assert browser.get("/news").words == ""
    assert asked == []
    monkeypatch.undo()
    new_exchange(police, "kz.fma")
    awaited(browser, lambda words: "New: 1" in words)


def test_the_place_of_the_profiles_own_watch_stays(
    police: ExchangeClient, fiu: RunningConsole
) -> None:
    client = fiu.console.client
    list(client.watch(from_start=True, max_seconds=0.05))
    watch = WatchPlace(client.profile.state)
    place = watch.token()
    browser = fiu.entered()
    browser.get("/news")
    exchange = new_exchange(police, "kz.fma")
    awaited(browser, lambda words: "New: 1" in words)
    assert watch.token() == place
    [notice] = client.watch(max_notices=1)
    assert notice.exchange_id == exchange


def test_the_bar_says_since_when_the_hub_is_away_and_comes_back(
    police: ExchangeClient, fiu: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_exchange(police, "kz.fma")
    browser = fiu.entered()

    def fail(*_: object) -> object:
        raise Reason.UNAVAILABLE.error("the hub is away")

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "perform", fail)
        first = awaited(browser, lambda words: "away since" in words)
        assert awaited(browser, lambda words: "away since" in words) == first
    awaited(browser, lambda words: "New: 1" in words)


def test_what_is_kept_is_read_while_the_hub_is_away(
    police: ExchangeClient, fiu: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = new_exchange(police, "kz.fma")
    other = new_exchange(police, "kz.fma")
    browser = fiu.entered()
    assert "away since" not in browser.get(f"/exchange/{kept}").words

    def fail(*_: object) -> object:
        raise Reason.UNAVAILABLE.error("the hub is away")

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "perform", fail)
        page = browser.get(f"/exchange/{kept}")
        assert page.status == 200
        assert "Вымышлено" in page.words
        assert browser.get(f"/exchange/{other}").status == 503
        # Every page says since when, in the reader's zone.
        for path in (f"/exchange/{kept}", f"/exchange/{other}", "/drafts", "/outbox", "/cases"):
            words = browser.get(path).words
            assert re.search(r"away since \d{4}-\d\d-\d\d \d\d:\d\d \S", words), path
    assert "away since" not in browser.get(f"/exchange/{other}").words
    assert "away since" not in browser.get("/drafts").words


def test_an_auditors_bar_asks_for_nothing_that_is_refused(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub.client(tmp_path, AUDITOR) as client, running_console(client) as console:
        asked: list[str] = []
        for name in ("watch", "exchanges", "pending"):

            def ask(*, name: str = name, **_: object) -> Iterator[object]:
                asked.append(name)
                return iter(())

            monkeypatch.setattr(client, name, ask)
        bar = console.entered().get("/news")
    assert (bar.status, bar.text.strip()) == (200, "")
    # Each would be refused, and the log keeps what is refused.
    assert asked == []


def test_a_fault_of_the_bar_is_a_line_and_no_page(
    fiu: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = fiu.entered()

    def fail(*_: object) -> object:
        raise Reason.ROLE_NOT_PERMITTED.error("expected another role")

    monkeypatch.setattr(Connection, "perform", fail)
    bar = browser.get("/news")
    assert bar.status == 200
    assert "Your role does not allow this" in bar.words
    assert "<main" not in bar.text
