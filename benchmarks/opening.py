"""What a recipient pays to open an exchange: entries, proofs, replay, delivery, seal, document."""

from __future__ import annotations

import time
from pathlib import Path

from agency_client import InformationRequest, Item, Sent
from benchmarks.load import Latency
from tests.support.deployment import deploy
from tests.support.hub_process import HubProcess, prepare_hub

_REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts="Вымышленные факты. " * 30)


def play(folder: Path, exchanges: int) -> Latency:
    """Let one body ask and the other open, each once; times the opening."""
    files = prepare_hub(folder)
    took = []
    with HubProcess(files) as hub:
        deployment = deploy(files, hub.port)
        with deployment.client("kz.mia/system") as asking:
            sent = [
                asking.request_information(to=["kz.fma"], brief="fictional", request=_REQUEST)
                for _ in range(exchanges)
            ]
        with deployment.client("kz.fma/system") as reading:
            for one in sent:
                if not isinstance(one, Sent):
                    raise TypeError(f"expected the hub to take the request, got {one}")
                started = time.perf_counter()
                reading.open(one.exchange_id)
                took.append(time.perf_counter() - started)
    return Latency.of(took)
