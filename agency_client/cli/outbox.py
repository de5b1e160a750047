"""`agency outbox list|flush|withdraw|dismiss`: what waits for the hub, and what it refused."""

from __future__ import annotations

from typing import Annotated

import typer

from agency_client.cli import ids
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.output import Column, complain, print_json, print_table, say
from agency_client.cli.session import references_of, session_of
from agency_client.core.views import Queued, Refused, Sent
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import outbox_json, refused_json, result_json
from agency_client.state.outbox import Outbox, OutboxEntry

outbox = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Statements that wait for the hub."
)
app.add_typer(outbox, name="outbox", rich_help_panel="Send")


@outbox.command("list")
def list_outbox(context: typer.Context) -> None:
    """List what waits, and what the hub refused; needs no hub."""
    session = session_of(context)
    profile = session.load_profile()
    box, locale = Outbox(profile.state), session.locale(profile)
    pending, refused = box.pending(), box.refused()
    for each in box.misplaced():
        complain(
            f"agency: {each.path} holds statement {each.statement_id} under another name, and is "
            f"not sent; {each.advice}"
        )
    if session.as_json:
        print_json(
            {
                "pending": [outbox_json(each) for each in pending],
                "refused": [refused_json(each) for each in refused],
            }
        )
        return
    known = references_of(profile).references()

    def row(entry: OutboxEntry, state: str) -> tuple[str, ...]:
        reference = known.get(entry.exchange_id)
        return (
            entry.statement_id,
            locale.one_line(reference.shown) if reference else "",
            locale.say(entry.kind.spec.words),
            ", ".join(entry.recipients),
            locale.minute(entry.made_at),
            state,
        )

    rows = [row(each, locale.say(Label.WAITS)) for each in pending]
    rows += [
        row(
            each.entry, locale.say(Label.REFUSED_BECAUSE, why=f"{each.reason.name}: {each.message}")
        )
        for each in refused
    ]
    columns = (Label.STATEMENT, Label.REFERENCE, Label.KIND, Label.TO, Label.MADE)
    print_table(
        (*map(locale.say, columns), Column(locale.say(Label.STATE), wraps=True)),
        rows,
        locale.say(Label.OUTBOX_EMPTY),
    )


@outbox.command()
def flush(context: typer.Context) -> None:
    """Send what waits. Code 4 if something still waits, 1 if something was refused."""
    session = session_of(context)
    with session.hub() as hub:
        results = hub.flush_outbox()
        hub.search_index.forget(
            # An exchange has the id of the statement that opens it.
            each.exchange_id
            for each in results
            if isinstance(each, Refused) and each.statement_id == each.exchange_id
        )
        locale = session.locale_of(hub)
    if session.as_json:
        print_json({"results": [result_json(each) for each in results]})
    else:
        for each in results:
            say(result_line(each, locale))
        if not results:
            say(locale.say(Label.OUTBOX_EMPTY))
    if any(isinstance(each, Refused) for each in results):
        raise typer.Exit(ExitCode.REFUSED)
    if any(isinstance(each, Queued) for each in results):
        raise typer.Exit(ExitCode.QUEUED)


@outbox.command()
def withdraw(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(metavar="ID", help="Id of the waiting statement.")],
    without_asking: Annotated[
        bool,
        typer.Option(
            "--without-asking",
            help="Do not ask the hub whether it has it: for a hub that cannot be reached.",
        ),
    ] = False,
) -> None:
    """Take back a statement that waits, before it is sent.

    The hub is asked first: a command that was cut off may have sent it, and what the hub has can
    only be recalled.
    """
    session = session_of(context)
    with session.hub() as hub:
        statement_id = ids.statement_id(
            [each.statement_id for each in hub.outbox.pending()], statement
        )
        hub.withdraw(statement_id, asks=not without_asking)
        references_of(hub.profile).forget_withdrawn(statement_id)
        locale = session.locale_of(hub)
    if session.as_json:
        print_json({"status": "withdrawn", "statement_id": statement_id})
    else:
        say(locale.say(Label.WITHDRAWN, id=statement_id))


@outbox.command()
def dismiss(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(metavar="ID", help="Id of the refused statement.")],
) -> None:
    """Remove a statement that the hub refused, once you read why; needs no hub.

    By the hub's word it is not on the log. `agency outbox list` has the reason.
    """
    session = session_of(context)
    profile = session.load_profile()
    box = Outbox(profile.state)
    refused = [each.entry.statement_id for each in box.refused()]
    statement_id = ids.statement_id(refused, statement, "that the hub refused")
    box.dismiss(statement_id)
    # An exchange has the id of the statement that opens it: this one was never opened.
    references_of(profile).forget([statement_id])
    if session.as_json:
        print_json({"status": "dismissed", "statement_id": statement_id})
    else:
        say(session.locale(profile).say(Label.DISMISSED, id=statement_id))


def result_line(result: Sent | Queued | Refused, locale: Locale) -> str:
    """Say the result of a waiting statement, as a line."""
    if isinstance(result, Sent):
        said = locale.say(Label.SENT_ENTRY, entry=result.index)
    elif isinstance(result, Queued):
        said = locale.say(Label.WAITS_BECAUSE, why=result.reason.message)
    else:
        said = locale.say(Label.REFUSED_BECAUSE, why=result.reason)
    return f"{result.statement_id}  {said}"
