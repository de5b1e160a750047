"""No call runs for ever: one without a deadline, or with one beyond the cap, gets the cap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

from exchange_protocol.errors import Reason
from exchange_server.rpc.calls import CallInterceptor, Context


class DeadlineCap(CallInterceptor):
    """Ends calls that outlive their cap; a shorter deadline of the caller is grpc's to keep."""

    def __init__(self, cap_seconds: float, special_seconds: Mapping[str, float | None]) -> None:
        """Cap every method at `cap_seconds`, but those named; None leaves a method uncapped."""
        super().__init__()
        self._cap_seconds = cap_seconds
        self._special_seconds = special_seconds

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Raise DEADLINE_EXCEEDED when the cap is reached."""
        cap = self._special_seconds.get(method, self._cap_seconds)
        # grpc gives None where the caller set no deadline, whatever its types say.
        remaining = cast(float | None, context.time_remaining())
        if cap is None or (remaining is not None and remaining <= cap):
            yield
            return
        deadline = asyncio.timeout(cap)
        try:
            async with deadline:
                yield
        except TimeoutError:
            if not deadline.expired():
                raise
            raise Reason.DEADLINE_EXCEEDED.error(
                f"expected the call to end within the hub's cap of {cap:g} s"
            ) from None
