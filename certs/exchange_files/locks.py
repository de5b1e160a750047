"""Locks between processes and threads alike: advisory, and ended by the end of their process."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exchange_files.failures import writing
from exchange_files.owners import give_to_owner_of
from exchange_protocol.errors import Reason

_OWNER = 0o600
_LOOK_SECONDS = 0.05


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file for the time of the block; waits for its holder."""
    descriptor = _open(path)
    try:
        with writing(path):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_folder(folder: Path, *, wait_seconds: float | None = None) -> Iterator[None]:
    """Hold a folder itself for the time of the block, where users of several names write.

    A lock file would belong to the one who made it. Raises FILE_NOT_WRITTEN where another program
    holds it for longer than `wait_seconds`; by default it is waited for.
    """
    with writing(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with writing(folder):
            if wait_seconds is None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            else:
                _wait_for(descriptor, folder, wait_seconds)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def try_locked(path: Path) -> Iterator[bool]:
    """Hold the lock file if nobody else does, and say whether it is held."""
    descriptor = _open(path)
    try:
        with writing(path):
            is_held = take_lock(descriptor)
        yield is_held
    finally:
        os.close(descriptor)


def take_lock(descriptor: int) -> bool:
    """Lock an open file or folder if nobody else holds it, and say whether it is held."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_to_lock(path: Path) -> int:
    """Open a lock file for its owner alone, made where there is none; raises OSError.

    A link at its name is not followed: a service's user could lead root's command elsewhere.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, _OWNER)
    except FileExistsError:
        # A lock is never removed but by hand, so one that is gone since is made again.
        return os.open(path, flags | os.O_CREAT, _OWNER)
    give_to_owner_of(path, descriptor)
    return descriptor


def _wait_for(descriptor: int, folder: Path, seconds: float) -> None:
    ends_at = time.monotonic() + seconds
    while not take_lock(descriptor):
        if time.monotonic() >= ends_at:
            raise Reason.FILE_NOT_WRITTEN.error(
                f"another program holds a lock on the folder {folder}; end it"
            )
        time.sleep(_LOOK_SECONDS)


def is_at(descriptor: int, path: Path) -> bool:
    """True if an open file or folder still stands at a path, and not another in its place."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def is_in(folder: int, name: str, descriptor: int) -> bool:
    """True if an open file still has a name in an open folder."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _open(path: Path) -> int:
    with writing(path):
        descriptor = open_to_lock(path)
        if os.fstat(descriptor).st_mode & _OWNER != _OWNER:
            # Made under a umask that takes its owner's rights: the next command could not open it.
            os.fchmod(descriptor, _OWNER)
        return descriptor
