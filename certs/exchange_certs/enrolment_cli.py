"""`exchange-certs token|approve|enrol|renew`: certify keys that stay with their members."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from exchange_certs.authority import DEFAULT_DAYS, Authority, IssuedCertificate
from exchange_certs.enrolment import (
    REQUIRED_APPROVALS,
    TOKEN_LIFE,
    approve,
    encode_answer,
    enrol,
    issue_token,
    parse_approval,
    renew,
)
from exchange_certs.records import read_index
from exchange_files import PUBLIC, NewFile, check_new, new_files, read_given, write_new_file
from exchange_keys import load_signer, read_passphrase
from exchange_keys.requests import parse_request
from exchange_protocol.errors import Reason

CA_VARIABLE: Final = "EXCHANGE_CERTS_PASSPHRASE"
OPERATOR_VARIABLE: Final = "EXCHANGE_KEY_PASSPHRASE"

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the authority.")]
RequestFile = Annotated[
    Path, typer.Argument(metavar="REQUEST.json", help="What the member has sent.")
]
Heard = Annotated[str, typer.Option(help="The 24 digits that the member has read out to you.")]
Out = Annotated[
    Path,
    typer.Option(help="New file for the member; the signing certificate goes beside it as .pem."),
]
Days = Annotated[int, typer.Option(min=1, help="Days until the certificates end.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help=f"File (0600) with the authority's passphrase; else ${CA_VARIABLE}."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the authority's."""
    app.command("token")(token)
    app.command("approve")(approve_request)
    app.command("enrol")(enrol_member)
    app.command("renew")(renew_member)


def token(directory: Directory, fingerprint: Heard) -> None:
    """Make a token for a request whose fingerprint a member has read out. It is good once."""
    read_index(directory)
    made = issue_token(directory, fingerprint, datetime.now(UTC))
    typer.echo(f"{made}  (good once, for {TOKEN_LIFE.days} days)")


def approve_request(
    request: RequestFile,
    fingerprint: Heard,
    certificate: Annotated[Path, typer.Option(help="Your signing certificate, PEM.")],
    key: Annotated[Path, typer.Option(help="Its key, PEM.")],
    out: Annotated[Path, typer.Option(help="New file for the approval.")],
    passphrase_file: Annotated[
        Path | None,
        typer.Option(help=f"File (0600) with your key's passphrase; else ${OPERATOR_VARIABLE}."),
    ] = None,
) -> None:
    """Approve a request as an operator, after you have heard its fingerprint yourself."""
    signer = load_signer(key, read_passphrase(passphrase_file, OPERATOR_VARIABLE))
    asked = parse_request(read_given(request))
    approval = approve(asked, fingerprint, read_given(certificate), signer)
    write_new_file(out, approval.encode(), mode=PUBLIC)
    typer.echo(f"Approved {asked.identity}: {out}")


def enrol_member(
    directory: Directory,
    request: RequestFile,
    one_time_token: Annotated[str, typer.Option("--token", help="The token for this request.")],
    approval: Annotated[
        list[Path], typer.Option(help=f"An operator's approval; {REQUIRED_APPROVALS} are needed.")
    ],
    out: Out,
    days: Days = DEFAULT_DAYS,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Certify the keys of a request that two operators have approved."""
    _check_out(out)
    asked = parse_request(read_given(request))
    approvals = [parse_approval(read_given(each)) for each in approval]
    authority = Authority.open(directory, read_passphrase(passphrase_file, CA_VARIABLE))
    now = datetime.now(UTC)
    _hand_out(
        out, authority, enrol(authority, asked, one_time_token, approvals, now=now, days=days)
    )


def renew_member(
    directory: Directory,
    request: RequestFile,
    out: Out,
    days: Days = DEFAULT_DAYS,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Certify new keys of a member whose present keys have signed for them."""
    _check_out(out)
    asked = parse_request(read_given(request))
    authority = Authority.open(directory, read_passphrase(passphrase_file, CA_VARIABLE))
    _hand_out(out, authority, renew(authority, asked, now=datetime.now(UTC), days=days))


def _check_out(out: Path) -> None:
    """Refuse an answer that could not be written, before a token is spent for it."""
    signing = out.with_suffix(".pem")
    if out == signing:
        raise Reason.INVALID_FIELD.error(
            "expected a name that does not end in .pem, as the signing certificate's does; got "
            f"{out}",
            field="out",
        )
    check_new(out, signing)


def _hand_out(
    out: Path, authority: Authority, issued: tuple[IssuedCertificate, IssuedCertificate]
) -> None:
    signing = out.with_suffix(".pem")
    with new_files(
        NewFile(out, encode_answer(authority, issued), PUBLIC),
        NewFile(signing, issued[1].certificate_pem, PUBLIC),
    ):
        pass
    typer.echo(f"Issued {issued[0].identity}: {out}. Publish {signing} on the log.")
