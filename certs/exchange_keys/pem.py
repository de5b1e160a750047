"""Encrypted PKCS #8 in PEM, the one form in which a key is at rest."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from exchange_keys.passphrases import verify_passphrase
from exchange_protocol.errors import ExchangeError, Reason


def encrypted_pem(key: PrivateKeyTypes, passphrase: bytes) -> bytes:
    """A key as its file holds it; raises KEY_UNAVAILABLE for a short passphrase."""
    verify_passphrase(passphrase)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )


def decrypted_pem(pem: bytes, passphrase: bytes, path: Path) -> PrivateKeyTypes:
    """The key of a file's PEM; raises KEY_UNAVAILABLE with the file's path."""
    try:
        return serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if not pem.strip():
            raise empty(path) from None
        if b"ENCRYPTED" not in pem:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected {path} to be an encrypted private key in PEM, and this one is not "
                f"encrypted or no key: `openssl pkcs8 -topk8 -in {path}` encrypts one"
            ) from None
        # Of the wrong passphrase and of a broken file the library says the same: nothing certain.
        # A keyboard of another layout is the most usual cause of such letters.
        foreign = (
            ""
            if passphrase.isascii()
            else (
                ". The passphrase that was given has letters beside those of ASCII: look at the "
                "keyboard's layout, and at the encoding of its file"
            )
        )
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected {path} to be an encrypted private key that the passphrase opens; the "
            f"passphrase is another, or the file is damaged{foreign}"
        ) from None


def empty(path: Path) -> ExchangeError:
    """The error for a key file without a key."""
    return Reason.KEY_UNAVAILABLE.error(f"{path} is empty: its writing was cut short")
