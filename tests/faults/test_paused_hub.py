"""One of two hubs is paused (SIGSTOP) under load, and goes on later as if nothing had been.

Paused in its turn, before the commit, it holds the lock on the head: the database takes the turn
away, the other hub goes on, and the one that wakes up finds its transaction ended. Paused after the
commit, it had lost nothing but time. Where in its turn a signal from outside finds it, nobody can
tell; one or the other holds.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import psutil

from tests.faults.load import (
    FULL,
    SERVING,
    Load,
    free_port,
    hub_that,
    wait_for_health,
    wait_until,
)
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import emptied_database, running_postgres, with_options

PAUSE_SECONDS = 20.0 if FULL else 5.0
OPTIONS = "" if FULL else "-c transaction_timeout=2s"
"""How soon the database ends a turn, where not by default."""
PAUSES = 3 if FULL else 0
"""At any moment, after those in a commit."""
BATCHES = 4
# The signal stops the other threads at their next turn of the processor; this one goes no further.
PAUSE = "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(1)"


def is_paused(hub: HubProcess) -> bool:
    return psutil.Process(hub.pid).status() == psutil.STATUS_STOPPED


def test_every_receipt_survives_pauses_of_a_hub(tmp_path: Path, foundation: Foundation) -> None:
    moment = random.Random(5)  # noqa: S311 -- the moments differ, the run is repeatable
    with running_postgres() as server:
        url = emptied_database(server)
        load = Load(foundation.copy(tmp_path / "hub", database_url=url), free_port(), free_port())
        files = load.files
        bounded = {"EXCHANGE_DATABASE_URL": with_options(files.database_url, OPTIONS)}
        one, other = (environment | bounded for environment in load.environments)
        # It pauses a second time after all was seen of the first: few batches are soon written.
        may_pause = tmp_path / "may-pause"
        may_pause.touch()
        code = hub_that(
            PAUSE, after=["rows", "committed"], batches=BATCHES, while_exists=str(may_pause)
        )
        with HubProcess(files, one, code=code) as paused, HubProcess(files, other) as awake:

            def others_go_on() -> None:
                before = load.receipts_at(1)
                time.sleep(PAUSE_SECONDS)
                assert is_paused(paused)
                assert load.receipts_at(1) > before
                wait_for_health(awake, SERVING)

            def wake_up() -> int:
                """Goes on, serves and gives receipts; how many batches it has lost so far."""
                before = load.receipts_at(0)
                may_pause.unlink(missing_ok=True)
                os.kill(paused.pid, signal.SIGCONT)
                wait_for_health(paused, SERVING)
                wait_until(lambda: load.receipts_at(0) > before)
                return len(paused.said("batch_failed"))

            with load.running():
                wait_until(lambda: is_paused(paused))
                others_go_on()
                assert wake_up() == 1
                may_pause.touch()
                wait_until(lambda: is_paused(paused))
                others_go_on()
                assert wake_up() == 1
                for _ in range(PAUSES):
                    time.sleep(moment.uniform(0.2, 1.0))
                    os.kill(paused.pid, signal.SIGSTOP)
                    wait_until(lambda: is_paused(paused))
                    others_go_on()
                    wake_up()
            load.settle()
            assert paused.stop() == 0
            assert awake.stop() == 0
        load.verify(at_least=10)
    assert len(paused.said("batch_failed")) <= 1 + PAUSES
