"""Requests for certificates: new keys that stay where they were made, and what leaves the machine.

    request     a member's identity and two PKCS #10 requests, for TLS and for signing; where it
                renews, signatures by the member's present keys beside them
    fingerprint 24 digits over identity and all keys, to be read out by phone

The request for signing may bring a second key, of ML-DSA-65, as the extension that the certificate
gets (`certificates.SECOND_KEY`). It has signed nothing here: both keys sign each statement, so
another's key would be of no use.

Rules of this module:

- A fingerprint covers all that an authority would certify. Two requests of one fingerprint would be
  two keys whose SHA-256 agree in 80 bits.
- A renewal is signed by all present keys, under payload types of their own: no signature of a
  statement can be taken for one, nor the reverse.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exchange_keys.pem import encrypted_pem
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import post_quantum_key, second_key_extension
from exchange_protocol.trust.chains import UNREADABLE
from exchange_protocol.trust.identity import Member, parse_member

FORMAT: Final = "caricc-exchange/enrolment/v1"
RENEWAL_TYPE: Final = "application/vnd.caricc.exchange.renewal.v1"
APPROVAL_TYPE: Final = "application/vnd.caricc.exchange.enrolment-approval.v1"
MAX_BYTES: Final = 64 * 1024
_DIGITS: Final = 24
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class NewKeys:
    """New keys of a member, encrypted, and the request that goes to the authority."""

    tls_key_pem: bytes = field(repr=False)
    signing_key_pem: bytes = field(repr=False)
    request: Request
    second_key_pem: bytes | None = field(default=None, repr=False)
    """The post-quantum one for signing; None without one."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """The present certificates of a member who asks for new ones, and its keys' signatures."""

    tls_certificate: bytes
    """PEM."""
    signing_certificate: bytes
    tls_signature: bytes
    signing_signature: bytes
    second_signature: bytes = b""
    """Signature by the present second key, where the signing certificate holds one."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, well formed; each key has signed its part of it."""

    identity: Member
    tls_csr: bytes
    """PEM."""
    signing_csr: bytes
    renewal: Renewal | None = None

    @property
    def keys(self) -> tuple[ec.EllipticCurvePublicKey, ec.EllipticCurvePublicKey]:
        """The keys for TLS and for signing."""
        return _key_of(self.tls_csr), _key_of(self.signing_csr)

    @property
    def second_key(self) -> MLDSA65PublicKey | None:
        """The post-quantum key for signing, if one is asked for."""
        try:
            return post_quantum_key(x509.load_pem_x509_csr(self.signing_csr))
        except ExchangeError as error:
            raise _invalid("signing_csr", error.message) from None

    @property
    def payload(self) -> bytes:
        """All that would be certified, unambiguously: what approvals and renewals sign."""
        keys: list[ec.EllipticCurvePublicKey | MLDSA65PublicKey] = [*self.keys]
        if (second := self.second_key) is not None:
            keys.append(second)
        ders = (key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in keys)
        labels = (FORMAT.encode(), self.identity.uri.encode(), *ders)
        return b"".join(len(each).to_bytes(4, "big") + each for each in labels)

    @property
    def fingerprint(self) -> str:
        """24 digits in groups of four, to be read out."""
        return grouped(int.from_bytes(hashlib.sha256(self.payload).digest(), "big"))

    def encode(self) -> bytes:
        """The request as its file holds it."""
        told: dict[str, Any] = {
            "format": FORMAT,
            "identity": self.identity.uri,
            "tls_csr": self.tls_csr.decode(),
            "signing_csr": self.signing_csr.decode(),
        }
        if self.renewal is not None:
            told["renewal"] = {
                "tls_certificate": self.renewal.tls_certificate.decode(),
                "signing_certificate": self.renewal.signing_certificate.decode(),
                "tls_signature": base64.b64encode(self.renewal.tls_signature).decode(),
                "signing_signature": base64.b64encode(self.renewal.signing_signature).decode(),
            }
            if self.renewal.second_signature:
                second = base64.b64encode(self.renewal.second_signature).decode()
                told["renewal"]["second_signature"] = second
        return (json.dumps(told, indent=1) + "\n").encode()


