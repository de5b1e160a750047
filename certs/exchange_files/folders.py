"""Folders: made for their owner alone, filled whole, moved into their place, removed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from exchange_files.failures import writing
from exchange_files.files import (
    PRIVATE,
    SUFFIX,
    NewFile,
    new_files,
    sync_names,
    withdraw_draft,
)
from exchange_files.locks import is_at, take_lock
from exchange_files.owners import give_to_owner_of
from exchange_protocol.errors import Reason

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folder(path: Path) -> Path:
    """Make a folder, and those above it, that only its owner may enter; give it."""
    _make(path)
    return path


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    with writing(path):
        sync_names(path)


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it; another process may be removing it too."""
    # By open folders: a name that leads elsewhere by now would have root remove what is there.
    with suppress(FileNotFoundError, NotADirectoryError):
        for _, folders, files, at in os.fwalk(path, topdown=False):
            for name in files:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=at)
            for name in folders:
                _remove_at(at, name)
    _remove(path)


def write_inside(path: Path, data: bytes) -> None:
    """Write a file, mode 0600, into a folder that is not in its place yet (`staging_folder`).

    Its bytes are durable, its name is so with `sync_folder`. Raises FILE_NOT_WRITTEN.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with writing(path), os.fdopen(os.open(path, flags, PRIVATE), "wb") as file:
        os.fchmod(file.fileno(), PRIVATE)  # whatever the umask is
        give_to_owner_of(path, file.fileno())
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def new_folder(
    folder: Path, *files: NewFile, reason: Reason = Reason.CONFIG_INVALID
) -> Iterator[None]:
    """Fill a new or empty folder with files that belong together (`new_files`).

    If the block or the disk fails, the folder is as it was before, or is not there. After a kill
    the next call takes the folder over.

    Raises `reason` where the folder holds something else, FILE_NOT_WRITTEN.
    """
    made = _make(folder)
    try:
        _check_free(folder, files[-1].path, reason)
        with writing(folder):
            _close_to_others(folder)
        with new_files(*files):
            yield
    except BaseException:
        for each in reversed(made):
            with suppress(OSError):
                each.rmdir()
        raise


@contextmanager
def staging_folder(path: Path) -> Iterator[Path]:
    """A new folder that is locked for the time of the block.

    The caller moves it into its place when it is complete; where it is not moved, it is removed.
    """
    descriptor = _begin(path)
    try:
        yield path
    finally:
        if is_at(descriptor, path):
            remove_folder(path)
        os.close(descriptor)


def sweep_staging(folder: Path, pattern: str) -> None:
    """Remove the staging folders that dead processes left; those of the living stay.

    A folder that cannot be removed, such as one of another user, stays too: it is in nobody's way.
    """
    for path in folder.glob(pattern):
        # Another process may have removed it since.
        with suppress(OSError):
            descriptor = os.open(path, _FOLDER)
            try:
                if take_lock(descriptor) and is_at(descriptor, path):
                    remove_folder(path)
            finally:
                os.close(descriptor)


def _begin(path: Path) -> int:
    while True:
        with writing(path):
            _make_private(path)
        try:
            descriptor = os.open(path, _FOLDER)
        except FileNotFoundError:
            continue  # Taken for a dead process's before it was locked.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_at(descriptor, path):
            return descriptor
        os.close(descriptor)


def _make_private(path: Path) -> None:
    """Make a folder for its owner, whatever the umask takes away.

    The new folder is opened before anything is done to it, and not by its name again. Another could
    have put a link there, by which root would change a folder elsewhere.
    """
    above = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.mkdir(path.name, 0o700, dir_fd=above)
        # A umask may have taken the right to open it, which root has in any case.
        if os.geteuid() != 0:
            os.chmod(path.name, 0o700, dir_fd=above)
            return
        descriptor = os.open(path.name, _FOLDER, dir_fd=above)
        try:
            if os.fstat(descriptor).st_uid == 0:
                os.fchmod(descriptor, 0o700)
                give_to_owner_of(path, descriptor)
        finally:
            os.close(descriptor)
    finally:
        os.close(above)


def _close_to_others(folder: Path) -> None:
    """Let nobody else into a folder that is there; root follows no link to one."""
    if os.geteuid() != 0:
        folder.chmod(0o700)
        return
    descriptor = os.open(folder, _FOLDER)
    try:
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def _make(path: Path) -> list[Path]:
    """Make a folder and those above it; gives what was made, the outermost first."""
    if path.is_dir():
        return []
    # `parents=True` would make the ones above with the mode of the umask.
    made = _make(path.parent)
    with writing(path):
        try:
            _make_private(path)
        except FileExistsError:
            if not path.is_dir():
                raise
            return made  # Another process was faster.
        sync_names(path.parent)
    return [*made, path]


def _check_free(folder: Path, last: Path, reason: Reason) -> None:
    """Refuse a folder that holds anything but what a killed process left of such files."""
    with writing(folder):
        is_complete = last.exists()
        for draft in sorted(folder.glob(f".*{SUFFIX}")):
            target = draft if is_complete else folder / draft.name[1 : -len(SUFFIX)]
            withdraw_draft(draft, target)
        names = sorted(each.name for each in folder.iterdir())
    if names:
        raise reason.error(f"expected {folder} to be new or empty; it holds {names[0]}")


def _remove_at(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        try:
            os.rmdir(name, dir_fd=folder)
        except NotADirectoryError:
            os.unlink(name, dir_fd=folder)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.is_symlink():
            path.unlink()
        else:
            path.rmdir()
