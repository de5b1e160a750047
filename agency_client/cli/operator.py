"""`agency operator`: what the operating agency's operators put into the directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.outbox import result_line
from agency_client.cli.output import print_json, say
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.core.views import Queued
from agency_client.presentation.plain import result_json
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import AgencyType
from exchange_protocol.kinds.revoke_certificate import RevocationReason
from exchange_protocol.trust.certificates import fingerprint

operator = typer.Typer(
    no_args_is_help=True, help="Enrol agencies, publish certificates and policy."
)
app.add_typer(operator, name="operator", rich_help_panel="Operate")

Certificate = Annotated[
    Path, typer.Argument(metavar="FILE.pem", help="Signing certificate; intermediates after it.")
]


@operator.command()
def enrol(
    context: typer.Context,
    agency: Annotated[str, typer.Argument(parser=inputs.agency, metavar="ID")],
    name: Annotated[str, typer.Option(help="Official name, in any script.")],
    agency_type: Annotated[
        AgencyType,
        typer.Option(
            parser=inputs.one_of(AgencyType), metavar="TYPE", help=f"{inputs.codes(AgencyType)}."
        ),
    ],
    time_zone: Annotated[
        str,
        typer.Option(
            parser=inputs.time_zone, metavar="ZONE", help="IANA name, such as Asia/Almaty."
        ),
    ],
    country: Annotated[
        str, typer.Option(help="ISO 3166-1 alpha-2; leave out for an international body.")
    ] = "",
) -> None:
    """Enrol an agency. An enrolment stands for good: it cannot be changed or repeated."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.enrol_agency(
            agency=agency, name=name, country=country, agency_type=agency_type, time_zone=time_zone
        )
        locale = session.locale_of(hub)
    tell(session, result, "Enrolled", locale)


@operator.command()
def certificate(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE.pem...", help="Signing certificates, a file each; intermediates after it."
        ),
    ],
) -> None:
    """Publish signing certificates, in this order. Code 4 if one of them waits for the hub."""
    session = session_of(context)
    # All are read before one is published: a wrong name among them changes nothing.
    chains = [read_certificates(file) for file in files]
    results = []
    with session.hub() as hub:
        for file, (leaf, *intermediates) in zip(files, chains, strict=True):
            result = hub.publish_certificate(leaf, tuple(intermediates))
            results.append(result)
            if not session.as_json:
                say(f"{file}: {result_line(result, session.locale_of(hub))}")
    if session.as_json:
        print_json({"results": [result_json(each) for each in results]})
    if any(isinstance(each, Queued) for each in results):
        raise typer.Exit(ExitCode.QUEUED)


@operator.command()
def revoke(
    context: typer.Context,
    file: Certificate,
    reason: Annotated[
        RevocationReason,
        typer.Option(
            parser=inputs.one_of(RevocationReason), metavar=inputs.codes(RevocationReason)
        ),
    ],
) -> None:
    """Take a signing certificate back."""
    session = session_of(context)
    leaf = read_certificates(file)[0]
    with session.hub() as hub:
        result = hub.revoke_certificate(fingerprint(leaf), reason)
        locale = session.locale_of(hub)
    tell(session, result, "Revoked", locale)


@operator.command()
def policy(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.cedar", help="The whole policy.")],
) -> None:
    """Publish the policy; it is in force from its entry on."""
    session = session_of(context)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Reason.POLICY_INVALID.error(f"expected {file} to be text in UTF-8") from None
    with session.hub() as hub:
        result = hub.publish_policy(text)
        locale = session.locale_of(hub)
    tell(session, result, "Published", locale)


def read_certificates(path: Path) -> list[bytes]:
    """Read a PEM file of certificates as DER, in their order; raises DOCUMENT_INVALID."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        raise Reason.DOCUMENT_INVALID.error(
            f"expected {path} to hold certificates in PEM"
        ) from None
    return [each.public_bytes(Encoding.DER) for each in found]
