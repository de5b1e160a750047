"""The `exchange-certs` command: a small certificate authority over files."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from rich.console import Console
from rich.table import Table

from exchange_certs.authority import (
    CRL_FILE,
    DEFAULT_DAYS,
    ROOT_FILE,
    Authority,
    IssuedCertificate,
)
from exchange_certs.checking import check_certificate
from exchange_certs.enrolment_cli import register
from exchange_certs.records import Record, RevocationReason, read_index
from exchange_files import (
    PUBLIC,
    NewFile,
    check_new,
    new_files,
    read_given,
    results_apart,
    without_bom,
)
from exchange_files.arguments import empty_argument, repeated_option
from exchange_keys import encrypted_pem, read_passphrase
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Usage, post_quantum_key
from exchange_protocol.trust.identity import (
    HubIdentity,
    Member,
    Role,
    parse_agency_id,
    parse_identity,
)

CA_VARIABLE: Final = "EXCHANGE_CERTS_PASSPHRASE"
KEY_VARIABLE: Final = "EXCHANGE_CERTS_KEY_PASSPHRASE"

_STATE_STYLES: Final = {"valid": "green", "revoked": "red", "expired": "dim", "future": "yellow"}
_HEX: Final = re.compile(r"[0-9A-Fa-f]{1,40}|[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{2}){0,19}", re.ASCII)
"""A serial number, of 20 bytes at most (RFC 5280)."""
_WIDEST: Final = 400
"""Columns of a row with the longest identity; a narrow terminal wraps the row as a whole."""


class CheckedUsage(StrEnum):
    """Uses of a certificate that is checked."""

    TLS = "tls"
    SIGNING = "signing"
    HUB = "hub"


_USAGES: Final = {
    CheckedUsage.TLS: Usage.TLS_CLIENT,
    CheckedUsage.SIGNING: Usage.SIGNING,
    CheckedUsage.HUB: Usage.TLS_SERVER,
}


class MemberUsage(StrEnum):
    """Uses of a member's certificate."""

    TLS = "tls"
    SIGNING = "signing"


# Tracebacks that show local variables would show passphrases.
app = typer.Typer(
    name="exchange-certs",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _reason(text: str) -> RevocationReason:
    """Take a reason as this tool spells it, or as `agency operator revoke` does."""
    plain = text.replace("-", "").replace("_", "").lower()
    for each in RevocationReason:
        if each.value.lower() == plain:
            return each
    raise typer.BadParameter(f"expected one of {', '.join(RevocationReason)}; got {text[:40]!r}")


Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the authority.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help=f"File (0600) with the authority's passphrase; else ${CA_VARIABLE}."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"exchange-certs {version('caricc-exchange')}")
        raise typer.Exit


