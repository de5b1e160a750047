"""`agency ack|reply|interim|partial|product|refuse|ask`: what a recipient says on its leg."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.entity_files import GivenEntities, takes_entities
from agency_client.cli.options import (
    Attach,
    Exchange,
    Explanation,
    Ground,
    Question,
    ReplyFile,
)
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.content.documents import AnalysisProduct, ReplyDocument
from exchange_protocol.kinds.reply import ReplyResult

PANEL = "Answer"


@app.command("ack", rich_help_panel=PANEL)
def acknowledge(context: typer.Context, exchange: Exchange) -> None:
    """Acknowledge that you have it and work on it."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.acknowledge(exchange)
    tell(session, result, "Acknowledged")


@app.command(rich_help_panel=PANEL)
@takes_entities("entities")
def reply(
    context: typer.Context,
    exchange: Exchange,
    reply: ReplyFile,
    given: GivenEntities,
    attach: Attach = None,
    result: Annotated[
        ReplyResult | None,
        typer.Option(
            parser=inputs.one_of(ReplyResult),
            metavar=inputs.codes(ReplyResult),
            help="What came of it; else information.",
        ),
    ] = None,
) -> None:
    """Answer, for good."""
    session = session_of(context)
    paper = inputs.document(reply, ReplyDocument)
    files = inputs.attachments(attach or ())
    findings = given.read()
    with session.hub() as hub:
        sent = hub.reply(
            exchange,
            result=result or ReplyResult.INFORMATION,
            brief=paper.brief,
            document=paper.content,
            entities=findings,
            attachments=files,
        )
    tell(session, sent, "Answered")


@app.command(rich_help_panel=PANEL)
def interim(
    context: typer.Context, exchange: Exchange, reply: ReplyFile, attach: Attach = None
) -> None:
    """Say how far you are; the answer is still to come."""
    session = session_of(context)
    paper = inputs.document(reply, ReplyDocument)
    files = inputs.attachments(attach or ())
    with session.hub() as hub:
        sent = hub.interim_reply(
            exchange, brief=paper.brief, document=paper.content, attachments=files
        )
    tell(session, sent, "Interim reply sent")


@app.command(rich_help_panel=PANEL)
@takes_entities("entities")
def partial(
    context: typer.Context,
    exchange: Exchange,
    reply: ReplyFile,
    given: GivenEntities,
    attach: Attach = None,
) -> None:
    """Give a part of the answer; the rest is still to come."""
    session = session_of(context)
    paper = inputs.document(reply, ReplyDocument)
    files = inputs.attachments(attach or ())
    findings = given.read()
    with session.hub() as hub:
        sent = hub.partial_reply(
            exchange,
            brief=paper.brief,
            document=paper.content,
            entities=findings,
            attachments=files,
        )
    tell(session, sent, "Partial reply sent")


@app.command(rich_help_panel=PANEL)
@takes_entities("entities")
def product(
    context: typer.Context,
    exchange: Exchange,
    product: Annotated[Path, typer.Argument(metavar="PRODUCT.yaml")],
    given: GivenEntities,
    attach: Attach = None,
) -> None:
    """Give the analysis that was asked of the centre."""
    session = session_of(context)
    paper = inputs.document(product, AnalysisProduct)
    files = inputs.attachments(attach or ())
    findings = given.read()
    with session.hub() as hub:
        sent = hub.analysis_product(
            exchange,
            brief=paper.brief,
            product=paper.content,
            entities=findings,
            attachments=files,
        )
    tell(session, sent, "Analysis sent")


@app.command(rich_help_panel=PANEL)
def refuse(
    context: typer.Context, exchange: Exchange, ground: Ground, explanation: Explanation
) -> None:
    """Refuse to answer, on a ground and with reasons."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.refuse(exchange, ground, explanation=explanation)
    tell(session, result, "Refused")


@app.command("request-details", rich_help_panel=PANEL)
def request_details(context: typer.Context, exchange: Exchange, question: Question) -> None:
    """Send a request back to its initiator with a question, before you answer it."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.return_for_information(exchange, question=question)
    tell(session, result, "Sent back for information")
