"""Refusals of the disk, in one line: the file, the disk's own error, and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason

_ADVICE: Final = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EFBIG: "raise the limit on the size of files",
    errno.EACCES: "it must be writable by the user who runs the command",
    errno.EPERM: "it must be writable by the user who runs the command",
    errno.EROFS: "choose a place that can be written to",
    errno.ENOENT: "make its folder first",
    errno.ENOTDIR: "make its folder first",
    errno.ENOLCK: "its file system has no working locks: move the folder to a local disk",
    errno.EOPNOTSUPP: "its file system has no working locks: move the folder to a local disk",
    errno.ENOSYS: "its file system has no working locks: move the folder to a local disk",
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the disk into FILE_NOT_WRITTEN with the path."""
    try:
        yield
    except OSError as error:
        raise not_written(path, error) from None


def not_written(path: Path, error: OSError) -> ExchangeError:
    """FILE_NOT_WRITTEN for an error of the disk at a path."""
    why = error.strerror or type(error).__name__
    advice = _ADVICE.get(error.errno or 0)
    return Reason.FILE_NOT_WRITTEN.error(f"{why}: {path}" + (f"; {advice}" if advice else ""))


def exists(path: Path) -> ExchangeError:
    """FILE_NOT_WRITTEN for a file that must not be there."""
    return Reason.FILE_NOT_WRITTEN.error(
        f"{path} exists; nothing is written over: name another file, or move this one away"
    )
