"""Trusted certificates: for whom they speak, and for which use.

The profiles (any certification authority that keeps them will do):

- one URI SAN, which is the identity (`identity`); the common name is never read;
- a P-256 or P-384 key; key usage exactly digitalSignature, critical;
- extended key usage exactly clientAuth (TLS_CLIENT), exactly documentSigning of RFC 9336 (SIGNING),
  or serverAuth with at most clientAuth beside it (TLS_SERVER). So a TLS key cannot sign a
  statement, and a signing key cannot open a channel;
- a SIGNING certificate may hold a second public key, of ML-DSA-65, in the extension
  subjectAltPublicKeyInfo of X.509 (2.5.29.72). Then both keys sign every statement.

Rules of this module:

- Pure: trust anchors, lists and times come in; no clock, no files, no network.
- Checking a chain costs much and does not change; checking a time costs nothing. `verify_chain` is
  for once a certificate (its result may be cached by fingerprint), `verify_validity` for every use
  of it.
- Left to the caller: revocation (`revocation`), proof that the peer holds the private key, and
  whether the identity's trust domain and agency are those that it expects.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.chains import (
    UNREADABLE,
    Link,
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    find_chain,
    fingerprint,
    key_fingerprint,
    parse_certificate,
)
from exchange_protocol.trust.identity import HubIdentity, Member, parse_identity
from exchange_protocol.trust.revocation import RevocationList, Revocations

__all__ = [
    "CURVES",
    "SECOND_KEY",
    "Link",
    "RevocationList",
    "Revocations",
    "TrustAnchors",
    "Usage",
    "VerifiedCertificate",
    "fingerprint",
    "parse_certificate",
    "post_quantum_key",
    "profile_faults",
    "second_key_extension",
    "verify_certificate",
    "verify_chain",
    "verify_validity",
]

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

CURVES: Final = ("secp256r1", "secp384r1")
"""The curves of every key that a certificate may hold: P-256 and P-384."""
SECOND_KEY: Final = x509.ObjectIdentifier("2.5.29.72")
"""The extension subjectAltPublicKeyInfo (ITU-T X.509, 9.8): a SubjectPublicKeyInfo."""


_DIGITAL_SIGNATURE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
"""The key usage of every profile: digitalSignature and nothing else."""


def verify_certificate(
    der: bytes,
    intermediates: Sequence[bytes],
    anchors: TrustAnchors,
    *,
    usage: Usage,
    at: datetime,
) -> VerifiedCertificate:
    """Verify chain, profile and validity: `verify_chain`, then `verify_validity`."""
    verified = verify_chain(der, intermediates, anchors, usage=usage, at=at)
    verify_validity(verified, at)
    return verified


def verify_chain(
    der: bytes,
    intermediates: Sequence[bytes],
    anchors: TrustAnchors,
    *,
    usage: Usage,
    at: datetime,
) -> VerifiedCertificate:
    """Verify that a certificate keeps its profile and that a trust anchor vouches for it.

    1. It parses, and no extension is doubled: CERTIFICATE_INVALID.
    2. A chain through some of `intermediates` leads to an anchor (RFC 5280), with no unknown
       critical extension on the way: CERTIFICATE_UNTRUSTED.
    3. The key is on P-256 or P-384: CERTIFICATE_INVALID.
    4. Key usage and extended key usage are those of `usage`: CERTIFICATE_USAGE.
    5. Exactly one URI SAN, an identity; a hub's for TLS_SERVER, a member's otherwise:
       IDENTITY_INVALID.
    6. The second key of a SIGNING certificate, if it has one, is of ML-DSA-65: CERTIFICATE_INVALID.

    The chain is searched at the time `at`, or at the nearest time at which the certificate is
    valid. The result is good only inside its validity, which the caller checks for each use with
    `verify_validity`.
    """
    certificate = parse_certificate(der)
    issuers = [parse_certificate(each) for each in intermediates]
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    # An expired certificate still has a chain: what it signed in its time stays provable.
    searched_at = min(max(at, start), end)
    chain = find_chain(certificate, issuers, anchors, at=searched_at, usage=usage)
    public_key = _public_key(certificate, usage)
    _check_key_usage(certificate, usage)
    _check_extended_key_usage(certificate, usage)
    return VerifiedCertificate(
        der=der,
        fingerprint=fingerprint(der),
        identity=_identity(certificate, usage),
        usage=usage,
        public_key=public_key,
        not_before=max(each.not_valid_before_utc for each in chain),
        not_after=min(each.not_valid_after_utc for each in chain),
        serial=certificate.serial_number,
        links=tuple(
            Link(key_fingerprint(issuer), subject.serial_number)
            for subject, issuer in pairwise(chain)
        ),
        post_quantum_key=_second_key(certificate, usage),
    )


def verify_validity(certificate: VerifiedCertificate, at: datetime) -> None:
    """Verify that certificate and chain are valid at a time; raises CERTIFICATE_EXPIRED."""
    if not certificate.not_before <= at <= certificate.not_after:
        raise Reason.CERTIFICATE_EXPIRED.error(
            f"the certificate of {certificate.identity} is valid from "
            f"{_instant(certificate.not_before)} to {_instant(certificate.not_after)}, "
            f"not at {_instant(at)}, which is the time on the machine that verified it"
        )


def profile_faults(certificate: x509.Certificate, usage: Usage) -> tuple[ExchangeError, ...]:
    """All that a certificate lacks of its profile: what `verify_chain` finds after the chain.

    That raises at the first fault; an authority that sets its own profile up needs all of them.
    """
    faults = []
    for look in (_public_key, _check_key_usage, _check_extended_key_usage, _identity, _second_key):
        try:
            look(certificate, usage)
        except ExchangeError as error:
            faults.append(error)
    return tuple(faults)


def post_quantum_key(
    holder: x509.Certificate | x509.CertificateSigningRequest,
) -> MLDSA65PublicKey | None:
    """The second key of a certificate or a request; None if it has none.

    Raises CERTIFICATE_INVALID for a key of another algorithm.
    """
    try:
        value = holder.extensions.get_extension_for_oid(SECOND_KEY).value
    except x509.ExtensionNotFound:
        return None
    key = None
    if isinstance(value, x509.UnrecognizedExtension):
        try:
            key = load_der_public_key(value.value)
        except UNREADABLE:
            key = None
    if not isinstance(key, MLDSA65PublicKey):
        raise Reason.CERTIFICATE_INVALID.error(
            "expected the second key of a signing certificate to be of ML-DSA-65"
        )
    return key


def second_key_extension(key: MLDSA65PublicKey) -> x509.UnrecognizedExtension:
    """The extension of a certificate or a request that holds a second key."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return x509.UnrecognizedExtension(SECOND_KEY, der)


