"""The state of exchanges, and the parties that they are listed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, select, tuple_

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, LegState, Tlp
from exchange_protocol.kinds.offences import offences_of
from exchange_protocol.rules.access import kept_until
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.leg_record import decode_record, encode_record
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId
from exchange_server.storage.rows import (
    Lookup,
    field_names,
    insert_new_rows,
    insert_rows,
    replace_rows,
    update_rows,
)
from exchange_server.storage.tables import exchanges, legs, log_entries, parties


class ExchangeRow(NamedTuple):
    """An exchange; the rest of its header stands in its initial statement."""

    exchange_id: str
    initial_index: int
    kind: str
    initiator: str
    initiated_at: datetime
    updated_at: datetime
    due_at: datetime | None
    urgency: int
    handling: int
    due_on: date | None


class LegRow(NamedTuple):
    """A leg (`rules.exchange.Leg`) at its position in the exchange."""

    exchange_id: str
    agency: str
    position: int
    state: int
    awaits: bytes
    handling: int
    tlp: int
    subject_count: int
    was_released: bool
    approvals_required: int
    due_at: datetime | None
    approvers: tuple[str, ...]
    approvals: tuple[str, ...]
    hidden: tuple[bytes, ...]
    record: str
    kept_until: datetime | None
    due_on: date | None


class PartyRow(NamedTuple):
    """An agency sees a leg; `initial_index` orders its lists."""

    agency: str
    party: int
    initial_index: int
    leg: str
    exchange_id: str


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """An exchange with the index of the entry that opened it."""

    exchange: Exchange
    initial_index: int


def leg_rows(exchange: Exchange) -> list[LegRow]:
    """The rows of an exchange's legs."""
    return [
        LegRow(
            exchange_id=exchange.id,
            agency=leg.agency,
            position=position,
            state=leg.state,
            awaits=leg.awaits,
            handling=leg.handling,
            tlp=leg.tlp,
            subject_count=leg.subject_count,
            was_released=leg.was_released,
            approvals_required=leg.approvals_required,
            due_at=leg.due_at,
            approvers=leg.approvers,
            approvals=leg.approvals,
            hidden=leg.hidden,
            record=encode_record(leg.record),
            kept_until=kept_until(leg),
            due_on=leg.due_on,
        )
        for position, leg in enumerate(exchange.legs)
    ]


def insert_exchanges(connection: Connection, rows: Sequence[ExchangeRow]) -> None:
    """Open exchanges."""
    insert_rows(connection, exchanges, rows)


def touch_exchanges(connection: Connection, times: Sequence[tuple[str, datetime]]) -> None:
    """Set when exchanges last changed; each pair is exchange id and time."""
    update_rows(connection, exchanges, "exchange_id", "updated_at", times)


def write_days(connection: Connection, days: Sequence[tuple[str, date]]) -> None:
    """Set the days on which answers were due first; each pair is exchange id and day."""
    update_rows(connection, exchanges, "exchange_id", "due_on", days)


def write_legs(connection: Connection, rows: Sequence[LegRow]) -> None:
    """Insert or replace legs."""
    replace_rows(connection, legs, rows)


def find_ended(
    connection: Connection, after: tuple[datetime, str] | None, now: datetime, most: int
) -> list[tuple[datetime, str]]:
    """Find some legs whose retention has ended, in order: the time, and the exchange."""
    g = legs.c
    query = select(g.kept_until, g.exchange_id).where(g.kept_until <= now)
    if after is not None:
        # With their types: a time is a number in the database, and would be sent as a time.
        place = tuple_(*after, types=[g.kept_until.type, g.exchange_id.type])
        query = query.where(tuple_(g.kept_until, g.exchange_id) > place)
    query = query.order_by(g.kept_until, g.exchange_id).limit(most)
    return [(until, exchange_id) for until, exchange_id in connection.execute(query)]


def insert_parties(connection: Connection, rows: Sequence[PartyRow]) -> None:
    """Let agencies see legs, where they do not yet."""
    insert_new_rows(connection, parties, rows)


_x, _g = exchanges.c, legs.c
_OPENED = Lookup(select(_x.exchange_id), _x.exchange_id)
_LEGS = Lookup(
    select(*(_g[name] for name in field_names(LegRow))).order_by(_g.exchange_id, _g.position),
    _g.exchange_id,
)
_EXCHANGES = Lookup(
    select(_x.exchange_id, _x.initial_index, _x.kind, _x.initiator, log_entries.c.payload).join(
        log_entries, log_entries.c.idx == _x.initial_index
    ),
    _x.exchange_id,
)


def load_exchanges(
    connection: Connection, exchange_ids: Sequence[str]
) -> dict[str, StoredExchange]:
    """Load the state of exchanges; unknown ones are left out."""
    # Most are looked for to see that a new one's id is free.
    exchange_ids = [exchange_id for (exchange_id,) in _OPENED.rows(connection, exchange_ids)]
    by_exchange: dict[str, list[Leg]] = {}
    for values in _LEGS.rows(connection, exchange_ids):
        row = LegRow(*values)
        by_exchange.setdefault(row.exchange_id, []).append(_leg(row))
    found = {}
    for exchange_id, initial_index, kind, initiator, payload in _EXCHANGES.rows(
        connection, exchange_ids
    ):
        initial = parse_statement(payload)
        exchange = Exchange(
            id=exchange_id,
            kind=Kind(kind),
            initiator=AgencyId(initiator),
            header=initial.header,
            offences=offences_of(initial.body),
            legs=tuple(by_exchange.get(exchange_id, ())),
        )
        found[exchange_id] = StoredExchange(exchange, initial_index)
    return found


def _leg(row: LegRow) -> Leg:
    return Leg(
        agency=AgencyId(row.agency),
        state=LegState(row.state),
        awaits=row.awaits,
        handling=Handling(row.handling),
        tlp=Tlp(row.tlp),
        subject_count=row.subject_count,
        was_released=bool(row.was_released),
        approvals_required=row.approvals_required,
        due_at=row.due_at,
        due_on=row.due_on,
        approvers=tuple(map(AgencyId, row.approvers)),
        approvals=row.approvals,
        hidden=row.hidden,
        record=decode_record(row.record),
    )
