"""The open files that a process may have: those of a hub itself come first, connections after them.

A command with too few says so before it begins, a hub before it listens. Libraries report the lack
as something else, such as a database that cannot be opened, or they end the process. Callers must
not bring it about: a hub without a descriptor opens no connection of its database and no list.
"""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from typing import Final

from exchange_protocol.errors import Reason

LEAST_FILES: Final = 64
"""A hub with a connection or two has some 40 open at its start."""
OWN_FILES: Final = 256
"""Files and sockets that a hub keeps for itself where there are enough, its database among them."""
LEAST_OWN: Final = 48
SPARE_FILES: Final = 24
"""Files that a hub opens while it serves, beyond those of its start: lists, look-ups, readers."""
_DESCRIPTORS: Final = "/dev/fd"


@dataclass(frozen=True, slots=True)
class Room:
    """The open files of a process, and the connections that they leave room for."""

    limit: int
    connections: int
    """Never more than were wanted; below one there is no room for a hub."""


def verify_open_files() -> None:
    """Raise the soft limit to what a command needs; raises CONFIG_INVALID where it may not be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= LEAST_FILES or soft == resource.RLIM_INFINITY:
        return
    if hard < LEAST_FILES and hard != resource.RLIM_INFINITY:
        raise Reason.CONFIG_INVALID.error(
            f"this process may have {hard} files open and needs {LEAST_FILES} or more; a hub needs "
            f"{OWN_FILES}, and one for each connection. {REMEDY}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (LEAST_FILES, hard))


REMEDY: Final = "Raise the limit: LimitNOFILE= in the unit of systemd, `ulimit -n` in a shell"


def room_for(wanted: int, own: int = 0) -> Room:
    """Tell the room for so many connections, if the soft limit is raised as far as it may be.

    `own` are the files that the hub has open already, before it listens.
    """
    soft, hard = (
        _MOST if each == resource.RLIM_INFINITY else each
        for each in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    # The soft limit is for programs that still use `select`; the hub does not.
    limit = max(soft, min(hard, wanted + max(OWN_FILES, own + SPARE_FILES)))
    kept = max(LEAST_OWN, own + SPARE_FILES, min(OWN_FILES, limit // 2))
    return Room(limit, min(wanted, limit - kept))


_MOST: Final = 2**31


def take_room(wanted: int) -> Room:
    """Raise the soft limit for so many connections; raises CONFIG_INVALID where none has room."""
    room = room_for(wanted, open_files())
    if room.connections < 1:
        raise Reason.CONFIG_INVALID.error(
            f"this process may have {room.limit} files open, and the hub needs them all for "
            f"itself: no connection has room. {REMEDY}"
        )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < room.limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (room.limit, hard))
    return room


def open_files() -> int:
    """The files that this process has open now; none where the system does not list them."""
    try:
        listed = os.listdir(_DESCRIPTORS)  # noqa: PTH208 -- names alone
    except OSError:
        # Such as in a root directory of its own without /proc: the hub starts all the same.
        return 0
    return len(listed) - 1  # One is the list's own.
