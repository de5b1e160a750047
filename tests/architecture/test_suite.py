"""What every run of the tests relies on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What a test would see of a program that it starts: does Ctrl-C end it?
_PROGRAM = """
import subprocess, sys
import tests.conftest
child = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
subprocess.run([sys.executable, "-c", child], check=True)
"""


@pytest.mark.parametrize("setting", ["trap '' INT; ", ""], ids=["background", "foreground"])
def test_programs_of_tests_hear_an_interrupt(setting: str) -> None:
    shell = ["/bin/sh", "-c", f'{setting}exec "$0" -c "$1"', sys.executable, _PROGRAM]
    said = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "True\n"


def test_every_test_has_a_time_out(pytestconfig: pytest.Config) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) <= 300
