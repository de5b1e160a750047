"""Statements as frozen values, and the bounds of their fields.

`wire` makes them from payloads and payloads from them; `signed_statements` has the signatures. Free
text has no place in a statement: it goes into the sealed parts, of which a statement has the names,
digests and readers.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import (
    Handling,
    InformationGrade,
    Language,
    Purpose,
    SourceGrade,
    Tlp,
    Urgency,
    WithholdingGround,
)
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.trust.sealing import SealingSuite, WrappedKey

MAX_PAYLOAD_BYTES = 256 * 1024
MAX_PARTS = 32
MAX_PART_BYTES = 64 * 1024 * 1024
"""Largest sealed part, in sealed bytes."""
MAX_RECIPIENTS = 32
MAX_READERS = 128
MAX_WRAPPED_BYTES = 4096
MAX_DUE = timedelta(days=3660)
"""The longest time from a statement to the due time of its answer: ten years."""
UUID_RANDOM_BYTES = 10
BRIEF = "brief"
"""Name of the part that approvers and supervisors read too; all others are for recipients only."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed part; `sha256` and `size` are those of the sealed bytes."""

    name: str
    sha256: bytes
    size: int
    media_type: str
    suite: SealingSuite
    wrapped_keys: tuple[WrappedKey, ...]

    def wrapped_key(self, agency: AgencyId) -> WrappedKey | None:
        """The key for one agency, if it is a reader."""
        return next((key for key in self.wrapped_keys if key.agency == agency), None)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a statement: codes that the hub may read and the policy may decide on."""

    handling: Handling = Handling.H0
    tlp: Tlp = Tlp.AMBER
    source_grade: SourceGrade | None = None
    information_grade: InformationGrade | None = None
    urgency: Urgency = Urgency.ROUTINE
    due_at: datetime | None = None
    purpose: Purpose | None = None
    legal_basis: str | None = None
    permitted_uses: tuple[Purpose, ...] = ()
    onward_authorities: tuple[AgencyId, ...] = ()
    language: Language | None = None
    time_zone: str | None = None
    subject_count: int = 0
    withheld_from: tuple[AgencyId, ...] = ()
    """Supervisors by rule, from whom the copy is withheld in this case."""
    withholding_ground: WithholdingGround | None = None
    due_on: date | None = None
    """The day that the author gave; `due_at` is its end then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A statement before it is encoded and signed; times are aware, exact to the microsecond."""

    id: str
    exchange_id: str
    author: Member
    made_at: datetime
    body: Body
    answers: bytes | None = None
    recipients: tuple[AgencyId, ...] = ()
    supervisors: tuple[AgencyId, ...] = ()
    header: Header = Header()
    parts: tuple[Part, ...] = ()

    @property
    def kind(self) -> Kind:
        return kind_of(self.body)

    def part(self, name: str) -> Part | None:
        """The part of that name, if there is one."""
        return next((part for part in self.parts if part.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Draft):
    """A parsed statement; `digest` is SHA-256 of its exact payload."""

    digest: bytes


def new_statement_id(at: datetime, random: bytes) -> str:
    """Make a UUIDv7 (RFC 9562, 5.7) from a time and 10 random bytes."""
    if len(random) != UUID_RANDOM_BYTES:
        raise ValueError(f"expected {UUID_RANDOM_BYTES} random bytes, got {len(random)}")
    value = int(at.timestamp() * 1000) << 80 | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def check_payload_size(payload: bytes) -> None:
    """Check the size of a payload; raises TOO_LARGE."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Reason.TOO_LARGE.error(
            f"expected a payload of at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}",
            field="statement.payload",
        )
