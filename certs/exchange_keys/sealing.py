"""Sealing keys in the memory of this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from exchange_protocol.errors import Reason
from exchange_protocol.trust.sealing import HPKE_SUITE, SealingPublicKey

PRIVATE_KEY_SIZE: Final = 64 + 32
_MLKEM_SEED: Final = 64


@dataclass(frozen=True, slots=True)
class SealingPrivateKey:
    """A reader's private key: a 64-byte ML-KEM-768 seed, then a 32-byte X25519 key."""

    public_key: SealingPublicKey
    _raw: bytes = field(repr=False)
    _hpke: hpke.MLKEM768X25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def generate(cls) -> Self:
        """Make a new key from the system's random generator."""
        return cls._of(mlkem.MLKEM768PrivateKey.generate(), x25519.X25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse 96 bytes; raises INVALID_FIELD for another length."""
        if len(raw) != PRIVATE_KEY_SIZE:
            raise Reason.INVALID_FIELD.error(
                f"expected a sealing private key of {PRIVATE_KEY_SIZE} bytes; got {len(raw)}"
            )
        return cls._of(
            mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED]),
            x25519.X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED:]),
        )

    @classmethod
    def _of(cls, pq: mlkem.MLKEM768PrivateKey, dh: x25519.X25519PrivateKey) -> Self:
        public = pq.public_key().public_bytes_raw() + dh.public_key().public_bytes_raw()
        raw = pq.private_bytes_raw() + dh.private_bytes_raw()
        return cls(SealingPublicKey.from_bytes(public), raw, hpke.MLKEM768X25519PrivateKey(pq, dh))

    def to_bytes(self) -> bytes:
        """The 96 secret bytes that `from_bytes` reads; encrypt them before they reach a disk."""
        return self._raw

    def open(self, enc: bytes, info: bytes) -> bytes:
        """Open what was sealed to this key; raises InvalidTag or ValueError."""
        return HPKE_SUITE.decrypt(enc, self._hpke, info=info)
