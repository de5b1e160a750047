"""The address of a hub: `host:port`, in the one form that the channel takes."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason

_PORT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)
_MOST_HOST_CHARS: Final = 253


def parse_target(text: str) -> str:
    """Read a DNS name or an IPv4 address with a port, or an IPv6 address in brackets with one.

    Gives it with the address in its shortest form; raises PROFILE_INVALID for what can never work.
    """
    host, colon, port = text.rpartition(":")
    if "://" in text:
        raise _invalid(text, "without a scheme such as https://")
    if not colon or not host or not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise _invalid(text, "with a port from 1 to 65535")
    if host.startswith("[") and host.endswith("]"):
        return f"[{_ipv6(text, host[1:-1])}]:{int(port)}"
    if ":" in host or "[" in host or "]" in host:
        raise _invalid(text, "with an IPv6 address in brackets")
    if host.endswith("."):
        raise _invalid(text, "without a dot at the end of the name: certificates hold none")
    if not host.isascii():
        raise _invalid(text, f"with the name in ASCII, as the certificate holds it{_ascii(host)}")
    labels = host.split(".")
    if labels[-1].isdecimal():
        return f"{_ipv4(text, host)}:{int(port)}"
    if len(host) > _MOST_HOST_CHARS or not all(_LABEL.fullmatch(each) for each in labels):
        raise _invalid(text, "with a DNS name in ASCII letters, digits and hyphens")
    return f"{host}:{int(port)}"


def _ascii(host: str) -> str:
    """The advice to write an internationalised name in its other form, where it has one."""
    try:
        return f", such as {host.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""


def _ipv6(text: str, host: str) -> str:
    try:
        return str(IPv6Address(host))
    except ValueError:
        raise _invalid(text, "with an IPv6 address in the brackets") from None


def _ipv4(text: str, host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise _invalid(text, "with an IPv4 address of four numbers, or a DNS name") from None


def _invalid(text: str, how: str) -> ExchangeError:
    return Reason.PROFILE_INVALID.error(f"expected host:port or [IPv6]:port {how}; got {text!a}")
