"""The hub of a demonstration is found again, stopped, and never taken for another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from demo import hub, story
from demo.setup import MARK, is_ours
from tests.support.foundation import Foundation
from tests.support.hub_process import REPOSITORY

pytestmark = pytest.mark.long

STARTED_AND_KILLED = """
import os, signal, sys
from pathlib import Path
from demo import hub
print(hub.start(Path(sys.argv[1])), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_hub_that_a_killed_demonstration_left_is_found_and_stopped(
    foundation: Foundation, tmp_path: Path
) -> None:
    root = foundation.copy(tmp_path / "hub").files.folder
    killed = subprocess.run(
        [sys.executable, "-c", STARTED_AND_KILLED, str(root)],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    pid = int(killed.stdout)
    try:
        assert hub.running(root) == pid
        assert hub.up(root, Console(file=StringIO())) == 1
        assert hub.stop(root) == pid
    finally:
        if hub.running(root) == pid:
            os.kill(pid, signal.SIGKILL)
    assert hub.running(root) is None
    assert hub.stop(root) is None


def test_number_that_another_process_has_got_since_is_not_taken_for_the_hub(tmp_path: Path) -> None:
    (tmp_path / hub.PID_FILE).write_text(str(os.getpid()), "utf-8")
    assert hub.running(tmp_path) is None
    assert hub.stop(tmp_path) is None


def test_folder_of_something_else_is_not_emptied(tmp_path: Path) -> None:
    kept = tmp_path / "evidence.zip"
    kept.write_bytes(b"fictional")
    said = StringIO()
    assert story.play(tmp_path, Console(file=said)) == 1
    assert "holds files that no demonstration made" in " ".join(said.getvalue().split())
    assert list(tmp_path.iterdir()) == [kept]
    assert not is_ours(tmp_path)
    (tmp_path / MARK).touch()
    assert is_ours(tmp_path)
