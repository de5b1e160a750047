"""A network, to a hub or between it and its PostgreSQL, that a test can cut, and heal."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

_ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets the connection, and sends nothing more."""


class Network:
    """Forwards loopback connections to a Unix socket or a port; `port` is where they come in."""

    def __init__(self, upstream: str | int) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flows = threading.Event()
        self._flows.set()
        self._refuses = False
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A listener that is closed while a thread waits in it wakes nobody.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self.heal()
        self._abort()

    def swallow(self) -> None:
        """Carry nothing any more and tell nobody: what comes in is taken and waits."""
        self._flows.clear()

    def reset(self) -> None:
        """Reset every connection, and those that come."""
        self._refuses = True
        self._abort()

    def heal(self) -> None:
        """Carry on: what waited is delivered."""
        self._refuses = False
        self._flows.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                outer, _ = self._listener.accept()
                inner = self._connected()
                self._sockets += [outer, inner]
                if self._refuses:
                    self._abort()
                    continue
                for pair in ((outer, inner), (inner, outer)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _connected(self) -> socket.socket:
        if isinstance(self._upstream, int):
            return socket.create_connection(("127.0.0.1", self._upstream))
        inner = socket.socket(socket.AF_UNIX)
        inner.connect(self._upstream)
        return inner

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
            self._flows.wait()
            sink.shutdown(socket.SHUT_WR)

    def _abort(self) -> None:
        while self._sockets:
            one = self._sockets.pop()
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
                # This wakes a thread that waits in it; closing alone would not.
                one.shutdown(socket.SHUT_RDWR)
            one.close()
