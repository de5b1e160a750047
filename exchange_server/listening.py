"""The address that a hub listens on: who cannot have it is told why, and what to do.

grpc says only that it could not bind, so the address is tried once more by a socket of our own.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason

_WAYS_OUT: Final = {
    errno.EADDRINUSE: "another program listens there: end it, or set another port",
    errno.EADDRNOTAVAIL: "no address of this host: name one, such as 0.0.0.0 or ::",
    errno.EAFNOSUPPORT: "this host has no IPv6: name an address of IPv4, such as 0.0.0.0",
    errno.EACCES: "the user {user} may not: below 1024 set AmbientCapabilities="
    "CAP_NET_BIND_SERVICE in the unit of systemd; where SELinux stands in the way, allow the port "
    "with `semanage port`",
}


def address_of(host: str, port: int) -> str:
    """The address as grpc takes it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def verify_found(host: str, port: int) -> None:
    """Verify that a host name leads to an address; raises CONFIG_INVALID."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise not_listening(host, port, error) from None


def why_not_bound(host: str, port: int) -> ExchangeError:
    """Try the addresses of a host that grpc could not bind, and say why one of them fails."""
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        try:
            with socket.socket(family, kind, protocol) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(address)
        except OSError as error:
            return not_listening(host, port, error)
    return _refused(
        host, port, "it is taken, or no address of this host; name one, such as 0.0.0.0 or ::"
    )


def not_listening(host: str, port: int, error: OSError | UnicodeError) -> ExchangeError:
    """The refusal of an address."""
    said = getattr(error, "strerror", None) or str(error)
    if isinstance(error, socket.gaierror | UnicodeError):
        return Reason.CONFIG_INVALID.error(
            f"cannot listen on {address_of(host, port)}: the name {host} is not found ({said}); "
            "name an address of this host, such as 0.0.0.0 or ::",
            field="listen.host",
        )
    way_out = _WAYS_OUT.get(error.errno or 0, "")
    return _refused(host, port, f"{said}: {way_out.format(user=os.geteuid())}" if way_out else said)


def _refused(host: str, port: int, why: str) -> ExchangeError:
    return Reason.CONFIG_INVALID.error(
        f"cannot listen on {address_of(host, port)}: {why}", field="listen"
    )
