"""A deadline that is a day is a day on every page, in the words of the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from exchange_protocol.kinds.codes import Language
from tests.support.asking import ask, new_exchange
from tests.support.console import Browser, RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_MIA

pytestmark = pytest.mark.long

DAY = date.today() + timedelta(days=40)  # noqa: DTZ011 - far enough in every zone
MONTHS = {
    Language.EN: "January February March April May June July August September October November "
    "December",
    Language.RU: "января февраля марта апреля мая июня июля августа сентября октября ноября "
    "декабря",
    Language.KK: "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша "
    "желтоқсан",
}


def said(language: Language) -> str:
    """The day as a reader of the language writes it."""
    month = MONTHS[language].split()[DAY.month - 1]
    if language is Language.KK:
        return f"{DAY.year} ж. {DAY.day} {month}"
    return f"{DAY.day} {month} {DAY.year}"


def entered(console: RunningConsole, language: Language) -> Browser:
    """A browser of a reader of the language."""
    browser = console.entered()
    browser.get("/overview")
    assert browser.post("/settings", language=language.name.lower()).status == 303
    return browser


@pytest.fixture
def sender(hub: InMemoryHub, tmp_path: Path) -> Iterator[RunningConsole]:
    """The console of the agency that asks."""
    with hub.client(tmp_path / "s", KZ_MIA) as client, running_console(client) as running:
        yield running


@pytest.mark.parametrize("language", Language)
def test_lists_and_running_times_name_the_day_in_words(
    hub: InMemoryHub, sender: RunningConsole, tmp_path: Path, language: Language
) -> None:
    exchange = new_exchange(sender.console.client, due=DAY.isoformat())
    with hub.client(tmp_path / "f", KZ_FMA) as fiu, running_console(fiu) as recipient:
        for console, paths in (
            (sender, ("/sent", "/work", "/due", f"/exchange/{exchange}")),
            (recipient, ("/inbox", "/work", "/due", f"/exchange/{exchange}")),
        ):
            browser = entered(console, language)
            for path in paths:
                words = browser.get(path).words
                assert said(language) in words or (path == "/work" and console is sender), path
                # The minute in which a day ends means nothing to its reader.
                assert "23:59" not in words, path


@pytest.mark.parametrize("language", Language)
def test_the_queue_and_its_item_name_the_day_in_words(
    hub: InMemoryHub, sender: RunningConsole, tmp_path: Path, language: Language
) -> None:
    held = ask(sender.console.client, "uz.fiu", due=DAY.isoformat()).exchange_id
    with hub.client(tmp_path / "c", COORDINATOR) as client, running_console(client) as console:
        browser = entered(console, language)
        for path in ("/queue", f"/queue/{held}", f"/exchange/{held}"):
            words = browser.get(path).words
            assert said(language) in words, path
            assert "23:59" not in words, path
