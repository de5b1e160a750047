"""Key files: PKCS #8 in PEM, encrypted under a passphrase.

A sealing key is two such blocks in one file, as its suite is made of two keys: ML-KEM-768 (RFC
9935), then X25519 (RFC 8410).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from exchange_files import write_new_file
from exchange_keys.guarded import read_secret
from exchange_keys.handshakes import TokenTlsKey
from exchange_keys.pem import decrypted_pem, empty, encrypted_pem
from exchange_keys.sealing import SealingPrivateKey
from exchange_keys.signers import SoftwareSigner
from exchange_keys.tokens import SCHEME, TokenSigner, parse_uri
from exchange_protocol.errors import Reason
from exchange_protocol.signer import SignatureAlgorithm, Signer

_PEM_BLOCK: Final = re.compile(
    rb"-----BEGIN ENCRYPTED PRIVATE KEY-----.+?-----END ENCRYPTED PRIVATE KEY-----", re.DOTALL
)
_MLKEM_SEED: Final = 64


@dataclass(frozen=True, slots=True)
class TlsKey:
    """The key of a TLS certificate. TLS libraries take the key itself, not a signer."""

    public_key: ec.EllipticCurvePublicKey
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def of(cls, key: ec.EllipticCurvePrivateKey) -> TlsKey:
        """Hold a key."""
        return cls(key.public_key(), key)

    def plain_pem(self) -> bytes:
        """The key without encryption, for the channel alone; it never goes to disk."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def load_signer(path: Path, passphrase: bytes, *expected: SignatureAlgorithm) -> Signer:
    """Read a key that signs, of one of these algorithms or else of any; raises KEY_UNAVAILABLE.

    The file may also say in which token the key is (`tokens`).
    """
    pem = read_secret(path)
    signer: Signer | None = None
    if pem.startswith(SCHEME):
        signer = TokenSigner(parse_uri(pem, path), passphrase)
    else:
        key = decrypted_pem(pem, passphrase, path)
        if isinstance(
            key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey
        ):
            signer = SoftwareSigner(key)
    if signer is not None and (not expected or signer.algorithm in expected):
        return signer
    names = " or ".join(each.value for each in expected or SignatureAlgorithm)
    raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be a key of {names}")


def load_ec_key(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """Read the key of a certificate authority, whose library takes the key itself.

    Raises KEY_UNAVAILABLE.
    """
    key = _load(path, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be a key on an elliptic curve")
    return key


def load_tls_key(path: Path, passphrase: bytes) -> TlsKey:
    """Read the key of a TLS certificate from a file that holds it; raises KEY_UNAVAILABLE."""
    if read_secret(path).startswith(SCHEME):
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected {path} to hold the TLS key itself: a hub takes no TLS key in a token"
        )
    return TlsKey.of(load_ec_key(path, passphrase))


def load_client_tls_key(path: Path, passphrase: bytes) -> TlsKey | TokenTlsKey:
    """Read the key of a client's TLS certificate, which may be in a token (`tokens`).

    Raises KEY_UNAVAILABLE.
    """
    line = read_secret(path)
    if line.startswith(SCHEME):
        return TokenTlsKey(TokenSigner(parse_uri(line, path), passphrase))
    return load_tls_key(path, passphrase)


def load_foreign_key(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a key that another program made: encrypted under the passphrase, or not at all.

    Its file is guarded all the same; raises KEY_UNAVAILABLE.
    """
    pem = read_secret(path)
    if b"ENCRYPTED" in pem:
        return load_ec_key(path, passphrase)
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be a private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be a key on an elliptic curve")
    return key


def load_sealing_key(path: Path, passphrase: bytes) -> SealingPrivateKey:
    """Read a sealing key; raises KEY_UNAVAILABLE."""
    pem = read_secret(path)
    if not pem.strip():
        raise empty(path)
    blocks = _PEM_BLOCK.findall(pem)
    keys = [decrypted_pem(block, passphrase, path) for block in blocks]
    match keys:
        case [mlkem.MLKEM768PrivateKey() as pq, x25519.X25519PrivateKey() as dh]:
            return SealingPrivateKey.from_bytes(pq.private_bytes_raw() + dh.private_bytes_raw())
        case _:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected {path} to hold an ML-KEM-768 and an X25519 key, both encrypted; "
                f"got {len(keys)} encrypted keys"
            )


def save_private_key(path: Path, key: PrivateKeyTypes, passphrase: bytes) -> None:
    """Write a key into a file that must not exist.

    Raises KEY_UNAVAILABLE for a short passphrase, FILE_NOT_WRITTEN.
    """
    write_new_file(path, encrypted_pem(key, passphrase))


def encrypted_sealing_key(key: SealingPrivateKey, passphrase: bytes) -> bytes:
    """A sealing key as its file holds it; raises KEY_UNAVAILABLE for a short passphrase."""
    raw = key.to_bytes()
    parts: tuple[PrivateKeyTypes, ...] = (
        mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED]),
        x25519.X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED:]),
    )
    return b"".join(encrypted_pem(part, passphrase) for part in parts)


def _load(path: Path, passphrase: bytes) -> PrivateKeyTypes:
    return decrypted_pem(read_secret(path), passphrase, path)
