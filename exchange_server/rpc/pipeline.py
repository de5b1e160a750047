"""The pipeline of every call, from the outside in: read `Pipeline._serving`.

 1. Request log: the call gets an id; one line says how it ended, however it ended.
 2. Error mapping: whatever is raised inside leaves as a status that `status` allows, or not at all.
 3. Deadline cap: no call outlives it.
 4. Identity: who is calling, by the certificate of the TLS peer. Nothing is parsed before.
 5. Shares: an agency may have so many calls in flight, and all of them together so many.
 6. Denials: what a known caller is refused, or asks for without being entitled, goes on the log.
 7. Authorization: a call without a row in the table of roles is denied.
 8. Room: an agency may say so much in a second (`rates`), and while so much of it waits for the
    writer. What is beyond is refused unread.
 9. The request is parsed, and the service answers (`calls.answering`).

One coroutine takes these steps, and no chain of interceptors: a call passes each of them once, and
what a chain costs to enter and leave is a third of what the hub does for a statement.

Probes of health may hold any certificate of the deployment, count on nobody's share and need no
role; they take steps 1 to 4 and 9.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias, cast

import grpc

from exchange_protocol.errors import NotFound, NotPermitted, Reason
from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.rates import Rates
from exchange_server.fairness.shares import CallShares
from exchange_server.observer import Observer
from exchange_server.rpc.authorization import Authorization, Denials
from exchange_server.rpc.calls import (
    HEALTH_METHODS,
    SUBMIT,
    SUBMIT_BATCH,
    Behaviour,
    Call,
    Context,
    Handler,
    answering,
    begin_call,
    serving,
)
from exchange_server.rpc.identity import Identity
from exchange_server.rpc.request_log import RequestLog
from exchange_server.rpc.status import abort, shown_to_caller

_SAYING: Final = frozenset({SUBMIT, SUBMIT_BATCH})
"""Calls that bring statements."""

_Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"


class DeadlineCaps:
    """Seconds that a call of each method may last."""

    def __init__(self, cap_seconds: float, special_seconds: Mapping[str, float | None]) -> None:
        """Cap every method at `cap_seconds`, but those named; None leaves a method uncapped."""
        self._cap_seconds = cap_seconds
        self._special_seconds = special_seconds

    def cap_of(self, method: str, context: Context) -> float | None:
        """The cap of a call; None where its own deadline comes first, which is grpc's to keep."""
        cap = self._special_seconds.get(method, self._cap_seconds)
        # grpc gives None where the caller set no deadline, whatever its types say.
        remaining = cast(float | None, context.time_remaining())
        return cap if remaining is None or cap is None or remaining > cap else None


class Pipeline(grpc.aio.ServerInterceptor):
    """Takes every call of every service through the same steps."""

    def __init__(
        self,
        *,
        caps: DeadlineCaps,
        identity: Identity,
        shares: CallShares,
        denials: Denials,
        authorization: Authorization,
        rates: Rates,
        verify_room: Callable[[AgencyId], None],
        message_bytes: int,
        observer: Observer,
    ) -> None:
        """Take calls through these; messages of more than `message_bytes` are refused."""
        self._log = RequestLog(observer)
        self._caps = caps
        self._identity = identity
        self._shares = shares
        self._denials = denials
        self._authorization = authorization
        self._rates = rates
        self._verify_room = verify_room
        self._message_bytes = message_bytes
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self, continuation: _Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        """Put the steps around a method's handler, once for all of its calls."""
        method: str = handler_call_details.method
        handler = self._handlers.get(method)
        if handler is None:
            served = await continuation(handler_call_details)
            if served is None:
                return None
            handler = self._handlers[method] = serving(served, self._serving(method, served))
        return handler

    def _serving(self, method: str, handler: Handler) -> Behaviour:
        answer = answering(handler, self._message_bytes)
        admit = self._answer_probe if method in HEALTH_METHODS else self._answer_member

        async def serve(request: Any, context: Context) -> Any:
            call = self._log.begin(method)
            begin_call(call)
            outcome = "aborted"
            try:
                cap = self._caps.cap_of(method, context)
                answered = admit(call, answer, request, context)
                response = await (answered if cap is None else _within(cap, answered))
                outcome = "ok"
                return response
            except asyncio.CancelledError:
                # The caller went away or ran out of time; that is no fault of either side.
                outcome = "cancelled"
                raise
            except grpc.aio.AbortError:
                raise
            except Exception as error:
                if context.cancelled():
                    # Writing to a caller that went away fails in several ways.
                    outcome = "cancelled"
                    raise asyncio.CancelledError from error
                shown = shown_to_caller(error, call)
                outcome = shown.reason.name
                await abort(context, shown, call.request_id)
            finally:
                self._log.end(call, outcome)

        return serve

    async def _answer_member(
        self, call: Call, answer: Behaviour, request: Any, context: Context
    ) -> Any:
        caller = self._identity.establish(call, context)
        with self._shares.one_more(caller.agency):
            try:
                self._authorization.verify(call.method, caller.member)
                if call.method in _SAYING:
                    self._verify_room(caller.agency)
                    self._rates.admit(caller.agency, len(request))
                return await answer(request, context)
            except (NotPermitted, NotFound) as error:
                await self._denials.log(call, caller, error)
                raise

    async def _answer_probe(
        self, call: Call, answer: Behaviour, request: Any, context: Context
    ) -> Any:
        self._identity.verify_any(context)
        return await answer(request, context)


async def _within(cap_seconds: float, answered: Awaitable[Any]) -> Any:
    """Wait for an answer at most so long; raises DEADLINE_EXCEEDED."""
    deadline = asyncio.timeout(cap_seconds)
    try:
        async with deadline:
            return await answered
    except TimeoutError:
        if not deadline.expired():
            raise
        raise Reason.DEADLINE_EXCEEDED.error(
            f"expected the call to end within the hub's cap of {cap_seconds:g} s"
        ) from None
