"""The owner of what root makes: that of the folder, for a service user has to open it later."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def give_to_owner_of(folder: Path, descriptor: int) -> None:
    """Give an open file or folder, just made, to the owner of the folder that it is in.

    Root runs a command for the service whose folder it is (`sudo exchange-server restore`), and a
    file of root's there would keep the service from starting. For all others nothing is done. Where
    root may not give things away (NFS, a container) the file stays root's; whoever cannot open it
    says so.
    """
    if os.geteuid() != 0:
        return
    with suppress(OSError):
        found = folder.stat()
        if (found.st_uid, found.st_gid) != (0, 0):
            os.fchown(descriptor, found.st_uid, found.st_gid)
