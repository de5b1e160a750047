"""The state of an exchange, as values: one leg for each recipient.

`lifecycle` makes these from the statements of the log and moves them. `leg_record` has what a leg
remembers beside its state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, LegState, Tlp
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.rules.leg_record import EMPTY_RECORD, LegRecord
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId


@dataclass(frozen=True, slots=True)
class LegRoute:
    """The conditions of the policy before this recipient may see a statement."""

    agency: AgencyId
    approvals_required: int
    approvers: tuple[AgencyId, ...]
    """Agencies that may approve, sorted; empty where no approval is required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One recipient's side of an exchange."""

    agency: AgencyId
    state: LegState
    awaits: bytes
    """Digest of the statement that the next one on this leg answers (32 bytes)."""
    handling: Handling
    tlp: Tlp
    """The strictest that the initiator put on this leg; nothing on it goes below
    (docs/rules.md#p16)."""
    subject_count: int
    """Subjects of the initial statement and of the supplements on this leg, in all."""
    was_released: bool
    """True if anything on this leg was ever released to the recipient."""
    approvals_required: int
    approvers: tuple[AgencyId, ...]
    due_at: datetime | None = None
    """The due time of the answer, as the initiator asked or the recipient extended it."""
    due_on: date | None = None
    """The day whose end is the due time, where its author gave a day."""
    approvals: tuple[str, ...] = ()
    """URIs of the members who approved what the leg awaits an answer to."""
    hidden: tuple[bytes, ...] = ()
    """Digests of the leg's statements that the recipient may not see yet."""
    record: LegRecord = EMPTY_RECORD
    """The record of what was said on it by whom, and of the approver that has it in hand."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The state of an exchange: what its statements, in log order, have made of it."""

    id: str
    kind: Kind
    initiator: AgencyId
    header: Header
    """Header of the initial statement."""
    offences: tuple[OffenceType, ...]
    """Offences that the initial statement names, in the order of their list."""
    legs: tuple[Leg, ...]

    def leg(self, agency: AgencyId) -> Leg | None:
        """The leg of that recipient, if it has one."""
        for leg in self.legs:
            if leg.agency == agency:
                return leg
        return None

    @property
    def initial_digest(self) -> bytes:
        """Digest of the initial statement: it opened the first leg."""
        return self.legs[0].record.from_initiator[0]

    @property
    def ends(self) -> tuple[tuple[AgencyId, AgencyId], ...]:
        """The parties between whom it was opened, for auditors: those of each first leg.

        Later members of a joint case do not change what was public to whose auditors before.
        """
        initial, initiator = self.initial_digest, self.initiator
        # A list is made sooner than a generator is read: an audit asks this for every entry.
        found = [
            (initiator, leg.agency) for leg in self.legs if leg.record.from_initiator[0] == initial
        ]
        return tuple(found)

    def with_legs(self, legs: tuple[Leg, ...]) -> Exchange:
        """The exchange with these legs; `replace` takes three times as long."""
        return Exchange(self.id, self.kind, self.initiator, self.header, self.offences, legs)

    def is_known_to(self, agency: AgencyId) -> bool:
        """True if an agency takes part in the exchange and may know so."""
        return agency == self.initiator or any(
            agency in leg.approvers or (leg.was_released and agency == leg.agency)
            for leg in self.legs
        )


@dataclass(frozen=True, slots=True)
class LegChange:
    """The effect of a statement or a delivery on one leg; `before` is None for a new leg."""

    agency: AgencyId
    before: LegState | None
    after: LegState
    approvals_required: int
    approvers: tuple[AgencyId, ...]

    def __str__(self) -> str:
        """The change in words, as messages have it."""
        before = self.before.name if self.before else "new"
        by = f" by {' or '.join(self.approvers)}" if self.approvers else ""
        needed = f"approvals: {self.approvals_required}{by}"
        return f"{self.agency} {before} to {self.after.name}, {needed}"


def changes_words(changes: Iterable[LegChange]) -> str:
    """Changes of legs in words, as messages have them."""
    return " / ".join(map(str, changes)) or "none"