@app.callback()
def command(
    _: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """A small certificate authority for development and for agencies that have none."""


@app.command()
def init(
    directory: Directory,
    trust_domain: Annotated[str, typer.Option(help="For example caricc.example.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a root key, its certificate and an empty revocation list."""
    passphrase = read_passphrase(passphrase_file, CA_VARIABLE)
    authority = Authority.create(directory, trust_domain, passphrase, _now())
    typer.echo(f"Root of {authority.trust_domain}: {directory / ROOT_FILE}")


@app.command()
def issue(
    directory: Directory,
    out: Annotated[
        Path, typer.Option(help="Certificate to write; its key goes beside it as .key.")
    ],
    agency: Annotated[str | None, typer.Option(help="Agency id, for example kz.mia.")] = None,
    role: Annotated[Role | None, typer.Option(help="Role of the agency's member.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the member, where it has one.")] = None,
    usage: Annotated[MemberUsage | None, typer.Option(help="Use of the member's key.")] = None,
    hub: Annotated[str | None, typer.Option(help="Name of a hub, instead of an agency.")] = None,
    dns: Annotated[list[str] | None, typer.Option(help="DNS name of the hub; repeatable.")] = None,
    ip: Annotated[list[str] | None, typer.Option(help="IP address of the hub; repeatable.")] = None,
    days: Annotated[int, typer.Option(min=1, help="Days until it ends.")] = DEFAULT_DAYS,
    not_before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"], help="First moment, in UTC."),
    ] = None,
    csr: Annotated[
        Path | None,
        typer.Option(help="Signing request in PEM; only its keys are used, none is generated."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    key_passphrase_file: Annotated[
        Path | None,
        typer.Option(help=f"File (0600) with the new key's passphrase; else ${KEY_VARIABLE}."),
    ] = None,
) -> None:
    """Issue a certificate to a member of an agency, or to a hub."""
    key_path = out.with_suffix(".key")
    if out == key_path:
        raise Reason.INVALID_FIELD.error(
            f"expected a name that does not end in .key, as the key's does; got {out}", field="out"
        )
    check_new(key_path, out)
    # Everything is read before the authority signs, so that nothing is issued and then lost.
    key_passphrase = b"" if csr else read_passphrase(key_passphrase_file, KEY_VARIABLE)
    public_key, second_key = _requested_keys(csr) if csr else (None, None)
    start = not_before.replace(tzinfo=UTC) if not_before else None

    def keep(issued: IssuedCertificate) -> AbstractContextManager[None]:
        certificate = NewFile(out, issued.certificate_pem, PUBLIC)
        if issued.key is None:
            return new_files(certificate)
        return new_files(NewFile(key_path, encrypted_pem(issued.key, key_passphrase)), certificate)

    authority = Authority.open(directory, read_passphrase(passphrase_file, CA_VARIABLE))
    if hub is not None:
        if agency or role or name or usage:
            raise Reason.INVALID_FIELD.error("expected --hub or --agency, not both", field="hub")
        issued = authority.issue_hub(
            HubIdentity(authority.trust_domain, hub),
            now=_now(),
            dns_names=dns or (),
            ip_addresses=ip or (),
            days=days,
            not_before=start,
            public_key=public_key,
            keep=keep,
        )
    else:
        if agency is None or role is None or usage is None:
            raise Reason.MISSING_FIELD.error("expected --agency, --role and --usage, or --hub")
        if dns or ip:
            raise Reason.INVALID_FIELD.error("only a hub has addresses", field="dns")
        issued = authority.issue_member(
            Member(authority.trust_domain, parse_agency_id(agency, field="agency"), role, name),
            Usage.TLS_CLIENT if usage is MemberUsage.TLS else Usage.SIGNING,
            now=_now(),
            days=days,
            not_before=start,
            public_key=public_key,
            second_key=second_key if usage is MemberUsage.SIGNING else None,
            keep=keep,
        )
    with_key = f", key {key_path}" if issued.key else ""
    typer.echo(f"Issued {issued.identity}: {out}{with_key}")


@app.command()
def revoke(
    directory: Directory,
    certificate: Annotated[
        str,
        typer.Argument(
            metavar="SERIAL|CERT.pem|IDENTITY",
            help="Serial number in hex, a file, or spiffe://... for all that this member has.",
        ),
    ],
    reason: Annotated[
        RevocationReason,
        typer.Option(
            parser=_reason,
            metavar="|".join(each.value for each in RevocationReason),
            help="Why it is taken back; `key-compromise` and the like are taken too.",
        ),
    ],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Revoke a certificate, or all of a member, and publish the revocation list anew."""
    now = _now()
    if certificate.startswith("spiffe://"):
        parse_identity(certificate)
        named: list[tuple[int, x509.Certificate | None]] = [
            (serial, None) for serial in _serials_of(directory, certificate, now)
        ]
    else:
        named = [_named(certificate)]
    authority = Authority.open(directory, read_passphrase(passphrase_file, CA_VARIABLE))
    for serial, shown in named:
        record = authority.revoke(serial, reason, now=now, shown=shown)
        typer.echo(
            f"Revoked {record.identity} ({record.usage.name}, {serial:x}): {directory / CRL_FILE}"
        )


@app.command()
def crl(directory: Directory, passphrase_file: PassphraseFile = None) -> None:
    """Publish the revocation list anew, before the old one is out of date."""
    authority = Authority.open(directory, read_passphrase(passphrase_file, CA_VARIABLE))
    authority.refresh_crl(now=_now())
    typer.echo(f"Published {directory / CRL_FILE}")


@app.command("list")
def list_certificates(directory: Directory, as_json: AsJson = False) -> None:
    """List the certificates that were issued; needs no passphrase."""
    records, now = read_index(directory).records, _now()
    if as_json:
        rows = [record.to_json() | {"state": record.state(now)} for record in records]
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return
    # As no terminal: of one that is dumb, rich takes 80 columns, and cuts serial numbers.
    Console(width=_WIDEST, force_terminal=False).print(_table(records, now))


@app.command()
def check(
    certificate: Annotated[
        Path, typer.Argument(metavar="CERT.pem", help="Certificate, its intermediates behind it.")
    ],
    usage: Annotated[CheckedUsage, typer.Option(help="The use that it was issued for.")],
    root: Annotated[Path, typer.Option(help="Root certificate of the deployment, PEM.")],
    crl: Annotated[
        list[Path] | None, typer.Option(help="Revocation list of an issuer; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell all that a certificate of another authority lacks; changes nothing.

    Code 1 if hub and clients would refuse it.
    """
    found = check_certificate(
        _read(certificate),
        _USAGES[usage],
        _read(root),
        _now(),
        [read_given(each) for each in crl or ()],
    )
    if as_json:
        sys.stdout.write(json.dumps(asdict(found), indent=1) + "\n")
    else:
        second = ", with a second key" if found.has_second_key else ""
        typer.echo(f"{found.identity or 'a certificate that names nobody'}{second}")
        for fault in found.faults:
            typer.echo(f"missing: {fault}")
        for remark in found.remarks:
            typer.echo(f"note: {remark}")
        if not found.faults:
            typer.echo("good: hub and clients take it")
    if found.faults:
        raise typer.Exit(1)


register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error of the exchange is one line on stderr and status 2."""
    with results_apart("exchange-certs"):
        try:
            given = sys.argv[1:] if arguments is None else list(arguments)
            if missing := empty_argument(given):
                raise Reason.CONFIG_INVALID.error(missing)
            if twice := repeated_option(typer.main.get_command(app), given):
                raise typer.BadParameter(twice)
            raise SystemExit(app(args=given, standalone_mode=False) or 0)
        except typer.TyperException as error:
            # A command without arguments has printed its help, and says nothing more.
            if said := " ".join(error.format_message().split()):
                _complain(said)
            raise SystemExit(2) from None
        except typer.Abort:
            _complain("stopped: the input has ended")
            raise SystemExit(1) from None
        except (ExchangeError, OSError) as error:
            _complain(str(error))
            raise SystemExit(2) from None


def _complain(said: str) -> None:
    Console(stderr=True, emoji=False).print(
        f"exchange-certs: {said}", style="red", markup=False, highlight=False, soft_wrap=True
    )


def _requested_keys(path: Path) -> tuple[ec.EllipticCurvePublicKey, MLDSA65PublicKey | None]:
    try:
        request = x509.load_pem_x509_csr(_read(path))
    except ValueError:
        raise Reason.INVALID_FIELD.error(
            f"expected {path} to be a signing request in PEM", field="csr"
        ) from None
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not request.is_signature_valid:
        raise Reason.INVALID_FIELD.error(
            f"expected {path} to be signed by its own key, on P-256 or P-384", field="csr"
        )
    return key, post_quantum_key(request)


def _read(path: Path) -> bytes:
    return without_bom(read_given(path), path, Reason.INVALID_FIELD)


def _named(text: str) -> tuple[int, x509.Certificate | None]:
    """The serial number that a text is, in hex with colons or without, or that its file has.

    Gives the certificate too, where it is a file.
    """
    if _HEX.fullmatch(text):
        return int(text.replace(":", ""), 16), None
    if not text.endswith(".pem") and not Path(text).is_file():
        raise Reason.INVALID_FIELD.error(
            "expected a serial number in hex, of 40 digits at most, or a certificate file; got "
            f"{text[:80]!a}"
        )
    try:
        shown = x509.load_pem_x509_certificate(_read(Path(text)))
    except ValueError:
        raise Reason.INVALID_FIELD.error(f"expected {text} to be a certificate in PEM") from None
    return shown.serial_number, shown


def _serials_of(directory: Path, identity: str, now: datetime) -> list[int]:
    """The certificates of a member that are still good; raises CERTIFICATE_UNKNOWN for none."""
    found = [
        record.serial
        for record in read_index(directory).records
        if record.identity == identity and record.state(now) in ("valid", "future")
    ]
    if not found:
        raise Reason.CERTIFICATE_UNKNOWN.error(
            f"this authority knows of no certificate of {identity} that is still good"
        )
    return found


def _table(records: Sequence[Record], now: datetime) -> Table:
    # Nothing is broken, so that identity and serial can be copied for `revoke`.
    table = Table(box=None, pad_edge=False)
    for heading in ("serial", "state", "from", "to", "usage", "identity"):
        table.add_column(heading, no_wrap=True)
    for record in records:
        state = record.state(now)
        table.add_row(
            f"{record.serial:x}",
            f"[{_STATE_STYLES[state]}]{state}",
            f"{record.not_before:%Y-%m-%d}",
            f"{record.not_after:%Y-%m-%d}",
            record.usage.name,
            record.identity,
        )
    return table


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
