"""Request messages as they come in: how much of them the hub holds, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar, cast

import grpc

from exchange_protocol.errors import Reason
from exchange_server.fairness.scheduler import FairScheduler
from exchange_server.rpc.calls import Context, current_call

_T = TypeVar("_T")

MESSAGES_AT_A_TIME: Final = 64
MESSAGES_OF_ONE_CALLER: Final = 8
BATCH_WAIT_SECONDS: Final = 1.0
"""The longest wait of a batch for the batch before it: a slow line of one member holds up the
others of its agency no longer."""


class Incoming:
    """Reads the request messages of all calls, within a bound on memory.

    grpc holds a message that has not come whole, and nothing tells how much of it has. Before
    `read_one` asks for it, grpc takes no more of a call than one window (32 KiB). So only so many
    are asked for at a time, and holders take turns. A stream of requests is bounded by the places
    for transfers (`pipeline`).
    """

    def __init__(
        self, message_bytes: int, seconds: float, is_shared: Callable[[], bool] = lambda: False
    ) -> None:
        """Refuse longer messages, and those that take longer to come; `is_shared` is true while an
        agency with much to say should leave the processor to others."""
        self._message_bytes = message_bytes
        self._seconds = seconds
        self._is_shared = is_shared
        self._places = FairScheduler(MESSAGES_AT_A_TIME, MESSAGES_OF_ONE_CALLER)
        self._batches = FairScheduler(MESSAGES_AT_A_TIME, share=1)

    async def read_one(self, holder: str, context: Context, seconds: float) -> bytes:
        """Read the one message of a request, of a call that itself ends within so many seconds.

        Raises:
            InvalidInput: MALFORMED, if there is none.
            LimitExceeded: TOO_LARGE.
            HubUnavailable: DEADLINE_EXCEEDED, if it does not come whole in time.
        """
        if not self._places.take_free(holder):
            await self._places.take(holder)
        try:
            # A deadline inside another one is work for nothing if it comes later.
            sooner = self._seconds if self._seconds < seconds else None
            raw = await within(sooner, context.read())
        finally:
            self._places.give(holder)
        if raw is grpc.aio.EOF:
            raise Reason.MALFORMED.error("expected a request message, got none")
        return self._counted(cast(bytes, raw))

    async def read_batch(self, holder: str, context: Context, seconds: float) -> bytes:
        """Read the message of a batch; raises as `read_one`.

        A megabyte takes the processor before the hub can look at it. So while agencies share the
        hub, one message of a holder is read at a time.
        """
        if not self._is_shared():
            return await self.read_one(holder, context, seconds)
        has_turn = self._batches.take_free(holder)
        if not has_turn:
            with suppress(TimeoutError):
                async with asyncio.timeout(BATCH_WAIT_SECONDS):
                    await self._batches.take(holder)
                    has_turn = True
        try:
            return await self.read_one(holder, context, seconds)
        finally:
            if has_turn:
                self._batches.give(holder)

    async def read_all(self, context: Context) -> AsyncIterator[bytes]:
        """Read the messages of a stream of requests; raises as `read_one`."""
        seconds: float | None = self._seconds
        while (raw := await within(seconds, context.read())) is not grpc.aio.EOF:
            yield self._counted(cast(bytes, raw))
            # The first message must come as soon as that of any call.
            seconds = None

    def _counted(self, raw: bytes) -> bytes:
        current_call().request_bytes += len(raw)
        if len(raw) > self._message_bytes:
            raise Reason.TOO_LARGE.error(
                f"expected a message of at most {self._message_bytes} bytes, got {len(raw)}"
            )
        return raw


async def within(seconds: float | None, answered: Awaitable[_T]) -> _T:
    """Wait for an answer at most so long; raises DEADLINE_EXCEEDED."""
    if seconds is None:
        return await answered
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            return await answered
    except TimeoutError:
        if not deadline.expired():
            raise
        raise Reason.DEADLINE_EXCEEDED.error(
            f"expected the call to end within the hub's bound of {seconds:g} s"
        ) from None
