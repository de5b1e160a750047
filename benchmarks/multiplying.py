"""Grows a log to a million entries and more: copies of real exchanges under other ids, in SQL.

Growth costs in the tables and in the tree: their rows are as many, as large and as spread as those
of exchanges that came over the wire. A copy's payload is the original's and does not match its new
digest, so such a log is there to measure cost on, and none to audit.

Every table with rows of exchanges is copied, column by column by what it holds: a digest, a part's
or an exchange's id is given a new start or end that is the copy's own, and the index of an entry
moves on. The tree is made of the copies' leaf hashes, and its head is signed.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Column, LargeBinary, Table

from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_protocol.log.tiles import TreeEdge, edge_tiles
from exchange_server.storage import columns as c
from exchange_server.storage.engine import open_engine, writing
from exchange_server.storage.log_rows import (
    Head,
    read_head,
    read_tiles,
    update_head,
    write_tiles,
)
from exchange_server.storage.tables import log_entries, metadata
from tests.support.hub_process import HubFiles

_INDEXES = {"idx", "log_index", "statement_index", "entry_index", "initial_index"}
_OF_EXCHANGES = {"exchange_id", "statement_index", "part_id"}
_LOG_TABLES = {"log_head", "log_tiles", "staged_parts"}
_LEAVES_AT_ONCE = 1 << 16
_DIGEST = re.compile('"[0-9a-f]{8}([0-9a-f]{56})"')
"""A digest in hexadecimal, as a leg's record has it."""


def sqlite_file(files: HubFiles) -> Path:
    """The file of a hub's SQLite database."""
    return Path(files.database_url.removeprefix("sqlite:///"))


class Template:
    """A log whose exchanges are copied: a copy of a hub's SQLite file, whole and at rest."""

    def __init__(self, database: Path, file: Path) -> None:
        """Keep the log of `database` in `file`; no hub may be using it."""
        shutil.copyfile(database, file)
        self._file = file
        with closing(sqlite3.connect(file)) as connection:
            [(self._first, last)] = connection.execute(
                "SELECT min(idx), max(idx) FROM log_entries WHERE exchange_id <> ''"
            )
        self.entries: int = last + 1 - self._first
        self._copies = 0

    def multiply(self, database: Path, signer: LogSigner, entries: int) -> None:
        """Copy all exchanges as often as they fit, until the log has at most so many entries."""
        size = _size(database)
        with closing(sqlite3.connect(database)) as connection:
            _make_fast(connection)
            connection.create_function("restarted", 2, _restarted, deterministic=True)
            connection.execute("ATTACH ? AS template", (str(self._file),))
            for start in range(size, entries - self.entries + 1, self.entries):
                self._copies += 1
                values = {"shift": start - self._first, "copy": self._copies}
                for table in _copied_tables():
                    connection.execute(_copy_of(table), _parameters(**values))
            connection.commit()
        _extend_tree(database, signer)


def _copied_tables() -> list[Table]:
    return [
        table
        for table in metadata.sorted_tables
        if table.name not in _LOG_TABLES and not _OF_EXCHANGES.isdisjoint(table.c.keys())
    ]


def _copy_of(table: Table) -> str:
    values = ", ".join(_new_value(table, column) for column in table.columns)
    which = " WHERE exchange_id <> ''" if "exchange_id" in table.c else ""
    return f"INSERT INTO main.{table.name} SELECT {values} FROM template.{table.name}{which}"  # noqa: S608 -- names of our own tables


def _new_value(table: Table, column: Column[object]) -> str:
    name = column.name
    is_entry_position = name == "position" and "entry_index" in table.c
    if name in _INDEXES or is_entry_position:
        return f"{name} + :shift"
    if column.type is c.Digest or (
        isinstance(column.type, LargeBinary) and column.type.length == 16
    ):
        return f"CAST(:start || substr({name}, 5) AS BLOB)"
    if column.type is c.Uuid:
        return f":prefix || substr({name}, 9)"
    if name == "record":
        return f"restarted({name}, :start)"
    return name


def _restarted(record: str, start: bytes) -> str:
    """The record of a leg whose digests have another start."""
    return _DIGEST.sub(f'"{start.hex()}\\1"', record)


def _parameters(shift: int, copy: int) -> dict[str, object]:
    # Spread over the range of digests (Knuth's multiplicative hash), and different in each copy.
    spread = copy * 2_654_435_761 % (1 << 32)
    return {"shift": shift, "start": spread.to_bytes(4, "big"), "prefix": f"{copy:08x}"}


def _make_fast(connection: sqlite3.Connection) -> None:
    """A crash loses only a benchmark's data here."""
    for pragma in ("journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF",
                   "cache_size = -200000", "temp_store = MEMORY"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")


def _size(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        [(size,)] = connection.execute("SELECT size FROM log_head")
    return int(size)


def _extend_tree(database: Path, signer: LogSigner) -> None:
    engine = open_engine(f"sqlite:///{database}")
    try:
        with writing(engine) as connection:
            head = read_head(connection)
            if head is None:
                raise ValueError("expected a log that a hub has begun, got an empty database")
            edge = TreeEdge.from_tiles(head.size, read_tiles(connection, edge_tiles(head.size)))
            query = (
                log_entries.select()
                .with_only_columns(log_entries.c.leaf_hash)
                .where(log_entries.c.idx >= head.size)
                .order_by(log_entries.c.idx)
            )
            for rows in connection.execute(query).partitions(_LEAVES_AT_ONCE):
                growth = edge.append_many([leaf_hash for (leaf_hash,) in rows])
                write_tiles(connection, growth.tiles)
                edge = growth.edge
            root = edge.root()
            note = signer.sign(Checkpoint(signer.origin, edge.size, root))
            update_head(
                connection,
                Head(edge.size, root, note, head.last_time, head.directory_size),
            )
    finally:
        engine.dispose()
