"""`agency watch`: one line for everything that becomes visible to the agency, as it happens."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agency_client.cli.app import app
from agency_client.cli.output import complain, print_json_line, say
from agency_client.cli.session import session_of
from agency_client.core.views import Notice
from exchange_protocol.errors import HubUnavailable


@app.command(rich_help_panel="Look")
def watch(
    context: typer.Context,
    max_seconds: Annotated[
        float | None, typer.Option(min=0, help="End after so many seconds; else only by Ctrl-C.")
    ] = None,
    until_count: Annotated[
        int | None, typer.Option(min=1, help="End after so many notices.")
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with everything that was ever visible.")
    ] = False,
) -> None:
    """Tell what happens, a line each (with --json a JSON line each).

    Goes on where the last watch of this profile ended, also after the hub was away.
    """
    session = session_of(context)
    with session.hub() as hub:
        # Leaving the loop closes the iterator, which keeps the place of the last notice.
        for count, notice in enumerate(
            hub.watch(from_start=from_start, max_seconds=max_seconds, on_away=_tell_away), start=1
        ):
            if session.as_json:
                print_json_line(notice_json(notice))
            else:
                say(notice_line(notice))
            if count == until_count:
                break


def _tell_away(error: HubUnavailable, pause: float) -> None:
    """Silence is for a hub that has nothing to tell."""
    complain(f"agency: {error}; trying again in {pause:g} s")


def notice_json(notice: Notice) -> dict[str, Any]:
    """A notice as plain values."""
    return {
        "exchange_id": notice.exchange_id,
        "index": notice.index,
        "event": notice.event.name,
        "kind": str(notice.kind) if notice.kind else None,
        "actor_agency": notice.actor_agency,
        "urgency": notice.urgency.name if notice.urgency else None,
    }


def notice_line(notice: Notice) -> str:
    """A notice as a line."""
    urgent = "URGENT " if notice.urgency and notice.urgency.name == "URGENT" else ""
    what = str(notice.kind or notice.event.name.lower()).replace("_", " ")
    return f"{urgent}{notice.exchange_id}  {what} by {notice.actor_agency} (entry {notice.index})"
