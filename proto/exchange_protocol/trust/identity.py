"""Identities in certificates: SPIFFE-style URIs, and nothing else.

    spiffe://<trust-domain>/agency/<agency-id>/<role>[/<name>]   a system or a person of an agency
    spiffe://<trust-domain>/hub/<name>                           a hub

Rules of this module:

- There is exactly one spelling of an identity. Upper case, percent-encoding, ports, queries,
  fragments, empty segments and non-ASCII text are refused, never normalised. Else one identity
  could have two spellings, or two programs could read one spelling differently: a certificate would
  be taken for another agency's.
- A value of these types is always well-formed; the constructors check it, so what
  `parse_identity` makes of `x.uri` is `x` again.
- Left to the caller: whether the trust domain is the one that a deployment expects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NewType

from exchange_protocol.errors import Reason
from exchange_protocol.words import NamedCode

AgencyId = NewType("AgencyId", str)
"""An agency's identifier, such as `kz.fma` or `caricc`; made by `parse_agency_id` alone."""

MAX_URI_BYTES: Final = 255
"""Longest identity URI, in bytes; ASCII, so also in characters."""

_SCHEME: Final = "spiffe://"
_CACHED_MEMBERS: Final = 4096
"""The same few members speak in most statements and entries."""
_LONGEST_AGENCY: Final = 4 * 32 + 3
_AGENCY: Final = re.compile(r"[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31}){0,3}")
_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")


class Role(NamedCode):
    """Roles in which a member's certificate lets its holder act."""

    SYSTEM = "system", "system", "информационная система", "ақпараттық жүйе"
    OFFICER = "officer", "officer", "сотрудник", "қызметкер"
    COORDINATOR = "coordinator", "coordinator", "координатор", "үйлестіруші"
    AUTHORISER = "authoriser", "authoriser", "санкционирующее лицо", "санкция беруші тұлға"
    AUDITOR = "auditor", "auditor", "аудитор", "аудитор"
    OPERATOR = "operator", "operator", "оператор", "оператор"


def parse_agency_id(text: str, *, field: str | None = None) -> AgencyId:
    """Parse an agency's identifier: one to four labels joined by dots.

    Raises IDENTITY_INVALID, naming `field` where the caller gives one.
    """
    # What is longer is not looked up: then it would be remembered, whatever its size.
    if len(text) > _LONGEST_AGENCY or not _is_agency_id(text):
        raise Reason.IDENTITY_INVALID.error(
            "expected an agency id of one to four labels such as 'kz.fma', each a lower-case "
            f"letter and up to 31 lower-case letters, digits or hyphens; got {_shown(text)}",
            field=field,
        )
    return AgencyId(text)


@lru_cache(maxsize=4096)
def _is_agency_id(text: str) -> bool:
    """True if a text is an agency id; the same few are met in every statement."""
    return _AGENCY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Member:
    """An agency's system, or a person who acts for the agency in a role."""

    trust_domain: str
    agency: AgencyId
    role: Role
    name: str | None = None

    def __post_init__(self) -> None:
        _check_trust_domain(self.trust_domain)
        parse_agency_id(self.agency)
        if self.name is not None:
            _check_name(self.name)
        _check_length(self.uri)

    @property
    def uri(self) -> str:
        """The one spelling of this identity."""
        tail = "" if self.name is None else f"/{self.name}"
        return f"{_SCHEME}{self.trust_domain}/agency/{self.agency}/{self.role}{tail}"

    def __str__(self) -> str:
        return self.uri


@dataclass(frozen=True, slots=True)
class HubIdentity:
    """A hub of a trust domain."""

    trust_domain: str
    name: str

    def __post_init__(self) -> None:
        _check_trust_domain(self.trust_domain)
        _check_name(self.name)
        _check_length(self.uri)

    @property
    def uri(self) -> str:
        """The one spelling of this identity."""
        return f"{_SCHEME}{self.trust_domain}/hub/{self.name}"

    def __str__(self) -> str:
        return self.uri


def parse_identity(uri: str) -> Member | HubIdentity:
    """Parse an identity URI; raises IDENTITY_INVALID for anything but its one spelling."""
    _check_length(uri)
    if not uri.startswith(_SCHEME):
        raise _invalid(f"expected a URI that starts with {_SCHEME!r}", uri)
    trust_domain, *path = uri.removeprefix(_SCHEME).split("/")
    match path:
        case ["agency", agency, role]:
            return Member(trust_domain, parse_agency_id(agency), _parse_role(role), None)
        case ["agency", agency, role, name]:
            return Member(trust_domain, parse_agency_id(agency), _parse_role(role), name)
        case ["hub", name]:
            return HubIdentity(trust_domain, name)
        case _:
            raise _invalid("expected /agency/<agency-id>/<role>[/<name>] or /hub/<name>", uri)


@lru_cache(maxsize=_CACHED_MEMBERS)
def parse_member(uri: str) -> Member:
    """Parse the identity URI of a member; raises IDENTITY_INVALID for a hub's too."""
    identity = parse_identity(uri)
    if not isinstance(identity, Member):
        raise _invalid("expected the identity of an agency, not of a hub", uri)
    return identity


def _parse_role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise _invalid(f"expected a role out of {', '.join(Role)}", text) from None


def _check_trust_domain(text: str) -> None:
    if not _DOMAIN.fullmatch(text):
        raise _invalid("expected a trust domain of lower-case DNS labels without a port", text)


def _check_name(text: str) -> None:
    if not _NAME.fullmatch(text):
        raise _invalid(
            "expected a name of 1 to 64 lower-case letters, digits, '.', '_' or '-' that starts "
            "and ends with a letter or digit",
            text,
        )


def _check_length(uri: str) -> None:
    if not uri.isascii() or len(uri) > MAX_URI_BYTES:
        raise _invalid(f"expected an identity URI of at most {MAX_URI_BYTES} ASCII bytes", uri)


def _invalid(expected: str, got: str) -> Exception:
    return Reason.IDENTITY_INVALID.error(f"{expected}; got {_shown(got)}")


def _shown(text: str) -> str:
    """Hostile text, made safe for a log line or a terminal: escaped and cut."""
    return ascii(text) if len(text) <= 80 else f"{text[:80]!a}... ({len(text)} characters)"
