"""Checks of a certificate's profile, for authorities that issue by tools of their own.

The rules are those by which hub and clients verify (`exchange_protocol.trust.certificates`); here
every fault is told, and not the first alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange_certs.names import dns_name
from exchange_keys.certificates import certificate_chain
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import (
    SECOND_KEY,
    Revocations,
    TrustAnchors,
    Usage,
    post_quantum_key,
    profile_faults,
    verify_certificate,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of the check of one certificate."""

    identity: str
    """Empty where it names none."""
    has_second_key: bool
    faults: tuple[str, ...]
    """The faults found; without any, hub and clients will take it."""
    remarks: tuple[str, ...]
    """Points that are allowed, and may be meant otherwise."""


def check_certificate(
    pem: bytes, usage: Usage, roots: bytes, now: datetime, crls: Sequence[bytes] = ()
) -> Checked:
    """Check the first certificate of a file, with the intermediates behind it.

    Args:
        pem: the certificate, and its intermediates behind it.
        usage: the use that it was issued for.
        roots: the pinned root, or several.
        now: the time at which it must be good.
        crls: the lists of all issuers, or none where they are not at hand.

    Raises INVALID_FIELD for a file that holds no certificate, or no root.
    """
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise Reason.INVALID_FIELD.error(
            "expected a certificate in PEM, and its intermediates behind it"
        ) from None
    certificate_chain(pem, Path("the file"), Reason.INVALID_FIELD)
    leaf, *others = chain
    faults = [f"{error.reason.name}: {error.message}" for error in profile_faults(leaf, usage)]
    faults += _bare_faults(leaf, usage)
    try:
        anchors = TrustAnchors.from_pem(roots)
        ders = [each.public_bytes(Encoding.DER) for each in others]
        der = leaf.public_bytes(Encoding.DER)
        found = verify_certificate(der, ders, anchors, usage=usage, at=now)
        if crls:
            lists = Revocations.from_pem(b"\n".join(crls), anchors, ders)
            lists.verify_not_revoked(found, now)
    except ExchangeError as error:
        # The chain comes first there, and the profile's faults, which are told already, after it.
        told = f"{error.reason.name}: {error.message}"
        if told not in faults:
            faults.insert(0, told)
    return Checked(_name(leaf), _has_second(leaf), tuple(faults), tuple(_remarks(leaf, usage)))


def _bare_faults(leaf: x509.Certificate, usage: Usage) -> list[str]:
    """Faults by which no signature fails, and the certificate is of no use all the same."""
    if usage is not Usage.TLS_SERVER:
        return []
    names = _names(leaf)
    if names is not None and (
        names.get_values_for_type(x509.DNSName) or names.get_values_for_type(x509.IPAddress)
    ):
        return []
    return ["the certificate of a hub names no DNS name and no address: clients refuse its host"]


def _remarks(leaf: x509.Certificate, usage: Usage) -> list[str]:
    if usage is Usage.SIGNING and not _has_second(leaf):
        return [
            "it holds no second key (ML-DSA-65). Where the request asks for one, the authority "
            f"must copy the extension {SECOND_KEY.dotted_string}: the fingerprint covers it"
        ]
    remarks = _odd_names(leaf) if usage is Usage.TLS_SERVER else []
    if usage is not Usage.SIGNING and _has_extension(leaf):
        remarks.append(f"only signing certificates need the extension {SECOND_KEY.dotted_string}")
    return remarks


def _odd_names(leaf: x509.Certificate) -> list[str]:
    """The DNS names of a hub that clients do not look for, or that any host could bear."""
    names = _names(leaf)
    odd = []
    for name in names.get_values_for_type(x509.DNSName) if names else ():
        try:
            dns_name(name)
        except ExchangeError as error:
            odd.append(f"a name of the hub may serve no client: {error.message}")
    return odd


def _has_extension(leaf: x509.Certificate) -> bool:
    return any(each.oid == SECOND_KEY for each in leaf.extensions)


def _has_second(leaf: x509.Certificate) -> bool:
    try:
        return post_quantum_key(leaf) is not None
    except ExchangeError:
        return False


def _names(leaf: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _name(leaf: x509.Certificate) -> str:
    names = _names(leaf)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    return uris[0] if len(uris) == 1 else ""
