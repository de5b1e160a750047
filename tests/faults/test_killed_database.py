"""PostgreSQL ends under load and comes back; the hub says so meanwhile, and loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.load import NOT_SERVING, SERVING, Load, free_port, wait_for_health
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import Postgres, emptied_database, postgres_server


def shut_down(database: Postgres) -> None:
    """Stop it as an administrator does: the server ends every session (admin shutdown)."""
    data = str(database.server.pgdata)
    database.command("pg_ctl", "-w", "-D", data, "-m", "fast", "stop")


@pytest.mark.parametrize("end", [Postgres.kill, shut_down], ids=["killed", "shut down"])
def test_every_receipt_survives_the_end_of_postgresql(
    tmp_path: Path, foundation: Foundation, end: Callable[[Postgres], None]
) -> None:
    with postgres_server() as database:
        url = emptied_database(database.uri)
        load = Load(foundation.copy(tmp_path / "hub", database_url=url), free_port())
        with HubProcess(load.files, load.environment) as hub:
            with load.running():
                time.sleep(1.0)
                end(database)
                wait_for_health(hub, NOT_SERVING)
                database.restart()
                wait_for_health(hub, SERVING)
                time.sleep(1.0)
            load.settle()
            hub.stop()
        load.verify(at_least=10)
