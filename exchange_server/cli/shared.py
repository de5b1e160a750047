"""Options, exit codes and one-line errors that the operator's commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from exchange_files import read_given, without_bom
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.signer import SignatureAlgorithm
from exchange_server.config import LOG_PASSPHRASE_VARIABLE, Config
from exchange_server.open_files import verify_open_files

EXIT_FINDINGS: Final = 1
EXIT_CANNOT: Final = 2
EXIT_UNCHECKED: Final = 6

ConfigFile = Annotated[Path, typer.Option("--config", metavar="FILE", help="Configuration (TOML).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def what_to_check(config: Config) -> tuple[str, Path, str]:
    """Give the database, the root certificates and the log's verifier key of a configuration."""
    from exchange_keys import load_signer, read_passphrase

    passphrase = read_passphrase(config.log.key_passphrase_file, LOG_PASSPHRASE_VARIABLE)
    key = load_signer(config.log.key, passphrase, SignatureAlgorithm.ED25519)
    signer = LogSigner(config.log.origin, key)
    return config.database.url, config.tls.root, signer.vkey


def read_named(path: Path) -> bytes:
    """Read a file that the caller or the configuration names."""
    try:
        return without_bom(read_given(path), path, Reason.CONFIG_INVALID)
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(f"cannot read {path}: {error.strerror}") from None


def verify_not_lost(url: str) -> None:
    """Verify that no SQLite database is gone from its place; raises CONFIG_INVALID.

    A new one there would begin a second log, or stand in the way of the one that is brought back.
    """
    from exchange_server.ledger.start_check import note_path
    from exchange_server.storage.engine import sqlite_file

    file = sqlite_file(url)
    # The file may be there and empty, as after a loss of power.
    if file is None or (file.exists() and file.stat().st_size):
        return
    note = note_path(file.resolve())
    if note.exists():
        raise Reason.CONFIG_INVALID.error(
            f"the database {file} is gone or empty, and {note} tells what a hub has signed there: "
            "bring the newest one back, such as by `exchange-server restore`. For a new log name "
            "another place, or move that file away",
            field="database.url",
        )


@contextmanager
def file_errors(folder: Path) -> Iterator[None]:
    """Say in one line why files cannot be written."""
    try:
        yield
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(
            f"cannot write to {error.filename or folder}: {error.strerror}"
        ) from None


@contextmanager
def database_errors() -> Iterator[None]:
    """Say in one line what a database driver refuses; it names hosts and files, no secrets."""
    from alembic.util import CommandError

    from exchange_server.storage.engine import driver_error, is_damaged, plain_cause

    try:
        yield
    except CommandError as error:
        raise Reason.CONFIG_INVALID.error(
            f"the database is of no schema that this hub knows: {error}; it may be of a newer hub",
            field="database.url",
        ) from None
    except Exception as error:
        cause = driver_error(error)
        if cause is None:
            raise
        why = plain_cause(cause) or str(cause)
        if is_damaged(cause):
            why += (
                ". The file is damaged or mixed from two copies: bring back a copy that "
                "`exchange-server backup` made, with `exchange-server restore`"
            )
        raise Reason.CONFIG_INVALID.error(
            f"the database cannot be used: {why}", field="database.url"
        ) from None


def run(command: Callable[[], object]) -> None:
    """Run something, and exit with 2 and one line if it is refused."""
    try:
        verify_open_files()
        command()
    except ExchangeError as error:
        typer.echo(f"exchange-server: {error}", err=True)
        unchecked = error.reason is Reason.POLICY_UNREADABLE
        sys.exit(EXIT_UNCHECKED if unchecked else EXIT_CANNOT)
    except MemoryError:
        typer.echo(
            "exchange-server: no memory is left for this command: raise its limit (`ulimit -v`, "
            "MemoryMax= of the unit), or end what else takes memory here. What it writes is there "
            "whole or not at all, so run it again",
            err=True,
        )
        sys.exit(EXIT_CANNOT)
    except typer.TyperException as error:
        # A command without arguments has printed its help, and says nothing more.
        if said := " ".join(error.format_message().split()):
            typer.echo(f"exchange-server: {said}", err=True)
        sys.exit(EXIT_CANNOT)
    except typer.Abort:
        typer.echo("exchange-server: stopped: the input has ended", err=True)
        sys.exit(EXIT_FINDINGS)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("exchange_"):
            raise
        typer.echo(
            f"exchange-server: {error.name} is not installed; install the hub with its extra, "
            "`pip install caricc-exchange[hub]`",
            err=True,
        )
        sys.exit(EXIT_CANNOT)
