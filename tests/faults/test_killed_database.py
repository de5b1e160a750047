"""PostgreSQL is killed under load and comes back; the hub says so meanwhile, and loses nothing."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.load import NOT_SERVING, SERVING, Load, free_port, wait_for_health
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import emptied_database, postgres_server


def test_every_receipt_survives_a_kill_of_postgresql(
    tmp_path: Path, foundation: Foundation
) -> None:
    with postgres_server() as database:
        url = emptied_database(database.uri)
        load = Load(foundation.copy(tmp_path / "hub", database_url=url), free_port())
        with HubProcess(load.files, load.environment) as hub:
            with load.running():
                time.sleep(1.0)
                database.kill()
                wait_for_health(hub, NOT_SERVING)
                database.restart()
                wait_for_health(hub, SERVING)
                time.sleep(1.0)
            load.settle()
            hub.stop()
        load.verify(at_least=10)
