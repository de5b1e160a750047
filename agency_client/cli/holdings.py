"""`agency holdings`: cross-check what comes in with the agency's own records, on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from rich.text import Text

from agency_client.cli import ids
from agency_client.cli.app import app
from agency_client.cli.entity_files import GivenEntities, takes_entities
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.output import Column, alarm, print_json, print_table, say
from agency_client.cli.session import holdings_of, session_of
from agency_client.cli.show import open_exchange
from agency_client.content.matching import Score
from agency_client.presentation.labels import Label
from agency_client.presentation.matches import SCORES, match_json, reason_words
from agency_client.presentation.plain import iso
from agency_client.state.holdings import Match
from exchange_protocol.kinds.codes import LegState, Party

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

holdings = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Cross-check with your agency's own records."
)
app.add_typer(holdings, name="holdings", rich_help_panel="Look")

_WAITING = (LegState.RELEASED, LegState.DELIVERED, LegState.ACKNOWLEDGED)
Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="Name of the set of records.")]


@holdings.command("import")
@takes_entities("entities")
def import_entities(context: typer.Context, name: Name, given: GivenEntities) -> None:
    """Import records of your own, in the place of the set of that name.

    The compared values are kept sealed on this machine: names, dates, numbers and contacts.
    """
    session = session_of(context)
    if given.ftm is None and given.csv is None and given.goaml is None:
        raise typer.BadParameter("expected --entities, --goaml, or --csv and --mapping")
    profile = session.load_profile()
    made = holdings_of(profile).import_entities(name, given.read())
    if session.as_json:
        print_json({"name": made.name, "entities": made.entities})
    else:
        locale = session.locale(profile)
        say(locale.say(Label.IMPORTED, name=made.name, number=made.entities))


@holdings.command("list")
def list_holdings(context: typer.Context) -> None:
    """List the sets of records that were imported."""
    session = session_of(context)
    profile = session.load_profile()
    found = holdings_of(profile).all()
    if session.as_json:
        told = [
            {"name": each.name, "entities": each.entities, "imported_at": iso(each.imported_at)}
            for each in found
        ]
        print_json({"holdings": told})
        return
    locale = session.locale(profile)
    rows = [(each.name, str(each.entities), locale.minute(each.imported_at)) for each in found]
    columns = (Label.HOLDING, Label.ENTITIES, Label.IMPORTED_AT)
    print_table([locale.say(each) for each in columns], rows, locale.say(Label.NO_HOLDINGS))


@holdings.command()
def forget(context: typer.Context, name: Name) -> None:
    """Remove a set of records from this machine."""
    session = session_of(context)
    profile = session.load_profile()
    holdings_of(profile).forget(name)
    if session.as_json:
        print_json({"name": name})
    else:
        say(session.locale(profile).say(Label.FORGOTTEN, name=name))


@holdings.command()
def match(
    context: typer.Context,
    exchange: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="An exchange; else all that wait for your answer."),
    ] = None,
) -> None:
    """Compare what others sent you with your own records. Nothing leaves this machine.

    An exchange that was addressed to you is opened for it, which is a delivery. Each match says
    why: exact (the same identifier or account), strong (name and full date, or contact), possible.
    """
    session = session_of(context)
    with session.hub() as hub:
        locale = session.locale_of(hub)
        if exchange is not None:
            chosen = [ids.exchange_id(hub, exchange, locale)]
        else:
            waiting = hub.exchanges(party=Party.RECIPIENT, states=_WAITING)
            chosen = [each.id for each in waiting]
        found = [(each, pair) for each in chosen for pair in _matches(hub, each)]
        locale = session.locale_of(hub)
    if session.as_json:
        print_json(
            {"compared": chosen, "matches": [match_json(each, pair) for each, pair in found]}
        )
        return
    rows = [
        (
            each,
            locale.one_line(pair.subject),
            alarm(locale.say(SCORES[pair.score]))
            if pair.score is Score.EXACT
            else locale.say(SCORES[pair.score]),
            locale.one_line(f"{pair.caption} ({pair.holding}: {pair.entity_id})"),
            Text("\n").join(Text(reason_words(reason, locale)) for reason in pair.reasons),
        )
        for each, pair in found
    ]
    columns = (Label.EXCHANGE, Label.SUBJECT, Label.MATCH, Label.OWN_RECORD, Label.WHY)
    print_table(
        [Column(locale.say(each), wraps=each is not Label.EXCHANGE) for each in columns],
        rows,
        locale.say(Label.NO_MATCH),
    )
    say(locale.say(Label.COMPARED, number=len(chosen)))


def _matches(hub: ExchangeClient, exchange_id: str) -> list[Match]:
    opened = open_exchange(hub, exchange_id)
    return hub.holdings.match(
        entity
        for statement in opened.statements
        if statement.author.agency != hub.agency
        for entity in statement.entities()
    )
