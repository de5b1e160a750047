"""Locks between processes and threads alike: advisory, and ended by the end of their process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exchange_files.failures import writing

_OWNER = 0o600


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
def locked_folder(folder: Path) -> Iterator[None]:
    """Hold a folder itself for the time of the block, where users of several names write.

    A lock file would belong to the one who made it.
    """
    with writing(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with writing(folder):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
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


def is_at(descriptor: int, path: Path) -> bool:
    """True if an open file or folder still stands at a path, and not another in its place."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _open(path: Path) -> int:
    with writing(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER)
        if os.fstat(descriptor).st_mode & _OWNER != _OWNER:
            # Made under a umask that takes its owner's rights: the next command could not open it.
            os.fchmod(descriptor, _OWNER)
        return descriptor
