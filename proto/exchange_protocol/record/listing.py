"""The exchanges that the hub lists for an agency: their summaries, and the form on the wire.

The hub encodes them, and clients parse them. A summary is the hub's word: only its form is checked
here. `parse_…` raises InvalidInput, with the field as a summary names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from exchange_protocol.kinds.catalogue import Kind, parse_kind
from exchange_protocol.kinds.codes import Handling, LegState, Purpose, TimeLimitRule, Urgency
from exchange_protocol.kinds.days import check_day, parse_day, to_day
from exchange_protocol.kinds.fields import (
    parse_digest,
    parse_enum,
    parse_timestamp,
    parse_uuid,
    to_timestamp,
)
from exchange_protocol.kinds.rows import OWES
from exchange_protocol.rules.clocks import (
    Clock,
    LegTimes,
    RuleEnd,
    is_overdue,
    next_due,
    running,
)
from exchange_protocol.trust.identity import AgencyId, Member, parse_agency_id, parse_member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2


@dataclass(frozen=True, slots=True)
class AskedConsent:
    """A request for consent to onward use that waits for a decision of the agency that lists."""

    request: bytes
    """Digest of the request: a decision is about it."""
    about: bytes
    """Digest of the statement that is to be passed on."""
    asked_by: AgencyId
    authority: AgencyId
    """The agency that is to receive it."""
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class NewestStatement:
    """The newest statement of another agency on a leg, of those that the agency that lists sees."""

    kind: Kind
    agency: AgencyId
    """The agency of its author."""
    index: int
    """Its entry in the log."""
    is_answered: bool = False
    """True if the agency that lists spoke on the leg since."""


@dataclass(frozen=True, slots=True)
class LegSummary:
    """A leg as the hub lists it."""

    agency: AgencyId
    state: LegState
    approvals_required: int
    approvals_given: int
    due_at: datetime | None
    """The due time of its answer: as it was asked, as a published time sets it, or extended."""
    claimed_by: Member | None = None
    """The member that has it in hand while it waits for approval."""
    claimed_at: datetime | None = None
    times: LegTimes | None = None
    """The times that run; None where the agency may not know the leg's present state."""
    due_on: date | None = None
    """The day whose end is the due time, where its author gave a day."""
    consents: tuple[AskedConsent, ...] = ()
    """The requests for consent that wait for a decision of the agency that lists."""
    newest: NewestStatement | None = None
    """The newest statement of another agency on it, of those that the agency that lists sees."""
    asks: Kind | None = None
    """The kind of a statement of the other end that asks something of the agency that lists, until
    it is answered."""

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """The clocks that run on the leg, the most pressing first."""
        return running(self.state, self.times, self.due_at, self.due_on)


@dataclass(frozen=True, slots=True)
class ExchangeSummary:
    """An exchange as the hub lists it; unverified."""

    id: str
    kind: Kind
    initiator: AgencyId
    initiated_at: datetime
    updated_at: datetime
    due_at: datetime | None
    """The due time of the initial statement."""
    urgency: Urgency
    handling: Handling
    legs: tuple[LegSummary, ...]
    due_on: date | None = None
    """The day whose end is the due time, where the initial statement gave a day."""

    @property
    def next_due(self) -> datetime | None:
        """The earliest due time of a leg that still owes an answer; extensions are heeded."""
        return next_due((leg.due_at, leg.state) for leg in self.legs)

    @property
    def next_due_on(self) -> date | None:
        """The day whose end is the earliest due time; None where nobody gave a day."""
        due = self.next_due
        days = (leg.due_on for leg in self.legs if leg.due_at == due and leg.state in OWES)
        return None if due is None else next(filter(None, days), None)

    def is_overdue(self, at: datetime) -> bool:
        """True if a leg still owes an answer that was due before then."""
        return any(is_overdue(leg.due_at, leg.state, at) for leg in self.legs)


def encode_summary(summary: ExchangeSummary) -> pb.ExchangeSummary:
    """Put the summary of an exchange on the wire."""
    return pb.ExchangeSummary(
        exchange_id=summary.id,
        kind=summary.kind.value,
        initiator=summary.initiator,
        initiated_at=to_timestamp(summary.initiated_at),
        updated_at=to_timestamp(summary.updated_at),
        due_at=_optional(summary.due_at),
        due_on=to_day(summary.due_on) if summary.due_on else None,
        urgency=statement_pb2.Urgency.ValueType(summary.urgency),
        handling=statement_pb2.Handling.ValueType(summary.handling),
        legs=map(_encode_leg, summary.legs),
    )


def _encode_leg(leg: LegSummary) -> pb.LegSummary:
    return pb.LegSummary(
        agency=leg.agency,
        state=log_pb2.LegState.ValueType(leg.state),
        approvals_required=leg.approvals_required,
        approvals_given=leg.approvals_given,
        due_at=_optional(leg.due_at),
        due_on=to_day(leg.due_on) if leg.due_on else None,
        claimed_by=leg.claimed_by.uri if leg.claimed_by else "",
        claimed_at=_optional(leg.claimed_at),
        times=encode_leg_times(leg.times) if leg.times else None,
        consents=map(encode_consent, leg.consents),
        newest=encode_newest(leg.newest) if leg.newest else None,
        asks=leg.asks.value if leg.asks else "",
    )


