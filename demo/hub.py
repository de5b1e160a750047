"""The demonstration's hub as a process of its own: start it, stop it, find it again.

A hub holds a lock on `hub.pid` for as long as it lives, and the number in it is its own. So a hub
that a killed demonstration left is found, and a number that another process has got since is not
taken for it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from demo.stage import StepFailed, wait_until

PID_FILE = "hub.pid"
START_SECONDS = 30
STOP_SECONDS = 30


def start(root: Path) -> int:
    """Start the hub of `root`; gives its process id once it answers."""
    log = root / "hub.log"
    command = [
        str(Path(sys.executable).parent / "exchange-server"),
        "serve",
        "--config",
        str(root / "hub.toml"),
    ]
    seen = log.stat().st_size if log.exists() else 0
    with log.open("ab") as out, _locked(root) as lock:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[lock],
        )
        os.pwrite(lock, f"{process.pid}\n".encode(), 0)

    def answers() -> bool:
        if process.poll() is not None:
            raise StepFailed(f"the hub ended with {process.returncode}: {_tail(log, seen)}")
        return b'"event": "listening"' in log.read_bytes()[seen:]

    wait_until(answers, START_SECONDS, f"the hub did not start: {_tail(log, seen)}")
    return process.pid


def stop(root: Path) -> int | None:
    """Stop the hub gracefully and wait until it has ended; gives its number, None if none ran."""
    pid = running(root)
    if pid is None:
        return None
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while running(root) == pid:
        if time.monotonic() > end:
            raise StepFailed(f"the hub (process {pid}) did not stop")
        time.sleep(0.05)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    return pid


def running(root: Path) -> int | None:
    """The process id of the hub that runs on `root`; None if none does."""
    file = root / PID_FILE
    if not file.exists():
        return None
    with suppress(BlockingIOError), _locked(root):
        return None
    # It stands there a moment after the lock is held.
    wait_until(
        lambda: bool(file.read_text()), START_SECONDS, f"a hub holds {file}, and which is not told"
    )
    return int(file.read_text())


@contextmanager
def _locked(root: Path) -> Iterator[int]:
    """Hold the lock of a hub; a process that is handed the descriptor holds it on.

    Raises BlockingIOError where a hub holds it.
    """
    lock = os.open(root / PID_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        yield lock
    finally:
        os.close(lock)


def up(root: Path, console: Console) -> int:
    """Start the hub of an earlier demonstration."""
    if not (root / "hub.toml").exists():
        console.print("[red]There is no demonstration yet: run `make demo` first.")
        return 1
    if (pid := running(root)) is not None:
        console.print(f"[red]The hub runs already, as process {pid}: `make demo-down` stops it.")
        return 1
    try:
        pid = start(root)
    except StepFailed as failure:
        console.print(f"[red]{failure}")
        return 1
    console.print(f"The hub runs as process {pid}; `make demo-down` stops it.")
    console.print("Try: [bold].venv/bin/agency --profile .demo/kz.mia inbox")
    return 0


def down(root: Path, console: Console) -> int:
    """Stop the hub that `up` started."""
    is_stopped = stop(root) is not None
    console.print("The hub is stopped." if is_stopped else "The hub is not running.")
    return 0


def _tail(log: Path, start: int) -> str:
    return log.read_bytes()[start:].decode(errors="replace")[-600:]
