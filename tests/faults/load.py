"""Load that keeps every receipt, and what must hold after a fault: nothing promised is lost.

Senders sign and send; what the hub does not answer they send again, the same bytes.
A watcher follows one agency's notices across every outage. Where several hubs have one database,
the senders are dealt round and the watcher is at the last.

Where EXCHANGE_FAULTS is "full" (`make faults`), senders never pause and outages last as long as
they should; otherwise both leave the processor to the tests beside.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import select

from agency_client import ExchangeClient, InformationRequest, Item, Sent
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.trust.certificates import Usage
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import tables
from exchange_server.storage.engine import open_engine
from tests.support.deployment import Deployment
from tests.support.foundation import OFFICERS
from tests.support.hub_process import HubProcess, channel_credentials

FULL: Final = os.environ.get("EXCHANGE_FAULTS") == "full"
PAUSE_SECONDS = 0.0 if FULL else 0.25
"""Between two statements of a sender: so many come to a dozen a second."""
RECIPIENT = "kz.fma"
JOIN_SECONDS = 60
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_REQUEST = InformationRequest(items=(Item.TRANSACTIONS,))


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
        result = client.request_information(to=[RECIPIENT], brief="fictional", request=_REQUEST)
        self.statement_ids.append(result.statement_id)
        if isinstance(result, Sent):
            self.receipts.append(result)
            time.sleep(PAUSE_SECONDS)
            return
        time.sleep(0.2)
        self.flush(client)

    def flush(self, client: ExchangeClient) -> None:
        """Send what waits; what is sent now gives its receipt now."""
        self.receipts += [sent for sent in client.flush_outbox() if isinstance(sent, Sent)]


@dataclass
class Watcher:
    """Follows what becomes visible to the recipient; a lost connection is taken up again."""

    deployment: Deployment
    stop: threading.Event
    indexes: list[int] = field(default_factory=list)
    failure: BaseException | None = None

    def run(self) -> None:
        try:
            with self.deployment.client(f"{RECIPIENT}/system") as client:
                while not self.stop.is_set():
                    # The place is kept: each watch goes on where the one before it stood.
                    for notice in client.watch(from_start=not self.indexes, max_seconds=1):
                        self.indexes.append(notice.index)
        except BaseException as error:
            self.failure = error
            raise


class Load:
    """Senders and a watcher against the hub at each port, whichever process it is at the moment."""

    def __init__(self, deployment: Deployment, *ports: int) -> None:
        self.deployment = deployment
        self.files = deployment.files
        self.environments = [{"EXCHANGE_LISTEN_PORT": str(port)} for port in ports]
        self.environment = self.environments[0]
        deployment.point_to(ports[-1])
        for number, member in enumerate(OFFICERS):
            deployment.point_to(ports[number % len(ports)], member)
        self._sending, self._watching = threading.Event(), threading.Event()
        self.senders = [Sender(self.deployment, member, self._sending) for member in OFFICERS]
        self.watcher = Watcher(self.deployment, self._watching)
        # One that a failed test left behind ends with the process.
        self._threads = [threading.Thread(target=one.run, daemon=True) for one in self.senders]
        self._watch = threading.Thread(target=self.watcher.run, daemon=True)

    def receipts_at(self, hub: int = 0) -> int:
        """The number of receipts that the hub at the port of this number has given so far."""
        senders = self.senders[hub :: len(self.environments)]
        return sum(len(sender.receipts) for sender in senders)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send and watch while the block does its worst; ends the sending with it."""
        for thread in (*self._threads, self._watch):
            thread.start()
        try:
            yield
        finally:
            self._sending.set()
            for thread in self._threads:
                thread.join(JOIN_SECONDS)

    def settle(self) -> None:
        """With a hub that serves: send what waits, and let the watcher catch up."""
        for sender in self.senders:
            with self.deployment.client(sender.member) as client:

                def is_empty(client: ExchangeClient = client, sender: Sender = sender) -> bool:
                    # A hub that has just begun to serve may put some off.
                    sender.flush(client)
                    return client.outbox.pending() == []

                wait_until(is_empty)
                assert client.outbox.refused() == []
        expected = set(self._feed())
        deadline = time.monotonic() + JOIN_SECONDS
        while set(self.watcher.indexes) < expected and time.monotonic() < deadline:
            time.sleep(0.1)
        self._watching.set()
        self._watch.join(JOIN_SECONDS)
        assert self.watcher.failure is None
        assert [sender.failure for sender in self.senders] == [None] * len(self.senders)

    def verify(self, *, at_least: int) -> None:
        """Every receipt's entry is in the log as promised, every statement on it exactly once, the
        state is the replay of the log, and the watcher missed nothing."""
        engine = open_engine(self.files.database_url)
        try:
            with engine.connect() as connection:
                e = tables.log_entries.c
                entries = {row.idx: row.entry for row in connection.execute(select(e.idx, e.entry))}
                ids = select(e.statement_id).where(e.statement_id.is_not(None))
                accepted = list(connection.execute(ids).scalars())
            report = fsck(engine, self.files.anchors, LogVerifier(self.files.log_vkey))
        finally:
            engine.dispose()
        assert report.is_clean, report.findings
        receipts = [sent for sender in self.senders for sent in sender.receipts]
        assert len(receipts) >= at_least
        for sent in receipts:
            assert entries[sent.index] == sent.receipt.proven.opening.entry
        sent_ids = [one for sender in self.senders for one in sender.statement_ids]
        assert sorted(set(sent_ids)) == sorted(sent_ids)
        assert set(sent_ids) <= set(accepted)
        assert len(accepted) == len(set(accepted))
        # The last before an outage may come twice; none is left out, none comes before its turn.
        assert self.watcher.indexes == sorted(self.watcher.indexes)
        assert sorted(set(self.watcher.indexes)) == self._feed()

    def _feed(self) -> Sequence[int]:
        engine = open_engine(self.files.database_url)
        try:
            with engine.connect() as connection:
                f = tables.feed.c
                query = select(f.entry_index).where(f.agency == RECIPIENT).order_by(f.entry_index)
                return list(connection.execute(query).scalars())
        finally:
            engine.dispose()


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that must come to hold."""
    deadline = time.monotonic() + JOIN_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_health(hub: HubProcess, expected: int) -> None:
    """Wait until a hub, which itself goes on, says that it serves or does not."""
    issued = hub.files.issue("kz.mia/system", Usage.TLS_CLIENT)
    credentials = channel_credentials(hub.files.root_pem, issued)
    deadline = time.monotonic() + JOIN_SECONDS
    with grpc.secure_channel(hub.target, credentials) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        while stub.Check(request, timeout=JOIN_SECONDS).status != expected:
            assert time.monotonic() < deadline, "\n".join(hub.lines[-50:])
            time.sleep(0.1)


def hub_that(deed: str, *, after: Sequence[str], batches: int, while_exists: str = "/") -> str:
    """Code of the hub's own command, whose writer does something after so many batches, when the
    next comes to a step (`observer.CommitStep`); again so many later at the next of these steps.

    It waits with each until a file is there.
    """
    return f"""
import os, signal, time
from exchange_server.cli import main
from exchange_server.ledger import Ledger
from exchange_server.observer import CommitStep, Observer
steps, left, allowed = {list(after)!r}, {batches}, {while_exists!r}
class Deed(Observer):
    def commit_reached(self, step):
        global left
        left -= step is CommitStep.BEGUN
        if left < 0 and steps and step.value == steps[0] and os.path.exists(allowed):
            del steps[0]
            left = {batches}
            {deed}
opened = Ledger.open.__func__
async def open_observed(cls, engine, **given):
    return await opened(cls, engine, **(given | {{"observer": Deed()}}))
Ledger.open = classmethod(open_observed)
main()
"""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
