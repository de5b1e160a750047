"""What waits for the writer, checked as far as it can be without the state of the log.

`check_submission` parses a statement and ties the bytes beside it to it; who signed it, whether the
rules allow it and whether its id is new is decided in the writer's turn (`batch`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from exchange_protocol.errors import CallerError, ExchangeError, LimitExceeded, Reason
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.statements import SignedStatement, Statement, parse_statement
from exchange_server.caller import Caller
from exchange_server.ledger.values import LeavesPage, LedgerLimits

SUBMIT = "Submit"
FETCH_PART = "FetchPart"
LIST_OPENINGS = "ListOpenings"


@dataclass(frozen=True, slots=True)
class Submission:
    """A statement that is to be accepted."""

    caller: Caller
    signed: SignedStatement
    statement: Statement
    parts: Mapping[str, bytes]
    """Sealed bytes that ride along, by part name; they match the statement's digests."""
    known_tree_size: int

    def denial(self, error: ExchangeError) -> Denial:
        """What a refusal of this logs."""
        return Denial(
            self.caller, SUBMIT, error.reason, self.statement.exchange_id, self.statement.digest
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """A part that is to be handed out."""

    caller: Caller
    payload_digest: bytes
    part_name: str

    def denial(self, error: ExchangeError) -> Denial:
        """What a refusal of this logs; it names no exchange that the caller may not know."""
        return Denial(self.caller, FETCH_PART, error.reason, "", self.payload_digest)


@dataclass(frozen=True, slots=True)
class Inspection:
    """A page of the log that is to be shown to an auditor."""

    caller: Caller
    start: int
    """Index of its first entry."""
    page: LeavesPage
    known_tree_size: int

    def denial(self, error: ExchangeError) -> Denial:
        """What a refusal of this logs."""
        return Denial(self.caller, LIST_OPENINGS, error.reason, "", b"")


@dataclass(frozen=True, slots=True)
class Denial:
    """A refusal that is to be logged."""

    caller: Caller
    operation: str
    reason: Reason
    exchange_id: str
    payload_digest: bytes


Job: TypeAlias = Submission | Delivery | Inspection | Denial


def is_logged(error: ExchangeError) -> bool:
    """Whether a refusal is the caller's fault and says more than that it was too much."""
    return isinstance(error, CallerError) and not isinstance(error, LimitExceeded)


def check_submission(
    caller: Caller,
    signed: SignedStatement,
    parts: Mapping[str, bytes],
    known_tree_size: int,
    limits: LedgerLimits,
) -> Submission:
    """Check what needs no state.

    1. The payload is a well-formed statement.
    2. Its author's agency is the caller's: AUTHOR_MISMATCH.
    3. What rides along is some of its parts, byte for byte: PART_MISMATCH, TOO_LARGE.
    """
    statement = parse_statement(signed.payload)
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
    return Submission(caller, signed, statement, dict(parts), known_tree_size)


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
