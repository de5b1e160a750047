"""Settings that hold for every test."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.foundation import Foundation

# No deadline: tests share two cores, and a slow example proves nothing. No example database: runs
# leave nothing behind, and a failure prints the code that reproduces it. `make quick` takes fewer.
settings.register_profile(
    "exchange",
    deadline=None,
    max_examples=int(os.environ.get("EXCHANGE_EXAMPLES", "60")),
    database=None,
    print_blob=True,
)
settings.load_profile("exchange")

# The command speaks the language of the terminal; tests read English.
os.environ.pop("LC_ALL", None)
os.environ["LC_MESSAGES"] = "C"

# Tests start hundreds of programs; none should compile every source anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell starts a background job with SIGINT ignored, `nohup` one with SIGHUP, and whatever that
# job starts inherits it. A handler is not inherited: with one that does nothing, this process goes
# on ignoring the signal, and the programs that tests start have the default again.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda number, frame: None)

# Databases, outboxes and profiles wait for the disk at every step (fsync), and no test loses its
# power. In memory that costs nothing. Whoever sets TMPDIR has the files there.
MEMORY = Path("/dev/shm")  # noqa: S108 -- the name of the file system, not of a file of ours
ROOM_BYTES = 4 * 1024**3
if (
    "TMPDIR" not in os.environ
    and os.access(MEMORY, os.W_OK)
    and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
):
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# A hub in this process logs to the terminal, which a failed test shows. To draw a traceback with
# the values of all its frames takes half a second.
*_processors, _ = structlog.get_config()["processors"]
structlog.configure(
    processors=[
        *_processors,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

LONG_FOLDERS = (
    "tests/e2e/",
    "tests/faults/copies/",
    "tests/faults/files/",
    "tests/faults/test_",
    "tests/scenarios/",
    "tests/year/",
)
"""Where every test is long; in other folders a file says so with `pytest.mark.long`.

`make test` leaves long tests out, `make long` runs them: above half a second a test.
"""


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Keep what is collected out of the garbage collector: it stays until the end."""
    gc.disable()
    try:
        _import_in_turn(session.config)
        return (yield)
    finally:
        # Only where tests need it: to import it takes longer than some tests.
        if "sqlalchemy" in sys.modules:
            from tests.support.compiled_once import share_compiled

            share_compiled()
        gc.enable()
        gc.freeze()
        # A collection looks at what tests have made since, which is little and short-lived.
        gc.set_threshold(20_000, 20, 20)


def _import_in_turn(config: pytest.Config) -> None:
    """Import the test files, each process from another one on.

    pytest rewrites the assertions of a file once and keeps the result beside it. Processes that all
    begin with the first file would each rewrite every file.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return
    left_out = tuple(Path(each).resolve() for each in config.getoption("ignore") or ())
    files = [
        file
        for asked in config.args
        for file in sorted(Path(asked.partition("::")[0]).resolve().rglob("test_*.py"))
        if not any(file.is_relative_to(each) for each in left_out)
    ]
    begin = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for file in files[begin:] + files[:begin]:
        # pytest imports it again, and tells what is wrong with it.
        with suppress(Exception):
            import_module(".".join(file.relative_to(config.rootpath).with_suffix("").parts))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Mark the long tests of the folders, and deal the long tests that are asked for.

    Each process begins with its share, or one would go on alone at the end. Which of them comes
    when stays a matter of chance, as for all the others.
    """
    for item in items:
        if item.nodeid.startswith(LONG_FOLDERS):
            item.add_marker(pytest.mark.long)
    yield
    # By files: what tests of one file share is made once.
    files: dict[str, list[pytest.Item]] = {}
    others: list[pytest.Item] = []
    for item in items:
        if item.get_closest_marker("long"):
            files.setdefault(item.nodeid.partition("::")[0], []).append(item)
        else:
            others.append(item)
    long = list(files.values())
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    dealt: list[pytest.Item] = []
    for number in range(processes):
        begin, end = (len(others) * each // processes for each in (number, number + 1))
        dealt += [item for file in long[number::processes] for item in file] + others[begin:end]
    items[:] = dealt


@pytest.fixture(scope="session")
def foundation(tmp_path_factory: pytest.TempPathFactory) -> Foundation:
    """An enrolled deployment, made once in a run of tests; a test takes a copy."""
    from tests.support.foundation import laid_once, lay_foundation

    return laid_once(tmp_path_factory, lay_foundation)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell at how many points commands that write were interrupted (`tests/faults/files`)."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    points = [value for each in reports for name, value in each.user_properties if name == "points"]
    if points:
        terminalreporter.write_line(
            f"interrupted commands: {sum(points)} points in {len(points)} commands"
        )
