"""The hub's private keys and passphrases, read into memory and never written back.

Key files are encrypted PKCS #8 in PEM with mode 0600; passphrases come from files of the same mode
or from the environment, never from arguments, which every process of the machine may read.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from exchange_protocol.errors import Reason

MIN_PASSPHRASE_BYTES: Final = 12
"""OpenSSL's PKCS #8 stretches a passphrase little (PBKDF2, 2048 rounds), so its length counts."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_secret(path: Path) -> bytes:
    """Read a file that its owner alone may read; raises KEY_UNAVAILABLE."""
    try:
        with path.open("rb") as file:
            # The mode of the file that was opened, not of what the path leads to a moment later.
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & _OTHERS:
                raise Reason.KEY_UNAVAILABLE.error(
                    f"expected {path} to be its owner's only (0600); its mode is {mode:04o}"
                )
            return file.read()
    except OSError as error:
        raise Reason.KEY_UNAVAILABLE.error(f"cannot read {path}: {error.strerror}") from None


def read_passphrase(file: Path | None, variable: str, environment: Mapping[str, str]) -> bytes:
    """Read a passphrase from a file's first line, or else from an environment variable.

    Raises KEY_UNAVAILABLE where neither gives one of at least `MIN_PASSPHRASE_BYTES`.
    """
    if file is not None:
        # Some editors begin a file with a byte order mark, and end its lines with CR LF.
        first = read_secret(file).partition(b"\n")[0]
        passphrase = first.rstrip(b"\r").removeprefix(codecs.BOM_UTF8)
    elif variable in environment:
        passphrase = os.fsencode(environment[variable])
    else:
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected a passphrase file, or ${variable}; got neither"
        )
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected a passphrase of at least {MIN_PASSPHRASE_BYTES} bytes, got {len(passphrase)}"
        )
    return passphrase


def load_tls_key(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """Decrypt the key of the hub's TLS certificate."""
    key = _load(path, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be a key on an elliptic curve")
    return key


def plain_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key unencrypted in PEM, as grpc takes it; keep it in memory."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def load_log_key(path: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """Decrypt the log's signing key."""
    key = _load(path, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise Reason.KEY_UNAVAILABLE.error(f"expected {path} to be an Ed25519 key")
    return key


def save_log_key(path: Path, key: Ed25519PrivateKey, passphrase: bytes) -> None:
    """Write a new key file; raises KEY_UNAVAILABLE if it exists: a key is never written over."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Reason.KEY_UNAVAILABLE.error(f"{path} exists; a key is never written over") from None
    except OSError as error:
        raise Reason.KEY_UNAVAILABLE.error(f"cannot write {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(descriptor)


def _load(path: Path, passphrase: bytes) -> PrivateKeyTypes:
    pem = read_secret(path)
    try:
        return serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Of the wrong passphrase and of a broken file the library says the same: nothing certain.
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected {path} to be an encrypted private key that the passphrase opens"
        ) from None
