"""Each rule of the profiles, kept and broken, with the reason that tells which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from exchange_protocol.errors import ExchangeError, NotAuthenticated, Reason
from exchange_protocol.trust.certificates import (
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    fingerprint,
    parse_certificate,
    verify_certificate,
    verify_chain,
    verify_validity,
)
from exchange_protocol.trust.identity import parse_identity

from .conftest import HUB, MEMBER, NOW, SIGNS, Issuer, key_usage, make_issuer

CLIENT = Usage.TLS_CLIENT.value
SERVER = Usage.TLS_SERVER.value
SIGNING = Usage.SIGNING.value


def check(
    der: bytes,
    root: Issuer,
    usage: Usage = Usage.SIGNING,
    at: datetime = NOW,
    intermediates: Sequence[bytes] = (),
) -> VerifiedCertificate:
    return verify_certificate(der, intermediates, root.anchors, usage=usage, at=at)


def certificate_refused(
    der: bytes,
    root: Issuer,
    usage: Usage = Usage.SIGNING,
    at: datetime = NOW,
    intermediates: Sequence[bytes] = (),
) -> ExchangeError:
    with pytest.raises(NotAuthenticated) as refused:
        check(der, root, usage, at, intermediates)
    return refused.value


@pytest.mark.parametrize(
    ("usage", "uri", "purposes"),
    [
        (Usage.SIGNING, MEMBER, [SIGNING]),
        (Usage.TLS_CLIENT, MEMBER, [CLIENT]),
        (Usage.TLS_SERVER, HUB, [SERVER]),
        (Usage.TLS_SERVER, HUB, [SERVER, CLIENT]),
    ],
)
def test_certificate_of_each_profile_is_verified(
    root: Issuer, usage: Usage, uri: str, purposes: list[x509.ObjectIdentifier]
) -> None:
    der = root.issue(uri, purposes=purposes)
    verified = check(der, root, usage)
    assert verified.identity == parse_identity(uri)
    assert verified.usage is usage
    assert verified.der == der
    assert verified.fingerprint == fingerprint(der)
    assert verified.serial == parse_certificate(der).serial_number
    assert verified.not_before == NOW - timedelta(days=1)
    assert verified.not_after == NOW + timedelta(days=1)


def test_p384_key_is_accepted(root: Issuer) -> None:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    assert check(root.issue(MEMBER, key=key), root).public_key == key


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP521R1()).public_key(),
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
        rsa.generate_private_key(65537, 2048).public_key(),
    ],
    ids=["P-521", "secp256k1", "Ed25519", "RSA"],
)
def test_other_keys_are_refused(
    root: Issuer, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
) -> None:
    reason = certificate_refused(root.issue(MEMBER, key=key), root).reason
    # Of some keys the chain verifier knows nothing at all.
    assert reason in (Reason.CERTIFICATE_INVALID, Reason.CERTIFICATE_UNTRUSTED)


@pytest.mark.parametrize(
    ("issued_for", "usage"),
    [(a, b) for a in (CLIENT, SERVER, SIGNING) for b in Usage if b.value != a],
)
def test_key_of_one_usage_serves_no_other(
    root: Issuer, issued_for: x509.ObjectIdentifier, usage: Usage
) -> None:
    uri = HUB if usage is Usage.TLS_SERVER else MEMBER
    assert certificate_refused(root.issue(uri, purposes=[issued_for]), root, usage).reason is (
        Reason.CERTIFICATE_USAGE
    )


@pytest.mark.parametrize("usage", Usage)
@pytest.mark.parametrize(
    "more",
    [[SIGNING, CLIENT], [SIGNING, SERVER], [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], []],
)
def test_mixed_any_or_absent_purposes_are_refused(
    root: Issuer, usage: Usage, more: list[x509.ObjectIdentifier]
) -> None:
    uri = HUB if usage is Usage.TLS_SERVER else MEMBER
    assert certificate_refused(root.issue(uri, purposes=more), root, usage).reason is (
        Reason.CERTIFICATE_USAGE
    )


@pytest.mark.parametrize(
    ("usage", "critical"),
    [
        (None, True),
        (SIGNS, False),
        (key_usage(key_agreement=True), True),
        (key_usage(digital_signature=True, content_commitment=True), True),
        (key_usage(digital_signature=True, key_encipherment=True), True),
    ],
)
def test_key_usage_other_than_critical_digital_signature_is_refused(
    root: Issuer, usage: x509.KeyUsage | None, critical: bool
) -> None:
    der = root.issue(MEMBER, usage=usage, usage_critical=critical)
    assert certificate_refused(der, root).reason is Reason.CERTIFICATE_USAGE


@pytest.mark.parametrize("uris", [(), (MEMBER, MEMBER), (MEMBER, HUB)])
def test_certificate_without_exactly_one_uri_is_refused(
    root: Issuer, uris: tuple[str, ...]
) -> None:
    error = certificate_refused(root.issue(*uris), root)
    assert error.reason is Reason.IDENTITY_INVALID
    assert f"got {len(uris)}" in error.message


def test_malformed_identity_is_refused(root: Issuer) -> None:
    for uri in ("https://caricc.example/x", "spiffe://caricc.example/agency/KZ/system"):
        assert certificate_refused(root.issue(uri), root).reason is Reason.IDENTITY_INVALID


def test_common_name_is_never_an_identity(root: Issuer) -> None:
    error = certificate_refused(root.issue(common_name=MEMBER), root)
    assert error.reason is Reason.IDENTITY_INVALID
    assert "kz.mia" not in error.message
    named_otherwise = root.issue(MEMBER, common_name="spiffe://caricc.example/hub/main")
    assert check(named_otherwise, root).identity.uri == MEMBER


def test_hub_cannot_sign_and_agency_cannot_serve(root: Issuer) -> None:
    error = certificate_refused(root.issue(HUB), root)
    assert error.reason is Reason.IDENTITY_INVALID
    error = certificate_refused(root.issue(MEMBER, purposes=[SERVER]), root, Usage.TLS_SERVER)
    assert error.reason is Reason.IDENTITY_INVALID


def test_member_of_a_hub_certificate_is_refused(root: Issuer) -> None:
    verified = check(root.issue(HUB, purposes=[SERVER]), root, Usage.TLS_SERVER)
    with pytest.raises(ExchangeError) as refused:
        _ = verified.member
    assert refused.value.reason is Reason.IDENTITY_INVALID
    assert check(root.issue(MEMBER), root).member.uri == MEMBER


@pytest.mark.parametrize(
    ("at", "valid"),
    [
        (NOW - timedelta(days=1, seconds=1), False),
        (NOW - timedelta(days=1), True),
        (NOW + timedelta(days=1), True),
        (NOW + timedelta(days=1, seconds=1), False),
    ],
)
def test_validity_holds_from_first_to_last_second(root: Issuer, at: datetime, valid: bool) -> None:
    der = root.issue(MEMBER)
    if valid:
        check(der, root, at=at)
    else:
        error = certificate_refused(der, root, at=at)
        assert error.reason is Reason.CERTIFICATE_EXPIRED
        assert "2026-03-02T12:00:00Z" in error.message
        assert at.strftime("%H:%M:%S") in error.message


def test_chain_is_verified_once_and_validity_each_time(root: Issuer) -> None:
    late = NOW + timedelta(days=2)
    verified = verify_chain(root.issue(MEMBER), (), root.anchors, usage=Usage.SIGNING, at=late)
    verify_validity(verified, NOW)
    with pytest.raises(ExchangeError) as refused:
        verify_validity(verified, late)
    assert refused.value.reason is Reason.CERTIFICATE_EXPIRED


def test_another_root_of_the_same_name_is_not_trusted(root: Issuer) -> None:
    error = certificate_refused(make_issuer().issue(MEMBER), root)
    assert error.reason is Reason.CERTIFICATE_UNTRUSTED


def test_expired_certificate_of_another_root_is_untrusted_not_expired(root: Issuer) -> None:
    error = certificate_refused(
        make_issuer("another").issue(MEMBER), root, at=NOW + timedelta(days=9)
    )
    assert error.reason is Reason.CERTIFICATE_UNTRUSTED


def test_untrusted_refusal_shows_no_subject(root: Issuer) -> None:
    error = certificate_refused(
        make_issuer("x").issue(MEMBER, common_name="Fictional Person"), root
    )
    assert "Fictional" not in error.message


def test_one_of_several_roots_is_enough(root: Issuer) -> None:
    other = make_issuer("second fictional root")
    pem = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (other, root))
    anchors = TrustAnchors.from_pem(pem)
    assert len(anchors.certificates) == 2
    for issuer in (root, other):
        der = issuer.issue(MEMBER)
        verify_certificate(der, (), anchors, usage=Usage.SIGNING, at=NOW)


def test_end_certificate_vouches_for_nobody(root: Issuer) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = Issuer(parse_certificate(root.issue(MEMBER, key=key.public_key())), key)
    error = certificate_refused(leaf.issue(MEMBER), root, intermediates=[leaf.der])
    assert error.reason is Reason.CERTIFICATE_UNTRUSTED


def test_authority_is_no_end_certificate(root: Issuer) -> None:
    extra = [(x509.BasicConstraints(ca=True, path_length=None), True)]
    error = certificate_refused(root.issue(MEMBER, extra=extra), root)
    assert error.reason is Reason.CERTIFICATE_UNTRUSTED


def test_unknown_critical_extension_is_refused(root: Issuer) -> None:
    oid = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")
    der = root.issue(MEMBER, extra=[(x509.UnrecognizedExtension(oid, b"\x05\x00"), True)])
    assert certificate_refused(der, root).reason is Reason.CERTIFICATE_UNTRUSTED
    check(root.issue(MEMBER, extra=[(x509.UnrecognizedExtension(oid, b"\x05\x00"), False)]), root)


def test_intermediate_is_needed_and_enough(root: Issuer) -> None:
    national = make_issuer("fictional national authority", root)
    der = national.issue(MEMBER)
    assert certificate_refused(der, root).reason is Reason.CERTIFICATE_UNTRUSTED
    verified = check(der, root, intermediates=[national.der])
    assert [link.serial for link in verified.links] == [
        verified.serial,
        national.certificate.serial_number,
    ]


def test_validity_ends_with_the_first_of_the_chain(root: Issuer) -> None:
    national = make_issuer("fictional national authority", root, ends=timedelta(hours=1))
    verified = check(national.issue(MEMBER), root, intermediates=[national.der])
    assert verified.not_after == NOW + timedelta(hours=1)
    with pytest.raises(ExchangeError) as refused:
        verify_validity(verified, NOW + timedelta(hours=2))
    assert refused.value.reason is Reason.CERTIFICATE_EXPIRED


def test_intermediate_vouches_only_for_its_own_purposes(root: Issuer) -> None:
    for_tls = make_issuer("fictional TLS authority", root, purposes=[CLIENT])
    error = certificate_refused(for_tls.issue(MEMBER), root, intermediates=[for_tls.der])
    assert error.reason is Reason.CERTIFICATE_UNTRUSTED
    tls = for_tls.issue(MEMBER, purposes=[CLIENT])
    check(tls, root, Usage.TLS_CLIENT, intermediates=[for_tls.der])
    for_signing = make_issuer("fictional signing authority", root, purposes=[SIGNING])
    check(for_signing.issue(MEMBER), root, intermediates=[for_signing.der])


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"not a certificate", bytes(20_000)])
def test_bytes_that_are_no_certificate_are_refused(root: Issuer, der: bytes) -> None:
    assert certificate_refused(der, root).reason is Reason.CERTIFICATE_INVALID
    good = root.issue(MEMBER)
    assert certificate_refused(good, root, intermediates=[der]).reason is Reason.CERTIFICATE_INVALID


def test_bytes_after_the_certificate_are_refused(root: Issuer) -> None:
    assert (
        certificate_refused(root.issue(MEMBER) + b"\0", root).reason is Reason.CERTIFICATE_INVALID
    )


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE-----", b"text"])
def test_trust_anchors_are_never_empty(pem: bytes) -> None:
    with pytest.raises(ExchangeError) as refused:
        TrustAnchors.from_pem(pem)
    assert refused.value.reason is Reason.CERTIFICATE_INVALID


def test_certificate_of_no_authority_is_no_trust_anchor(root: Issuer) -> None:
    """Else a hub with a wrong file as its root would take its held revocation list for damaged."""
    end = x509.load_der_x509_certificate(root.issue(MEMBER)).public_bytes(Encoding.PEM)
    with pytest.raises(NotAuthenticated, match="may issue no others") as refused:
        TrustAnchors.from_pem(root.certificate.public_bytes(Encoding.PEM) + end)
    assert refused.value.reason is Reason.CERTIFICATE_INVALID
