"""A copy of a hub's SQLite database as a source for an audit: read with SQL alone, never written.

The auditor needs no part of the hub to check its copy. It reads, table by table:

    log_head      every column                             the signed checkpoint
    log_entries   idx, entry, nonce, leaf_hash             every leaf, with what opens it
                  payload, certificate_sha256, signature   the statement of an entry
                  sealed                                   the sealed bytes beside it, by digest
    log_tiles     level, idx, hashes                       the Merkle tree as the hub serves it
    exchanges     every column                             what the hub lists exchanges by
    legs          every column                             the hub's projection of every exchange
    parts, part_chunks                                     sealed bytes that were uploaded before

and, beside these, the columns that the hub finds rows by: each must say what the signed bytes say.

Left out: `feed`, `parties`, `deliveries` and `directory_entries`, which the hub makes anew from the
log and its own check compares; `cosignatures`, which whoever relies on them verifies by the
witness's key; `staged_parts`, which no statement has claimed yet; bytes of the file that hold no
row; and whether the copy is the newest.
Content that a notice on the log erased is absent and no fault. Content that is absent without such
a notice, or there in spite of one, is a fault of the copy, as content of another digest is.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from agency_client.audit.copy_checks import CopyChecks, blob, damaged, fault, microseconds
from agency_client.audit.report import Violation
from agency_client.audit.source import AuditedLeaf
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.merkle import HASH_SIZE
from exchange_protocol.log.succession import Succession
from exchange_protocol.log.tiles import TILE_WIDTH, TileId, TreeEdge
from exchange_protocol.record.entries import CommitmentOpening, Entry
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.signed_statements import SignedStatement, batch_of
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.envelope import PAYLOAD_TYPE

_ENTRIES = """
    SELECT idx, entry, nonce, leaf_hash, event, actor_agency, exchange_id, payload_sha256,
           payload, certificate_sha256, signature, batch, statement_id, kind, urgency,
           legs, supervisors, EXISTS (SELECT 1 FROM parts WHERE log_index = idx), {second_signature}
    FROM log_entries WHERE idx < ? ORDER BY idx
"""
_OF_STATEMENTS: Final = (
    "statement_id",
    "kind",
    "urgency",
    "certificate_sha256",
    "signature",
    "batch",
    "post_quantum_signature",
    "sealed",
)
"""Columns of log_entries that entries of statements alone have."""
_NO_TABLES = """
    SELECT type, name FROM sqlite_schema WHERE type = 'view' OR (type = 'table' AND rootpage = 0)
