"""The SQLite file of an engine: one file for all its connections, named once, by its inode.

SQLite looks a file up by its name, anew for each connection. A process keeps the file that it has
open, though the name leads to another one since. Rows in a file without its name are gone with the
process, while receipts say that they are stored. So, from the first connection on:

- Every connection opens the path that the name led to, and must get the same inode. No connection
  but the first makes a file.
- Before each commit (`verify`) the name as configured and the path lead to that inode, and
  the write-ahead log and its index are those that the connections share: SQLite would make new ones
  for the next process, and what stands in the old ones would be lost.
- A copy that was written over the file in place has the same inode. But the size and time of the
  file change when this process empties the write-ahead log into it, and at no other time. Where
  they do (`is_touched`), the hub reads the log anew before it writes (`start_check`).
- A file that was lost once stays lost until the engine is disposed of: other connections may have
  opened another file meanwhile.
- One connection does nothing but stay open (`hold`): what the file held can be copied through it
  after the name is gone, though the hub's other connections are in use, or failed and were closed.

`FileClaim` keeps a second hub away: by a lock beside the file, for those who come by its name, and
on Linux by a lock on the file itself, for those who come by another (a mount of that one file) or
after the lock beside it was removed. On PostgreSQL nothing of this is needed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

from sqlalchemy import Engine, PoolProxiedConnection, event

from exchange_files import give_to_owner_of, open_to_lock
from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.storage.local_disk import verify_local

_FILE: Final = "exchange_file"
_BESIDE: Final = ("-wal", "-shm")
_EFFECTIVE: Final = os.access in os.supports_effective_ids
_Identity: TypeAlias = tuple[int, int]
FileState: TypeAlias = tuple[int, int]
"""Size, and time of the last change in nanoseconds."""


class FileLostError(OSError):
    """The database's file is not what this process began with."""

    def __init__(self, why: str, path: Path, *, is_whole: bool) -> None:
        """Say what happened; `is_whole` where the open connections still read all that was written.

        Nobody has written to the file then, so it can be copied through one of them.
        """
        super().__init__(errno.ESTALE, why, str(path))
        self.why = why
        self.is_whole = is_whole