def _public_key(certificate: x509.Certificate, _: Usage) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise Reason.CERTIFICATE_INVALID.error("expected a certificate with a P-256 or P-384 key")
    return key


def _second_key(certificate: x509.Certificate, usage: Usage) -> MLDSA65PublicKey | None:
    """The second key of a signing certificate; certificates for TLS are not asked for one."""
    return post_quantum_key(certificate) if usage is Usage.SIGNING else None


def _check_key_usage(certificate: x509.Certificate, usage: Usage) -> None:
    key_usage = _extension(certificate, x509.KeyUsage)
    if key_usage is None or not key_usage.critical or key_usage.value != _DIGITAL_SIGNATURE:
        raise _usage_error(usage, "key usage is not exactly digitalSignature, critical")


def _check_extended_key_usage(certificate: x509.Certificate, usage: Usage) -> None:
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    purposes = set() if extended is None else set(extended.value)
    allowed = {usage.value}
    if usage is Usage.TLS_SERVER:
        allowed.add(ExtendedKeyUsageOID.CLIENT_AUTH)
    if usage.value not in purposes or not purposes <= allowed:
        got = ", ".join(sorted(purpose.dotted_string for purpose in purposes)) or "none"
        raise _usage_error(
            usage, f"extended key usage is {got}, expected {usage.value.dotted_string}"
        )


def _identity(certificate: x509.Certificate, usage: Usage) -> Member | HubIdentity:
    names = _extension(certificate, x509.SubjectAlternativeName)
    uris = [] if names is None else names.value.get_values_for_type(x509.UniformResourceIdentifier)
    if len(uris) != 1:
        raise Reason.IDENTITY_INVALID.error(
            f"expected a certificate with exactly one URI SAN; got {len(uris)}"
        )
    identity = parse_identity(uris[0])
    if isinstance(identity, HubIdentity) != (usage is Usage.TLS_SERVER):
        expected = "a hub" if usage is Usage.TLS_SERVER else "an agency"
        raise Reason.IDENTITY_INVALID.error(
            f"expected {usage.name} to be the certificate of {expected}; got that of {identity}"
        )
    return identity


def _extension(
    certificate: x509.Certificate, kind: type[_Extension]
) -> x509.Extension[_Extension] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _usage_error(usage: Usage, why: str) -> ExchangeError:
    return Reason.CERTIFICATE_USAGE.error(f"the certificate is not for {usage.name}: {why}")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
