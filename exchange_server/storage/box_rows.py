"""Lists of exchanges as an agency sees them: newest first, paged by the opening's index.

A recipient does not see that its leg is held again for a supplement: until the release the leg
stands for it where it left it, RETURNED.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, String, and_, case, select, type_coerce

from exchange_protocol.rules.lifecycle import LegState
from exchange_server.storage.exchange_rows import Seat
from exchange_server.storage.tables import boxes, exchanges, legs


@dataclass(frozen=True, slots=True)
class SeenLeg:
    """A leg as an agency may know it."""

    agency: str
    state: int
    approvals_required: int
    approvals_given: int


@dataclass(frozen=True, slots=True)
class SeenExchange:
    """An exchange as an agency may know it."""

    exchange_id: str
    opened_index: int
    kind: str
    opener: str
    opened_at: datetime
    updated_at: datetime
    due_at: datetime | None
    urgency: int
    handling: int
    legs: tuple[SeenLeg, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to list: seats (none: all), leg states and kinds (none: any), and where to go on."""

    agency: str
    seats: tuple[Seat, ...] = ()
    states: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    pending: bool = False
    """Only legs that wait for an approval that the agency may give."""
    before: int | None = None
    """Only exchanges opened before this entry."""


_b, _g, _x = boxes.c, legs.c, exchanges.c
_BLINDFOLDED = and_(_b.box == int(Seat.RECIPIENT), _g.state == int(LegState.HELD))
_SEEN_STATE: ColumnElement[int] = case((_BLINDFOLDED, int(LegState.RETURNED)), else_=_g.state)
_JOINED = boxes.join(legs, and_(_g.exchange_id == _b.exchange_id, _g.agency == _b.leg)).join(
    exchanges, _x.exchange_id == _b.exchange_id
)


def list_seen(connection: Connection, selection: Selection, limit: int) -> list[SeenExchange]:
    """List the exchanges that an agency sees, newest first, at most `limit`."""
    query = (
        select(_b.opened_index, _b.exchange_id)
        .select_from(_JOINED)
        .where(_b.agency == selection.agency)
        .distinct()
        .order_by(_b.opened_index.desc())
        .limit(limit)
    )
    if selection.seats:
        query = query.where(_b.box.in_(selection.seats))
    if selection.states:
        query = query.where(_SEEN_STATE.in_(selection.states))
    if selection.kinds:
        query = query.where(_x.kind.in_(selection.kinds))
    if selection.before is not None:
        query = query.where(_b.opened_index < selection.before)
    if selection.pending:
        # Agency ids hold no wildcard and no quote, so this finds exactly the id in the JSON list.
        named = type_coerce(_g.approvers, String).contains(f'"{selection.agency}"')
        query = query.where(_g.state == int(LegState.HELD), named)
    found = [exchange_id for _, exchange_id in connection.execute(query)]
    return read_seen(connection, selection.agency, found)


def read_seen(
    connection: Connection, agency: str, exchange_ids: Sequence[str]
) -> list[SeenExchange]:
    """Read exchanges as an agency may know them, newest first; others are left out."""
    query = (
        select(
            _x.exchange_id,
            _x.opened_index,
            _x.kind,
            _x.opener,
            _x.opened_at,
            _x.updated_at,
            _x.due_at,
            _x.urgency,
            _x.handling,
            _b.box,
            _g.agency,
            _SEEN_STATE,
            _g.approvals_required,
            _g.approvals,
            _BLINDFOLDED,
        )
        .select_from(_JOINED)
        .where(_b.agency == agency, _b.exchange_id.in_(exchange_ids))
        .order_by(_b.opened_index.desc(), _g.position, _b.box)
    )
    rows: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(query):
        rows.setdefault(row[0], []).append(row)
    return [_seen(group) for group in rows.values()]


def _seen(rows: Sequence[Row[Any]]) -> SeenExchange:
    legs_by_agency: dict[str, SeenLeg] = {}
    for row in rows:
        agency, state, required, approvals, blindfolded = row[10:]
        given = 0 if blindfolded else len(approvals)
        leg = SeenLeg(agency, state, 0 if blindfolded else required, given)
        legs_by_agency.setdefault(agency, leg)
    return SeenExchange(*rows[0][:9], legs=tuple(legs_by_agency.values()))
