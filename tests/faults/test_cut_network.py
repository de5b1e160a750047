"""The network between one of two hubs and the database is cut under load, and heals."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import make_url

from tests.faults.load import (
    FULL,
    NOT_SERVING,
    SERVING,
    Load,
    free_port,
    wait_for_health,
)
from tests.faults.network import Network
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import emptied_database, running_postgres, with_options

CUT_SECONDS = 40.0 if FULL else 1.0
"""In full: for longer than a hub waits for an answer."""
OPTIONS = "" if FULL else "-c transaction_timeout=2s"


def test_every_receipt_survives_cuts_of_the_network(tmp_path: Path, foundation: Foundation) -> None:
    with running_postgres() as server:
        url = emptied_database(server)
        load = Load(foundation.copy(tmp_path / "hub", database_url=url), free_port(), free_port())
        files = load.files
        bounded = with_options(files.database_url, OPTIONS)
        folder = make_url(files.database_url).query["host"]
        with Network(f"{folder}/.s.PGSQL.5432") as network:
            far = make_url(bounded).set(host="127.0.0.1", port=network.port)
            urls = (
                far.difference_update_query(["host"]).render_as_string(False),
                bounded,
            )
            one, other = (
                environment | {"EXCHANGE_DATABASE_URL": url}
                for environment, url in zip(load.environments, urls, strict=True)
            )
            with HubProcess(files, one) as cut_off, HubProcess(files, other) as connected:
                with load.running():
                    for cut in (network.swallow, network.reset):
                        time.sleep(1.0)
                        cut()
                        before = load.receipts_at(1)
                        wait_for_health(cut_off, NOT_SERVING)
                        time.sleep(CUT_SECONDS)
                        wait_for_health(connected, SERVING)
                        assert load.receipts_at(1) > before
                        network.heal()
                        wait_for_health(cut_off, SERVING)
                    time.sleep(1.0)
                load.settle()
                assert cut_off.stop() == 0
                assert connected.stop() == 0
        load.verify(at_least=10)
    assert cut_off.said("not_serving")
    given_up = [line for line in cut_off.lines if "no answer of the database" in line]
    assert bool(given_up) is FULL
