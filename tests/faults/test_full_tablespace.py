"""A tablespace of PostgreSQL takes no more under load: nothing is lost, and the log says why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.load import NOT_SERVING, SERVING, Load, free_port, wait_for_health
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import Postgres, folder_for_postgres, postgres_server, with_options

SIZE = "12m"
FILL = "INSERT INTO ballast SELECT i, repeat('x', 6000) FROM generate_series(1, 8) i"


@pytest.fixture
def small() -> Iterator[Path]:
    """A file system of its own that is soon full, as under a quota."""
    with folder_for_postgres() as folder:
        folder.chmod(0o755)
        place = folder / "small"
        place.mkdir()
        words = ["/bin/mount", "-t", "tmpfs", "-o", f"size={SIZE}", "exchange-test", str(place)]
        if os.geteuid() != 0 or subprocess.run(words, check=False).returncode != 0:
            pytest.skip("root alone mounts a file system")
        try:
            yield place
        finally:
            subprocess.run(["/bin/umount", str(place)], check=True)


@pytest.fixture
def server(small: Path) -> Iterator[Postgres]:
    """A server with a tablespace there; it ends before the file system does."""
    with postgres_server() as server:
        if user := server.server.system_user:
            shutil.chown(small, user)
        server.execute(f"CREATE TABLESPACE small LOCATION '{small}'")
        yield server


def fill(server: Postgres) -> None:
    """Take all the room that is left."""
    server.execute(
        "CREATE TABLE ballast (i integer, x text) TABLESPACE small",
        "ALTER TABLE ballast ALTER x SET STORAGE PLAIN",
    )
    left = 10_000
    while left:
        try:
            server.execute(FILL)
        except psycopg.errors.DiskFull:
            return
        left -= 1
    pytest.fail("the tablespace is never full")


def test_every_receipt_survives_a_full_tablespace(
    tmp_path: Path, server: Postgres, foundation: Foundation
) -> None:
    url = with_options(server.uri, "-c default_tablespace=small")
    load = Load(foundation.copy(tmp_path / "hub", database_url=url), free_port())
    with HubProcess(load.files, load.environment) as hub:
        with load.running():
            time.sleep(0.5)
            fill(server)
            wait_for_health(hub, NOT_SERVING)
            server.execute("DROP TABLE ballast")
            wait_for_health(hub, SERVING)
            time.sleep(0.5)
        load.settle()
        hub.stop()
    failed = [json.loads(line) for line in hub.lines if '"event": "batch_failed"' in line]
    assert failed
    assert all("could not extend file" in each["why"] for each in failed)
    assert all("a quota on it: make room there" in each["why"] for each in failed)
    load.verify(at_least=10)
