"""Reading files that people and other programs wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Final

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
        InvalidInput: DOCUMENT_INVALID, for a longer one.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Reason.DOCUMENT_INVALID.error(f"expected at most {most} bytes in {path}, got more")
    return data


def without_bom(data: bytes, path: Path, reason: Reason) -> bytes:
    """Text without the byte order mark that some editors put before UTF-8.

    Raises `reason` for UTF-16, by that name.
    """
    if data.startswith(_UTF16_MARKS):
        raise reason.error(
            f"{path} begins with a byte order mark of UTF-16; expected text in UTF-8: save it so"
        )
    return data.removeprefix(_UTF8_MARK)