"""
_LOG_KEYS = "SELECT idx, payload FROM log_entries WHERE kind = 'publish_log_key' ORDER BY idx"
_SIGNED_HEAD = "SELECT size, root, note FROM log_head"
_HEAD = "SELECT id, last_time, directory_size FROM log_head"
_HEAD_ID = 1
_TILES_AT_ONCE = 4
TAKE_AGAIN = (
    "Take the copy again, with `exchange-server backup`, or from a hub that is stopped; "
    "a file that was copied while the hub ran needs its -wal file of the same moment"
)
"""Advice for a copy that does not fit together."""


_URL: Final = re.compile(r"[a-z][a-z0-9+]*:/+[^/]*@|postgres(?:ql)?(?:\+[a-z0-9]+)?:/")
_OF_POSTGRESQL: Final = (
    "copy it into a file of SQLite with `exchange-server copy-database sqlite:///FILE`, and give "
    "that"
)
_DUMPS: Final = re.compile(rb"PGDMP|\s*(?:--\s*)*-- PostgreSQL database")

_OTHER_FILES: Final = {
    b"PRAGMA foreign_keys": "a dump of SQLite (load it with `sqlite3 NEW.db < DUMP` first)",
    b"BEGIN TRANSACTION;": "a dump of SQLite (load it with `sqlite3 NEW.db < DUMP` first)",
    b"\x37\x7f\x06\x82": "a write-ahead log without its database (copy both, at one moment)",
    b"\x37\x7f\x06\x83": "a write-ahead log without its database (copy both, at one moment)",
    b"\x1f\x8b": "a compressed file (unpack it first)",
    b"\xfd7zXZ": "a compressed file (unpack it first)",
    b"(\xb5/\xfd": "a compressed file (unpack it first)",
    b"PK\x03\x04": "an archive (unpack it first)",
}
"""First bytes of files that are made of a database, with what they are."""
_LONGEST_START: Final = max(map(len, _OTHER_FILES))


class DatabaseCopy:
    """One copy of a hub's SQLite database, opened read-only; a `LogSource`."""

    def __init__(self, path: Path, log: LogVerifier) -> None:
        """Open the copy and verify its checkpoint.

        Raises:
            InvalidInput: DOCUMENT_INVALID, if there is no such file; COPY_UNUSABLE, if it cannot be
                read as a hub's database, or its head is not signed by the log's key.
        """
        if _URL.match(str(path)):
            # It is not repeated: it may hold a password.
            raise Reason.DOCUMENT_INVALID.error(
                f"expected a database file of SQLite, got the URL of a server: {_OF_POSTGRESQL}"
            )
        if not path.is_file():
            raise Reason.DOCUMENT_INVALID.error(f"expected a database file, there is none: {path}")
        if what := _other_file(path):
            raise Reason.DOCUMENT_INVALID.error(
                f"expected a database file of SQLite, got {what}, {path}"
            )
        if _is_dump(path):
            raise Reason.DOCUMENT_INVALID.error(
                f"expected a database file of SQLite, got a dump of PostgreSQL, {path}: restore it "
                f"with `exchange-server restore`, and then {_OF_POSTGRESQL}"
            )
        with ExitStack() as stack:
            self._connection = _open(path, stack)
            try:
                heads = self._connection.execute(_SIGNED_HEAD).fetchall()
                # A copy of an older hub lacks columns: nothing is wrong with it.
                has_second = "post_quantum_signature" in self._columns("log_entries")
                second = "post_quantum_signature" if has_second else "NULL"
                self._entries = _ENTRIES.format(second_signature=second)
                self._connection.execute(self._entries, (0,)).fetchall()
            except sqlite3.Error as error:
                raise _unusable(f"it does not read as a hub's database: {error}") from None
            if len(heads) != 1:
                raise _unusable(f"expected one log head, got {len(heads)}")
            [(self._size, self._root, note)] = heads
            self._checkpoint = _verified(self._connection, log, note)
            self._note = blob(note)
            self._checks = stack.enter_context(closing(CopyChecks(self._connection)))
            self._stack = stack.pop_all()
        self._path, self._head = path, heads
        self._found: list[Violation] = []
        self._joined = (0, 0)
        """Exchanges and rows of their legs that were checked elsewhere."""

    def _columns(self, table: str) -> set[str]:
        return {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint in the log's head, its signature verified."""
        return self._checkpoint

    @property
    def note(self) -> bytes:
        """The signed note in the log's head."""
        return self._note

    @property
    def is_copy(self) -> bool:
        """True: whoever had the copy can have changed it."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def leaves(self, start: int) -> Iterable[AuditedLeaf]:
        """Every leaf of the checkpoint; faults of columns and tiles are kept for `check_rest`."""
        if start:
            raise ValueError("a copy is checked as a whole: any row of it may have changed")
        self._found.clear()
        self._joined = (0, 0)
        tiles = _TileCheck(self._connection)
        expected = 0
        try:
            for row in self._connection.execute(self._entries, (self._checkpoint.size,)):
                if row[0] != expected:
                    self._found.append(
                        fault(
                            Reason.ENTRY_MISMATCH,
                            f"entry {expected}: expected it after the one before, got {row[0]}",
                            expected,
                        )
                    )
                    return
                leaf = _leaf(expected, row)
                self._found += tiles.add(leaf.leaf_hash)
                expected += 1
                yield leaf
            self._found += tiles.finish(self._checkpoint.size)
        except sqlite3.Error as error:
            self._found.append(damaged(error, expected))

    def begin(self, state: ReplayState) -> None:
        """Begin before the first leaf."""
        self._checks.begin(state)

    def check_leaf(self, index: int, leaf: AuditedLeaf) -> Iterator[Violation]:
        """The columns that the hub finds the entry and its statement by, and the sealed parts."""
        return self._checks.check_leaf(index, leaf)

    def check_rest(self, state: ReplayState | None) -> Iterator[Violation]:
        """The tables beside the leaves; `state` is what the replay made, None if it stopped."""
        yield from self._found
        if (self._size, self._root) != (self._checkpoint.size, self._checkpoint.root):
            yield fault(
                Reason.PROOF_INVALID, "log_head has another size or root than its signed checkpoint"
            )
        try:
            yield from self._check_counts()
            if state is not None:
                yield from self._check_head()
                yield from self._checks.check_state(state)
                exchanges, legs = self._joined
                exchanges += len(state.exchanges)
                yield from self._check_off_log(exchanges, legs + self._checks.rows_of_legs)
            yield from self._check_file()
        except sqlite3.Error as error:
            yield damaged(error, None)

    def shard_opener(self) -> CopyOpener:
        """Give what opens the checks of one shard, over a connection of its own."""
        return CopyOpener(self._path, self._head)

    def join(self, last: Entry | None, exchanges: int, rows_of_legs: int) -> None:
        """Take the last entry and the counts of all shards."""
        self._joined = (exchanges, rows_of_legs)
        self._checks.last = last

    def newest_directory(self) -> None:
        """No directory: a copy shows every entry to whoever has it."""

    def _check_counts(self) -> Iterator[Violation]:
        [(beyond,)] = self._connection.execute(
            "SELECT count(*) FROM log_entries WHERE idx >= ?", (self._checkpoint.size,)
        )
        [(stray,)] = self._connection.execute(
            "SELECT count(*) FROM parts p LEFT JOIN log_entries e ON e.idx = p.log_index "
            "WHERE e.payload IS NULL"
        )
        of_statements = ", ".join(self._checks.columns_there("log_entries", _OF_STATEMENTS))
        [(alone,)] = self._connection.execute(
            "SELECT count(*) FROM log_entries "  # noqa: S608 -- names of our own columns
            f"WHERE payload IS NULL AND coalesce({of_statements}) IS NOT NULL"
        )
        if alone:
            yield fault(
                Reason.ENTRY_MISMATCH, f"{alone} entries have columns of a statement, and have none"
            )
        if beyond:
            yield fault(Reason.ENTRY_MISMATCH, f"{beyond} entries are beyond the signed checkpoint")
        if stray:
            yield fault(
                Reason.ENTRY_MISMATCH, f"{stray} sealed parts do not belong to the entry they name"
            )

    def _check_file(self) -> Iterator[Violation]:
        """The file's own structure: a torn copy may be whole where this check reads."""
        [(found,)] = self._connection.execute("PRAGMA integrity_check(1)")
        if found != "ok":
            yield fault(
                Reason.ENTRY_MISMATCH, f"the database file is damaged: {' '.join(found.split())}"
            )

    def _check_off_log(self, exchanges: int, legs: int) -> Iterator[Violation]:
        for table, expected in (("exchanges", exchanges), ("legs", legs)):
            [(count,)] = self._connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
            if count > expected:
                yield fault(
                    Reason.RULE_BROKEN, f"{count - expected} rows of {table} are off the log"
                )

    def _check_head(self) -> Iterator[Violation]:
        last = self._checks.last
        made = (microseconds(last.hub_time), last.directory_size) if last else (None, 0)
        if self._connection.execute(_HEAD).fetchall() != [(_HEAD_ID, *made)]:
            yield fault(
                Reason.ENTRY_MISMATCH, "log_head has another time or directory than the last entry"
            )


@dataclass(frozen=True)
class CopyOpener:
    """Opens the checks of some exchanges of a copy."""

    path: Path
    head: list[tuple[Any, ...]]
    """The head as it was read; a copy that is written meanwhile is not divided."""

    @contextmanager
    def open(self) -> Iterator[CopyChecks]:
        """Open the same copy; raises `sqlite3.Error` if it is not the same any more."""
        with ExitStack() as stack:
            connection = _open(self.path, stack)
            if connection.execute(_SIGNED_HEAD).fetchall() != self.head:
                raise sqlite3.DatabaseError("the copy has changed since it was opened")
            yield stack.enter_context(closing(CopyChecks(connection)))


class _TileCheck:
    """Compares the stored tiles with those that the leaf hashes make, a few tiles at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.edge = TreeEdge()
        self._batch: list[bytes] = []

    def add(self, leaf_hash: bytes) -> list[Violation]:
        self._batch.append(leaf_hash)
        return self._grow() if len(self._batch) == _TILES_AT_ONCE * TILE_WIDTH else []

    def finish(self, size: int) -> list[Violation]:
        found = self._grow()
        for (level, index), hashes in self.edge.tiles.items():
            found += self._compare((level, index), hashes)
        [(count,)] = self.connection.execute("SELECT count(*) FROM log_tiles")
        expected, level_size = 0, size
        while level_size:
            expected += -(-level_size // TILE_WIDTH)
            level_size //= TILE_WIDTH
        if count != expected and self.edge.size == size:
            found.append(fault(Reason.PROOF_INVALID, f"expected {expected} tiles, got {count}"))
        return found

    def _grow(self) -> list[Violation]:
        if not self._batch:
            return []
        growth = self.edge.append_many(self._batch)
        self.edge, self._batch = growth.edge, []
        found = []
        for tile, hashes in growth.tiles.items():
            if tile not in self.edge.tiles:
                found += self._compare(tile, hashes)
        return found

    def _compare(self, tile: TileId, hashes: bytes) -> list[Violation]:
        level, index = tile
        row = self.connection.execute(
            "SELECT hashes FROM log_tiles WHERE level = ? AND idx = ?", tile
        ).fetchone()
        stored = blob(row[0]) if row else b""
        if stored == hashes:
            return []
        at = next(
            (i for i in range(0, len(hashes), 32) if stored[i : i + 32] != hashes[i : i + 32]),
            len(hashes),
        )
        first = (index * TILE_WIDTH + at // 32) * TILE_WIDTH**level
        return [
            fault(
                Reason.PROOF_INVALID,
                f"tile {index} of level {level} differs from the entries, from entry {first} on",
                first if level == 0 else None,
            )
        ]


def _other_file(path: Path) -> str | None:
    """The name of a file that was made of a database and is none, such as a dump."""
    try:
        with path.open("rb") as file:
            start = file.read(_LONGEST_START)
    except OSError:
        return None  # Why it cannot be read, SQLite says.
    return next((what for first, what in _OTHER_FILES.items() if start.startswith(first)), None)


def _is_dump(path: Path) -> bool:
    """True for what pg_dump writes, as text or in its own format."""
    try:
        with path.open("rb") as file:
            return _DUMPS.match(file.read(256)) is not None
    except OSError:
        return False  # Why it cannot be read, SQLite says.


def _open(path: Path, stack: ExitStack) -> sqlite3.Connection:
    """Open a copy to read it, at one moment even where a hub goes on writing.

    Evidence stays as it is: without a write-ahead log beside it nothing is read but the file, and
    SQLite makes no lock or index file either. On a medium that cannot be written, nobody writes the
    write-ahead log: it is read without locks, and its index is kept in memory.
    """
    path = path.resolve()
    ahead = path.with_name(path.name + "-wal")
    try:
        _check_no_journal(path)
        if not ahead.exists():
            return _connect(path, "mode=ro&immutable=1", stack)
        if os.access(path.parent, os.W_OK):
            return _connect(path, "mode=ro", stack)
        return _connect(path, "mode=ro&vfs=unix-none", stack)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # SQLite's own message quotes the damaged schema, which may be no text.
        raise _unusable(f"it does not read as a hub's database: {error}") from None
    except OSError as error:
        raise Reason.DOCUMENT_INVALID.error(
            f"cannot read {error.filename or path}: {error.strerror}"
        ) from None


def _check_no_journal(path: Path) -> None:
    """Refuse a file beside a journal by which a change that was not finished is undone.

    Without write access SQLite cannot undo it, and takes half of a change for what was there.
    """
    journal = path.with_name(path.name + "-journal")
    if not journal.exists():
        return
    with journal.open("rb") as file:
        # A journal that is done with is empty, or begins with zeros.
        is_needed = file.read(1) not in (b"", b"\0")
    if is_needed:
        raise _unusable(
            f"the rollback journal {journal.name} lies beside it, so the file was copied in the "
            "middle of a change. Opened once with `sqlite3`, a copy of both undoes that change"
        )


def _connect(path: Path, mode: str, stack: ExitStack) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None)
    stack.enter_context(closing(connection))
    connection.text_factory = methodcaller("decode", "utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    # SQLite keeps the index in memory where no other process may share it.
    if "unix-none" in mode:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN")
    # The moment is that of the first read. What is computed may change from one to the next, or
    # never end: a file in the hands of others is read where it holds rows, and nothing else.
    computed = connection.execute(_NO_TABLES).fetchone()
    if computed is not None:
        raise _unusable(
            f"a hub's database has tables of rows alone, and this one has the {computed[0]} "
            f"{computed[1]!r}, which computes what it shows"
        )
    return connection


def _verified(connection: sqlite3.Connection, log: LogVerifier, note: object) -> Checkpoint:
    """Verify the head by the keys that the log names; the replay judges who published them."""
    try:
        found = []
        for index, payload in connection.execute(_LOG_KEYS).fetchall():
            body = parse_statement(blob(payload)).body
            if isinstance(body, PublishLogKey):
                found.append(Succession(body.predecessor, body.successor, index + 1))
        return log.following(found).verify(blob(note))
    except (sqlite3.Error, ExchangeError) as error:
        said = error.message if isinstance(error, ExchangeError) else str(error)
        raise _unusable(
            f"its head is not signed by the key of the log {log.origin}, which may be another "
            f"log's key than this database's: {said}"
        ) from None


def _unusable(why: str) -> ExchangeError:
    return Reason.COPY_UNUSABLE.error(
        f"the copy cannot be checked, which says nothing of the hub: {why}. {TAKE_AGAIN}"
    )


def _leaf(index: int, row: Sequence[Any]) -> AuditedLeaf:
    entry, nonce, leaf_hash = blob(row[1]), blob(row[2]), blob(row[3])
    if len(leaf_hash) != HASH_SIZE:
        raise sqlite3.DataError(f"expected a hash of {HASH_SIZE} bytes, got {len(leaf_hash)}")
    signed = None
    if row[8] is not None:
        try:
            batch = batch_of(blob(row[11]))
        except ExchangeError as error:
            unread = Reason.ENTRY_MISMATCH.error(f"entry {index}: it does not parse: {error}")
            return AuditedLeaf(leaf_hash, None, unread)
        payload, certificate, signature = blob(row[8]), blob(row[9]), blob(row[10])
        second = b"" if row[18] is None else blob(row[18])
        if row[18] is not None and not second:
            raise sqlite3.DataError("expected a second signature or NULL, got no bytes")
        signed = SignedStatement(PAYLOAD_TYPE, payload, certificate, signature, batch, second)
    return AuditedLeaf(
        leaf_hash,
        CommitmentOpening(entry, nonce, signed),
        beside=(row[4:8], row[12:15], row[15:17], row[17]),
    )
