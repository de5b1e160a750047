"""One statement of the outbox as a folder: built, made durable, loaded.

    <id>/statement, parts/<name>, order

A folder is made beside the outbox and moved in when it is whole (`outbox`). Sealed content and the
signed statement alone are kept in it: no plaintext ever touches the disk.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError

from exchange_files import make_folder, read_file, sync_folder, write_inside
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.signed_statements import (
    SignedStatement,
    encode_signed_statement,
    parse_signed_statement,
)
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.v1 import statement_pb2

IS_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The form of a statement's id, and so of the name of its folder."""
_FILE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """A statement of the outbox, as it was signed, with the files of its sealed parts."""

    signed: SignedStatement
    statement: Statement
    folder: Path

    def part_path(self, name: str) -> Path:
        """The file of a part's sealed bytes."""
        return self.folder / "parts" / name


class Staging:
    """A statement under construction: its sealed parts go to disk one by one."""

    def __init__(self, folder: Path, order: int) -> None:
        self._folder = folder
        make_folder(folder / "parts")
        write_inside(folder / "order", str(order).encode())

    def add_part(self, name: str, sealed: bytes) -> bytes:
        """Keep the sealed bytes of a part; gives their SHA-256. Raises INVALID_FIELD."""
        _check_file_name(name, "parts")
        write_inside(self._folder / "parts" / name, sealed)
        return hashlib.sha256(sealed).digest()

    def finish(self, signed: SignedStatement) -> None:
        """Keep the signed statement, and make all of it durable."""
        data = encode_signed_statement(signed).SerializeToString(deterministic=True)
        write_inside(self._folder / "statement", data)
        sync_folder(self._folder / "parts")
        sync_folder(self._folder)


class StagedBatch:
    """Statements under construction, which come into the outbox together."""

    def __init__(self, folder: Path, orders: Iterator[int]) -> None:
        self._folder = folder
        self._orders = orders
        self.folders: list[Path] = []

    def add(self, statement_id: str) -> Staging:
        """Begin one more; raises INVALID_FIELD for an id that is no file name."""
        _check_file_name(statement_id, "id")
        folder = self._folder / statement_id
        staging = Staging(folder, next(self._orders))
        self.folders.append(folder)
        return staging


def load_statement(folder: Path, *, is_named: bool = True) -> StoredStatement:
    """The statement in a folder that is named by its id; raises STATEMENT_UNKNOWN for none."""
    data = read_file(folder / "statement")
    if data is None:
        raise Reason.STATEMENT_UNKNOWN.error(f"the outbox holds no statement {folder.name}")
    with readable(folder):
        signed = parse_signed_statement(statement_pb2.SignedStatement.FromString(data))
        statement = parse_statement(signed.payload)
        if is_named and statement.id != folder.name:
            raise ValueError("it holds another statement")
        return StoredStatement(signed, statement, folder)


def order_of(folder: Path) -> int:
    """A statement's place; those of a client that did not count come first, by their ids."""
    with readable(folder):
        return int(read_file(folder / "order") or 0)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Name a damaged file of the outbox in the error: no statement is passed over."""
    try:
        yield
    except (DecodeError, ExchangeError, ValueError, KeyError) as error:
        raise Reason.PROFILE_INVALID.error(
            f"expected {path} as this client wrote it; it was damaged since: "
            f"{type(error).__name__}. Put it back from a backup, or move it out of the profile: "
            "what it says is then lost (a statement that waits is not sent, a receipt is not held "
            "against the hub)"
        ) from error


def _check_file_name(name: str, field: str) -> None:
    """Refuse a name that would lead out of the outbox, before anything is written."""
    if not _FILE_NAME.fullmatch(name):
        raise Reason.INVALID_FIELD.error(
            f"expected a name of a-z, 0-9, '.', '_' and '-', got {name[:64]!r}", field=field
        )
