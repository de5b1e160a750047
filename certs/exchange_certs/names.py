"""Names and addresses of hubs, in the one form in which clients look for them in a certificate.

A certificate is right or wrong for years: what no client could match is never signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason

MOST_NAME_CHARS: Final = 253
MOST_LABEL_CHARS: Final = 63
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.ASCII)
_PORT: Final = re.compile(r"[^:]+:[0-9]+", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
"""The last label of what programs read as an address: 10.0.0.1, 127.1, 0x7f000001."""


def dns_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Read the DNS names of a hub, each once, in the order given; raises INVALID_FIELD."""
    return tuple(dict.fromkeys(dns_name(each) for each in texts))


def dns_name(text: str) -> str:
    """Read one DNS name, in lower case; raises INVALID_FIELD for what no client could match."""
    if not text.strip():
        raise _no_name(text, "which is not empty")
    if not text.isprintable() or any(each.isspace() for each in text):
        raise _no_name(text, "without blanks and signs that nobody sees")
    if "://" in text or "/" in text or "@" in text:
        raise _no_name(text, "alone, without a scheme, a path or a user")
    if "*" in text:
        raise _no_name(
            text, "of one host: any host of the domain could pass for the hub with a wildcard"
        )
    if _is_address(text):
        raise _no_name(text, "and not an address, which --ip takes")
    if _PORT.fullmatch(text):
        raise _no_name(text, f"without a port, such as {text.partition(':')[0]}")
    if text.endswith("."):
        raise _no_name(
            text, f"without a dot at its end, such as {text.rstrip('.')}: clients look for it so"
        )
    if not text.isascii():
        raise _no_name(text, f"in ASCII, as clients look for it{_in_ascii(text)}")
    name = text.lower()
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        raise _no_name(text, "that does not end in a number, as an address does; --ip takes those")
    if len(name) > MOST_NAME_CHARS or any(len(each) > MOST_LABEL_CHARS for each in labels):
        raise _no_name(
            text,
            f"of {MOST_NAME_CHARS} characters at most, {MOST_LABEL_CHARS} between two dots",
        )
    if not all(_LABEL.fullmatch(each) for each in labels):
        raise _no_name(
            text, "of letters, digits, hyphens and single dots, none of which begins or ends it"
        )
    return name


def ip_addresses(texts: Iterable[str]) -> tuple[IPv4Address | IPv6Address, ...]:
    """Read the IP addresses of a hub, each once, in the order given; raises INVALID_FIELD."""
    return tuple(dict.fromkeys(one_address(each) for each in texts))


def one_address(text: str) -> IPv4Address | IPv6Address:
    """Read one IP address; raises INVALID_FIELD for one at which no client reaches a hub."""
    try:
        address = ip_address(text)
    except ValueError:
        raise _no_address(
            text, "as four numbers, or of IPv6 without brackets, port and length of a network"
        ) from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise _no_address(text, "without a zone: a certificate holds none")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise _no_address(text, f"as clients see it, {address.ipv4_mapped}")
    if address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255":
        raise _no_address(text, "of one host, at which clients reach the hub")
    return address


def verify_trust_domain(text: str) -> None:
    """Verify that a trust domain leaves room for the identities in it; raises INVALID_FIELD.

    Its letters are judged where identities are read.
    """
    if any(len(each) > MOST_LABEL_CHARS for each in text.split(".")) or len(text) > _MOST_DOMAIN:
        raise Reason.INVALID_FIELD.error(
            f"expected a trust domain of {_MOST_DOMAIN} characters at most, {MOST_LABEL_CHARS} "
            f"between two dots, for every identity holds it; got {_shown(text)}",
            field="trust_domain",
        )


_MOST_DOMAIN: Final = 128
"""Half of the longest identity: the other half is for an agency, its role and a name."""


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _in_ascii(text: str) -> str:
    """The advice to write an internationalised name in its other form, where it has one."""
    try:
        return f", such as {text.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""


def _no_name(text: str, how: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(f"expected a DNS name {how}; got {_shown(text)}", field="dns")


def _no_address(text: str, how: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(
        f"expected an IP address {how}; got {_shown(text)}", field="ip"
    )


def _shown(text: str) -> str:
    return ascii(text) if len(text) <= 80 else f"{text[:80]!a}... ({len(text)} characters)"
