"""Starts the runner with the shim, and tells it what to run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.faults.files.runner import Ended, Fault, Order

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


class Runner:
    """Runs commands in forks of one process."""

    def __init__(self, process: subprocess.Popen[str], environment: Mapping[str, str]) -> None:
        self._process = process
        self._environment = dict(environment)

    def run(
        self,
        program: str,
        words: Sequence[str],
        folder: Path,
        fault: Fault = Fault.NONE,
        at: int = 0,
        *,
        is_pipe_closed: bool = False,
    ) -> Ended:
        """Run a command to its end."""
        order = Order(
            program, list(words), str(folder), self._environment, fault, at, is_pipe_closed
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[Runner]:
    """Build the shim in a folder, and start a runner with it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler is not None, "the faults of disks need a C compiler, as `make venv` does"
    shim = folder / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(shim), str(HERE / "shim.c"), "-ldl"]
    subprocess.run(command, check=True)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.files.runner"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "FAULT_SHIM": str(shim),
            "LD_PRELOAD": str(shim),
            # A fork that has imported gRPC, and opened no channel, may open one.
            "GRPC_ENABLE_FORK_SUPPORT": "0",
            "GRPC_VERBOSITY": "NONE",
            "PYTHONPATH": os.pathsep.join(str(ROOT / each) for each in ("", "proto", "certs")),
        },
    ) as process:
        try:
            yield Runner(process, environment)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
