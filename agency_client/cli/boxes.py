"""`agency todo|inbox|sent|pending|supervised`: lists of exchanges, as the hub tells them.

A list is the hub's word, over a log that lost nothing of what this profile saw. `agency show`
verifies an exchange before it shows anything of it. The references and summaries in a list are what
this profile sent or opened before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer
from rich.text import Text

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.output import Column, alarm, in_state, print_json, print_table
from agency_client.cli.session import (
    Session,
    cases_of,
    check_log,
    check_takes_part,
    marks_of,
    references_of,
    session_of,
)
from agency_client.core.possible import may_say
from agency_client.presentation.labels import Label
from agency_client.presentation.lists import Row, is_late, row, to_do
from agency_client.presentation.locale import Locale
from agency_client.presentation.news import read_up_to
from agency_client.presentation.plain import summary_json, waiting_json
from agency_client.presentation.steps import (
    STATES_AFTER_ALL,
    Waiting,
    states_asked,
    waiting,
    waiting_consents,
)
from agency_client.state.profile import Profile
from agency_client.state.references import Reference
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.record.listing import ExchangeSummary

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

PANEL = "Look"
_PARTIES: Final = (Party.RECIPIENT, Party.APPROVER, Party.INITIATOR)
"""Parties that an exchange may wait for."""

_MOST_CLOSED: Final = 50
"""The closed exchanges of a party among which news are looked for: one page of the newest."""

_WRAPPED: Final = frozenset(
    {
        Label.CASE,
        Label.KIND,
        Label.WHAT,
        Label.LEGS,
        Label.STATE,
        Label.NEXT,
        Label.ABOUT,
        Label.TIME_USED,
    }
)
_GIVE_WAY: Final = {Label.UPDATED: 4, Label.HANDLING: 3, Label.FROM: 2, Label.ABOUT: 1}

States: TypeAlias = Annotated[
    list[LegState] | None,
    typer.Option(
        "--state",
        parser=inputs.one_of(LegState),
        metavar="STATE",
        help="Only legs in this state, such as held or answered; repeatable.",
    ),
]

Overdue: TypeAlias = Annotated[
    bool, typer.Option("--overdue", help="Only what should have been answered by now.")
]


@app.command(rich_help_panel=PANEL)
def todo(context: typer.Context, overdue: Overdue = False) -> None:
    """List what waits for your agency, the most pressing first, and what may be done next."""
    session, now = session_of(context), datetime.now(UTC)
    found = []
    with session.hub() as hub:
        check_takes_part(hub)
        check_log(hub)
        marks = marks_of(hub.profile).read()
        for party in _PARTIES:
            listed = [*hub.exchanges(party=party, states=states_asked(party))]
            if party is not Party.APPROVER:
                # What is closed waits for nobody, but a supervisor may speak of it.
                known_ids = {each.id for each in listed}
                closed = islice(hub.exchanges(party=party, states=STATES_AFTER_ALL), _MOST_CLOSED)
                listed += [each for each in closed if each.id not in known_ids]
            found += waiting(listed, party, hub.agency, now, marks)
        found += waiting_consents(hub.exchanges(awaits_consent=True), hub.agency)
        found = [*_for_this_person(hub, found)]
        locale = session.locale_of(hub)
    known = references_of(hub.profile).references()
    cases = cases_of(hub.profile).by_exchange()
    items = to_do(found, known, locale, now, marks)
    pairs = [pair for pair in items if pair[1].is_overdue or not overdue]
    if session.as_json:
        told = [
            waiting_json(each, known.get(each.summary.id), now, read_up_to(marks, each.summary.id))
            | {
                "overdue": item.is_overdue,
                "cases": list(cases.get(each.summary.id, ())),
            }
            for each, item in pairs
        ]
        print_json({"todo": told})
        return
    rows = [
        (
            item.exchange_id,
            ", ".join(cases.get(item.exchange_id, ())),
            item.reference,
            alarm(item.due) if item.is_overdue else item.due,
            item.clock,
            item.what,
            in_state(item.state, each.state),
            f"{item.step}: {', '.join(item.commands)}",
            item.about,
        )
        for each, item in pairs
    ]
    columns = (
        Label.EXCHANGE,
        Label.CASE,
        Label.REFERENCE,
        Label.DUE,
        Label.TIME_USED,
        Label.WHAT,
        Label.STATE,
        Label.NEXT,
        Label.ABOUT,
    )
    empty = Label.NOTHING_OVERDUE if overdue else Label.NOTHING_TO_DO
    _print_list(columns, rows, locale, empty)


def _for_this_person(hub: ExchangeClient, found: Iterable[Waiting]) -> Iterator[Waiting]:
    """The list of the agency, with what the person's own role lets it do about that."""
    try:
        member = hub.member
    except ExchangeError:
        yield from found  # A profile that cannot sign reads its lists all the same.
        return
    for each in found:
        may = may_say(hub.directory, member, each.summary, each.legs)
        yield replace(each, may_say=may)


