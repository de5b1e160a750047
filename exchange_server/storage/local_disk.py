"""A SQLite file stands on a local disk: over a network its write-ahead log does not work.

Processes that read and write one database share memory beside its file. Hosts do not share it, and
locks and syncs of network file systems often say "done" and do nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from exchange_protocol.errors import Reason

MOUNTS: Final = Path("/proc/self/mounts")
_NETWORK: Final = frozenset(
    {
        "9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "glusterfs",
        "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs",
    }
)  # fmt: skip
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def verify_local(file: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a database on a network file system; raises CONFIG_INVALID.

    Where the system does not list its mounts, nothing is known and nothing refused.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    kinds = {}
    for line in lines:
        _, place, kind, *_ = line.split(" ")
        kinds[Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), place))] = kind
    at = next((folder for folder in file.parents if folder in kinds), Path("/"))
    kind = kinds.get(at, "")
    if kind in _NETWORK:
        raise Reason.CONFIG_INVALID.error(
            f"the database {file} is on a network file system ({kind} at {at}), where SQLite loses "
            "writes; put it on a local disk, or use PostgreSQL",
            field="database.url",
        )
