"""The hub's summaries and notices, taken from the wire; their form is checked and no more.

`summary_message` is the way back, so that a list can be kept as it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from agency_client.core.views import ExchangeSummary, LegSummary, Notice
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.kinds.codes import Handling, LegState, Urgency
from exchange_protocol.kinds.days import check_day, parse_day, to_day
from exchange_protocol.kinds.fields import (
    parse_enum,
    parse_optional_enum,
    parse_timestamp,
    parse_uuid,
    to_timestamp,
)
from exchange_protocol.record.entries import Event
from exchange_protocol.record.listing import (
    encode_consent,
    encode_leg_times,
    encode_newest,
    parse_consent,
    parse_leg_times,
    parse_newest,
)
from exchange_protocol.trust.identity import parse_agency_id, parse_member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2


def parse_summary(message: pb.ExchangeSummary) -> ExchangeSummary:
    """Take a summary from the wire; a malformed one is the hub's fault (ENTRY_MISMATCH)."""
    try:
        return ExchangeSummary(
            id=parse_uuid(message.exchange_id, "exchange_id"),
            kind=parse_kind(message.kind),
            initiator=parse_agency_id(message.initiator, field="initiator"),
            initiated_at=parse_timestamp(message.initiated_at, "initiated_at"),
            updated_at=parse_timestamp(message.updated_at, "updated_at"),
            due_at=parse_timestamp(message.due_at, "due_at")
            if message.HasField("due_at")
            else None,
            due_on=_parse_day(message, "due_on"),
            urgency=parse_enum(Urgency, message.urgency, "urgency"),
            handling=parse_enum(Handling, message.handling, "handling"),
            legs=tuple(
                LegSummary(
                    agency=parse_agency_id(leg.agency, field="legs.agency"),
                    state=parse_enum(LegState, leg.state, "legs.state"),
                    approvals_required=leg.approvals_required,
                    approvals_given=leg.approvals_given,
                    due_at=parse_timestamp(leg.due_at, "legs.due_at")
                    if leg.HasField("due_at")
                    else None,
                    due_on=_parse_day(leg, "legs.due_on"),
                    times=parse_leg_times(leg.times) if leg.HasField("times") else None,
                    claimed_by=parse_member(leg.claimed_by) if leg.claimed_by else None,
                    claimed_at=parse_timestamp(leg.claimed_at, "legs.claimed_at")
                    if leg.HasField("claimed_at")
                    else None,
                    consents=tuple(map(parse_consent, leg.consents)),
                    newest=parse_newest(leg.newest) if leg.HasField("newest") else None,
                    asks=parse_kind(leg.asks, "legs.asks") if leg.asks else None,
                )
                for leg in message.legs
            ),
        )
    except ExchangeError as error:
        raise _malformed("summary", error) from error


def _parse_day(message: pb.ExchangeSummary | pb.LegSummary, where: str) -> date | None:
    """Take the day of a due time, which must be its end."""
    if not message.HasField("due_on"):
        return None
    day = parse_day(message.due_on, where)
    end = parse_timestamp(message.due_at, "due_at") if message.HasField("due_at") else None
    check_day(day, end, where)
    return day


def summary_message(summary: ExchangeSummary) -> pb.ExchangeSummary:
    """Put a summary into the form in which it came."""
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
        legs=map(_leg_message, summary.legs),
    )


def _leg_message(leg: LegSummary) -> pb.LegSummary:
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


def check_unlisted(page: Iterable[ExchangeSummary], listed: set[str]) -> None:
    """Check that a page repeats nothing, or a list would have no end; adds it to `listed`."""
    for each in page:
        if each.id in listed:
            raise Reason.ENTRY_MISMATCH.error(f"the hub lists exchange {each.id} twice")
        listed.add(each.id)


def parse_notice(message: pb.Notice) -> Notice:
    """Take a notice from the wire; a malformed one is the hub's fault (ENTRY_MISMATCH)."""
    try:
        return Notice(
            exchange_id=parse_uuid(message.exchange_id, "exchange_id"),
            index=message.index,
            event=parse_enum(Event, message.event, "event"),
            kind=parse_kind(message.kind) if message.kind else None,
            actor_agency=parse_agency_id(message.actor_agency, field="actor_agency"),
            urgency=parse_optional_enum(Urgency, message.urgency, "urgency"),
        )
    except ExchangeError as error:
        raise _malformed("notice", error) from error


def _malformed(what: str, error: ExchangeError) -> ExchangeError:
    return Reason.ENTRY_MISMATCH.error(f"the hub gave a malformed {what}: {error}")
