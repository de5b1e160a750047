"""The parent of the workers is stopped or killed under load; it is found, and started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.faults.load import FULL, Load, free_port, wait_until
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import REPOSITORY, HubProcess
from tests.support.postgres import emptied_database, running_postgres

WORKERS = 2
FOUND_SECONDS = 60.0
"""Beats of 2 seconds, 20 of silence, the grace of calls, and some more on a busy machine."""
COMMAND = "from exchange_server.cli import main; main()"
SILENT_SOON = f"""
from exchange_server import workers
workers.BEAT_SECONDS, workers.SILENT_SECONDS = 0.5, 8.0
{COMMAND}
"""
"""A hub whose workers, which start warm, find sooner that their parent is silent."""
UNIT = REPOSITORY / "deploy" / "systemd" / "exchange-server.service"


@pytest.fixture
def deployment(tmp_path: Path, foundation: Foundation) -> Iterator[Deployment]:
    with running_postgres() as server:
        yield foundation.copy(tmp_path / "hub", database_url=emptied_database(server))


@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGKILL])
def test_every_receipt_survives_a_parent_that_is_stopped_or_killed(
    deployment: Deployment, fault: signal.Signals
) -> None:
    load = Load(deployment, free_port())
    with ExitStack() as stack:
        with load.running():
            code = COMMAND if FULL else SILENT_SOON
            with HubProcess(load.files, load.environment, code=code, workers=WORKERS) as hub:
                hub.wait_until_said("listening", WORKERS)
                wait_until(lambda: load.receipts_at() > 5)
                workers = [
                    each
                    for each in psutil.Process(hub.pid).children(recursive=True)
                    if each.net_connections("tcp")
                ]
                assert len(workers) == WORKERS
                os.kill(hub.pid, fault)
                # A service manager sees that the parent has failed, and waits for what it left.
                assert hub.wait(FOUND_SECONDS) == -signal.SIGKILL
                _, left = psutil.wait_procs(workers, FOUND_SECONDS)
                assert not left
                hub.wait_until_said("stopped", WORKERS)
                assert bool(hub.said("parent_silent")) is (fault is signal.SIGSTOP)
            before = load.receipts_at()
            again = HubProcess(load.files, load.environment, workers=WORKERS)
            stack.enter_context(again)
            wait_until(lambda: load.receipts_at() > before)
        load.settle()
        assert again.stop() == 0
    load.verify(at_least=5)


def test_a_parent_that_is_stopped_for_a_moment_is_left_alone(deployment: Deployment) -> None:
    with HubProcess(deployment.files, workers=WORKERS) as hub:
        hub.wait_until_said("listening", WORKERS)
        os.kill(hub.pid, signal.SIGSTOP)
        time.sleep(5.0)
        os.kill(hub.pid, signal.SIGCONT)
        time.sleep(3.0)
        assert not hub.said("parent_silent")
        assert not hub.said("worker_silent")
        assert hub.stop() == 0


def test_systemd_starts_a_hub_again_whose_parent_was_killed() -> None:
    unit = RawConfigParser(strict=False)
    unit.read(UNIT, encoding="utf-8")
    # Whatever ended it, SIGHUP too; what it left is ended before the next start.
    assert unit["Service"]["Restart"] == "always"
    assert unit["Service"].get("KillMode", "control-group") == "control-group"
