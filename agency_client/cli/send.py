"""`agency send`: statements that open an exchange."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.entity_files import GivenEntities, takes_entities
from agency_client.cli.options import (
    Attach,
    Due,
    HandlingCode,
    LegalBasis,
    PurposeCode,
    TlpCode,
    To,
    Urgent,
)
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.content.documents import AnalysisRequest, InformationRequest, ReferralDocument
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Handling, Purpose, Tlp, Urgency

send = typer.Typer(no_args_is_help=True, help="Open an exchange: ask, refer, have analysed.")
app.add_typer(send, name="send", rich_help_panel="Send")


@send.command("information-request")
@takes_entities("subjects")
def information_request(
    context: typer.Context,
    request: Annotated[Path, typer.Argument(metavar="REQUEST.yaml")],
    to: To,
    given: GivenEntities,
    attach: Attach = None,
    handling: HandlingCode = None,
    tlp: TlpCode = None,
    urgent: Urgent = False,
    due: Due = None,
    legal_basis: LegalBasis = None,
    purpose: PurposeCode = None,
) -> None:
    """Ask an agency for financial information."""
    session = session_of(context)
    paper = inputs.document(request, InformationRequest)
    if paper.content is None:
        raise Reason.DOCUMENT_INVALID.error(
            f"{request}: expected the content of the request, got none", field="content"
        )
    said = terms(handling, tlp, urgent, due, legal_basis, purpose)
    files = inputs.attachments(attach or ())
    entities = given.read()
    with session.hub() as hub:
        result = hub.request_information(
            to=to,
            brief=paper.brief,
            request=paper.content,
            subjects=entities,
            attachments=files,
            **said,
        )
    tell(session, result, "Sent")


@send.command()
@takes_entities("subjects")
def referral(
    context: typer.Context,
    referral: Annotated[Path, typer.Argument(metavar="REFERRAL.yaml")],
    to: To,
    given: GivenEntities,
    attach: Attach = None,
    handling: HandlingCode = None,
    tlp: TlpCode = None,
    urgent: Urgent = False,
    due: Due = None,
    legal_basis: LegalBasis = None,
    purpose: PurposeCode = None,
) -> None:
    """Refer a case to an agency of your own accord."""
    session = session_of(context)
    paper = inputs.document(referral, ReferralDocument)
    said = terms(handling, tlp, urgent, due, legal_basis, purpose)
    files = inputs.attachments(attach or ())
    entities = given.read()
    with session.hub() as hub:
        result = hub.refer(
            to=to,
            brief=paper.brief,
            referral=paper.content,
            subjects=entities,
            attachments=files,
            **said,
        )
    tell(session, result, "Sent")


@send.command("analysis-request")
@takes_entities("subjects")
def analysis_request(
    context: typer.Context,
    request: Annotated[Path, typer.Argument(metavar="REQUEST.yaml")],
    to: To,
    given: GivenEntities,
    attach: Attach = None,
    handling: HandlingCode = None,
    tlp: TlpCode = None,
    urgent: Urgent = False,
    due: Due = None,
    legal_basis: LegalBasis = None,
    purpose: PurposeCode = None,
) -> None:
    """Ask the coordination centre for an analysis."""
    session = session_of(context)
    paper = inputs.document(request, AnalysisRequest)
    said = terms(handling, tlp, urgent, due, legal_basis, purpose)
    files = inputs.attachments(attach or ())
    entities = given.read()
    with session.hub() as hub:
        result = hub.request_analysis(
            to=to,
            brief=paper.brief,
            request=paper.content,
            subjects=entities,
            attachments=files,
            **said,
        )
    tell(session, result, "Sent")


def terms(
    handling: Handling | None,
    tlp: Tlp | None,
    urgent: bool,
    due: str | None,
    legal_basis: str | None,
    purpose: Purpose | None,
) -> dict[str, Any]:
    """The terms that were given; what was not is left to the client and the profile."""
    wait: timedelta | datetime | None = inputs.due(due) if due else None
    given = {
        "handling": handling,
        "tlp": tlp,
        "urgency": Urgency.URGENT if urgent else None,
        "due": wait,
        "legal_basis": legal_basis,
        "purpose": purpose,
    }
    return {name: value for name, value in given.items() if value is not None}
