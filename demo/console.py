"""The console over the demonstration's data, as one of the cast."""

from __future__ import annotations

import signal
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
    started = hub.running(root) is None
    try:
        if started:
            hub.start(root)
        if actor == COORDINATOR:
            let_something_wait(root)
        return _open(root, actor)
    except StepFailed as failure:
        console.print(f"[red]{failure}")
        return 1
    finally:
        if started:
            hub.stop(root)


def _open(root: Path, actor: str) -> int:
    """Run the console until Ctrl-C, which the terminal sends to both of us."""
    with subprocess.Popen(_command(root, actor, "console")) as running:
        while True:
            try:
                running.wait()
            except KeyboardInterrupt:
                # The console clears up, and ends by itself.
                running.send_signal(signal.SIGINT)
            else:
                return 0


def let_something_wait(root: Path) -> None:
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
    out = subprocess.DEVNULL if quiet else None
    return subprocess.run(_command(root, actor, *words), stdout=out, check=False)


def _command(root: Path, actor: str, *words: str) -> list[str]:
    return [str(Path(sys.executable).parent / "agency"), "--profile", str(root / actor), *words]
