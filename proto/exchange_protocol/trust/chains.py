"""Certificates as values, and the chain from one to a trust anchor.

Shared by `certificates` and `revocation`; import from those. A chain that is found here holds
cryptographically. Its profile, validity and revocation are not checked yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import HubIdentity, Member

DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning, RFC 9336."""

MAX_CERTIFICATE_BYTES: Final = 16 * 1024
"""Longest certificate that is parsed; those of the profiles have about 600 bytes."""

UNREADABLE: Final = (
    ValueError,
    TypeError,  # a name attribute of a type that the library does not take, such as BIT STRING
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""Errors that the library raises for bytes that are no certificate or list."""


class Usage(Enum):
    """Uses of a certificate's key; the value is the key purpose that it must carry."""

    TLS_CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
    TLS_SERVER = ExtendedKeyUsageOID.SERVER_AUTH
    SIGNING = DOCUMENT_SIGNING


class Link(NamedTuple):
    """One certificate of a chain, as a revocation list names it."""

    issuer_key: bytes
    """`key_fingerprint` of the issuer's public key."""
    serial: int


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """The root certificates that a deployment trusts."""

    certificates: tuple[x509.Certificate, ...]
    _store: Store = field(repr=False, compare=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Parse one or more root certificates.

        Raises:
            NotAuthenticated: CERTIFICATE_INVALID, for none, a bad one, or one of no authority.
        """
        try:
            parsed = x509.load_pem_x509_certificates(pem)
        except UNREADABLE:
            raise Reason.CERTIFICATE_INVALID.error(
                "expected one or more root certificates in PEM"
            ) from None
        roots = [parse_certificate(each.public_bytes(Encoding.DER)) for each in parsed]
        for each in roots:
            if not _is_authority(each):
                raise Reason.CERTIFICATE_INVALID.error(
                    "expected root certificates, got one that may issue no others: name the "
                    "authority's root.pem"
                )
        return cls(tuple(roots), Store(roots))


@dataclass(frozen=True, slots=True)
class VerifiedCertificate:
    """A certificate of a profile with a chain to a trust anchor; only `verify_chain` makes one."""

    der: bytes = field(repr=False)
    fingerprint: bytes
    """SHA-256 of `der`, 32 bytes."""
    identity: Member | HubIdentity
    usage: Usage
    public_key: ec.EllipticCurvePublicKey = field(repr=False, compare=False)
    not_before: datetime
    """The latest start of validity in the chain."""
    not_after: datetime
    """The earliest end of validity in the chain, itself included."""
    serial: int
    links: tuple[Link, ...] = field(repr=False)
    """The certificate and its intermediates, without the root."""
    post_quantum_key: MLDSA65PublicKey | None = field(default=None, repr=False, compare=False)
    """The second key of a signing certificate: whoever has one signs with both."""

    @property
    def member(self) -> Member:
        """The identity, where it is a member's; raises IDENTITY_INVALID where it is a hub's."""
        if isinstance(self.identity, HubIdentity):
            raise Reason.IDENTITY_INVALID.error(
                f"expected the certificate of an agency; got that of {self.identity}"
            )
        return self.identity


def fingerprint(der: bytes) -> bytes:
    """SHA-256 of a certificate, 32 bytes: how statements and logs refer to it."""
    return hashlib.sha256(der).digest()


def key_fingerprint(certificate: x509.Certificate) -> bytes:
    """SHA-256 of a certificate's SubjectPublicKeyInfo, 32 bytes."""
    return hashlib.sha256(
        certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).digest()


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False


def parse_certificate(der: bytes) -> x509.Certificate:
    """Parse a certificate without trusting it; raises CERTIFICATE_INVALID."""
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise Reason.CERTIFICATE_INVALID.error(
            f"expected a certificate of at most {MAX_CERTIFICATE_BYTES} bytes; got {len(der)}"
        )
    try:
        certificate = x509.load_der_x509_certificate(der)
        # The library parses these only when they are read, and fails there.
        _ = certificate.subject, certificate.issuer
        _ = certificate.extensions, certificate.public_key()
    except UNREADABLE:
        raise Reason.CERTIFICATE_INVALID.error(
            f"expected one X.509 certificate in DER; {len(der)} bytes do not parse"
        ) from None
    return certificate


def find_chain(
    certificate: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    anchors: TrustAnchors,
    *,
    at: datetime,
    usage: Usage | None,
) -> Sequence[x509.Certificate]:
    """Find the chain, leaf first and root last, that holds at a time; raises CERTIFICATE_UNTRUSTED.

    `usage` is that of the leaf; None where the leaf is itself an authority.
    """

    def permits_usage(
        _: Policy, __: x509.Certificate, purposes: x509.ExtendedKeyUsage | None
    ) -> None:
        # An authority whose own key purposes are listed may not vouch for others.
        if usage is not None and purposes is not None and usage.value not in purposes:
            raise ValueError(f"the issuer may not vouch for {usage.name}")

    authority = ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, Criticality.AGNOSTIC, permits_usage
    )
    if usage is None:
        leaf = authority
    else:
        # Key purpose and SAN are checked by the caller, with a reason of their own. All other
        # defaults stay: no CA certificate as a leaf, no unknown critical extension, an authority
        # key id.
        leaf = (
            ExtensionPolicy.webpki_defaults_ee()
            .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
            .may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        )
    verifier = (
        PolicyBuilder()
        .store(anchors._store)
        .time(at)
        .extension_policies(ca_policy=authority, ee_policy=leaf)
        .build_client_verifier()
    )
    try:
        return verifier.verify(certificate, list(intermediates)).chain
    except VerificationError as error:
        # The rest of the library's text is the subject, which nobody has vouched for.
        why = str(error).partition(" (encountered")[0].removeprefix("validation failed: ")
        if why.startswith("candidates exhausted"):
            why = "it is of another root than those trusted here, or lacks an intermediate"
        raise Reason.CERTIFICATE_UNTRUSTED.error(f"no chain to a trust anchor: {why}") from None
