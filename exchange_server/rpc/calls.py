"""One call: its method, what is known of it, and the bytes that it brings and takes.

A call runs in one asyncio task from end to end, so its `Call` travels in a context variable. Its
way through the hub is in `pipeline`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass
from inspect import isasyncgenfunction
from typing import Any, Final, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health_pb2

from exchange_protocol.errors import Reason
from exchange_protocol.trust.certificates import VerifiedCertificate
from exchange_protocol.v1 import audit_service_pb2, directory_service_pb2, exchange_service_pb2
from exchange_server.caller import Caller

# The library's own types are generic for type checkers alone.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Behaviour: TypeAlias = "Callable[[Any, Context], Awaitable[Any]]"

EXCHANGE_SERVICE: Final = exchange_service_pb2.DESCRIPTOR.services_by_name["ExchangeService"]
DIRECTORY_SERVICE: Final = directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"]
AUDIT_SERVICE: Final = audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"]
SERVICES: Final = (EXCHANGE_SERVICE, DIRECTORY_SERVICE, AUDIT_SERVICE)
"""Descriptors of the services that the hub serves, the standard health service apart."""

_HEALTH_SERVICE: Final = health_pb2.DESCRIPTOR.services_by_name["Health"]

REFLECTION_SERVICES: Final = (
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
)
REFLECTION_METHOD: Final = "ServerReflectionInfo"

METHODS: Final = frozenset(
    f"/{service.full_name}/{method.name}" for service in SERVICES for method in service.methods
)
HEALTH_METHODS: Final = frozenset(
    f"/{_HEALTH_SERVICE.full_name}/{method.name}" for method in _HEALTH_SERVICE.methods
)
REFLECTION_METHODS: Final = frozenset(
    f"/{service}/{REFLECTION_METHOD}" for service in REFLECTION_SERVICES
)

SUBMIT: Final = f"/{EXCHANGE_SERVICE.full_name}/Submit"
SUBMIT_BATCH: Final = f"/{EXCHANGE_SERVICE.full_name}/SubmitBatch"
SUBMIT_STREAM: Final = f"/{EXCHANGE_SERVICE.full_name}/SubmitStream"
UPLOAD_PART: Final = f"/{EXCHANGE_SERVICE.full_name}/UploadPart"
FETCH_PART: Final = f"/{EXCHANGE_SERVICE.full_name}/FetchPart"
ADD_COSIGNATURE: Final = f"/{AUDIT_SERVICE.full_name}/AddCosignature"
WATCH: Final = f"/{EXCHANGE_SERVICE.full_name}/Watch"


@dataclass(slots=True)
class Call:
    """Facts of a call, for its log line and its denial."""

    method: str
    """Full name, such as `/exchange_protocol.v1.ExchangeService/Submit`."""
    request_id: str
    began_at: float
    """Time of `time.perf_counter`."""
    caller: Caller | None = None
    certificate: VerifiedCertificate | None = None
    """The caller's TLS certificate."""
    request_bytes: int = 0
    response_bytes: int = 0
    exchange_id: str = ""
    """The exchange that is asked for, once it is known."""
    denial_is_logged: bool = False
    """True if the service logs a denial itself, so that the pipeline must not."""

    @property
    def operation(self) -> str:
        """The RPC that was asked, as denials name it: `Submit`."""
        return self.method.rpartition("/")[2]


_current: Final[ContextVar[Call]] = ContextVar("call")


def current_call() -> Call:
    """The call of this task."""
    return _current.get()


def begin_call(call: Call) -> None:
    """Make it the call of this task."""
    _current.set(call)


def current_caller() -> Caller:
    """The authenticated caller; raises UNAUTHENTICATED before there is one."""
    caller = current_call().caller
    if caller is None:
        raise Reason.UNAUTHENTICATED.error("expected an authenticated caller, got none")
    return caller


class Served:
    """A handler of any of the four kinds, over bytes.

    It parses requests and encodes responses itself, counting their bytes, so that a request that
    does not parse meets the same error mapping as any other fault. It writes the responses of a
    stream one by one.
    """

    def __init__(self, handler: Handler) -> None:
        """Serve by a handler of a service."""
        # A coroutine function, or an asynchronous generator function where responses are a stream.
        self._behaviour: Callable[[Any, Context], Any] = _behaviour(handler)
        self._deserializer = cast(Callable[[bytes], Message], handler.request_deserializer)
        self._is_stream = isasyncgenfunction(self._behaviour)
        self.reads_stream: bool = handler.request_streaming
        """True if the request is a stream of messages."""

    async def answer(self, request: bytes | AsyncIterator[bytes], context: Context) -> bytes | None:
        """Answer a request; None where the responses were written as a stream."""
        message = self._parse(request) if isinstance(request, bytes) else self._all_parsed(request)
        if not self._is_stream:
            response = await self._behaviour(message, context)
            return None if response is None else _encode(response)
        # Closed at once when the caller goes away, so that what a stream holds is given back.
        async with aclosing(self._behaviour(message, context)) as responses:
            async for response in responses:
                await context.write(_encode(response))
        return None

    def _parse(self, raw: bytes) -> Message:
        try:
            return self._deserializer(raw)
        except DecodeError:
            raise Reason.MALFORMED.error(
                f"expected the request message of {current_call().operation}; "
                f"{len(raw)} bytes do not parse"
            ) from None

    async def _all_parsed(self, messages: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        async for raw in messages:
            yield self._parse(raw)


def serving(handler: Handler, behaviour: Behaviour) -> Handler:
    """A handler that is served by `behaviour`, over bytes, and reads its requests itself.

    grpc would read the message of a unary request before it calls a handler: before anything is
    known of the caller, for as long as the caller likes. It calls the handler of a stream of
    requests at once. On the wire a unary request is a stream of one message.
    """
    make: Callable[..., Handler] = (
        grpc.stream_stream_rpc_method_handler
        if handler.response_streaming
        else grpc.stream_unary_rpc_method_handler
    )
    # grpc parses nothing; it encodes only what a servicer writes by itself.
    return make(behaviour, request_deserializer=None, response_serializer=_encode)


def _encode(message: Message | bytes) -> bytes:
    if isinstance(message, bytes):
        return message
    data = message.SerializeToString()
    current_call().response_bytes += len(data)
    return data


def _behaviour(handler: Handler) -> Behaviour:
    of_its_kind = (
        handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    )
    return cast(Behaviour, of_its_kind)
