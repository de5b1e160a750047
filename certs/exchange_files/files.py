"""Writing single files, and several that belong together.

A draft is always a file that this process made (O_EXCL) and locked; it never writes into a file
that it found. A new file is linked into its place, for a link fails where something stands; its
draft goes last. So while a draft and a file are one (the same inode), the file is of a command that
did not end, and may be withdrawn.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from exchange_files.failures import exists, not_written, writing
from exchange_files.locks import is_at, take_lock
from exchange_files.owners import give_to_owner_of
from exchange_protocol.errors import Reason

PRIVATE: Final = 0o600
"""Mode of files that only their owner may read."""
PUBLIC: Final = 0o644
"""Mode of files that everyone may read, less what the umask takes."""

SUFFIX: Final = ".new"
_LONGEST_NAME: Final = 240
_NO_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""The errors of file systems without hard links."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written."""

    path: Path
    data: bytes = field(repr=False)
    mode: int = PRIVATE


@dataclass(frozen=True, slots=True)
class UnplacedFile:
    """A file that is being written, and where it will stand."""

    target: Path
    path: Path
    """Its path until it is complete."""
    file: BinaryIO = field(repr=False)

    def sync(self) -> None:
        """Make the bytes durable."""
        self.file.flush()
        os.fsync(self.file.fileno())


