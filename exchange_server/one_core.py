"""One core for the threads of one interpreter.

The event loop and the writer take turns at the interpreter: they never run Python at the same time.
On two cores each turn wakes the other core, and finds what it needs in the other's cache. On one
core a statement costs a sixth less, and a fourth more of them are written in a second (ADR 0067).

- A worker has the core of its number, a single hub one by its process id.
- The kernel moves others away from a busy core, but not those that are bound to it as well. So the
  hub looks now and then: while its own load gets little of the core, it goes to another at random.
- Where only one core may be used, and on systems other than Linux, nothing is done.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

LOOK_SECONDS: Final = 2.0
CROWDED: Final = 0.2
"""The part of the time that the event loop waited for the core, from which on it is crowded."""
FULL: Final = 0.7
"""The part of the time that the hub itself runs, from which on the core is busy, not crowded."""
_TASKS: Final = Path("/proc/self/task")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Use:
    """The use of a core up to a moment, in seconds."""

    at: float
    ran: float
    """All threads of the process."""
    waited: float
    """The first thread, which runs the event loop: the time that it could run and did not."""

    def is_crowded_since(self, before: Use) -> bool:
        """True if the core belonged to others for much of the time, and was waited for."""
        seconds = max(self.at - before.at, 1e-6)
        waited, ran = self.waited - before.waited, self.ran - before.ran
        return waited >= CROWDED * seconds and ran < FULL * seconds


class OneCore:
    """Keeps the process to one core, in the running event loop."""

    def __init__(
        self, worker: int = 0, choose: Callable[[Sequence[int]], int] = random.choice
    ) -> None:
        """Find the cores that may be used; `choose` takes one of the others at random."""
        self._cores = sorted(_allowed())
        self._choose = choose
        self._number = worker - 1 if worker else os.getpid()
        self._core: int | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Bind the process, and begin to look after it."""
        if len(self._cores) > 1 and self._bind(self._cores[self._number % len(self._cores)]):
            self._task = asyncio.create_task(self._keep_looking())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    def leave_if_crowded(self, before: Use, now: Use) -> bool:
        """Go to another core at random if this one is crowded; False if the system forbids it."""
        if not now.is_crowded_since(before):
            return True
        others = [core for core in self._cores if core != self._core]
        return self._bind(self._choose(others))

    async def _keep_looking(self) -> None:
        before = _used()
        may_bind = True
        while may_bind:
            await asyncio.sleep(LOOK_SECONDS)
            now = _used()
            may_bind = self.leave_if_crowded(before, now)
            before = now

    def _bind(self, core: int) -> bool:
        try:
            _bind_all(core)
        except OSError as error:
            # The hub serves as well without.
            _log.warning("not_kept_to_one_core", core=core, why=str(error))
            return False
        self._core = core
        return True


def _allowed() -> set[int]:
    return os.sched_getaffinity(0) if sys.platform == "linux" else set()


def _bind_all(core: int) -> None:
    """Bind every thread that there is; those to come have the core of the thread they come from."""
    if sys.platform == "linux":
        for task in _TASKS.iterdir():
            # A thread may have ended meanwhile.
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), {core})


def _used() -> Use:
    """The figures of the kernel; on a kernel that keeps none of waiting, no core is crowded."""
    waited = 0
    with suppress(OSError):
        waited = int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1])
    return Use(time.monotonic(), time.process_time(), waited / 1e9)
