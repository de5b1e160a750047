"""Private keys of an agency, at rest and in use.

Rules of this module:

- At rest every private key is PKCS #8 in PEM, encrypted under the profile's passphrase, in a file
  of mode 0600 that is never written over. A file that its group or others may touch is not loaded.
- A sealing key is two such blocks in one file, as its suite is made of two keys: ML-KEM-768 (RFC
  9935), then X25519 (RFC 8410). The file's name starts with the time at which it was made, so the
  newest sorts last. Old files stay: they open old content.
- In use a key is held by `Vault` alone; nothing here puts a key or a passphrase into a `repr`, an
  error or a log.
- Left to the caller: whether the certificate beside a key is good now.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from exchange_protocol.errors import Reason
from exchange_protocol.rules.statements import SignedStatement
from exchange_protocol.trust.certificates import VerifiedCertificate
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, sign, sign_batch
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.trust.sealing import SealingPrivateKey, SealingPublicKey

PASSPHRASE_VARIABLE: Final = "EXCHANGE_KEY_PASSPHRASE"  # noqa: S105 - the name of one
MIN_PASSPHRASE_BYTES: Final = 12
"""OpenSSL's PKCS #8 stretches a passphrase little (PBKDF2, 2048 rounds), so its length counts."""

_PEM_BLOCK: Final = re.compile(
    rb"-----BEGIN ENCRYPTED PRIVATE KEY-----.+?-----END ENCRYPTED PRIVATE KEY-----", re.DOTALL
)
_MLKEM_SEED: Final = 64


@dataclass(frozen=True, slots=True)
class Vault:
    """The keys that an agency signs and opens with."""

    agency: AgencyId
    signer: Member | None
    """Who signs; None for a profile that only reads and audits."""
    certificate: VerifiedCertificate | None
    _signing: ec.EllipticCurvePrivateKey | None = field(repr=False)
    _sealing: Mapping[bytes, SealingPrivateKey] = field(repr=False)
    """By key id, oldest first."""

    @classmethod
    def of(
        cls,
        agency: AgencyId,
        certificate: VerifiedCertificate | None,
        signing: ec.EllipticCurvePrivateKey | None,
        sealing: tuple[SealingPrivateKey, ...],
    ) -> Vault:
        """Hold keys whose certificate and agency were checked; sealing keys come oldest first."""
        by_id = {key.public_key().key_id: key for key in sealing}
        signer = certificate.member if certificate else None
        return cls(agency, signer, certificate, signing, MappingProxyType(by_id))

    @property
    def member(self) -> Member:
        """Who signs; raises KEY_UNAVAILABLE where the profile has no signing key."""
        if self.signer is None:
            raise Reason.KEY_UNAVAILABLE.error(
                "expected a profile with a signing key and its certificate, got one without"
            )
        return self.signer

    @property
    def newest_sealing_key(self) -> SealingPublicKey:
        """The sealing key to publish; raises KEY_UNAVAILABLE where there is none."""
        if not self._sealing:
            raise Reason.KEY_UNAVAILABLE.error("expected a sealing key in the profile, got none")
        return list(self._sealing.values())[-1].public_key()

    def sign(self, payload: bytes) -> SignedStatement:
        """Sign the payload of a statement; raises KEY_UNAVAILABLE."""
        if self._signing is None or self.certificate is None:
            raise Reason.KEY_UNAVAILABLE.error("expected a signing key in the profile, got none")
        return SignedStatement(
            PAYLOAD_TYPE,
            payload,
            self.certificate.fingerprint,
            sign(self._signing, PAYLOAD_TYPE, payload),
        )

    def sign_batch(self, payloads: Sequence[bytes]) -> list[SignedStatement]:
        """Sign the payloads of many statements with one signature; raises KEY_UNAVAILABLE."""
        if self._signing is None or self.certificate is None:
            raise Reason.KEY_UNAVAILABLE.error("expected a signing key in the profile, got none")
        signature, paths = sign_batch(self._signing, PAYLOAD_TYPE, payloads)
        fingerprint = self.certificate.fingerprint
        return [
            SignedStatement(PAYLOAD_TYPE, payload, fingerprint, signature, batch)
            for payload, batch in zip(payloads, paths, strict=True)
        ]

    def sealing_key(self, key_id: bytes) -> SealingPrivateKey:
        """The private key of that id; raises KEY_UNAVAILABLE."""
        key = self._sealing.get(key_id)
        if key is None:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected the profile to hold the sealing key {key_id.hex()[:16]}, "
                f"it holds {', '.join(each.hex()[:16] for each in self._sealing) or 'none'}"
            )
        return key


def generate_sealing_key(folder: Path, passphrase: bytes, at: datetime) -> SealingPrivateKey:
    """Make a sealing key and keep it in a new file of the folder."""
    key = SealingPrivateKey.generate()
    save_sealing_key(folder, key, passphrase, at)
    return key


def save_sealing_key(folder: Path, key: SealingPrivateKey, passphrase: bytes, at: datetime) -> None:
    """Keep a sealing key, made at a time, in a new file of the folder."""
    name = f"{at:%Y%m%dT%H%M%S%fZ}-{key.public_key().key_id.hex()[:16]}.key"
    _write_sealing_key(folder / name, key, passphrase)


