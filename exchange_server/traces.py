"""Traces of the hub, sent to a collector by OTLP: a span for each call, batch and transaction.

A batch has a span for each of its phases, in the words of `docs/metrics.md`. Attributes are
methods, outcomes, reasons, sizes and times: no person, no exchange, no content, no key. A collector
that is away costs nothing but the spans.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from importlib.metadata import version
from typing import Final

from exchange_protocol.errors import Reason
from exchange_server.config import Traces
from exchange_server.observer import PHASES, CommitStep, Observer

try:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
except ModuleNotFoundError as missing:
    raise Reason.CONFIG_INVALID.error(
        f"traces need a library that is not installed ({missing.name}): install the hub with its "
        "extra, `pip install caricc-exchange[hub,traces]`",
        field="traces.endpoint",
    ) from None

_NANOSECONDS: Final = 1_000_000_000
_SEND_SECONDS: Final = 5.0


class Tracer(Observer):
    """An observer that makes spans of what it hears, until `close`."""

    def __init__(self, settings: Traces, worker: int = 0) -> None:
        """Send to the endpoint of the configuration, in a thread of its own."""
        if settings.endpoint is None:
            raise ValueError("expected an endpoint to send traces to")
        resource = Resource.create(
            {
                "service.name": "exchange-hub",
                "service.version": version("caricc-exchange"),
                "service.instance.id": str(worker),
            }
        )
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(settings.share), resource=resource, shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(
            endpoint=settings.endpoint,
            insecure=settings.endpoint.startswith("http://"),
            timeout=_SEND_SECONDS,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("exchange_server")
        self._batch = threading.local()

    def close(self) -> None:
        """Send what is left, and end; a collector that is away is waited for a little."""
        self._provider.shutdown()

    def call_ended(
        self, method: str, outcome: str, seconds: float, request_bytes: int, response_bytes: int
    ) -> None:
        """Make the span of a call."""
        end = time.time_ns()
        span = self._tracer.start_span(
            method.rpartition("/")[2],
            kind=SpanKind.SERVER,
            start_time=_before(end, seconds),
            attributes={
                "rpc.system": "grpc",
                "rpc.method": method,
                "exchange.outcome": outcome,
                "exchange.request_bytes": request_bytes,
                "exchange.response_bytes": response_bytes,
            },
        )
        if outcome not in ("ok", "cancelled"):
            span.set_status(Status(StatusCode.ERROR, outcome))
        span.end(end)

    def commit_reached(self, step: CommitStep) -> None:
        """Note when the writer's thread came to a step."""
        if step is CommitStep.BEGUN:
            self._batch.reached = []
        self._batch.reached.append((step, time.time_ns()))

    def request_waited(self, seconds: float) -> None:
        """Note the longest wait of the requests in the next batch."""
        self._batch.waited = max(seconds, getattr(self._batch, "waited", 0.0))

    def request_refused(self, reason: str) -> None:
        """Count a refusal of the batch in hand."""
        if not hasattr(self._batch, "refused"):
            self._batch.refused = Counter()
        self._batch.refused[reason] += 1

    def batch_ended(self, requests: int, seconds: float, *, committed: bool) -> None:
        """Make the span of a batch, with those of its phases."""
        end = time.time_ns()
        start, heard = _before(end, seconds), self._batch.__dict__.copy()
        self._batch.__dict__.clear()
        refused: Counter[str] = heard.get("refused", Counter())
        span = self._tracer.start_span(
            "batch",
            start_time=start,
            attributes={
                "exchange.requests": requests,
                "exchange.longest_wait_seconds": heard.get("waited", 0.0),
                **{f"exchange.refused.{reason}": count for reason, count in refused.items()},
            },
        )
        context, since = set_span_in_context(span), start
        for step, at in heard.get("reached", []):
            phase = self._tracer.start_span(PHASES[step], context=context, start_time=since)
            phase.end(max(since, at))
            since = max(since, at)
        if not committed:
            span.set_status(Status(StatusCode.ERROR, "failed"))
        span.end(end)

    def transaction_ended(self, seconds: float, *, writes: bool, succeeded: bool) -> None:
        """Make the span of a transaction of the database."""
        end = time.time_ns()
        span = self._tracer.start_span(
            "transaction",
            kind=SpanKind.CLIENT,
            start_time=_before(end, seconds),
            attributes={"db.operation.name": "write" if writes else "read"},
        )
        if not succeeded:
            span.set_status(Status(StatusCode.ERROR, "failed"))
        span.end(end)


def _before(end: int, seconds: float) -> int:
    return end - int(seconds * _NANOSECONDS)
