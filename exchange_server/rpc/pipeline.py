"""The pipeline of every call, from the outside in: read `Pipeline._serving`.

 1. Request log: the call gets an id; one line says how it ended, however it ended.
 2. Error mapping: whatever is raised inside leaves as a status that `status` allows, or not at all.
 3. Deadline: the call ends within its own deadline and the hub's bound, from its first byte on. If
    its peer does not take the answer either, the connection is closed (`connections`).
 4. Identity: who is calling, by the certificate of the TLS peer.
 5. Shares: an agency may hold so many connections and calls, and all of them together so many.
 6. Denials: what a known caller is refused, or asks for without being entitled, goes on the log.
 7. Authorization: a call without a row in the table of roles is denied.
 8. Room: an agency may send so much in a second (`rates`), and while so much of it waits for the
    writer. Of calls that take memory for long, transfers and reads, so many are served at a time;
    the others wait for their turn.
 9. The message of the request is read (`incoming`). Before this step the hub holds no more of a
    call than its headers and what one window lets through. Batches of one agency are read in turn
    while others are active.
10. The request is parsed, and the service answers (`calls.Served`). Places and budgets of steps 5
    and 8 are given back when the answer has left.

One coroutine takes these steps, and no chain of interceptors: a call passes each of them once, and
what a chain costs to enter and leave is a third of what the hub does for a statement.

Probes of health may come from any member of any agency, enrolled or not. They have shares of their
own, so that an agency that has all its calls in flight is still told of health; they take steps 1
to 5, 9 and 10.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final, TypeAlias, cast

import grpc

from exchange_protocol.errors import NotFound, NotPermitted, Reason
from exchange_protocol.trust.identity import AgencyId
from exchange_server.caller import work_for
from exchange_server.fairness.rates import Rates
from exchange_server.fairness.scheduler import FairScheduler
from exchange_server.fairness.shares import CallShares, Shares
from exchange_server.observer import Observer
from exchange_server.rpc.authorization import Authorization, Denials
from exchange_server.rpc.calls import (
    HEALTH_METHODS,
    SUBMIT,
    SUBMIT_BATCH,
    Call,
    Context,
    Handler,
    Served,
    begin_call,
    serving,
)
from exchange_server.rpc.connections import Connections
from exchange_server.rpc.identity import Identity
from exchange_server.rpc.incoming import Incoming, within
from exchange_server.rpc.request_log import RequestLog
from exchange_server.rpc.status import abort, shown_to_caller

PROBES_OF_ONE_AGENCY: Final = 16
ANSWER_SECONDS: Final = 10.0
"""Time for a peer to take its answer after its call's deadline, before it is disconnected."""
_SAYING: Final = frozenset({SUBMIT, SUBMIT_BATCH})
"""Calls that bring statements."""

_Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"


class DeadlineCaps:
    """Seconds that a call of each method may last."""

    def __init__(self, cap_seconds: float, special_seconds: Mapping[str, float]) -> None:
        """Cap every method at `cap_seconds`, but those named."""
        self._cap_seconds = cap_seconds
        self._special_seconds = special_seconds

    def seconds(self, method: str, context: Context) -> float:
        """The time that a call may last: its cap, or its own deadline if that is earlier."""
        cap = self._special_seconds.get(method, self._cap_seconds)
        # grpc gives None where the caller set no deadline, whatever its types say.
        remaining = cast(float | None, context.time_remaining())
        return cap if remaining is None else min(cap, remaining)


class Pipeline(grpc.aio.ServerInterceptor):
    """Takes every call of every service through the same steps."""

    def __init__(
        self,
        *,
        caps: DeadlineCaps,
        connections: Connections,
        identity: Identity,
        shares: CallShares,
        denials: Denials,
        authorization: Authorization,
        rates: Rates,
        verify_room: Callable[[AgencyId], None],
        turns: Mapping[str, FairScheduler],
        incoming: Incoming,
        observer: Observer,
    ) -> None:
        """Take calls through these; methods in `turns` wait for a place there."""
        self._log = RequestLog(observer)
        self._caps = caps
        self._connections = connections
        self._identity = identity
        self._shares = shares
        self._probes = Shares(
            PROBES_OF_ONE_AGENCY, Reason.RATE_LIMITED, "probes of health", lambda _: 1.0
        )
        self._denials = denials
        self._authorization = authorization
        self._rates = rates
        self._verify_room = verify_room
        self._turns = turns
        self._incoming = incoming
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self, continuation: _Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        """Put the steps around a method's handler, once for all of its calls."""
        method: str = handler_call_details.method
        handler = self._handlers.get(method)
        if handler is None:
            found = await continuation(handler_call_details)
            if found is None:
                return None
            handler = self._handlers[method] = serving(found, self._serving(method, Served(found)))
        return handler

    def _serving(self, method: str, served: Served) -> Callable[[Any, Context], Awaitable[Any]]:
        """Steps 1 to 3, around those of a member's call or of a probe."""
        answer = self._answer_probe if method in HEALTH_METHODS else self._answer_member

        async def serve(_: Any, context: Context) -> Any:
            call = self._log.begin(method)
            begin_call(call)
            seconds = self._caps.seconds(method, context)
            held = self._hold(context, seconds)
            outcome = "aborted"
            try:
                response = await within(seconds, answer(call, served, context, held, seconds))
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
                if call.caller is None:
                    # Nothing on this connection will be answered.
                    self._connections.drop_soon(context.peer())
                # This frame holds it: else all that the call brought would stay for long.
                await abort(context, shown.detached(), call.request_id)
            finally:
                self._log.end(call, outcome)

        return serve

    def _hold(self, context: Context, seconds: float) -> ExitStack:
        """The share that a call holds until its answer left, or its connection was closed."""
        held, peer = ExitStack(), context.peer()
        timer = asyncio.get_running_loop().call_later(
            seconds + ANSWER_SECONDS, self._connections.drop, peer, held.close
        )
        held.callback(timer.cancel)
        cast(Any, context).add_done_callback(lambda _: held.close())
        return held

    async def _answer_member(
        self, call: Call, served: Served, context: Context, held: ExitStack, seconds: float
    ) -> Any:
        """Steps 4 to 10."""
        caller = self._identity.establish(call, context)
        agency, method = caller.agency, call.method
        work_for(agency)
        self._connections.admit(context.peer(), agency)
        held.enter_context(self._shares.one_more(agency))
        # What is refused from here on goes on the log (step 6).
        try:
            await self._authorization.verify(method, caller.member)
            if method in _SAYING:
                self._verify_room(agency)
                self._rates.verify_room(agency)
            elif method in self._turns:
                turns = self._turns[method]
                await turns.take(agency)
                held.callback(turns.give, agency)
            if served.reads_stream:
                return await served.answer(self._incoming.read_all(context), context)
            is_batch = method == SUBMIT_BATCH
            read = self._incoming.read_batch if is_batch else self._incoming.read_one
            request = await read(agency, context, seconds)
            if method in _SAYING:
                self._rates.count(agency, len(request))
            return await served.answer(request, context)
        except (NotPermitted, NotFound) as error:
            await self._denials.log(call, caller, error)
            raise

    async def _answer_probe(
        self, call: Call, served: Served, context: Context, held: ExitStack, seconds: float
    ) -> Any:
        """Steps 4, 5, 9 and 10, with shares of their own."""
        agency = self._identity.establish(call, context).agency
        self._connections.admit(context.peer(), agency)
        held.enter_context(self._probes.one_more(agency))
        request = await self._incoming.read_one(agency, context, seconds)
        return await served.answer(request, context)
