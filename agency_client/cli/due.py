"""`agency due`: the times that run, by what is left of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from agency_client.cli.app import app
from agency_client.cli.boxes import PANEL
from agency_client.cli.output import Cell, Column, alarm, heading, print_json, print_table, say
from agency_client.cli.session import (
    check_log,
    check_takes_part,
    marks_of,
    references_of,
    session_of,
)
from agency_client.presentation.due import (
    STATES_WITH_CLOCKS,
    DueClock,
    about_words,
    by_time_left,
    due_clock_json,
    due_clocks,
    left_words,
    used_words,
)
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.news import read_up_to
from agency_client.state.references import Reference
from exchange_protocol.kinds.codes import Party

_PARTIES = (Party.RECIPIENT, Party.APPROVER, Party.INITIATOR)


@app.command(rich_help_panel=PANEL)
def due(
    context: typer.Context,
    mine: Annotated[bool, typer.Option("--mine", help="Only what your agency is to do.")] = False,
    owed: Annotated[bool, typer.Option("--owed", help="Only what others owe you.")] = False,
    reached: Annotated[
        int,
        typer.Option("--reached", min=0, max=100, help="Only times used so far, in percent."),
    ] = 0,
) -> None:
    """List the times that run, the one that ends first before the others.

    Decisions at the gate, acknowledgements, answers, ends of freezes and feedback. A time counts
    by the calendars that were published when it began. It is the hub's word: `show` verifies it.
    """
    session = session_of(context)
    found: list[DueClock] = []
    with session.hub() as hub:
        check_takes_part(hub)
        check_log(hub)
        for party in _PARTIES:
            listed = hub.exchanges(party=party, states=STATES_WITH_CLOCKS)
            found += due_clocks(listed, party, hub.agency)
        index, locale = references_of(hub.profile), session.locale_of(hub)
    now = datetime.now(UTC)
    chosen = [
        each
        for each in by_time_left(found)
        if (mine == owed or each.is_mine is mine) and each.clock.used(now) >= reached
    ]
    known, marks = index.references(), marks_of(hub.profile).read()
    if session.as_json:
        told = [
            due_clock_json(
                each, known.get(each.summary.id), now, read_up_to(marks, each.summary.id)
            )
            for each in chosen
        ]
        print_json({"due": told})
        return
    if not chosen:
        say(locale.say(Label.NOTHING_DUE))
    for is_mine, label in ((True, Label.MINE_TO_DO), (False, Label.OWED_TO_YOU)):
        part = [each for each in chosen if each.is_mine is is_mine]
        if part:
            heading(locale.say(label))
            _print(part, known, marks, locale, now, is_owed=not is_mine)


def _print(
    found: Sequence[DueClock],
    known: Mapping[str, Reference],
    marks: Mapping[str, int],
    locale: Locale,
    now: datetime,
    *,
    is_owed: bool,
) -> None:
    labels: tuple[Label, ...] = (Label.DUE, Label.CLOCK, Label.TIME_USED, Label.WHAT)
    labels = (*labels, *([Label.WHO] if is_owed else []), Label.EXCHANGE, Label.REFERENCE)
    wrapped = (Label.CLOCK, Label.TIME_USED, Label.WHAT)
    columns = [Column(locale.say(label), label in wrapped) for label in labels]
    rows: list[Sequence[Cell]] = []
    for each in found:
        reference = known.get(each.summary.id, Reference())
        is_over = each.is_over(now)
        left = left_words(each.clock, now, locale, between="\n")
        rows.append(
            (
                alarm(left) if is_over else Text(left),
                locale.say(each.clock.kind),
                used_words(each.clock, now, locale),
                about_words(each, locale, read_up_to(marks, each.summary.id)),
                *([_who(each, locale)] if is_owed else []),
                each.summary.id,
                locale.one_line(reference.shown),
            )
        )
    print_table(columns, rows, locale.say(Label.NOTHING_DUE))


def _who(due: DueClock, locale: Locale) -> str:
    """The one that owes it: the recipient of the leg, or those at the gate."""
    if due.clock.party is Party.APPROVER:
        return locale.say(Label.AN_APPROVER)
    return due.summary.initiator if due.clock.party is Party.INITIATOR else due.leg.agency
