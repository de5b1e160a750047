"""Writing single files, and several that belong together.

A draft is always a file that this process made (O_EXCL) and locked; it never writes into a file
that it found. A new file is linked into its place, for a link fails where something stands; its
draft goes last. So while a draft and a file are one (the same inode), the file is of a command that
did not end, and may be withdrawn.

Names are used in the folder that was opened when the work began. A user of less rights, whose
folder root writes to, may put a link in the place of a folder or of a draft: nothing is written,
linked or removed elsewhere, and a name that is another's by then is an error. SQLite opens
what it writes by a path, and so writes a backup of root's in a folder of root alone
(`is_roots_alone`); its databases stand where they are.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from exchange_files.failures import exists, not_written, writing
from exchange_files.locks import is_in, take_lock
from exchange_files.owners import give_to_owner_of
from exchange_protocol.errors import ExchangeError, Reason

PRIVATE: Final = 0o600
"""Mode of files that only their owner may read."""
PUBLIC: Final = 0o644
"""Mode of files that everyone may read, less what the umask takes."""

SUFFIX: Final = ".new"
_LONGEST_NAME: Final = 240
_NO_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""The errors of file systems without hard links."""
_FOLDER: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
"""A folder to use names in, also one that may not be listed."""


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
    folder: int = field(repr=False)
    """The open folder of both."""

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
    with _opened(path) as folder:
        _check_replaceable(path, folder)
        with _drafted(path, folder, mode) as draft, writing(path):
            draft.file.write(data)
            _keep_owner(draft)
            draft.sync()
            _check_own(draft)
            os.replace(draft.path.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
            _check_place(draft)
            if sync_name:
                _sync_names(folder)


@contextmanager
def new_file(path: Path) -> Iterator[UnplacedFile]:
    """Write a file that must not exist piece by piece; it appears when the block ends well.

    Raises FILE_NOT_WRITTEN.
    """
    with _opened(path) as folder:
        with writing(path):
            _withdraw({path: folder})
        if _is_there(path, folder):
            raise exists(path)
        with _drafted(path, folder, PRIVATE) as draft:
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
    drafts: list[UnplacedFile] = []
    with _all_opened([each.path for each in files]) as folders, ExitStack() as stack:
        _check_new(folders)
        for each in files:
            draft = stack.enter_context(_drafted(each.path, folders[each.path], each.mode))
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
    with _all_opened(paths) as folders:
        _check_new(folders)


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
    """Remove a dead process's draft, and the file that is still one with it; waits for a living.

    Both are in one folder.
    """
    with writing(draft):
        try:
            folder = os.open(draft.parent, _FOLDER)
        except FileNotFoundError:
            return
    try:
        _withdraw_draft(draft, target, folder)
    finally:
        os.close(folder)


def _withdraw_draft(draft: Path, target: Path, folder: int) -> None:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(draft.name, flags, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Reason.FILE_NOT_WRITTEN.error(
            f"{error.strerror}: {draft}; this is no draft of the user who runs the command: remove "
            "it and repeat the command"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_in(folder, draft.name, descriptor):
            if target != draft and is_in(folder, target.name, descriptor):
                os.unlink(target.name, dir_fd=folder)
            os.unlink(draft.name, dir_fd=folder)
    finally:
        os.close(descriptor)


def sync_names(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, _FOLDER)
    try:
        _sync_names(descriptor)
    finally:
        os.close(descriptor)


def _sync_names(folder: int) -> None:
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems keep names durable by themselves and say so in this way.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Hold open the folder in which a path is written."""
    with writing(path):
        folder = os.open(path.parent, _FOLDER)
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _all_opened(paths: Sequence[Path]) -> Iterator[dict[Path, int]]:
    """Hold open the folders of several paths, each once."""
    with ExitStack() as stack:
        by_path: dict[Path, int] = {}
        folders: dict[Path, int] = {}
        for path in paths:
            if path.parent not in folders:
                folders[path.parent] = stack.enter_context(_opened(path))
            by_path[path] = folders[path.parent]
        yield by_path


def _is_there(path: Path, folder: int) -> bool:
    """True if anything has a name in an open folder."""
    try:
        os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except (OSError, ValueError):
        return False
    return True


def _check_new(folders: Mapping[Path, int]) -> None:
    with writing(next(iter(folders))):
        _withdraw(folders)
    for path, folder in folders.items():
        if _is_there(path, folder):
            raise exists(path)


def _withdraw(folders: Mapping[Path, int]) -> None:
    """Undo what a killed process left of these files, unless it had placed all of them."""
    is_placed = all(_is_there(path, folder) for path, folder in folders.items())
    for path, folder in folders.items():
        draft = draft_path(path)
        _withdraw_draft(draft, draft if is_placed else path, folder)


@contextmanager
def _drafted(path: Path, folder: int, mode: int) -> Iterator[UnplacedFile]:
    with writing(path):
        draft = _begin(path, folder, mode)
    try:
        yield draft
    finally:
        _end(draft)


def _begin(path: Path, folder: int, mode: int) -> UnplacedFile:
    draft = draft_path(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        try:
            descriptor = os.open(draft.name, flags, mode, dir_fd=folder)
        except FileExistsError:
            # Never with the target: only who writes a new file knows what of it may go.
            _withdraw_draft(draft, draft, folder)
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_in(folder, draft.name, descriptor):
            if mode == PRIVATE:
                os.fchmod(descriptor, mode)  # whatever the umask is
            give_to_owner_of(draft, descriptor)
            return UnplacedFile(path, draft, os.fdopen(descriptor, "w+b"), folder)
        # Another process took it for a dead one's before it was locked.
        os.close(descriptor)


def _end(draft: UnplacedFile) -> None:
    """Remove the draft, if it still stands there, and let go of its lock."""
    with suppress(OSError):
        if is_in(draft.folder, draft.path.name, draft.file.fileno()):
            os.unlink(draft.path.name, dir_fd=draft.folder)
    # The disk would refuse the same bytes again, and the error is said already.
    with suppress(OSError):
        draft.file.close()


def _place(drafts: Sequence[UnplacedFile]) -> None:
    """Give the drafts their names, in order; undoes all if one of them cannot have its name."""
    try:
        for draft in drafts:
            _link(draft)
        for folder, path in {draft.folder: draft.target.parent for draft in drafts}.items():
            with writing(path):
                _sync_names(folder)
    except BaseException:
        _displace(drafts)
        raise


def _displace(drafts: Sequence[UnplacedFile]) -> None:
    """Take the names of drafts back; another file that stands there stays."""
    for draft in drafts:
        if is_in(draft.folder, draft.target.name, draft.file.fileno()):
            with suppress(FileNotFoundError):
                os.unlink(draft.target.name, dir_fd=draft.folder)


def _link(draft: UnplacedFile) -> None:
    at, name, own = draft.folder, draft.target.name, draft.path.name
    _check_own(draft)
    try:
        os.link(own, name, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
    except FileExistsError:
        raise exists(draft.target) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise not_written(draft.target, error) from None
        if _is_there(draft.target, at):
            raise exists(draft.target) from None
        with writing(draft.target):
            os.rename(own, name, src_dir_fd=at, dst_dir_fd=at)
    _check_place(draft)


def _check_own(draft: UnplacedFile) -> None:
    """Check that the draft's name is still that of the file which was written."""
    if not is_in(draft.folder, draft.path.name, draft.file.fileno()):
        raise _meddled(draft, f"{draft.path} was removed or replaced")


def _check_place(draft: UnplacedFile) -> None:
    """Check that the path of a placed file leads to the folder that it was placed in.

    The file itself may be gone by now: whoever waited for it has taken it.
    """
    folder = draft.target.parent
    with writing(folder):
        is_same = os.path.samestat(folder.stat(), os.fstat(draft.folder))
    if not is_same:
        raise _meddled(draft, f"the folder {folder} was moved or replaced")


def _meddled(draft: UnplacedFile, what: str) -> ExchangeError:
    return Reason.FILE_NOT_WRITTEN.error(
        f"{what} while {draft.target.name} was written there: end the program that did it, and "
        "repeat the command"
    )


def _check_replaceable(path: Path, folder: int) -> None:
    """Refuse what is neither a file nor a link: root would put a file in the place of a device."""
    try:
        mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return  # None is there, or the writing says why not.
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise Reason.FILE_NOT_WRITTEN.error(f"expected the path of a file, got {what}: {path}")


def _keep_owner(draft: UnplacedFile) -> None:
    if os.geteuid() != 0:
        return
    with suppress(FileNotFoundError):
        old = os.stat(draft.target.name, dir_fd=draft.folder, follow_symlinks=False)
        os.fchown(draft.file.fileno(), old.st_uid, old.st_gid)
