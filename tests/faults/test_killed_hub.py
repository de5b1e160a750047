"""The hub is killed again and again under load; what it promised must be there afterwards."""

from __future__ import annotations

import random
import socket
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from agency_client import ExchangeClient, InformationRequest, Item, Sent
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_server.ledger.fsck import fsck
from exchange_server.storage.engine import open_engine
from tests.support.deployment import Deployment, deploy
from tests.support.hub_process import HubProcess, prepare_hub

KILLS = 20
SENDERS = tuple(f"kz.mia/officer/officer{number}" for number in range(4))
JOIN_SECONDS = 60


@dataclass
class Sender:
    """One officer who sends without pause; keeps every receipt that it was given."""

    deployment: Deployment
    member: str
    stop: threading.Event
    receipts: list[Sent] = field(default_factory=list)
    statement_ids: list[str] = field(default_factory=list)
    failure: BaseException | None = None

    def run(self) -> None:
        try:
            with self.deployment.client(self.member) as client:
                while not self.stop.is_set():
                    self._send(client)
        except BaseException as error:
            self.failure = error
            raise

    def _send(self, client: ExchangeClient) -> None:
        result = client.request_information(
            to=["kz.fma"], brief="fictional", request=InformationRequest(items=(Item.TRANSACTIONS,))
        )
        self.statement_ids.append(result.statement_id)
        if isinstance(result, Sent):
            self.receipts.append(result)
            return
        time.sleep(0.2)
        self.flush(client)

    def flush(self, client: ExchangeClient) -> None:
        """Send what waits; what is sent now gives its receipt now."""
        self.receipts += [sent for sent in client.flush_outbox() if isinstance(sent, Sent)]


def test_every_receipt_survives_twenty_kills_under_load(tmp_path: Path) -> None:
    files = prepare_hub(tmp_path)
    port = _free_port()
    environment = {"EXCHANGE_LISTEN_PORT": str(port)}
    with HubProcess(files, environment) as hub:
        deployment = deploy(files, port, others=SENDERS)
        for member in SENDERS:
            with deployment.client(member) as client:
                client.sync()
        hub.stop()

    stop = threading.Event()
    senders = [Sender(deployment, member, stop) for member in SENDERS]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    pause = random.Random(7)  # noqa: S311 -- the moments differ, the run is repeatable
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        with HubProcess(files, environment) as hub:
            time.sleep(pause.uniform(0.05, 1.0))
            hub.kill()
    with HubProcess(files, environment) as hub:
        stop.set()
        for thread in threads:
            thread.join(JOIN_SECONDS)
        assert [sender.failure for sender in senders] == [None] * len(senders)
        for sender in senders:
            with deployment.client(sender.member) as client:
                sender.flush(client)
                assert client.outbox.pending() == []
                assert client.outbox.refused() == []
        hub.stop()

    _check_log(files.folder / "hub.db", senders)
    engine = open_engine(files.database_url)
    report = fsck(engine, files.anchors, LogVerifier(files.log_vkey))
    engine.dispose()
    assert report.is_clean, report.findings


def _check_log(database: Path, senders: list[Sender]) -> None:
    """Every receipt's entry is in the log as promised, every statement on it exactly once."""
    with closing(sqlite3.connect(database)) as connection:
        entries = dict(connection.execute("SELECT idx, entry FROM log_entries"))
        accepted = [
            statement_id
            for (statement_id,) in connection.execute("SELECT statement_id FROM statements")
        ]
    receipts = [sent for sender in senders for sent in sender.receipts]
    assert len(receipts) >= KILLS
    for sent in receipts:
        assert entries[sent.index] == sent.receipt.proven.opening.entry
    sent_ids = [statement_id for sender in senders for statement_id in sender.statement_ids]
    assert sorted(set(sent_ids)) == sorted(sent_ids)
    assert set(sent_ids) <= set(accepted)
    assert len(accepted) == len(set(accepted))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
