"""Reading what nobody else may read, and what nobody else may write.

Rules of this module:

- A secret has mode 0600 or less. Only below $CREDENTIALS_DIRECTORY, where systemd lays down a
  service's credentials, its group may read it too (0440): that is systemd's mode and folder.
- A pinned file (a root certificate, a profile) may be read by all and written by its owner alone.
- The owner is the user of the process, or root. Root itself takes the files of the owner of their
  folder: an administrator looks after another user's profile.
- Modes and owners are those of the file that was opened, not of what its path leads to a moment
  later.
- A byte order mark before the text is taken off; UTF-16 is refused by that name.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from exchange_files import MOST_GIVEN, without_bom
from exchange_protocol.errors import ExchangeError, Reason

CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
"""The variable in which systemd names its folder of credentials (systemd.exec, LoadCredential=)."""

_BEYOND_OWNER: Final = stat.S_IRWXG | stat.S_IRWXO
_BEYOND_GROUP_READING: Final = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def read_secret(path: Path) -> bytes:
    """Read a file that only its owner may read; raises KEY_UNAVAILABLE."""
    reason = Reason.KEY_UNAVAILABLE
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            mode = stat.S_IMODE(found.st_mode)
            if mode & (_BEYOND_GROUP_READING if _is_credential(path) else _BEYOND_OWNER):
                raise reason.error(
                    f"expected {path} to be its owner's only (0600); its mode is {mode:04o}. Run: "
                    f"chmod 600 {path}"
                )
            _check_owner(path, found, reason)
            data = file.read(MOST_GIVEN)
    except OSError as error:
        raise reason.error(f"cannot read {path}: {error.strerror}") from None
    return without_bom(data, path, reason)


def read_pinned(path: Path, reason: Reason) -> bytes:
    """Read a file that only its owner may write; raises `reason`."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            _check_writers(path, found, reason)
            _check_owner(path, found, reason)
            data = file.read(MOST_GIVEN)
    except OSError as error:
        raise reason.error(f"cannot read {path}: {error.strerror}") from None
    return without_bom(data, path, reason)


def check_guarded_folder(path: Path, reason: Reason) -> None:
    """Refuse a folder in which others may lay down files of their own; raises `reason`."""
    try:
        found = path.stat()
    except OSError as error:
        raise reason.error(f"cannot read {path}: {error.strerror}") from None
    _check_writers(path, found, reason)
    _check_owner(path, found, reason)


def _check_writers(path: Path, found: os.stat_result, reason: Reason) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if mode & _WRITABLE_BY_OTHERS:
        raise reason.error(
            f"expected {path} to be writable by its owner alone; its mode is {mode:04o}, so others "
            f"may change what is trusted here. Run: chmod go-w {path}"
        )


def _check_owner(path: Path, found: os.stat_result, reason: Reason) -> None:
    user = os.geteuid()
    if found.st_uid in (user, 0):
        return
    if user == 0 and found.st_uid == path.parent.stat().st_uid:
        return
    raise _foreign(path, found, reason)


def _foreign(path: Path, found: os.stat_result, reason: Reason) -> ExchangeError:
    return reason.error(
        f"expected {path} to belong to the user who runs this (id {os.geteuid()}), or to root; it "
        f"belongs to user id {found.st_uid}"
    )


def _is_credential(path: Path) -> bool:
    folder = os.environ.get(CREDENTIALS_VARIABLE, "")
    return bool(folder) and path.resolve().is_relative_to(Path(folder).resolve())
