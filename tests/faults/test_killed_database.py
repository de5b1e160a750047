"""PostgreSQL is killed under load and comes back; the hub says so meanwhile, and loses nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange_protocol.trust.certificates import Usage
from tests.faults.load import Load, free_port
from tests.support.hub_process import HubFiles, HubProcess, channel_credentials, prepare_hub
from tests.support.postgres import emptied_database, postgres_server

SECONDS = 60
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def wait_for_health(files: HubFiles, hub: HubProcess, expected: int) -> None:
    """Wait until the hub, which itself goes on, says that it serves or does not."""
    issued = files.issue("kz.mia/system", Usage.TLS_CLIENT)
    deadline = time.monotonic() + SECONDS
    with grpc.secure_channel(hub.target, channel_credentials(files.root_pem, issued)) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        while stub.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS).status != expected:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_every_receipt_survives_a_kill_of_postgresql(tmp_path: Path) -> None:
    with postgres_server() as database:
        files = prepare_hub(tmp_path, database_url=emptied_database(database.uri))
        load = Load(files, free_port())
        with HubProcess(files, load.environment) as hub:
            with load.running():
                time.sleep(1.0)
                database.kill()
                wait_for_health(files, hub, NOT_SERVING)
                database.restart()
                wait_for_health(files, hub, SERVING)
                time.sleep(1.0)
            load.settle()
            hub.stop()
        load.verify(at_least=10)
