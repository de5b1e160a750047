"""Clients that crawl, stall or vanish, under load: the others are served, and all is given back."""

from __future__ import annotations

import ssl
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from agency_client import ExchangeClient
from exchange_protocol.errors import LimitExceeded
from exchange_server.rpc.calls import SUBMIT, WATCH
from tests.faults.load import FULL, Load, free_port, wait_until
from tests.faults.raw_clients import PREFACE, RawClient, message, opening, tls_of
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess

MANY = 200 if FULL else 50
CRAWL_SECONDS = 5
WATCHES = 3
WATCHER = "kg.mia/system"
# It asks to be told everything from the start, which is more than a window of nothing takes.
FROM_START = b"\x10\x01"
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""How a TLS handshake begins."""


class Scene:
    """A hub under load, and raw clients of it."""

    def __init__(self, load: Load, hub: HubProcess, stack: ExitStack) -> None:
        self.load = load
        self._hub = hub
        self._stack = stack
        self._connections = self._count()

    def connect(self, tls: ssl.SSLContext | None = None) -> RawClient:
        return self._stack.enter_context(RawClient(self._hub, tls))

    def verify_others_are_served(self) -> None:
        before = self.load.receipts_at()
        wait_until(lambda: self.load.receipts_at() > before + 5)

    def verify_given_back(self) -> None:
        """The load's own connections come and go: a few more are none of the bad clients'."""
        wait_until(lambda: self._count() <= self._connections + 2)

    def _count(self) -> int:
        connections = psutil.Process(self._hub.pid).net_connections("tcp")
        return sum(each.status == psutil.CONN_ESTABLISHED for each in connections)


def test_every_receipt_survives_clients_that_crawl_stall_and_vanish(
    tmp_path: Path, foundation: Foundation
) -> None:
    deployment = foundation.copy(tmp_path / "hub", limits={"watches_per_agency": WATCHES})
    load = Load(deployment, free_port())
    tls = tls_of(load.files, WATCHER, tmp_path)
    with HubProcess(load.files, load.environment) as hub, ExitStack() as stack:
        with load.running():
            wait_until(lambda: load.receipts_at() > 5)
            scene = Scene(load, hub, stack)
            for misbehave in (crawl, stall, vanish):
                misbehave(scene, tls)
                scene.verify_others_are_served()
                scene.verify_given_back()
        load.settle()
        assert hub.stop() == 0
    load.verify(at_least=10)


def crawl(scene: Scene, tls: ssl.SSLContext) -> None:
    """One byte a second: of a handshake, of the beginning of HTTP/2, of a request."""
    strangers = [scene.connect() for _ in range(MANY)]
    members = [scene.connect(tls) for _ in range(MANY // 10)]
    callers = [scene.connect(tls) for _ in range(MANY // 10)]
    for caller in callers:
        caller.send(opening(SUBMIT))
    before = scene.load.receipts_at()
    for second in range(CRAWL_SECONDS):
        for said, clients in ((HELLO, strangers), (PREFACE, members), (bytes(99), callers)):
            for client in clients:
                client.send(said[second : second + 1])
        time.sleep(1)
    assert scene.load.receipts_at() > before
    # A client that has not shaken hands within 10 seconds is sent away, with or without a name.
    for client in (*strangers, *members):
        wait_until(client.is_closed_by_hub)
    for client in callers:
        assert not client.is_closed_by_hub()
        client.vanish()


def stall(scene: Scene, tls: ssl.SSLContext) -> None:
    """Watches that are never read: they hold the share of their agency, and no other's."""
    stalled = [scene.connect(tls) for _ in range(WATCHES)]
    for client in stalled:
        client.send(opening(WATCH) + message(FROM_START, is_last=True))
    with scene.load.deployment.client(WATCHER) as same_agency:
        wait_until(lambda: not may_watch(same_agency))
        scene.verify_others_are_served()
        for client in stalled:
            client.vanish()
        wait_until(lambda: may_watch(same_agency))


def vanish(scene: Scene, tls: ssl.SSLContext) -> None:
    """Gone in the middle of a request."""
    for _ in range(MANY):
        caller = scene.connect(tls)
        caller.send(opening(SUBMIT) + message(bytes(1000), is_last=False)[:500])
        caller.vanish()


def may_watch(client: ExchangeClient) -> bool:
    try:
        list(client.watch(max_seconds=0.2))
    except LimitExceeded:
        return False
    return True
