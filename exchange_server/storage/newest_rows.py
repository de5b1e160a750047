"""The newest statement of another agency on each leg, of those that an agency sees.

Of an exchange with few legs, as most have, each leg is searched by itself in the query that reads
it: from the newest entry on, and mostly the first one is it. For many legs that would cost legs
times entries, and parties who talk much would make the lists of others slow. So the legs beyond the
first few are searched together, in one pass over the entries; the agency's own is not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    bindparam,
    case,
    literal,
    or_,
    select,
    type_coerce,
)

from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.kinds.codes import Party
from exchange_protocol.record.listing import NewestStatement
from exchange_protocol.trust.identity import AgencyId
from exchange_server.storage.tables import exchanges, feed, legs, log_entries, parties

ALONE: Final = 8
READ_AT_ONCE: Final = 512
_b, _g, _x, _f, _e = parties.c, legs.c, exchanges.c, feed.c, log_entries.c
_AGENCY = bindparam("agency", type_=String)
NOT_SEARCHED: Final = -1
"""In the place of an entry, on a leg that is searched with others."""


def newest_said(*, by_agency: bool) -> ColumnElement[int | None]:
    """The entry of the newest statement on a leg that the agency, or another one, made.

    A supervisor's comment is said on no leg, and names the agency that it speaks to: to the
    initiator it is news of every leg.
    """
    author = _e.actor_agency == _AGENCY if by_agency else _e.actor_agency != _AGENCY
    # Agency ids hold no wildcard and no quote: this finds exactly the id in the JSON list.
    legs_of_entry = type_coerce(_e.legs, String)
    named: ColumnElement[bool] = legs_of_entry.like(literal('%"') + _g.agency + literal('"%'))
    if not by_agency:
        to_it = legs_of_entry.like(literal('%"') + _AGENCY + literal('"%'))
        named = or_(named, and_(_b.party == Party.INITIATOR.number, to_it))
    found = (
        select(_f.entry_index)
        .join_from(feed, log_entries, _e.idx == _f.entry_index)
        .where(
            _f.exchange_id == _x.exchange_id,
            _f.agency == _AGENCY,
            _e.kind.is_not(None),
            author,
            named,
        )
        .order_by(_f.entry_index.desc())
        .limit(1)
        .correlate(exchanges, legs, parties)
        .scalar_subquery()
    )
    is_alone = or_(_g.position < ALONE, _g.agency == _AGENCY)
    return case((is_alone, found), else_=NOT_SEARCHED)


_OLDER = (
    select(_f.entry_index, _e.kind, _e.actor_agency, _e.legs)
    .join_from(feed, log_entries, _e.idx == _f.entry_index)
    .where(
        _f.exchange_id == bindparam("exchange_id"),
        _f.agency == _AGENCY,
        _f.entry_index < bindparam("before"),
        _e.kind.is_not(None),
    )
    .order_by(_f.entry_index.desc())
    .limit(READ_AT_ONCE)
)


def search_together(
    connection: Connection, agency: str, exchange_id: str, wanted: Mapping[str, bool]
) -> dict[str, NewestStatement]:
    """Search the legs of one exchange; one on which nobody else spoke is left out.

    `wanted` tells of each leg whether the agency is its initiator.
    """
    as_initiator = {leg for leg, is_initiator in wanted.items() if is_initiator}
    found: dict[str, NewestStatement] = {}
    missing, answered = set(wanted), set[str]()
    before, is_last = 2**63 - 1, False
    while missing and not is_last:
        values = {"agency": agency, "exchange_id": exchange_id, "before": before}
        entries = connection.execute(_OLDER, values).all()
        is_last = len(entries) < READ_AT_ONCE
        for index, kind, by, named in entries:
            before = index
            if by == agency:
                answered.update(named)
                continue
            told = missing.intersection(named)
            if agency in named:
                told |= missing & as_initiator
            for leg in told:
                found[leg] = NewestStatement(
                    parse_kind(kind), AgencyId(by), index, is_answered=leg in answered
                )
            missing -= told
    return found
