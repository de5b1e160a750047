"""The exception for the reason in a `google.rpc.Status` of the hub; its text is never parsed.

A hub may say that it cannot serve, and why it refuses a call. It cannot make the client accuse a
peer, find fault with this machine's files, or call a hub dishonest: the client finds these for
itself. Such a reason becomes INTERNAL.

No refusal is signed, and a hub is believed by its TLS certificate alone until it has shown the log.
So what only its word stands for is said to be its word: who one is, what one may, what there is.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from exchange_protocol.errors import (
    Conflict,
    ExchangeError,
    HubDishonest,
    LimitExceeded,
    LocalError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
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
"""Reasons that no hub can know."""

HUBS_WORD: Final = " (so says the hub, and nothing proves it)"
_ITS_WORD: Final = (NotAuthenticated, NotPermitted, NotFound, Conflict)
"""Refusals that the caller cannot check. He can see himself what is malformed or too much."""


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
    # For content that is gone the client looks for the signed notice.
    is_word = issubclass(reason.error_class, _ITS_WORD) and reason is not Reason.CONTENT_ERASED
    word = HUBS_WORD if is_word else ""
    error = reason.error(status.message + word, field=field)
    if isinstance(error, LimitExceeded):
        error.retry_after_seconds = delay
    return error
