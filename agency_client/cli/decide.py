"""`agency approve|return|reject`: what an approver decides on held legs."""

from __future__ import annotations

import sys

import typer

from agency_client.cli.app import app
from agency_client.cli.options import Exchange, Explanation, Ground, Legs, Question
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.cli.show import known_legs, print_unsealed

PANEL = "Decide"


@app.command(rich_help_panel=PANEL)
def approve(context: typer.Context, exchange: Exchange, leg: Legs = None) -> None:
    """Open what waits, show it, and approve exactly that: bound to its digest.

    On a terminal it asks before it approves.
    """
    session = session_of(context)
    with session.hub() as hub:
        # Bound to what was opened here: a supplement that comes meanwhile is not approved with it.
        opened = hub.open(exchange)
        if not session.as_json:
            print_unsealed(opened, known_legs(opened, hub.agency))
            if sys.stdin.isatty():
                typer.confirm("Approve exactly this?", abort=True)
        result = hub.approve(opened, legs=leg)
    tell(session, result, "Approved")


@app.command("return", rich_help_panel=PANEL)
def return_to_author(
    context: typer.Context, exchange: Exchange, question: Question, leg: Legs = None
) -> None:
    """Return a held request to its author with a question."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.return_to_author(exchange, question=question, legs=leg)
    tell(session, result, "Returned")


@app.command(rich_help_panel=PANEL)
def reject(
    context: typer.Context,
    exchange: Exchange,
    ground: Ground,
    explanation: Explanation,
    leg: Legs = None,
) -> None:
    """Reject a held request, on a ground and with reasons."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.reject(exchange, ground, explanation=explanation, legs=leg)
    tell(session, result, "Rejected")
