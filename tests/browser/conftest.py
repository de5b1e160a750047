"""Chromium over the console of a real hub, for each role."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from agency_client import InformationRequest, Item, Sent
from tests.support.console import RunningConsole, running_console
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM: Final = next((path for name in _NAMES if (path := shutil.which(name))), None)

OFFICER: Final = "kz.mia/system"
RECIPIENT: Final = "kz.fma/system"
PROSECUTOR: Final = "kz.gpo/system"
COORDINATOR: Final = "caricc/coordinator/coordinator1"
AUDITOR: Final = "caricc/auditor/auditor1"
ROLES: Final = (OFFICER, RECIPIENT, PROSECUTOR, COORDINATOR, AUDITOR)
LANGUAGES: Final = ("en", "ru", "kk")

Consoles = Callable[[str], RunningConsole]
_PROBLEMS: dict[Page, list[str]] = {}


def problems_of(page: Page) -> list[str]:
    """The complaints of a page: refused files, errors of scripts, dialogs of a script."""
    return _PROBLEMS[page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; `make browser` installs it, or says how."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: run `make browser`, or apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def town(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A hub with enrolled agencies, over TLS."""
    folder = tmp_path_factory.mktemp("browser") / "hub"
    with foundation.serving(folder) as (town, _):
        yield town


@pytest.fixture(scope="module")
def consoles(town: Deployment) -> Iterator[Consoles]:
    """Gives the console of a member, started once."""
    with ExitStack() as stack:
        running: dict[str, RunningConsole] = {}

        def console(member: str) -> RunningConsole:
            if member not in running:
                client = stack.enter_context(town.client(member))
                running[member] = stack.enter_context(running_console(client))
            return running[member]

        yield console


def ask(town: Deployment, to: str, summary: str = "Вымышленное дело", *, due: str = "7d") -> str:
    """A request of the police; gives the exchange."""
    with town.client(OFFICER) as client:
        sent = client.request_information(
            to=to,
            brief={"summary": summary, "drug_nexus": "Доходы от сбыта."},
            own_reference="12/345",
            request=InformationRequest(items=(Item.TRANSACTIONS,), facts="Факты"),
            subjects=[{"id": "p", "schema": "Person", "properties": {"name": ["Пример"]}}],
            due=due,
        )
    assert isinstance(sent, Sent)
    return sent.exchange_id


def entered(
    browser: Browser,
    console: RunningConsole,
    language: str = "en",
    *,
    theme: Literal["light", "dark"] = "light",
    width: int = 1280,
) -> Page:
    """A page of a browser that followed the link; errors of its console end the test."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda each: problems.append(each.text) if each.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    _PROBLEMS[page] = problems
    page.goto(f"{console.origin}/enter#{console.sessions.new_code()}")
    page.wait_for_url(lambda url: "/enter" not in url)
    # The session before this one may have chosen another.
    if page.get_attribute("html", "lang") != language:
        page.click(f"button[name=language][value={language}]")
        page.wait_for_selector(f"html[lang={language}]")
    return page
