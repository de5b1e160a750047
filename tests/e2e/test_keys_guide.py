"""docs/keys.md, as it stands there: every key enrolled, renewed, lost and stolen, beside a hub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.faults.load import free_port
from tests.support.hub_process import REPOSITORY

GUIDES = ("getting-started.md", "keys.md")
STOP_THE_HUB = "trap 'kill $!; wait' EXIT\n"
"""The hub is the one command of the guides that runs in the background."""


def test_guide_to_keys_works_as_typed(tmp_path: Path) -> None:
    blocks = [
        block
        for guide in GUIDES
        for block in re.findall(
            r"```sh\n(.*?)```", (REPOSITORY / "docs" / guide).read_text("utf-8"), re.DOTALL
        )
    ]
    script = STOP_THE_HUB + "".join(blocks).replace("8443", str(free_port()))
    ended = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "POLICIES": str(REPOSITORY / "policies"),
            "EXCHANGE_METRICS_PORT": str(free_port()),
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "the hub has taken it" in ended.stdout
    assert "In force: keys of" in ended.stdout
    assert "CERTIFICATE_REVOKED" in ended.stderr
    assert '"event": "certificate_read"' in (tmp_path / "hub.log").read_text("utf-8")
