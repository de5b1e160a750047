"""Attacks by what is held: connections, downloads, and calls that outlive their caller."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest

from agency_client import ExchangeClient, InformationRequest, Item, Sent
from exchange_certs.records import RevocationReason
from exchange_protocol.errors import HubUnavailable, Reason
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import exchange_service_pb2_grpc as pb_grpc
from exchange_server.bootstrap import utc_now
from exchange_server.rpc.calls import FETCH_PART
from exchange_server.tls.glances import CHECK_SECONDS
from tests.faults.attacks.flood import Flood
from tests.faults.attacks.scene import ENROLLED, MIB, STRANGER, Scene, attacked, hub_with
from tests.integration.rpc.callers import refused_call
from tests.support.foundation import Foundation
from tests.support.hub_process import channel_credentials

READER = "kz.fma/officer/mallory"
REQUEST = InformationRequest(items=(Item.TRANSACTIONS,))
FEW_FILES = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({0}, {0}))\n"
"""Code that bounds the open files of the hub; each connection is one."""
QUICK_LOOKS = hub_with(connections__LOOK_SECONDS=0.3, connections__UNNAMED_SECONDS=1.5)


@pytest.mark.parametrize(("holder", "files"), [(ENROLLED, 256), (STRANGER, 256), (STRANGER, 64)])
def test_idle_connections_shut_nobody_out_for_long(
    foundation: Foundation, tmp_path: Path, holder: str, files: int
) -> None:
    """More than there are open files; who is connected is served, who comes is served soon."""
    code = FEW_FILES.format(files) + QUICK_LOOKS
    with attacked(foundation, tmp_path, code=code) as scene, ExitStack() as held:
        assert scene.hub.said("few_open_files")
        tls = scene.tls(holder)
        for _ in range(files + 60):
            with contextlib.suppress(OSError):
                raw = socket.create_connection(("localhost", scene.hub.port), timeout=5)
                held.callback(raw.close)
                held.callback(tls.wrap_socket(raw, server_hostname="localhost").close)
        print(scene.innocent.verify_served())
        deadline = time.monotonic() + 10
        while not is_served(scene.town.client("kz.fma/system")):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert scene.hub.said("unnamed_connections_closed")


def is_served(client: ExchangeClient) -> bool:
    """True if a client that connects now is served."""
    with client:
        try:
            client.checkpoint()
        except HubUnavailable:
            return False
    return True


def test_connections_of_one_agency_are_bounded(foundation: Foundation, tmp_path: Path) -> None:
    with (
        attacked(foundation, tmp_path, {"connections_per_agency": 10}) as scene,
        ExitStack() as stack,
    ):
        tls = scene.tls(ENROLLED)
        floods = [stack.enter_context(Flood(scene.hub, tls)) for _ in range(15)]
        for flood in floods:
            flood.call(FETCH_PART)
        time.sleep(0.5)
        refused = [line for line in scene.hub.said("call") if line["outcome"] == "TOO_MANY"]
        assert len(refused) == 5
        print(scene.innocent.verify_served())


@pytest.fixture
def part(scene_of_transfers: Scene) -> tuple[bytes, str]:
    """A part of 8 MiB that its reader may fetch: digest of the statement, and name."""
    content = hashlib.shake_256(b"fictional").digest(8 * MIB)
    with scene_of_transfers.town.client("kz.mia/system") as author:
        sent = author.request_information(
            to=["kz.fma"], brief="fictional", request=REQUEST, attachments={"large.bin": content}
        )
        assert isinstance(sent, Sent)
        statement = author.get(sent.exchange_id).statements[0].statement
    return statement.digest, max(statement.parts, key=lambda one: one.size).name


@pytest.fixture
def scene_of_transfers(foundation: Foundation, tmp_path: Path) -> Iterator[Scene]:
    with attacked(foundation, tmp_path) as scene:
        yield scene


def test_downloads_that_nobody_reads_take_little_memory(
    scene_of_transfers: Scene, part: tuple[bytes, str]
) -> None:
    """200 of them, of a part of 8 MiB, by its reader."""
    scene, request = scene_of_transfers, fetch_request(part)
    tls, before = scene.tls(READER), scene.memory()
    with Flood(scene.hub, tls, reads=False) as one, Flood(scene.hub, tls, reads=False) as two:
        for flood in (one, two):
            for _ in range(100):
                flood.call(FETCH_PART, first=request.SerializeToString())
        time.sleep(1.5)
        figures = scene.innocent.verify_served()
        grown = scene.memory() - before
    print(f"{grown // MIB} MiB more in memory; {figures}")
    assert grown < 120 * MIB


def test_download_ends_when_its_caller_is_revoked(
    scene_of_transfers: Scene, part: tuple[bytes, str]
) -> None:
    """A window's worth is on its way before; the rest of the part never leaves."""
    scene = scene_of_transfers
    files = scene.town.files
    issued = files.issue(READER)
    # One window is all that the hub may send before something is read.
    options = [("grpc.http2.lookahead_bytes", 65_535), ("grpc.http2.bdp_probe", 0)]
    credentials = channel_credentials(files.root_pem, issued)
    with grpc.secure_channel(scene.hub.target, credentials, options) as channel:
        stub: Any = pb_grpc.ExchangeServiceStub(channel)
        chunks = stub.FetchPart(fetch_request(part), timeout=30)
        received = len(next(chunks).chunk)
        files.authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
        time.sleep(CHECK_SECONDS + 0.2)
        with refused_call(Reason.CERTIFICATE_REVOKED):
            for chunk in chunks:
                received += len(chunk.chunk)
    assert received < 4 * MIB


def test_upload_ends_when_its_caller_is_revoked(scene_of_transfers: Scene) -> None:
    scene = scene_of_transfers
    files = scene.town.files
    issued = files.issue(READER)
    revoked = threading.Event()

    def chunks() -> Iterator[pb.UploadPartRequest]:
        yield pb.UploadPartRequest(sha256=bytes(32), size=8 * MIB, chunk=bytes(1000))
        files.authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
        time.sleep(CHECK_SECONDS + 0.2)
        revoked.set()
        yield pb.UploadPartRequest(chunk=bytes(1000))

    credentials = channel_credentials(files.root_pem, issued)
    with grpc.secure_channel(scene.hub.target, credentials) as channel:
        stub: Any = pb_grpc.ExchangeServiceStub(channel)
        with refused_call(Reason.CERTIFICATE_REVOKED):
            stub.UploadPart(chunks(), timeout=30)
    assert revoked.is_set()


def fetch_request(part: tuple[bytes, str]) -> pb.FetchPartRequest:
    return pb.FetchPartRequest(payload_sha256=part[0], part_name=part[1])
