"""The client's results: of sending, of lists, of verifying and unsealing exchanges.

A summary is the hub's word and nothing more: good for lists. The client itself has proven and
judged everything called `Verified...`; it has also decrypted everything called `Unsealed...`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from agency_client.content.documents import Brief, ContentDocument
from agency_client.content.entities import Entity, parse_entities
from agency_client.content.file_names import INDEX
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Party, ReaderRole
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import Entry
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.record.receipts import ProvenEntry, Receipt
from exchange_protocol.rules.exchange import Exchange, Leg, LegRoute
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import BRIEF, Statement
from exchange_protocol.trust.identity import AgencyId, Member

CONTENT: Final = "content"
ENTITIES: Final = "entities"
"""Entities are in the parts `entities`, `entities.2`, `entities.3` and so on."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The fate of a statement that was sent now, by the policy on the log."""

    recipients: tuple[AgencyId, ...]
    """The agencies that it would be addressed to."""
    legs: tuple[LegRoute, ...]
    """The approvals that it would wait for, for each recipient that would get new content."""
    supervisors: tuple[AgencyId, ...]
    """The agencies that would get a copy of the brief."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The hub accepted the statement, and its receipt is verified and kept."""

    statement_id: str
    exchange_id: str
    """Empty for directory statements."""
    receipt: Receipt = field(repr=False)

    @property
    def index(self) -> int:
        """The entry of the log that the statement is."""
        return self.receipt.proven.index


@dataclass(frozen=True, slots=True)
class Queued:
    """The statement waits in the outbox; `flush_outbox` sends it."""

    statement_id: str
    exchange_id: str
    reason: ExchangeError
    """The error for which it was not sent now."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The hub refused a statement of the outbox; it was moved aside."""

    statement_id: str
    exchange_id: str
    reason: ExchangeError


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A statement that is proven to be on the log; its author and signature were verified."""

    index: int
    hub_time: datetime
    signed: SignedStatement
    statement: Statement
    entry: Entry
    proven: ProvenEntry = field(repr=False)

    @property
    def kind(self) -> Kind:
        """The kind of the statement."""
        return self.statement.kind

    @property
    def author(self) -> Member:
        """The member that made the statement."""
        return self.statement.author

    def reads(self, agency: AgencyId, part: str) -> bool:
        """True if an agency is a reader of a part."""
        found = self.statement.part(part)
        return found is not None and found.wrapped_key(agency) is not None


@dataclass(frozen=True, slots=True)
class Approval:
    """A coordinator's own signed decision to release a leg."""

    leg: AgencyId
    by: Member
    at: datetime
    payload_digest: bytes
    """Digest of the statement that was approved."""


@dataclass(frozen=True, slots=True)
class VerifiedExchange:
    """An exchange as far as an agency may see it, proven entry by entry against one checkpoint."""

    id: str
    party: Party
    exchange: Exchange | None
    """Its state as the rules make it; None for a supervisor, who does not see enough to tell."""
    statements: tuple[VerifiedStatement, ...]
    deliveries: tuple[Entry, ...]
    entries: tuple[ProvenEntry, ...] = field(repr=False)
    """All entries that the agency is shown, in log order, each with its proof."""
    checkpoint: Checkpoint
    """The checkpoint that everything here was proven against."""
    note: bytes = field(repr=False)
    summary: ExchangeSummary
    """The hub's own summary; unverified."""

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs, as far as the agency can know them; none for a supervisor."""
        return self.exchange.legs if self.exchange else ()

    @property
    def initial(self) -> VerifiedStatement | None:
        """The initial statement, where the agency may see it."""
        first = self.statements[0] if self.statements else None
        return first if first and first.kind.stage is Stage.INITIAL else None

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """The approvals; each is a signature that was verified here."""
        return tuple(
            Approval(leg, each.author, each.hub_time, each.statement.answers or b"")
            for each in self.statements
            if each.statement.kind.spec.approves(each.statement.body)
            for leg in each.statement.recipients
        )


@dataclass(frozen=True, slots=True)
class PartFault:
    """A part that this agency should be able to read, and cannot."""

    part: str
    """Name of the part: `brief`, `content`, `entities` or the name of a file."""
    error: ExchangeError
    """The error: SEAL_BROKEN if it does not open or is malformed, KEY_UNAVAILABLE if this
    profile lacks the sealing key."""
    ask: AgencyId
    """The agency that can mend it: the author, or one's own for a key that is missing here."""


