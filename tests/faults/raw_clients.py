"""Clients that misbehave below gRPC: HTTP/2 frames by hand, over TLS or over nothing.

A `RawClient` sends what it is told, when it is told, and reads nothing.
"""

from __future__ import annotations

import socket
import ssl
import struct
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives import serialization

from exchange_certs.authority import IssuedCertificate
from tests.support.hub_process import HubFiles, HubProcess

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# A window of nothing: the hub may not send a byte of an answer.
NO_WINDOW: Final = struct.pack(">HI", 0x4, 0)
_ABORT: Final = struct.pack("ii", 1, 0)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """An HTTP/2 frame (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers_of(method: str) -> bytes:
    """The headers of a call, encoded without any state."""
    headers = {
        ":method": "POST",
        ":scheme": "https",
        ":path": method,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    # Each a literal that is not indexed (RFC 7541, section 6.2.2).
    return b"".join(
        b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in headers.items()
    )


def opening(method: str) -> bytes:
    """The beginning of a call on a new connection: preface, settings, headers."""
    block = headers_of(method)
    return PREFACE + frame(0x4, 0, 0, NO_WINDOW) + frame(0x1, 0x4, 1, block)


def message(data: bytes, *, is_last: bool) -> bytes:
    """A whole gRPC message in a frame."""
    return frame(0x0, int(is_last), 1, struct.pack(">BI", 0, len(data)) + data)


def tls_of(files: HubFiles, member: str, folder: Path) -> ssl.SSLContext:
    """TLS as a member of the deployment."""
    return tls_with(files, files.issue(member), folder)


def tls_with(files: HubFiles, issued: IssuedCertificate, folder: Path) -> ssl.SSLContext:
    """TLS with a certificate of the deployment."""
    assert issued.key is not None
    context = ssl.create_default_context(cadata=files.root_pem.decode())
    context.set_alpn_protocols(["h2"])
    certificate, key = folder / "raw.pem", folder / "raw.key"
    certificate.write_bytes(issued.certificate_pem)
    key.write_bytes(
        issued.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context.load_cert_chain(certificate, key)
    return context


class RawClient:
    """A connection to a hub; without TLS it is a stranger's, who never comes to shake hands."""

    def __init__(self, hub: HubProcess, tls: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_connection(("localhost", hub.port), timeout=30)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname="localhost")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def is_closed_by_hub(self) -> bool:
        """True if the hub has ended it; what it said before is thrown away."""
        self._socket.settimeout(0.01)
        try:
            while self._socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def vanish(self) -> None:
        """Go without a word: the connection is reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self._socket.close()
