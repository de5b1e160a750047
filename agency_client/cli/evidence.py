"""`agency evidence export|verify`: one exchange in one file, to be verified without the hub."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.options import Exchange
from agency_client.cli.output import (
    heading,
    instant,
    iso,
    print_fields,
    print_json,
    print_table,
    say,
)
from agency_client.cli.session import session_of
from agency_client.cli.show import who
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.trust.certificates import TrustAnchors

if TYPE_CHECKING:
    from agency_client.evidence import VerifiedBundle

evidence = typer.Typer(no_args_is_help=True, help="Evidence for a court, in one file.")
app.add_typer(evidence, name="evidence", rich_help_panel="Audit")


@evidence.command()
def export(
    context: typer.Context,
    exchange: Exchange,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.zip", help="New file to write.")
    ],
    with_content: Annotated[
        bool,
        typer.Option(
            "--with-content",
            help="Disclose the parts sealed to you: whoever has the file can read them.",
        ),
    ] = False,
) -> None:
    """Export all that you are shown of an exchange, with every proof, into one file.

    The file is verified before the command ends. Sealed parts stay sealed and outside, unless
    --with-content discloses those that your agency reads.
    """
    from agency_client.evidence import export_bundle

    session = session_of(context)
    if out.exists():
        raise Reason.DOCUMENT_INVALID.error(f"{out} exists; nothing is written over")
    with session.hub() as hub:
        gathered = hub.gather_evidence(exchange, with_content=with_content)
        found = export_bundle(
            gathered,
            out,
            exported_by=hub.profile.tls.certificate.member,
            at=datetime.now(UTC),
            anchors=hub.profile.anchors,
            log=hub.profile.log,
        )
    if session.as_json:
        print_json({"file": str(out), **bundle_json(found)})
    else:
        _print(found)
        say(f"\nWritten to {out}. Give the root certificate and the log key by another way.")


@evidence.command()
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip")],
    root: Annotated[
        Path | None, typer.Option(help="Root certificate to trust, PEM; else the profile's.")
    ] = None,
    log_key: Annotated[
        str | None,
        typer.Option(metavar="VKEY", help="The log's verifier key to trust; else the profile's."),
    ] = None,
    account: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write the account of what is proved, a new file."),
    ] = None,
) -> None:
    """Verify a bundle offline and replay the rules; needs no hub.

    Root and log key come from you, or from your profile, never from the file.
    """
    from agency_client.evidence import verify_bundle
    from agency_client.evidence.account import render

    session = session_of(context)
    if root is not None and log_key is not None:
        anchors, log = TrustAnchors.from_pem(root.read_bytes()), LogVerifier(log_key)
    elif root is None and log_key is None and session.profile:
        profile = session.load_profile()
        anchors, log = profile.anchors, profile.log
    else:
        raise typer.BadParameter("expected --root and --log-key, or a profile that has both")
    found = verify_bundle(file, anchors, log)
    if account is not None:
        with account.open("xb") as page:
            page.write(render(found))
    if session.as_json:
        print_json(bundle_json(found))
    else:
        _print(found)
        if found.account_matches:
            say(Text("\nVerified: all of it, account.html too.", "green"))
        else:
            say(
                Text(
                    "\nEverything above is verified, but account.html in the file does not say the "
                    "same (altered, or of another version): do not read it; --account writes one.",
                    style="bold red",
                )
            )
    if not found.account_matches and account is None:
        raise typer.Exit(ExitCode.REFUSED)


def bundle_json(found: VerifiedBundle) -> dict[str, Any]:
    """What a bundle proves, as plain values."""
    return {
        "exchange_id": found.exchange_id,
        "exported_by": found.exported_by.uri,
        "exported_at": found.exported_at,
        "standing": found.standing.value,
        "origin": found.checkpoint.origin,
        "tree_size": found.checkpoint.size,
        "root": found.checkpoint.root.hex(),
        "directory_entries": len(found.directory_told),
        "account_matches": found.account_matches,
        "entries": [
            {
                "entry": told.index,
                "hub_time": iso(told.entry.hub_time),
                "actor": told.entry.actor.uri,
                "event": told.entry.event.name,
                "kind": told.statement.kind.value if told.statement else None,
                "rule_ids": list(told.entry.ruling.rule_ids) if told.entry.ruling else [],
                "disclosed": list(found.disclosed.get(told.index, ())),
            }
            for told in found.told
        ],
    }


def _print(found: VerifiedBundle) -> None:
    print_fields(
        [
            ("exchange", found.exchange_id),
            ("exported by", f"{who(found.exported_by)}, {found.exported_at} (the file's word)"),
            ("seen as", found.standing.value),
            ("log", found.checkpoint.origin),
            ("checkpoint", f"{found.checkpoint.size} entries, root {found.checkpoint.root.hex()}"),
            ("directory", f"{len(found.directory_told)} entries"),
        ]
    )
    heading("Proved")
    print_table(
        ("ENTRY", "WHEN", "WHO", "WHAT", "RULES", "DISCLOSED"),
        [
            (
                str(told.index),
                instant(told.entry.hub_time),
                who(told.entry.actor),
                told.statement.kind.value.replace("_", " ")
                if told.statement
                else told.entry.event.name.lower(),
                ", ".join(told.entry.ruling.rule_ids) if told.entry.ruling else "",
                ", ".join(found.disclosed.get(told.index, ())),
            )
            for told in found.told
        ],
        "Nothing.",
    )
