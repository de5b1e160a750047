"""The open files that a process may have: a command with too few says so before it begins.

Libraries report the lack as something else, such as a database that cannot be opened, or they end
the process.
"""

from __future__ import annotations

import resource
from typing import Final

from exchange_protocol.errors import Reason

LEAST_FILES: Final = 64
"""A hub with a connection or two has some 40 open at its start."""


def verify_open_files() -> None:
    """Raise the soft limit to what a command needs; raises CONFIG_INVALID where it may not be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= LEAST_FILES or soft == resource.RLIM_INFINITY:
        return
    if hard < LEAST_FILES and hard != resource.RLIM_INFINITY:
        raise Reason.CONFIG_INVALID.error(
            f"this process may have {hard} files open and needs {LEAST_FILES} or more; a hub needs "
            "256, and one for each connection. Raise the limit: LimitNOFILE= in the unit of "
            "systemd, `ulimit -n` in a shell"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (LEAST_FILES, hard))
