"""Requests to the writer: what each needs before its turn, how it is judged, what answers it.

`check_submission` parses a statement and ties the bytes beside it to it. The rest needs the state
of the log, so it waits for the writer's turn (`batch`): the signature, the rules, whether the id is
new.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar
from zoneinfo import available_timezones

from exchange_protocol.errors import CallerError, ExchangeError, LimitExceeded, Reason
from exchange_protocol.kinds.codes import Urgency
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.rules.shapes import parse_by_shape
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Statement
from exchange_server.caller import Caller
from exchange_server.ledger.values import Accepted, LeavesPage, LedgerLimits, PartHandle

SUBMIT = "Submit"
FETCH_PART = "FetchPart"
LIST_OPENINGS = "ListOpenings"

AnswerT = TypeVar("AnswerT")

_TIME_ZONES: Final = frozenset(available_timezones())
"""Empty where neither the system nor the package `tzdata` has them: then none is checked."""


@dataclass(frozen=True, slots=True)
class Logged:
    """The entry of a statement or an inspection; of a repeated statement the original one."""

    index: int
    entry: bytes
    nonce: bytes


class Judge(Protocol):
    """Judges each request against the log as those before it in the batch have left it."""

    def submit(self, job: Submission) -> Logged:
        """Accept a statement, or raise why it is refused."""

    def deliver(self, job: Delivery) -> PartHandle:
        """Permit a delivery, or raise why it is refused."""

    def inspect(self, job: Inspection) -> Logged:
        """Permit an inspection, or raise why it is refused."""

    def deny(self, job: Denial) -> None:
        """Log a refusal, within the agency's bound."""


class Prover(Protocol):
    """Proves entries against the checkpoint of their batch, once that is committed."""

    def prove(self, logged: Logged, known_tree_size: int) -> Accepted:
        """Prove that the log holds an entry, and extends the tree that the caller knows."""


@dataclass(frozen=True, slots=True)
class Job(ABC, Generic[AnswerT]):
    """A request to the writer; its caller gets an `AnswerT` after the commit."""

    caller: Caller

    @property
    def about(self) -> str | None:
        """The exchange in which the order of requests is kept; None where order does not matter."""
        return None

    @property
    def is_urgent(self) -> bool:
        """True if it goes before routine requests."""
        return False

    @abstractmethod
    def judge(self, judge: Judge) -> Callable[[Prover], AnswerT]:
        """Have it judged; gives what makes the answer after the commit.

        Raises:
            ExchangeError: the reason for the refusal.
        """

    @abstractmethod
    def denial(self, error: ExchangeError) -> Denial | None:
        """The refusal of this request, as the log records it; None if it records none."""

    def why_put_off(self) -> ExchangeError | None:
        """The reason to wait, or None: a statement that it may depend on was put off."""
        return None

    def put_off(self, error: ExchangeError) -> None:
        """Note that it was put off, for the requests that may depend on it."""
        return


@dataclass(frozen=True, slots=True)
class Submission(Job[Accepted]):
    """A statement to accept."""

    signed: SignedStatement
    statement: Statement
    parts: Mapping[str, bytes]
    """Sealed bytes beside the statement, by part name; they match the statement's digests."""
    known_tree_size: int
    tracker: DependencyTracker | None = None
    """Shared by the statements of one call, where it brought more than one."""
    no_room: ExchangeError | None = None
    """The reason why there was no room for it (`room`); None where there was."""

    @property
    def about(self) -> str:
        """The statement's exchange, or the directory."""
        return self.statement.exchange_id

    @property
    def is_urgent(self) -> bool:
        """True if the statement's header says so."""
        return self.statement.header.urgency is Urgency.URGENT

    def judge(self, judge: Judge) -> Callable[[Prover], Accepted]:
        """Have the statement judged; the answer proves its entry."""
        logged = judge.submit(self)
        return lambda prover: prover.prove(logged, self.known_tree_size)

    def denial(self, error: ExchangeError) -> Denial:
        """A refusal that names the statement and its exchange."""
        statement = self.statement
        return Denial(self.caller, SUBMIT, error.reason, statement.exchange_id, statement.digest)

    def why_put_off(self) -> ExchangeError | None:
        """Ask what became of the call's earlier statements."""
        return self.tracker.why_put_off(self.statement) if self.tracker else None

    def put_off(self, error: ExchangeError) -> None:
        """Tell the call's later statements."""
        if self.tracker is not None:
            self.tracker.put_off(self.statement, error)


