"""The owner of what root makes: that of the folder, for a service user has to open it later."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def is_roots_alone(folder: int | None, path: Path) -> bool:
    """True if root alone can name anything in a folder, or lead the way to it elsewhere.

    `folder` is the folder as it was opened, where it was: the path must lead to that one. In a
    sticky folder such as /tmp nobody renames what is root's.
    """
    try:
        if folder is not None and not os.path.samestat(path.stat(), os.fstat(folder)):
            return False
        way = [path.absolute(), *path.absolute().parents]
        # A link would be one more way to lead astray: such a path is not looked into further.
        found = [each.lstat() for each in way]
    except OSError:
        return False
    return all(
        stat.S_ISDIR(each.st_mode)
        and each.st_uid == 0
        and (not each.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or each.st_mode & stat.S_ISVTX)
        for each in found
    )


def give_to_owner_of(path: Path, descriptor: int) -> None:
    """Give an open file or folder, just made at a path, to the owner of the folder that it is in.

    Root runs a command for the service whose folder it is (`sudo exchange-server restore`), and a
    file of root's there would keep the service from starting. For all others nothing is done. Where
    root may not give things away (NFS, a container) the file stays root's; whoever cannot open it
    says so.

    The folder is opened, and looked at for the file: a name on the way that leads elsewhere by now
    gives nobody a file in another's folder.
    """
    if os.geteuid() != 0:
        return
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = os.fstat(folder)
            inside = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
            is_here = os.path.samestat(inside, os.fstat(descriptor))
            if is_here and (found.st_uid, found.st_gid) != (0, 0):
                os.fchown(descriptor, found.st_uid, found.st_gid)
        finally:
            os.close(folder)
