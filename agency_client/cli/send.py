"""`agency send`: statements that open an exchange."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.options import (
    Attach,
    Csv,
    Due,
    HandlingCode,
    LegalBasis,
    Mapping,
    PurposeCode,
    Subjects,
    TlpCode,
    To,
    Urgent,
)
from agency_client.cli.output import complain
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.content.documents import AnalysisRequest, InformationRequest, ReferralDocument
from agency_client.content.entities import (
    Entity,
    entities_from_csv,
    identifier_warnings,
    read_entities,
)
from agency_client.content.input_documents import read_input_document
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Handling, Purpose, Tlp, Urgency

_MOST_WARNINGS = 20

send = typer.Typer(no_args_is_help=True, help="Open an exchange: ask, refer, have analysed.")
app.add_typer(send, name="send", rich_help_panel="Send")


@send.command("information-request")
def information_request(
    context: typer.Context,
    request: Annotated[Path, typer.Argument(metavar="REQUEST.yaml")],
    to: To,
    subjects: Subjects = None,
    csv: Csv = None,
    mapping: Mapping = None,
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
    paper = read_input_document(request, InformationRequest)
    if paper.content is None:
        raise Reason.DOCUMENT_INVALID.error(
            f"{request}: expected the content of the request, got none", field="content"
        )
    given = terms(handling, tlp, urgent, due, legal_basis, purpose)
    files = inputs.attachments(attach or ())
    with read_given(subjects, csv, mapping) as entities, session.hub() as hub:
        result = hub.request_information(
            to=to,
            brief=paper.brief,
            request=paper.content,
            subjects=entities,
            attachments=files,
            **given,
        )
    tell(session, result, "Sent")


@send.command()
def referral(
    context: typer.Context,
    referral: Annotated[Path, typer.Argument(metavar="REFERRAL.yaml")],
    to: To,
    subjects: Subjects = None,
    csv: Csv = None,
    mapping: Mapping = None,
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
    paper = read_input_document(referral, ReferralDocument)
    given = terms(handling, tlp, urgent, due, legal_basis, purpose)
    files = inputs.attachments(attach or ())
    with read_given(subjects, csv, mapping) as entities, session.hub() as hub:
        result = hub.refer(
            to=to,
            brief=paper.brief,
            referral=paper.content,
            subjects=entities,
            attachments=files,
            **given,
        )
    tell(session, result, "Sent")


@send.command("analysis-request")
def analysis_request(
    context: typer.Context,
    request: Annotated[Path, typer.Argument(metavar="REQUEST.yaml")],
    to: To,
    subjects: Subjects = None,
    csv: Csv = None,
    mapping: Mapping = None,
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
    paper = read_input_document(request, AnalysisRequest)
    given = terms(handling, tlp, urgent, due, legal_basis, purpose)
    files = inputs.attachments(attach or ())
    with read_given(subjects, csv, mapping) as entities, session.hub() as hub:
        result = hub.request_analysis(
            to=to,
            brief=paper.brief,
            request=paper.content,
            subjects=entities,
            attachments=files,
            **given,
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


@contextmanager
def read_given(
    ftm: Path | None, csv: Path | None, mapping: Path | None
) -> Iterator[Iterator[Entity]]:
    """Entities of the files that were named; warns of doubtful identifiers when they were read."""
    if (csv is None) != (mapping is None):
        raise typer.BadParameter("expected --csv and --mapping together")
    if ftm is not None and csv is not None:
        raise typer.BadParameter("expected FollowTheMoney entities or --csv, not both")
    entities: Iterator[Entity] = iter(())
    if ftm is not None:
        entities = read_entities(ftm)
    elif csv is not None and mapping is not None:
        entities = entities_from_csv(csv, mapping)
    warnings: list[str] = []
    yield _watched(entities, warnings)
    for warning in warnings[:_MOST_WARNINGS]:
        complain(f"warning: {warning}")
    if len(warnings) > _MOST_WARNINGS:
        complain(f"warning: and {len(warnings) - _MOST_WARNINGS} more")


def _watched(entities: Iterator[Entity], warnings: list[str]) -> Iterator[Entity]:
    for entity in entities:
        warnings += identifier_warnings(entity)
        yield entity
