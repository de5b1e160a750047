"""`agency show`: one exchange, verified and opened.

Everything is verified before a word of it is printed: signatures, certificates, proofs, approvals,
the rules; what does not verify ends the command. Parts sealed to others are not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agency_client.cli import ids
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.options import Exchange
from agency_client.cli.output import (
    Cell,
    Column,
    alarm,
    heading,
    in_state,
    print_fields,
    print_json,
    print_table,
    say,
)
from agency_client.cli.parts import check_folder, write_parts
from agency_client.cli.session import marks_of, references_of, session_of
from agency_client.core.finding import passed_on_before
from agency_client.core.possible import may_say_on
from agency_client.core.views import UnsealedExchange, UnsealedStatement, VerifiedExchange
from agency_client.presentation.due import left_words, used_words
from agency_client.presentation.exchanges import (
    LegFacts,
    header_facts,
    known_legs,
    leg_row,
    reference_of,
    timeline,
)
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.news import newest_of_others
from agency_client.presentation.passed_on import passed_on_json, passed_on_words
from agency_client.presentation.plain import exchange_json
from agency_client.presentation.reading import (
    Fields,
    Heading,
    Line,
    Rows,
    statement_blocks,
)
from agency_client.presentation.steps import MaySay, state_words
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.codes import LegState, Party

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

_SHOWN_ROWS = 20


@app.command(rich_help_panel="Look")
def show(
    context: typer.Context,
    exchange: Exchange,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Write the decrypted parts there, as files of mode 0600."
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            "--for-named-reader",
            metavar="NAME",
            help="With --out: for whom the files are; needed for TLP:RED.",
        ),
    ] = None,
) -> None:
    """Verify an exchange, open what is sealed to you, and show it.

    Opening what was addressed to you is a delivery, and stands on the log. Beside files that --out
    writes, READ.txt has the words and tables of the statement, to read and to print, and
    HANDLING.txt says what may be done with them.
    """
    if reader is not None and out_dir is None:
        raise typer.BadParameter("expected --for-named-reader with --out only")
    if out_dir is not None:
        check_folder(out_dir)
    session = session_of(context)
    with session.hub() as hub:
        locale = session.locale_of(hub)
        opened = open_exchange(hub, ids.exchange_id(hub, exchange, locale))
        note_read(hub, opened)
        # The first answer of the hub may have brought the agency's time zone.
        locale, agency = session.locale_of(hub), hub.agency
        files = write_parts(opened, out_dir, agency, reader, locale) if out_dir else []
        if session.as_json:
            legs = known_legs(opened.verified, agency)
            passed_on = passed_on_before(hub.search_index, opened, agency)
            print_json(
                exchange_json(opened, legs, datetime.now(UTC))
                | {"files": [str(file) for file in files]}
                | {"passed_on": [passed_on_json(*each) for each in passed_on]}
            )
        else:
            print_unsealed(hub, opened, locale)
            if files:
                heading(locale.say(Label.FILES))
            for file in files:
                say(str(file))
    if opened.faults:
        raise typer.Exit(ExitCode.REFUSED)


def open_exchange(hub: ExchangeClient, exchange_id: str) -> UnsealedExchange:
    """Open an exchange, and keep by heart what it is called; what was erased is forgotten."""
    opened = hub.open(exchange_id)
    index = references_of(hub.profile)
    if opened.legs and all(leg.state is LegState.ERASED for leg in opened.legs):
        index.forget([opened.id])
    else:
        index.note(opened.id, reference_of(opened, hub.agency))
    return opened


def note_read(hub: ExchangeClient, opened: UnsealedExchange) -> None:
    """Note that a person is shown an exchange: lists name none of it as new any more."""
    newest = newest_of_others(opened.verified, hub.member)
    marks_of(hub.profile).note([(opened.id, newest)])


def print_unsealed(hub: ExchangeClient, opened: UnsealedExchange, locale: Locale) -> None:
    """Print an opened exchange for people."""
    now = datetime.now(UTC)
    legs = known_legs(opened.verified, hub.agency)
    facts = header_facts(opened, legs, hub.agency, locale, now, role_test(hub, opened.verified))
    print_fields([(name, alarm(value) if late else value) for name, value, late in facts])
    _print_legs(opened, legs, locale, now)
    _print_clocks(legs, locale, now)
    heading(locale.say(Label.TIMELINE))
    print_table(
        (*map(locale.say, (Label.WHEN, Label.WHO, Label.WHAT)), Column("", wraps=True)),
        [(locale.second(at), who, what, more) for at, who, what, more in timeline(opened, locale)],
        locale.say(Label.NOTHING),
    )
    for statement in opened.statements:
        _print_statement(statement, locale)
    for number, (exchange, passed) in enumerate(
        passed_on_before(hub.search_index, opened, hub.agency)
    ):
        if number == 0:
            heading(locale.say(Label.PASSED_ON))
        say(alarm(passed_on_words(exchange, passed, locale)))


def role_test(hub: ExchangeClient, verified: VerifiedExchange) -> MaySay | None:
    """A test of what the person's role permits; None for a profile that cannot sign."""
    try:
        member = hub.member
    except ExchangeError:
        return None
    return may_say_on(hub.directory, member, verified.summary)


def _print_legs(
    opened: UnsealedExchange, legs: Sequence[LegFacts], locale: Locale, now: datetime
) -> None:
    if not legs:
        return
    heading(locale.say(Label.LEGS))
    columns: list[str | Column] = [locale.say(Label.AGENCY), locale.say(Label.STATE)]
    columns += [Column(locale.say(Label.APPROVALS), wraps=True), locale.say(Label.DUE)]
    is_supervised = opened.party is Party.SUPERVISOR
    if is_supervised:
        columns.append(locale.say(Label.HUB_LISTS))
    rows = []
    for leg in legs:
        agency, state, approvals, due = leg_row(leg, locale, now)
        row: list[Cell] = [
            agency,
            in_state(state, leg.state),
            approvals,
            alarm(due) if leg.is_overdue(now) else due,
        ]
        if is_supervised:
            row.append(
                in_state(locale.say(state_words(leg.kind, leg.listed)), leg.listed)
                if leg.listed
                else ""
            )
        rows.append(row)
    print_table(columns, rows, "")
    if is_supervised:
        say(locale.say(Label.SUPERVISOR_SEES))


def _print_clocks(legs: Sequence[LegFacts], locale: Locale, now: datetime) -> None:
    """Print the times that run on the legs; `agency due` lists those of all exchanges."""
    rows: list[list[Cell]] = []
    for leg in legs:
        for clock in leg.clocks:
            until = left_words(clock, now, locale)
            rows.append(
                [
                    leg.agency,
                    locale.say(clock.kind),
                    locale.say(clock.party),
                    alarm(until) if clock.is_over(now) else until,
                    used_words(clock, now, locale),
                ]
            )
    if rows:
        labels = (Label.AGENCY, Label.CLOCK, Label.WHO, Label.DUE, Label.TIME_USED)
        wrapped = (Label.CLOCK, Label.TIME_USED)
        heading(locale.say(Label.TIMES))
        print_table([Column(locale.say(each), each in wrapped) for each in labels], rows, "")


def _print_statement(statement: UnsealedStatement, locale: Locale) -> None:
    for block in statement_blocks(statement, locale, _SHOWN_ROWS):
        match block:
            case Heading(text):
                heading(text)
            case Line(text, is_alarm):
                say(alarm(text) if is_alarm else text)
            case Fields(pairs):
                print_fields(pairs)
            case Rows(columns, rows):
                print_table(columns, rows, "")
