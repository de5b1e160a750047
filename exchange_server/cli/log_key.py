"""Commands for the key that signs the log: make one, and let it be succeeded by another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import LogSigner
from exchange_server.cli.shared import ConfigFile
from exchange_server.config import LOG_PASSPHRASE_VARIABLE, load_config


def init_log_key(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Key file to write (0600).")],
    origin: Annotated[str, typer.Option(help="Name of the log: caricc.example/exchange-log.")],
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"File (0600) with the key's passphrase; else ${LOG_PASSPHRASE_VARIABLE}.",
        ),
    ] = None,
) -> None:
    """Make the key that signs the log; print the verifier key for clients to pin."""
    from exchange_files import write_new_file
    from exchange_keys import SoftwareSigner, read_passphrase

    key = SoftwareSigner.generate_ed25519()
    vkey = LogSigner(origin, key).vkey
    passphrase = read_passphrase(passphrase_file, LOG_PASSPHRASE_VARIABLE)
    write_new_file(out, key.encrypted(passphrase))
    typer.echo(vkey)


def succeed_log_key(
    out: Annotated[Path, typer.Option(metavar="FILE.json", help="File to write.")],
    config: ConfigFile,
) -> None:
    """Let the log's key and its successor_key sign that one follows the other.

    `init-log-key` makes the successor, under the same origin. An operator publishes the file with
    `agency operator publish-log-key`, once every hub of the log runs with both keys.
    """
    from exchange_files import write_new_file
    from exchange_protocol.log.succession import encode_succession
    from exchange_server.bootstrap import load_log_signer

    settings = load_config(config, os.environ)
    if settings.log.successor_key is None:
        raise Reason.CONFIG_INVALID.error(
            "expected the new key's file as successor_key in [log]; `exchange-server init-log-key` "
            "makes one",
            field="log.successor_key",
        )
    signer = load_log_signer(settings.log, os.environ)
    succession = signer.succession()
    write_new_file(out, encode_succession(succession))
    typer.echo(f"{succession.predecessor}\nis succeeded by\n{succession.successor}")
