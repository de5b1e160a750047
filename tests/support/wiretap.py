"""A loopback TCP relay that keeps every byte it passes: the network as an eavesdropper sees it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_HANDSHAKE_RECORD = 22
_SERVER_HELLO = 2
_SUPPORTED_VERSIONS = 43
_KEY_SHARE = 51
TLS_1_3 = 0x0304
X25519MLKEM768 = 0x11EC
"""IANA TLS supported group 4588."""


@dataclass
class Capture:
    """Both directions of one connection, in the order in which the bytes came."""

    from_client: bytearray = field(default_factory=bytearray)
    from_server: bytearray = field(default_factory=bytearray)


class Wiretap:
    """Relays connections from a free loopback port to a server, and keeps what passes."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.captures: list[Capture] = []
        self._sockets: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._accepting.join(5)

    def everything(self) -> bytes:
        """All bytes of all connections."""
        return b"".join(bytes(c.from_client + c.from_server) for c in self.captures)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return
            capture = Capture()
            self.captures.append(capture)
            self._sockets += [client, server]
            for source, target, kept in (
                (client, server, capture.from_client),
                (server, client, capture.from_server),
            ):
                threading.Thread(target=_relay, args=(source, target, kept), daemon=True).start()


@dataclass(frozen=True)
class ServerHello:
    """The choice of a TLS server: protocol version and key-exchange group (IANA numbers)."""

    version: int
    group: int


def parse_server_hello(from_server: bytes) -> ServerHello:
    """Read the ServerHello (RFC 8446, 4.1.3) at the start of what a server sent."""
    record_type, _, record_length = struct.unpack_from("!BHH", from_server)
    assert record_type == _HANDSHAKE_RECORD, f"expected a handshake record, got {record_type}"
    body = from_server[5 : 5 + record_length]
    assert body[0] == _SERVER_HELLO, f"expected a ServerHello, got handshake type {body[0]}"
    at = 4 + 2 + 32
    at += 1 + body[at]  # legacy session id
    at += 2 + 1  # cipher suite, compression
    (extensions_length,) = struct.unpack_from("!H", body, at)
    at += 2
    end = at + extensions_length
    version = group = 0
    while at < end:
        kind, length = struct.unpack_from("!HH", body, at)
        at += 4
        if kind == _SUPPORTED_VERSIONS:
            (version,) = struct.unpack_from("!H", body, at)
        elif kind == _KEY_SHARE:
            (group,) = struct.unpack_from("!H", body, at)
        at += length
    return ServerHello(version, group)


def _relay(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            kept += chunk
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
