"""The place of the profile's watch: the notice up to which it has taken notices.

watch            the hub's token; the time of the file is that of the last notice
.watching.lock   held by the process whose watch keeps the place, while it runs

Of several processes that watch at the same time one keeps the place. Another one would move it
beyond a notice that the first has not handled yet, and which would never come again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from exchange_files import locked, make_folder, open_to_lock, read_file, replace_file, writing
from exchange_protocol.errors import ExchangeError, InvalidInput, Reason

_REMEDY: Final = (
    "Begin with everything that was ever visible (`agency watch --from-start`), or remove the file "
    "to begin with what comes from now on"
)

_turn: Final = threading.Lock()
_open_locks: Final[dict[Path, tuple[int, int]]] = {}
"""The open lock of each place, and how many watches of this process use it.

The system lets a process's lock go once any file of it is closed, also that of another watch.
"""


class WatchPlace:
    """The place of the last watch of one profile."""

    def __init__(self, state: Path) -> None:
        self._state = state

    @property
    def path(self) -> Path:
        """The file."""
        return self._state / "watch"

    def token(self) -> str | None:
        """The token to go on from; None before the first watch.

        Raises:
            InvalidInput: PROFILE_INVALID, if the file is damaged: what came since is not passed
                over.
        """
        token = read_file(self.path)
        if token is None:
            return None
        if not token or not token.isascii() or not token.decode("ascii").isprintable():
            raise Reason.PROFILE_INVALID.error(
                f"expected the place of the last watch in {self.path}, as this client wrote it; it "
                f"was damaged since. {_REMEDY}"
            )
        return token.decode("ascii")

    def not_taken(self, error: InvalidInput) -> ExchangeError:
        """The error of a hub that did not give out the place."""
        return error.reason.error(f"{error.message}; {self.path} has another. {_REMEDY}")

    @contextmanager
    def keeping(self) -> Iterator[bool]:
        """A block of a watch; gives whether it keeps the place, or another process does."""
        lock = make_folder(self._state) / ".watching.lock"
        with _turn:
            descriptor, watches = _open_locks.get(lock) or (_opened(lock), 0)
            _open_locks[lock] = descriptor, watches + 1
        try:
            yield _is_free(descriptor)
        finally:
            with _turn:
                descriptor, watches = _open_locks.pop(lock)
                if watches > 1:
                    _open_locks[lock] = descriptor, watches - 1
                else:
                    os.close(descriptor)

    @property
    def is_kept_elsewhere(self) -> bool:
        """True while another process watches and keeps the place."""
        with self.keeping() as is_own:
            return not is_own

    def heard_at(self) -> datetime | None:
        """The time at which a watch last took a notice; None before the first."""
        try:
            seconds = self.path.stat().st_mtime
        except FileNotFoundError:
            return None
        return datetime.fromtimestamp(seconds, UTC)

    def keep(self, token: str) -> None:
        """Keep where a watch stands."""
        state = make_folder(self._state)
        with locked(state / ".watch.lock"):
            replace_file(self.path, token.encode())


def _opened(lock: Path) -> int:
    with writing(lock):
        return open_to_lock(lock)


def _is_free(descriptor: int) -> bool:
    """Lock an open file for this process if no other one has it.

    Such a lock is the process's, so that a watch which was left half way is in nobody's way. Where
    there are no locks, the place is kept.
    """
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN)
    return True
