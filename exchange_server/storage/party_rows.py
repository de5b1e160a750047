"""Lists of exchanges as an agency sees them: newest first, by the entry that opened each.

A recipient does not see that its leg is held again for a supplement or an invitation: until the
release the leg stands for it as it would without that (`LegRecord.shown`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
    type_coerce,
)

from exchange_protocol.kinds.catalogue import STATES_OF_ASKING, Kind, parse_kind
from exchange_protocol.kinds.codes import Handling, LegState, Party, Urgency
from exchange_protocol.record.entries import parse_entry
from exchange_protocol.record.listing import (
    AskedConsent,
    ExchangeSummary,
    LegSummary,
    NewestStatement,
)
from exchange_protocol.rules.leg_record import (
    UNDECIDED,
    LegRecord,
    ShownLeg,
    decode_record,
    shown_as,
)
from exchange_protocol.trust.identity import AgencyId, parse_member
from exchange_server.storage.columns import Digests
from exchange_server.storage.newest_rows import (
    NOT_SEARCHED,
    newest_said,
    search_together,
)
from exchange_server.storage.rows import Lookup, pieces
from exchange_server.storage.tables import exchanges, feed, legs, log_entries, parties


class SeenExchange(NamedTuple):
    """An exchange as an agency may know it."""

    initial_index: int
    """The entry of its initial statement: lists are in its order."""
    summary: ExchangeSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A choice: parties (none: all), leg states and kinds (none: any), and where to go on."""

    agency: str
    parties: tuple[Party, ...] = ()
    states: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    pending: bool = False
    """Only legs that wait for an approval that the agency may give."""
    awaits_consent: bool = False
    """Only legs on which a request for consent waits for the agency."""
    before: int | None = None
    """Only exchanges opened before this entry."""


WINDOW: Final = 2000
"""Parties that one query looks through, where few of them may match."""
_CONSENTS_AT_ONCE: Final = 200
_PARTIES_AN_EXCHANGE: Final = 4
"""Looked through where all match; where an agency has more, a page takes another query."""
_EXCHANGE_COLUMNS = (
    "exchange_id",
    "initial_index",
    "kind",
    "initiator",
    "initiated_at",
    "due_at",
    "due_on",
    "urgency",
    "handling",
)
_b, _g, _x, _f, _e = parties.c, legs.c, exchanges.c, feed.c, log_entries.c
_BLINDFOLDED = and_(_b.party == Party.RECIPIENT.number, _g.hidden != literal((), Digests()))
"""A recipient does not know that its leg is held again, or what became of that: state, times and
approvals of the leg would tell of what stays hidden."""
_SEEN_STATE: ColumnElement[int] = case(
    *(
        (and_(_BLINDFOLDED, _g.record.like(f"%{shown_as(state)}%")), int(state))
        for state in (LegState.LEFT, LegState.REFUSED)
    ),
    (and_(_BLINDFOLDED, _g.state == int(LegState.HELD)), int(LegState.RETURNED)),
    else_=_g.state,
)
"""As `_known` gives it, in SQL: whoever left or declined is invited again, or content is held on a
leg that was returned. In all other states the leg stands as its recipient knows it."""
_JOINED = parties.join(legs, and_(_g.exchange_id == _b.exchange_id, _g.agency == _b.leg)).join(
    exchanges, _x.exchange_id == _b.exchange_id
)


_NOTHING_KNOWN: Final = ShownLeg(LegState.RETURNED, 0, 0, None, None, None)

_AGENCY = bindparam("agency", type_=String)


_SEEN = (
    select(
        *(_x[name] for name in _EXCHANGE_COLUMNS),
        _g.agency.label("leg"),
        _SEEN_STATE.label("state"),
        _g.approvals_required,
        _g.approvals,
        _g.awaits,
        _b.party,
        _g.due_at.label("leg_due_at"),
        _g.due_on.label("leg_due_on"),
        _g.record.label("leg_record"),
        _BLINDFOLDED.label("is_blindfolded"),
        # The exchange's own time would tell of what is held, and of other legs.
        select(func.max(_f.entry_index))
        .where(_f.exchange_id == _x.exchange_id, _f.agency == _AGENCY)
        .scalar_subquery()
        .label("newest"),
        newest_said(by_agency=False).label("newest_of_others"),
        newest_said(by_agency=True).label("newest_own"),
    )
    .select_from(_JOINED)
    # All parties there are: named, they let the primary key find each exchange. Without them
    # SQLite walks through all that the agency sees.
    .where(
        _b.agency == _AGENCY,
        _b.party.in_([party.number for party in Party]),
        _b.initial_index.in_(bindparam("opened", expanding=True)),
    )
    .order_by(_b.initial_index.desc(), _g.position, _b.party)
)
"""Made once: building it takes longer than running it."""
_OPENED = Lookup(select(_x.initial_index), _x.exchange_id)
_ENTRIES = Lookup(select(_e.idx, _e.entry), _e.idx)
_KINDS = Lookup(select(_e.idx, _e.kind, _e.actor_agency), _e.idx)
_SAID = Lookup(
    select(_e.payload_sha256, _e.kind, _e.actor_agency).where(_e.statement_id.is_not(None)),
    _e.payload_sha256,
)
_MAY_BE_ASKED: Final = frozenset(
    (party.number, int(state)) for party, states in STATES_OF_ASKING.items() for state in states
)
"""Parties and states of legs in which one is asked something."""
_ASKING: Final = frozenset(kind.value for kind in Kind if kind.spec.asks is not None)


