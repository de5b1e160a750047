"""Cost of opening an exchange: entries, proofs, replay, delivery, seal, document."""

from __future__ import annotations

import time
from dataclasses import asdict

from agency_client import InformationRequest, Item, Sent
from benchmarks.load import Latency
from benchmarks.section import Load, Run, Section
from tests.support.deployment import deploy
from tests.support.hub_process import HubProcess, prepare_hub

EXCHANGES = 30
_FACTS = "Вымышленные факты. " * 30
_REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts=_FACTS)


def play(run: Run) -> Section:
    """Let one agency ask and the other open, each once; times the opening."""
    files = prepare_hub(run.folder / "opening")
    took = []
    with HubProcess(files) as hub:
        deployment = deploy(files, hub.port)
        with deployment.client("kz.mia/system") as asking:
            sent = [
                asking.request_information(to=["kz.fma"], brief="fictional", request=_REQUEST)
                for _ in range(EXCHANGES)
            ]
        with deployment.client("kz.fma/system") as reading:
            for one in sent:
                if not isinstance(one, Sent):
                    raise TypeError(f"expected the hub to take the request, got {one}")
                started = time.perf_counter()
                reading.open(one.exchange_id)
                took.append(time.perf_counter() - started)
    opened = Latency.of(took)
    return Section(
        key="opening",
        title="a recipient fetches, verifies and opens an exchange",
        headings=("exchanges", "p50", "p99"),
        rows=((str(EXCHANGES), f"{opened.p50_ms:.1f} ms", f"{opened.p99_ms:.1f} ms"),),
        load=Load(len(_FACTS.encode()), in_flight=1),
        figures={"exchanges": EXCHANGES, **asdict(opened)},
    )
