"""The script of the evidence bundle takes and refuses the certificates that the protocol does."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from agency_client.evidence.verify import (
    Certificate,
    Directory,
    LogKeys,
    Misgiven,
    OpenSsl,
    Refused,
    Unchecked,
)
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError
from exchange_protocol.trust.certificates import Usage, verify_certificate
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, pae, sign
from tests.support.hub_data import log_signer
from tests.unit.trust.conftest import MEMBER, NOW, Issuer, key_usage, make_issuer

OTHER = "spiffe://caricc.example/agency/kz.fma/system"
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
DAY = timedelta(days=1)

CA = x509.BasicConstraints(ca=True, path_length=None)
NO_CA = x509.BasicConstraints(ca=False, path_length=None)
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- that it is refused is the test

POLICIES = x509.CertificatePolicies([x509.PolicyInformation(UNKNOWN.oid, None)])
FOR_URIS = x509.NameConstraints([x509.UniformResourceIdentifier("caricc.example")], None)
FOR_HOSTS = x509.NameConstraints([x509.DNSName("caricc.example")], None)
POINTS = x509.CRLDistributionPoints(
    [x509.DistributionPoint([x509.UniformResourceIdentifier("http://c.example")], None, None, None)]
)

Made = tuple[bytes, tuple[bytes, ...]]


def plain(der: bytes) -> Made:
    return der, ()


def below(root: Issuer, **intermediate: object) -> Made:
    middle = make_issuer("fictional intermediate", root, **intermediate)  # type: ignore[arg-type]
    return middle.issue(MEMBER), (middle.der,)


def beside(root: Issuer) -> Made:
    """An intermediate comes along that has no place in the chain."""
    made, (middle,) = below(root)
    other = make_issuer("another", root, purposes=[Usage.TLS_CLIENT.value])
    return made, (other.der, middle)


def below_a_leaf(root: Issuer) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    der = root.issue(MEMBER, key=key.public_key())
    leaf = Issuer(x509.load_der_x509_certificate(der), key)
    return leaf.issue(MEMBER), (der,)


def below_many(root: Issuer, count: int) -> Made:
    """A chain of so many intermediates."""
    chain = [root]
    for number in range(count):
        chain.append(make_issuer(f"fictional intermediate {number}", chain[-1]))
    return chain[-1].issue(MEMBER), tuple(each.der for each in reversed(chain[1:]))


def beside_one_of_the_name(root: Issuer) -> Made:
    """An intermediate of the same name comes along that may not vouch."""
    made, (middle,) = below(root)
    other = make_issuer("fictional intermediate", root, says_usage=False)
    return made, (other.der, middle)


def curve(made: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(made)


GOOD: dict[str, Callable[[Issuer], Made]] = {
    "P-256": lambda root: plain(root.issue(MEMBER)),
    "P-384": lambda root: plain(
        root.issue(MEMBER, key=ec.generate_private_key(ec.SECP384R1()).public_key())
    ),
    "below an intermediate": below,
    "below an authority for signing": lambda root: below(root, purposes=[Usage.SIGNING.value]),
    "beside an authority for TLS": lambda root: beside(root),
    "of no authority": lambda root: plain(root.issue(MEMBER, extra=[(NO_CA, True)])),
    "below a key of P-521": lambda root: below(root, key=curve(ec.SECP521R1())),
    "below a key of RSA": lambda root: below(root, key=rsa.generate_private_key(65537, 3072)),
    "below one that is signed with SHA-512": lambda root: below(root, digest=hashes.SHA512()),
    "below one for some hosts": lambda root: below(root, extra=[(FOR_HOSTS, True)]),
    "below one with policies": lambda root: below(root, extra=[(POLICIES, False)]),
    "below eight": lambda root: below_many(root, 8),
    "beside one of the name": beside_one_of_the_name,
    "with policies": lambda root: plain(root.issue(MEMBER, extra=[(POLICIES, False)])),
    "with an unknown word": lambda root: plain(root.issue(MEMBER, extra=[(UNKNOWN, False)])),
}
BAD: dict[str, Callable[[Issuer], Made]] = {
    "expired": lambda root: plain(root.issue(MEMBER, starts=-2 * DAY, ends=-DAY)),
    "not yet valid": lambda root: plain(root.issue(MEMBER, starts=DAY, ends=2 * DAY)),
    "for TLS": lambda root: plain(root.issue(MEMBER, purposes=[Usage.TLS_CLIENT.value])),
    "for more": lambda root: plain(
        root.issue(MEMBER, purposes=[Usage.SIGNING.value, Usage.TLS_CLIENT.value])
    ),
    "for nothing": lambda root: plain(root.issue(MEMBER, purposes=[])),
    "without key usage": lambda root: plain(root.issue(MEMBER, usage=None)),
    "with more key usage": lambda root: plain(
        root.issue(MEMBER, usage=key_usage(digital_signature=True, key_agreement=True))
    ),
    "with loose key usage": lambda root: plain(root.issue(MEMBER, usage_critical=False)),
    "with two identities": lambda root: plain(root.issue(MEMBER, OTHER)),
    "without identity": lambda root: plain(root.issue()),
    "of another curve": lambda root: plain(
        root.issue(MEMBER, key=ec.generate_private_key(ec.SECP521R1()).public_key())
    ),
    "of another root": lambda root: plain(make_issuer("another root").issue(MEMBER)),
    "of a root of that name": lambda root: plain(make_issuer().issue(MEMBER)),
    "without its intermediate": lambda root: plain(below(root)[0]),
    "below an expired one": lambda root: below(root, ends=-DAY),
    "below a leaf": below_a_leaf,
    "below an authority for TLS": lambda root: below(root, purposes=[Usage.TLS_CLIENT.value]),
    "below an authority for any use": lambda root: below(
        root, purposes=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
    ),
    "below one that may not certify": lambda root: below(
        root, usage=key_usage(digital_signature=True)
    ),
    "below a weak key": lambda root: below(root, key=WEAK),
    "of an authority": lambda root: plain(root.issue(MEMBER, extra=[(CA, True)])),
    "with an unknown demand": lambda root: plain(root.issue(MEMBER, extra=[(UNKNOWN, True)])),
    "with policies to heed": lambda root: plain(root.issue(MEMBER, extra=[(POLICIES, True)])),
    "with points to heed": lambda root: plain(root.issue(MEMBER, extra=[(POINTS, True)])),
    "for some hosts": lambda root: plain(root.issue(MEMBER, extra=[(FOR_HOSTS, False)])),
    "without its issuer's key": lambda root: plain(root.issue(MEMBER, names_issuer=False)),
    "signed with SHA-224": lambda root: plain(root.issue(MEMBER, digest=hashes.SHA224())),
    "below one without key usage": lambda root: below(root, says_usage=False),
    "below one whose constraints are loose": lambda root: below(root, constraints_critical=False),
    "below one with policies to heed": lambda root: below(root, extra=[(POLICIES, True)]),
    "below one with points to heed": lambda root: below(root, extra=[(POINTS, True)]),
    "below one for some URIs": lambda root: below(root, extra=[(FOR_URIS, True)]),
    "below one for some URIs loosely": lambda root: below(root, extra=[(FOR_URIS, False)]),
    "below one that is signed with SHA-224": lambda root: below(root, digest=hashes.SHA224()),
    "below a key of P-224": lambda root: below(root, key=curve(ec.SECP224R1())),
    "below a key of secp256k1": lambda root: below(root, key=curve(ec.SECP256K1())),
    "below a key of Brainpool": lambda root: below(root, key=curve(ec.BrainpoolP256R1())),
    "below nine": lambda root: below_many(root, 9),
}
BAD_ROOTS: dict[str, Callable[[], Issuer]] = {
    "without key usage": lambda: make_issuer(says_usage=False),
    "with loose constraints": lambda: make_issuer(constraints_critical=False),
    "with policies to heed": lambda: make_issuer(extra=[(POLICIES, True)]),
    "for some URIs": lambda: make_issuer(extra=[(FOR_URIS, True)]),
    "of P-224": lambda: make_issuer(key=curve(ec.SECP224R1())),
    "for TLS": lambda: make_issuer(purposes=[Usage.TLS_CLIENT.value]),
}


def is_good_to_the_protocol(made: Made, root: Issuer, at: datetime = NOW) -> bool:
    try:
        found = verify_certificate(*made, root.anchors, usage=Usage.SIGNING, at=at)
    except ExchangeError:
        return False
    return found.member.uri == MEMBER


def is_good_to_the_script(made: Made, root: Issuer, folder: Path, at: datetime = NOW) -> bool:
    file = folder / "root.pem"
    file.write_bytes(root.certificate.public_bytes(Encoding.PEM))
    openssl = OpenSsl(folder)
    certificate = Certificate(*made)
    file = openssl.roots_of(file)
    try:
        openssl.verify_chain(file, certificate, int(at.timestamp()), "-")
        keys = LogKeys(log_signer().vkey, openssl)
        _, _, uris, _ = Directory(file, keys, openssl)._read(certificate, "-")
    except Refused as refused:
        if refused.reason != "CERTIFICATE_INVALID":
            raise
        return False
    return uris == [MEMBER]


@pytest.mark.parametrize("case", GOOD)
def test_good_certificates_are_good_to_both(case: str, root: Issuer, tmp_path: Path) -> None:
    made = GOOD[case](root)
    assert is_good_to_the_protocol(made, root)
    assert is_good_to_the_script(made, root, tmp_path)
    late = NOW + 3 * DAY
    assert not is_good_to_the_protocol(made, root, late)
    assert not is_good_to_the_script(made, root, tmp_path, late)


@pytest.mark.parametrize("case", BAD)
def test_bad_certificates_are_bad_to_both(case: str, root: Issuer, tmp_path: Path) -> None:
    made = BAD[case](root)
    assert not is_good_to_the_protocol(made, root)
    assert not is_good_to_the_script(made, root, tmp_path)


@pytest.mark.parametrize("case", BAD_ROOTS)
def test_a_root_that_may_not_vouch_accuses_nobody(case: str, tmp_path: Path) -> None:
    """It was given by whoever checks: what comes below it is not verified, nor is it refused."""
    root = BAD_ROOTS[case]()
    assert not is_good_to_the_protocol(plain(root.issue(MEMBER)), root)
    with pytest.raises(Misgiven) as refused:
        is_good_to_the_script(plain(root.issue(MEMBER)), root, tmp_path)
    assert refused.value.reason == "ROOT_INVALID"


def test_one_root_of_several_is_enough(root: Issuer, tmp_path: Path) -> None:
    file = tmp_path / "roots.pem"
    bad = make_issuer(says_usage=False)
    both = [each.certificate.public_bytes(Encoding.PEM) for each in (bad, root)]
    file.write_bytes(b"told: two\r\n" + b"".join(both))
    openssl = OpenSsl(tmp_path)
    roots = openssl.roots_of(file)
    openssl.verify_chain(roots, Certificate(root.issue(MEMBER), ()), int(NOW.timestamp()), "-")
    with pytest.raises(Refused):
        openssl.verify_chain(roots, Certificate(bad.issue(MEMBER), ()), int(NOW.timestamp()), "-")


@pytest.mark.parametrize("before", ["", ".", "tools"])
def test_openssl_beside_the_bundle_is_not_asked(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person is in the folder to which he unpacked a bundle, and his path leads there, too."""
    here = tmp_path / before
    here.mkdir(exist_ok=True)
    (here / "openssl").write_text("#!/bin/sh\ntouch asked\necho OpenSSL 3.0.0\n", "utf-8")
    (here / "openssl").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{before}:{os.environ['PATH']}")
    OpenSsl(tmp_path)
    assert not (tmp_path / "asked").exists()
    monkeypatch.setenv("PATH", before)
    with pytest.raises(Unchecked) as refused:
        OpenSsl(tmp_path)
    assert refused.value.reason == "OPENSSL_MISSING"


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_signatures_of_both_curves_are_verified(
    curve: ec.EllipticCurve, root: Issuer, tmp_path: Path
) -> None:
    key = ec.generate_private_key(curve)
    openssl = OpenSsl(tmp_path)
    made = Certificate(root.issue(MEMBER, key=key.public_key()), ())
    directory = Directory(tmp_path, LogKeys(log_signer().vkey, openssl), openssl)
    file, digest, _, _ = directory._read(made, "-")
    signed = pae(PAYLOAD_TYPE, b"statement")
    signature = sign(SoftwareSigner(key), PAYLOAD_TYPE, b"statement")
    assert openssl.is_signed(file, digest, signed, signature)
    assert not openssl.is_signed(file, digest, signed + b" ", signature)
    assert not openssl.is_signed(file, digest, signed, b"")
