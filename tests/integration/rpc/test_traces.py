"""Spans come to a real receiver of OTLP, one for each call, batch, phase and transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agency_client import ExchangeError, InformationRequest
from exchange_protocol.errors import Reason
from exchange_server.config import load_config
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess

pytestmark = pytest.mark.long

PHASES = {"lock", "judge", "rows", "tiles", "head", "commit"}


@dataclass
class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
    """A collector: keeps what it is sent."""

    spans: list[Span] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the call
        with self._lock:
            self.raw.append(request.SerializeToString())
            for each in request.resource_spans:
                about = {one.key: one.value.string_value for one in each.resource.attributes}
                self.services.add(about["service.name"])
                for scope in each.scope_spans:
                    self.spans += scope.spans
        return trace_service_pb2.ExportTraceServiceResponse()

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@contextmanager
def receiving() -> Iterator[tuple[Receiver, int]]:
    receiver = Receiver()
    server = grpc.server(ThreadPoolExecutor(2))
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(receiver, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield receiver, port
    finally:
        server.stop(None).wait()


def test_a_receiver_gets_spans_of_calls_batches_phases_and_transactions(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    with receiving() as (receiver, port):
        traced = {"EXCHANGE_TRACES_ENDPOINT": f"http://127.0.0.1:{port}"}
        with HubProcess(town.files, traced) as hub:
            town.point_to(hub.port)
            with town.client("kz.mia/system") as client:
                sent = client.request_information(
                    to="kz.fma",
                    brief="secret words",
                    request=InformationRequest(items=("TRANSACTIONS",)),
                )
            assert hub.stop() == 0
    assert receiver.services == {"exchange-hub"}
    [submitted, *_] = receiver.named("Submit")
    about = {one.key: one.value for one in submitted.attributes}
    assert about["exchange.outcome"].string_value == "ok"
    assert about["exchange.request_bytes"].int_value > 0
    assert submitted.end_time_unix_nano > submitted.start_time_unix_nano
    batches = {span.span_id: span for span in receiver.named("batch")}
    assert batches
    for name in PHASES:
        for phase in receiver.named(name):
            batch = batches[phase.parent_span_id]
            assert batch.start_time_unix_nano <= phase.start_time_unix_nano
            assert phase.end_time_unix_nano <= batch.end_time_unix_nano
            assert phase.trace_id == batch.trace_id
    assert {span.name for span in receiver.spans} >= PHASES
    kinds = {
        one.value.string_value for span in receiver.named("transaction") for one in span.attributes
    }
    assert kinds == {"read", "write"}
    told = b"".join(receiver.raw)
    names = (sent.exchange_id, sent.statement_id, "kz.mia", "kz.fma", "secret words", "spiffe://")
    assert [name for name in names if name.encode() in told] == []


def test_a_refused_call_is_an_error_with_its_reason(foundation: Foundation, tmp_path: Path) -> None:
    town = foundation.copy(tmp_path / "hub")
    with receiving() as (receiver, port):
        traced = {"EXCHANGE_TRACES_ENDPOINT": f"http://127.0.0.1:{port}"}
        with HubProcess(town.files, traced) as hub:
            town.point_to(hub.port)
            with town.client("kz.mia/system") as client, pytest.raises(ExchangeError):
                client.get("00000000-0000-7000-8000-000000000000")
            assert hub.stop() == 0
    [refused] = receiver.named("GetExchange")
    assert refused.status.code == Status.STATUS_CODE_ERROR
    assert refused.status.message == Reason.EXCHANGE_UNKNOWN.name


def test_a_receiver_that_is_away_holds_up_nothing(foundation: Foundation, tmp_path: Path) -> None:
    town = foundation.copy(tmp_path / "hub")
    with receiving() as (_, port):
        pass
    traced = {"EXCHANGE_TRACES_ENDPOINT": f"http://127.0.0.1:{port}"}
    with HubProcess(town.files, traced) as hub:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            client.sync()
        assert hub.stop() == 0


@pytest.mark.parametrize(
    "endpoint",
    ["http://collector.example:4317", "collector:4317", "https://user@host", "file:///x"],
)
def test_an_endpoint_that_is_open_or_none_is_refused(
    foundation: Foundation, tmp_path: Path, endpoint: str
) -> None:
    town = foundation.copy(tmp_path / "hub")
    with pytest.raises(ExchangeError) as refused:
        load_config(town.files.config_file, {"EXCHANGE_TRACES_ENDPOINT": endpoint})
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert "traces.endpoint" in str(refused.value.field)
