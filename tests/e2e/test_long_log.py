"""A log that version 0.2.0 left is migrated and replayed; `make million` takes a long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.million.__main__ import REPOSITORY, VERSION_0_2_0

ENTRIES = 700
"""The directory and the policy, and more than two batches of statements."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


def test_a_log_of_0_2_0_is_filled_by_its_own_code_and_replayed_by_this(tmp_path: Path) -> None:
    known = subprocess.run(
        ["git", "-C", str(REPOSITORY), "cat-file", "-e", f"{VERSION_0_2_0}^{{commit}}"],  # noqa: S607
        capture_output=True,
        check=False,
    )
    if known.returncode:
        pytest.skip(f"the history of this checkout does not reach back to {VERSION_0_2_0}")
    words = [str(tmp_path / "log"), "--entries", str(ENTRIES)]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.million", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for said in ("now; before: 0005", f"{ENTRIES} entries", "all is well", "Clean", "== clean"):
        assert said in ended.stdout
