"""Rare states: each page of them is sound, fits, and shows what is unseen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from exchange_protocol.errors import ExchangeError
from tests.browser.conftest import AUDITOR, entered, problems_of
from tests.browser.rarities import HIDDEN, PAGES, Rarities, rare_town, settle
from tests.browser.soundness import serious
from tests.support.console import RunningConsole, running_console
from tests.support.dishonest_hub import lying_region
from tests.support.foundation import Foundation

LOOKS: tuple[tuple[str, Literal["light", "dark"], int], ...] = (
    ("en", "dark", 640),
    ("ru", "light", 1280),
    ("kk", "dark", 360),
)
"""Language, colours and width: at 640 pixels stands what 200 % of a common screen shows."""
PICTURES = os.environ.get("EXCHANGE_PICTURES", "")
"""The folder for pictures; without it none are taken."""


@pytest.fixture(scope="module")
def rarities(
    foundation: Foundation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rarities]:
    with rare_town(foundation, tmp_path_factory.mktemp("rare") / "hub") as made:
        yield made


@pytest.fixture(scope="module")
def rare_console(rarities: Rarities) -> Iterator[Callable[[str], RunningConsole]]:
    """Gives the console of a member, started once."""
    with ExitStack() as stack:
        running: dict[str, RunningConsole] = {}

        def console(member: str) -> RunningConsole:
            if member not in running:
                running[member] = stack.enter_context(running_console(rarities.client(member)))
            return running[member]

        yield console


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
@pytest.mark.parametrize("member", sorted({member for member, _ in PAGES.values()}))
def test_a_rare_state_is_sound_and_fits_and_hides_nothing(
    rarities: Rarities,
    rare_console: Callable[[str], RunningConsole],
    chromium: Browser,
    member: str,
    language: str,
    theme: Literal["light", "dark"],
    width: int,
) -> None:
    console = rare_console(member)
    page = entered(chromium, console, language, theme=theme, width=width)
    if member == AUDITOR:
        page.goto(f"{console.origin}/audit")
        page.keyboard.press("v")
        page.wait_for_selector(".console-audit table", timeout=120_000)
    for name, (seen_by, path) in PAGES.items():
        if seen_by != member:
            continue
        page.goto(console.origin + path.format(**rarities.found))
        settle(page)
        if PICTURES:
            _take(page, Path(PICTURES), f"{name}-{language}")
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
        assert serious(page) == [], name
        assert page.locator("h1").count() == 1, name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert not set(HIDDEN) & set(page.content()), name
    # The browser itself tells of pages that are answered with a status of an error.
    assert [each for each in problems_of(page) if "status of 503" not in each] == []
    page.context.close()


def test_a_finding_of_an_auditor_is_sound_and_fits(
    foundation: Foundation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chromium: Browser,
) -> None:
    with lying_region(foundation, tmp_path / "hub", monkeypatch) as region:
        region.ask("kz.fma")
        # The hub rules that another rule of the policy decided than the one that did.
        region.lies.entry = lambda entry: (
            replace(entry, ruling=replace(entry.ruling, rule_ids=("domestic-flows-at-once",)))
            if entry.ruling
            else entry
        )
        with suppress(ExchangeError):
            region.ask("kz.fma")
        region.lies.entry = None
        with running_console(region.client(AUDITOR)) as console:
            for language, theme, width in LOOKS:
                page = entered(chromium, console, language, theme=theme, width=width)
                page.goto(f"{console.origin}/audit")
                page.keyboard.press("v")
                page.wait_for_selector(".govuk-error-summary table", timeout=120_000)
                if PICTURES:
                    _take(page, Path(PICTURES), f"finding-{language}")
                    page.set_viewport_size({"width": width, "height": 900})
                    page.emulate_media(color_scheme=theme)
                assert serious(page) == [], language
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                page.context.close()


def _take(page: Page, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        for screen, width in (("desktop", 1280), ("phone", 360)):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=folder / f"{name}-{theme}-{screen}.png", full_page=True)
