"""Errors become statuses here, and nothing but what `status` allows leaves the hub.

grpc would send the text of an unhandled exception to the caller, verbatim; that text may hold
paths, SQL or content. So everything that is no `ExchangeError` is logged with its traceback and
answered with a fixed text and the request's id.
"""

from __future__ import annotations

import structlog

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.rpc.calls import Call, Context
from exchange_server.rpc.status import (
    INTERNAL_TEXT,
    STATUS_CODES,
    STATUS_DETAILS_KEY,
    encode_status,
    shown_error,
    shown_message,
)

_log = structlog.get_logger(__name__)


def shown_to_caller(error: Exception, call: Call) -> ExchangeError:
    """What the caller is told of an error; what it is not told, the hub's own log keeps."""
    if isinstance(error, ExchangeError):
        shown = shown_error(error)
        if shown is error:
            return error
    else:
        shown = Reason.INTERNAL.error(INTERNAL_TEXT)
    _log.error("call_failed", request_id=call.request_id, method=call.method, exc_info=error)
    return shown


async def abort(context: Context, shown: ExchangeError, request_id: str) -> None:
    """End the call with the status of an error that the caller may see; raises AbortError."""
    status = encode_status(shown, request_id)
    await context.abort(
        STATUS_CODES[shown.reason],
        shown_message(shown),
        ((STATUS_DETAILS_KEY, status.SerializeToString()),),
    )