@dataclass(frozen=True, slots=True)
class UnsealedStatement:
    """A verified statement with the parts that the agency could unseal."""

    verified: VerifiedStatement
    role: ReaderRole | None
    """The role in which the agency reads it; None if nothing of it is sealed to the agency."""
    parts: Mapping[str, bytes] = field(repr=False)
    """Plaintext by part name."""
    brief: Brief | None = field(repr=False)
    content: ContentDocument | None = field(repr=False)
    subject_count: int
    """Subjects found in the entities."""
    is_erased: bool = False
    """True if the content was erased, by whom ever: then there are no parts to read."""
    faults: tuple[PartFault, ...] = ()
    """The parts that are sealed to this agency and could not be opened or read."""
    file_names: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names of the attached files by the names of their parts."""
    superseded_by: bytes | None = None
    """Digest of the newest correction of it by its author, as far as that is shown."""

    @property
    def statement(self) -> Statement:
        """The statement itself."""
        return self.verified.statement

    @property
    def kind(self) -> Kind:
        """The kind of the statement."""
        return self.statement.kind

    @property
    def author(self) -> Member:
        """The member that made the statement."""
        return self.statement.author

    @property
    def hub_time(self) -> datetime:
        """The time at which the hub accepted it."""
        return self.verified.hub_time

    @property
    def index(self) -> int:
        """The entry of the log that the statement is."""
        return self.verified.index

    @property
    def attachments(self) -> Mapping[str, bytes]:
        """The attached files by the names that their author gave them."""
        return {
            given: data
            for name, data in self.parts.items()
            if (given := self.file_name(name)) is not None
        }

    def file_name(self, part: str) -> str | None:
        """The name that the author gave the file in a part; None for a part that is no file."""
        return self.file_names.get(part, part) if is_file_part(part) else None

    @property
    def missing_subjects(self) -> int:
        """The number of declared subjects that the content lacks.

        The gate and the policy judged it by the number declared. It is 0 where nothing is known of
        it: where the content is sealed to others, erased, or cannot be read.
        """
        is_read = self.parts and self.role in (ReaderRole.AUTHOR, ReaderRole.RECIPIENT)
        if not is_read or any(is_entities_part(fault.part) for fault in self.faults):
            return 0
        return self.statement.header.subject_count - self.subject_count

    def entities(self) -> Iterator[Entity]:
        """The entities, read one by one; those of a faulty part are left out."""
        faulty = {fault.part for fault in self.faults}
        for name, data in self.parts.items():
            if is_entities_part(name) and name not in faulty:
                yield from parse_entities(data, name)


@dataclass(frozen=True, slots=True)
class UnsealedExchange:
    """An exchange, verified and unsealed as far as the agency may read it."""

    verified: VerifiedExchange
    statements: tuple[UnsealedStatement, ...]

    @property
    def id(self) -> str:
        """The id of the exchange."""
        return self.verified.id

    @property
    def party(self) -> Party:
        """The part that the agency has in the exchange."""
        return self.verified.party

    @property
    def faults(self) -> tuple[PartFault, ...]:
        """The faults of all statements: parts sealed to this agency that could not be read."""
        return tuple(fault for each in self.statements for fault in each.faults)

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs, as far as the agency can know them."""
        return self.verified.legs

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """The approvals, each verified."""
        return self.verified.approvals

    @property
    def initial(self) -> UnsealedStatement | None:
        """The initial statement, where the agency may see it."""
        first = self.statements[0] if self.statements else None
        return first if first and first.kind.stage is Stage.INITIAL else None


def is_entities_part(name: str) -> bool:
    """True if a part holds entities."""
    first, _, number = name.partition(".")
    return first == ENTITIES and (name == ENTITIES or (number.isascii() and number.isdecimal()))


def is_file_part(name: str) -> bool:
    """True if a part holds an attached file."""
    return name not in (BRIEF, CONTENT, INDEX) and not is_entities_part(name)
