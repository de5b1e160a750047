"""Exchanges that are being opened, each in a thread of its own: a page need not wait for them.

An answer with 100,000 payments takes seconds to fetch, unseal and read. A page waits a moment for
it; after that it says how far it is, and loads itself again. Unsealed parts are kept in memory
alone, within a bound, until the console is locked.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from agency_client.console.contents import Contents, Progress
from agency_client.core.views import UnsealedExchange

WAIT_SECONDS: Final = 0.08
"""The page that begins an opening waits so long for it; one that asks how far it is never waits."""
_SWITCH_SECONDS: Final = 0.0005
"""A thread that opens an exchange gives way to a page after so long. A page takes the interpreter
some twenty times, and would wait for Python's own 5 ms at each."""
_FRESH_SECONDS: Final = 10.0
"""The result of an opening serves the page that asked for it; a page that comes later verifies."""
MOST_KEPT: Final = 8
MOST_KEPT_BYTES: Final = 256 * 1024 * 1024
"""Plaintext that is kept at most; the exchange that was read last is kept whatever its size."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An exchange that was opened, with the entities of its statements."""

    exchange: UnsealedExchange
    contents: Mapping[bytes, Contents] = field(repr=False)
    """By the digest of the statement."""

    @property
    def size(self) -> int:
        """Bytes of its plaintext."""
        return sum(len(part) for each in self.exchange.statements for part in each.parts.values())


class StillOpeningError(Exception):
    """An exchange is still being opened; the page says so and comes again."""

    def __init__(self, done: int, size: int) -> None:
        super().__init__("an exchange is being opened")
        self.percent = done * 100 // size if size else None
        """Of what is read after it was fetched; None while it is fetched and verified."""


class _Task:
    """One opening under way."""

    def __init__(self) -> None:
        self.done = self.size = 0
        self.result: Opened | Exception | None = None
        self.ended = threading.Event()
        self.told = threading.Event()
        """It ended, or is known to take long: a page that waits for it waits no more."""
        self.ended_at = 0.0

    @property
    def is_stale(self) -> bool:
        """True if it ended too long ago to serve a page."""
        return self.ended.is_set() and time.monotonic() - self.ended_at > _FRESH_SECONDS


class Openings:
    """Opens exchanges, and keeps those that were opened last."""

    def __init__(self, open_exchange: Callable[[str, Opened | None, Progress], Opened]) -> None:
        """Begin with none.

        Args:
            open_exchange: opens an exchange by its id; is given what is kept of it, and what it
                tells its progress; 0 of 0 says that there is much to fetch.
        """
        self._open = open_exchange
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}
        self._kept: OrderedDict[str, Opened] = OrderedDict()

    def known(self, exchange_id: str) -> Opened | None:
        """The exchange as it was opened last, if it is kept."""
        with self._lock:
            return self._kept.get(exchange_id)

    def open(self, exchange_id: str, *, waits: bool) -> Opened:
        """Open an exchange anew.

        Args:
            exchange_id: its id.
            waits: False raises `StillOpeningError` where it takes longer than a moment.
        """
        with self._lock:
            task = self._tasks.get(exchange_id)
            begins = task is None or task.is_stale
            if task is None or task.is_stale:
                task = self._tasks[exchange_id] = _Task()
                threading.Thread(target=self._run, args=(exchange_id, task), daemon=True).start()
        if waits:
            task.ended.wait()
        else:
            task.told.wait(WAIT_SECONDS if begins else 0)
        if not task.ended.is_set():
            raise StillOpeningError(task.done, task.size)
        with self._lock:
            if self._tasks.get(exchange_id) is task:
                del self._tasks[exchange_id]
        if isinstance(task.result, Opened):
            return task.result
        raise task.result or RuntimeError("an opening ended without a result")

    def forget(self) -> None:
        """Forget all; what is under way is not kept either."""
        with self._lock:
            self._tasks.clear()
            self._kept.clear()

    def _run(self, exchange_id: str, task: _Task) -> None:
        def advance(done: int, size: int) -> None:
            task.done, task.size = done, size
            if not size:
                task.told.set()

        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            task.result = self._open(exchange_id, self.known(exchange_id), advance)
        except Exception as error:  # noqa: BLE001 - the page that waits for it raises it
            task.result = error
        with self._lock:
            if isinstance(task.result, Opened) and self._tasks.get(exchange_id) is task:
                self._keep(task.result)
        task.ended_at = time.monotonic()
        task.ended.set()
        task.told.set()

    def _keep(self, opened: Opened) -> None:
        self._kept[opened.exchange.id] = opened
        self._kept.move_to_end(opened.exchange.id)
        size = sum(each.size for each in self._kept.values())
        while len(self._kept) > MOST_KEPT or (size > MOST_KEPT_BYTES and len(self._kept) > 1):
            _, dropped = self._kept.popitem(last=False)
            size -= dropped.size
