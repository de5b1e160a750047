"""The demonstration is played to its end: each of its steps says itself what it expects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.load import FULL
from tests.support.hub_process import REPOSITORY


@pytest.mark.timeout(2700)
@pytest.mark.skipif(not FULL, reason="takes some minutes: make faults")
def test_every_step_of_the_demonstration_passes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--root", str(tmp_path / "demo")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything did what it should" in done.stdout
