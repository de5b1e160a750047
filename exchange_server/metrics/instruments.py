"""The counters of the hub: an observer that turns events into Prometheus's numbers.

A gauge that every worker reads from the same database keeps the latest value (`mostrecent`). One
that each worker has for itself is added up over those that live (`livesum`), or shown for each of
them (`liveall`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from exchange_server.observer import PHASES, CommitStep, Observer

PREFIX: Final = "exchange"

_CALL_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEP_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
_REQUESTS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

_Mode = Literal["livesum", "livemax", "liveall", "max", "mostrecent"]


class Instruments(Observer):
    """Everything that is counted; safe to share between threads."""

    def __init__(self) -> None:
        """Begin at zero, in a registry of their own."""
        self.registry = CollectorRegistry()
        self._local = threading.local()
        self._cosigned_at: dict[str, float] = {}

        self._calls = self._counter("calls", "Calls that ended.", ["method", "outcome"])
        self._call_seconds = self._histogram(
            "call_seconds", "How long calls took.", _CALL_SECONDS, ["method"]
        )
        self._received = self._counter("received_bytes", "Bytes of requests.", ["method"])
        self._sent = self._counter("sent_bytes", "Bytes of responses.", ["method"])
        self._refusals = self._counter("refusals", "Requests that the writer refused.", ["reason"])
        self._waits = self._histogram(
            "queue_wait_seconds", "How long requests waited for the writer.", _CALL_SECONDS
        )
        self._batches = self._counter("batches", "Batches of the writer.", ["outcome"])
        self._batch_requests = self._histogram("batch_requests", "Requests in a batch.", _REQUESTS)
        self._phase_seconds = self._histogram(
            "commit_phase_seconds", "How long each phase of a batch took.", _STEP_SECONDS, ["phase"]
        )
        self._transaction_seconds = self._histogram(
            "transaction_seconds", "How long transactions took.", _STEP_SECONDS, ["kind"]
        )
        self._transaction_failures = self._counter(
            "transaction_failures", "Transactions that failed.", ["kind"]
        )

        self.version = self._gauge(
            "build_info", "The version of the hub.", "mostrecent", ["version"]
        )
        self.version.labels(version("caricc-exchange")).set(1)
        self.queue = self._gauge("queue_length", "Requests that wait for the writer.", "livesum")
        self.entries = self._gauge("log_entries", "Entries of the log.", "mostrecent")
        self.cosignatures = self._gauge(
            "witness_cosignature_time_seconds",
            "When each witness last cosigned the log; 0 for never.",
            "max",
            ["witness"],
        )
        self.held = self._gauge("held_legs", "Requests that wait for an approval.", "mostrecent")
        self.oldest_held = self._gauge(
            "oldest_held_seconds", "For how long the oldest of these waits.", "mostrecent"
        )
        self.expiry = self._gauge(
            "expiry_time_seconds",
            "When a key's certificate or a list ends; of an agency, the first to end.",
            "mostrecent",
            ["what", "agency"],
        )
        self.crl_refused = self._gauge(
            "crl_refused", "1 while the revocation list on disk is refused.", "livemax"
        )
        self.crl_time = self._gauge(
            "crl_time_seconds", "When the revocation list in force was made.", "mostrecent"
        )
        self.crl_fingerprint = self._gauge(
            "crl_fingerprint",
            "The revocation lists in force, as a number; of each worker.",
            "liveall",
        )
        self.certificate_refused = self._gauge(
            "certificate_refused", "1 while the hub's certificate on disk is refused.", "livemax"
        )
        self.database_bytes = self._gauge("database_bytes", "Size of the database.", "mostrecent")
        self.disk_free = self._gauge(
            "disk_free_bytes", "Room on the disk of a SQLite database.", "mostrecent"
        )
        self.disk_size = self._gauge(
            "disk_size_bytes", "Size of the disk of a SQLite database.", "mostrecent"
        )
        self.backup_time = self._gauge(
            "backup_time_seconds", "When the last good backup ended; 0 for never.", "mostrecent"
        )
        self.backup_bytes = self._gauge(
            "backup_bytes", "Size of the last good backup.", "mostrecent"
        )
        self.sampled_at = self._gauge(
            "sampled_time_seconds", "When the hub last looked at these figures.", "mostrecent"
        )

    def call_ended(
        self, method: str, outcome: str, seconds: float, request_bytes: int, response_bytes: int
    ) -> None:
        """Count a call by its short name."""
        name = method.rpartition("/")[2]
        self._calls.labels(name, outcome).inc()
        self._call_seconds.labels(name).observe(seconds)
        self._received.labels(name).inc(request_bytes)
        self._sent.labels(name).inc(response_bytes)

    def commit_reached(self, step: CommitStep) -> None:
        """Time the phase that the step ends; the writer's thread alone comes here."""
        now = time.monotonic()
        if step is not CommitStep.BEGUN:
            self._phase_seconds.labels(PHASES[step]).observe(now - self._local.reached_at)
            self._local.phases += now - self._local.reached_at
        else:
            self._local.phases = 0.0
        self._local.reached_at = now

    def batch_ended(self, requests: int, seconds: float, *, committed: bool) -> None:
        """Count a batch."""
        self._batches.labels("committed" if committed else "failed").inc()
        self._batch_requests.observe(requests)
        if committed:
            self._phase_seconds.labels(PHASES[CommitStep.BEGUN]).observe(
                max(0.0, seconds - self._local.phases)
            )

    def request_waited(self, seconds: float) -> None:
        """Take the time in the queue."""
        self._waits.observe(seconds)

    def request_refused(self, reason: str) -> None:
        """Count a refusal."""
        self._refusals.labels(reason).inc()

    def transaction_ended(self, seconds: float, *, writes: bool, succeeded: bool) -> None:
        """Time a transaction."""
        kind = "write" if writes else "read"
        self._transaction_seconds.labels(kind).observe(seconds)
        if not succeeded:
            self._transaction_failures.labels(kind).inc()

    def cosigned(self, witness: str, at: datetime) -> None:
        """Keep the latest time of a witness."""
        self._cosigned_at[witness] = max(at.timestamp(), self._cosigned_at.get(witness, 0.0))
        self.cosignatures.labels(witness).set(self._cosigned_at[witness])

    def expect_witness(self, witness: str) -> None:
        """Show a witness that has not cosigned yet, so that its silence is seen."""
        self.cosignatures.labels(witness).set(self._cosigned_at.setdefault(witness, 0.0))

    def _counter(self, name: str, what: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(f"{PREFIX}_{name}", what, labels, registry=self.registry)

    def _histogram(
        self, name: str, what: str, buckets: Sequence[float], labels: Sequence[str] = ()
    ) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", what, labels, buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, what: str, mode: _Mode, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(
            f"{PREFIX}_{name}", what, labels, registry=self.registry, multiprocess_mode=mode
        )