def _optional(at: datetime | None) -> Timestamp | None:
    return None if at is None else to_timestamp(at)


def parse_summary(message: pb.ExchangeSummary) -> ExchangeSummary:
    """Take the summary of an exchange from the wire."""
    return ExchangeSummary(
        id=parse_uuid(message.exchange_id, "exchange_id"),
        kind=parse_kind(message.kind),
        initiator=parse_agency_id(message.initiator, field="initiator"),
        initiated_at=parse_timestamp(message.initiated_at, "initiated_at"),
        updated_at=parse_timestamp(message.updated_at, "updated_at"),
        due_at=parse_timestamp(message.due_at, "due_at") if message.HasField("due_at") else None,
        due_on=_parse_day(message, "due_on"),
        urgency=parse_enum(Urgency, message.urgency, "urgency"),
        handling=parse_enum(Handling, message.handling, "handling"),
        legs=tuple(map(_parse_leg, message.legs)),
    )


def _parse_leg(message: pb.LegSummary) -> LegSummary:
    return LegSummary(
        agency=parse_agency_id(message.agency, field="legs.agency"),
        state=parse_enum(LegState, message.state, "legs.state"),
        approvals_required=message.approvals_required,
        approvals_given=message.approvals_given,
        due_at=parse_timestamp(message.due_at, "legs.due_at")
        if message.HasField("due_at")
        else None,
        due_on=_parse_day(message, "legs.due_on"),
        times=parse_leg_times(message.times) if message.HasField("times") else None,
        claimed_by=parse_member(message.claimed_by) if message.claimed_by else None,
        claimed_at=parse_timestamp(message.claimed_at, "legs.claimed_at")
        if message.HasField("claimed_at")
        else None,
        consents=tuple(map(parse_consent, message.consents)),
        newest=parse_newest(message.newest) if message.HasField("newest") else None,
        asks=parse_kind(message.asks, "legs.asks") if message.asks else None,
    )


def _parse_day(message: pb.ExchangeSummary | pb.LegSummary, where: str) -> date | None:
    """Take the day of a due time, which must be its end."""
    if not message.HasField("due_on"):
        return None
    day = parse_day(message.due_on, where)
    end = parse_timestamp(message.due_at, "due_at") if message.HasField("due_at") else None
    check_day(day, end, where)
    return day


def encode_consent(consent: AskedConsent) -> pb.AskedConsent:
    """Put a request for consent on the wire."""
    return pb.AskedConsent(
        request=consent.request,
        about=consent.about,
        asked_by=consent.asked_by,
        authority=consent.authority,
        purpose=statement_pb2.Purpose.ValueType(consent.purpose),
    )


def parse_consent(message: pb.AskedConsent) -> AskedConsent:
    """Take a request for consent from the wire."""
    return AskedConsent(
        request=parse_digest(message.request, "legs.consents.request"),
        about=parse_digest(message.about, "legs.consents.about"),
        asked_by=parse_agency_id(message.asked_by, field="legs.consents.asked_by"),
        authority=parse_agency_id(message.authority, field="legs.consents.authority"),
        purpose=parse_enum(Purpose, message.purpose, "legs.consents.purpose"),
    )


def encode_newest(newest: NewestStatement) -> pb.NewestStatement:
    """Put the newest statement of a leg on the wire."""
    return pb.NewestStatement(
        kind=newest.kind.value,
        agency=newest.agency,
        index=newest.index,
        is_answered=newest.is_answered,
    )


def parse_newest(message: pb.NewestStatement) -> NewestStatement:
    """Take the newest statement of a leg from the wire."""
    return NewestStatement(
        kind=parse_kind(message.kind, "legs.newest.kind"),
        agency=parse_agency_id(message.agency, field="legs.newest.agency"),
        index=message.index,
        is_answered=message.is_answered,
    )


def encode_leg_times(times: LegTimes) -> pb.LegTimes:
    """Put the times of a leg on the wire."""
    return pb.LegTimes(
        since=to_timestamp(times.since),
        answer_due=to_timestamp(times.answer_due) if times.answer_due else None,
        is_by_rule=times.is_by_rule,
        ends=[
            pb.RuleEnd(
                rule=statement_pb2.TimeLimitRule.ValueType(each.rule),
                at=to_timestamp(each.at),
                unpublished_years=each.unpublished,
            )
            for each in times.ends
        ],
        judge_awaited_since=to_timestamp(times.judge_awaited_since)
        if times.judge_awaited_since
        else None,
    )


def parse_leg_times(message: pb.LegTimes) -> LegTimes:
    """Take the times of a leg from the wire."""
    return LegTimes(
        since=parse_timestamp(message.since, "legs.times.since"),
        answer_due=parse_timestamp(message.answer_due, "legs.times.answer_due")
        if message.HasField("answer_due")
        else None,
        is_by_rule=message.is_by_rule,
        ends=tuple(
            RuleEnd(
                parse_enum(TimeLimitRule, each.rule, "legs.times.ends.rule"),
                parse_timestamp(each.at, "legs.times.ends.at"),
                tuple(each.unpublished_years),
            )
            for each in message.ends
        ),
        judge_awaited_since=parse_timestamp(
            message.judge_awaited_since, "legs.times.judge_awaited_since"
        )
        if message.HasField("judge_awaited_since")
        else None,
    )
