"""Lists with nothing in them, one row, and more rows than a page: nothing is left out unsaid."""

from __future__ import annotations

import os
import re

import pytest

from agency_client.console import cases, drafts, lists, outbox
from agency_client.console.drafts import Draft
from exchange_protocol.errors import Reason
from tests.integration.console.test_ways_on import refuse_one
from tests.support.asking import ask, new_exchange
from tests.support.console import Browser, RunningConsole
from tests.support.in_memory_hub import Connection, InMemoryHub


def rows_of(browser: Browser, path: str, mark: str) -> list[str]:
    """Rows of each page of a list, from the first to the one that leads no further."""
    found: list[str] = []
    address = path
    for _ in range(9):
        text = browser.get(address).text.partition("<main")[2]
        found += re.findall(mark, text)
        following = re.search(r'href="([^"]*page=\d+)">Next page', text)
        if following is None:
            return found
        address = following[1]
    raise AssertionError("the pages never end")


def test_an_outbox_has_pages_and_what_was_refused_first(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAGE_ROWS", 2)
    client, browser = console.console.client, console.entered()
    mark = r'/outbox/([0-9a-f-]{36})/(?:withdraw|dismiss)"'
    assert rows_of(browser, "/outbox", mark) == []
    refused = refuse_one(hub, console)
    with monkeypatch.context() as patch:
        away = Reason.UNAVAILABLE.error("the hub is away")
        patch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
        waiting = [ask(client, "kz.fma", own_reference=f"{n}").statement_id for n in range(4)]
    assert rows_of(browser, "/outbox", mark) == [refused, *waiting]
    # What waits is sent from each page.
    assert 'action="/outbox"' in browser.get("/outbox?page=0").text


@pytest.mark.parametrize("path", ["/work", "/due"])
def test_what_waits_has_pages(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(lists, "PAGE_ROWS", 2)
    browser = console.entered()
    mark = r'href="/exchange/([0-9a-f-]{36})"'
    assert rows_of(browser, path, mark) == []
    client = console.console.client
    found = {new_exchange(client, "kz.fma", due="7d") for _ in range(5)}
    if path == "/work":
        # A decision of another that rejects waits for its author.
        for each in found:
            client.recall(each)
    shown = rows_of(browser, path, mark)
    assert path == "/due" or len(shown) == len(set(shown)) == 5
    assert set(shown) <= found


def test_cases_have_pages(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "PAGE_ROWS", 2)
    browser = console.entered()
    mark = r'href="/case/(\w+)"'
    assert rows_of(browser, "/cases", mark) == []
    exchange = new_exchange(console.console.client, "kz.fma")
    for number in range(5):
        console.console.client.cases.link(f"Дело {number}", [exchange], title=None)
    assert len(set(rows_of(browser, "/cases", mark))) == 5


def test_the_newest_draft_is_never_left_out(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MOST_LISTED", 2)
    kept = console.console.drafts
    names = ["f" * 16, "e" * 16, "0" * 16, "1" * 16]
    for number, name in enumerate(names):
        draft = Draft(name, "request_information", "", console.console.now)
        kept.keep(draft)
        os.utime(kept._path(name), (1_000_000 - number, 1_000_000 - number))
    page = console.entered().get("/drafts")
    assert re.findall(r'<a class="govuk-link" href="/draft/(\w+)"', page.text) == [
        "e" * 16,
        "f" * 16,
    ]
    assert "2 of 4 rows are shown" in page.words
