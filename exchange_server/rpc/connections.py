"""The connections of this process: who holds them, how many, and when one is closed.

grpc tells nothing of its connections, and closes none for what its peer does. A connection costs a
descriptor and some memory, whatever it is used for. So this module looks at the process's own
sockets, and shuts a connection down

- that has made no call for `UNNAMED_SECONDS` since it was accepted: nothing is known of its peer;
- of an agency beyond its share: its calls are refused (`admit`), so it has made none either;
- whose peer could not be authenticated, or does not take the answers that it asked for (`drop`).

grpc meets a connection that its peer has closed, and clears up. A closed connection is no loss to a
client: it connects again for its next call.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import stat
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import unquote

import structlog

from exchange_protocol.errors import Reason
from exchange_server.fairness.counts import ALONE, Cell, Counts

LOOK_SECONDS: Final = 2.0
UNNAMED_SECONDS: Final = 20.0
"""More than a handshake may take."""
READ_SECONDS: Final = 1.0
_DESCRIPTORS: Final = "/dev/fd"

_log = structlog.get_logger(__name__)

_Address: TypeAlias = tuple[str, int]


@dataclass(slots=True)
class _Seen:
    """A socket of the process that is a connection of the hub's port."""

    peer: _Address
    seen_at: float


class Connections:
    """Knows the connections of the hub's port, and closes those that nobody should hold."""

    def __init__(self, per_agency: int, counts: Counts = ALONE) -> None:
        """Let an agency hold so many connections, of all workers together."""
        self._shared = counts
        self._per_agency = per_agency
        self._port = 0
        self._holders: dict[_Address, str] = {}
        """The callers over a connection."""
        self._counts: Counter[str] = Counter()
        self._seen: dict[int, _Seen | None] = {}
        """Sockets by inode; None for those that are no connections of the port."""
        self._task: asyncio.Task[None] | None = None
        self._drops: set[asyncio.Task[None]] = set()

    def start(self, port: int) -> None:
        """Look after the connections of a port, in the running event loop."""
        self._port = port
        self._task = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def admit(self, peer: str, holder: str) -> None:
        """Note the caller of a connection; raises TOO_MANY if it holds its share already.

        `peer` is the address as grpc spells it: `ipv4:192.0.2.1:40000`.
        """
        address = _parsed(peer)
        if address is None or address in self._holders:
            return
        others = sum(self._shared.others(holder, Cell.CONNECTIONS))
        if self._counts[holder] + others >= self._per_agency:
            raise Reason.TOO_MANY.error(
                f"expected at most {self._per_agency} connections of {holder}; "
                "let calls share a connection"
            )
        self._holders[address] = holder
        self._counts[holder] += 1
        self._shared.set(holder, Cell.CONNECTIONS, self._counts[holder])

    def drop_soon(self, peer: str) -> None:
        """Shut down the connection of a peer, once it could read why."""
        asyncio.get_running_loop().call_later(READ_SECONDS, self.drop, peer)

    def drop(self, peer: str, then: Callable[[], None] = lambda: None) -> None:
        """Shut down the connection of a peer, and call `then` when that is done."""
        address = _parsed(peer)
        if address is None:
            then()
            return
        _log.warning("connection_dropped", peer=peer, agency=self._holders.get(address))
        task = asyncio.create_task(asyncio.to_thread(self._shut_down, {address}))
        self._drops.add(task)
        task.add_done_callback(self._drops.discard)
        task.add_done_callback(lambda _: then())

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                unnamed = await asyncio.to_thread(self._look)
                unnamed = {address for address in unnamed if address not in self._holders}
                if unnamed:
                    _log.warning("unnamed_connections_closed", count=len(unnamed))
                    await asyncio.to_thread(self._shut_down, unnamed)
                self._forget_closed()
            except Exception:  # noqa: BLE001 -- logged; the next look may go well
                _log.exception("connections_not_looked_at")

    def _look(self) -> set[_Address]:
        """Note what sockets there are; gives the peers of those that are old enough to have made a
        call."""
        now, found = time.monotonic(), set()
        for inode, descriptor in _sockets():
            found.add(inode)
            if inode not in self._seen:
                peer = self._peer_of(descriptor)
                self._seen[inode] = None if peer is None else _Seen(peer, now)
        for inode in self._seen.keys() - found:
            del self._seen[inode]
        since = now - UNNAMED_SECONDS
        return {one.peer for one in self._seen.values() if one is not None and one.seen_at <= since}

    def _forget_closed(self) -> None:
        open_now = {one.peer for one in self._seen.values() if one is not None}
        for address in self._holders.keys() - open_now:
            holder = self._holders.pop(address)
            self._counts[holder] -= 1
            self._shared.set(holder, Cell.CONNECTIONS, self._counts[holder])
            if not self._counts[holder]:
                del self._counts[holder]

    def _peer_of(self, descriptor: int) -> _Address | None:
        """The peer, if it is a connection of the port; None for any other socket."""
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as one:
            return self._peer_of_socket(one)
        return None

    def _peer_of_socket(self, one: socket.socket) -> _Address | None:
        if one.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        if one.getsockname()[1] != self._port:
            return None
        host, port, *_ = one.getpeername()
        return _plain(host), port

    def _shut_down(self, addresses: set[_Address]) -> None:
        for _, descriptor in _sockets():
            # The descriptor may be another's by now: what was duplicated is looked at.
            with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as one:
                if self._peer_of_socket(one) in addresses:
                    one.shutdown(socket.SHUT_RDWR)


def _sockets() -> list[tuple[int, int]]:
    """The process's sockets: inode and descriptor."""
    found = []
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 -- names alone
        # One may have been closed meanwhile.
        with suppress(OSError, ValueError):
            state = os.fstat(int(name))
            if stat.S_ISSOCK(state.st_mode):
                found.append((state.st_ino, int(name)))
    return found


@lru_cache(maxsize=4096)
def _parsed(peer: str) -> _Address | None:
    kind, _, rest = peer.partition(":")
    host, _, port = unquote(rest).rpartition(":")
    if kind not in ("ipv4", "ipv6") or not port.isdecimal():
        return None
    return _plain(host.strip("[]")), int(port)


def _plain(host: str) -> str:
    """One spelling of an address: that of IPv4 where IPv6 carries it."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
