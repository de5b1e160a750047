"""The console over the demonstration's data, as one of the cast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console

from demo import hub
from demo.stage import StepFailed

COORDINATOR = "coordinator1"


def run(root: Path, console: Console, actor: str) -> int:
    """Open the console of an actor; the hub is started if it does not run, and stopped again."""
    if not (root / actor / "profile.toml").exists():
        console.print(f"[red]There is no profile {actor} in {root.name}: run `make demo` first.")
        return 1
    started = not (root / "hub.pid").exists()
    try:
        if started:
            hub.start(root)
        if actor == COORDINATOR:
            _let_something_wait(root)
        return _agency(root, actor, "console").returncode
    except StepFailed as failure:
        console.print(f"[red]{failure}")
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        if started and (root / "hub.pid").exists():
            hub.stop(root)


def _let_something_wait(root: Path) -> None:
    """Ask across a border, so that the coordinator has something to decide."""
    documents = root / "documents"
    for handling in ("H1", "H2"):
        done = _agency(
            root, "kz.mia", "--json", "send", "information-request",
            str(documents / "request.yaml"), "--to", "uz.fiu", "--legal-basis", "KZ-CPC-161",
            "--subjects", str(documents / "subjects.ftm.json"), "--handling", handling,
            "--due", "7d", quiet=True,
        )  # fmt: skip
        if done.returncode:
            raise StepFailed("kz.mia could not ask uz.fiu")


def _agency(
    root: Path, actor: str, *words: str, quiet: bool = False
) -> subprocess.CompletedProcess[bytes]:
    command = [str(Path(sys.executable).parent / "agency"), "--profile", str(root / actor), *words]
    out = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, stdout=out, check=False)
