"""`agency case`: the agency's own cases, with the exchanges that belong to each.

Cases are in the profile, sealed to the agency's key; the hub learns nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import typer

from agency_client.cli import ids
from agency_client.cli.app import app
from agency_client.cli.boxes import print_exchanges
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.output import (
    Column,
    alarm,
    heading,
    print_fields,
    print_json,
    print_table,
    say,
)
from agency_client.cli.session import cases_of, references_of, session_of
from agency_client.core.views import VerifiedExchange
from agency_client.presentation.exchanges import Happening, verified_timeline
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso, summary_json
from agency_client.state.cases import Case
from exchange_protocol.errors import NotFound

cases = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Link exchanges to cases of your own."
)
app.add_typer(cases, name="case", rich_help_panel="Look")

CaseReference: TypeAlias = Annotated[
    str, typer.Argument(metavar="CASE", help="Your agency's own reference of the case.")
]
Exchanges: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Ids of the exchanges, or beginnings that only they have."
    ),
]


@cases.command("list")
def list_cases(context: typer.Context) -> None:
    """List your cases."""
    session = session_of(context)
    profile = session.load_profile()
    found = cases_of(profile).all()
    if session.as_json:
        print_json({"cases": [_case_json(each) for each in found]})
        return
    locale = session.locale(profile)
    columns = (
        locale.say(Label.CASE),
        Column(locale.say(Label.TITLE), wraps=True),
        locale.say(Label.EXCHANGES),
    )
    rows = [(each.reference, each.title, str(len(each.exchanges))) for each in found]
    print_table(columns, rows, locale.say(Label.NO_CASES))


@cases.command("show")
def show_case(context: typer.Context, case: CaseReference) -> None:
    """Show the exchanges of a case, and one timeline over all of them.

    Each exchange is verified, as far as you may see it. Nothing is unsealed: it is no delivery.
    """
    session = session_of(context)
    with session.hub() as hub:
        found = hub.cases.get(case)
        shown: list[VerifiedExchange] = []
        missing: list[tuple[str, str]] = []
        for each in found.exchanges:
            try:
                shown.append(hub.get(each))
            except NotFound as error:
                missing.append((each, error.message))
        locale = session.locale_of(hub)
    known, now = references_of(hub.profile).references(), datetime.now(UTC)
    happened = _merged(shown, locale)
    if session.as_json:
        print_json(
            _case_json(found)
            | {
                "listed": [summary_json(each.summary, known.get(each.id), now) for each in shown],
                "not_shown": [{"exchange_id": each, "message": why} for each, why in missing],
                "timeline": [
                    {
                        "at": iso(line.at),
                        "exchange_id": exchange,
                        "who": line.who,
                        "what": line.what,
                        "more": line.more,
                    }
                    for exchange, line in happened
                ],
            }
        )
        return
    print_fields(
        [(locale.say(Label.CASE), found.reference), (locale.say(Label.TITLE), found.title)]
    )
    heading(locale.say(Label.EXCHANGES))
    print_exchanges(session, hub.profile, [each.summary for each in shown], locale, Label.NOTHING)
    for exchange, why in missing:
        say(alarm(f"{exchange}  {locale.say(Label.NOT_SHOWN, why=why)}"))
    heading(locale.say(Label.TIMELINE))
    names = {
        each.id: known[each.id].shown or each.id if each.id in known else each.id for each in shown
    }
    print_table(
        (
            *map(locale.say, (Label.WHEN, Label.EXCHANGE, Label.WHO, Label.WHAT)),
            Column("", wraps=True),
        ),
        [
            (locale.second(at), locale.one_line(names[exchange]), who, what, more)
            for exchange, (at, who, what, more) in happened
        ],
        locale.say(Label.NOTHING),
    )


@cases.command("link")
def link(
    context: typer.Context,
    case: CaseReference,
    exchanges: Exchanges,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the case is about; else as it was.")
    ] = None,
) -> None:
    """Link exchanges to a case; a case that is new is opened."""
    session = session_of(context)
    with session.hub() as hub:
        locale = session.locale_of(hub)
        found = [ids.exchange_id(hub, each, locale) for each in exchanges]
        linked = hub.cases.link(case, found, title=title)
    if session.as_json:
        print_json(_case_json(linked))
    else:
        say(locale.say(Label.LINKED, case=linked.reference, number=len(linked.exchanges)))


@cases.command("unlink")
def unlink(context: typer.Context, case: CaseReference, exchanges: Exchanges) -> None:
    """Take exchanges out of a case; a case that has none left leaves the list."""
    session = session_of(context)
    with session.hub() as hub:
        locale = session.locale_of(hub)
        found = [ids.exchange_id(hub, each, locale) for each in exchanges]
        left = hub.cases.unlink(case, found)
    if session.as_json:
        print_json(_case_json(left))
        return
    label = Label.UNLINKED if left.exchanges else Label.CASE_CLOSED
    say(locale.say(label, case=left.reference, number=len(left.exchanges)))


def _merged(shown: Sequence[VerifiedExchange], locale: Locale) -> list[tuple[str, Happening]]:
    """The events on all exchanges, by time."""
    lines = [(each.id, line) for each in shown for line in verified_timeline(each, locale)]
    return sorted(lines, key=lambda pair: pair[1].at)


def _case_json(case: Case) -> dict[str, Any]:
    return {"case": case.reference, "title": case.title or None, "exchanges": list(case.exchanges)}
