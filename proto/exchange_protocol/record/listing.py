"""A leg in a list of exchanges, beside its state: values, and their form on the wire.

The hub puts them there, and clients take them. A list is the hub's word: only their form is checked
here. `parse_…` raises InvalidInput, with the field as a summary names it.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.catalogue import Kind, parse_kind
from exchange_protocol.kinds.codes import Purpose, TimeLimitRule
from exchange_protocol.kinds.fields import (
    parse_digest,
    parse_enum,
    parse_timestamp,
    to_timestamp,
)
from exchange_protocol.rules.clocks import LegTimes, RuleEnd
from exchange_protocol.trust.identity import AgencyId, parse_agency_id
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import statement_pb2


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
