"""Workers are killed or stopped under load; the others go on, and what any promised stays."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.load import FULL, Load, free_port
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import emptied_database, running_postgres

WORKERS = 3 if FULL else 2
KILLS = 4 if FULL else 2
STOPS = 2 if FULL else 1
SILENT_SECONDS = 8.0
ANSWER_SECONDS = 45.0
"""The life of a call that a stopped worker had taken, and some more on a busy machine."""
SILENT_SOON = f"""
from exchange_server import workers
from exchange_server.cli import main
workers.BEAT_SECONDS, workers.SILENT_SECONDS = 0.5, {SILENT_SECONDS}
main()
"""


@pytest.fixture
def deployment(tmp_path: Path, foundation: Foundation) -> Iterator[Deployment]:
    with running_postgres() as server:
        yield foundation.copy(tmp_path / "hub", database_url=emptied_database(server))


def test_every_receipt_survives_kills_of_workers_under_load(deployment: Deployment) -> None:
    port = free_port()
    load = Load(deployment, port)
    pick = random.Random(11)  # noqa: S311 -- the moments differ, the run is repeatable
    with HubProcess(load.files, load.environment, workers=WORKERS) as hub:
        hub.wait_until_said("listening", WORKERS)
        with load.running():
            for kills in range(1, KILLS + 1):
                time.sleep(pick.uniform(0.3, 1.0))
                # The kernel may give all senders to one worker. Its end sends them to another.
                pick.choice(_in_use(hub.pid, port)).kill()
                hub.wait_until_said("listening", WORKERS + kills)
        load.settle()
        assert hub.stop() == 0
    assert len(hub.said("worker_ended")) == KILLS
    wrote = {call["worker"] for call in hub.said("call") if call["method"].endswith("/Submit")}
    assert len(wrote) > 1
    load.verify(at_least=KILLS)


def _in_use(parent: int, port: int) -> list[psutil.Process]:
    """The workers to which somebody is connected now; waits until there is one."""
    while True:
        found = [
            each
            for each in psutil.Process(parent).children()
            if any(
                line.laddr.port == port and line.status == psutil.CONN_ESTABLISHED
                for line in each.net_connections("tcp")
            )
        ]
        if found:
            return found
        time.sleep(0.05)


def test_every_receipt_survives_stopped_workers_under_load(deployment: Deployment) -> None:
    load = Load(deployment, free_port())
    pick = random.Random(13)  # noqa: S311 -- the moments differ, the run is repeatable
    with HubProcess(load.files, load.environment, code=SILENT_SOON, workers=WORKERS) as hub:
        hub.wait_until_said("listening", WORKERS)
        with load.running():
            for stops in range(1, STOPS + 1):
                time.sleep(pick.uniform(0.3, 1.0))
                serving = [
                    each
                    for each in psutil.Process(hub.pid).children()
                    if each.net_connections("tcp")
                ]
                stopped = pick.choice(serving)
                stopped.send_signal(signal.SIGSTOP)
                at = time.monotonic()
                hub.wait_until_said("listening", WORKERS + stops)
                assert not stopped.is_running()
                # Each sender, whichever worker it was at, is answered again in bounded time.
                before = [len(sender.receipts) for sender in load.senders]
                while any(
                    len(sender.receipts) == count
                    for sender, count in zip(load.senders, before, strict=True)
                ):
                    assert time.monotonic() - at < ANSWER_SECONDS
                    time.sleep(0.1)
        load.settle()
        assert hub.stop() == 0
    assert len(hub.said("worker_silent")) == STOPS
    load.verify(at_least=STOPS)
