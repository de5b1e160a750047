"""Reading files that people and other programs wrote."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from exchange_protocol.errors import Reason

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
MOST_GIVEN: Final = 16 * 1024 * 1024
"""Bytes of a file that a person names; certificates, lists and policies have far fewer."""


def read_file(path: Path) -> bytes | None:
    """The bytes of a file, None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def read_given(path: Path, most: int = MOST_GIVEN) -> bytes:
    """Read a file that a person names, within a bound: a device or a pipe may have no end.

    Raises:
        OSError: if it cannot be read.
        InvalidInput: DOCUMENT_INVALID, for a longer one, and for one that changes meanwhile.
    """
    with path.open("rb") as file:
        data = read_steady(file, path, most)
    if len(data) > most:
        raise Reason.DOCUMENT_INVALID.error(f"expected at most {most} bytes in {path}, got more")
    return data


def read_steady(file: BinaryIO, path: Path, most: int) -> bytes:
    """Read an open file to its end, or one byte more than a bound.

    A program may still write it, as a scanner, a browser or a sync program does: half of an old
    file and half of a new one is neither.

    Raises:
        InvalidInput: DOCUMENT_INVALID, if the file changes while it is read.
    """
    before = _state(file)
    data = file.read(most + 1)
    if _state(file) != before:
        raise Reason.DOCUMENT_INVALID.error(
            f"{path} was changed while it was read: wait until the program that writes it has "
            "ended, and repeat the command"
        )
    return data


def _state(file: BinaryIO) -> tuple[int, int] | None:
    """The size and the time of the last change; None of a pipe or a device, which have neither."""
    status = os.fstat(file.fileno())
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def without_bom(data: bytes, path: Path, reason: Reason) -> bytes:
    """Text without the byte order mark that some editors put before UTF-8.

    Raises `reason` for UTF-16 and for DER, by those names.
    """
    if data[:1] == b"0" and data[1:2] > b"\x7f":
        # A sequence of more than 127 bytes; no text in UTF-8 begins so.
        raise reason.error(
            f"{path} is in DER, and PEM is expected: `openssl x509 -inform DER -in FILE -out "
            "FILE.pem` makes it of a certificate, `openssl crl` of a revocation list"
        )
    if data.startswith(_UTF16_MARKS):
        raise reason.error(
            f"{path} begins with a byte order mark of UTF-16; expected text in UTF-8: save it so"
        )
    return data.removeprefix(_UTF8_MARK)
