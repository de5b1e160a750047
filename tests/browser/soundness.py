"""The findings of axe on a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page


def serious(page: Page) -> list[str]:
    """Findings of axe that are serious or critical."""
    found = _violations(page)
    return [
        f"{each['id']}: {' '.join(each['nodes'][0]['html'].split())[:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def _violations(page: Page) -> list[dict[str, Any]]:
    """Findings of axe; a page that loads itself again takes what was put into it away."""
    tries = 10
    while True:
        page.wait_for_load_state()
        try:
            found: list[dict[str, Any]] = Axe().run(page).response["violations"]
        except Error:
            tries -= 1
            if not tries:
                raise
        else:
            return found
