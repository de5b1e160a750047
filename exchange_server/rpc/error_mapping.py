"""Errors become statuses here, and nothing but what `status` allows leaves the hub.

grpc would send the text of an unhandled exception to the caller, verbatim; that text may hold
paths, SQL or content. So everything that is no `ExchangeError` is logged with its traceback and
answered with a fixed text and the request's id.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import structlog

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.rpc.calls import CallInterceptor, Context, current_call
from exchange_server.rpc.status import (
    INTERNAL_TEXT,
    STATUS_CODES,
    STATUS_DETAILS_KEY,
    encode_status,
    shown_error,
    shown_message,
)

_log = structlog.get_logger("exchange.rpc")


class ErrorMapping(CallInterceptor):
    """Answers every failed call with the status of its reason."""

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Abort the call with the status of what it raised."""
        try:
            yield
        except (grpc.aio.AbortError, asyncio.CancelledError):
            raise
        except ExchangeError as error:
            shown = shown_error(error)
            if shown is not error:
                self._log_failure(error)
        except Exception as error:
            if context.cancelled():
                # Writing to a caller that went away fails in several ways.
                raise asyncio.CancelledError from error
            self._log_failure(error)
            shown = Reason.INTERNAL.error(INTERNAL_TEXT)
        else:
            return
        call = current_call()
        call.reason = shown.reason
        status = encode_status(shown, call.request_id)
        await context.abort(
            STATUS_CODES[shown.reason],
            shown_message(shown),
            ((STATUS_DETAILS_KEY, status.SerializeToString()),),
        )

    def _log_failure(self, error: Exception) -> None:
        call = current_call()
        _log.error(
            "call failed inside",
            request_id=call.request_id,
            method=call.method,
            exc_info=error,
        )
