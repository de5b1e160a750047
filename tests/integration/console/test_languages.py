"""A page in Russian or Kazakh has no English in it: all data of these tests are in Cyrillic."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agency_client.content.encodings import NAMES as ENCODINGS
from agency_client.core.acts import ACTS
from exchange_protocol.kinds.spec import Stage
from tests.support.asking import new_exchange
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_GPO, KZ_MIA

pytestmark = pytest.mark.long

_CODE = re.compile(r"<(code|pre|kbd)\b.*?</\1>|<title>.*?</title>", re.DOTALL)
_NAMES = re.compile(
    r"caricc\.example/exchange-log|\b[A-Z]{3}\b|\b[a-z]{2}\.[a-z]+\b|\b[0-9a-f]{8,}(-[0-9a-f]{4,})*\b|\bKZ-[A-Z]+-\d+\b"
)
_LATIN = re.compile(r"[A-Za-z]{3,}")
_SAME = {"TLP", "AMBER", "RED", "GREEN", "CLEAR", "SHA", "English", "FollowTheMoney", "FtM"}
"""What has one name in all languages."""
_SAME |= {
    "STRICT",
    "Centre",
    "Observer",
    "aigul",
    "ops",
    "caricc",
    "nurlan",
    "ayan",
    "coordinator",
    "auditor",
    "fictional",
    "IBAN",
    "CSV",
    "PDF",
}
_SAME |= {
    "goAML",
    "JSON",
    "YAML",
    "UTF",
    "xml",
    "agency",
    "evidence",
    "export",
    "holdings",
    "import",
    "match",
}
_SAME |= {"YYYY", *(word for name in ENCODINGS for word in _LATIN.findall(name))}
_SAME |= {"Asia", "Almaty"}
LANGUAGES = ("ru", "kk")


def speaking(console: RunningConsole, language: str) -> Browser:
    """A browser of a person who chose a language."""
    browser = console.entered()
    browser.get("/overview")
    assert browser.post("/settings", language=language).status == 303
    return browser


def english_in(browser: Browser, path: str) -> set[str]:
    """The Latin words of a page that are no name and no code."""
    answer = browser.get(path)
    assert answer.status == 200, (path, answer.status, answer.words)
    return english_of(answer)


def english_of(answer: Answer) -> set[str]:
    """The Latin words of an answer that are no name and no code."""
    told = re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', answer.text)
    shown = re.sub(r"<[^>]*>", " ", _CODE.sub(" ", answer.text))
    text = _NAMES.sub(" ", " ".join([shown, *told]))
    return set(_LATIN.findall(text)) - _SAME - {"nbsp", "quot", "amp"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_an_officer_have_no_english(
    hub: InMemoryHub, tmp_path: Path, language: str
) -> None:
    domestic = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    new_exchange(hub.client(tmp_path, KZ_MIA), "uz.fiu")
    with hub.client(tmp_path, KZ_FMA) as fiu:
        payments = [
            {
                "id": f"p{number}",
                "schema": "Payment",
                "properties": {
                    "payer": ["1"],
                    "beneficiary": ["2"],
                    "amount": ["5"],
                    "currency": ["₸"],
                },
            }
            for number in range(30)
        ]
        fiu.reply(fiu.open(domestic), brief="Счета", entities=payments)
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as console:
        browser = speaking(console, language)
        browser.get("/new/request_information")
        browser.post("/new/request_information", step="keep", **{"brief.summary": "Черновик"})
        reply = console.console.open(domestic).statements[-1].index
        browser.post(f"/exchange/{domestic}/case", case="Дело 7", title="Вымышленное")
        found_page = browser.post("/search", words="Вымышлено")
        assert english_of(found_page) == set()
        paths = [
            *("/due", "/cases"),
            *("/work", "/inbox", "/sent", "/supervised", "/drafts", "/outbox", "/overview"),
            *("/holdings", "/directory", "/directory/kz.fma", f"/exchange/{domestic}/matches"),
            f"/exchange/{domestic}",
            f"/exchange/{domestic}/table/{reply}/payments",
            f"/exchange/{domestic}/flows/{reply}",
            *(f"/new/{name}" for name, (kind, _) in ACTS.items() if kind.stage is Stage.INITIAL),
            *(
                f"/exchange/{domestic}/{name}"
                for name, (kind, _) in ACTS.items()
                if kind.stage is not Stage.INITIAL
            ),
        ]
        found = {path: english for path in paths if (english := english_in(browser, path))}
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_a_coordinator_and_a_prosecutor_have_no_english(
    hub: InMemoryHub, tmp_path: Path, language: str
) -> None:
    held = new_exchange(hub.client(tmp_path, KZ_MIA), "uz.fiu")
    domestic = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as console:
        browser = speaking(console, language)
        paths = ["/queue", f"/exchange/{held}", "/supervised", "/outbox", "/overview"]
        paths += [f"/queue/{held}/{act}" for act in ("approve", "return_to_author", "reject")]
        found = {path: english for path in paths if (english := english_in(browser, path))}
    with hub.client(tmp_path, KZ_GPO) as client, running_console(client) as console:
        browser = speaking(console, language)
        for path in ("/supervised", f"/exchange/{domestic}", f"/exchange/{domestic}/comment"):
            if english := english_in(browser, path):
                found[path] = english
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_an_auditor_have_no_english(
    foundation: Foundation, tmp_path: Path, language: str
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _):
        found = _audited(town, language)
    assert found == {}


def _audited(town: Deployment, language: str) -> dict[str, set[str]]:
    with town.client("kz.mia/system") as client:
        new_exchange(client, "kz.fma")
    member = "caricc/auditor/auditor1"
    with town.client(member) as client, running_console(client) as console:
        browser = speaking(console, language)
        before = english_in(browser, "/audit") | english_in(browser, "/log")
        browser.post("/audit")
        while "<progress" in browser.get("/audit").text:
            continue
        paths = ("/audit", "/log", "/log/20", "/rules", "/overview")
        found = {path: english for path in paths if (english := english_in(browser, path))}
        return found | ({"before": before} if before else {})
