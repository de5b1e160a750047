"""`agency witness init-key|run|relay`: vouch that everyone sees the same log."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agency_client.cli.app import app
from agency_client.cli.output import complain, print_json, print_json_line, say
from agency_client.cli.session import Session, session_of
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso
from agency_client.witness.remote import RemoteWitness
from agency_client.witness.witness import Witness, WitnessRound, init_witness
from exchange_protocol.errors import HubUnavailable
from exchange_protocol.log.cosignatures import WitnessVerifier

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

witness = typer.Typer(no_args_is_help=True, help="Vouch that everyone sees the same log.")
app.add_typer(witness, name="witness", rich_help_panel="Audit")

Key = Annotated[Path, typer.Option(metavar="FILE", help="The witness's private key.")]
Once = Annotated[bool, typer.Option("--once", help="One round, then end.")]
Interval = Annotated[float, typer.Option(min=1, metavar="N", help="Pause between rounds.")]


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
        typer.echo(vkey)


@witness.command()
def run(
    context: typer.Context,
    key: Key,
    once: Once = False,
    interval_seconds: Interval = 60,
) -> None:
    """Cosign the log's newest checkpoint again and again, as long as it only grows.

    The profile must be an auditor's, and the hub must list the witness. What was cosigned is kept
    in FILE.state beside the key; never run one key from two places. A log that shrank or shows a
    split view is refused: both signed checkpoints are kept as evidence, and the command ends with
    code 1.
    """
    session = session_of(context)
    with session.hub() as hub:
        profile = hub.profile
        own = Witness.load(
            key, profile.passphrase(), hub.profile.log_keys, lambda: datetime.now(UTC)
        )
        _again_and_again(session, hub, own.run_once, once, interval_seconds)


@witness.command()
def relay(
    context: typer.Context,
    to: Annotated[
        str, typer.Option(metavar="URL", help="Submission prefix of the witness (https).")
    ],
    vkey: Annotated[
        str, typer.Option("--witness", metavar="VKEY", help="The witness's verifier key.")
    ],
    once: Once = False,
    interval_seconds: Interval = 60,
) -> None:
    """Bring the log's newest checkpoint to a witness that speaks C2SP tlog-witness.

    Its cosignature goes to the hub, which must list the witness. The witness must know the log's
    origin and verifier key. The profile must be an auditor's.
    """
    session = session_of(context)
    remote = RemoteWitness(to, WitnessVerifier.from_vkey(vkey))
    with session.hub() as hub:
        _again_and_again(session, hub, remote.run_once, once, interval_seconds)


def _again_and_again(
    session: Session,
    hub: ExchangeClient,
    run_once: Callable[[ExchangeClient], WitnessRound],
    once: bool,
    interval_seconds: float,
) -> None:
    while True:
        try:
            _tell(session, run_once(hub), session.locale_of(hub))
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
