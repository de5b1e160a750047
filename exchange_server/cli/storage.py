"""Commands about room on the disk: `disk` and `vacuum`."""

from __future__ import annotations

import json
import os
from typing import Final

import typer

from exchange_server.cli.shared import AsJson, ConfigFile, database_errors
from exchange_server.config import load_config

_MEGABYTE: Final = 1_000_000


def disk(config: ConfigFile, as_json: AsJson = False) -> None:
    """Show what each agency has stored, and the room that is left; the hub may run.

    Signed bytes stay. Sealed bytes go with their retention, or by a notice to erase. Waiting are
    uploads that no statement has claimed.
    """
    from exchange_server.storage.engine import open_engine, reading, real_file
    from exchange_server.storage.schema import check_schema
    from exchange_server.storage.usage_rows import database_bytes, read_usage

    settings = load_config(config, os.environ)
    engine = open_engine(settings.database.url, read_only=True)
    with database_errors():
        try:
            check_schema(engine)
            with reading(engine) as connection:
                used, size = read_usage(connection), database_bytes(connection)
            file = real_file(engine)
        finally:
            engine.dispose()
    quota = settings.limits.stored_bytes_per_agency
    free = None
    if file is not None:
        found = os.statvfs(file.parent)
        free = found.f_bavail * found.f_frsize
    if as_json:
        agencies = {
            agency: {
                "statements": each.statements,
                "signed_bytes": each.signed,
                "sealed_bytes": each.sealed,
                "waiting_bytes": each.waiting,
            }
            for agency, each in used.items()
        }
        told = {"agencies": agencies, "quota_bytes": quota}
        typer.echo(json.dumps(told | {"database_bytes": size, "free_bytes": free}))
        return
    typer.echo(
        f"{'agency':<24}{'statements':>12}{'signed MB':>12}{'sealed MB':>12}{'waiting MB':>12}"
    )
    by_size = sorted(used.items(), key=lambda each: each[1].stored, reverse=True)
    for agency, each in by_size:
        megabytes = (each.signed, each.sealed, each.waiting)
        columns = "".join(f"{amount / _MEGABYTE:>12.1f}" for amount in megabytes)
        share = f"{each.sealed / quota:>6.0%} of its quota" if quota else ""
        typer.echo(f"{agency:<24}{each.statements:>12}{columns}{share}")
    left = "" if free is None else f"; {free / _MEGABYTE:.1f} MB of its disk are free"
    typer.echo(f"the database has {size / _MEGABYTE:.1f} MB{left}")


def vacuum(config: ConfigFile) -> None:
    """Give room that removed content has left back to the disk.

    On PostgreSQL the hub may run: its rows become free for new ones, and statistics are made anew.
    On SQLite stop the hub first; the file is written anew, and the disk needs room for it.
    """
    from exchange_server.storage.database_file import FileClaim
    from exchange_server.storage.engine import open_engine, reading
    from exchange_server.storage.schema import check_schema
    from exchange_server.storage.usage_rows import database_bytes

    engine = open_engine(load_config(config, os.environ).database.url, must_exist=True)
    with database_errors():
        try:
            check_schema(engine)
            claim = FileClaim(engine)
            with reading(engine) as connection:
                before = database_bytes(connection)
            statement = "VACUUM (ANALYZE)" if engine.dialect.name == "postgresql" else "VACUUM"
            # A vacuum is no part of a transaction.
            raw = engine.raw_connection()
            try:
                if engine.dialect.name == "postgresql":
                    raw.driver_connection.autocommit = True  # type: ignore[union-attr]
                raw.cursor().execute(statement)
            finally:
                raw.close()
            with reading(engine) as connection:
                after = database_bytes(connection)
            claim.release()
        finally:
            engine.dispose()
    typer.echo(f"the database has {after / _MEGABYTE:.1f} MB; before: {before / _MEGABYTE:.1f} MB")
