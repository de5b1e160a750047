"""The `exchange-server` command: run a hub, prepare one, check its log.

Exit codes: 0 done; 1 findings (fsck); 2 a wrong configuration or argument, said in one line.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.signer import SignatureAlgorithm
from exchange_server.config import LOG_PASSPHRASE_VARIABLE, Config, load_config

if TYPE_CHECKING:
    from exchange_server.workers import Parent

EXIT_FINDINGS: Final = 1
EXIT_CANNOT: Final = 2

# Tracebacks that show local variables would show passphrases.
app = typer.Typer(
    name="exchange-server",
    help="The hub of the exchange.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[Path, typer.Option("--config", metavar="FILE", help="Configuration (TOML).")]
log_app = typer.Typer(help="The log as files.", no_args_is_help=True)
app.add_typer(log_app, name="log")
policy_app = typer.Typer(help="The policy that comes with the hub.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


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
    """Run the hub until SIGTERM or SIGINT."""
    settings = load_config(config, os.environ)
    if workers == 1:
        _run_hub(settings)
    else:
        raise typer.Exit(_run_workers(settings, workers))


@app.command("check-config")
def check_config(config: ConfigFile) -> None:
    """Check the configuration, keys and certificates, and change nothing."""
    from exchange_server import bootstrap

    settings = load_config(config, os.environ)
    credentials = bootstrap.load_credentials(settings, os.environ, bootstrap.utc_now)
    hub = bootstrap.Hub(settings, credentials)
    typer.echo(f"hub {credentials.identity.uri}")
    typer.echo(f"log {hub.log_vkey}")


@app.command()
def migrate(config: ConfigFile) -> None:
    """Bring the database to this version's schema."""
    from exchange_server.storage.engine import open_engine
    from exchange_server.storage.schema import migrate as migrate_schema

    engine = open_engine(load_config(config, os.environ).database.url)
    with _database_errors():
        try:
            migrate_schema(engine)
        finally:
            engine.dispose()
    typer.echo("the database has this version's schema")


@app.command("init-log-key")
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


@app.command()
def fsck(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Configuration; or else all three below.")
    ] = None,
    database: Annotated[str | None, typer.Option(metavar="URL", help="The database.")] = None,
    root: Annotated[Path | None, typer.Option(metavar="FILE", help="Root certificates.")] = None,
    log_key: Annotated[str | None, typer.Option(metavar="VKEY", help="Verifier key.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compute everything anew from the log and compare; read only. Exits with 1 for findings."""
    from dataclasses import asdict

    from exchange_protocol.log.checkpoint import LogVerifier
    from exchange_protocol.trust.certificates import TrustAnchors
    from exchange_server import ledger
    from exchange_server.ledger.fsck import fsck as check
    from exchange_server.storage.engine import open_engine
    from exchange_server.storage.schema import check_schema

    if config is not None and (database, root, log_key) == (None, None, None):
        database, root, log_key = _what_to_check(load_config(config, os.environ))
    elif config is not None or database is None or root is None or log_key is None:
        raise Reason.CONFIG_INVALID.error(
            "expected either --config, or --database, --root and --log-key"
        )
    verifier = LogVerifier(log_key)
    anchors = TrustAnchors.from_pem(_read(root))
    engine = open_engine(database, read_only=True)
    with _database_errors():
        try:
            check_schema(engine)
            report: ledger.FsckReport = check(engine, anchors, verifier)
        finally:
            engine.dispose()
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"is_clean": report.is_clean}))
    else:
        typer.echo(
            f"{report.entries} entries, {report.statements} statements, {report.parts} parts: "
            + ("all is well" if report.is_clean else "DAMAGED")
        )
        for finding in report.findings:
            typer.echo(
                f"{finding.what}: {finding.count} wrong, first {finding.first}: {finding.detail}"
            )
    if not report.is_clean:
        raise typer.Exit(EXIT_FINDINGS)


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
    url, _, vkey = _what_to_check(settings)
    engine = open_engine(url, read_only=True)
    with _database_errors(), _file_errors(folder):
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
    beside = Path(__file__).parent / "policies"
    # In a wheel it is beside the code; in the repository it has a folder of its own.
    folder = beside if beside.is_dir() else Path(__file__).parents[1] / "policies"
    return _read(folder / "caricc.cedar").decode("utf-8")


def _run_hub(settings: Config, worker: int = 0, parent: Parent | None = None) -> None:
    from exchange_server.tls_version import require_tls13

    require_tls13()
    # Below INFO grpc's core says nothing of refused handshakes.
    os.environ.setdefault("GRPC_VERBOSITY", "INFO")
    import uvloop

    from exchange_server import bootstrap
    from exchange_server.native_lines import captured_native_lines
    from exchange_server.observability import configure_logging

    with captured_native_lines(), _database_errors():
        configure_logging(settings.logging.level, worker)
        uvloop.run(bootstrap.serve(settings, parent))


def _run_workers(settings: Config, count: int) -> int:
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
        shared = settings.model_copy(update={"listen": listen.model_copy(update={"port": port})})
        keep = partial(
            supervise,
            partial(_run_worker, shared),
            count,
            grace_seconds=settings.limits.grace_seconds,
        )
        if settings.metrics.port is None:
            return keep()
        from exchange_server.metrics.endpoint import forget_worker, served_metrics, shared_folder

        registry = stack.enter_context(shared_folder())
        stack.enter_context(served_metrics(settings.metrics, registry))
        return keep(on_end=forget_worker)


def _run_worker(settings: Config, worker: int, parent: Parent) -> None:
    """Run a worker's process, with the configuration that its parent has read."""
    run(lambda: _run_hub(settings, worker, parent))


def _what_to_check(config: Config) -> tuple[str, Path, str]:
    from exchange_keys import load_signer, read_passphrase

    passphrase = read_passphrase(config.log.key_passphrase_file, LOG_PASSPHRASE_VARIABLE)
    key = load_signer(config.log.key, passphrase, SignatureAlgorithm.ED25519)
    signer = LogSigner(config.log.origin, key)
    return config.database.url, config.tls.root, signer.vkey


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(f"cannot read {path}: {error.strerror}") from None


@contextmanager
def _file_errors(folder: Path) -> Iterator[None]:
    """Say in one line why files cannot be written."""
    try:
        yield
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(
            f"cannot write to {error.filename or folder}: {error.strerror}"
        ) from None


@contextmanager
def _database_errors() -> Iterator[None]:
    """Say in one line what a database driver refuses; it names hosts and files, no secrets."""
    from alembic.util import CommandError

    from exchange_server.storage.engine import driver_error

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
        why = str(cause).strip().splitlines() or ["no reason given"]
        raise Reason.CONFIG_INVALID.error(
            f"the database cannot be used: {why[0]}", field="database.url"
        ) from None


def main() -> None:
    """Run the command; what goes wrong is said in one line."""
    run(lambda: app(standalone_mode=True))


def run(command: Callable[[], object]) -> None:
    """Run something, and exit with 2 and one line if it is refused."""
    try:
        command()
    except ExchangeError as error:
        typer.echo(f"exchange-server: {error}", err=True)
        sys.exit(EXIT_CANNOT)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("exchange_"):
            raise
        typer.echo(
            f"exchange-server: {error.name} is not installed; install the hub with its extra, "
            "`pip install caricc-exchange[hub]`",
            err=True,
        )
        sys.exit(EXIT_CANNOT)
