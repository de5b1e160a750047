"""DSSE signatures over the exact bytes of a statement.

Rules of this module:

- What is signed is the pre-authentication encoding (PAE) of the payload's type and the payload's
  bytes as they were made or received. Nothing here encodes, decodes or normalises a payload.
- The algorithm follows from the key (P-256: ECDSA with SHA-256; P-384: ECDSA with SHA-384), never
  from the message, so a message cannot choose a weaker one.
- An ECDSA signature is not unique: who holds (r, s) can make (r, n - s). Identify a statement by
  the digest of its payload, never by a signature.
- Assumed verified: that the public key is the signer's, and that the signer may sign
  (`certificates`).

Source: https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from exchange_protocol.errors import Reason

PAYLOAD_TYPE: Final = "application/vnd.caricc.exchange.statement.v1+protobuf"
"""The payload type of a signed statement."""

# RFC 6979: a nonce derived from key and message cannot be spoilt by a bad random generator, which
# would give the private key away. Verifying does not depend on it.
_ALGORITHMS: Final = {
    "secp256r1": ec.ECDSA(hashes.SHA256(), deterministic_signing=True),
    "secp384r1": ec.ECDSA(hashes.SHA384(), deterministic_signing=True),
}


def pae(payload_type: str, payload: bytes) -> bytes:
    """Encode type and payload unambiguously: `DSSEv1 LEN(type) type LEN(payload) payload`."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(private_key: ec.EllipticCurvePrivateKey, payload_type: str, payload: bytes) -> bytes:
    """Sign a payload; returns the DER encoding of the ECDSA signature.

    Raises CERTIFICATE_INVALID for a key that is neither P-256 nor P-384.
    """
    return private_key.sign(pae(payload_type, payload), _algorithm(private_key.curve))


def verify(
    public_key: ec.EllipticCurvePublicKey, payload_type: str, payload: bytes, signature: bytes
) -> None:
    """Verify a signature over exact bytes.

    Raises SIGNATURE_INVALID, or CERTIFICATE_INVALID for a key that is neither P-256 nor P-384.
    """
    algorithm = _algorithm(public_key.curve)
    try:
        public_key.verify(signature, pae(payload_type, payload), algorithm)
    except InvalidSignature:
        raise Reason.SIGNATURE_INVALID.error(
            f"the signature does not match the {len(payload)}-byte payload and the signer's key"
        ) from None


def _algorithm(curve: ec.EllipticCurve) -> ec.ECDSA:
    try:
        return _ALGORITHMS[curve.name]
    except KeyError:
        raise Reason.CERTIFICATE_INVALID.error(
            f"expected a key on P-256 or P-384; got {curve.name}"
        ) from None
