"""The `exchange-server` command: run a hub, prepare one, check its log.

Exit codes: 0 done; 1 findings (fsck, doctor, check-config); 2 a wrong configuration or argument,
said in one line, or a copy that is torn or incomplete (fsck); 5 the result could not be written;
6 this version cannot check it; 129, 130 or 143 stopped by a closed terminal, Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from exchange_files import results_apart
from exchange_files.arguments import empty_argument, repeated_option
from exchange_protocol.errors import Reason
from exchange_server.cli import checks, copies, fsck, log_key, serve, storage
from exchange_server.cli.shared import (
    EXIT_FINDINGS,
    AsJson,
    ConfigFile,
    database_errors,
    file_errors,
    read_named,
    run,
    verify_not_lost,
    what_to_check,
)
from exchange_server.config import load_config

# Tracebacks that show local variables would show passphrases.
app = typer.Typer(
    name="exchange-server",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(copies.backup)
app.command()(copies.restore)
app.command("copy-database")(copies.copy_database)
app.command()(storage.disk)
app.command()(storage.vacuum)
app.command("init-log-key")(log_key.init_log_key)
app.command("succeed-log-key")(log_key.succeed_log_key)
app.command()(serve.serve)
app.command("check-config")(checks.check_config)
app.command()(checks.doctor)
log_app = typer.Typer(help="The log as files.", no_args_is_help=True)
app.add_typer(log_app, name="log")
policy_app = typer.Typer(help="The policy that comes with the hub.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"exchange-server {version('caricc-exchange')}")
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
    """The hub of the exchange."""


@app.command()
def revocations(
    file: Annotated[Path, typer.Argument(metavar="CRL.pem", help="The authority's new list.")],
    config: ConfigFile,
) -> None:
    """Put a new revocation list in place, and say whether the running hub has taken it.

    Exits with 1 if it has not, or cannot be asked (`port` of [metrics]).
    """
    from exchange_server import bootstrap
    from exchange_server.tls.held_lists import LIFTED_TODO
    from exchange_server.tls.revocation_install import install, is_taken

    settings = load_config(config, os.environ)
    with file_errors(settings.tls.crl):
        installed = install(settings, file, bootstrap.utc_now())
    typer.echo(f"in place: {settings.tls.crl}")
    if installed.lifted:
        typer.echo(
            f"LIFTED: {installed.lifted} certificates that were revoked are not on the list: "
            f"{LIFTED_TODO}"
        )
    if settings.metrics.port is None:
        typer.echo(
            "whether the hub has taken it is not known: [metrics] has no port to ask at. Give it "
            "one and start the hub anew, or look for revocations_read in the hub's log"
        )
        raise typer.Exit(EXIT_FINDINGS)
    if not is_taken(settings.metrics, installed.lists):
        typer.echo("NOT TAKEN: the hub is away, or refuses it (revocations_refused in its log)")
        raise typer.Exit(EXIT_FINDINGS)
    typer.echo("the hub has taken it")


@app.command()
def migrate(config: ConfigFile) -> None:
    """Bring the database to this version's schema; its log is replayed where the schema moves.

    The revocation list of the configuration is held from then on, where the hub holds none yet.
    """
    from exchange_protocol.trust.certificates import TrustAnchors
    from exchange_server.storage.engine import open_engine
    from exchange_server.storage.schema import make_missing_indexes
    from exchange_server.storage.schema import migrate as migrate_schema
    from exchange_server.storage.server_check import verify_server
    from exchange_server.tls.held_lists import HeldLists, told

    settings = load_config(config, os.environ)
    anchors = TrustAnchors.from_pem(read_named(settings.tls.root))
    verify_not_lost(settings.database.url)
    engine = open_engine(settings.database.url)
    with database_errors():
        try:
            verify_server(engine)
            before, now = migrate_schema(engine, anchors)
            made = make_missing_indexes(engine)
        finally:
            engine.dispose()
    if made:
        typer.echo(f"indexes that were missing are made anew: {', '.join(made)}")
    elif before == now:
        typer.echo(f"the database has schema {now} already: nothing was changed")
    if before != now:
        typer.echo(f"the database has schema {now} now; before: {before or 'none'}")
    held = HeldLists(settings.held_lists, anchors)
    if (lists := held.begin(settings.tls.crl)) is not None:
        typer.echo(f"no revocation list older than {told(lists)} is taken: {held.path} holds it")


app.command()(fsck.fsck)


@log_app.command("export")
def log_export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write; extended if it holds this log.")
    ],
    config: ConfigFile,
    as_json: AsJson = False,
) -> None:
    """Write the log as static files that C2SP tools read: checkpoint, tiles, entry bundles.

    The files say nothing of what was said: they may be mirrored by anyone.
    """
    from dataclasses import asdict

    from exchange_protocol.log.checkpoint import LogVerifier
    from exchange_server.ledger.static_log import export_log
    from exchange_server.storage.engine import open_engine
    from exchange_server.storage.schema import check_schema

    settings = load_config(config, os.environ)
    url, _, vkey = what_to_check(settings)
    engine = open_engine(url, read_only=True)
    with database_errors(), file_errors(folder):
        try:
            check_schema(engine)
            done = export_log(engine, LogVerifier(vkey), folder)
        finally:
            engine.dispose()
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(
            f"{done.size} entries, {done.written} files written, {done.kept} there already; "
            f"cosigned by {done.cosignatures} witnesses"
        )


@policy_app.command("show")
def show_policy() -> None:
    """Print the policy: the Cedar text to read, change and publish."""
    typer.echo(_policy_text(), nl=False)


def _policy_text() -> str:
    package = Path(__file__).parents[1]
    beside = package / "policies"
    # In a wheel it is beside the code; in the repository it has a folder of its own.
    folder = beside if beside.is_dir() else package.parent / "policies"
    return read_named(folder / "caricc.cedar").decode("utf-8")


def main() -> None:
    """Run the command; what goes wrong is said in one line."""
    with results_apart("exchange-server"):
        run(_run_command)


def _run_command() -> None:
    if missing := empty_argument(sys.argv[1:]):
        raise Reason.CONFIG_INVALID.error(missing)
    if twice := repeated_option(typer.main.get_command(app), sys.argv[1:]):
        raise typer.BadParameter(twice)
    sys.exit(app(standalone_mode=False) or 0)
