"""A hub of 0.2.0 on PostgreSQL is replaced by this one under traffic: deploy/upgrade.sh, as it is.

Its own guide sets it up with its own code. The database is migrated while it serves, one agency
stays at the old version, and at the end nothing is lost, both versions find the log clean, and
`fsck` replays it against every table.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.faults.load import FULL
from tests.million.__main__ import VERSION_0_2_0
from tests.support.hub_process import REPOSITORY
from tests.support.postgres import emptied_database, running_postgres

_KNOWN = subprocess.run(
    ["/usr/bin/env", "git", "-C", str(REPOSITORY), "cat-file", "-e", VERSION_0_2_0],
    capture_output=True,
    check=False,
)


@pytest.mark.timeout(1200)
@pytest.mark.skipif(not FULL, reason="takes some minutes: make faults")
@pytest.mark.skipif(_KNOWN.returncode != 0, reason="this clone has no commit of 0.2.0")
def test_hub_on_postgresql_is_upgraded_under_traffic(tmp_path: Path) -> None:
    with running_postgres() as server:
        url = emptied_database(server)
        script = REPOSITORY / "deploy" / "upgrade.sh"
        done = subprocess.run(
            [str(script), VERSION_0_2_0, str(tmp_path / "upgrade"), url],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        engine = create_engine(url)
        with engine.connect() as connection:
            entries = connection.execute(text("SELECT size FROM log_head")).scalar_one()
        engine.dispose()
    print(done.stdout)
    assert "now; before: 0005" in done.stdout
    assert f"{entries} entries" in done.stdout
    assert done.stdout.count("Clean") == 2
    assert "all is well" in done.stdout
