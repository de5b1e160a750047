"""The stage: runs actors as processes, holds what they print against what they should, keeps score.

Every step names what it shows. It passes only if the command exits as it should and every check on
its output holds; the demonstration succeeds only if every step does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

COMMAND_SECONDS = 120


class StepFailed(Exception):
    """A step did not do what it should."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a command: exit code and the JSON document that it printed."""

    code: int
    document: Any
    text: str


@dataclass
class Step:
    """One thing that was shown."""

    chapter: str
    title: str
    seconds: float = 0.0
    ok: bool = False
    detail: str = ""


@dataclass
class Stage:
    """The stage of the actors: `root` holds their profiles and the hub's files."""

    root: Path
    console: Console
    steps: list[Step] = field(default_factory=list)
    _chapter: str = ""

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self._chapter = title
        self.console.rule(f"[bold]{title}", align="left")

    @contextmanager
    def step(self, title: str) -> Any:
        """Show one thing; what goes wrong inside ends the demonstration with the reason."""
        step = Step(self._chapter, title)
        self.steps.append(step)
        start = time.perf_counter()
        try:
            yield step
            step.ok = True
        except StepFailed as failure:
            step.detail = str(failure)
            raise
        finally:
            step.seconds = time.perf_counter() - start
            mark = "[green]✓" if step.ok else "[red]✗"
            tail = f" [dim]{step.detail}" if step.detail else ""
            self.console.print(f"{mark}[/] {title}{tail} [dim]({step.seconds:.1f} s)[/]")

    def agency(self, profile: str, *words: str, code: int = 0) -> Outcome:
        """Run the `agency` command as one actor; the exit code must be `code`."""
        return self._run(self.agency_command(profile, *words), code)

    def printed(self, profile: str, *words: str) -> str:
        """The text that the `agency` command prints for people; it must succeed."""
        command = [_script("agency"), "--profile", str(self.root / profile), *words]
        return self._run(command, 0).text

    def agency_command(self, profile: str, *words: str) -> list[str]:
        """The command line of an actor."""
        return [_script("agency"), "--profile", str(self.root / profile), "--json", *words]

    def refused(self, profile: str, *words: str, reason: str, code: int = 1) -> Outcome:
        """Run the `agency` command; it must be refused for that reason."""
        outcome = self.agency(profile, *words, code=code)
        got = outcome.document["error"]["reason"]
        expect(got == reason, f"expected the reason {reason}, got {got}")
        return outcome

    def server(self, *words: str, code: int = 0) -> Outcome:
        """Run the `exchange-server` command."""
        return self._run([_script("exchange-server"), *words], code)

    def module(self, name: str, *words: str, code: int = 0) -> Outcome:
        """Run a module of the demonstration as a process of its own."""
        return self._run([sys.executable, "-m", name, *words], code)

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a process in the background, its output in `log`."""
        with log.open("ab") as out:
            return subprocess.Popen(command, stdout=out, stderr=out, env=_environment())

    def _run(self, command: list[str], code: int) -> Outcome:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            env=_environment(),
            check=False,
        )
        shown = " ".join(Path(word).name if word.startswith("/") else word for word in command)
        if done.returncode != code:
            raise StepFailed(
                f"`{shown}` exited with {done.returncode}, expected {code}: "
                f"{(done.stdout + done.stderr).strip()[-800:]}"
            )
        try:
            document = json.loads(done.stdout) if done.stdout.strip() else None
        except ValueError:
            document = None
        return Outcome(done.returncode, document, done.stdout + done.stderr)


def expect(condition: bool, otherwise: str) -> None:
    """Fail the step with `otherwise` unless the condition holds."""
    if not condition:
        raise StepFailed(otherwise)


def wait_until(ready: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Wait for a condition, bounded."""
    end = time.monotonic() + seconds
    while not ready():
        expect(time.monotonic() < end, otherwise)
        time.sleep(0.05)


def _script(name: str) -> str:
    """The installed command beside this interpreter."""
    return str(Path(sys.executable).parent / name)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
