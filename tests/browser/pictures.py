"""Pictures of every page of the console over the demonstration's data, to be looked at.

    python -m demo --root FOLDER
    python -m tests.browser.pictures FOLDER OUT [--language ru] [--as kz.mia]

Each page is taken in each language, light and dark, on a desktop and on a telephone: OUT has a file
such as `queue-ru-dark-desktop.png`. Nobody decides on the statements that the demonstration leaves
held.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from agency_client import ExchangeClient
from agency_client.state.profile import Profile
from demo import console as demo_console
from demo import hub
from exchange_protocol.kinds.codes import LegState
from tests.browser.conftest import CHROMIUM, LANGUAGES, entered
from tests.support.console import RunningConsole, running_console

THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
WIDTHS: Final = {"desktop": 1280, "telephone": 360}
PAGES: Final = {
    "coordinator1": {
        "queue": "/queue",
        "item": "/queue/{held}",
        "approve": "/queue/{held}/approve",
        "reject": "/queue/{held}/reject",
        "decided": "/queue/{answered}/approve",
        "held": "/exchange/{held}",
        "supervised": "/supervised",
        "home": "/overview",
        "nothing": "/nowhere",
    },
    "kz.mia": {
        "work": "/work",
        "inbox": "/inbox",
        "sent": "/sent",
        "due": "/due",
        "cases": "/cases",
        "drafts": "/drafts",
        "outbox": "/outbox",
        "holdings": "/holdings",
        "directory": "/directory",
        "agency": "/directory/uz.fiu",
        "exchange": "/exchange/{answered}",
        "feedback": "/exchange/{answered}/feedback",
        "compose": "/new/request_information",
        "fault": "/exchange/nonsense",
    },
    "kz.fma": {"reply": "/exchange/{domestic}/reply", "received": "/exchange/{domestic}"},
    "kz.gpo": {
        "copies": "/supervised",
        "copy": "/exchange/{domestic}",
        "involve": "/exchange/{domestic}/ask_to_be_involved",
    },
    "auditor": {
        "audit": "/audit",
        "log": "/log",
        "entry": "/log/20",
        "rules": "/rules",
        "statistics": "/overview",
    },
}


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("root", type=Path, help="folder of a demonstration that was played")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--language", choices=LANGUAGES, help="this language alone")
    parser.add_argument("--as", dest="actor", choices=[*PAGES], help="pages of this actor alone")
    arguments = parser.parse_args()
    root, out = arguments.root.absolute(), arguments.out
    languages = [arguments.language] if arguments.language else LANGUAGES
    actors = [arguments.actor] if arguments.actor else [*PAGES]
    out.mkdir(parents=True, exist_ok=True)
    with _demonstration(root) as found, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for actor in actors:
            with (
                ExchangeClient.from_profile(Profile.load(root / actor)) as client,
                running_console(client) as console,
            ):
                if actor == "auditor":
                    _verify(chromium, console)
                pages = {name: path.format(**found) for name, path in PAGES[actor].items()}
                for language in languages:
                    _take(chromium, console, pages, language, out)
        chromium.close()


def _verify(chromium: Browser, console: RunningConsole) -> None:
    page = entered(chromium, console)
    page.keyboard.press("v")
    page.wait_for_selector(".govuk-notification-banner", timeout=120_000)
    page.context.close()


@contextmanager
def _demonstration(root: Path) -> Iterator[dict[str, str]]:
    """The hub of a demonstration that was played; gives the exchanges that the pages show."""
    hub.start(root)
    try:
        demo_console.let_something_wait(root)
        with ExchangeClient.from_profile(Profile.load(root / "kz.mia")) as client:
            sent = list(client.sent())
        answered = [each for each in sent if each.legs[0].state is LegState.ANSWERED]
        yield {
            "held": next(each.id for each in sent if each.legs[0].state is LegState.HELD),
            "answered": answered[0].id,
            "domestic": next(each.id for each in sent if each.legs[0].agency == "kz.fma"),
        }
    finally:
        hub.stop(root)


def _take(
    chromium: Browser, console: RunningConsole, pages: dict[str, str], language: str, out: Path
) -> None:
    for theme in THEMES:
        for screen, width in WIDTHS.items():
            page = entered(chromium, console, language, theme=theme, width=width)

            def take(name: str, page: Page, suffix: str = f"{language}-{theme}-{screen}") -> None:
                while page.locator("main progress:visible").count():
                    page.wait_for_timeout(500)
                page.screenshot(path=out / f"{name}-{suffix}.png", full_page=True)

            for name, path in pages.items():
                page.goto(console.origin + path)
                take(name, page)
            if "compose" in pages:
                for name in _write(page, console):
                    take(name, page)
            page.context.close()


def _write(page: Page, console: RunningConsole) -> Iterator[str]:
    """Go through what only a form leads to; gives the name of each page that is reached."""
    page.goto(f"{console.origin}/new/request_information")
    page.click("button[name=step][value=next]")
    page.wait_for_selector(".govuk-error-summary")
    yield "incomplete"
    page.check("input[name=to][value='uz.fiu']")
    page.fill("textarea[name='brief.summary']", "Вымышленное дело")
    page.fill("input[name=legal_basis]", "KZ-CPC-161")
    page.check("input[name='request.items'][value=STR]")
    page.click("button[name=step][value=next]")
    page.wait_for_url("**/send")
    yield "sign"
    page.goto(f"{console.origin}/work")
    page.fill("#words", "Пример")
    page.press("#words", "Enter")
    page.wait_for_url("**/search")
    yield "found"
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    yield "keys"


if __name__ == "__main__":
    main()
