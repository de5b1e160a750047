"""Targets of make that take a word: what make runs without the word, and with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("words", "member"), [((), "coordinator1"), (("AS=kz.mia",), "kz.mia")], ids=["none", "one"]
)
def test_console_is_opened_as_the_coordinator_unless_another_is_named(
    words: tuple[str, ...], member: str
) -> None:
    """AS is a variable of make's own, the assembler, and some environments set it, too."""
    for environment in ({}, {"AS": "x86_64-linux-gnu-as"}):
        told = subprocess.run(
            ["make", "--dry-run", "--no-print-directory", "console", *words],  # noqa: S607
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.splitlines()[-1].endswith(f"demo console --as {member}")
