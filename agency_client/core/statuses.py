"""What a `google.rpc.Status` of the hub means: the exception of its reason, never its text.

A hub says of itself that it cannot serve, and of a call why it refuses. Not that another agency's
signature is bad, that a hub lied, or that files on this machine are damaged: these the client finds
for itself, or it would accuse whom the hub names. Such a status says INTERNAL.
"""

from __future__ import annotations

from contextlib import suppress

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from exchange_protocol.errors import (
    ExchangeError,
    HubDishonest,
    LimitExceeded,
    LocalError,
    PeerError,
    Reason,
)

FOUND_HERE = frozenset(
    reason
    for reason in Reason
    if issubclass(reason.error_class, (PeerError, HubDishonest, LocalError))
) | {
    Reason.CLIENT_CLOSED,
    Reason.CONFIG_INVALID,
    Reason.DOCUMENT_INVALID,
    Reason.SPLIT_VIEW_NOT_PROVEN,
    Reason.KEY_UNAVAILABLE,
    Reason.NOT_WITNESSED,
    Reason.PROFILE_INVALID,
}
"""What no hub can know."""


def parse_status(data: bytes) -> ExchangeError:
    """The exception that a serialized status means; one that does not parse says INTERNAL."""
    status = status_pb2.Status()
    with suppress(DecodeError):
        status.ParseFromString(data)
    return error_of(status)


def error_of(status: status_pb2.Status) -> ExchangeError:
    """The exception that a status means."""
    reason, field, delay = Reason.INTERNAL, None, None
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        bad = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        # A detail that does not parse says nothing; the call failed all the same.
        with suppress(DecodeError):
            if detail.Unpack(info):
                said = Reason.__members__.get(info.reason, Reason.INTERNAL)
                reason = Reason.INTERNAL if said in FOUND_HERE else said
            elif detail.Unpack(bad) and bad.field_violations:
                field = bad.field_violations[0].field
            elif detail.Unpack(retry):
                delay = retry.retry_delay.ToMilliseconds() / 1000
    error = reason.error(status.message, field=field)
    if isinstance(error, LimitExceeded):
        error.retry_after_seconds = delay
    return error
