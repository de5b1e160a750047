"""`agency calendar` and `agency limits`: working calendars and times of rules, as data on the log.

A calendar is made into a file, a person compares it with the official list, and an operator of the
operating agency publishes the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.outbox import result_line
from agency_client.cli.output import Column, print_json, print_table, put, say
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.content.calendar_files import (
    ZONES,
    in_order,
    limits_file,
    make_calendar,
    read_calendar,
    read_limits,
)
from agency_client.core.views import Queued, Sent
from agency_client.presentation.labels import Label
from agency_client.presentation.plain import result_json
from exchange_files import read_given, without_bom
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit

calendar = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Make, publish and show working calendars."
)
limits = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Publish and show the times of rules."
)
app.add_typer(calendar, name="calendar", rich_help_panel="Operate")
app.add_typer(limits, name="limits", rich_help_panel="Operate")

CalendarFile = Annotated[Path, typer.Argument(metavar="FILE.toml", help="A reviewed calendar.")]
LimitsFile = Annotated[
    Path, typer.Argument(metavar="FILE.toml", help="TOML: one table `limit` for each time.")
]


@calendar.command()
def make(
    context: typer.Context,
    state: Annotated[str, typer.Argument(metavar="STATE", help="ISO 3166-1 alpha-2, such as kz.")],
    year: Annotated[int, typer.Argument(metavar="YEAR", min=2020, max=2100)],
    time_zone: Annotated[
        str | None,
        typer.Option(
            "--time-zone",
            parser=inputs.time_zone,
            metavar="ZONE",
            help="IANA name; by default that of the state's capital or largest city.",
        ),
    ] = None,
    international: Annotated[
        bool,
        typer.Option("--international", help="For agencies of no state, by this state's days."),
    ] = False,
) -> None:
    """Print a draft of a state's calendar, to be compared with the official list.

    The days come from the package holidays. Days by the moon and days that a decree moves are
    estimates.
    """
    code = state.upper()
    zone = time_zone or ZONES.get(code)
    if zone is None:
        raise Reason.COUNTRY_UNKNOWN.error(
            f"expected one of {', '.join(ZONES)}, or --time-zone for another state; got {code}",
            field="state",
        )
    text = make_calendar(code, year, zone, international=international)
    if session_of(context).as_json:
        print_json({"calendar": text})
    else:
        put(text)


@calendar.command()
def publish(context: typer.Context, file: CalendarFile) -> None:
    """Publish a reviewed calendar; deadlines that run stay as they are."""
    session = session_of(context)
    body = read_calendar(_text(file))
    with session.hub() as hub:
        result = hub.publish_calendar(**asdict(body))
        locale = session.locale_of(hub)
    whose = body.country or locale.say(Label.NO_STATE)
    days = f"{locale.say(Label.DAYS_OFF)}: {len(body.days_off)}"
    tell(session, result, f"Published: {whose}, {body.year}, {body.time_zone}, {days}", locale)


@calendar.command("show")
def show_calendars(context: typer.Context) -> None:
    """List the calendars that are published: state, year, zone, number of days off."""
    session = session_of(context)
    with session.hub() as hub:
        published = hub.published_times().calendars
        locale = session.locale_of(hub)
    found = [published[key].calendar for key in sorted(published)]
    if session.as_json:
        print_json({"calendars": [asdict(each) for each in found]})
        return
    rows = [
        (
            each.country or locale.say(Label.NO_STATE),
            str(each.year),
            each.time_zone,
            str(len(each.days_off)),
        )
        for each in found
    ]
    labels = (Label.COUNTRY, Label.YEAR, Label.TIME_ZONE, Label.DAYS_OFF)
    columns = [Column(locale.say(label)) for label in labels]
    print_table(columns, rows, locale.say(Label.NO_CALENDAR))


@limits.command("publish")
def publish_limits(context: typer.Context, file: LimitsFile) -> None:
    """Publish the times of a file, a statement each; those that stand already are left out."""
    session = session_of(context)
    given = read_limits(_text(file))
    results: list[Sent | Queued] = []
    with session.hub() as hub:
        ordered = in_order(given, hub.published_times())
        locale = session.locale_of(hub)
        for each in ordered:
            result = hub.publish_time_limit(
                each.rule,
                each.country,
                hours=each.hours,
                days=each.days,
                working_days=each.working_days,
            )
            results.append(result)
            if not session.as_json:
                whose = each.country or locale.say(Label.OTHER_STATES)
                say(f"{each.rule.name}, {whose}: {result_line(result, locale)}")
    if session.as_json:
        print_json({"results": [result_json(each) for each in results]})
    elif not results:
        say(locale.say(Label.LIMITS_STAND))
    if any(isinstance(each, Queued) for each in results):
        raise typer.Exit(ExitCode.QUEUED)


@limits.command("show")
def show_limits(context: typer.Context) -> None:
    """Print the times that are published now, as a file."""
    session = session_of(context)
    with session.hub() as hub:
        rules = hub.published_times()
    if session.as_json:
        print_json({"limits": _plain([rules.limits[key] for key in sorted(rules.limits)])})
        return
    put(limits_file(rules))


def _text(file: Path) -> str:
    try:
        return without_bom(read_given(file), file, Reason.DOCUMENT_INVALID).decode()
    except UnicodeDecodeError as error:
        raise Reason.DOCUMENT_INVALID.error(f"expected text in UTF-8 in {file}: {error}") from error


def _plain(found: Sequence[PublishTimeLimit]) -> list[dict[str, object]]:
    return [asdict(each) | {"rule": each.rule.name} for each in found]
