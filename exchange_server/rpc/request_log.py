"""Outermost of the interceptors: an id for every request, and one line of log for every call.

The line holds who called what, how it ended, how long it took and how large it was. It never holds
content, statements or personal data; a person's name inside an identity URI is the one that the
body's own authority chose for the certificate, and is what an auditor looks for.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from exchange_server.rpc.calls import Call, CallInterceptor, Context, begin_call

_RUN_ID_BYTES: Final = 6

_log = structlog.get_logger("exchange.rpc")


class RequestLog(CallInterceptor):
    """Begins the call and logs its end."""

    def __init__(self) -> None:
        """Number requests from 1 behind a random prefix, which tells runs of the hub apart."""
        super().__init__()
        self._run_id = secrets.token_hex(_RUN_ID_BYTES)
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Log how the call ended, however it ended."""
        call = Call(method=method, request_id=f"{self._run_id}-{next(self._numbers)}")
        begin_call(call)
        started = time.perf_counter()
        outcome = "ok"
        try:
            yield
        except asyncio.CancelledError:
            # The caller went away or ran out of time; that is no fault of either side.
            outcome = "cancelled"
            raise
        except BaseException:
            outcome = call.reason.name if call.reason else "aborted"
            raise
        finally:
            _log.info(
                "call",
                request_id=call.request_id,
                method=call.method,
                caller=call.caller.member.uri if call.caller else None,
                outcome=outcome,
                duration_ms=round((time.perf_counter() - started) * 1000, 2),
                request_bytes=call.request_bytes,
                response_bytes=call.response_bytes,
            )
