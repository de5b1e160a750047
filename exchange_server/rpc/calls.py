"""One call on its way through the hub: what is known of it, and how it is wrapped.

Every interceptor but one is a `CallInterceptor`, an asynchronous context manager around the call,
or a `CallCheck`, which happens before it. They work alike for the four kinds of RPC, because the
innermost one, `Codec`, turns each kind into a coroutine: it parses requests and encodes responses
itself, so that a request that does not parse meets the same error mapping as any other fault, and
it writes the responses of a stream one by one.

A call runs in one asyncio task from end to end, so its `Call` travels in a context variable.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from contextvars import ContextVar
from dataclasses import dataclass
from inspect import isasyncgenfunction
from typing import Any, Final, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError, Message

from exchange_protocol.errors import Reason
from exchange_protocol.trust.certificates import VerifiedCertificate
from exchange_server.caller import Caller

# The library's own types are generic for type checkers alone.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"
Behaviour: TypeAlias = "Callable[[Any, Context], Awaitable[Any]]"


@dataclass(slots=True)
class Call:
    """What the hub knows of a call: the log line and the denials are made of it."""

    method: str
    """Full name, such as `/exchange_protocol.v1.ExchangeService/Submit`."""
    request_id: str
    caller: Caller | None = None
    certificate: VerifiedCertificate | None = None
    """The caller's TLS certificate."""
    reason: Reason | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    exchange_id: str = ""
    """The exchange that is asked for, once it is known."""
    denial_is_logged: bool = False
    """Whether whoever refuses puts the denial on the log itself."""

    @property
    def operation(self) -> str:
        """The RPC that was asked, as denials name it: `Submit`."""
        return self.method.rpartition("/")[2]


_current: Final[ContextVar[Call]] = ContextVar("call")


def current_call() -> Call:
    """The call that this task serves."""
    return _current.get()


def begin_call(call: Call) -> None:
    """Make it the call that this task serves."""
    _current.set(call)


def current_caller() -> Caller:
    """Who is calling; raises UNAUTHENTICATED before the caller was established."""
    caller = current_call().caller
    if caller is None:
        raise Reason.UNAUTHENTICATED.error("expected an authenticated caller, got none")
    return caller


class HandlerInterceptor(grpc.aio.ServerInterceptor):
    """Puts something in the place of every method's handler."""

    def __init__(self) -> None:
        self._wrapped: dict[str, Handler] = {}

    @abstractmethod
    def wrap(self, method: str, handler: Handler) -> Handler:
        """What to put in the place of a handler."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        """Wrap a method's handler, once for all of its calls."""
        method: str = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            wrapped = self._wrapped[method] = self.wrap(method, handler)
        return wrapped


class CallCheck(HandlerInterceptor):
    """Something that is verified before every call, without waiting."""

    @abstractmethod
    def verify(self, method: str, context: Context) -> None:
        """Raise instead of letting the call through."""

    def wrap(self, method: str, handler: Handler) -> Handler:
        """Put `verify` before a handler whose behaviour is a coroutine."""
        behaviour = _behaviour(handler)

        async def call(request: Any, context: Context) -> Any:
            self.verify(method, context)
            return await behaviour(request, context)

        return _like(handler, call)


class CallInterceptor(HandlerInterceptor):
    """Something that happens around every call."""

    @abstractmethod
    def around(self, method: str, context: Context) -> AbstractAsyncContextManager[None]:
        """What to do before and after; it may raise instead of letting the call through."""

    def wrap(self, method: str, handler: Handler) -> Handler:
        """Put `around` around a handler whose behaviour is a coroutine."""
        behaviour = _behaviour(handler)

        async def call(request: Any, context: Context) -> Any:
            async with self.around(method, context):
                return await behaviour(request, context)

        return _like(handler, call)


class Codec(HandlerInterceptor):
    """Parses requests and encodes responses, counting their bytes; the innermost interceptor."""

    def __init__(self, message_bytes: int) -> None:
        """Refuse request messages of more than `message_bytes`."""
        super().__init__()
        self._message_bytes = message_bytes

    def wrap(self, method: str, handler: Handler) -> Handler:
        """Turn a handler of messages into a coroutine over bytes."""
        behaviour = _behaviour(handler)
        parse = cast(Callable[[bytes], Message], handler.request_deserializer)

        def parsed(raw: bytes) -> Message:
            current_call().request_bytes += len(raw)
            if len(raw) > self._message_bytes:
                raise Reason.TOO_LARGE.error(
                    f"expected a message of at most {self._message_bytes} bytes, got {len(raw)}"
                )
            try:
                message = parse(raw)
            except DecodeError:
                raise Reason.MALFORMED.error(
                    f"expected the request message of {current_call().operation}; "
                    f"{len(raw)} bytes do not parse"
                ) from None
            return message

        async def all_parsed(requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
            async for raw in requests:
                yield parsed(raw)

        async def call(request: Any, context: Context) -> Any:
            message = all_parsed(request) if handler.request_streaming else parsed(request)
            if not isasyncgenfunction(behaviour):
                response = await behaviour(message, context)
                return None if response is None else _encode(response)
            # Closed at once when the caller goes away, so that what a stream holds is given back.
            async with aclosing(behaviour(message, context)) as responses:
                async for response in responses:
                    await context.write(_encode(response))
            return None

        # grpc parses nothing; it encodes only what a servicer writes by itself.
        return _like(handler, call)


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


def _like(handler: Handler, behaviour: Behaviour) -> Handler:
    make: Callable[..., Handler] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    return make(behaviour, request_deserializer=None, response_serializer=_encode)
