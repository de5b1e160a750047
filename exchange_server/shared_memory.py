"""The place of files that workers share as memory, with room for them.

A page of such a file that finds no room ends the process without a word (SIGBUS). Containers give
/dev/shm little, and a root that is read-only has perhaps no folder for temporary files at all.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from exchange_protocol.errors import Reason

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- the name of the file system, not of a file of ours


def folder_with_room(wanted: int) -> Path:
    """Find a folder with so many bytes free: in memory, else the one for temporary files.

    Raises CONFIG_INVALID where there is none.
    """
    looked = [_MEMORY]
    with suppress(FileNotFoundError):  # None can be written to.
        looked.append(Path(tempfile.gettempdir()))
    for folder in looked:
        if os.access(folder, os.W_OK) and _free(folder) >= wanted:
            return folder
    raise Reason.CONFIG_INVALID.error(
        f"workers share {wanted // 1024} KiB of memory, and there is no room for it in "
        f"{' or '.join(map(str, looked))}: make room there (`--shm-size` of a container), or name "
        "a folder with room in TMPDIR"
    )


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
