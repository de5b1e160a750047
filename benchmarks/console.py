"""The console under a full inbox: 10,000 exchanges listed, 100,000 payments in one answer.

    python -m benchmarks.console [--exchanges 10000] [--payments 100000] [--rows 5000]

A hub in memory answers, and lists cost it nothing, so what is measured is the console and the
library in it: each page from
the request to its last byte, the first time and then again; own records and the directory with so
many rows; the same pages in Chromium, where there
is one; and the memory of the process, hub included. The program ends with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Final

from agency_client import ExchangeClient, InformationRequest, Item, Sent
from agency_client.content.entity import Entity
from benchmarks.section import Ratio
from exchange_protocol.kinds.codes import Handling, LegState, Urgency
from exchange_protocol.record.listing import ExchangeSummary, LegSummary
from exchange_protocol.trust.identity import AgencyId
from tests.support.console import Browser, RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA

SERVER_GOAL: Final = 0.3
BROWSER_GOAL: Final = 1.0
PROGRESS_GOAL: Final = 0.15
OPENING_GOAL: Final = 5.0
MEMORY_GOAL: Final = 512
_WARM: Final = 5
_CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--exchanges", type=int, default=10_000)
    parser.add_argument("--payments", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=5_000, help="sets of own records, agencies")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exchange-console-") as name:
        found, goals = measure(Path(name), arguments.exchanges, arguments.payments, arguments.rows)
    judged = {
        name: {"value": each.value, "goal": str(each), "met": each.is_met}
        for name, each in goals.items()
    }
    print(json.dumps(found | {"goals": judged}, indent=2))
    if not all(each.is_met for each in goals.values()):
        sys.exit(1)


def measure(
    folder: Path, exchanges: int, payments: int, rows: int
) -> tuple[dict[str, object], dict[str, Ratio]]:
    """Measure the pages; gives the figures, and those that have a goal."""
    hub = InMemoryHub()
    answered = _answer(hub, folder, payments)
    with hub.client(folder, KZ_MIA) as client:
        _fill(client, exchanges)
        with running_console(client) as console:
            browser = console.entered()
            opened_after, first, beside = _open(browser, f"/exchange/{answered}")
            answer = next(
                each.index
                for each in console.console.as_read(answered).statements
                if each.subject_count or each.kind.value == "reply"
            )
            paths = [
                "/work",
                "/sent",
                "/sent?page=100",
                "/sent?late=1",
                "/overview",
                "/new/request_information",
                f"/exchange/{answered}",
                f"/exchange/{answered}/table/{answer}/payments",
                f"/exchange/{answered}/table/{answer}/payments?page={payments // 200 - 1}",
                f"/exchange/{answered}/flows/{answer}",
            ]
            pages = {path: _time(browser, path) for path in paths}
            _widen(client, rows)
            wide = ["/holdings", f"/holdings?page={rows // 200}", "/directory", "/new/refer"]
            paths += wide
            pages |= {path: _time(browser, path) for path in wide}
            in_browser = _in_chromium(console, paths)
    slowest = max([first, beside, *(each for times in pages.values() for each in times)])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    goals = {
        "slowest page at the server (s)": Ratio(slowest, SERVER_GOAL, at_most=True),
        "page that says how far it is (s)": Ratio(first, PROGRESS_GOAL, at_most=True),
        "answer opened (s)": Ratio(opened_after, OPENING_GOAL, at_most=True),
        "memory at most (MiB)": Ratio(memory, MEMORY_GOAL, at_most=True),
    }
    if in_browser:
        goals["slowest page in the browser (s)"] = Ratio(
            max(in_browser.values()), BROWSER_GOAL, at_most=True
        )
    found = {
        "exchanges": exchanges,
        "payments": payments,
        "another page meanwhile (s)": beside,
        "pages (s, first and then)": pages,
        "pages in Chromium (s)": in_browser,
    }
    return found, goals


def _open(browser: Browser, path: str) -> tuple[float, float, float]:
    """Open a large answer; gives the time of all, of its slowest page, and of others meanwhile."""
    begun = time.perf_counter()
    answer = browser.ask(path)
    slowest = time.perf_counter() - begun
    beside = 0.0
    while answer.status == 202:
        at = time.perf_counter()
        browser.get("/overview")
        beside = max(beside, time.perf_counter() - at)
        time.sleep(0.5)
        at = time.perf_counter()
        answer = browser.ask(path)
        slowest = max(slowest, time.perf_counter() - at)
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return round(time.perf_counter() - begun, 3), round(slowest, 3), round(beside, 3)


def _time(browser: Browser, path: str) -> tuple[float, float]:
    seconds = []
    for _ in range(1 + _WARM):
        begun = time.perf_counter()
        answer = browser.get(path)
        seconds.append(round(time.perf_counter() - begun, 3))
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
    return seconds[0], median(seconds[1:])


def _in_chromium(console: RunningConsole, paths: Sequence[str]) -> dict[str, float]:
    """Seconds from asking for a page until all of it is there; empty where no Chromium is."""
    program = next((path for name in _CHROMIUM if (path := shutil.which(name))), None)
    if program is None:
        return {}
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{console.origin}/enter#{console.sessions.new_code()}")
        page.wait_for_url(lambda url: "/enter" not in url)
        for path in paths:
            begun = time.perf_counter()
            page.goto(console.origin + path, wait_until="load")
            found[path] = round(time.perf_counter() - begun, 3)
        browser.close()
    return found


def _answer(hub: InMemoryHub, folder: Path, payments: int) -> str:
    """A request that is answered with so many payments."""
    with hub.client(folder, KZ_MIA) as police:
        sent = police.request_information(
            "kz.fma", brief="Вымышлено", request=InformationRequest(items=(Item.TRANSACTIONS,))
        )
    if not isinstance(sent, Sent):
        raise TypeError("the hub did not take the request")
    with hub.client(folder, KZ_FMA) as fiu:
        fiu.reply(
            fiu.open(sent.exchange_id),
            brief="Счета",
            entities=(_payment(number) for number in range(payments)),
        )
    return sent.exchange_id


def _payment(number: int) -> dict[str, object]:
    return {
        "id": f"p{number}",
        "schema": "Payment",
        "properties": {
            "payer": [f"payer-{number % 200}"],
            "beneficiary": [f"payee-{number % 50}"],
            "amount": [f"{1000 + number}.50"],
            "currency": ["KZT"],
            "date": [f"2025-0{1 + number % 9}-1{number % 10}"],
        },
    }


def _fill(client: ExchangeClient, count: int) -> None:
    """Let the client's lists have so many exchanges, as pages of a hub would give them."""
    [first] = list(client.sent())
    leg = LegSummary(first.legs[0].agency, LegState.RELEASED, 0, 0, None)
    base = replace(first, urgency=Urgency.ROUTINE, handling=Handling.H1, legs=(leg,))
    many = [_listed(base, number) for number in range(count)]
    client.exchanges = lambda **_: iter(many)  # type: ignore[method-assign]


def _widen(client: ExchangeClient, rows: int) -> None:
    """Let the profile have so many sets of own records, and the directory so many agencies."""
    own: Entity = {"id": "a", "schema": "Person", "properties": {"name": ["Вымышлен"]}}
    base = client.holdings.import_entities("Учёт", [own])
    sets = tuple(replace(base, name=f"Вымышленный учёт {number:05}") for number in range(rows))
    client.holdings.all = lambda: sets  # type: ignore[method-assign]
    agencies = dict(client.directory.agencies)
    known = agencies[KZ_FMA.agency]
    for number in range(rows):
        name = AgencyId(f"kz.x{number:05}")
        agencies[name] = replace(known, id=name, name=f"Вымышленный орган {number}")
    # The client holds this very directory, and a hub in memory enrols nobody meanwhile.
    object.__setattr__(client.directory, "agencies", agencies)


def _listed(base: ExchangeSummary, number: int) -> ExchangeSummary:
    at = base.initiated_at + timedelta(minutes=number)
    late = replace(base.legs[0], due_at=at if number % 3 == 0 else None)
    return replace(base, id=f"{number:08x}{base.id[8:]}", initiated_at=at, legs=(late,))


if __name__ == "__main__":
    main()
