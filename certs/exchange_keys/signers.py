"""Signers whose key is in the memory of this process."""

from __future__ import annotations

from typing import Final, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from exchange_keys.pem import encrypted_pem
from exchange_protocol.errors import Reason
from exchange_protocol.signer import SignatureAlgorithm, SigningPublicKey

_CURVES: Final = {
    # RFC 6979: the nonce is derived from key and message, whatever the random generator is worth.
    "secp256r1": (
        SignatureAlgorithm.ECDSA_P256_SHA256,
        ec.ECDSA(hashes.SHA256(), deterministic_signing=True),
    ),
    "secp384r1": (
        SignatureAlgorithm.ECDSA_P384_SHA384,
        ec.ECDSA(hashes.SHA384(), deterministic_signing=True),
    ),
}


class SoftwareSigner:
    """A private key on P-256 or P-384, of Ed25519 or of ML-DSA-65, that signs."""

    __slots__ = ("_key", "algorithm")

    def __init__(
        self, key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey | MLDSA65PrivateKey
    ) -> None:
        """Hold a key; raises KEY_UNAVAILABLE for another curve."""
        self._key = key
        if isinstance(key, Ed25519PrivateKey):
            self.algorithm = SignatureAlgorithm.ED25519
        elif isinstance(key, MLDSA65PrivateKey):
            self.algorithm = SignatureAlgorithm.ML_DSA_65
        elif key.curve.name in _CURVES:
            self.algorithm = _CURVES[key.curve.name][0]
        else:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected a key on P-256 or P-384, or of Ed25519; got one on {key.curve.name}"
            )

    @classmethod
    def generate_ed25519(cls) -> Self:
        """Make the key of a log or a witness from the system's random generator."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def public_key(self) -> SigningPublicKey:
        """The public key that verifies its signatures."""
        return self._key.public_key()

    def sign(self, data: bytes) -> bytes:
        """Sign exact bytes."""
        if isinstance(self._key, Ed25519PrivateKey | MLDSA65PrivateKey):
            return self._key.sign(data)
        return self._key.sign(data, _CURVES[self._key.curve.name][1])

    def encrypted(self, passphrase: bytes) -> bytes:
        """The key as a key file holds it; raises KEY_UNAVAILABLE for a short passphrase."""
        return encrypted_pem(self._key, passphrase)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.algorithm.name}>"
