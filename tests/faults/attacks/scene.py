"""The scene of attacks: a hub with an enrolled region, an attacker, and the innocent.

    with attacked(foundation, tmp_path) as scene:
        ...                              the attack, by `scene.tls(holder)`
        scene.innocent.verify_served()   another agency's calls, compared with its quiet ones

The innocent sends a request or reads its list, again and again. An attack may make that slower by
`RATIO` at the 99th percentile; what attacks and measures shares two cores with the hub.
"""

from __future__ import annotations

import ssl
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
import psutil

from agency_client import ExchangeClient, InformationRequest, Item, Sent
from exchange_certs.records import RevocationReason
from exchange_server.bootstrap import utc_now
from tests.faults.raw_clients import tls_with
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess, channel_credentials

MIB: Final = 1024 * 1024
ENROLLED, STRANGER, REVOKED = "kg.mia/officer/mallory", "xx.none/system", "kg.mia/officer/gone"
"""Holders of certificates: of an enrolled agency, of one that is not, and one that was revoked."""
INNOCENT: Final = "uz.fiu/system"
RATIO: Final = 10.0
FLOOR_SECONDS: Final = 0.25
"""Below this nobody notices, whatever the ratio."""
CALLS: Final = 20
_LARGE_MESSAGES: Final = [("grpc.max_receive_message_length", 64 * MIB)]


@dataclass
class Innocent:
    """An agency that has nothing to do with the attack."""

    client: ExchangeClient
    quiet: list[float] = field(default_factory=list)

    def measure(self, calls: int = CALLS) -> list[float]:
        """Seconds of each step; every request gets its receipt."""
        taken = []
        for number in range(calls):
            began_at = time.perf_counter()
            if number % 2:
                self.client.sync()
                next(self.client.sent())
            else:
                request = InformationRequest(items=(Item.TRANSACTIONS,))
                sent = self.client.request_information(
                    to=["kz.gpo"], brief="fictional", request=request
                )
                assert isinstance(sent, Sent), sent
            taken.append(time.perf_counter() - began_at)
        return taken

    def verify_served(self, calls: int = CALLS) -> str:
        """Measure while an attack runs, and compare with quiet; gives the figures."""
        now = self.measure(calls)
        quiet, hot = percentile(self.quiet), percentile(now)
        figures = (
            f"p50 {statistics.median(self.quiet) * 1000:.0f} -> {statistics.median(now) * 1000:.0f}"
            f" ms, p99 {quiet * 1000:.0f} -> {hot * 1000:.0f} ms"
        )
        assert hot <= max(RATIO * quiet, FLOOR_SECONDS), figures
        return figures


class Calls:
    """Calls without pause, from as many threads as are in flight."""

    def __init__(self, call: Any, requests: Iterator[bytes]) -> None:
        self._call = call
        self._requests = requests
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.ended: Counter[str] = Counter()
        """How the calls ended, by status."""
        self.bytes = self.longest = 0
        """Of all answers together, and of the longest."""

    def start(self, at_once: int) -> None:
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(at_once)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                request = next(self._requests)
            try:
                answer = self._call(request, timeout=50)
            except grpc.RpcError as error:
                with self._lock:
                    self.ended[error.code().name] += 1
            else:
                with self._lock:
                    self.ended["OK"] += 1
                    self.bytes += len(answer)
                    self.longest = max(self.longest, len(answer))


@dataclass
class Scene:
    """A hub that is attacked."""

    town: Deployment
    hub: HubProcess
    folder: Path
    innocent: Innocent

    def tls(self, holder: str) -> ssl.SSLContext:
        """TLS of a holder; REVOKED's certificate is on the revocation list by then."""
        issued = self.town.files.issue(holder)
        if holder == REVOKED:
            authority = self.town.files.authority
            authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
            # The hub looks at the list once a second.
            time.sleep(1.1)
        return tls_with(self.town.files, issued, self.folder)

    @contextmanager
    def calls(
        self, member: str, method: str, requests: Iterable[bytes], at_once: int
    ) -> Iterator[Calls]:
        """Make calls without pause while the block lasts, so many in flight."""
        files = self.town.files
        credentials = channel_credentials(files.root_pem, files.issue(member))
        with grpc.secure_channel(self.hub.target, credentials, _LARGE_MESSAGES) as channel:
            # Bytes as they are: the attacker spends nothing on what it is told.
            calls = Calls(channel.unary_unary(method), iter(requests))
            calls.start(at_once)
            try:
                yield calls
            finally:
                calls.stop()

    def memory(self) -> int:
        """Bytes that the hub has in memory."""
        return int(psutil.Process(self.hub.pid).memory_info().rss)


@contextmanager
def attacked(
    foundation: Foundation,
    folder: Path,
    limits: Mapping[str, float] | None = None,
    *,
    code: str = "from exchange_server.cli import main; main()",
    prepare: Callable[[Deployment], None] = lambda town: None,
    database_url: str | None = None,
) -> Iterator[Scene]:
    """A hub with its own database, whose innocent is measured quiet first.

    The database is SQLite's, unless the URL of an empty PostgreSQL is given.
    """
    town = foundation.copy(folder / "hub", limits=limits, database_url=database_url)
    prepare(town)
    with HubProcess(town.files, code=code) as hub:
        town.point_to(hub.port)
        with town.client(INNOCENT) as client:
            innocent = Innocent(client)
            innocent.measure(4)
            innocent.quiet = innocent.measure()
            yield Scene(town, hub, folder, innocent)


def hub_with(**settings: object) -> str:
    """Code of the hub's own command with constants of `exchange_server.rpc` set otherwise:
    `pipeline__ANSWER_SECONDS=0.5`."""
    lines = [
        "from exchange_server.tls import tls_version",
        "tls_version.require_tls13()",
        "tls_version.require_tls13 = lambda: None",
    ]
    for name, value in settings.items():
        module, _, constant = name.partition("__")
        lines += [f"from exchange_server.rpc import {module}", f"{module}.{constant} = {value!r}"]
    return "\n".join([*lines, "from exchange_server.cli import main", "main()", ""])


def percentile(seconds: list[float], share: float = 0.99) -> float:
    """The value that so large a share of them does not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
