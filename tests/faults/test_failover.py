"""The primary is lost under load and its standby promoted: every receipt is in the promoted log.

Replication is synchronous, so a commit is answered only when the standby has it. A hub that cancels
the wait for the standby gets a success with a warning from PostgreSQL; a receipt for that would be
lost here, and the hub gives none. (The plain case is in `test_deployment_guide.py`, too.)
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.faults.load import (
    FULL,
    NOT_SERVING,
    SERVING,
    Load,
    free_port,
    wait_for_health,
    wait_until,
)
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import Postgres, postgres_server, standby_of

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
CANCEL = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def url_of(*servers: Postgres) -> str:
    """A URL of all of them, of which one is the primary at a time."""
    hosts = tuple(str(make_url(server.uri).query["host"]) for server in servers)
    query = {"host": hosts, "target_session_attrs": "read-write"}
    return make_url(servers[0].uri).set(query=query).render_as_string(False)


@pytest.mark.parametrize("is_alone", [False, True] if FULL else [True])
def test_every_receipt_survives_the_loss_of_the_primary(
    tmp_path: Path, foundation: Foundation, is_alone: bool
) -> None:
    with postgres_server() as primary, standby_of(primary) as standby:
        url = url_of(primary, standby)
        load = Load(foundation.copy(tmp_path / "hub", database_url=url), free_port())
        with HubProcess(load.files, load.environment) as hub:
            with load.running():
                time.sleep(1.0)
                if is_alone:
                    standby.kill()
                    wait_until(lambda: primary.execute(WAITING) != [])
                    # Paused, it shows nobody what the primary alone has for a moment.
                    os.kill(hub.pid, signal.SIGSTOP)
                    assert primary.execute(CANCEL) == [(True,)]
                    wait_until(lambda: primary.execute(WAITING) == [])
                primary.kill()
                if is_alone:
                    standby.restart()
                    os.kill(hub.pid, signal.SIGCONT)
                wait_for_health(hub, NOT_SERVING)
                assert standby.execute("SELECT pg_promote()") == [(True,)]
                wait_for_health(hub, SERVING)
                time.sleep(1.0)
            load.settle()
            assert hub.stop() == 0
        load.verify(at_least=10)
    assert is_alone is any("committed with a warning" in line for line in hub.lines)
