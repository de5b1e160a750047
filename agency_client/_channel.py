"""The channel to the hub: mutual TLS, deadlines, retries, and errors as exceptions.

Rules of this module:

- The hub must hold a certificate of the pinned root for the host name of the profile; the client
  shows the profile's TLS certificate. gRPC does not let a Python client see the hub's certificate,
  so its identity URI is not compared. The log is: every answer is verified with the pinned log key.
  A host with another certificate of the same root can refuse service, and no more.
- Every call has a deadline, from one table. Only UNAVAILABLE is retried, by service config, and
  only calls that are safe to repeat. A submission is safe: the hub knows it by its id. There is no
  service-config timeout: it fires early in grpcio.
- gRPC repeats no stream. Where a hub dies in the middle of one, a stream with a retry policy can
  hang for good in grpcio 1.85, beyond its deadline. The sender of a stream goes on in another one.

`_call_faults` makes the exception of a call that failed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import grpc
import grpc.aio
import grpc.experimental
from google.protobuf.message import Message

from agency_client._call_faults import MAX_MESSAGE_BYTES, CallFaults, translated
from agency_client._credentials import channel_credentials
from agency_client.core.calls import (
    DEADLINES,
    PACKAGE,
    Call,
    Fetch,
    Stream,
    Together,
    Unary,
    Upload,
    seconds_for,
)
from agency_client.state.profile import Profile
from agency_client.state.renewed_tls import RenewedTls
from exchange_protocol.errors import ExchangeError, NotAuthenticated, Reason
from exchange_protocol.v1 import (
    audit_service_pb2,
    directory_service_pb2,
    exchange_service_pb2,
)
from exchange_protocol.v1 import exchange_service_pb2 as pb

_MODULES: Final[dict[str, Any]] = {
    "ExchangeService": exchange_service_pb2,
    "DirectoryService": directory_service_pb2,
    "AuditService": audit_service_pb2,
}


class Channel:
    """A blocking channel; safe to use from several threads.

    Its streams are read by the thread that asks for them: to start another one for each part that
    is fetched costs more than to fetch a small one.
    """

    def __init__(self, profile: Profile, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._renewed = RenewedTls(profile)
        self._old: list[grpc.Channel] = []
        self._open(profile)

    def perform(self, call: Call) -> Any:
        """Make a call; gives what its docstring says."""
        self._renew()
        try:
            return self._perform(call)
        except NotAuthenticated:
            # The certificate was renewed a moment ago, and the old one taken back.
            if not self._renew(at_once=True):
                raise
            return self._perform(call)

    def _perform(self, call: Call) -> Any:
        with translated(self._faults, call.method):
            match call:
                case Unary(method=method, request=request):
                    return parsed(self._call(method)(request, timeout=seconds_for(call)))
                case Upload(requests=requests, method=method):
                    return parsed(self._call(method)(requests(), timeout=seconds_for(call)))
                case Stream(requests=requests, answers=answers, most=most, method=method):
                    rest = requests(len(answers))
                    stream = self._call(method)(rest, timeout=seconds_for(call))
                    try:
                        for response in stream:
                            take_answer(answers, parsed(response), most)
                    finally:
                        stream.cancel()
                    return None
                case Fetch():
                    return self._read(self._begin(call), call)
                case Together(several=several):
                    return self._together(several)

    def _begin(self, fetch: Fetch) -> Any:
        return self._call(fetch.method)(fetch.request, timeout=seconds_for(fetch))

    def _read(self, stream: Any, fetch: Fetch) -> None:
        for response in stream:
            take_chunk(fetch.sink, parsed(response).chunk, fetch.limit)

    def _together(self, several: Iterable[Unary | Fetch]) -> list[Any]:
        """The answer of each, or its error."""
        begun: list[tuple[Unary | Fetch, Any]] = []
        try:
            for each in several:
                if isinstance(each, Fetch):
                    begun.append((each, self._begin(each)))
                else:
                    call = self._call(each.method)
                    future = call.future(each.request, timeout=seconds_for(each))
                    begun.append((each, future))
            return [self._outcome(*each) for each in begun]
        finally:
            for _, call in begun:
                call.cancel()

    def _outcome(self, each: Unary | Fetch, call: Any) -> Any:
        try:
            with translated(self._faults, each.method):
                if isinstance(each, Fetch):
                    return self._read(call, each)
                return parsed(call.result())
        except ExchangeError as error:
            return error

    def watch(self, request: pb.WatchRequest, seconds: float) -> Iterator[pb.WatchResponse]:
        """Open a watch for at most so many seconds; it may end earlier, in good order."""
        method = "ExchangeService/Watch"
        self._renew()
        try:
            with translated(self._faults, method):
                stream = self._call(method)(request, timeout=seconds)
                try:
                    yield from map(parsed, stream)
                finally:
                    stream.cancel()
        except NotAuthenticated:
            # With the renewed certificate the next watch goes on where this one ends.
            if not self._renew(at_once=True):
                raise

    def close(self) -> None:
        """Close the channel; calls under way end."""
        for each in (*self._old, self._channel):
            each.close()

    def _open(self, profile: Profile) -> None:
        self._faults = CallFaults(profile, self._clock)
        options = (*_OPTIONS, (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1))
        self._channel = grpc.secure_channel(profile.target, channel_credentials(profile), options)
        self._calls: dict[str, Any] = {}

    def _renew(self, *, at_once: bool = False) -> bool:
        """Go on with the certificate that was renewed on disk; calls under way keep theirs."""
        if (profile := self._renewed.take(at_once=at_once)) is None:
            return False
        self._old.append(self._channel)
        self._open(profile)
        return True

    def _call(self, method: str) -> Any:
        if method not in self._calls:
            self._calls[method] = _multicallable(self._channel, method)
        return self._calls[method]


class AsyncChannel:
    """The asyncio twin of `Channel`, for one event loop."""

    def __init__(self, profile: Profile, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._renewed = RenewedTls(profile)
        self._old: list[grpc.aio.Channel] = []
        self._open(profile)

    async def perform(self, call: Call) -> Any:
        """Make a call; gives what its docstring says."""
        await self._renew()
        try:
            return await self._perform(call)
        except NotAuthenticated:
            # The certificate was renewed a moment ago, and the old one taken back.
            if not await self._renew(at_once=True):
                raise
            return await self._perform(call)

    async def _perform(self, call: Call) -> Any:
        with translated(self._faults, call.method):
            match call:
                case Unary(method=method, request=request):
                    return parsed(await self._call(method)(request, timeout=seconds_for(call)))
                case Upload(requests=requests, method=method):
                    return parsed(await self._call(method)(requests(), timeout=seconds_for(call)))
                case Stream(requests=requests, answers=answers, most=most, method=method):
                    rest = requests(len(answers))
                    stream = self._call(method)(rest, timeout=seconds_for(call))
                    try:
                        async for response in stream:
                            take_answer(answers, parsed(response), most)
                    finally:
                        stream.cancel()
                    return None
                case Fetch():
                    return await self._fetch(call)
                case Together(several=several):
                    return await asyncio.gather(*map(self._outcome, several))

    async def _fetch(self, fetch: Fetch) -> None:
        stream = self._call(fetch.method)(fetch.request, timeout=seconds_for(fetch))
        async for response in stream:
            take_chunk(fetch.sink, parsed(response).chunk, fetch.limit)

    async def _outcome(self, each: Unary | Fetch) -> Any:
        """The answer of one of several calls, or its error."""
        try:
            return await self._perform(each)
        except ExchangeError as error:
            return error

    async def watch(
        self, request: pb.WatchRequest, seconds: float
    ) -> AsyncIterator[pb.WatchResponse]:
        """Open a watch for at most so many seconds; it may end earlier, in good order."""
        method = "ExchangeService/Watch"
        await self._renew()
        try:
            with translated(self._faults, method):
                stream = self._call(method)(request, timeout=seconds)
                try:
                    async for response in stream:
                        yield parsed(response)
                finally:
                    stream.cancel()
        except NotAuthenticated:
            # With the renewed certificate the next watch goes on where this one ends.
            if not await self._renew(at_once=True):
                raise

    async def close(self) -> None:
        """Close the channel; calls under way end."""
        for each in (*self._old, self._channel):
            await each.close(None)

    def _open(self, profile: Profile) -> None:
        self._faults = CallFaults(profile, self._clock)
        credentials = channel_credentials(profile)
        try:
            self._channel = grpc.aio.secure_channel(profile.target, credentials, _OPTIONS)
        except RuntimeError:
            raise Reason.CLIENT_CLOSED.error(
                "expected a running event loop: open an AsyncExchangeClient inside a coroutine, as "
                "by `async with AsyncExchangeClient.from_profile(...)`"
            ) from None
        self._calls: dict[str, Any] = {}

    async def _renew(self, *, at_once: bool = False) -> bool:
        """Go on with the certificate that was renewed on disk; calls under way keep theirs."""
        if not self._renewed.is_due and not at_once:
            return False
        profile = await asyncio.to_thread(self._renewed.take, at_once=at_once)
        if profile is None:
            return False
        self._old.append(self._channel)
        self._open(profile)
        return True

    def _call(self, method: str) -> Any:
        if method not in self._calls:
            self._calls[method] = _multicallable(self._channel, method)
        return self._calls[method]


def take_chunk(sink: bytearray, chunk: bytes, limit: int) -> None:
    """Append a chunk; raises SEAL_BROKEN where a hub sends more than the part has."""
    if len(sink) + len(chunk) > limit:
        raise Reason.SEAL_BROKEN.error(f"expected a part of {limit} bytes, the hub sends more")
    sink += chunk


def take_answer(
    answers: list[pb.SubmitStreamResponse], answer: pb.SubmitStreamResponse, most: int
) -> None:
    """Append an answer; raises RECEIPT_MISMATCH where a hub gives more than it was asked for."""
    if len(answers) == most:
        raise Reason.RECEIPT_MISMATCH.error(
            f"expected an answer for each of {most} statements, the hub gives more"
        )
    answers.append(answer)


def parsed(response: Any) -> Any:
    """A response that parsed; raises INTERNAL where grpc.aio gives None for one that did not."""
    if response is None:
        raise Reason.INTERNAL.error("the hub's answer does not parse")
    return response


def _descriptor(method: str) -> tuple[Any, Any]:
    """The module of a method's messages, and its descriptor."""
    service, _, name = method.partition("/")
    module = _MODULES[service]
    return module, module.DESCRIPTOR.services_by_name[service].methods_by_name[name]


def _is_stream(method: str) -> bool:
    _, descriptor = _descriptor(method)
    return bool(descriptor.client_streaming or descriptor.server_streaming)


def _name(method: str) -> dict[str, str]:
    """The name of a method in a service config."""
    service, _, name = method.partition("/")
    return {"service": f"{PACKAGE}.{service}", "method": name}


def _multicallable(channel: Any, method: str) -> Any:
    module, descriptor = _descriptor(method)
    request: type[Message] = getattr(module, descriptor.input_type.name)
    response: type[Message] = getattr(module, descriptor.output_type.name)
    kind = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }[(descriptor.client_streaming, descriptor.server_streaming)]
    return kind(
        f"/{PACKAGE}.{method}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )


_SERVICE_CONFIG: Final = {
    "methodConfig": [
        {
            "name": [_name(method) for method in DEADLINES if not _is_stream(method)],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
_OPTIONS: Final = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # gRPC's own pauses grow to two minutes, in which every call fails at once, whatever the client
    # says of when it tries again: how long to wait is for the caller to know.
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # One process may speak for several agencies, in tests and demos: no sharing of connections.
    ("grpc.use_local_subchannel_pool", 1),
)
