"""The ground on which every run of the tests stands."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.warm_programs import warm_python
from tests.support.warm_start import MEMORY, PRELOADED

ROOT = Path(__file__).resolve().parents[2]

# What a test would see of a program that it starts: does Ctrl-C end it?
_PROGRAM = """
import subprocess, sys
import tests.conftest
child = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
subprocess.run([sys.executable, "-c", child], check=True)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("setting", ["trap '' INT; ", ""], ids=["background", "foreground"])
def test_programs_of_tests_hear_an_interrupt(setting: str) -> None:
    shell = ["/bin/sh", "-c", f'{setting}exec "$0" -c "$1"', sys.executable, _PROGRAM]
    said = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "True\n"


_WARM = {
    "done": "print('Қ'); import sys; print(sys.argv[1:], file=sys.stderr)",
    "reads": "print(input())",
    "refused": "import sys; sys.exit(3)",
    "said": "import sys; sys.exit('no')",
    "raised": "raise OSError('no')",
    "full": "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('lost')",
    "stopped": "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(9)",
    "killed": "import os, signal, time; os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)",
    "placed": "import os; print(os.getcwd(), os.environ['HERE'])",
    "leaves": "import atexit; atexit.register(print, 'left')",
}


@pytest.mark.thorough
@pytest.mark.parametrize("code", _WARM.values(), ids=_WARM)
def test_program_that_starts_warm_ends_as_one_that_starts_cold(code: str, tmp_path: Path) -> None:
    """The same exit code, signal, output and last line of errors."""

    def ended(python: str) -> tuple[int, bytes, list[bytes]]:
        done = subprocess.run(
            [python, "-c", code, "word"],
            input=b"asked\n", cwd=tmp_path, capture_output=True, check=False,
            env={**os.environ, "HERE": "here", "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr.splitlines()[-1:]

    assert ended(warm_python()) == ended(sys.executable)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_program_that_starts_warm_hears_signals(number: int) -> None:
    code = "import time; print('began', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [warm_python(), "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"began\n"
        program.send_signal(number)
        assert program.wait(timeout=30) == -number


# An audit divides its work so: whom it asks for a process is deaf to Ctrl-C.
_DEAF = """
import os, signal
from multiprocessing import resource_tracker
from tests.support.warm_start import FORKING, WarmProcess
FORKING.set_forkserver_preload([])
resource_tracker.ensure_running()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
child = "import sys, time; print('began', file=sys.stderr, flush=True); time.sleep(60)"
hub = WarmProcess(child, [], os.environ)
assert hub.stderr.readline() == "began\\n"
hub.send_signal(signal.SIGINT)
print(hub.wait(30))
"""


def test_hub_that_starts_warm_hears_what_its_starter_was_deaf_to() -> None:
    program = [sys.executable, "-c", _DEAF]
    said = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.stdout == "1\n", said.stderr


def test_program_that_starts_warm_ends_with_who_started_it() -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with subprocess.Popen([warm_python(), "-c", code], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert int(program.stdout.readline()) != program.pid
        program.kill()
        assert program.stdout.read() == b"", "the pipe is closed by the end of the fork alone"


@pytest.mark.parametrize("module", [*PRELOADED, MEMORY])
def test_what_starts_warm_is_there_to_import(module: str) -> None:
    """Python passes over what it cannot preload, and each hub of a test would import it then."""
    assert importlib.util.find_spec(module) is not None


def test_every_test_has_a_time_out(pytestconfig: pytest.Config) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) <= 300