def list_seen(
    connection: Connection, selection: Selection, limit: int
) -> tuple[list[SeenExchange], int | None]:
    """List the newest exchanges that an agency sees, at most `limit`, of one window of its parties.

    Gives also where to go on; None if the agency sees no more.
    """
    # All parties there are: named, they let the primary key find the newest of each.
    parties_asked = [party.number for party in selection.parties or tuple(Party)]
    is_filtered = (
        selection.states or selection.kinds or selection.pending or selection.awaits_consent
    )
    most = WINDOW if is_filtered else min(WINDOW, limit * _PARTIES_AN_EXCHANGE)
    indexes = _newest(connection, selection, parties_asked, most)
    if not indexes:
        return [], None
    query = _window(
        states=bool(selection.states),
        kinds=bool(selection.kinds),
        pending=selection.pending,
        awaits_consent=selection.awaits_consent,
    )
    # Few of those with a request for consent may be for this agency: a page is not filled by ones.
    most_found = max(limit, _CONSENTS_AT_ONCE) if selection.awaits_consent else limit
    values = {
        "agency": selection.agency,
        "asked": parties_asked,
        "first": indexes[-1],
        "last": indexes[0],
        "most": most_found,
        "states": selection.states,
        "kinds": selection.kinds,
        # Agency ids hold no wildcard and no quote: this finds exactly the id in the JSON list.
        "named": f'%"{selection.agency}"%',
    }
    found = [(index, exchange_id) for index, exchange_id in connection.execute(query, values)]
    before = indexes[-1] if len(indexes) == most else None
    seen = read_seen(connection, selection.agency, [exchange_id for _, exchange_id in found])
    if selection.awaits_consent:
        # The query finds the legs where anybody's consent is asked for.
        seen = [each for each in seen if any(leg.consents for leg in each.summary.legs)]
        before = found[-1][0] if len(found) == most_found else before
        if len(seen) > limit:
            seen = seen[:limit]
            before = seen[-1].initial_index
    return seen, before


@lru_cache
def _window(*, states: bool, kinds: bool, pending: bool, awaits_consent: bool) -> Select[Any]:
    """The query of a window of an agency's parties, with the filters that are asked for."""
    query = (
        select(_b.initial_index, _b.exchange_id)
        .select_from(_JOINED)
        .where(
            _b.agency == _AGENCY,
            _b.party.in_(bindparam("asked", expanding=True)),
            _b.initial_index <= bindparam("last"),
            _b.initial_index >= bindparam("first"),
        )
        .distinct()
        .order_by(_b.initial_index.desc())
        .limit(bindparam("most"))
    )
    if states:
        query = query.where(_SEEN_STATE.in_(bindparam("states", expanding=True)))
    if kinds:
        query = query.where(_x.kind.in_(bindparam("kinds", expanding=True)))
    if pending:
        named = type_coerce(_g.approvers, String).like(bindparam("named"))
        query = query.where(_g.state == int(LegState.HELD), named)
    if awaits_consent:
        query = query.where(_g.record.like(f"%{UNDECIDED}%"))
    return query


_AFTER_ALL: Final = 2**63 - 1
_NEWEST = (
    select(_b.initial_index)
    .where(
        _b.agency == _AGENCY,
        _b.party == bindparam("party"),
        _b.initial_index < bindparam("before"),
    )
    .order_by(_b.initial_index.desc())
    .limit(bindparam("most"))
)


def _newest(
    connection: Connection, selection: Selection, asked: Sequence[int], most: int
) -> list[int]:
    """The entries of the newest initial statements of an agency's parties."""
    found: list[int] = []
    before = _AFTER_ALL if selection.before is None else selection.before
    for party in asked:
        values = {"agency": selection.agency, "party": party, "before": before, "most": most}
        found += connection.execute(_NEWEST, values).scalars()
    return sorted(found, reverse=True)[:most]


def read_seen(
    connection: Connection, agency: str, exchange_ids: Sequence[str]
) -> list[SeenExchange]:
    """Read exchanges as an agency may know them, newest first; others are left out."""
    opened = [index for (index,) in _OPENED.rows(connection, exchange_ids)]
    rows: dict[str, list[RowMapping]] = {}
    # By the initial entry: a search of parties by exchange would scan the table.
    opened.sort(reverse=True)
    for some in pieces(opened):
        found = connection.execute(_SEEN, {"agency": agency, "opened": some})
        for row in found.mappings():
            rows.setdefault(row["exchange_id"], []).append(row)
    groups = list(rows.values())
    newest = [group[0]["newest"] for group in groups if group[0]["newest"] is not None]
    entries = _ENTRIES.rows(connection, sorted(newest))
    times = {index: parse_entry(entry).hub_time for index, entry in entries}
    of_others = {row["newest_of_others"] for group in groups for row in group} - {None}
    searched = {}
    if NOT_SEARCHED in of_others:
        of_others.discard(NOT_SEARCHED)
        searched = _searched(connection, agency, groups)
    said = {index: (kind, by) for index, kind, by in _KINDS.rows(connection, sorted(of_others))}
    asked = {
        row["awaits"]
        for group in groups
        for row in group
        if (row["party"], row["state"]) in _MAY_BE_ASKED
    }
    awaited = {
        digest: kind
        for digest, kind, by in _SAID.rows(connection, sorted(asked))
        if by != agency and kind in _ASKING
    }
    return [
        _seen(group, times, said, searched.get(group[0]["exchange_id"], {}), awaited)
        for group in groups
    ]


