"""`agency outbox list|flush`: statements that wait for the hub."""

from __future__ import annotations

from typing import Any

import typer

from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.output import instant, iso, print_json, print_table, say
from agency_client.cli.results import sent_json
from agency_client.cli.session import session_of
from agency_client.core.views import Queued, Refused, Sent
from agency_client.state.outbox import Outbox, OutboxEntry, RefusedEntry

outbox = typer.Typer(no_args_is_help=True, help="Statements that wait for the hub.")
app.add_typer(outbox, name="outbox", rich_help_panel="Send")


@outbox.command("list")
def list_outbox(context: typer.Context) -> None:
    """List what waits, and what the hub refused; needs no hub."""
    session = session_of(context)
    box = Outbox(session.load_profile().state)
    pending, refused = box.pending(), box.refused()
    if session.as_json:
        print_json(
            {
                "pending": [_entry_json(each) for each in pending],
                "refused": [_refused_json(each) for each in refused],
            }
        )
        return
    rows = [(*_row(each), "waits") for each in pending]
    rows += [(*_row(each.entry), f"{each.reason.name}: {each.message}") for each in refused]
    print_table(("STATEMENT", "KIND", "TO", "MADE", "STATE"), rows, "The outbox is empty.")


@outbox.command()
def flush(context: typer.Context) -> None:
    """Send what waits. Code 4 if something still waits, 1 if something was refused."""
    session = session_of(context)
    with session.hub() as hub:
        results = hub.flush_outbox()
    if session.as_json:
        print_json({"results": [result_json(each) for each in results]})
    else:
        for each in results:
            say(result_line(each))
        if not results:
            say("The outbox is empty.")
    if any(isinstance(each, Refused) for each in results):
        raise typer.Exit(ExitCode.REFUSED)
    if any(isinstance(each, Queued) for each in results):
        raise typer.Exit(ExitCode.QUEUED)


def _row(entry: OutboxEntry) -> tuple[str, str, str, str]:
    kind = str(entry.kind).replace("_", " ")
    return entry.statement_id, kind, ", ".join(entry.recipients), instant(entry.made_at)


def _entry_json(entry: OutboxEntry) -> dict[str, Any]:
    return {
        "statement_id": entry.statement_id,
        "exchange_id": entry.exchange_id or None,
        "kind": entry.kind.value,
        "recipients": list(entry.recipients),
        "made_at": iso(entry.made_at),
        "size": entry.size,
    }


def _refused_json(refused: RefusedEntry) -> dict[str, Any]:
    return _entry_json(refused.entry) | {
        "reason": refused.reason.name,
        "message": refused.message,
        "refused_at": iso(refused.refused_at),
    }


def result_json(result: Sent | Queued | Refused) -> dict[str, Any]:
    """What came of a waiting statement, as plain values."""
    match result:
        case Sent():
            return sent_json(result)
        case Queued():
            return {
                "status": "queued",
                "statement_id": result.statement_id,
                "exchange_id": result.exchange_id or None,
                "reason": result.reason.reason.name,
            }
        case Refused():
            return {
                "status": "refused",
                "statement_id": result.statement_id,
                "exchange_id": result.exchange_id or None,
                "reason": result.reason.reason.name,
                "message": result.reason.message,
            }


def result_line(result: Sent | Queued | Refused) -> str:
    """What came of a waiting statement, as a line."""
    match result:
        case Sent():
            return f"{result.statement_id}  sent, log entry {result.index}"
        case Queued():
            return f"{result.statement_id}  waits: {result.reason.message}"
        case Refused():
            return f"{result.statement_id}  refused, {result.reason}"
