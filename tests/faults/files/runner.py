"""Runs commands of this project with a fault, each in a fork of one process that has all imported.

    python -m tests.faults.files.runner          with shim.c preloaded, whose path is $FAULT_SHIM

One JSON document a line comes in on stdin (`Order`), one goes out on stdout (`Ended`). A fork costs
a tenth of a start, so that hundreds of points can be tried.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import pkgutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path

from tests.support.warm_start import MEMORY


class Fault(IntEnum):
    """The acts of the shim; the numbers are those of shim.c."""

    NONE = 1
    FULL = 2
    KILL_BEFORE = 3
    KILL_AFTER = 4


@dataclass(frozen=True)
class Order:
    """A command to run, and what befalls it."""

    program: str
    words: list[str]
    folder: str
    environment: dict[str, str] = field(default_factory=dict)
    fault: int = Fault.NONE
    at: int = 0
    """Which byte or call."""
    is_pipe_closed: bool = False
    """Whether nobody reads what the command prints."""


@dataclass(frozen=True)
class Ended:
    """The end of a command."""

    code: int
    """Its exit code; -9 where it was killed."""
    out: str
    err: str
    calls: int = 0
    """Calls that changed what is on disk, where it came to its end."""
    bytes: int = 0


def main() -> None:
    """Run what is ordered, until stdin ends."""
    programs = _programs()
    for line in sys.stdin:
        ended = _run(Order(**json.loads(line)), programs)
        sys.stdout.write(json.dumps(asdict(ended)) + "\n")
        sys.stdout.flush()


def _programs() -> dict[str, Callable[[list[str]], object]]:
    for package in ("agency_client", "exchange_certs", "exchange_server"):
        _load(package)
    from agency_client.cli import main as agency
    from agency_client.cli.app import command_line
    from exchange_certs.cli import main as certs
    from exchange_server.cli import app, run

    command_line()
    importlib.import_module(MEMORY)
    return {
        "agency": agency,
        "exchange-certs": certs,
        "exchange-server": lambda words: run(lambda: app(words, prog_name="exchange-server")),
    }


def _load(package: str) -> None:
    """Import all of a package now: each fork would do it anew."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        if ".versions" not in module.name and not module.name.endswith(("__main__", ".reference")):
            with suppress(ImportError):  # of drivers and tools that are not installed
                importlib.import_module(module.name)


def _run(order: Order, programs: dict[str, Callable[[list[str]], object]]) -> Ended:
    with tempfile.TemporaryDirectory() as folder:
        out, err, counts = (Path(folder, name) for name in ("out", "err", "counts"))
        child = os.fork()
        if child == 0:
            _become(order, programs, out, err, counts)
        _, status = os.waitpid(child, 0)
        calls, written = json.loads(counts.read_text()) if counts.exists() else (0, 0)
        return Ended(
            code=os.waitstatus_to_exitcode(status),
            out=out.read_text(errors="replace") if out.exists() else "",
            err=err.read_text(errors="replace"),
            calls=calls,
            bytes=written,
        )


def _become(
    order: Order,
    programs: dict[str, Callable[[list[str]], object]],
    out: Path,
    err: Path,
    counts: Path,
) -> None:
    """Be the command, in the fork; never returns."""
    shim = ctypes.CDLL(os.environ["FAULT_SHIM"])
    code = 70
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(order.folder)
        os.environ.update(order.environment)
        if order.is_pipe_closed:
            reader, writer = os.pipe()
            os.close(reader)
        else:
            writer = os.open(out, os.O_WRONLY | os.O_CREAT)
        os.dup2(writer, 1)
        os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT), 2)
        shim.fault_arm(order.fault, ctypes.c_long(order.at))
        try:
            programs[order.program](order.words)
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        try:
            sys.stdout.flush()
        except OSError:
            code = code or 1
    except BaseException:  # noqa: BLE001 -- told on stderr, as a traceback of the command would be
        import traceback

        traceback.print_exc()
    calls, written = shim.fault_calls(), shim.fault_bytes()
    shim.fault_arm(0, ctypes.c_long(0))
    counts.write_text(json.dumps([calls, written]))
    os._exit(code)


if __name__ == "__main__":
    main()