def _searched(
    connection: Connection, agency: str, groups: Sequence[Sequence[RowMapping]]
) -> dict[str, dict[str, NewestStatement]]:
    """The newest statements on the legs that were not searched by themselves, by exchange."""
    found = {}
    for group in groups:
        wanted: dict[str, bool] = {}
        for row in group:
            if row["newest_of_others"] == NOT_SEARCHED:
                wanted.setdefault(row["leg"], row["party"] == Party.INITIATOR.number)
        if wanted:
            exchange_id = group[0]["exchange_id"]
            found[exchange_id] = search_together(connection, agency, exchange_id, wanted)
    return found


def _seen(
    rows: Sequence[RowMapping],
    times: Mapping[int, datetime],
    said: Mapping[int, tuple[str, str]],
    searched: Mapping[str, NewestStatement],
    awaited: Mapping[bytes, str],
) -> SeenExchange:
    """Put the rows of an exchange together: one for each leg and party of the agency."""
    legs: dict[str, LegSummary] = {}
    for row in rows:
        if row["leg"] not in legs:
            newest = searched.get(row["leg"]) or _newest_statement(row, said)
            legs[row["leg"]] = _leg(row, newest, awaited)
    first = rows[0]
    summary = ExchangeSummary(
        id=first["exchange_id"],
        kind=parse_kind(first["kind"]),
        initiator=AgencyId(first["initiator"]),
        initiated_at=first["initiated_at"],
        updated_at=times.get(first["newest"], first["initiated_at"]),
        due_at=first["due_at"],
        due_on=first["due_on"],
        urgency=Urgency(first["urgency"]),
        handling=Handling(first["handling"]),
        legs=tuple(legs.values()),
    )
    return SeenExchange(first["initial_index"], summary)


def _leg(
    row: RowMapping, newest: NewestStatement | None, awaited: Mapping[bytes, str]
) -> LegSummary:
    record = decode_record(row["leg_record"])
    known = _known(row, record)
    decides = row["party"] == Party.APPROVER.number and row["state"] == int(LegState.HELD)
    claim = record.claim if decides else None
    may_be_asked = (row["party"], row["state"]) in _MAY_BE_ASKED
    asks = awaited.get(row["awaits"]) if may_be_asked else None
    return LegSummary(
        agency=AgencyId(row["leg"]),
        state=known.state,
        approvals_required=known.approvals_required,
        approvals_given=known.approvals_given,
        due_at=known.due_at,
        due_on=known.due_on,
        times=known.times,
        claimed_by=parse_member(claim.member) if claim else None,
        claimed_at=claim.at if claim else None,
        consents=_asked(record, row),
        newest=newest,
        asks=parse_kind(asks) if asks else None,
    )


def _known(row: RowMapping, record: LegRecord) -> ShownLeg:
    """The leg of a row as the agency may know it."""
    if row["is_blindfolded"]:
        # A hub of schema 0008 that still runs writes none: then nothing at all is told.
        return record.shown or _NOTHING_KNOWN
    return ShownLeg(
        state=LegState(row["state"]),
        approvals_required=row["approvals_required"],
        approvals_given=len(row["approvals"]),
        due_at=row["leg_due_at"],
        due_on=row["leg_due_on"],
        times=record.times,
    )


def _newest_statement(
    row: RowMapping, said: Mapping[int, tuple[str, str]]
) -> NewestStatement | None:
    index = row["newest_of_others"]
    if index is None or index == NOT_SEARCHED:
        return None
    kind, by = said[index]
    is_answered = (row["newest_own"] or -1) > index
    return NewestStatement(parse_kind(kind), AgencyId(by), index, is_answered)


def _asked(record: LegRecord, row: RowMapping) -> tuple[AskedConsent, ...]:
    """The requests for consent on a leg that wait for the agency."""
    ends = {Party.INITIATOR.number: Party.INITIATOR, Party.RECIPIENT.number: Party.RECIPIENT}
    party = ends.get(row["party"])
    if party is None:
        return ()
    asker = row["initiator"] if party is Party.RECIPIENT else row["leg"]
    return tuple(
        AskedConsent(
            each.request,
            each.about,
            each.member or AgencyId(asker),
            each.authority,
            each.purpose,
        )
        for each in record.consents_asked_of(party, LegState(row["state"]))
    )