@app.command(rich_help_panel=PANEL)
def inbox(context: typer.Context, states: States = None, overdue: Overdue = False) -> None:
    """List what is addressed to your agency."""
    _list(session_of(context), Party.RECIPIENT, states, Label.NOTHING_ADDRESSED, overdue=overdue)


@app.command(rich_help_panel=PANEL)
def sent(context: typer.Context, states: States = None, overdue: Overdue = False) -> None:
    """List what your agency opened."""
    _list(session_of(context), Party.INITIATOR, states, Label.NOTHING_OPENED, overdue=overdue)


@app.command(rich_help_panel=PANEL)
def pending(context: typer.Context, states: States = None, overdue: Overdue = False) -> None:
    """List what waits for an approval that your agency may give."""
    _list(session_of(context), Party.APPROVER, states, Label.NOTHING_PENDING, overdue=overdue)


@app.command(rich_help_panel=PANEL)
def supervised(context: typer.Context, states: States = None, overdue: Overdue = False) -> None:
    """List what your agency sees as a supervisor."""
    _list(session_of(context), Party.SUPERVISOR, states, Label.NOTHING_SUPERVISED, overdue=overdue)


def _list(
    session: Session,
    party: Party,
    states: Iterable[LegState] | None,
    empty: Label,
    *,
    overdue: bool,
) -> None:
    now = datetime.now(UTC)
    with session.hub() as hub:
        check_takes_part(hub)
        check_log(hub)
        exchanges = [
            each
            for each in hub.exchanges(party=party, states=tuple(states or ()))
            if not overdue or is_late(each, party, now)
        ]
        locale = session.locale_of(hub)
    # An empty answer tells what was asked for: there may be others.
    if overdue:
        empty = Label.NOTHING_OVERDUE
    elif states:
        empty = Label.NOTHING_IN_STATE
    print_exchanges(session, hub.profile, exchanges, locale, empty, party)


def print_exchanges(
    session: Session,
    profile: Profile,
    exchanges: Sequence[ExchangeSummary],
    locale: Locale,
    empty: Label,
    party: Party | None = None,
) -> None:
    """Print a list of exchanges, with what the profile knows of each."""
    now = datetime.now(UTC)
    index, cases = references_of(profile), cases_of(profile).by_exchange()
    index.forget(
        each.id for each in exchanges if {leg.state for leg in each.legs} == {LegState.ERASED}
    )
    known: Mapping[str, Reference] = index.references()
    marks = marks_of(profile).read()
    if session.as_json:
        told = [
            summary_json(each, known.get(each.id), now, read_up_to(marks, each.id))
            | {"overdue": is_late(each, party, now), "cases": list(cases.get(each.id, ()))}
            for each in exchanges
        ]
        print_json({"exchanges": told})
        return
    columns = (
        Label.EXCHANGE,
        Label.CASE,
        Label.REFERENCE,
        Label.KIND,
        Label.FROM,
        Label.LEGS,
        Label.HANDLING,
        Label.DUE,
        Label.TIME_USED,
        Label.UPDATED,
        Label.ABOUT,
    )
    rows = []
    for each in exchanges:
        first, *rest = _cells(row(each, known, locale, now, party, marks))
        rows.append((first, ", ".join(cases.get(each.id, ())), *rest))
    _print_list(columns, rows, locale, empty)


def _cells(told: Row) -> tuple[str | Text, ...]:
    return (
        told.exchange_id,
        told.reference,
        told.what,
        told.initiator,
        Text("\n").join(in_state(words, state) for words, state in told.legs),
        told.handling,
        alarm(told.due) if told.is_overdue else told.due,
        told.clock,
        told.updated,
        told.about,
    )


def _print_list(
    columns: Sequence[Label], rows: Sequence[Sequence[str | Text]], locale: Locale, empty: Label
) -> None:
    """Print a list; a column in which nothing stands is left out."""
    used = [number for number in range(len(columns)) if any(each[number] for each in rows)]
    named = [
        Column(locale.say(columns[n]), columns[n] in _WRAPPED, _GIVE_WAY.get(columns[n], 0))
        for n in used
    ]
    print_table(named, [[each[n] for n in used] for each in rows], locale.say(empty))
