"""A second signal to a hub that stops: it ends the calls in flight, and keeps what was written."""

from __future__ import annotations

import os
import queue
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from exchange_server.workers import ONE_WISH_SECONDS
from tests.integration.rpc.callers import Region
from tests.support.hub_process import HubProcess, prepare_hub
from tests.support.postgres import emptied_database, shared_postgres
from tests.support.statements import KZ_MIA, Hub, fictional_cast

pytestmark = pytest.mark.long

GRACE_SECONDS = 600


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_ends_the_calls_in_flight_and_loses_no_receipt(
    tmp_path: Path, number: signal.Signals, workers: int
) -> None:
    url = emptied_database(shared_postgres()) if workers > 1 else None
    files = prepare_hub(
        tmp_path / "hub",
        authority=fictional_cast().authority,
        limits={"grace_seconds": GRACE_SECONDS},
        database_url=url,
    )
    memory = Hub(fictional_cast(), now=utc_now() - timedelta(minutes=10))
    with HubProcess(files, workers=workers) as process, Region(process, memory) as region:
        region.catch_up()
        memory.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
        region.catch_up()
        size = len(memory.log)
        sent: queue.Queue[Any] = queue.Queue()
        upload: Any = region.stubs(KZ_MIA).exchange.UploadPart.future(
            chunks(sent), timeout=GRACE_SECONDS
        )
        sent.put(pb.UploadPartRequest(sha256=bytes(32), size=2**21, chunk=bytes(1000)))
        process.wait_until_said("serving", workers)
        os.kill(process.pid, number)
        said = "stopping_workers" if workers > 1 else "stopping"
        process.wait_until_said(said, 1)
        time.sleep(ONE_WISH_SECONDS + 0.1)
        assert not upload.done()
        os.kill(process.pid, number)
        assert process.wait(60) == 0
        process.wait_until_said("stopping_at_once", 1)
        with pytest.raises(grpc.RpcError) as refused:
            upload.result()
        assert refused.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
        sent.put(None)
    if url is None:
        with closing(sqlite3.connect(files.folder / "hub.db")) as connection:
            assert connection.execute("SELECT size FROM log_head").fetchone() == (size,)


def chunks(sent: queue.Queue[Any]) -> Iterator[Any]:
    while (one := sent.get()) is not None:
        yield one
