"""Every error becomes a status that programs can read and that tells nothing of the inside."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from exchange_protocol.errors import HubError, LimitExceeded, Reason
from exchange_server.rpc.status import INTERNAL_TEXT, STATUS_CODES, encode_status, shown_error


def detail(status: status_pb2.Status, kind: type[Message]) -> Message | None:
    for packed in status.details:
        message = kind()
        if packed.Unpack(message):
            return message
    return None


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code_that_is_an_error(reason: Reason) -> None:
    assert STATUS_CODES[reason] not in (grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN)


@pytest.mark.parametrize("reason", Reason)
def test_status_carries_reason_domain_and_request(reason: Reason) -> None:
    shown = shown_error(reason.error("expected something", field="a.b"))
    status = encode_status(shown, "abc")
    assert status.code == STATUS_CODES[reason].value[0]
    info = detail(status, error_details_pb2.ErrorInfo)
    expected = Reason.INTERNAL if STATUS_CODES[reason] is grpc.StatusCode.INTERNAL else reason
    assert info == error_details_pb2.ErrorInfo(reason=expected.name, domain="caricc.exchange")
    request = detail(status, error_details_pb2.RequestInfo)
    assert request == error_details_pb2.RequestInfo(request_id="abc")


@pytest.mark.parametrize(
    "reason",
    [
        reason
        for reason in Reason
        if issubclass(reason.error_class, HubError)
        and STATUS_CODES[reason] is grpc.StatusCode.INTERNAL
    ],
)
def test_failures_inside_tell_nothing(reason: Reason) -> None:
    shown = shown_error(reason.error("the table log_entries is gone", field="x"))
    assert (shown.message, shown.field) == (INTERNAL_TEXT, None)


def test_offending_field_is_named() -> None:
    status = encode_status(Reason.INVALID_FIELD.error("expected 1, got 2", field="a.b"), "abc")
    bad = detail(status, error_details_pb2.BadRequest)
    assert isinstance(bad, error_details_pb2.BadRequest)
    assert [each.field for each in bad.field_violations] == ["a.b"]


@pytest.mark.parametrize("reason", [Reason.RATE_LIMITED, Reason.OVERLOADED, Reason.UNAVAILABLE])
def test_callers_are_told_when_to_come_back(reason: Reason) -> None:
    retry = detail(encode_status(reason.error("later"), "abc"), error_details_pb2.RetryInfo)
    assert isinstance(retry, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToMilliseconds() >= 1000


def test_error_says_itself_when_to_come_back() -> None:
    error = Reason.TOO_MANY.error("too many")
    assert isinstance(error, LimitExceeded)
    error.retry_after_seconds = 2.5
    retry = detail(encode_status(error, "abc"), error_details_pb2.RetryInfo)
    assert isinstance(retry, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToMilliseconds() == 2500
