"""Glances at files that may change: not too often, and by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

CHECK_SECONDS: Final = 1.0
"""Time between two glances at one file."""


class Glances:
    """Calls `look` at most once in `CHECK_SECONDS`, however many threads ask."""

    def __init__(self, look: Callable[[], None], monotonic: Callable[[], float]) -> None:
        """Begin when the file has just been read."""
        self._look = look
        self._monotonic = monotonic
        self._next = monotonic() + CHECK_SECONDS
        self._lock = threading.Lock()

    def take(self) -> None:
        """Look if it is time; return at once while another thread looks."""
        # Without the lock what one thread read earlier could be kept over what another read later.
        if self._monotonic() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._next = self._monotonic() + CHECK_SECONDS
                self._look()
            finally:
                self._lock.release()
