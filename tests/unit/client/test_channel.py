"""The channel: every RPC has a deadline and is called, and every failure has its exception."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from agency_client import _channel
from agency_client._call_faults import CallFaults, proxy_variable
from agency_client._channel import take_chunk
from agency_client.core.calls import DEADLINES, Fetch, Stream, Unary, Upload
from agency_client.core.statuses import FOUND_HERE, HUBS_WORD
from agency_client.core.watching import seconds_left
from agency_client.state.profile import Profile
from exchange_protocol.errors import (
    Conflict,
    ExchangeError,
    HubUnavailable,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Reason,
    SealBroken,
)
from exchange_protocol.v1 import (
    audit_service_pb2,
    directory_service_pb2,
    exchange_service_pb2,
)
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import START

SERVICES = [
    service
    for module in (exchange_service_pb2, directory_service_pb2, audit_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
]


GET = "ExchangeService/GetExchange"


class Attempts(grpc.GenericRpcHandler):
    """A hub that answers every call as one that is away; counts the attempts at each method."""

    def __init__(self) -> None:
        self.of: Counter[str] = Counter()

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        self.of[details.method] += 1

        def away(_: Any, context: grpc.ServicerContext) -> Any:
            context.abort(grpc.StatusCode.UNAVAILABLE, "fictional")

        return grpc.stream_stream_rpc_method_handler(away)


def test_grpc_repeats_no_stream() -> None:
    """A stream with a retry policy can hang for good where a hub dies in the middle of it."""
    hub = Attempts()
    server = grpc.server(ThreadPoolExecutor(8), handlers=[hub])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    descriptors = {
        f"/{service.full_name}/{method.name}": method
        for service in SERVICES
        for method in service.methods
        if f"{service.name}/{method.name}" in DEADLINES
    }
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=_channel._OPTIONS) as channel:
        methods: list[Any] = [channel.stream_stream(name) for name in descriptors]
        calls = [method(iter([b""]), timeout=30) for method in methods]
        for call in calls:
            with pytest.raises(grpc.RpcError, match="fictional"):
                next(call)
    server.stop(None)
    assert len(descriptors) == len(DEADLINES)
    for name, method in descriptors.items():
        is_stream = method.client_streaming or method.server_streaming
        assert hub.of[name] == (1 if is_stream else 3), name


class Failed(grpc.RpcError):
    """A failed call, as gRPC raises it."""

    def __init__(
        self, code: grpc.StatusCode, details: str = "", status: status_pb2.Status | None = None
    ) -> None:
        self._code, self._details, self._status = code, details, status

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def trailing_metadata(self) -> Any:
        if self._status is None:
            return ()
        return [("grpc-status-details-bin", self._status.SerializeToString())]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return InMemoryHub().profile(tmp_path)


def faults(profile: Profile, now: datetime = START) -> CallFaults:
    return CallFaults(profile, lambda: now)


def status(message: str, *details: Message) -> status_pb2.Status:
    made = status_pb2.Status(message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        made.details.append(packed)
    return made


@pytest.mark.thorough
def test_hub_that_was_away_for_long_is_found_again_soon(profile: Profile) -> None:
    """gRPC left to itself comes for the seventh time after 21 s at the least, and ever later."""
    came: list[float] = []

    def turn_away(listener: socket.socket) -> None:
        while len(came) < 7:
            connection, _ = listener.accept()
            came.append(time.monotonic())
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = replace(profile, target=f"127.0.0.1:{listener.getsockname()[1]}")
        hub = threading.Thread(target=turn_away, args=(listener,), daemon=True)
        hub.start()
        channel = _channel.Channel(place, lambda: START)
        with closing(channel):
            ends_at = time.monotonic() + 19
            while hub.is_alive() and time.monotonic() < ends_at:
                with pytest.raises(HubUnavailable):
                    channel.perform(Unary(GET, exchange_service_pb2.GetExchangeRequest()))
                time.sleep(0.2)
    assert len(came) == 7, [round(at - came[0], 1) for at in came]


MIB = 1024 * 1024


@pytest.mark.parametrize("is_async", [False, True])
def test_large_part_has_the_time_that_it_takes_over_a_slow_line(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, is_async: bool
) -> None:
    """63 MiB took 300 s at the most: over 1 Mbit/s they were begun anew for ever."""
    given: dict[str, float] = {}

    class Answered(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode.DEADLINE_EXCEEDED

        def details(self) -> str:
            return ""

        def trailing_metadata(self) -> tuple[()]:
            return ()

    def made(_: object, method: str) -> Any:
        def call(_: Any, timeout: float) -> Any:
            given[method] = timeout
            raise Answered

        return call

    monkeypatch.setattr(_channel, "_multicallable", made)
    several: list[Upload | Stream | Fetch | Unary] = [
        Upload(lambda: iter(()), 63 * MIB),
        Stream(lambda _: iter(()), [], 1),
        Fetch(exchange_service_pb2.FetchPartRequest(), bytearray(), 63 * MIB),
        Unary(GET, exchange_service_pb2.GetExchangeRequest()),
    ]

    async def run() -> None:
        channel = _channel.AsyncChannel(profile, lambda: START)
        for each in several:
            with pytest.raises(HubUnavailable):
                await channel.perform(each)
        await channel.close()

    if is_async:
        asyncio.run(run())
    else:
        channel = _channel.Channel(profile, lambda: START)
        with closing(channel):
            for each in several:
                with pytest.raises(HubUnavailable) as caught:
                    channel.perform(each)
                said = "smaller pieces" if isinstance(each, Upload | Fetch) else "answer in time"
                assert said in caught.value.message
    assert given.pop("ExchangeService/UploadPart") == 300 + 63 * 64
    assert given.pop("ExchangeService/FetchPart") == 300 + 63 * 64
    assert given.pop("ExchangeService/SubmitStream") == 60
    assert given == {GET: DEADLINES[GET]}


NOT_OURS = {"ExchangeService/SubmitBatch"}
"""For other systems; our client sends what waits in its outbox in streams (ADR 0039)."""


def test_every_rpc_has_a_deadline_and_no_other_is_named() -> None:
    rpcs = {f"{service.name}/{method.name}" for service in SERVICES for method in service.methods}
    assert rpcs >= NOT_OURS
    assert set(DEADLINES) == rpcs - NOT_OURS


def test_every_rpc_is_called_by_the_client() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(_channel.__file__).parent.rglob("*.py")
        if path.name != "calls.py" or path.parent.name != "core"
    )
    streams = {
        "ExchangeService/UploadPart",
        "ExchangeService/FetchPart",
        "ExchangeService/SubmitStream",
    }
    for method in set(DEADLINES) - streams:
        assert f'"{method}"' in source, method
    for method in NOT_OURS:
        assert method not in source, f"the client calls {method}: it needs a deadline"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_that_a_hub_may_give_becomes_its_exception(
    profile: Profile, reason: Reason
) -> None:
    info = error_details_pb2.ErrorInfo(reason=reason.name, domain="caricc.exchange")
    field = error_details_pb2.BadRequest.FieldViolation(field="to[0]")
    error = faults(profile).of(
        Failed(
            grpc.StatusCode.UNKNOWN,
            "ignored",
            status("told", info, error_details_pb2.BadRequest(field_violations=[field])),
        ),
        GET,
    )
    expected = Reason.INTERNAL if reason in FOUND_HERE else reason
    assert type(error) is expected.error_class
    assert (error.reason, error.field) == (expected, "to[0]")
    # A false hub may say it too, and no refusal is signed.
    is_its_word = isinstance(error, (NotAuthenticated, NotPermitted, NotFound, Conflict))
    is_its_word = is_its_word and reason is not Reason.CONTENT_ERASED
    assert error.message == ("told" + HUBS_WORD if is_its_word else "told")


def test_when_to_come_back_is_kept(profile: Profile) -> None:
    info = error_details_pb2.ErrorInfo(reason="RATE_LIMITED")
    delay = Duration()
    delay.FromMilliseconds(2500)
    retry = error_details_pb2.RetryInfo(retry_delay=delay)
    error = faults(profile).of(
        Failed(grpc.StatusCode.RESOURCE_EXHAUSTED, "", status("slower", info, retry)), GET
    )
    assert isinstance(error, LimitExceeded)
    assert error.retry_after_seconds == 2.5


@pytest.mark.parametrize(
    ("code", "details", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, "connection refused", Reason.UNAVAILABLE),
        (grpc.StatusCode.CANCELLED, "", Reason.UNAVAILABLE),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", Reason.DEADLINE_EXCEEDED),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", Reason.TOO_LARGE),
        (grpc.StatusCode.UNKNOWN, "KeyError: 'secret'", Reason.INTERNAL),
        (grpc.StatusCode.PERMISSION_DENIED, "by some proxy", Reason.INTERNAL),
        (grpc.StatusCode.UNIMPLEMENTED, "", Reason.INTERNAL),
    ],
)
def test_failure_without_a_reason_is_the_hubs_and_its_text_is_not_passed_on(
    profile: Profile, code: grpc.StatusCode, details: str, reason: Reason
) -> None:
    error = faults(profile).of(Failed(code, details), GET)
    assert error.reason is reason
    assert "secret" not in str(error)


@pytest.mark.parametrize("method", ["Submit", "SubmitStream", "UploadPart"])
def test_statement_that_is_refused_without_a_reason_is_not_settled(
    profile: Profile, method: str
) -> None:
    """gRPC says so of a message that is too large, and of a hub that is full."""
    failed = Failed(grpc.StatusCode.RESOURCE_EXHAUSTED)
    error = faults(profile).of(failed, f"ExchangeService/{method}")
    assert error.reason is Reason.OVERLOADED


def test_reason_that_this_version_does_not_know_is_the_hubs_failure(profile: Profile) -> None:
    info = error_details_pb2.ErrorInfo(reason="FROM_THE_FUTURE")
    error = faults(profile).of(Failed(grpc.StatusCode.ABORTED, "", status("-", info)), GET)
    assert error.reason is Reason.INTERNAL


def test_call_that_an_older_hub_does_not_know_says_so(profile: Profile) -> None:
    error = faults(profile).of(Failed(grpc.StatusCode.UNIMPLEMENTED), GET)
    assert "older than this client; ask its operator to update it" in error.message


def test_details_that_do_not_parse_are_ignored(profile: Profile) -> None:
    failed = Failed(grpc.StatusCode.UNAVAILABLE)
    failed.trailing_metadata = lambda: [("grpc-status-details-bin", b"\xff\xff")]  # type: ignore[method-assign]
    assert faults(profile).of(failed, GET).reason is Reason.UNAVAILABLE


@pytest.mark.parametrize(
    ("after", "text", "reason"),
    [
        (timedelta(days=4000), "your TLS certificate expired on", Reason.CERTIFICATE_EXPIRED),
        (
            timedelta(days=-400),
            "your TLS certificate begins only on",
            Reason.CERTIFICATE_EXPIRED,
        ),
        (timedelta(0), "cannot reach the hub at localhost:1", Reason.UNAVAILABLE),
    ],
)
def test_own_certificate_is_looked_at_when_the_hub_cannot_be_reached(
    profile: Profile, after: timedelta, text: str, reason: Reason
) -> None:
    error = faults(profile, START + after).of(Failed(grpc.StatusCode.UNAVAILABLE, "handshake"), GET)
    assert error.reason is reason
    assert text in error.message
    if reason is Reason.CERTIFICATE_EXPIRED:
        assert f"by this machine's clock, which says {START + after:%Y-%m-%d %H:%M} UTC" in str(
            error
        )
        assert "set the clock" in error.message


@pytest.mark.parametrize(
    ("details", "hint"),
    [
        ("CERTIFICATE_VERIFY_FAILED", "pinned root"),
        ("Ssl handshake failed", "handshake"),
        ("errors resolving hub.example:443: Domain name not found", "its name could not be looked"),
    ],
)
def test_people_get_a_hint(profile: Profile, details: str, hint: str) -> None:
    error: ExchangeError = faults(profile).of(Failed(grpc.StatusCode.UNAVAILABLE, details), GET)
    assert hint in error.message


def test_hub_that_sends_more_than_a_part_holds_is_stopped() -> None:
    sink = bytearray(b"1234")
    with pytest.raises(SealBroken):
        take_chunk(sink, b"5678", 7)
    assert sink == b"1234"


def test_watch_lasts_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now: Callable[[], float] = lambda: 100.0  # noqa: E731
    monkeypatch.setattr("agency_client.core.watching.time.monotonic", now)
    assert seconds_left(None) == DEADLINES["ExchangeService/Watch"]
    assert seconds_left(130.0) == 30
    assert seconds_left(1e9) == DEADLINES["ExchangeService/Watch"]


@pytest.mark.parametrize(
    ("target", "environment", "variable"),
    [
        ("hub.example:8443", {}, ""),
        ("hub.example:8443", {"http_proxy": "http://127.0.0.1:9"}, "http_proxy"),
        ("hub.example:8443", {"http_proxy": "x", "grpc_proxy": "y"}, "grpc_proxy"),
        ("hub.example:8443", {"https_proxy": "x", "no_proxy": "localhost,.example"}, ""),
        ("hub.example:8443", {"https_proxy": "x", "no_grpc_proxy": "hub.example"}, ""),
        ("[::1]:8443", {"http_proxy": "x", "no_proxy": "::1"}, ""),
        ("hub.example:8443", {"HTTP_PROXY": "x"}, ""),
    ],
)
def test_proxy_of_the_environment_is_named(
    target: str, environment: dict[str, str], variable: str
) -> None:
    assert proxy_variable(target, environment) == variable
