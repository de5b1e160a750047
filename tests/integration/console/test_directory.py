"""The directory in the console: agencies, what each takes, and its members."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agency_client.console import directory as pages
from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import Member
from tests.support.asking import new_exchange
from tests.support.console import RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_MIA

BIDI = "а\u202eб"


@pytest.mark.parametrize("member", [KZ_MIA, COORDINATOR])
def test_every_agency_is_listed_and_leads_to_its_page(
    hub: InMemoryHub, tmp_path: Path, member: Member
) -> None:
    with hub.client(tmp_path, member) as client, running_console(client) as console:
        browser = console.entered()
        assert 'href="/directory"' in browser.get("/").text
        page = browser.get("/directory")
        for each in client.directory.agencies:
            assert f'href="/directory/{each}"' in page.text
            assert browser.get(f"/directory/{each}").status == 200


def test_what_an_agency_takes_stands_there(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    assert "Every kind" in console.entered().get("/directory").words
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        fiu.publish_acceptance(
            kinds=["information_request"],
            languages=["RU", "KK"],
            max_part_bytes=1_048_576,
            hours="Пн-Пт 09:00-18:00",
            duty_contact="+7 7172 000000",
        )
    browser = console.entered()
    for path in ("/directory", "/directory/kz.fma"):
        words = browser.get(path).words
        for said in ("Russian", "Kazakh", "1,048,576 bytes", "Пн-Пт 09:00", "+7 7172 000000"):
            assert said in words, (path, said)
        assert "information" in words
    assert "1,048,576" not in browser.get("/directory/kz.mia").words


def test_members_have_their_roles_and_certificates(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    client = console.console.client
    words = console.entered().get("/directory/caricc").words
    found = [
        each for each in client.directory.certificates.values() if each.member.agency == "caricc"
    ]
    assert len(found) > 1
    for each in found:
        assert each.certificate.fingerprint.hex() in words
    assert "Coordinator" in words
    assert "valid " in words.lower()


def test_an_exchange_leads_to_the_agencies_of_its_legs(console: RunningConsole) -> None:
    exchange = new_exchange(console.console.client, "kz.fma")
    page = console.entered().get(f"/exchange/{exchange}")
    assert 'href="/directory/kz.fma"' in page.text


@pytest.mark.parametrize("name", ["nobody", "..", "%2e%2e", "kz.mia%00", "<script>", "x" * 3000])
def test_an_unknown_agency_has_no_page(console: RunningConsole, name: str) -> None:
    browser = console.entered()
    page = browser.get(f"/directory/{name}")
    assert page.status in (404, 414, 431)
    assert "<script>alert" not in page.text


def test_it_is_shown_while_the_hub_is_away(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Reason.UNAVAILABLE.error("the hub is away")
    monkeypatch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
    page = console.entered().get("/directory")
    assert page.status == 200
    assert "kz.fma" in page.words
    assert "away since" in page.words


def test_a_long_directory_has_pages(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 2)
    browser = console.entered()
    first, last = browser.get("/directory"), browser.get("/directory?page=999")
    assert first.text.count('<td><a class="govuk-link" href="/directory/') == 2
    assert "page=1" in first.text
    assert last.status == 200
    assert "kz.fma" in first.words + browser.get("/directory?page=1").words + last.words


def test_names_of_others_are_shown_with_nothing_unseen(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = console.console.client.directory
    named = {key: replace(each, name=BIDI + "<b>") for key, each in directory.agencies.items()}
    fake = replace(directory, agencies=named)
    monkeypatch.setattr(type(console.console.client), "directory", property(lambda _: fake))
    browser = console.entered()
    for path in ("/directory", "/directory/kz.fma"):
        page = browser.get(path)
        assert "\u202e" not in page.text
        assert "<b>" not in page.text
