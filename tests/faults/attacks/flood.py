"""Many streams on one connection, fed as far as the hub lets them: HTTP/2 frames by hand.

A `Flood` opens calls and pours bytes into each of them, reading of the hub no more than what it
must know to go on: its windows, and which calls it has ended.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from typing import Final, Self

from tests.faults.raw_clients import PREFACE, frame, headers_of
from tests.support.hub_process import HubProcess

_DATA, _HEADERS, _RST, _SETTINGS, _PING, _WINDOW = 0x0, 0x1, 0x3, 0x4, 0x6, 0x8
_INITIAL_WINDOW: Final = 0x4
_CHUNK: Final = 16 * 1024
_LARGE: Final = struct.pack(">HI", _INITIAL_WINDOW, 2**31 - 1)


SECONDS: Final = 10.0
"""How long a write may wait for the hub."""


class Flood:
    """A connection with many calls on it; `reads` lets the hub send what it likes."""

    def __init__(self, hub: HubProcess, tls: ssl.SSLContext, *, reads: bool = True) -> None:
        raw = socket.create_connection(("localhost", hub.port), timeout=SECONDS)
        self._socket = tls.wrap_socket(raw, server_hostname="localhost")
        settings = _LARGE if reads else struct.pack(">HI", _INITIAL_WINDOW, 0)
        self._socket.sendall(PREFACE + frame(_SETTINGS, 0, 0, settings))
        self._lock = threading.Lock()
        self._wire = threading.Lock()
        self._initial = 65_535
        self._connection = 65_535
        self._windows: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._next = 1
        self.ended: set[int] = set()
        """Calls that the hub has ended."""
        self.is_closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()

    def call(self, method: str, claimed: int | None = None, first: bytes = b"") -> int:
        """Begin a call. With `claimed`, its message says that it has so many bytes, all of which
        come but the last; otherwise `first` is its whole message, and nothing if empty."""
        with self._lock:
            stream, self._next = self._next, self._next + 2
            self._windows[stream] = self._initial
            self._send(frame(_HEADERS, 0x4, stream, headers_of(method)))
            if claimed is not None:
                self._left[stream] = claimed - 1
                self._data(stream, struct.pack(">BI", 0, claimed))
            elif first:
                self._data(stream, struct.pack(">BI", 0, len(first)) + first, ends=True)
        return stream

    def say(self, stream: int, message: bytes) -> bool:
        """Send one more whole message of a call; False where the hub takes no more of it now."""
        data = struct.pack(">BI", 0, len(message)) + message
        with self._lock:
            room = min(self._windows[stream], self._connection)
            if stream in self.ended or self.is_closed or len(data) > room:
                return False
            self._data(stream, data)
        return True

    def pour(self, seconds: float) -> int:
        """Feed all calls, for so long; gives how many bytes the hub took."""
        poured, until = 0, time.monotonic() + seconds
        while time.monotonic() < until and not self.is_closed:
            sent = 0
            with self._lock:
                for stream in [one for one, left in self._left.items() if left > 0]:
                    room = min(self._left[stream], self._windows[stream], self._connection, _CHUNK)
                    if room > 0 and stream not in self.ended:
                        self._data(stream, b"A" * room)
                        self._left[stream] -= room
                        sent += room
            poured += sent
            if not sent:
                time.sleep(0.02)
        return poured

    def _data(self, stream: int, data: bytes, *, ends: bool = False) -> None:
        self._windows[stream] -= len(data)
        self._connection -= len(data)
        self._send(frame(_DATA, int(ends), stream, data))

    def _send(self, data: bytes) -> None:
        try:
            with self._wire:
                self._socket.sendall(data)
        except OSError:
            self.is_closed = True

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            for kind, flags, stream, payload in self._frames():
                with self._lock:
                    self._meet(kind, flags, stream, payload)
        self.is_closed = True

    def _meet(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _WINDOW:
            [more] = struct.unpack(">I", payload)
            if stream == 0:
                self._connection += more
            elif stream in self._windows:
                self._windows[stream] += more
        elif kind == _SETTINGS and not flags & 1:
            for at in range(0, len(payload), 6):
                key, value = struct.unpack(">HI", payload[at : at + 6])
                if key == _INITIAL_WINDOW:
                    for one in self._windows:
                        self._windows[one] += value - self._initial
                    self._initial = value
            self._send(frame(_SETTINGS, 1, 0, b""))
        elif kind == _PING and not flags & 1:
            self._send(frame(_PING, 1, 0, payload))
        elif kind == _RST or (kind == _HEADERS and flags & 1):
            self.ended.add(stream)

    def _taken(self) -> bytes:
        """Read what has come; one thread at a time may use a TLS connection, and none may wait."""
        with self._wire:
            self._socket.settimeout(0)
            try:
                return self._socket.recv(65_536)
            finally:
                self._socket.settimeout(SECONDS)

    def _frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        held = b""
        while True:
            if not self._socket.pending() and not select.select([self._socket], [], [], 0.2)[0]:
                continue
            try:
                data = self._taken()
            except ssl.SSLWantReadError:
                continue
            if not data:
                return
            held += data
            while len(held) >= 9:
                size = int.from_bytes(held[:3], "big")
                if len(held) < 9 + size:
                    break
                kind, flags, stream = struct.unpack(">BBI", held[3:9])
                yield kind, flags, stream & 0x7FFFFFFF, held[9 : 9 + size]
                held = held[9 + size :]