def write_new_file(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Write a file that must not exist, whole and durably; raises FILE_NOT_WRITTEN."""
    with new_files(NewFile(path, data, mode)):
        pass


def replace_file(path: Path, data: bytes, *, mode: int = PRIVATE, sync_name: bool = True) -> None:
    """Write a file, in the place of the old one where there is one; raises FILE_NOT_WRITTEN.

    A reader finds the old bytes or the new ones. The owner stays, where root replaces a file of
    another user. A device or a pipe is no file, and stays. Without `sync_name` the caller makes the
    name durable (`sync_folder`).
    """
    _check_replaceable(path)
    with _drafted(path, mode) as draft, writing(path):
        draft.file.write(data)
        _keep_owner(draft)
        draft.sync()
        draft.path.replace(path)
        if sync_name:
            sync_names(path.parent)


@contextmanager
def new_file(path: Path, *, mode: int = PRIVATE) -> Iterator[UnplacedFile]:
    """Write a file that must not exist piece by piece; it appears when the block ends well.

    Raises FILE_NOT_WRITTEN.
    """
    with writing(path):
        _withdraw([path])
    if os.path.lexists(path):
        raise exists(path)
    with _drafted(path, mode) as draft:
        try:
            yield draft
        except OSError as error:
            # Of another file, if it names one.
            raise error if error.filename else not_written(path, error) from None
        with writing(path):
            draft.sync()
            _place([draft])


@contextmanager
def new_files(*files: NewFile) -> Iterator[None]:
    """Write files that belong together and must not exist: all of them appear, or none.

    All but the last stand in their places when the block begins. The last makes them valid; it
    appears when the block ends well. Otherwise none of them stays. After a kill the next call with
    these files removes what is left, unless all of them are there.

    Raises FILE_NOT_WRITTEN.
    """
    paths = [each.path for each in files]
    check_new(*paths)
    drafts: list[UnplacedFile] = []
    with ExitStack() as stack:
        for each in files:
            draft = stack.enter_context(_drafted(each.path, each.mode))
            with writing(each.path):
                draft.file.write(each.data)
                draft.sync()
            drafts.append(draft)
        *first, last = drafts
        _place(first)
        try:
            yield
            _place([last])
        except BaseException:
            _displace(first)
            raise


def check_new(*paths: Path) -> None:
    """Refuse work whose result could not be written: a file is there, or its folder is not.

    Remains of a killed process are removed. Raises FILE_NOT_WRITTEN.
    """
    for path in paths:
        with writing(path):
            if not path.parent.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    with writing(paths[0]):
        _withdraw(paths)
    for path in paths:
        if os.path.lexists(path):
            raise exists(path)


def drop_drafts(*paths: Path) -> None:
    """Remove what a killed process left beside files that stay as they are."""
    for path in paths:
        withdraw_draft(draft_path(path), draft_path(path))


def sweep_drafts(folder: Path) -> None:
    """Remove all drafts that killed processes left in a folder; files that were placed stay."""
    for draft in folder.glob(f".*{SUFFIX}"):
        withdraw_draft(draft, draft)


def dead_drafts(folder: Path) -> list[Path]:
    """The drafts in a folder that no living process holds, and that this user may remove."""
    found = []
    for draft in sorted(folder.glob(f".*{SUFFIX}")):
        # Another process may have removed it since, or it is nobody's draft.
        with suppress(OSError):
            descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if take_lock(descriptor):
                    found.append(draft)
            finally:
                os.close(descriptor)
    return found


def draft_path(path: Path) -> Path:
    """The path at which a file is drafted; raises FILE_NOT_WRITTEN for a path without a name."""
    name = path.name
    if not name:
        raise Reason.FILE_NOT_WRITTEN.error(
            f"expected the path of a file with its name, got the folder {str(path)!r}"
        )
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return path.with_name(f".{name}{SUFFIX}")


def withdraw_draft(draft: Path, target: Path) -> None:
    """Remove a dead process's draft, and the file that is still one with it; waits for a living."""
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Reason.FILE_NOT_WRITTEN.error(
            f"{error.strerror}: {draft}; this is no draft of the user who runs the command: remove "
            "it and repeat the command"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_at(descriptor, draft):
            if target != draft and is_at(descriptor, target):
                target.unlink()
            draft.unlink()
    finally:
        os.close(descriptor)


def sync_names(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems keep names durable by themselves and say so in this way.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _withdraw(paths: Sequence[Path]) -> None:
    """Undo what a killed process left of these files, unless it had placed all of them."""
    if all(os.path.lexists(path) for path in paths):
        drop_drafts(*paths)
        return
    for path in paths:
        withdraw_draft(draft_path(path), path)


@contextmanager
def _drafted(path: Path, mode: int) -> Iterator[UnplacedFile]:
    with writing(path):
        draft = _begin(path, mode)
    try:
        yield draft
    finally:
        _end(draft)


def _begin(path: Path, mode: int) -> UnplacedFile:
    draft = draft_path(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        try:
            descriptor = os.open(draft, flags, mode)
        except FileExistsError:
            # Never with the target: only who writes a new file knows what of it may go.
            withdraw_draft(draft, draft)
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_at(descriptor, draft):
            if mode == PRIVATE:
                os.fchmod(descriptor, mode)  # whatever the umask is
            give_to_owner_of(draft, descriptor)
            return UnplacedFile(path, draft, os.fdopen(descriptor, "w+b"))
        # Another process took it for a dead one's before it was locked.
        os.close(descriptor)


def _end(draft: UnplacedFile) -> None:
    """Remove the draft, if it still stands there, and let go of its lock."""
    with suppress(OSError):
        if is_at(draft.file.fileno(), draft.path):
            draft.path.unlink()
    # The disk would refuse the same bytes again, and the error is said already.
    with suppress(OSError):
        draft.file.close()


def _place(drafts: Sequence[UnplacedFile]) -> None:
    """Give the drafts their names, in order; undoes all if one of them cannot have its name."""
    try:
        for draft in drafts:
            _link(draft)
        for folder in {draft.target.parent for draft in drafts}:
            with writing(folder):
                sync_names(folder)
    except BaseException:
        _displace(drafts)
        raise


def _displace(drafts: Sequence[UnplacedFile]) -> None:
    """Take the names of drafts back; another file that stands there stays."""
    for draft in drafts:
        if is_at(draft.file.fileno(), draft.target):
            draft.target.unlink(missing_ok=True)


def _link(draft: UnplacedFile) -> None:
    try:
        os.link(draft.path, draft.target)
    except FileExistsError:
        raise exists(draft.target) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise not_written(draft.target, error) from None
        if os.path.lexists(draft.target):
            raise exists(draft.target) from None
        with writing(draft.target):
            draft.path.rename(draft.target)


def _check_replaceable(path: Path) -> None:
    """Refuse what is neither a file nor a link: root would put a file in the place of a device."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # None is there, or the writing says why not.
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise Reason.FILE_NOT_WRITTEN.error(f"expected the path of a file, got {what}: {path}")


def _keep_owner(draft: UnplacedFile) -> None:
    if os.geteuid() != 0:
        return
    with suppress(FileNotFoundError):
        old = draft.target.lstat()
        os.fchown(draft.file.fileno(), old.st_uid, old.st_gid)
