"""Owners of connections: the user of this machine who made one, as Linux tells it.

Cookies do not tell ports apart. A program of another user that listens on another port of the
loopback address is sent the console's cookie, once the person's browser is led there. So a session
serves the user alone who entered: the kernel knows who made a connection, whatever it bears.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from starlette.types import Scope

_TABLES: Final = (
    (Path("/proc/net/tcp"), ""),
    # A client may speak IPv4 through a socket of IPv6.
    (Path("/proc/net/tcp6"), "0000000000000000FFFF0000"),
)
"""The kernel's connections (proc_net(5)), and what stands before an address of IPv4 there."""
_LOCAL: Final = 1
_REMOTE: Final = 2
_USER: Final = 7


def owner_of(scope: Scope) -> int | None:
    """The user who made the connection of a request; None where the system does not tell.

    A connection whose program has closed it already is that of nobody.
    """
    client, server = scope.get("client"), scope.get("server")
    if sys.platform != "linux" or not client or not server:
        return None
    for table, before in _TABLES:
        ends = [before + _as_written(*each) for each in (client, server)]
        for row in _rows(table):
            if row[_LOCAL : _REMOTE + 1] == ends:
                return int(row[_USER])
    return None


def _rows(table: Path) -> Iterator[list[str]]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines[1:]:
        yield line.split()


def _as_written(address: str, port: int) -> str:
    """An address of IPv4 as the kernel writes it: in the order of the machine's bytes."""
    return f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"
