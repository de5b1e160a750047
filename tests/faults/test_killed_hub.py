"""The hub is killed under load, anywhere and at every step of a commit; what it promised stays."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.load import FULL, Load, free_port, hub_that
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import emptied_database, running_postgres

KILLS = 20 if FULL else 8
STEPS = ("begun", "judged", "rows", "tiles", "head", "committed")
"""What the writer has just done; after "committed" comes the answer."""
DIES_SECONDS = 30
DIE = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture(params=["sqlite", "postgresql"])
def deployment(
    request: pytest.FixtureRequest, tmp_path: Path, foundation: Foundation
) -> Iterator[Deployment]:
    """A deployment on a database of each kind."""
    if request.param == "sqlite":
        yield foundation.copy(tmp_path / "hub")
        return
    with running_postgres() as server:
        yield foundation.copy(tmp_path / "hub", database_url=emptied_database(server))


@pytest.mark.parametrize("deployment", ["sqlite"], indirect=True)
def test_every_receipt_survives_kills_at_random_under_load(deployment: Deployment) -> None:
    load = Load(deployment, free_port())
    pause = random.Random(7)  # noqa: S311 -- the moments differ, the run is repeatable
    with load.running():
        for _ in range(KILLS):
            with HubProcess(load.files, load.environment) as hub:
                time.sleep(pause.uniform(0.05, 1.0))
                hub.kill()
        last = HubProcess(load.files, load.environment)
        last.__enter__()
    try:
        load.settle()
        last.stop()
    finally:
        last.close()
    load.verify(at_least=KILLS)


def test_every_receipt_survives_a_kill_at_every_step_of_a_commit(deployment: Deployment) -> None:
    load = Load(deployment, free_port())
    with load.running():
        for number, step in enumerate(STEPS):
            code = hub_that(DIE, after=[step], batches=2 + number)
            with HubProcess(load.files, load.environment, code=code) as hub:
                hub.wait(DIES_SECONDS)
        last = HubProcess(load.files, load.environment)
        last.__enter__()
        time.sleep(0.5)
    try:
        load.settle()
        last.stop()
    finally:
        last.close()
    load.verify(at_least=len(STEPS))