@dataclass(frozen=True, slots=True)
class Delivery(Job[PartHandle]):
    """A part to hand out."""

    payload_digest: bytes
    part_name: str

    def judge(self, judge: Judge) -> Callable[[Prover], PartHandle]:
        """Have the delivery judged; the answer finds the part's bytes."""
        handle = judge.deliver(self)
        return lambda _: handle

    def denial(self, error: ExchangeError) -> Denial:
        """A refusal that names no exchange, since the caller may not know of it."""
        return Denial(self.caller, FETCH_PART, error.reason, "", self.payload_digest)


@dataclass(frozen=True, slots=True)
class Inspection(Job[Accepted]):
    """A page of the log to show to an auditor."""

    start: int
    """Index of its first entry."""
    page: LeavesPage
    known_tree_size: int

    def judge(self, judge: Judge) -> Callable[[Prover], Accepted]:
        """Have the inspection judged; the answer proves that it is on the log."""
        logged = judge.inspect(self)
        return lambda prover: prover.prove(logged, self.known_tree_size)

    def denial(self, error: ExchangeError) -> Denial:
        """A refusal of the page as a whole."""
        return Denial(self.caller, LIST_OPENINGS, error.reason, "", b"")


@dataclass(frozen=True, slots=True)
class Denial(Job[None]):
    """A refusal to log."""

    operation: str
    reason: Reason
    exchange_id: str
    """Empty where it names none."""
    payload_digest: bytes
    """SHA-256 of the statement that is refused or asked for; empty where it names none."""

    def judge(self, judge: Judge) -> Callable[[Prover], None]:
        """Have the refusal logged; there is nothing to answer."""
        judge.deny(self)
        return lambda _: None

    def denial(self, error: ExchangeError) -> None:
        """No refusal: the failure to log one is not logged."""
        return


def is_logged(error: ExchangeError) -> bool:
    """True if a refusal goes on the log: it is the caller's fault, and no mere limit."""
    return isinstance(error, CallerError) and not isinstance(error, LimitExceeded)


def check_submission(
    caller: Caller,
    signed: SignedStatement,
    parts: Mapping[str, bytes],
    known_tree_size: int,
    limits: LedgerLimits,
    tracker: DependencyTracker | None = None,
) -> Submission:
    """Check what needs no state.

    1. The payload is a well-formed statement.
    2. Its author's agency is the caller's: AUTHOR_MISMATCH.
    3. A statement of the directory has no parts: INVALID_FIELD.
    4. The bytes beside it are parts that it names, byte for byte: PART_MISMATCH, TOO_LARGE.
    5. The time zones that it names exist: INVALID_FIELD.
    """
    statement = parse_by_shape(signed.payload)
    if statement.author.agency != caller.agency:
        raise Reason.AUTHOR_MISMATCH.error(
            f"expected a statement of {caller.agency}, which is calling; "
            f"got one of {statement.author.agency}",
            field="statement",
        )
    if statement.kind.stage is Stage.DIRECTORY and statement.parts:
        raise Reason.INVALID_FIELD.error(
            f"expected none: {statement.kind} is for everyone", field="parts"
        )
    _check_parts(statement, parts, limits)
    _check_time_zones(statement)
    return Submission(caller, signed, statement, dict(parts), known_tree_size, tracker)


def _check_time_zones(statement: Statement) -> None:
    """Clocks run in the zone of an agency or of a statement; the rules know no list of zones."""
    zones = {
        "time_zone": statement.header.time_zone,
        "body.time_zone": getattr(statement.body, "time_zone", None),
    }
    for field, zone in zones.items():
        if zone and _TIME_ZONES and zone not in _TIME_ZONES:
            raise Reason.INVALID_FIELD.error(
                f"expected an IANA time zone that this hub knows, such as Asia/Almaty; got {zone}",
                field=field,
            )


def _check_parts(statement: Statement, inline: Mapping[str, bytes], limits: LedgerLimits) -> None:
    total = sum(map(len, inline.values()))
    if total > limits.inline_bytes:
        raise Reason.TOO_LARGE.error(
            f"expected at most {limits.inline_bytes} sealed bytes beside a statement, got {total}; "
            "upload large parts before",
            field="parts",
        )
    for name, sealed in inline.items():
        part = statement.part(name)
        if part is None:
            raise Reason.PART_MISMATCH.error(
                f"expected only parts that the statement names, got {name[:64]!r}", field="parts"
            )
        if len(sealed) != part.size or hashlib.sha256(sealed).digest() != part.sha256:
            raise Reason.PART_MISMATCH.error(
                f"expected part {name!r} of {part.size} bytes with SHA-256 {part.sha256.hex()}; "
                f"got {len(sealed)} other bytes",
                field="parts",
            )
