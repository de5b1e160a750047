"""Backups under a passphrase: one file, read and written in pieces, that cannot be cut or mixed.

    b"exchange-backup 1\\n", 16 bytes of salt, then pieces of 1 MiB, each with a tag of 16 bytes

The key is scrypt's of passphrase and salt; each piece is AES-256-GCM, whose nonce is the number of
the piece and one byte that says if it is the last. So a piece that is left out, doubled, moved or
changed is found, and so is an end that is missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from exchange_protocol.errors import ExchangeError, Reason

MAGIC: Final = b"exchange-backup 1\n"
_SALT: Final = 16
_COST: Final = 2**17
"""Cost of scrypt: 128 MiB and some tenths of a second for each guess at the passphrase."""
_PIECE: Final = 1024 * 1024
_TAG: Final = 16


def is_encrypted(file: Path) -> bool:
    """True if a backup is under a passphrase."""
    with file.open("rb") as source:
        return source.read(len(MAGIC)) == MAGIC


def encrypt(source: BinaryIO, target: BinaryIO, passphrase: bytes) -> None:
    """Write what is read, encrypted."""
    salt = os.urandom(_SALT)
    target.write(MAGIC + salt)
    cipher = _cipher(passphrase, salt)
    for nonce, piece in _pieces(source, _PIECE):
        target.write(cipher.encrypt(nonce, piece, MAGIC))


def decrypt(source: BinaryIO, target: BinaryIO, passphrase: bytes) -> None:
    """Write what is read, decrypted; raises CONFIG_INVALID for another passphrase, or damage."""
    head = source.read(len(MAGIC) + _SALT)
    if len(head) != len(MAGIC) + _SALT or not head.startswith(MAGIC):
        raise _refused()
    cipher = _cipher(passphrase, head[len(MAGIC) :])
    for nonce, piece in _pieces(source, _PIECE + _TAG):
        try:
            target.write(cipher.decrypt(nonce, piece, MAGIC))
        except InvalidTag:
            raise _refused() from None


def _pieces(source: BinaryIO, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Each piece with its nonce; an empty file is one empty piece."""
    number, piece = 0, source.read(size)
    while True:
        after = source.read(size)
        yield number.to_bytes(11, "big") + bytes([not after]), piece
        if not after:
            return
        number, piece = number + 1, after


def _cipher(passphrase: bytes, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt, length=32, n=_COST, r=8, p=1).derive(passphrase))


def _refused() -> ExchangeError:
    return Reason.CONFIG_INVALID.error(
        "the backup does not open: it is under another passphrase, or it is damaged or cut; try "
        "the passphrase of the day on which it was made, or another backup"
    )
