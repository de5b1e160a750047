"""Interruptions of a task: the lock, a hub that leaves, another's decision."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState
from tests.integration.console.test_officer import FORM
from tests.support.asking import new_exchange
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import AUDITOR, COORDINATOR, KZ_GPO, KZ_MIA

RUSSIAN_AND_KAZAKH = pytest.mark.parametrize("language", ["ru", "kk"])
AWAY = Reason.UNAVAILABLE.error("the hub is away")


def in_language(console: RunningConsole, language: str) -> Browser:
    """A browser that entered, in a language."""
    browser = console.entered()
    browser.get("/overview")
    assert browser.post("/settings", language=language).status == 303
    return browser


def go_away(patch: pytest.MonkeyPatch) -> None:
    """Cut every connection to the hub."""

    def fails(*_: object) -> object:
        raise AWAY

    patch.setattr(Connection, "perform", fails)


def has_no_english(page: Answer) -> bool:
    """True if the page's own text is in another language, but for the detail that says so."""
    text = re.sub(r"<(code|pre)[^>]*>.*?</\1>", " ", page.text, flags=re.S)
    words = re.sub(r"<[^>]*>", " ", text)
    return not re.search(r"\b(the|is|was|not|sent|hub|and)\b", words)


@RUSSIAN_AND_KAZAKH
def test_in_two_tabs_one_decides_and_the_other_is_told(
    hub: InMemoryHub, tmp_path: Path, language: str
) -> None:
    held = new_exchange(hub.client(tmp_path / "p", KZ_MIA), "uz.fiu")
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as console:
        browser = in_language(console, language)
        page = browser.get(f"/queue/{held}/reject")
        awaits = page.text.partition('name="awaits" value="')[2].partition('"')[0]
        assert browser.post(f"/queue/{held}/approve", awaits=awaits).status == 303
        said = len(client.get(held).statements)
        late = browser.post(
            f"/queue/{held}/reject", awaits=awaits, ground="NO_DRUG_NEXUS", explanation="Мои слова"
        )
        assert late.status == 409
        assert "Мои слова" in late.words
        assert f'href="/exchange/{held}"' in late.text
        assert has_no_english(late)
        # The way back to the page of the decision shows the decision, and no button.
        back = browser.get(f"/queue/{held}/approve")
        assert 'name="awaits"' not in back.text
        assert len(client.get(held).statements) == said
        assert client.get(held).legs[0].state is LegState.RELEASED


@RUSSIAN_AND_KAZAKH
def test_a_supervisor_comments_while_the_hub_is_away(
    hub: InMemoryHub, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = new_exchange(hub.client(tmp_path / "p", KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_GPO) as client, running_console(client) as console:
        browser = in_language(console, language)
        assert browser.get(f"/exchange/{exchange}").status == 200
        with monkeypatch.context() as patch:
            go_away(patch)
            kept = browser.post(
                f"/exchange/{exchange}/comment", agency="kz.mia", comment="Прошу уточнить",
                step="next",
            )  # fmt: skip
            assert kept.status == 303, kept.words
            assert browser.sign(kept.location).location == "/outbox"
            page = browser.get("/outbox")
            assert has_no_english(page)
            assert f'href="/exchange/{exchange}"' in page.text
            assert 'action="/outbox"' in page.text
        browser.post("/outbox")
        after = browser.get("/outbox")
        # The waiting statements were sent, so nothing is offered to be sent.
        assert 'action="/outbox"' not in after.text
        assert "Прошу уточнить" in browser.get(f"/exchange/{exchange}").words


@RUSSIAN_AND_KAZAKH
def test_a_verification_that_lost_its_hub_says_so_and_begins_again(
    hub: InMemoryHub, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_exchange(hub.client(tmp_path / "p", KZ_MIA), "kz.fma")
    with hub.client(tmp_path, AUDITOR) as client, running_console(client) as console:
        browser = in_language(console, language)

        def verified() -> Answer:
            assert browser.post("/audit").status == 303
            ends = time.monotonic() + 60
            while 'hx-trigger="every 1s"' in (page := browser.get("/audit")).text:
                assert time.monotonic() < ends
                time.sleep(0.05)
            return page

        with monkeypatch.context() as patch:
            go_away(patch)
            failed = verified()
            assert 'role="alert"' in failed.text
            assert "govuk-notification-banner--success" not in failed.text
            assert has_no_english(failed)
        assert "govuk-notification-banner--success" in verified().text


def test_after_the_lock_no_form_of_any_page_does_anything(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    browser.get("/overview")
    kept = browser.post("/new/request_information", **(FORM | {"step": "keep"}))
    assert kept.location == "/drafts"
    console.sessions.end()
    size = len(hub.log)
    paths = [each.path for each in console.routes if "POST" in (each.methods or ())]
    for path in paths:
        if path == "/enter":
            continue
        answer = browser.post(re.sub(r"\{[^}]*\}", "0", path), **FORM)
        assert answer.status == 403, path
        assert "locked" in answer.words
    assert len(hub.log) == size
    # The draft is there for who enters again.
    assert "Вымышленное дело" in console.entered().get("/drafts").words


def test_a_form_that_is_sent_again_by_a_reload_does_it_once(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    held = new_exchange(hub.client(tmp_path / "p", KZ_MIA), "uz.fiu")
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(f"/queue/{held}/approve")
        awaits = page.text.partition('name="awaits" value="')[2].partition('"')[0]
        assert browser.post(f"/queue/{held}/approve", awaits=awaits).status == 303
        said = len(client.get(held).statements)
        assert browser.post(f"/queue/{held}/approve", awaits=awaits).status == 409
        assert len(client.get(held).statements) == said
