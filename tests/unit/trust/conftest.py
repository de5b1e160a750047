"""A root and builders of certificates that break one rule of the profiles each."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from exchange_protocol.trust.certificates import TrustAnchors, Usage

SHA256 = hashes.SHA256()
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MEMBER = "spiffe://caricc.example/agency/kz.mia/system"
HUB = "spiffe://caricc.example/hub/main"


def key_usage(**bits: bool) -> x509.KeyUsage:
    none = dict.fromkeys(inspect.signature(x509.KeyUsage).parameters, False)
    return x509.KeyUsage(**none | bits)


SIGNS = key_usage(digital_signature=True)


@dataclass(frozen=True)
class Issuer:
    """A root or an intermediate, fictional."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def anchors(self) -> TrustAnchors:
        return TrustAnchors.from_pem(self.certificate.public_bytes(Encoding.PEM))

    def issue(
        self,
        *uris: str,
        purposes: Sequence[ObjectIdentifier] = (Usage.SIGNING.value,),
        usage: x509.KeyUsage | None = SIGNS,
        usage_critical: bool = True,
        key: CertificatePublicKeyTypes | None = None,
        common_name: str = "fictional",
        starts: timedelta = timedelta(days=-1),
        ends: timedelta = timedelta(days=1),
        extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
        digest: hashes.SHA224 | hashes.SHA256 | hashes.SHA512 = SHA256,
        names_issuer: bool = True,
    ) -> bytes:
        """Issue an end certificate in DER; what a test does not name is as in the profiles."""
        key = key or ec.generate_private_key(ec.SECP256R1()).public_key()
        builder = _builder(common_name, self, key, starts, ends, names_issuer=names_issuer)
        if uris:
            names = [x509.UniformResourceIdentifier(uri) for uri in uris]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usage is not None:
            builder = builder.add_extension(usage, critical=usage_critical)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, digest).public_bytes(Encoding.DER)

    def revoke(
        self,
        *serials: int,
        at: datetime = NOW,
        next_update: datetime | None = None,
        extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """Sign a revocation list in PEM that names these serial numbers."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(next_update or at + timedelta(days=7))
        )
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def make_issuer(
    name: str = "fictional root",
    parent: Issuer | None = None,
    *,
    ends: timedelta = timedelta(days=365),
    purposes: Sequence[ObjectIdentifier] = (),
    usage: x509.KeyUsage | None = None,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    says_usage: bool = True,
    constraints_critical: bool = True,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    digest: hashes.SHA224 | hashes.SHA256 | hashes.SHA512 = SHA256,
) -> Issuer:
    """Make a root, or an intermediate of `parent`."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, parent, key.public_key(), timedelta(days=-30), ends)
    usage = usage or key_usage(key_cert_sign=True, crl_sign=True)
    if says_usage:
        builder = builder.add_extension(usage, critical=True)
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    builder = builder.add_extension(constraints, critical=constraints_critical)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return Issuer(builder.sign(parent.key if parent else key, digest), key)


@pytest.fixture(scope="session")
def root() -> Issuer:
    return make_issuer()


def _builder(
    name: str,
    issuer: Issuer | None,
    key: CertificatePublicKeyTypes,
    starts: timedelta,
    ends: timedelta,
    *,
    names_issuer: bool = True,
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + starts)
        .not_valid_after(NOW + ends)
    )
    if issuer is None or not names_issuer:
        return builder
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return builder.add_extension(authority, critical=False)
