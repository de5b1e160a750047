"""Attacks below the calls: memory and streams that are taken before anyone is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange_server.rpc.calls import SUBMIT, SUBMIT_STREAM
from tests.faults.attacks.flood import Flood
from tests.faults.attacks.scene import ENROLLED, MIB, REVOKED, STRANGER, attacked, hub_with
from tests.support.foundation import Foundation
from tests.support.hub_process import channel_credentials

HEALTH_WATCH = "/grpc.health.v1.Health/Watch"
GET_CHECKPOINT = "/exchange_protocol.v1.AuditService/GetCheckpoint"
FEW_CALLS = {"concurrent_calls": 60, "calls_per_agency": 30}
EMPTY_FIELD = b"\x0a\x00"
"""The first field of a message, an empty text."""


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("holder", "method", "most"),
    [
        (ENROLLED, SUBMIT, 200 * MIB),
        (ENROLLED, SUBMIT_STREAM, 200 * MIB),
        (STRANGER, SUBMIT, 50 * MIB),
        (REVOKED, SUBMIT, 50 * MIB),
    ],
)
def test_messages_that_never_end_take_little_memory(
    foundation: Foundation, tmp_path: Path, holder: str, method: str, most: int
) -> None:
    """300 messages of 8 MiB would take 2.4 GiB."""
    with attacked(foundation, tmp_path) as scene, ExitStack() as stack:
        tls, before = scene.tls(holder), scene.memory()
        floods = [stack.enter_context(Flood(scene.hub, tls)) for _ in range(3)]
        for flood in floods:
            for _ in range(100):
                flood.call(method, claimed=8 * MIB - 16)
        poured = sum(flood.pour(1.0) for flood in floods)
        figures = scene.innocent.verify_served()
        grown = scene.memory() - before
        print(f"{holder}: {poured // MIB} MiB sent, {grown // MIB} MiB more in memory; {figures}")
        assert grown < most


def test_message_that_never_ends_is_ended_by_the_hub(
    foundation: Foundation, tmp_path: Path
) -> None:
    """The deadline counts from the first byte of the call, not from the last of the message."""
    with attacked(foundation, tmp_path, {"deadline_seconds": 1.5}) as scene:
        with Flood(scene.hub, scene.tls(ENROLLED)) as flood:
            begun, silent = flood.call(SUBMIT, claimed=1000), flood.call(SUBMIT)
            flood.pour(0.2)
            assert not flood.ended
            wait_until(lambda: flood.ended == {begun, silent}, 30)

        def ended_late() -> int:
            outcomes = [line["outcome"] for line in scene.hub.said("call")]
            return outcomes.count("DEADLINE_EXCEEDED")

        # The lines of the log are read a moment later.
        wait_until(lambda: ended_late() == 2)


@pytest.mark.parametrize("method", [SUBMIT, SUBMIT_STREAM])
@pytest.mark.parametrize("holder", [ENROLLED, STRANGER, REVOKED])
def test_streams_that_say_nothing_shut_nobody_out(
    foundation: Foundation, tmp_path: Path, holder: str, method: str
) -> None:
    """Four times as many as the hub serves at a time, of one holder."""
    with attacked(foundation, tmp_path, FEW_CALLS) as scene, ExitStack() as stack:
        tls = scene.tls(holder)
        for _ in range(4):
            flood = stack.enter_context(Flood(scene.hub, tls))
            for _ in range(60):
                flood.call(method)
        time.sleep(0.5)
        print(scene.innocent.verify_served())


@pytest.mark.parametrize("holder", [ENROLLED, STRANGER])
def test_watches_of_health_shut_nobody_out(
    foundation: Foundation, tmp_path: Path, holder: str
) -> None:
    """Nor do watches that are never read keep the status as it was."""
    with attacked(foundation, tmp_path, FEW_CALLS) as scene, ExitStack() as stack:
        tls = scene.tls(holder)
        for _ in range(4):
            flood = stack.enter_context(Flood(scene.hub, tls, reads=False))
            for _ in range(100):
                flood.call(HEALTH_WATCH, first=EMPTY_FIELD)
        time.sleep(0.5)
        print(scene.innocent.verify_served())
        files = scene.town.files
        credentials = channel_credentials(files.root_pem, files.issue("uz.fiu/system"))
        with grpc.secure_channel(scene.hub.target, credentials) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            served = stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
            assert served.status == health_pb2.HealthCheckResponse.SERVING


def test_answers_that_nobody_reads_cost_their_connection(
    foundation: Foundation, tmp_path: Path
) -> None:
    """A peer that takes no answer holds its calls a little longer than their deadline."""
    code = hub_with(pipeline__ANSWER_SECONDS=0.5)
    with (
        attacked(foundation, tmp_path, {"deadline_seconds": 1}, code=code) as scene,
        Flood(scene.hub, scene.tls(ENROLLED), reads=False) as flood,
    ):
        for _ in range(20):
            flood.call(GET_CHECKPOINT, first=b"\x08\x00")
        wait_until(lambda: flood.is_closed)
        scene.hub.wait_until_said("connection_dropped", 1)


def test_connection_of_a_peer_that_is_not_known_is_closed(
    foundation: Foundation, tmp_path: Path
) -> None:
    with (
        attacked(foundation, tmp_path) as scene,
        Flood(scene.hub, scene.tls(REVOKED)) as flood,
    ):
        flood.call(SUBMIT)
        wait_until(lambda: flood.is_closed)
