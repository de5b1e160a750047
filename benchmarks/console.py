"""The console under a full inbox: 10,000 exchanges listed, 100,000 payments in one answer.

    python -m benchmarks.console [--exchanges 10000] [--payments 100000]

A hub in memory answers, so what is measured is the console and the library in it: each page from
the request to its last byte, once cold and then warm, and the memory of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Final

from agency_client import ExchangeClient, InformationRequest, Item, Sent
from agency_client.core.views import ExchangeSummary, LegSummary
from exchange_protocol.kinds.codes import Handling, LegState, Urgency
from tests.support.console import Browser, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA

_WARM: Final = 5
_LIMIT_SECONDS: Final = 0.3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--exchanges", type=int, default=10_000)
    parser.add_argument("--payments", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exchange-console-") as name:
        found = _measure(Path(name), arguments.exchanges, arguments.payments)
    print(json.dumps(found, indent=2))


def _measure(folder: Path, exchanges: int, payments: int) -> dict[str, object]:
    hub = InMemoryHub()
    answered = _answer(hub, folder, payments)
    with hub.client(folder, KZ_MIA) as client:
        _fill(client, exchanges)
        with running_console(client) as console:
            browser = console.entered()
            pages = {
                path: _time(browser, path)
                for path in (
                    "/work",
                    "/sent",
                    "/sent?page=100",
                    "/sent?late=1",
                    f"/exchange/{answered}",
                    "/new/request_information",
                )
            }
    slow = [path for path, (_, warm) in pages.items() if warm > _LIMIT_SECONDS]
    return {
        "exchanges": exchanges,
        "payments": payments,
        "pages (s, first and then)": pages,
        "slower than 0.3 s": slow,
        "memory at most (MiB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _time(browser: Browser, path: str) -> tuple[float, float]:
    seconds = []
    for _ in range(1 + _WARM):
        begun = time.perf_counter()
        answer = browser.get(path)
        seconds.append(round(time.perf_counter() - begun, 3))
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
    return seconds[0], median(seconds[1:])


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


def _listed(base: ExchangeSummary, number: int) -> ExchangeSummary:
    at = base.initiated_at + timedelta(minutes=number)
    late = replace(base.legs[0], due_at=at if number % 3 == 0 else None)
    return replace(base, id=f"{number:08x}{base.id[8:]}", initiated_at=at, legs=(late,))


if __name__ == "__main__":
    main()
