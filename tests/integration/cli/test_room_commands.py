"""`exchange-server disk` and `vacuum`: what each agency has stored, and room given back."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from agency_client import InformationRequest
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.warm_programs import warm_python

pytestmark = pytest.mark.long

CONTENT = os.urandom(300_000)


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    code = "from exchange_server.cli import main; main()"
    return subprocess.run(
        [warm_python(), "-c", code, *words], capture_output=True, text=True, check=False
    )


def test_room_is_told_by_agency_while_the_hub_runs_and_given_back_after(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    config = ("--config", str(town.files.config_file))
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            client.request_information(
                to="kz.fma",
                brief="x",
                request=InformationRequest(items=("TRANSACTIONS",)),
                attachments={"scan.bin": CONTENT},
            )
        told = json.loads(ran("disk", *config, "--json").stdout)
        assert told["agencies"]["kz.mia"]["sealed_bytes"] > len(CONTENT)
        assert told["agencies"]["kz.mia"]["statements"] >= 1
        assert told["database_bytes"] > len(CONTENT)
        assert told["free_bytes"] > 0
        shown = ran("disk", *config)
        assert shown.returncode == 0
        assert "kz.mia" in shown.stdout
        # A vacuum would wait for the hub, and the hub for it.
        refused = ran("vacuum", *config)
        assert refused.returncode == 2
        assert "another hub process is using the database" in refused.stderr
        assert "stop it first" in refused.stderr
        assert hub.stop() == 0
    done = ran("vacuum", *config)
    assert done.returncode == 0, done.stderr
    assert "before:" in done.stdout
