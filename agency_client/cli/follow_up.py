"""`agency supplement|recall|feedback|close|erase`: what an initiator says on its exchange."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.entity_files import GivenEntities, takes_entities
from agency_client.cli.options import Attach, Exchange, Legs
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.content.documents import ReplyDocument
from exchange_protocol.kinds.erase_notice import ErasureGround
from exchange_protocol.kinds.feedback import MAX_USEFULNESS, FeedbackUse

PANEL = "Send"


@app.command(rich_help_panel=PANEL)
@takes_entities("subjects")
def supplement(
    context: typer.Context,
    exchange: Exchange,
    supplement: Annotated[Path, typer.Argument(metavar="SUPPLEMENT.yaml")],
    given: GivenEntities,
    attach: Attach = None,
    leg: Legs = None,
) -> None:
    """Give what was asked for; it passes the approval anew."""
    session = session_of(context)
    paper = inputs.document(supplement, ReplyDocument)
    files = inputs.attachments(attach or ())
    entities = given.read()
    with session.hub() as hub:
        result = hub.supplement(
            exchange,
            brief=paper.brief,
            document=paper.content,
            entities=entities,
            legs=leg,
            attachments=files,
        )
    tell(session, result, "Supplemented")


@app.command(rich_help_panel=PANEL)
def recall(
    context: typer.Context,
    exchange: Exchange,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, in words; it is sealed.")
    ] = "The initiator withdraws the request.",
    leg: Legs = None,
) -> None:
    """Withdraw a request before it is answered; the log keeps it."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.recall(exchange, reason=reason, legs=leg)
    tell(session, result, "Recalled")


@app.command(rich_help_panel=PANEL)
def feedback(
    context: typer.Context,
    exchange: Exchange,
    usefulness: Annotated[
        int,
        typer.Option(min=0, max=MAX_USEFULNESS, help="0 (not useful) to 3 (very useful)."),
    ],
    use: Annotated[
        list[FeedbackUse] | None,
        typer.Option(
            parser=inputs.one_of(FeedbackUse),
            metavar="CODE",
            help=f"What it was used for; repeatable: {inputs.codes(FeedbackUse)}.",
        ),
    ] = None,
    leg: Legs = None,
) -> None:
    """Say what an answer was worth and what it was used for."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.feedback(exchange, usefulness=usefulness, uses=tuple(use or ()), legs=leg)
    tell(session, result, "Feedback given")


@app.command(rich_help_panel=PANEL)
def close(context: typer.Context, exchange: Exchange, leg: Legs = None) -> None:
    """Close an exchange that has ended."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.close_exchange(exchange, legs=leg)
    tell(session, result, "Closed")


@app.command(rich_help_panel=PANEL)
def erase(
    context: typer.Context,
    exchange: Exchange,
    ground: Annotated[
        ErasureGround,
        typer.Option(
            parser=inputs.one_of(ErasureGround),
            metavar="CODE",
            help=f"Why: {inputs.codes(ErasureGround)}.",
        ),
    ],
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why, in words; it is sealed and stays.")
    ] = None,
    leg: Legs = None,
) -> None:
    """Have the content of a closed exchange forgotten, for good; the account of it stays.

    The hub erases it, and every party is told to erase its own copies. On a terminal it asks first.
    """
    session = session_of(context)
    if not session.as_json and sys.stdin.isatty():
        typer.confirm("Erase the content of this exchange for good?", abort=True)
    with session.hub() as hub:
        result = hub.erase(exchange, ground, note=note, legs=leg)
    tell(session, result, "Erased")
