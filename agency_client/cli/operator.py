"""`agency operator`: what the operating agency's operators put into the directory."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.outbox import result_line
from agency_client.cli.output import complain, print_json, say
from agency_client.cli.questions import ask
from agency_client.cli.results import tell
from agency_client.cli.session import Session, session_of
from agency_client.content.characters import look_alike
from agency_client.core.views import Queued, Sent
from agency_client.presentation.plain import result_json
from exchange_files import read_given
from exchange_protocol.errors import HubUnavailable, Reason
from exchange_protocol.kinds.codes import AgencyType, Language
from exchange_protocol.kinds.revoke_certificate import RevocationReason
from exchange_protocol.log.succession import parse_succession
from exchange_protocol.trust.certificates import fingerprint
from exchange_protocol.trust.identity import AgencyId

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

operator = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Enrol agencies, publish certificates and policy."
)
app.add_typer(operator, name="operator", rich_help_panel="Operate")

_IDENTITY = "spiffe://"

AgencyArgument = Annotated[str, typer.Argument(parser=inputs.agency, metavar="ID")]
_NAME = typer.Option("--name", help="Official name, in any script.")
_TYPE = typer.Option(
    "--agency-type",
    parser=inputs.one_of(AgencyType),
    metavar="TYPE",
    help=f"{inputs.codes(AgencyType)}.",
)
_ZONE = typer.Option(
    "--time-zone", parser=inputs.time_zone, metavar="ZONE", help="IANA name, such as Asia/Almaty."
)
NameOption = Annotated[str, _NAME]
TypeOption = Annotated[AgencyType, _TYPE]
ZoneOption = Annotated[str, _ZONE]
CountryOption = Annotated[
    str,
    typer.Option("--country", help="ISO 3166-1 alpha-2; leave out for an international agency."),
]


@operator.command()
def enrol(
    context: typer.Context,
    agency: AgencyArgument,
    name: NameOption,
    agency_type: TypeOption,
    time_zone: ZoneOption,
    country: CountryOption = "",
) -> None:
    """Enrol an agency. Its id stands for good; `update` changes the rest."""
    session = session_of(context)
    with session.hub() as hub:
        _ask_about_name(session, hub, agency, name)
        result = hub.enrol_agency(
            agency=agency, name=name, country=country, agency_type=agency_type, time_zone=time_zone
        )
        locale = session.locale_of(hub)
    tell(session, result, "Enrolled", locale)


@operator.command()
def update(
    context: typer.Context,
    agency: AgencyArgument,
    name: Annotated[str | None, _NAME] = None,
    agency_type: Annotated[AgencyType | None, _TYPE] = None,
    time_zone: Annotated[str | None, _ZONE] = None,
    country: Annotated[
        str | None,
        typer.Option("--country", help='ISO 3166-1 alpha-2; "" for an international agency.'),
    ] = None,
) -> None:
    """Put an enrolment right: a new name, or a mistake. What is not named stays as it is."""
    session = session_of(context)
    with session.hub() as hub:
        # A country that was left out would make a national agency an international one.
        enrolled = hub.sync().agency(AgencyId(agency))
        if name is not None:
            _ask_about_name(session, hub, agency, name)
        result = hub.update_agency(
            agency=agency,
            name=enrolled.name if name is None else name,
            country=enrolled.country if country is None else country,
            agency_type=agency_type or enrolled.agency_type,
            time_zone=time_zone or enrolled.time_zone,
        )
        locale = session.locale_of(hub)
    tell(session, result, "Updated", locale)


@operator.command()
def retire(context: typer.Context, agency: AgencyArgument) -> None:
    """Retire an agency for good: it takes part in no new exchange, and what runs goes on."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.retire_agency(agency)
        locale = session.locale_of(hub)
    tell(session, result, "Retired", locale)


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
    which: Annotated[
        str,
        typer.Argument(
            metavar="FILE.pem|IDENTITY",
            help="A signing certificate, or spiffe://... for all that this member has on the log.",
        ),
    ],
    reason: Annotated[
        RevocationReason,
        typer.Option(
            parser=inputs.one_of(RevocationReason), metavar=inputs.codes(RevocationReason)
        ),
    ],
) -> None:
    """Take a signing certificate back, or all of a member; says whether the hub has taken it.

    Code 4 if it waits for the hub: then the key still counts. The remaining steps follow.
    """
    session = session_of(context)
    leaf = None if which.startswith(_IDENTITY) else read_certificates(Path(which))[0]
    with session.hub() as hub:
        records = hub.sync().certificates
        if leaf is not None:
            chosen = [fingerprint(leaf)]
        else:
            chosen = [
                digest
                for digest, record in records.items()
                if record.member.uri == which and record.revoked_at is None
            ]
        if not chosen:
            raise Reason.CERTIFICATE_UNKNOWN.error(
                f"the log has no certificate of {which} that is not revoked already"
            )
        results = [hub.revoke_certificate(each, reason) for each in chosen]
        locale = session.locale_of(hub)
    if session.as_json:
        told = [
            result_json(result) | {"certificate_sha256": each.hex()}
            for each, result in zip(chosen, results, strict=True)
        ]
        print_json({"results": told})
    else:
        for each, result in zip(chosen, results, strict=True):
            taken = "revoked" if isinstance(result, Sent) else "NOT REVOKED YET"
            say(f"{each.hex()[:16]}  {taken}  {result_line(result, locale)}")
        known = records.get(chosen[0])
        say("Left to do, as docs/keys.md says, for what a thief has beside the signing key:")
        say(f"  exchange-certs revoke CA {known.member.uri if known else which}   (its channel)")
        say("  exchange-server revocations CA/crl.pem --config hub.toml   (has the hub taken it?)")
        say("  agency keys publish   (as the agency's system: a new sealing key)")
    if any(isinstance(each, Queued) for each in results):
        raise typer.Exit(ExitCode.QUEUED)


