"""An administrator's session holds the tables under load (VACUUM FULL, a forgotten transaction)."""

from __future__ import annotations

from pathlib import Path

import psycopg
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
from tests.support.postgres import emptied_database, shared_postgres, with_options

TABLES = "log_head, log_entries, exchanges, legs, parts, part_chunks"
TURN = "" if FULL else "-c transaction_timeout=2s"
"""The bound on a transaction; the hub's own is 15 s."""


def test_every_receipt_survives_tables_that_another_session_locks(
    tmp_path: Path, foundation: Foundation
) -> None:
    url = emptied_database(shared_postgres())
    load = Load(
        foundation.copy(tmp_path / "hub", database_url=with_options(url, TURN) if TURN else url),
        free_port(),
    )
    driver = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with HubProcess(load.files, load.environment) as hub:
        with load.running():
            wait_until(lambda: load.receipts_at() > 5)
            with psycopg.connect(driver) as administrator:
                administrator.execute(f"LOCK TABLE {TABLES} IN ACCESS EXCLUSIVE MODE")
                wait_for_health(hub, NOT_SERVING)
                hub.wait_until_said("batch_failed", 1)
                administrator.rollback()
            wait_for_health(hub, SERVING)
            before = load.receipts_at()
            wait_until(lambda: load.receipts_at() > before + 5)
        load.settle()
        assert hub.stop() == 0
    reasons = [str(line["why"]) for line in hub.said("batch_failed")]
    assert any("a session that holds a lock on the hub's tables" in why for why in reasons), reasons
    load.verify(at_least=10)
