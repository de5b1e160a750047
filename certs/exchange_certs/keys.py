"""Private keys on disk: encrypted, and readable by their owner only.

Rules of this module:

- A key file is PKCS #8 in PEM, encrypted under a passphrase, created with mode 0600 and never
  written over. A file that its group or others may read or write is not loaded.
- Passphrases come from files of the same mode, or from the environment; never from arguments, which
  every process of the machine may read.
"""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exchange_protocol.errors import Reason

MIN_PASSPHRASE_BYTES: Final = 12
"""OpenSSL's PKCS #8 stretches a passphrase little (PBKDF2, 2048 rounds), so its length counts."""


def save_private_key(path: Path, key: ec.EllipticCurvePrivateKey, passphrase: bytes) -> None:
    """Write a new key file; raises KEY_UNAVAILABLE if it exists or the passphrase is short."""
    verify_passphrase(passphrase)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Reason.KEY_UNAVAILABLE.error(f"{path} exists; a key is never written over") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(descriptor)


def load_private_key(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a key file; raises KEY_UNAVAILABLE for a bad mode, passphrase or kind of key."""
    pem = _read_secret(path)
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Of the wrong passphrase and of a broken file the library says the same: nothing certain.
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected {path} to be an encrypted private key that the passphrase opens"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be a key on an elliptic curve")
    return key


def read_passphrase(path: Path) -> bytes:
    """Read a passphrase from a file's first line; raises KEY_UNAVAILABLE for a bad mode."""
    # Some editors begin a file with a byte order mark, and end its lines with CR LF.
    first = _read_secret(path).partition(b"\n")[0]
    passphrase = first.rstrip(b"\r").removeprefix(codecs.BOM_UTF8)
    verify_passphrase(passphrase)
    return passphrase


def verify_passphrase(passphrase: bytes) -> None:
    """Verify that a passphrase is long enough to protect a key; raises KEY_UNAVAILABLE."""
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected a passphrase of at least {MIN_PASSPHRASE_BYTES} bytes; got {len(passphrase)}"
        )


def _read_secret(path: Path) -> bytes:
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