def make_keys(identity: Member, passphrase: bytes, *, post_quantum: bool = False) -> NewKeys:
    """Make keys on P-256, for TLS and for signing, and one of ML-DSA-65 if that is wanted.

    Raises KEY_UNAVAILABLE.
    """
    tls, signing = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    second = MLDSA65PrivateKey.generate() if post_quantum else None
    public = second.public_key() if second else None
    return NewKeys(
        encrypted_pem(tls, passphrase),
        encrypted_pem(signing, passphrase),
        Request(identity, _csr(identity, tls), _csr(identity, signing, public)),
        encrypted_pem(second, passphrase) if second else None,
    )


def parse_request(data: bytes) -> Request:
    """Take a request from its file; raises INVALID_FIELD naming what is wrong."""
    told = parse_object(data, FORMAT)
    try:
        identity = parse_member(_text(told, "identity"))
    except ExchangeError as error:
        raise _invalid("identity", error.message) from None
    request = Request(
        identity,
        _text(told, "tls_csr").encode(),
        _text(told, "signing_csr").encode(),
        _renewal(told.get("renewal")),
    )
    tls, signing = request.keys
    _ = request.second_key  # refused here, if it is of another algorithm
    if tls == signing:
        raise _invalid("signing_csr", "expected a key of its own, got that of TLS")
    return request


def parse_object(data: bytes, expected: str) -> Mapping[str, Any]:
    """Take a JSON object of a format; raises INVALID_FIELD."""
    try:
        told = json.loads(data) if len(data) <= MAX_BYTES else None
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("format") != expected:
        raise _invalid("format", f"expected a file of the format {expected}")
    return told


def grouped(number: int) -> str:
    """The last digits of a number, in groups that a person can read out."""
    digits = f"{number % 10**_DIGITS:0{_DIGITS}d}"
    return " ".join(digits[i : i + _GROUP] for i in range(0, _DIGITS, _GROUP))


def spelled(text: str) -> str:
    """A fingerprint as a person typed it, in the one spelling; raises INVALID_FIELD."""
    digits = "".join(each for each in text if not each.isspace() and each != "-")
    if len(digits) != _DIGITS or not (digits.isascii() and digits.isdigit()):
        raise _invalid("fingerprint", f"expected {_DIGITS} digits, as they were read out")
    return grouped(int(digits))


def text_of(told: Mapping[str, Any], name: str) -> str:
    """A text of an object; raises INVALID_FIELD."""
    return _text(told, name)


def bytes_of(told: Mapping[str, Any], name: str) -> bytes:
    """Bytes that stand in base64; raises INVALID_FIELD."""
    try:
        return base64.b64decode(_text(told, name), validate=True)
    except ValueError:
        raise _invalid(name, "expected base64") from None


def _renewal(told: object) -> Renewal | None:
    if told is None:
        return None
    if not isinstance(told, dict):
        raise _invalid("renewal", "expected an object")
    return Renewal(
        _text(told, "tls_certificate").encode(),
        _text(told, "signing_certificate").encode(),
        bytes_of(told, "tls_signature"),
        bytes_of(told, "signing_signature"),
        bytes_of(told, "second_signature") if "second_signature" in told else b"",
    )


def _csr(
    identity: Member, key: ec.EllipticCurvePrivateKey, second: MLDSA65PublicKey | None = None
) -> bytes:
    """A request that names the identity as the certificate would; authorities check it anew."""
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity.uri)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(names, critical=True)
    if second is not None:
        builder = builder.add_extension(second_key_extension(second), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _key_of(pem: bytes) -> ec.EllipticCurvePublicKey:
    try:
        csr = x509.load_pem_x509_csr(pem)
        key, is_signed = csr.public_key(), csr.is_signature_valid
    except UNREADABLE:
        raise _invalid("csr", "expected a signing request (PKCS #10) in PEM") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not is_signed:
        raise _invalid("csr", "expected it to be signed by its own key, on P-256 or P-384")
    return key


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise _invalid(name, "expected a text")
    return value


def _invalid(field_name: str, why: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(why, field=field_name)