@operator.command("publish-log-key")
def publish_log_key(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.json", help="Made by `exchange-server succeed-log-key`."),
    ],
) -> None:
    """Publish the successor of the log's key; every hub must sign with both keys already.

    Clients, witnesses and auditors learn it with their next look at the directory. Take the old key
    out of the hub's configuration when they have had the time for that.
    """
    session = session_of(context)
    succession = parse_succession(read_given(file))
    with session.hub() as hub:
        result = hub.publish_log_key(succession)
        locale = session.locale_of(hub)
    tell(session, result, "Published", locale)


@app.command(rich_help_panel="Set up")
def takes(
    context: typer.Context,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="Kind that opens an exchange; repeatable; all by default."),
    ] = None,
    language: Annotated[
        list[Language] | None,
        typer.Option(
            "--language",
            parser=inputs.one_of(Language),
            metavar="CODE",
            help=f"Language of what is sent; repeatable; all by default: {inputs.codes(Language)}.",
        ),
    ] = None,
    most_bytes: Annotated[
        int, typer.Option("--most-bytes", min=0, help="Largest sealed part; 0 for no limit.")
    ] = 0,
    hours: Annotated[str, typer.Option("--hours", help="Working hours, in words.")] = "",
    contact: Annotated[
        str, typer.Option("--contact", help="Whom to reach at any hour, in words; all can read it.")
    ] = "",
) -> None:
    """Publish what your agency takes, anew as a whole; the hub refuses the rest."""
    session = session_of(context)
    with session.hub() as hub:
        result = hub.publish_acceptance(
            kinds=[each.replace("-", "_") for each in kind or ()],
            languages=language or (),
            max_part_bytes=most_bytes,
            hours=hours,
            duty_contact=contact,
        )
        locale = session.locale_of(hub)
    tell(session, result, "Published", locale)


def _ask_about_name(session: Session, hub: ExchangeClient, agency: str, name: str) -> None:
    """Ask about a name that another agency has, or one that looks like it; tell of it in a script.

    Raises:
        Declined: if the person does not want two agencies of one name.
    """
    with suppress(HubUnavailable):
        hub.sync()  # Without the hub, the directory held here must do.
    known = hub.directory.agencies.values()
    twins = [each.id for each in known if each.id != agency and look_alike(each.name, name)]
    if not twins:
        return
    told = f"{', '.join(twins)} has this name, or one that looks like it"
    if sys.stdin.isatty() and not session.as_json:
        ask(f"{told}: people would tell {agency} from it by the id alone. Go on?")
    else:
        complain(f"warning: {told}; people tell {agency} from it by the id alone")


def read_certificates(path: Path) -> list[bytes]:
    """Read a PEM file of certificates as DER, in their order; raises DOCUMENT_INVALID."""
    try:
        found = x509.load_pem_x509_certificates(read_given(path))
    except ValueError:
        raise Reason.DOCUMENT_INVALID.error(
            f"expected {path} to hold certificates in PEM"
        ) from None
    return [each.public_bytes(Encoding.DER) for each in found]
