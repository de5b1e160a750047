"""The `exchange-server` command: run a hub, prepare one, check its log.

Exit codes: 0 done; 1 findings (fsck, doctor, check-config); 2 a wrong configuration or argument,
said in one line, or a copy that is torn or incomplete (fsck); 5 the result could not be written;
6 this version cannot check it; 129, 130 or 143 stopped by a closed terminal, Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange_files import results_apart
from exchange_files.arguments import empty_argument, repeated_option
from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.cli import copies, fsck, log_key, storage
from exchange_server.cli.shared import (
    EXIT_CANNOT,
    EXIT_FINDINGS,
    EXIT_UNCHECKED,
    AsJson,
    ConfigFile,
    database_errors,
    file_errors,
    read_named,
    what_to_check,
)
from exchange_server.config import Config, load_config
from exchange_server.open_files import verify_open_files

if TYPE_CHECKING:
    from exchange_server.bootstrap import Credentials
    from exchange_server.workers import Parent

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
def serve(
    config: ConfigFile,
    workers: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=64, help="Processes that share the port; PostgreSQL only."
        ),
    ] = 1,
) -> None:
    """Run the hub until SIGTERM, SIGINT or SIGHUP, which end it in good order."""
    settings = load_config(config, os.environ)
    if workers == 1:
        _run_hub(settings)
    else:
        raise typer.Exit(_run_workers(settings, workers))


@app.command("check-config")
def check_config(config: ConfigFile, as_json: AsJson = False) -> None:
    """Check the configuration, keys, certificates and the database, and change nothing.

    Exits with 2 for what keeps a hub from starting; with 1 for a revocation list that is overdue or
    that the running hub refuses (asked at `port` of [metrics]), and for a database that is not
    made.
    """
    import exchange_doctor
    from exchange_server import bootstrap
    from exchange_server.doctor import certificates_and_lists

    settings = load_config(config, os.environ)
    credentials = bootstrap.load_credentials(settings, os.environ, bootstrap.utc_now)
    hub = bootstrap.Hub(settings, credentials)
    page = list(certificates_and_lists(settings, credentials, bootstrap.utc_now()))
    entries = _checked_database(settings.database.url, credentials)
    if entries:
        credentials.held.verify_there()
    is_well = exchange_doctor.is_well(page) and entries is not None
    if as_json:
        said = {
            "hub": credentials.identity.uri,
            "log": hub.log_vkey,
            "entries": entries,
            **exchange_doctor.as_json(page),
            "is_well": is_well,
        }
        typer.echo(json.dumps(said))
    else:
        database = (
            "is not made yet: run `exchange-server migrate`"
            if entries is None
            else f"has {entries} entries"
        )
        typer.echo(f"hub {credentials.identity.uri}")
        typer.echo(f"log {hub.log_vkey}")
        typer.echo(f"database {database}")
        typer.echo("\n".join(exchange_doctor.lines(page)))
    if not is_well:
        raise typer.Exit(EXIT_FINDINGS)


def _checked_database(url: str, credentials: Credentials) -> int | None:
    """Count the entries of the database, None if there is none yet.

    Raises what keeps a hub from starting on it.
    """
    from exchange_protocol.log.checkpoint import LogVerifier
    from exchange_server.bootstrap import utc_now
    from exchange_server.clock_evidence import last_entry, verify_not_ahead, verify_not_behind
    from exchange_server.ledger.log_keys import check_signs, followed
    from exchange_server.ledger.start_check import verify_start
    from exchange_server.storage.engine import open_engine, reading, sqlite_file
    from exchange_server.storage.log_rows import read_head
    from exchange_server.storage.schema import check_schema
    from exchange_server.storage.server_check import verify_server

    signer, now = credentials.signer, utc_now()
    engine = open_engine(url, read_only=True)
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return None
    with database_errors():
        try:
            verify_server(engine)
            check_schema(engine)
            log = LogVerifier(signer.vkey)
            verify_start(engine, log)
            with reading(engine) as connection:
                head, known = read_head(connection), followed(connection, log)
            last_time = None if head is None else head.last_time
            verify_not_behind(now, last_time)
            signed = [credentials.signed, *last_entry(last_time)]
            verify_not_ahead(now, signed, credentials.revocations())
            if head is not None:
                check_signs(known.vkeys if known.successions else (), signer, head.note)
        finally:
            engine.dispose()
    return head.size if head else 0


@app.command()
def doctor(config: ConfigFile, as_json: AsJson = False) -> None:
    """Look at everything that a hub needs, on one page; changes nothing. Exits with 1 if bad."""
    import exchange_doctor
    from exchange_server import bootstrap
    from exchange_server.doctor import examine_hub

    settings = load_config(config, os.environ)
    page = examine_hub(settings, os.environ, bootstrap.utc_now())
    if as_json:
        typer.echo(json.dumps(exchange_doctor.as_json(page)))
    else:
        typer.echo("\n".join(exchange_doctor.lines(page)))
    if not exchange_doctor.is_well(page):
        raise typer.Exit(EXIT_FINDINGS)


@app.command()
def revocations(
    file: Annotated[Path, typer.Argument(metavar="CRL.pem", help="The authority's new list.")],
    config: ConfigFile,
) -> None:
    """Put a new revocation list in place, and say whether the running hub has taken it.

    Exits with 1 if it has not, or cannot be asked (`port` of [metrics]).
    """
    from exchange_server import bootstrap
    from exchange_server.tls.revocation_install import install, is_taken

    settings = load_config(config, os.environ)
    with file_errors(settings.tls.crl):
        lists = install(settings, file, bootstrap.utc_now())
    typer.echo(f"in place: {settings.tls.crl}")
    if settings.metrics.port is None:
        typer.echo(
            "whether the hub has taken it is not known: [metrics] has no port to ask at. Give it "
            "one and start the hub anew, or look for revocations_read in the hub's log"
        )
        raise typer.Exit(EXIT_FINDINGS)
    if not is_taken(settings.metrics, lists):
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
    from exchange_server.storage.schema import migrate as migrate_schema
    from exchange_server.storage.server_check import verify_server
    from exchange_server.tls.held_lists import HeldLists, told

    settings = load_config(config, os.environ)
    anchors = TrustAnchors.from_pem(read_named(settings.tls.root))
    engine = open_engine(settings.database.url)
    with database_errors():
        try:
            verify_server(engine)
            before, now = migrate_schema(engine, anchors)
        finally:
            engine.dispose()
    if before == now:
        typer.echo(f"the database has schema {now} already: nothing was changed")
    else:
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


def _run_hub(
    settings: Config, worker: int = 0, parent: Parent | None = None, counts: Path | None = None
) -> None:
    from exchange_server.tls.tls_version import require_tls13

    require_tls13()
    # Below INFO grpc's core says nothing of refused handshakes.
    os.environ.setdefault("GRPC_VERBOSITY", "INFO")
    import uvloop

    from exchange_server import bootstrap
    from exchange_server.fairness.counts import ALONE, SharedCounts
    from exchange_server.native_lines import captured_native_lines
    from exchange_server.observability import configure_logging

    with captured_native_lines(), database_errors():
        configure_logging(settings.logging.level, worker)
        shared = ALONE if counts is None else SharedCounts(counts, worker)
        uvloop.run(bootstrap.serve(settings, parent, shared, worker))


def _run_workers(settings: Config, count: int) -> int:
    from exchange_server.fairness.counts import SharedCounts, shared_counts
    from exchange_server.observability import configure_logging
    from exchange_server.storage.engine import open_engine
    from exchange_server.workers import shared_port, supervise

    if open_engine(settings.database.url).dialect.name != "postgresql":
        raise Reason.CONFIG_INVALID.error(
            f"expected PostgreSQL for {count} workers: SQLite serves one hub process",
            field="database.url",
        )
    configure_logging(settings.logging.level)
    listen = settings.listen
    with shared_port(listen.host, listen.port) as port, ExitStack() as stack:
        counts = stack.enter_context(shared_counts(count))
        shared = settings.model_copy(
            update={
                "listen": listen.model_copy(update={"port": port}),
                "limits": settings.limits.of_one_among(count),
            }
        )
        counted = [SharedCounts(counts, number) for number in range(1, count + 1)]
        has_figures = settings.metrics.port is not None
        if has_figures:
            from exchange_server.metrics.endpoint import served_metrics, shared_folder

            registry = stack.enter_context(shared_folder())
            stack.enter_context(served_metrics(settings.metrics, registry))

        def forget(number: int, pid: int) -> None:
            counted[number - 1].forget_held()
            if has_figures:
                from exchange_server.metrics.endpoint import forget_worker

                forget_worker(pid)

        return supervise(
            partial(_run_worker, shared, counts),
            count,
            grace_seconds=settings.limits.grace_seconds,
            on_end=forget,
        )


def _run_worker(settings: Config, counts: Path, worker: int, parent: Parent) -> None:
    """Run a worker's process, with the configuration that its parent has read."""
    run(lambda: _run_hub(settings, worker, parent, counts))


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


def run(command: Callable[[], object]) -> None:
    """Run something, and exit with 2 and one line if it is refused."""
    try:
        verify_open_files()
        command()
    except ExchangeError as error:
        typer.echo(f"exchange-server: {error}", err=True)
        unchecked = error.reason is Reason.POLICY_UNREADABLE
        sys.exit(EXIT_UNCHECKED if unchecked else EXIT_CANNOT)
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
