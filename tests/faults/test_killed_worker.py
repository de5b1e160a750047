"""Workers are killed under load; the others go on, and what any of them promised stays."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.load import Load, free_port
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import emptied_database, running_postgres

WORKERS = 3
KILLS = 4


@pytest.fixture
def deployment(tmp_path: Path, foundation: Foundation) -> Iterator[Deployment]:
    with running_postgres() as server:
        yield foundation.copy(tmp_path / "hub", database_url=emptied_database(server))


def test_every_receipt_survives_kills_of_workers_under_load(deployment: Deployment) -> None:
    load = Load(deployment, free_port())
    pick = random.Random(11)  # noqa: S311 -- the moments differ, the run is repeatable
    with HubProcess(load.files, load.environment, workers=WORKERS) as hub:
        hub.wait_until_said("listening", WORKERS)
        with load.running():
            for kills in range(1, KILLS + 1):
                time.sleep(pick.uniform(0.3, 1.0))
                serving = [
                    each
                    for each in psutil.Process(hub.pid).children()
                    if each.net_connections("tcp")
                ]
                pick.choice(serving).kill()
                hub.wait_until_said("listening", WORKERS + kills)
        load.settle()
        assert hub.stop() == 0
    assert len(hub.said("worker_ended")) == KILLS
    wrote = {call["worker"] for call in hub.said("call") if call["method"].endswith("/Submit")}
    assert len(wrote) > 1
    load.verify(at_least=KILLS)
