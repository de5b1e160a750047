"""`agency witness init-key|run`: vouch that everyone sees the same log."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from agency_client.cli.app import app
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.options import is_given
from agency_client.cli.output import complain, print_json, print_json_line, put, say
from agency_client.cli.session import Session, session_of
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso
from agency_client.witness.witness import Witness, WitnessRound, init_witness
from exchange_protocol.errors import HubUnavailable

witness = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Vouch that everyone sees the same log."
)
app.add_typer(witness, name="witness", rich_help_panel="Audit")

Key = Annotated[Path, typer.Option(metavar="FILE", help="The witness's private key.")]


@witness.command("init-key")
def init_key(
    context: typer.Context,
    key: Key,
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="Name of the witness, such as witness.example/gpo."),
    ],
) -> None:
    """Make a witness's key under the profile's passphrase; prints the verifier key to publish."""
    session = session_of(context)
    vkey = init_witness(key, name, session.load_profile().passphrase())
    if session.as_json:
        print_json({"key": str(key), "vkey": vkey})
    else:
        put(f"{vkey}\n")


@witness.command()
def run(
    context: typer.Context,
    key: Key,
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
    interval_seconds: Annotated[
        float, typer.Option(min=1, metavar="N", help="Pause between rounds.")
    ] = 60,
) -> None:
    """Cosign the log's newest checkpoint again and again, as long as it only grows.

    The profile must be an auditor's, and the hub must list the witness. The last cosigned
    checkpoint is kept in FILE.state beside the key; never run one key from two places. A log that
    shrank or shows a split view is refused: both signed checkpoints are kept as evidence, and the
    command ends with code 1.
    """
    if once and is_given(context, "interval_seconds"):
        raise typer.BadParameter("expected --once or --interval-seconds, not both")
    session = session_of(context)
    with session.hub() as hub:
        profile = hub.profile
        own = Witness.load(
            key, profile.passphrase(), hub.profile.log_keys, lambda: datetime.now(UTC)
        )
        while True:
            try:
                _tell(session, own.run_once(hub), session.locale_of(hub))
            except HubUnavailable as error:
                if once:
                    raise
                complain(f"agency: {error}; trying again in {interval_seconds:g} s")
            if once:
                return
            time.sleep(interval_seconds)


def _tell(session: Session, result: WitnessRound, locale: Locale) -> None:
    if session.as_json:
        print_json_line(
            {
                "tree_size": result.head.size,
                "root": result.head.checkpoint.root.hex(),
                "cosigned": list(result.cosigned),
                "at": iso(result.at),
            }
        )
    else:
        said = locale.say(Label.COSIGNED, size=result.head.size)
        say(f"{locale.second(result.at)}  {said}")
