"""Lists with nothing in them, one row, and more rows than a page: nothing is left out unsaid."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from agency_client.console import cases, directory, drafts, forms, holdings, lists, outbox
from agency_client.console.drafts import Draft
from exchange_protocol.errors import Reason
from tests.integration.console.test_holdings import OWN
from tests.integration.console.test_ways_on import refuse_one
from tests.support.asking import ask, new_exchange
from tests.support.console import Browser, RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import KZ_FMA


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


def test_a_case_of_many_exchanges_has_pages(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is fetched and verified, so no page may have all."""
    monkeypatch.setattr(cases, "CASE_ROWS", 2)
    client, browser = console.console.client, console.entered()
    linked = [new_exchange(client, "kz.fma") for _ in range(5)]
    client.cases.link("Дело", linked, title=None)
    address = re.findall(r'href="(/case/\w+)"', browser.get("/cases").text)[0]
    mark = r'<li><a class="govuk-link console-wrap" href="/exchange/([0-9a-f-]{36})"'
    assert sorted(rows_of(browser, address, mark)) == sorted(linked)


def test_own_records_have_pages(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holdings, "PAGE_ROWS", 2)
    browser = console.entered()
    mark = r'<td class="console-wrap">(Учёт \d)</td>'
    assert rows_of(browser, "/holdings", mark) == []
    names = [f"Учёт {number}" for number in range(5)]
    for name in names:
        console.console.client.holdings.import_entities(name, [OWN])
    assert rows_of(browser, "/holdings", mark) == names


def test_the_directory_has_pages(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "PAGE_ROWS", 2)
    found = rows_of(
        console.entered(), "/directory", r'<td><a class="govuk-link" href="/directory/([^"]+)"'
    )
    assert sorted(found) == sorted(console.console.client.directory.agencies)


def test_matches_beyond_a_page_are_told(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(holdings, "MOST_SHOWN", 2)
    asked = [{**OWN, "id": f"asked-{number}"} for number in range(4)]
    new_exchange(console.console.client, "kz.fma", subjects=asked)
    with hub.client(tmp_path / "f", KZ_FMA) as client, running_console(client) as fiu:
        client.holdings.import_entities("Учёт", [OWN])
        page = fiu.entered()
        page.get("/holdings")
        said = page.post("/holdings/compare").words
        assert "2 of 4 rows are shown" in said
        assert "agency holdings match" in said


def test_ids_of_agencies_are_typed_where_there_are_too_many_to_choose_from(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = console.entered()
    assert 'type="checkbox" id="to-1"' in browser.get("/new/request_information").text
    monkeypatch.setattr(forms, "MOST_BOXES", 1)
    page = browser.get("/new/request_information")
    assert '<textarea class="govuk-textarea" id="to" name="to"' in page.text
    assert 'href="/directory"' in page.text.partition('id="to"')[2]
    sent = browser.post(
        "/new/request_information",
        to="kz.fma\r\n",
        legal_basis="KZ-CPC-1",
        handling="H0",
        tlp="AMBER",
        urgency="ROUTINE",
        purpose="INVESTIGATION",
        step="next",
        **{"brief.summary": "Вымышлено", "brief.drug_nexus": "Вымышлено", "request.items": "STR"},
    )
    assert sent.location.endswith("/send"), sent.words
    assert "kz.fma" in browser.get(sent.location).words
