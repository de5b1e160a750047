"""Signers: private keys that are used and never seen.

This contract names no private key. A `Signer` may be a file's key in memory (`exchange_keys`), or a
device that lets no key out. Its algorithm follows from its key, never from what is signed.

Left to the implementation: how the key is kept, and that none of it reaches a log, an error or a
`repr`. An ECDSA implementation in software must derive its nonces from key and message (RFC 6979):
a nonce that a bad random generator repeats gives the private key away.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

SigningPublicKey: TypeAlias = EllipticCurvePublicKey | Ed25519PublicKey | MLDSA65PublicKey


class SignatureAlgorithm(Enum):
    """The algorithms of the exchange; each belongs to one sort of key."""

    ECDSA_P256_SHA256 = "ECDSA on P-256 with SHA-256"
    ECDSA_P384_SHA384 = "ECDSA on P-384 with SHA-384"
    ED25519 = "Ed25519"
    ML_DSA_65 = "ML-DSA-65"


class Signer(Protocol):
    """A private key, held somewhere, that signs. Safe between threads."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm that it signs with."""
        ...

    @property
    def public_key(self) -> SigningPublicKey:
        """The public key that verifies its signatures."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign exact bytes; gives DER for ECDSA, 64 bytes for Ed25519, 3309 for ML-DSA-65.

        Raises KEY_UNAVAILABLE where the key is out of reach, such as a device that was taken away.
        """
        ...