def load_sealing_keys(folder: Path, passphrase: bytes) -> tuple[SealingPrivateKey, ...]:
    """Load every sealing key of a folder, oldest first; none if there is no folder."""
    if not folder.is_dir():
        return ()
    return tuple(_load_sealing_key(path, passphrase) for path in sorted(folder.glob("*.key")))


def import_sealing_keys(
    source: Path,
    source_passphrase: bytes,
    folder: Path,
    passphrase: bytes,
    published: Collection[bytes],
) -> tuple[bytes, ...]:
    """Take an agency's sealing keys over from another profile's folder, under one's own passphrase.

    All are opened before any is written; those that are held already stay as they are.

    Args:
        published: ids of the keys that the agency published on the log; no other is taken.

    Returns:
        The ids of the keys that are new here.

    Raises:
        NotAuthenticated: KEY_UNAVAILABLE.
    """
    keys = {
        path: _load_sealing_key(path, source_passphrase) for path in sorted(source.glob("*.key"))
    }
    if not keys:
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected sealing keys (*.key) in {source}, the folder of another profile of this "
            "agency; got none"
        )
    for path, key in keys.items():
        if key.public_key().key_id not in published:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected {path} to be a key that this agency published; the log has no such key"
            )
    new = {path.name: key for path, key in keys.items() if not (folder / path.name).exists()}
    for name, key in new.items():
        _write_sealing_key(folder / name, key, passphrase)
    return tuple(key.public_key().key_id for key in new.values())


def save_private_key(path: Path, key: ec.EllipticCurvePrivateKey, passphrase: bytes) -> None:
    """Write a new key file; raises KEY_UNAVAILABLE if it exists or the passphrase is short."""
    write_secret(path, _encrypted(key, passphrase))


def load_private_key(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """Read the key of a certificate; raises KEY_UNAVAILABLE."""
    key = _decrypted(path, read_secret(path), passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be a key on an elliptic curve")
    return key


def save_witness_key(path: Path, key: ed25519.Ed25519PrivateKey, passphrase: bytes) -> None:
    """Write a new file of a witness's key; raises KEY_UNAVAILABLE if it exists."""
    write_secret(path, _encrypted(key, passphrase))


def load_witness_key(path: Path, passphrase: bytes) -> ed25519.Ed25519PrivateKey:
    """Read a witness's key; raises KEY_UNAVAILABLE."""
    key = _decrypted(path, read_secret(path), passphrase)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be an Ed25519 key")
    return key


def load_passphrase(path: Path | None) -> bytes:
    """Take the passphrase from a file's first line, or from the environment where none is named."""
    if path is not None:
        # Some editors begin a file with a byte order mark, and end its lines with CR LF.
        first = read_secret(path).partition(b"\n")[0]
        passphrase = first.rstrip(b"\r").removeprefix(codecs.BOM_UTF8)
    else:
        passphrase = os.environb.get(PASSPHRASE_VARIABLE.encode(), b"")
        if not passphrase:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected the keys' passphrase in ${PASSPHRASE_VARIABLE} "
                "or in the file that the profile names"
            )
    verify_passphrase(passphrase)
    return passphrase


def verify_passphrase(passphrase: bytes) -> None:
    """Verify that a passphrase is long enough to protect a key; raises KEY_UNAVAILABLE."""
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected a passphrase of at least {MIN_PASSPHRASE_BYTES} bytes; got {len(passphrase)}"
        )


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file of mode 0600, durably; raises KEY_UNAVAILABLE if it exists."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Reason.KEY_UNAVAILABLE.error(f"{path} exists; a key is never written over") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def read_secret(path: Path) -> bytes:
    """Read a file that only its owner may read; raises KEY_UNAVAILABLE."""
    try:
        with path.open("rb") as file:
            # The mode of the file that was opened, not of what the path leads to a moment later.
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise Reason.KEY_UNAVAILABLE.error(
                    f"expected {path} to be its owner's only (0600); its mode is {mode:04o}"
                )
            return file.read()
    except OSError as error:
        raise Reason.KEY_UNAVAILABLE.error(f"cannot read {path}: {error.strerror}") from None


def _write_sealing_key(path: Path, key: SealingPrivateKey, passphrase: bytes) -> None:
    raw = key.to_bytes()
    parts: tuple[PrivateKeyTypes, ...] = (
        mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED]),
        x25519.X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED:]),
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(path, b"".join(_encrypted(part, passphrase) for part in parts))


def _load_sealing_key(path: Path, passphrase: bytes) -> SealingPrivateKey:
    blocks = _PEM_BLOCK.findall(read_secret(path))
    keys = [_decrypted(path, block, passphrase) for block in blocks]
    match keys:
        case [mlkem.MLKEM768PrivateKey() as pq, x25519.X25519PrivateKey() as dh]:
            return SealingPrivateKey.from_bytes(pq.private_bytes_raw() + dh.private_bytes_raw())
        case _:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected {path} to hold an ML-KEM-768 and an X25519 key, both encrypted"
            )


def _encrypted(key: PrivateKeyTypes, passphrase: bytes) -> bytes:
    verify_passphrase(passphrase)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )


def _decrypted(path: Path, pem: bytes, passphrase: bytes) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Of the wrong passphrase and of a broken file the library says the same: nothing certain.
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected {path} to be an encrypted private key that the passphrase opens"
        ) from None
