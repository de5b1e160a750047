"""No call runs for ever: one without a deadline, or with one beyond the cap, gets the cap."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, cast

from exchange_protocol.errors import Reason
from exchange_server.rpc.calls import Context


class DeadlineCaps:
    """How long a call of each method may last, in seconds."""

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


async def within(cap_seconds: float, answered: Awaitable[Any]) -> Any:
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
