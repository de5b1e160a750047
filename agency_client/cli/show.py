"""`agency show`: one exchange, verified and opened.

Everything is verified before a word of it is printed: signatures, certificates, proofs, approvals,
the rules; what does not verify ends the command. Parts sealed to others are not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
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
from agency_client.cli.parts import write_parts
from agency_client.cli.session import references_of, session_of
from agency_client.core.views import UnsealedExchange, UnsealedStatement
from agency_client.presentation.documents import document_fields
from agency_client.presentation.due import used_words
from agency_client.presentation.entities import (
    ENTITY_COLUMNS,
    LINK_COLUMNS,
    PAYMENT_COLUMNS,
    Table,
    tables,
)
from agency_client.presentation.exchanges import (
    LegFacts,
    fault_words,
    header_facts,
    known_legs,
    leg_row,
    reference_of,
    timeline,
)
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import exchange_json, sealed_to_others
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.trust.identity import AgencyId

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

_SHOWN_ROWS = 20
_PRINTED_ROWS = 10_000
"""Of each table; a text that is longer than this is no paper to read."""


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
    session = session_of(context)
    with session.hub() as hub:
        locale = session.locale_of(hub)
        opened = open_exchange(hub, ids.exchange_id(hub, exchange, locale))
        # The first answer of the hub may have brought the agency's time zone.
        locale, agency = session.locale_of(hub), hub.agency

    def readable(statement: UnsealedStatement) -> str:
        return to_print(statement, locale)

    files = write_parts(opened, out_dir, agency, reader, readable) if out_dir else []
    if session.as_json:
        legs = known_legs(opened.verified, agency)
        print_json(
            exchange_json(opened, legs, datetime.now(UTC))
            | {"files": [str(file) for file in files]}
        )
    else:
        print_unsealed(opened, agency, locale)
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


def print_unsealed(opened: UnsealedExchange, agency: AgencyId, locale: Locale) -> None:
    """Print an opened exchange for people."""
    now = datetime.now(UTC)
    legs = known_legs(opened.verified, agency)
    facts = header_facts(opened, legs, agency, locale, now)
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
            row.append(in_state(locale.say(leg.listed), leg.listed) if leg.listed else "")
        rows.append(row)
    print_table(columns, rows, "")
    if is_supervised:
        say(locale.say(Label.SUPERVISOR_SEES))


def _print_clocks(legs: Sequence[LegFacts], locale: Locale, now: datetime) -> None:
    """Print the times that run on the legs; `agency due` lists those of all exchanges."""
    rows: list[list[Cell]] = []
    for leg in legs:
        for clock in leg.clocks:
            until = locale.due(clock.at, clock.day, now, is_overdue=clock.is_over(now))
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


def to_print(statement: UnsealedStatement, locale: Locale) -> str:
    """The words and tables of one statement as plain text, to be kept or printed."""
    with redirect_stdout(StringIO()) as text:
        _print_statement(statement, locale, _PRINTED_ROWS)
    return text.getvalue().lstrip("\n")


def _print_statement(
    statement: UnsealedStatement, locale: Locale, most_rows: int = _SHOWN_ROWS
) -> None:
    if not statement.parts and not statement.statement.parts:
        return
    heading(
        locale.say(
            Label.OF_AT,
            what=locale.say(statement.kind.spec.words),
            agency=statement.author.agency,
            time=locale.second(statement.hub_time),
        )
    )
    # Acts on a single statement take it, such as a request for consent.
    print_fields([(locale.say(Label.DIGEST), statement.statement.digest.hex())])
    for document in (statement.brief, statement.content):
        if document is not None:
            print_fields(document_fields(document, locale))
    if statement.is_erased:
        say(locale.say(Label.ERASED))
        return
    if sealed := sealed_to_others(statement):
        say(f"{locale.say(Label.SEALED_TO_OTHERS)}: {', '.join(sealed)}")
    for fault in statement.faults:
        say(alarm(fault_words(fault, locale)))
    if statement.missing_subjects:
        say(
            locale.say(
                Label.MISSING_SUBJECTS,
                declared=statement.statement.header.subject_count,
                found=statement.subject_count,
            )
        )
    for name, data in statement.attachments.items():
        say(locale.say(Label.ATTACHMENT, name=locale.one_line(name), size=len(data)))
    _print_entities(statement, locale, most_rows)


def _print_entities(statement: UnsealedStatement, locale: Locale, most_rows: int) -> None:
    found = tables(statement.entities(), locale, most_rows)
    _print_rows(Label.PAYMENTS, PAYMENT_COLUMNS, found.payments, locale)
    if found.totals:
        say(f"{locale.say(Label.IN_ALL)}: {found.totals} ({found.payments.count})")
    _print_rows(Label.ENTITIES, ENTITY_COLUMNS, found.entities, locale)
    _print_rows(Label.LINKS, LINK_COLUMNS, found.links, locale)


_WRAPPED = frozenset({Label.PAYER, Label.PAYEE, Label.FOR_WHAT, Label.NAME, Label.DETAILS})


def _print_rows(title: Label, columns: Sequence[Label], table: Table, locale: Locale) -> None:
    if not table.rows:
        return
    heading(locale.say(title))
    named = [Column(locale.say(each), wraps=each in _WRAPPED) for each in columns]
    print_table(named, table.rows, "")
    if table.count > len(table.rows):
        say(locale.say(Label.AND_MORE, number=table.count - len(table.rows)))
