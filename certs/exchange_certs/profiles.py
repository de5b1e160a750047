"""The certificates and lists that this authority signs, as builders without state.

They are the profiles that `exchange_protocol.trust.certificates` accepts; a test issues each and
verifies it there and with OpenSSL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.x509.oid import NameOID

from exchange_protocol.trust.certificates import Usage, second_key_extension
from exchange_protocol.trust.identity import HubIdentity, Member


def root_certificate(
    key: ec.EllipticCurvePrivateKey, trust_domain: str, not_before: datetime, not_after: datetime
) -> x509.Certificate:
    """Sign the root of a trust domain with its own key; it may sign no other authority."""
    # A root made anew gets a name of its own, so that the two are never taken for one another.
    serial = x509.random_serial_number()
    name = _name(f"{trust_domain[:40]} root {serial % 2**32:08x}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .serial_number(serial)
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def end_certificate(
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    identity: Member | HubIdentity,
    usage: Usage,
    public_key: ec.EllipticCurvePublicKey,
    not_before: datetime,
    not_after: datetime,
    *,
    names: Sequence[x509.GeneralName] = (),
    second_key: MLDSA65PublicKey | None = None,
) -> x509.Certificate:
    """Sign the certificate of a member or of a hub; `names` are those that stand after its own."""
    borne = [x509.UniformResourceIdentifier(identity.uri), *names]
    purposes = x509.ExtendedKeyUsage([usage.value])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    subject = x509.SubjectKeyIdentifier.from_public_key(public_key)
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(_name(_label(identity)))
        .issuer_name(root.subject)
        .public_key(public_key)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(x509.SubjectAlternativeName(borne), critical=False)
        .add_extension(subject, critical=False)
        .add_extension(authority, critical=False)
    )
    if second_key is not None:
        builder = builder.add_extension(second_key_extension(second_key), critical=False)
    return builder.sign(root_key, hashes.SHA256())


def revocation_list(
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    revoked: Iterable[tuple[int, datetime, x509.ReasonFlags]],
    number: int,
    this_update: datetime,
    next_update: datetime,
) -> x509.CertificateRevocationList:
    """Sign the list of revoked serial numbers, with the time and the reason of each."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(this_update)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
    )
    for serial, at, reason in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(at)
            .add_extension(x509.CRLReason(reason), critical=False)
            .build()
        )
    return builder.sign(root_key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _label(identity: Member | HubIdentity) -> str:
    """A name for people who look at certificates; X.520 allows a common name 64 characters."""
    if isinstance(identity, HubIdentity):
        return f"hub {identity.name}"[:64]
    return f"{identity.agency} {identity.name or identity.role}"[:64]


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
