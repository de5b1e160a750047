"""Writes the log as static files that C2SP tools read (tlog-tiles): anyone may mirror them.

    checkpoint                      signed note, with the lines of the witnesses that cosigned it
    tile/<L>/<N>[.p/<W>]            hashes of the tree
    tile/entries/<N>[.p/<W>]        what the leaves hash: bytes that say nothing without an opening

Rules of this module:

- One moment of the database is written, as its newest checkpoint says; a hub may go on meanwhile.
- The checkpoint comes last, and every file whole or not at all: whoever reads at any time finds a
  checkpoint whose tiles are there.
- A directory is only ever extended. One that holds another log, a larger one or one that this log
  does not extend is refused and left as it is: it may be the evidence of a split view.
- A tile that was written before is compared and not written again: a full tile never changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from exchange_files import PUBLIC, replace_file, sync_folder, writing
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.merkle import tree_root
from exchange_protocol.log.notes import SignedNote
from exchange_protocol.log.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    TileReader,
    encode_entry_bundle,
    entries_path,
    tile_path,
)
from exchange_server.ledger.log_keys import followed
from exchange_server.storage.cosignature_rows import read_cosignatures
from exchange_server.storage.engine import reading
from exchange_server.storage.log_rows import Head, read_head, read_leaf_data, read_tiles

CHECKPOINT = "checkpoint"
_HASH_BYTES = 32
_TILES_AT_ONCE = 64
_MAX_NOTE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ExportedLog:
    """The result of an export."""

    size: int
    """Entries of the log."""
    written: int
    """Files that are new, the checkpoint aside."""
    kept: int
    """Files that were there and are the same."""
    cosignatures: int
    """Witnesses whose lines the checkpoint carries."""


def export_log(engine: Engine, log: LogVerifier, folder: Path) -> ExportedLog:
    """Write the log into a folder, or extend the folder to the log; memory does not grow with it.

    Raises:
        InvalidInput: CONFIG_INVALID, if the folder holds anything but an earlier state of this log.
    """
    with reading(engine) as connection:
        head = read_head(connection)
        if head is None:
            raise Reason.CONFIG_INVALID.error(
                "expected a log; no hub has begun one in this database"
            )
        log = followed(connection, log)
        verified = log.verify(head.note)
        if (verified.size, verified.root) != (head.size, head.root):
            raise Reason.INTERNAL.error(
                "the head of the log is not what its checkpoint says: run `exchange-server fsck`"
            )
        _check_extends(connection, log, head, folder)
        export = _Export(folder)
        export.write_tiles(connection, head.size)
        export.write_bundles(connection, head.size)
        note = _cosigned(connection, head)
        export.sync()
        replace_file(folder / CHECKPOINT, note.encode(), mode=PUBLIC)
    witnesses = sum(not log.is_own(each) for each in note.signatures)
    return ExportedLog(head.size, export.written, export.kept, witnesses)


@dataclass
class _Export:
    folder: Path
    written: int = 0
    kept: int = 0
    _folders: set[Path] = field(default_factory=set)

    def write_tiles(self, connection: Connection, size: int) -> None:
        level, hashes = 0, size
        while hashes:
            tiles = -(-hashes // TILE_WIDTH)
            for first in range(0, tiles, _TILES_AT_ONCE):
                indexes = range(first, min(first + _TILES_AT_ONCE, tiles))
                rows = read_tiles(connection, [(level, index) for index in indexes])
                for index in indexes:
                    width = min(TILE_WIDTH, hashes - index * TILE_WIDTH)
                    # A row may have grown beyond this checkpoint's tree: the tile is its prefix.
                    data = rows.get((level, index), b"")[: width * _HASH_BYTES]
                    if len(data) != width * _HASH_BYTES:
                        raise Reason.INTERNAL.error(
                            f"tile {index} of level {level} is damaged: run `exchange-server fsck`"
                        )
                    self._write(tile_path(level, index, width), data)
            level, hashes = level + 1, hashes >> TILE_HEIGHT

    def write_bundles(self, connection: Connection, size: int) -> None:
        for start in range(0, size, TILE_WIDTH):
            stop = min(start + TILE_WIDTH, size)
            data = read_leaf_data(connection, start, stop)
            if len(data) != stop - start:
                raise Reason.INTERNAL.error(
                    f"entries between {start} and {stop} are missing: run `exchange-server fsck`"
                )
            path = entries_path(start // TILE_WIDTH, stop - start)
            self._write(path, encode_entry_bundle(data))

    def _write(self, path: str, data: bytes) -> None:
        file = self.folder / path
        if file.is_file():
            if file.read_bytes() != data:
                raise Reason.CONFIG_INVALID.error(
                    f"{file} differs from the log's: it was changed since it was written, or the "
                    "log was. Keep it as evidence and export into a new directory"
                )
            self.kept += 1
            return
        with writing(file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, data, mode=PUBLIC, sync_name=False)
        self._folders.add(file.parent)
        self.written += 1

    def sync(self) -> None:
        """Make the names of all files durable, before a checkpoint says that they are there."""
        for folder in self._folders:
            sync_folder(folder)


def _check_extends(connection: Connection, log: LogVerifier, head: Head, folder: Path) -> None:
    """Check that the log of a folder is a prefix of this one, or that there is none."""
    file = folder / CHECKPOINT
    if not file.exists():
        others = folder.is_dir() and any(not each.name.startswith(".") for each in folder.iterdir())
        if others and not (folder / "tile").is_dir():
            raise Reason.CONFIG_INVALID.error(
                f"expected {folder} to be empty or to hold this log, it holds other files"
            )
        return
    before = _read_checkpoint(log, file)
    if before.size > head.size:
        raise Reason.CONFIG_INVALID.error(
            f"{folder} holds {before.size} entries of this log, the database only {head.size}: it "
            "lost entries, or is an old copy (docs/witnesses.md)"
        )
    root = tree_root(before.size, TileReader(partial(read_tiles, connection)))
    if root != before.root:
        raise Reason.CONFIG_INVALID.error(
            f"{folder} holds a checkpoint of {before.size} entries that this log does not extend: "
            "the log was written anew. Keep it, it is evidence (`agency audit prove-split-view`)"
        )


def _read_checkpoint(log: LogVerifier, file: Path) -> Checkpoint:
    with file.open("rb") as stream:
        note = stream.read(_MAX_NOTE_BYTES)
    try:
        return log.verify(note)
    except ExchangeError as error:
        raise Reason.CONFIG_INVALID.error(
            f"expected {file} to be of the log {log.origin}: {error.message}"
        ) from error


def _cosigned(connection: Connection, head: Head) -> SignedNote:
    """The head's note with the lines of the witnesses that cosigned this very checkpoint."""
    note = SignedNote.parse(head.note)
    lines = dict.fromkeys(note.signatures)
    for row in read_cosignatures(connection):
        cosigned = SignedNote.parse(row.note)
        if row.tree_size == head.size and cosigned.text == note.text:
            lines.update(dict.fromkeys(cosigned.signatures))
    return SignedNote(note.text, tuple(lines))
