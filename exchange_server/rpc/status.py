"""Errors that leave the hub: a status code from one table, and details that programs can read.

    reason            -> google.rpc.ErrorInfo(reason, domain "caricc.exchange")
    offending field   -> google.rpc.BadRequest
    come back later   -> google.rpc.RetryInfo
    which call it was -> google.rpc.RequestInfo

Every reason has a code: its own where the table of reasons names one, that of its class otherwise.

A failure inside the hub stays in its own log: callers get a fixed text and the id of the request.
grpc would send the text of an unhandled exception to the caller, and that may hold paths, SQL or
content. So every exception that is no `ExchangeError` is logged with its traceback and replaced.
"""

from __future__ import annotations

import asyncio
from typing import Final

import grpc
import structlog
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from exchange_protocol.errors import (
    Conflict,
    ExchangeError,
    HubDishonest,
    HubInternal,
    HubUnavailable,
    InvalidInput,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Reason,
    SealBroken,
    SignatureInvalid,
    StorageFailed,
)
from exchange_server.rpc.calls import Call, Context

_log = structlog.get_logger(__name__)

ERROR_DOMAIN: Final = "caricc.exchange"
STATUS_DETAILS_KEY: Final = "grpc-status-details-bin"
MAX_MESSAGE_CHARS: Final = 400
"""Trailers may have 8 KiB; the message is in them three times, once percent-encoded."""

MAX_FIELD_CHARS: Final = 200
ABORT_SECONDS: Final = 5.0
INTERNAL_TEXT: Final = "the hub failed inside; its log knows this request by its id"

_CLASS_CODES: Final[dict[type[ExchangeError], grpc.StatusCode]] = {
    InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    NotAuthenticated: grpc.StatusCode.UNAUTHENTICATED,
    NotPermitted: grpc.StatusCode.PERMISSION_DENIED,
    NotFound: grpc.StatusCode.NOT_FOUND,
    Conflict: grpc.StatusCode.FAILED_PRECONDITION,
    LimitExceeded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HubUnavailable: grpc.StatusCode.UNAVAILABLE,
    HubInternal: grpc.StatusCode.INTERNAL,
    # A hub accuses nobody of these. If it finds them in its own database, the failure is its own.
    SignatureInvalid: grpc.StatusCode.INTERNAL,
    SealBroken: grpc.StatusCode.INTERNAL,
    HubDishonest: grpc.StatusCode.INTERNAL,
    StorageFailed: grpc.StatusCode.INTERNAL,
}
_REASON_CODES: Final = {
    Reason.PROOF_RANGE_INVALID: grpc.StatusCode.OUT_OF_RANGE,
    Reason.ID_REUSED: grpc.StatusCode.ALREADY_EXISTS,
    Reason.ALREADY_ENROLLED: grpc.StatusCode.ALREADY_EXISTS,
    Reason.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
}

STATUS_CODES: Final = {
    reason: _REASON_CODES.get(reason, _CLASS_CODES[reason.error_class]) for reason in Reason
}
"""The status code of every reason."""

RETRY_AFTER_SECONDS: Final = {
    Reason.RATE_LIMITED: 5.0,
    Reason.OVERLOADED: 1.0,
    Reason.UNAVAILABLE: 1.0,
}
"""Seconds to wait before trying again, where the error does not say itself."""


def shown_error(error: ExchangeError) -> ExchangeError:
    """The error as a caller may see it: the hub's own failures become a fixed text."""
    if STATUS_CODES[error.reason] is grpc.StatusCode.INTERNAL:
        return Reason.INTERNAL.error(INTERNAL_TEXT)
    return error


def shown_message(error: ExchangeError) -> str:
    """An error's message, cut to what fits into the trailers beside its details."""
    if len(error.message) <= MAX_MESSAGE_CHARS:
        return error.message
    return f"{error.message[:MAX_MESSAGE_CHARS]}..."


def encode_status(error: ExchangeError, request_id: str) -> status_pb2.Status:
    """The status of an error that a caller may see."""
    message = shown_message(error)
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason.name, domain=ERROR_DOMAIN),
        error_details_pb2.RequestInfo(request_id=request_id),
    ]
    if error.field is not None:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=error.field[:MAX_FIELD_CHARS], description=message
        )
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    after = RETRY_AFTER_SECONDS.get(error.reason)
    if isinstance(error, LimitExceeded) and error.retry_after_seconds is not None:
        after = error.retry_after_seconds
    if after is not None:
        delay = Duration()
        delay.FromMilliseconds(round(after * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    code: int = STATUS_CODES[error.reason].value[0]
    status = status_pb2.Status(code=code, message=message)
    for detail in details:
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def shown_to_caller(error: Exception, call: Call) -> ExchangeError:
    """The error that the caller gets; the hub's own log keeps what the caller must not see."""
    if isinstance(error, ExchangeError):
        shown = shown_error(error)
        if shown is error:
            return error
    else:
        shown = Reason.INTERNAL.error(INTERNAL_TEXT)
    _log.error("call_failed", request_id=call.request_id, method=call.method, exc_info=error)
    return shown


async def abort(context: Context, shown: ExchangeError, request_id: str) -> None:
    """End the call with the status of an error that the caller may see; raises AbortError.

    A caller that does not read its answers would hold the call: it is left alone with it.
    """
    status = encode_status(shown, request_id)
    try:
        async with asyncio.timeout(ABORT_SECONDS):
            await context.abort(
                STATUS_CODES[shown.reason],
                shown_message(shown),
                ((STATUS_DETAILS_KEY, status.SerializeToString()),),
            )
    except TimeoutError:
        raise asyncio.CancelledError from None
