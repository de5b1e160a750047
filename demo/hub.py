"""The demonstration's hub as a process of its own: start it, stop it, find it again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from demo.stage import StepFailed, wait_until

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
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def answers() -> bool:
        if process.poll() is not None:
            raise StepFailed(f"the hub ended with {process.returncode}: {_tail(log, seen)}")
        return b'"event": "listening"' in log.read_bytes()[seen:]

    wait_until(answers, START_SECONDS, f"the hub did not start: {_tail(log, seen)}")
    (root / "hub.pid").write_text(str(process.pid))
    return process.pid


def stop(root: Path) -> None:
    """Stop the hub gracefully and wait until it has ended."""
    pid_file = root / "hub.pid"
    pid = int(pid_file.read_text())
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while _alive(pid):
        if time.monotonic() > end:
            raise StepFailed(f"the hub (process {pid}) did not stop")
        time.sleep(0.05)
    pid_file.unlink()


def up(root: Path, console: Console) -> int:
    """Start the hub of an earlier demonstration."""
    if not (root / "hub.toml").exists():
        console.print("[red]There is no demonstration yet: run `make demo` first.")
        return 1
    pid_file = root / "hub.pid"
    if pid_file.exists() and _alive(int(pid_file.read_text())):
        console.print("[red]The hub is running already: `make demo-down` stops it.")
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
    if not (root / "hub.pid").exists():
        console.print("The hub is not running.")
        return 0
    stop(root)
    console.print("The hub is stopped.")
    return 0


def _alive(pid: int) -> bool:
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _tail(log: Path, start: int) -> str:
    return log.read_bytes()[start:].decode(errors="replace")[-600:]
