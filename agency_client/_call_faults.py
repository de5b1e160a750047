"""The faults of calls: the exception that a call of gRPC which failed means.

- Errors are told apart by the reason in their details, never by their text; a reason that this
  version does not know is the hub's failure.
- When the hub cannot be reached, the profile's own certificate is looked at first: expired and
  revoked ones end the handshake, and gRPC says only that it ended.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import status_pb2

from agency_client.core.statuses import error_of
from agency_client.state.profile import Profile
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import VerifiedCertificate, verify_validity

MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
_PROXIES: Final = ("grpc_proxy", "https_proxy", "http_proxy")
_NO_PROXIES: Final = ("no_grpc_proxy", "no_proxy")
"""The variables that gRPC heeds, the first one that is set before the others."""
_STATUS_DETAILS: Final = "grpc-status-details-bin"
_SUBMISSIONS: Final = frozenset(
    {"ExchangeService/Submit", "ExchangeService/SubmitStream", "ExchangeService/UploadPart"}
)
_TRANSFERS: Final = frozenset({"ExchangeService/UploadPart", "ExchangeService/FetchPart"})


def proxy_variable(target: str, environment: Mapping[str, str]) -> str:
    """Name the variable by which gRPC takes a proxy to a hub; empty where it takes none."""
    variable = next((each for each in _PROXIES if environment.get(each)), "")
    exempt = next((value for each in _NO_PROXIES if (value := environment.get(each))), "")
    suffixes = [each.strip() for each in exempt.split(",") if each.strip()]
    is_exempt = any(_host(target).endswith(each.lstrip("*")) for each in suffixes)
    return "" if is_exempt else variable


def _host(target: str) -> str:
    return target.rpartition(":")[0].strip("[]") or target


class CallFaults:
    """Turns a failed call into the exception of its reason."""

    def __init__(self, profile: Profile, clock: Callable[[], datetime]) -> None:
        self._profile = profile
        self._clock = clock

    def of(self, error: Any, method: str) -> ExchangeError:
        """The exception that a failed call (a `grpc.RpcError` that is also a call) means."""
        code, details = error.code(), error.details() or ""
        status = _status_of(error)
        if status is not None:
            return error_of(status)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and self._profile.tls.is_signing:
            return Reason.DEADLINE_EXCEEDED.error(
                "the token with your TLS key did not sign in time: "
                "does it wait for a PIN or a touch?"
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and method in _TRANSFERS:
            return Reason.DEADLINE_EXCEEDED.error(
                f"a file did not pass between here and the hub {self._profile.target} in the time "
                "that the hub or this client allows: the line is slow; send a large file in "
                "smaller pieces, or ask the operator for a longer `transfer_deadline_seconds`"
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return Reason.DEADLINE_EXCEEDED.error(
                f"the hub {self._profile.target} did not answer in time"
            )
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            return self._unreachable(details)
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and method in _SUBMISSIONS:
            # gRPC refuses so also when the hub is full. Only a reason of the hub's settles a
            # statement; without one it waits in the outbox.
            return Reason.OVERLOADED.error("the hub took no more calls, and gave no reason")
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Reason.TOO_LARGE.error(
                f"expected messages of at most {MAX_MESSAGE_BYTES} bytes; gRPC refused one"
            )
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return Reason.INTERNAL.error(
                f"the hub {self._profile.target} does not know the call {method}: it is older than "
                "this client; ask its operator to update it"
            )
        return Reason.INTERNAL.error(f"the hub failed without a reason: {code.name}")

    def _unreachable(self, details: str) -> ExchangeError:
        """Say why the hub cannot be reached, own faults first."""
        profile, now = self._profile, self._clock()
        certificate = profile.tls.certificate
        try:
            verify_validity(certificate, now)
            if profile.revocations is not None:
                profile.revocations.verify_not_listed(certificate)
        except ExchangeError as error:
            if error.reason is Reason.CERTIFICATE_EXPIRED:
                return Reason.CERTIFICATE_EXPIRED.error(_out_of_time(certificate, now))
            return error.reason.error(f"your TLS certificate: {error.message}")
        if (trouble := profile.tls.trouble) is not None:
            return Reason.KEY_UNAVAILABLE.error(f"your TLS key: {trouble.message}")
        hint = ""
        # A hint for people: the client's behaviour never depends on gRPC's text.
        if "CERTIFICATE_VERIFY_FAILED" in details:
            hint = (
                "; its certificate is not of the pinned root, not for this host name, or not valid "
                f"at {now:%Y-%m-%d %H:%M} UTC, which is this machine's time; `agency doctor` tells "
                "its dates"
            )
        elif "handshak" in details.lower() or "ssl" in details.lower():
            hint = "; the TLS handshake failed: is this profile's root the one that the hub trusts?"
        elif "errors resolving" in details or "DNS resolution" in details:
            hint = (
                "; its name could not be looked up: is it right, and do the name servers of this "
                "machine answer?"
            )
        if variable := proxy_variable(profile.target, os.environ):
            # The value may hold a password.
            hint += (
                f"; the connection goes through the proxy of the environment ({variable}): "
                f"where it must not, set no_grpc_proxy={_host(profile.target)}"
            )
        return Reason.UNAVAILABLE.error(f"cannot reach the hub at {profile.target}{hint}")


def _out_of_time(certificate: VerifiedCertificate, now: datetime) -> str:
    """Say that a certificate is not good now. Only a person knows whether the clock is right."""
    clock = f"by this machine's clock, which says {now:%Y-%m-%d %H:%M} UTC"
    if now > certificate.not_after:
        return (
            f"your TLS certificate expired on {certificate.not_after:%Y-%m-%d %H:%M} UTC {clock}: "
            "if that is the time, ask your authority for a new one; if not, set the clock"
        )
    return (
        f"your TLS certificate begins only on {certificate.not_before:%Y-%m-%d %H:%M} UTC {clock}: "
        "set the clock, which is behind"
    )


@contextmanager
def translated(faults: CallFaults, method: str) -> Iterator[None]:
    """A block in which a failed call raises the exception of its reason."""
    try:
        yield
    except grpc.RpcError as error:
        raise faults.of(error, method) from None


def _status_of(error: Any) -> status_pb2.Status | None:
    for key, value in error.trailing_metadata() or ():
        if key == _STATUS_DETAILS:
            with suppress(DecodeError):
                return status_pb2.Status.FromString(value)
    return None
