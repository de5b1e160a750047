"""A notice: the line in which the hub tells an agency that an entry became visible to it.

It is the hub's word: only its form is checked here. A client verifies the exchange itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.catalogue import Kind, parse_kind
from exchange_protocol.kinds.codes import Urgency
from exchange_protocol.kinds.fields import parse_enum, parse_optional_enum, parse_uuid
from exchange_protocol.record.entries import Event
from exchange_protocol.trust.identity import AgencyId, parse_agency_id
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2


@dataclass(frozen=True, slots=True)
class Notice:
    """Something became visible to the agency; the hub's word, `get` verifies it."""

    exchange_id: str
    index: int
    """The entry of the log that became visible."""
    event: Event
    kind: Kind | None
    """The kind of the statement that the entry is; None for other events."""
    actor_agency: AgencyId
    urgency: Urgency | None


def encode_notice(notice: Notice) -> pb.Notice:
    """Put a notice on the wire."""
    return pb.Notice(
        exchange_id=notice.exchange_id,
        index=notice.index,
        event=log_pb2.Event.ValueType(notice.event),
        kind=notice.kind.value if notice.kind else "",
        actor_agency=notice.actor_agency,
        urgency=statement_pb2.Urgency.ValueType(notice.urgency or 0),
    )


def parse_notice(message: pb.Notice) -> Notice:
    """Take a notice from the wire; raises InvalidInput."""
    return Notice(
        exchange_id=parse_uuid(message.exchange_id, "exchange_id"),
        index=message.index,
        event=parse_enum(Event, message.event, "event"),
        kind=parse_kind(message.kind) if message.kind else None,
        actor_agency=parse_agency_id(message.actor_agency, field="actor_agency"),
        urgency=parse_optional_enum(Urgency, message.urgency, "urgency"),
    )
