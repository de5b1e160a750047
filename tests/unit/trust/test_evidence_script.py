"""The script of the evidence bundle takes and refuses the certificates that the protocol does."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from agency_client.evidence.verify import (
    Certificate,
    Directory,
    LogKeys,
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


GOOD: dict[str, Callable[[Issuer], Made]] = {
    "P-256": lambda root: plain(root.issue(MEMBER)),
    "P-384": lambda root: plain(
        root.issue(MEMBER, key=ec.generate_private_key(ec.SECP384R1()).public_key())
    ),
    "below an intermediate": below,
    "below an authority for signing": lambda root: below(root, purposes=[Usage.SIGNING.value]),
    "beside an authority for TLS": lambda root: beside(root),
    "of no authority": lambda root: plain(root.issue(MEMBER, extra=[(NO_CA, True)])),
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
