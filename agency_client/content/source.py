"""The bytes of a file that is read twice: once to check all of it, once to send it.

A file is not held in memory. The bytes that are sent must be those that were checked, so the second
reading is compared with the first by SHA-256. A source that cannot be read twice, such as a pipe,
is held in memory within a bound.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from exchange_protocol.errors import Reason

MAX_HELD_BYTES: Final = 64 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that is in memory alone, such as one that came through a form."""

    name: str
    """Its name in errors, as its owner knows it."""
    data: bytes = field(repr=False)


GivenFile: TypeAlias = str | os.PathLike[str] | HeldFile
"""A file by its path, or one that is held."""


class Source:
    """A file's bytes, the same at every reading."""

    def __init__(self, given: GivenFile) -> None:
        self._held: bytes | None = None
        self._digest: bytes | None = None
        if isinstance(given, HeldFile):
            self.path, self._held = Path(given.name), given.data
            return
        self.path = Path(given)
        with self._readable():
            status = self.path.stat()
            if stat.S_ISDIR(status.st_mode):
                raise Reason.DOCUMENT_INVALID.error(f"expected {self.path} to be a file")
            if not stat.S_ISREG(status.st_mode):
                self._held = self._hold()

    def __str__(self) -> str:
        return str(self.path)

    @property
    def sha256(self) -> bytes | None:
        """SHA-256 of the bytes; None before they were read."""
        return self._digest

    @contextmanager
    def open(self) -> Iterator[io.BufferedReader]:
        """Read the bytes; when the block ends well, all were read, and are those of before.

        Raises:
            InvalidInput: DOCUMENT_INVALID, if the file cannot be read or has changed.
        """
        with self._readable():
            raw = io.BytesIO(self._held) if self._held is not None else self.path.open("rb")
            with raw:
                reading = _Hashing(raw)
                yield io.BufferedReader(reading, _CHUNK)
                if raw.read(1):
                    raise ValueError("the file was not read to its end")
                digest = reading.digest()
        if self._digest is not None and digest != self._digest:
            raise Reason.DOCUMENT_INVALID.error(
                f"{self.path} was changed while it was read; nothing was sent: send it again"
            )
        self._digest = digest

    def _hold(self) -> bytes:
        with self.path.open("rb") as file:
            data = file.read(MAX_HELD_BYTES + 1)
        if len(data) > MAX_HELD_BYTES:
            raise Reason.DOCUMENT_INVALID.error(
                f"{self.path}: expected at most {MAX_HELD_BYTES} bytes from what is no regular "
                "file; save it as a file first"
            )
        return data

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Reason.DOCUMENT_INVALID.error(
                f"cannot read {self.path}: {error.strerror}"
            ) from None


class _Hashing(io.RawIOBase):
    """Reads through, and hashes what goes by."""

    def __init__(self, raw: io.BufferedIOBase) -> None:
        self._raw = raw
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = self._raw.readinto(buffer)
        self._hash.update(memoryview(buffer)[:count])
        return count

    def digest(self) -> bytes:
        """SHA-256 of what was read."""
        return self._hash.digest()
