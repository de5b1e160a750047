"""Glances at files that may change: not too often, and by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

CHECK_SECONDS: Final = 1.0
"""Time between two glances at one file."""


class FileStamp(NamedTuple):
    """A file as it is now: a file of another state is read anew."""

    inode: int
    size: int
    changed_ns: int
    """The time of its last change, that of its owner and its mode among them: a file that could not
    be read may be readable now. No program sets it, as `cp -p` does with the time of the content.
    """

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """Look at a file; raises OSError."""
        found = path.stat()
        return cls(found.st_ino, found.st_size, found.st_ctime_ns)


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