class DatabaseFile:
    """The file of one engine; its methods are for all threads."""

    def __init__(self, name: Path, *, must_exist: bool, read_only: bool) -> None:
        """Take the name; the file is taken by the first connection, or by `begin`."""
        self.name = name.absolute()
        self._must_exist = must_exist
        self._read_only = read_only
        self._turn = threading.RLock()
        self._path: Path | None = None
        self._identity: _Identity | None = None
        self._beside: dict[Path, _Identity] = {}
        self._connections = 0
        self._written: FileState | None = None
        self._lost: FileLostError | None = None
        self._held: PoolProxiedConnection | None = None
        self.held: sqlite3.Connection | None = None
        """The connection that `hold` opened; to be used while `copying` is taken."""
        self.copying = threading.Lock()
        """Held by the one that copies the file through the open connection."""
        self.is_kept = False
        """True if a copy was made of what the file held when it was lost."""

    @staticmethod
    def of(engine: Engine) -> DatabaseFile | None:
        """The file of an engine; None on PostgreSQL."""
        file: DatabaseFile | None = engine.get_execution_options().get(_FILE)
        return file

    def attach(self, engine: Engine) -> None:
        """Be the file of an engine, until that is disposed of."""
        engine.update_execution_options(**{_FILE: self})
        event.listen(engine, "close", self._closed)
        event.listen(engine, "close_detached", self._closed)
        event.listen(engine, "engine_disposed", lambda _: self._forget())

    @property
    def path(self) -> Path:
        """The file under its one name, links followed: as the first connection found it."""
        return self._path or self.name.resolve()

    @property
    def lost(self) -> FileLostError | None:
        """The reason for which the file is lost; None if nothing has shown that."""
        return self._lost

    def begin(self) -> Path:
        """Take the file, if that is not done; gives its path. Raises CONFIG_INVALID, OSError."""
        with self._turn:
            if self._identity is None:
                path = self.name.resolve()
                _verify_rights(path, writes=not self._read_only)
                if self._read_only:
                    _verify_no_journal(path)
                if not self._must_exist and not self._read_only:
                    _make(path)
                identity = _identity(path)
                if identity is None:
                    raise Reason.CONFIG_INVALID.error(
                        f"expected a database, there is none: {self.name}; bring the newest one "
                        "back, or begin a new log with `exchange-server migrate`",
                        field="database.url",
                    )
                self._path, self._identity = path, identity
            return self.path

    @contextmanager
    def opening(self) -> Iterator[Path]:
        """Open a connection in the block, to the path; raises FileLostError for another file."""
        path = self.begin()
        self.verify()
        yield path
        self.verify()

    def opened(self) -> None:
        """Count a connection that has read the file, and so opened its write-ahead log."""
        with self._turn:
            self._connections += 1
            if self._read_only:
                return
            for suffix in _BESIDE:
                beside = self.path.with_name(self.path.name + suffix)
                identity = _identity(beside)
                if identity is not None:
                    self._beside.setdefault(beside, identity)
        self.verify()

    def hold(self, engine: Engine) -> None:
        """Open a connection that nothing uses but `held`, until `let_go`."""
        held = engine.raw_connection()
        self.held = held.driver_connection
        held.detach()
        self._held = held

    def let_go(self) -> None:
        """Close the connection that `hold` opened; a copy through it ends first."""
        with self.copying:
            held, self._held, self.held = self._held, None, None
            if held is not None:
                held.close()

    def verify(self) -> None:
        """Verify that names and files have always led to what was opened; raises FileLostError."""
        with self._turn:
            if self._lost is None and self._identity is not None:
                self._lost = self._moved()
            self._raise()

    def is_touched(self) -> bool:
        """True if the file is not as the one thread of this process that writes has left it."""
        with self._turn:
            return self._written is not None and self._written != self.state()

    def lose(self, why: str) -> NoReturn:
        """Take the file for lost from now on; raises FileLostError."""
        with self._turn:
            self._lost = self._lost or FileLostError(why, self.path, is_whole=False)
            self._raise()
            raise self._lost

    def wrote(self) -> None:
        """Take the file as it is now for what this process has written."""
        with self._turn:
            if self._lost is None:
                self._written = self.state()

    def take(self, state: FileState | None) -> None:
        """Take the file as it was when `state` gave this for what may stand there."""
        with self._turn:
            self._written = state

    def state(self) -> FileState | None:
        """The size of the file and the time of its last change, nanoseconds; None if it is gone."""
        with suppress(FileNotFoundError):
            found = self.path.stat()
            return found.st_size, found.st_mtime_ns
        return None

    def _moved(self) -> FileLostError | None:
        if not _identity(self.name) == self._identity == _identity(self.path):
            return self._moved_error("file was", self.path)
        for path, identity in self._beside.items():
            if _identity(path) != identity:
                return self._moved_error(f"{path.name} was", path)
        return None

    def _moved_error(self, what: str, path: Path) -> FileLostError:
        return FileLostError(
            f"the database's {what} replaced or removed under this hub, which writes nothing more "
            "to it: stop the hub, put the newest database back, and start it again",
            path,
            is_whole=not self._read_only,
        )

    def _raise(self) -> None:
        if self._lost is not None:
            # A new one each time: a raised one holds its traceback, and so the frames of a thread.
            raise FileLostError(
                self._lost.why, Path(self._lost.filename), is_whole=self._lost.is_whole
            )

    def _closed(self, *_: object) -> None:
        with self._turn:
            self._connections = max(0, self._connections - 1)
            if not self._connections:
                # SQLite removes its write-ahead log with the last connection.
                self._beside.clear()

    def _forget(self) -> None:
        with self._turn:
            self._path = self._identity = self._written = self._lost = None
            self._beside.clear()
            self._connections = 0
        self.let_go()


class FileClaim:
    """The claim of one process on a SQLite file; on PostgreSQL it claims nothing."""

    def __init__(self, engine: Engine) -> None:
        """Take the claim; raises CONFIG_INVALID where another hub holds it."""
        self._name_lock: int | None = None
        self._file_lock: int | None = None
        self._engine = engine
        self._file = file = DatabaseFile.of(engine)
        if file is None:
            return
        path = file.begin()
        _verify_one_name(path)
        verify_local(path)
        self._name_lock = _lock_name(path)
        try:
            file.verify()
            self._file_lock = _lock_file(path)
            file.hold(engine)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the claim back."""
        if self._file is not None:
            self._file.let_go()
        if self._name_lock is not None:
            os.close(self._name_lock)
            self._name_lock = None
        if self._file_lock is not None:
            lock, self._file_lock = self._file_lock, None
            fcntl.flock(lock, fcntl.LOCK_UN)
            # To close it would give up the locks that SQLite's connections hold on the file.
            event.listen(self._engine, "engine_disposed", lambda _: os.close(lock), once=True)


@contextmanager
def claimed_place(name: Path) -> Iterator[None]:
    """Hold the place of a SQLite file that is not there, for the time of the block.

    Raises CONFIG_INVALID where a hub serves, whose file was moved away.
    """
    lock = _lock_name(name.resolve())
    try:
        yield
    finally:
        os.close(lock)


_OF_DISK: Final = {
    errno.EROFS: "the kernel makes a disk read-only that has failed: look with `dmesg`",
    errno.ENOSPC: "make room: look with `df` and `df -i`",
    errno.EDQUOT: "make room: a quota is full",
    errno.EMFILE: "raise the limit of open files, LimitNOFILE= in the unit of systemd",
    errno.EIO: "the disk fails: look with `dmesg`",
    errno.ENOENT: "make its folder, for the hub's user alone",
}


def _lock_name(path: Path) -> int:
    """Lock a database's path against other hubs; gives a descriptor that holds the lock."""
    beside = Path(f"{path}.lock")
    try:
        lock = open_to_lock(beside)
    except OSError as error:
        todo = _OF_DISK.get(
            error.errno or 0,
            f"where no hub runs, remove that file, or give it to the user {os.geteuid()}",
        )
        raise Reason.CONFIG_INVALID.error(
            f"cannot claim the database: {error.strerror}: {beside}; {todo}",
            field="database.url",
        ) from None
    _take(lock, path)
    return lock


