"""A time-stamping authority for tests: `openssl ts` answers; certificates are by `cryptography`.

`openssl ts` does not sign with a certificate of another purpose, nor for another time than now.
`sign` makes such tokens with openssl's CMS signer, over what an honest answer says.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

STAMPING: Final = (ExtendedKeyUsageOID.TIME_STAMPING,)
YEAR: Final = timedelta(days=365)
_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_CONFIGURATION: Final = """
[tsa]
default_tsa = own
[own]
serial = serial
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
ess_cert_id_chain = no
clock_precision_digits = {digits}
"""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issuer:
    """A fictional root or intermediate."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def make_root(name: str = "fictional stamping root", key: Key | None = None) -> Issuer:
    """Make a root of its own."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    return Issuer(_certify(name, own, None, (), -YEAR, YEAR), own)


def make_intermediate(root: Issuer) -> Issuer:
    """Make an authority below a root."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Issuer(_certify("fictional stamping intermediate", key, root, (), -YEAR, YEAR), key)


class StampingAuthority:
    """An authority with a folder of its own, which `openssl ts` serves."""

    def __init__(
        self,
        folder: Path,
        issuers: Sequence[Issuer],
        *,
        purposes: Sequence[ObjectIdentifier] = STAMPING,
        starts: timedelta = -YEAR,
        ends: timedelta = YEAR,
        digits: int = 0,
        key: Key | None = None,
    ) -> None:
        """Certify a key by the last of `issuers`, of which the first is the root."""
        folder.mkdir(parents=True)
        self.folder = folder
        self.root = folder / "root.pem"
        self.root.write_bytes(issuers[0].pem)
        key = key or ec.generate_private_key(ec.SECP256R1())
        made = _certify("fictional stamper", key, issuers[-1], purposes, starts, ends)
        self.subject = made.subject.rfc4514_string()
        (folder / "signer.pem").write_bytes(made.public_bytes(Encoding.PEM))
        (folder / "signer.key").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / "chain.pem").write_bytes(b"".join(each.pem for each in issuers[1:]))
        (folder / "tsa.cnf").write_text(_CONFIGURATION.format(digits=digits))

    def answer(self, request: bytes) -> bytes:
        """Answer a request, now; what a server would send back."""
        (self.folder / "request.tsq").write_bytes(request)
        words = "ts -reply -config tsa.cnf -queryfile request.tsq -signer signer.pem"
        words += " -inkey signer.key -out response.tsr"
        self._openssl(f"{words} {self._chain('-chain')}")
        return (self.folder / "response.tsr").read_bytes()

    def sign(self, response: bytes, at: datetime | None = None) -> bytes:
        """Sign with this authority's certificate what another's answer says, or another time."""
        (self.folder / "other.tsr").write_bytes(response)
        self._openssl("ts -reply -in other.tsr -token_out -out other.tst")
        self._openssl("cms -verify -noverify -inform DER -in other.tst -out said.der")
        if at is not None:
            said = (self.folder / "said.der").read_bytes()
            # GeneralizedTime: the tag, 15 bytes, YYYYMMDDhhmmssZ.
            place = said.index(b"\x18\x0f20") + 2
            time = f"{at.astimezone(UTC):%Y%m%d%H%M%S}Z".encode()
            (self.folder / "said.der").write_bytes(said[:place] + time + said[place + 15 :])
        words = f"cms -sign -binary -nodetach -cades -md sha256 -econtent_type {_TST_INFO}"
        words += " -in said.der -signer signer.pem -inkey signer.key -outform DER -out own.tst"
        self._openssl(f"{words} {self._chain('-certfile')}")
        token = (self.folder / "own.tst").read_bytes()
        return encode(0x30, bytes.fromhex("3003020100") + token)

    def _chain(self, option: str) -> str:
        return f"{option} chain.pem" if (self.folder / "chain.pem").stat().st_size else ""

    def _openssl(self, words: str) -> None:
        command = ["openssl", *words.split()]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=60)


def encode(tag: int, content: bytes) -> bytes:
    """An element in DER of at least 256 and less than 65536 bytes."""
    return bytes((tag, 0x82)) + len(content).to_bytes(2, "big") + content


def _certify(
    name: str,
    key: Key,
    issuer: Issuer | None,
    purposes: Sequence[ObjectIdentifier],
    starts: timedelta,
    ends: timedelta,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # openssl stamps by the machine's clock
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(not purposes, None), critical=True)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())
