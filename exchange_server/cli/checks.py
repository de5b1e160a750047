"""`exchange-server check-config` and `doctor`: would a hub start here, and what does it lack?"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import typer

from exchange_server.cli.shared import (
    EXIT_FINDINGS,
    AsJson,
    ConfigFile,
    database_errors,
    verify_not_lost,
)
from exchange_server.config import load_config

if TYPE_CHECKING:
    from exchange_server.bootstrap import Credentials


def check_config(config: ConfigFile, as_json: AsJson = False) -> None:
    """Check the configuration, keys, certificates and the database, and change nothing.

    Exits with 2 for what keeps a hub from starting; with 1 for a revocation list that is overdue or
    that the running hub refuses (asked at `port` of [metrics]), and for a database that is not
    made.
    """
    import exchange_doctor
    from exchange_server import bootstrap
    from exchange_server.doctor import certificates_and_lists, open_files

    settings = load_config(config, os.environ)
    credentials = bootstrap.load_credentials(settings, os.environ, bootstrap.utc_now)
    hub = bootstrap.Hub(settings, credentials)
    page = [
        *certificates_and_lists(settings, credentials, bootstrap.utc_now()),
        open_files(settings),
    ]
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
            "is not made yet: run `exchange-server migrate` for a new hub; if there was one, bring "
            "the newest back"
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
    from exchange_server.storage.schema import check_indexes, check_schema
    from exchange_server.storage.server_check import verify_server

    signer, now = credentials.signer, utc_now()
    verify_not_lost(url)
    engine = open_engine(url, read_only=True)
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return None
    with database_errors():
        try:
            verify_server(engine)
            check_schema(engine)
            check_indexes(engine)
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