def _lock_file(path: Path) -> int | None:
    """Lock the file itself. Elsewhere than on Linux such a lock may be one of SQLite's own kind."""
    if sys.platform != "linux":
        return None
    lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    _take(lock, path)
    return lock


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise _not_claimed(path, error) from None


def _not_claimed(path: Path, error: OSError) -> ExchangeError:
    if not isinstance(error, BlockingIOError):
        return Reason.CONFIG_INVALID.error(
            f"the file system of {path} has no working locks ({error.strerror}); put the "
            "database on a local disk, or use PostgreSQL",
            field="database.url",
        )
    return Reason.CONFIG_INVALID.error(
        f"another hub process is using the database {path}: stop it first. SQLite serves "
        "one process at a time; for more hubs use PostgreSQL"
    )


def _verify_one_name(path: Path) -> None:
    """Refuse a file of several names: its write-ahead log is found by the name alone."""
    with suppress(FileNotFoundError):
        if path.stat().st_nlink > 1:
            raise Reason.CONFIG_INVALID.error(
                f"the database {path} has another name too (a hard link), under which another hub "
                "could write to it; remove the other name, or copy the file",
                field="database.url",
            )


def _verify_rights(path: Path, *, writes: bool) -> None:
    """Refuse a file that this user may not use: SQLite finds that out late, and says little."""
    rights = os.R_OK | os.W_OK if writes else os.R_OK
    # A copy that root put back may leave any of them root's.
    needed = [(path.with_name(f"{path.name}{each}"), rights) for each in ("", *_BESIDE)]
    if writes:
        # Beside the file stand its write-ahead log and its lock.
        needed.append((path.parent, os.W_OK | os.X_OK))
    for each, rights in needed:
        if each.exists() and not os.access(each, rights, effective_ids=_EFFECTIVE):
            if not each.exists():
                continue  # Its last user has just removed it.
            if os.statvfs(each).f_flag & os.ST_RDONLY:
                todo = "it is on a file system that is mounted read-only"
            else:
                todo = "give it to that user, or run the command as its owner"
            raise Reason.CONFIG_INVALID.error(
                f"the database cannot be used: the user {os.geteuid()} may not "
                f"{'write' if writes else 'read'} {each}: {todo}",
                field="database.url",
            )


def _verify_no_journal(path: Path) -> None:
    """Refuse to read a file beside a journal by which a change that was not finished is undone.

    Who may not write cannot undo it, and would take half of a change for what was there.
    """
    journal = path.with_name(f"{path.name}-journal")
    try:
        with journal.open("rb") as file:
            # A journal that is done with is empty, or begins with zeros.
            is_needed = file.read(1) not in (b"", b"\0")
    except FileNotFoundError:
        return
    if is_needed:
        raise Reason.CONFIG_INVALID.error(
            f"the rollback journal {journal} lies beside the database: a change of the file was "
            "cut short, or it was copied in the middle of one. Start the hub on it once, or open "
            "a copy of both once with `sqlite3`: that undoes the change. Never remove the journal",
            field="database.url",
        )


def _make(path: Path) -> None:
    """Make an empty file for its owner alone, if there is none; SQLite would go by the umask.

    SQLite's files beside it get the file's mode. One that exists is not opened: to close
    it would give up the locks that SQLite holds on it.
    """
    with suppress(OSError):  # It exists, or SQLite says why it cannot be made.
        made = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        # SQLite, run by root, gives what it keeps beside the file to the file's owner.
        give_to_owner_of(path, made)
        os.close(made)


def _identity(path: Path) -> _Identity | None:
    """The device and inode that a path leads to; None if it leads to nothing.

    Raises OSError where that cannot be seen: then no connection can be opened either.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
