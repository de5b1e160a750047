"""Faults inside stay inside; faults from outside are refused with their reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import audit_service_pb2_grpc as audit_grpc
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import exchange_service_pb2_grpc as pb_grpc
from exchange_protocol.v1 import statement_pb2
from exchange_server.bootstrap import load_credentials, utc_now
from exchange_server.caller import Caller
from exchange_server.fairness.slices import Slices, SliceScheduler
from exchange_server.ledger import Ledger, Reader, TreeHead, committer
from exchange_server.rpc.identity import PeerVerifier
from exchange_server.rpc.server import RpcLimits, RpcServer
from exchange_server.rpc.status import MAX_MESSAGE_CHARS
from exchange_server.rpc.watches import WatchLimits
from tests.integration.rpc.callers import reason_of, retry_seconds
from tests.support.hub_process import (
    HubFiles,
    channel_credentials,
    prepare_hub,
    running_hub,
)
from tests.support.statements import Hub as MemoryHub
from tests.support.statements import fictional_cast, member

pytestmark = pytest.mark.long

SECRET = "the table log_entries of /var/lib/hub.db is gone"
MESSAGE_BYTES = 64 * 1024
CAP_SECONDS = 2.0
CALLS_PER_AGENCY = 8
CONCURRENT_CALLS = 12
EXPECTED_WAIT = 1.25


class FakeLedger:
    """A ledger that enrols the fictional region and remembers denials."""

    tree_size = 0

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.denials: list[tuple[Caller, str, Reason]] = []
        self.deny_error: ExchangeError | None = None
        self.writes = True
        self.file_is_unread = False
        self.uploads = asyncio.Semaphore(0)

    async def catch_up(self, agency: AgencyId) -> None:
        """No other hub writes to its log."""

    def slices(self, caller: Caller) -> Slices:
        return Slices(SliceScheduler(), caller.agency)

    def verify_room(self, agency: str) -> None:
        """There is room for everyone."""

    def is_shared(self) -> bool:
        return False

    def expected_wait(self) -> float:
        return EXPECTED_WAIT

    async def verify_writing(self) -> None:
        if not self.writes:
            raise Reason.UNAVAILABLE.error("the writer is gone")

    async def deny(
        self, caller: Caller, operation: str, error: ExchangeError, *, exchange_id: str = ""
    ) -> None:
        self.denials.append((caller, operation, error.reason))
        if self.deny_error is not None:
            raise self.deny_error

    async def stage_part(self, caller: Caller, sha256: bytes, size: int) -> None:
        self.uploads.release()
        await asyncio.Event().wait()

    async def wait_for_growth(self, since_tree_size: int, seconds: float) -> int:
        await asyncio.sleep(seconds)
        return 0


class FakeReader:
    """A reader that does what a test tells it."""

    def __init__(self) -> None:
        self.on_tile: Callable[[], Any] = lambda: b""
        self.healthy = True

    async def tree_head(self, known_tree_size: int) -> TreeHead:
        if not self.healthy:
            raise OSError(SECRET)
        return TreeHead(b"note", ())

    async def tile(self, level: int, index: int) -> bytes:
        result = self.on_tile()
        return cast(bytes, await result if asyncio.iscoroutine(result) else result)

    async def feed(self, agency: str, after: object, limit: int) -> list[object]:
        if not self.healthy:
            raise OSError(SECRET)
        return []


class Bench:
    """A server over fakes, and a caller of it."""

    def __init__(self, files: HubFiles, ledger: FakeLedger, reader: FakeReader) -> None:
        self.files = files
        self.ledger = ledger
        self.reader = reader
        self.list_is_refused = False
        config = files.config
        credentials = load_credentials(config, {}, utc_now)
        self.server = RpcServer(
            ledger=cast(Ledger, ledger),
            reader=cast(Reader, reader),
            peers=PeerVerifier(
                credentials.anchors,
                credentials.identity.trust_domain,
                credentials.revocations,
                utc_now,
            ),
            tls=credentials.tls,
            list_is_refused=lambda: self.list_is_refused,
            limits=RpcLimits(
                message_bytes=MESSAGE_BYTES,
                concurrent_calls=CONCURRENT_CALLS,
                calls_per_agency=CALLS_PER_AGENCY,
                deadline_seconds=CAP_SECONDS,
                transfer_deadline_seconds=60,
                statements_per_second=1000,
                sealed_bytes_per_second=1e9,
                watch=WatchLimits(heartbeat_seconds=0.1, life_seconds=30, per_agency=2),
            ),
        )
        self.port = 0

    @asynccontextmanager
    async def channel(self, who: str = "caricc/system") -> AsyncIterator[Any]:
        credentials = channel_credentials(self.files.root_pem, self.files.issue(who))
        async with grpc.aio.secure_channel(f"localhost:{self.port}", credentials) as channel:
            yield channel

    @asynccontextmanager
    async def audit(self) -> AsyncIterator[Any]:
        async with self.channel() as channel:
            yield audit_grpc.AuditServiceStub(channel)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> HubFiles:
    folder: Path = tmp_path_factory.mktemp("hub")
    return prepare_hub(folder, authority=fictional_cast().authority)


@pytest.fixture(scope="module")
def directory() -> Directory:
    return MemoryHub(fictional_cast()).directory


@pytest.fixture
async def bench(files: HubFiles, directory: Directory) -> AsyncIterator[Bench]:
    bench = Bench(files, FakeLedger(directory), FakeReader())
    bench.port = await bench.server.start("127.0.0.1", 0)
    yield bench
    await bench.server.stop(0)


def raising(error: BaseException) -> Callable[[], Any]:
    def raise_it() -> Any:
        raise error

    return raise_it


async def get_tile(bench: Bench, deadline: float | None = 5) -> bytes:
    async with bench.audit() as audit:
        response = await audit.GetTile(audit_pb.GetTileRequest(), timeout=deadline)
    hashes: bytes = response.hashes
    return hashes


async def logged_call(logs: list[Any]) -> Any:
    """The log line of a call: it is written after the answer has left."""
    for _ in range(500):
        for line in logs:
            if line["event"] == "call":
                return line
        await asyncio.sleep(0.01)
    raise AssertionError("no call was logged")


@pytest.mark.parametrize(
    "error",
    [
        OSError(SECRET),
        ValueError(SECRET),
        TimeoutError(SECRET),
        Reason.INTERNAL.error(SECRET),
        Reason.PROOF_INVALID.error(SECRET, field=SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_text_of_a_failure_inside_never_reaches_the_caller(
    bench: Bench, error: Exception
) -> None:
    bench.reader.on_tile = raising(error)
    with capture_logs() as logs, pytest.raises(grpc.aio.AioRpcError) as caught:
        await get_tile(bench)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    everything = f"{caught.value!r} {caught.value.trailing_metadata()!r}"
    assert "log_entries" not in everything
    assert reason_of(caught.value) == Reason.INTERNAL.name
    failure = next(line for line in logs if line["log_level"] == "error")
    assert failure["exc_info"] is error
    assert failure["request_id"] in everything


async def test_caller_learns_the_field_and_the_request(bench: Bench) -> None:
    bench.reader.on_tile = raising(Reason.INVALID_FIELD.error("expected 1, got 2", field="level"))
    with capture_logs() as logs:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await get_tile(bench)
        call = await logged_call(logs)
    trailers = dict(cast(Any, caught.value.trailing_metadata()))
    status = status_pb2.Status.FromString(cast(bytes, trailers["grpc-status-details-bin"]))
    names = {detail.TypeName() for detail in status.details}
    assert names == {"google.rpc.ErrorInfo", "google.rpc.RequestInfo", "google.rpc.BadRequest"}
    request = error_details_pb2.RequestInfo()
    assert any(detail.Unpack(request) for detail in status.details)
    assert request.request_id == call["request_id"]
    assert call["outcome"] == "INVALID_FIELD"


async def test_message_of_any_length_reaches_the_caller_with_its_reason(bench: Bench) -> None:
    bench.reader.on_tile = raising(Reason.READERS_MISMATCH.error("ж" * 50_000, field="parts" * 999))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await get_tile(bench)
    assert reason_of(caught.value) == Reason.READERS_MISMATCH.name
    assert caught.value.details() == "ж" * MAX_MESSAGE_CHARS + "..."


async def test_call_without_a_deadline_gets_the_cap(bench: Bench) -> None:
    bench.reader.on_tile = lambda: asyncio.sleep(60)
    started = asyncio.get_running_loop().time()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await get_tile(bench, deadline=None)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert reason_of(caught.value) == Reason.DEADLINE_EXCEEDED.name
    assert asyncio.get_running_loop().time() - started < 10 * CAP_SECONDS


async def test_call_with_a_deadline_beyond_the_cap_gets_the_cap(bench: Bench) -> None:
    bench.reader.on_tile = lambda: asyncio.sleep(60)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await get_tile(bench, deadline=60)
    assert reason_of(caught.value) == Reason.DEADLINE_EXCEEDED.name


async def test_caller_that_goes_away_is_no_fault(bench: Bench) -> None:
    entered = asyncio.Event()

    async def wait() -> bytes:
        entered.set()
        await asyncio.sleep(60)
        return b""

    bench.reader.on_tile = wait
    with capture_logs() as logs:
        async with bench.audit() as audit:
            call = audit.GetTile(audit_pb.GetTileRequest(), timeout=30)
            await asyncio.wait_for(entered.wait(), 30)
            call.cancel()
            await logged_call(logs)
    assert [line["outcome"] for line in logs if line["event"] == "call"] == ["cancelled"]
    assert not [line for line in logs if line["log_level"] == "error"]


async def test_agency_that_has_its_share_of_calls_shuts_nobody_out(bench: Bench) -> None:
    bench.reader.on_tile = lambda: b"\x01" * 32
    request = audit_pb.GetTileRequest()
    async with bench.channel() as channel, bench.channel("kz.fma/system") as other:
        audit: Any = audit_grpc.AuditServiceStub(channel)
        held = await held_calls(bench, channel, CALLS_PER_AGENCY)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await audit.GetTile(request, timeout=30)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason_of(caught.value) == Reason.RATE_LIMITED.name
        assert retry_seconds(caught.value) == EXPECTED_WAIT
        assert (await audit_grpc.AuditServiceStub(other).GetTile(request, timeout=30)).hashes
        health: Any = health_pb2_grpc.HealthStub(other)
        assert (await health.Check(health_pb2.HealthCheckRequest(), timeout=30)).status
        for call in held:
            call.cancel()
        ended = await asyncio.gather(*held, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended)
        # What a call held is given back, however the call ended.
        async with asyncio.timeout(20):
            while True:
                again = [audit.GetTile(request, timeout=30) for _ in range(CALLS_PER_AGENCY)]
                served = await asyncio.gather(*again, return_exceptions=True)
                if not any(isinstance(each, grpc.aio.AioRpcError) for each in served):
                    break
        assert len(served) == CALLS_PER_AGENCY


async def test_hub_that_has_its_fill_of_calls_says_when_to_come_and_stays_healthy(
    bench: Bench,
) -> None:
    """A client that took this for a message that is too large would give its statement up."""
    bench.reader.on_tile = lambda: b"\x01" * 32
    request = audit_pb.GetTileRequest()
    async with bench.channel() as channel, bench.channel("kz.fma/system") as other:
        audit: Any = audit_grpc.AuditServiceStub(other)
        held = await held_calls(bench, channel, CALLS_PER_AGENCY)
        held += await held_calls(bench, other, CONCURRENT_CALLS - CALLS_PER_AGENCY)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await audit.GetTile(request, timeout=30)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason_of(caught.value) == Reason.OVERLOADED.name
        assert retry_seconds(caught.value) == EXPECTED_WAIT
        health: Any = health_pb2_grpc.HealthStub(other)
        assert (await health.Check(health_pb2.HealthCheckRequest(), timeout=30)).status
        held[0].cancel()
        async with asyncio.timeout(20):
            while not await is_served(audit.GetTile(request, timeout=30)):
                pass


async def held_calls(bench: Bench, channel: Any, count: int) -> list[Any]:
    """Calls that have come to the hub and last until they are cancelled."""
    stub: Any = pb_grpc.ExchangeServiceStub(channel)
    first = pb.UploadPartRequest(sha256=bytes(32), size=1)
    calls = [stub.UploadPart(iter([first]), timeout=60) for _ in range(count)]
    async with asyncio.timeout(20):
        for _ in calls:
            await bench.ledger.uploads.acquire()
    return calls


async def is_served(call: Any) -> bool:
    """True if a call is served, and not refused."""
    try:
        await call
    except grpc.aio.AioRpcError:
        return False
    return True


async def test_request_that_does_not_parse_is_malformed(bench: Bench) -> None:
    async with bench.channel() as channel:
        get_tile = channel.unary_unary("/exchange_protocol.v1.AuditService/GetTile")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await get_tile(b"\xff\xff\xff", timeout=30)
        assert reason_of(caught.value) == Reason.MALFORMED.name
        upload = channel.stream_unary("/exchange_protocol.v1.ExchangeService/UploadPart")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await upload(iter([b"\xff\xff\xff"]), timeout=30)
        assert reason_of(caught.value) == Reason.MALFORMED.name


async def test_request_beyond_the_largest_message_is_refused(bench: Bench) -> None:
    async with bench.channel() as channel:
        get_tile = channel.unary_unary("/exchange_protocol.v1.AuditService/GetTile")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await get_tile(bytes(MESSAGE_BYTES + 1), timeout=30)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason_of(caught.value) == Reason.TOO_LARGE.name
        assert str(MESSAGE_BYTES + 1) in str(caught.value.details())
        # Whatever our own client sends, a hub that takes less says so itself.
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await get_tile(bytes(4 * 1024 * 1024), timeout=30)
        assert reason_of(caught.value) == Reason.TOO_LARGE.name
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await get_tile(bytes(8 * 1024 * 1024 + 1), timeout=30)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_denial_is_logged_once_and_passed_on(bench: Bench) -> None:
    async with bench.channel("caricc/auditor") as channel:
        stub: Any = pb_grpc.ExchangeServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Submit(pb.SubmitRequest(), timeout=30)
    assert reason_of(caught.value) == Reason.ROLE_NOT_PERMITTED.name
    ((caller, operation, reason),) = bench.ledger.denials
    assert caller.member.uri.endswith("/agency/caricc/auditor")
    assert (operation, reason) == ("Submit", Reason.ROLE_NOT_PERMITTED)


async def test_denial_that_cannot_be_logged_is_a_denial_all_the_same(bench: Bench) -> None:
    bench.ledger.deny_error = Reason.UNAVAILABLE.error("the writer is gone")
    async with bench.channel("caricc/auditor") as channel:
        stub: Any = pb_grpc.ExchangeServiceStub(channel)
        with capture_logs() as logs, pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Submit(pb.SubmitRequest(), timeout=30)
    assert reason_of(caught.value) == Reason.ROLE_NOT_PERMITTED.name
    assert [line["denied"] for line in logs if "denied" in line] == ["ROLE_NOT_PERMITTED"]


async def test_malformed_input_is_no_denial(bench: Bench) -> None:
    bench.reader.on_tile = raising(Reason.INVALID_FIELD.error("expected 1, got 2"))
    with pytest.raises(grpc.aio.AioRpcError):
        await get_tile(bench)
    assert bench.ledger.denials == []


async def test_watch_that_fails_inside_tells_nothing_either(bench: Bench) -> None:
    bench.reader.healthy = False
    async with bench.channel() as channel:
        stub: Any = pb_grpc.ExchangeServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in stub.Watch(pb.WatchRequest(), timeout=30):
                pass
    assert "log_entries" not in repr(caught.value)
    assert reason_of(caught.value) == Reason.INTERNAL.name


async def test_log_line_names_the_caller_and_holds_sizes_only(bench: Bench) -> None:
    bench.reader.on_tile = lambda: b"\x01" * 32
    with capture_logs() as logs:
        await get_tile(bench)
        call = await logged_call(logs)
    assert call["caller"] == member("caricc").uri
    assert call["response_bytes"] == 34
    assert set(call) == {
        "request_id",
        "method",
        "caller",
        "outcome",
        "duration_ms",
        "request_bytes",
        "response_bytes",
        "event",
        "log_level",
    }


async def test_hub_whose_writer_died_is_not_serving_though_its_log_can_be_read(
    files: HubFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = health_pb2.HealthCheckResponse
    credentials = channel_credentials(files.root_pem, files.issue("caricc/operator"))
    async with (
        running_hub(files) as hub,
        grpc.aio.secure_channel(f"localhost:{hub.port}", credentials) as channel,
    ):
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=30)
        assert (await watch.read()).status == statuses.SERVING
        # Not an Exception, so it ends the thread; a refusal that is to be logged wakes it.
        monkeypatch.setattr(committer, "Batch", Mock(side_effect=SystemExit))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await cast(Any, pb_grpc.ExchangeServiceStub(channel)).Submit(
                pb.SubmitRequest(
                    statement=statement_pb2.SignedStatement(
                        payload=b"x",
                        signatures=[statement_pb2.Signature(certificate_sha256=bytes(32))],
                    )
                ),
                timeout=30,
            )
        assert reason_of(caught.value) == Reason.UNAVAILABLE.name
        assert (await watch.read()).status == statuses.NOT_SERVING
        audit: Any = audit_grpc.AuditServiceStub(channel)
        head = (await audit.GetCheckpoint(audit_pb.GetCheckpointRequest(), timeout=30)).tree_head
        assert head.checkpoint
        watch.cancel()


async def test_health_tells_the_truth(bench: Bench) -> None:
    statuses = health_pb2.HealthCheckResponse
    async with bench.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="exchange_protocol.v1.AuditService")
        assert (await stub.Check(request, timeout=30)).status == statuses.SERVING
        watch = stub.Watch(request, timeout=30)
        assert (await watch.read()).status == statuses.SERVING
        bench.reader.healthy = False
        assert (await watch.read()).status == statuses.NOT_SERVING
        assert (await stub.Check(request, timeout=30)).status == statuses.NOT_SERVING
        bench.reader.healthy = True
        assert (await watch.read()).status == statuses.SERVING
        bench.ledger.writes = False
        assert (await watch.read()).status == statuses.NOT_SERVING
        watch.cancel()


async def test_health_tells_of_a_refused_list_of_revocations_and_serves_on(bench: Bench) -> None:
    statuses = health_pb2.HealthCheckResponse
    async with bench.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service="revocations"))
        assert (await watch.read()).status == statuses.SERVING
        bench.list_is_refused = True
        assert (await watch.read()).status == statuses.NOT_SERVING
        for name, status in (("", statuses.SERVING), ("revocations", statuses.NOT_SERVING)):
            request = health_pb2.HealthCheckRequest(service=name)
            assert (await stub.Check(request, timeout=30)).status == status
        bench.list_is_refused = False
        assert (await watch.read()).status == statuses.SERVING
        watch.cancel()


async def test_health_tells_of_a_database_that_is_read_anew_and_serves_on(bench: Bench) -> None:
    statuses = health_pb2.HealthCheckResponse
    async with bench.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service="database"))
        assert (await watch.read()).status == statuses.SERVING
        bench.ledger.file_is_unread = True
        assert (await watch.read()).status == statuses.NOT_SERVING
        whole = health_pb2.HealthCheckRequest(service="")
        assert (await stub.Check(whole, timeout=30)).status == statuses.SERVING
        bench.ledger.file_is_unread = False
        assert (await watch.read()).status == statuses.SERVING
        watch.cancel()


async def test_health_lists_every_service(bench: Bench) -> None:
    async with bench.channel() as channel:
        listing = channel.unary_unary("/grpc.health.v1.Health/List")
        # The stubs of this library do not know the RPC.
        listed = cast(Any, health_pb2).HealthListResponse.FromString(await listing(b"", timeout=30))
    serving = health_pb2.HealthCheckResponse.SERVING
    assert {name: one.status for name, one in listed.statuses.items()} == {
        "": serving,
        "exchange_protocol.v1.AuditService": serving,
        "exchange_protocol.v1.DirectoryService": serving,
        "exchange_protocol.v1.ExchangeService": serving,
        "database": serving,
        "revocations": serving,
    }
