"""The calls that operations yield, and the deadline of every RPC.

The driver of an operation performs each call. It sends back what the call's docstring says, or
throws the `ExchangeError` that it met.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.v1 import exchange_service_pb2 as pb

PACKAGE: Final = "exchange_protocol.v1"
MAX_CHUNK_BYTES: Final = 1024 * 1024
"""Largest chunk of a sealed part in one message."""

MOST_TOGETHER: Final = 8
"""Calls that are made together: by default a hub serves so many reads of one agency at a time."""

DEADLINES: Final = {
    "ExchangeService/PlanRoute": 15.0,
    "ExchangeService/Submit": 30.0,
    "ExchangeService/SubmitStream": 60.0,
    "ExchangeService/UploadPart": 300.0,
    "ExchangeService/ListExchanges": 15.0,
    "ExchangeService/GetExchange": 30.0,
    "ExchangeService/FetchPart": 300.0,
    "ExchangeService/Watch": 3600.0,
    "DirectoryService/ListDirectoryEntries": 30.0,
    "AuditService/GetCheckpoint": 15.0,
    "AuditService/GetTile": 15.0,
    "AuditService/GetEntryBundle": 15.0,
    "AuditService/ListOpenings": 60.0,
    "AuditService/GetInclusionProof": 15.0,
    "AuditService/GetConsistencyProof": 15.0,
    "AuditService/AddCosignature": 15.0,
}
"""Seconds that the client waits for each RPC; a `Watch` is opened anew when its life ends."""
SLOWEST_LINE: Final = 16 * 1024
"""Bytes a second of the slowest line that is waited for: a large part takes its time there.

A line that stalls ends earlier, by keepalive, and so does what the hub's own bound ends.
"""


@dataclass(frozen=True, slots=True)
class Unary:
    """One request, one response; sends back the response message."""

    method: str
    """Service and method, a key of `DEADLINES`."""
    request: Message


@dataclass(frozen=True, slots=True)
class Upload:
    """UploadPart: a stream of requests, made anew for each attempt; sends back its response."""

    requests: Callable[[], Iterator[pb.UploadPartRequest]]
    size: int
    """Bytes of the part."""
    method: str = field(default="ExchangeService/UploadPart", init=False)


@dataclass(frozen=True, slots=True)
class Stream:
    """SubmitStream: sends statements and appends each answer to `answers`; sends back None.

    `requests` makes the requests from a place on: each attempt begins with the first that has no
    answer. Answers that arrived before an error stay, so the rest can be sent in another stream.
    """

    requests: Callable[[int], Iterator[pb.SubmitRequest]]
    answers: list[pb.SubmitStreamResponse]
    most: int
    """The number of requests, so of answers too."""
    method: str = field(default="ExchangeService/SubmitStream", init=False)


@dataclass(frozen=True, slots=True)
class Fetch:
    """FetchPart: appends what arrives to `sink`, at most to `limit` bytes; sends back None.

    Bytes that arrived before an error stay in the sink, so the transfer can go on from there.
    """

    request: pb.FetchPartRequest
    sink: bytearray
    limit: int
    method: str = field(default="ExchangeService/FetchPart", init=False)


@dataclass(frozen=True, slots=True)
class Together:
    """Several calls of one method, all begun before the first is read.

    Sends back what each would send back by itself, or its error. Over a long line they take the
    time of one. Answers are small: what is not read yet is held.
    """

    several: tuple[Unary, ...] | tuple[Fetch, ...]

    @property
    def method(self) -> str:
        """The method of all."""
        return self.several[0].method


@dataclass(frozen=True, slots=True)
class Pause:
    """No call: the driver waits so many seconds, then sends back None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Sign:
    """No call: the driver signs a payload, with others that wait for it; sends back the statement.

    Raises KEY_UNAVAILABLE.
    """

    payload: bytes


Call = Unary | Upload | Stream | Fetch | Together


def seconds_for(call: Unary | Upload | Stream | Fetch) -> float:
    """The seconds that the client waits for a call, by what it carries.

    A stream has no more for its size: what it did not bring goes in another one.
    """
    match call:
        case Upload(size=size) | Fetch(limit=size):
            return DEADLINES[call.method] + size / SLOWEST_LINE
    return DEADLINES[call.method]


T = TypeVar("T")
Operation = Generator[Call | Pause | Sign, Any, T]
"""An operation: a generator that yields calls and returns its result."""

Response = TypeVar("Response", bound=Message)


def sign_payload(payload: bytes) -> Operation[SignedStatement]:
    """Sign one payload."""
    statement = yield Sign(payload)
    if not isinstance(statement, SignedStatement):
        raise TypeError(f"a payload was signed as {type(statement).__name__}")
    return statement


def ask_hub(method: str, request: Message, response: type[Response]) -> Operation[Response]:
    """Make one unary call; gives its typed response."""
    answer = yield Unary(method, request)
    if not isinstance(answer, response):
        raise TypeError(f"{method} was answered with {type(answer).__name__}")
    return answer


@contextmanager
def number_of_the_hub(what: str) -> Iterator[None]:
    """Tell the refusal of a size or an index that the hub itself gave as what it is.

    Such a hub lacks what it has shown. Its refusal is unsigned, so it is no evidence.

    Raises:
        HubDishonest: ENTRY_MISMATCH in the place of PROOF_RANGE_INVALID.
    """
    try:
        yield
    except ExchangeError as error:
        if error.reason is not Reason.PROOF_RANGE_INVALID:
            raise
        raise Reason.ENTRY_MISMATCH.error(
            f"expected the hub to have {what}, as it has shown; it refuses: {error.message}"
        ) from error
