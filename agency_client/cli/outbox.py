"""`agency outbox list|flush|withdraw`: statements that wait for the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agency_client.cli import ids
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.output import Column, print_json, print_table, say
from agency_client.cli.session import references_of, session_of
from agency_client.core.views import Queued, Refused, Sent
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import outbox_json, refused_json, result_json
from agency_client.state.outbox import Outbox, OutboxEntry
from exchange_protocol.errors import HubUnavailable, NotFound, Reason
from exchange_protocol.rules.statements import Statement

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

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
        _withdraw(hub, statement_id, asks=not without_asking)
        index = references_of(hub.profile)
        index.forget_sent(statement_id)
        index.forget([statement_id])
        hub.search_index.forget([statement_id])
        locale = session.locale_of(hub)
    if session.as_json:
        print_json({"status": "withdrawn", "statement_id": statement_id})
    else:
        say(locale.say(Label.WITHDRAWN, id=statement_id))


def result_line(result: Sent | Queued | Refused, locale: Locale) -> str:
    """Say the result of a waiting statement, as a line."""
    if isinstance(result, Sent):
        said = locale.say(Label.SENT_ENTRY, entry=result.index)
    elif isinstance(result, Queued):
        said = locale.say(Label.WAITS_BECAUSE, why=result.reason.message)
    else:
        said = locale.say(Label.REFUSED_BECAUSE, why=result.reason)
    return f"{result.statement_id}  {said}"


def _withdraw(hub: ExchangeClient, statement_id: str, *, asks: bool) -> None:
    with hub.outbox.sending(statement_id) as stored:
        if stored is None:
            raise Reason.STATEMENT_UNKNOWN.error(
                f"another process sends statement {statement_id} now: wait for it, then look at "
                "`agency outbox list`"
            )
        _check_last(hub, stored.statement)
        if asks:
            _check_unsent(hub, stored.statement)
        hub.outbox.withdraw(stored)


def _check_last(hub: ExchangeClient, statement: Statement) -> None:
    """Check that nothing that waits builds on it."""
    waiting = hub.outbox.pending()
    place = [each.statement_id for each in waiting].index(statement.id)
    later = [
        each.statement_id
        for each in waiting[place + 1 :]
        if each.exchange_id == statement.exchange_id
    ]
    if later:
        raise Reason.OUT_OF_ORDER.error(
            f"later statements on the same exchange wait too, and build on it: withdraw "
            f"{', '.join(reversed(later))} first"
        )


def _check_unsent(hub: ExchangeClient, statement: Statement) -> None:
    """Check that the hub does not have it; a command that was cut off may have sent it."""
    if not statement.exchange_id:
        raise Reason.INVALID_FIELD.error(
            "the hub cannot be asked for a statement to the directory: `agency outbox flush` sends "
            "it, --without-asking takes it back unasked",
            field="ID",
        )
    try:
        found = hub.get(statement.exchange_id)
    except NotFound:
        return
    except HubUnavailable as error:
        raise error.reason.error(
            f"{error.message}; so nobody knows whether the hub has it already. Try again later, or "
            "take it back unasked with --without-asking"
        ) from None
    for each in found.statements:
        if each.statement.id == statement.id:
            raise Reason.OUT_OF_ORDER.error(
                f"the hub has it already, as entry {each.index}: `agency outbox flush` fetches its "
                f"receipt, and `agency recall {statement.exchange_id}` takes a request back"
            )
