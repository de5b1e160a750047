"""A copy of a hub's SQLite database as a source for an audit: read with SQL alone, never written.

The auditor needs no part of the hub to check its copy. What is read, table by table:

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

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from agency_client.audit.report import Ground, Violation
from agency_client.audit.source import AuditedLeaf
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.merkle import HASH_SIZE
from exchange_protocol.log.succession import Succession
from exchange_protocol.log.tiles import TILE_WIDTH, TileId, TreeEdge
from exchange_protocol.record.entries import CommitmentOpening, Entry, Event, parse_entry
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.access import StatementFacts, is_erased, kept_until
from exchange_protocol.rules.leg_record import encode_record
from exchange_protocol.rules.lifecycle import Exchange, Leg
from exchange_protocol.rules.statements import SignedStatement, Statement, batch_of, parse_statement
from exchange_protocol.trust.envelope import PAYLOAD_TYPE

_ENTRIES = """
    SELECT idx, entry, nonce, leaf_hash, event, actor_agency, exchange_id, payload_sha256,
           payload, certificate_sha256, signature, batch, statement_id, kind, urgency,
           EXISTS (SELECT 1 FROM parts WHERE log_index = idx), {second_signature}
    FROM log_entries WHERE idx < ? ORDER BY idx
"""
_LOG_KEYS = "SELECT idx, payload FROM log_entries WHERE kind = 'publish_log_key' ORDER BY idx"
_SEALED = "SELECT sealed FROM log_entries WHERE idx = ?"
_WITH_CONTENT = """
    SELECT idx, payload_sha256 FROM log_entries e WHERE payload IS NOT NULL
    AND (sealed IS NOT NULL OR EXISTS (SELECT 1 FROM parts p WHERE p.log_index = e.idx))
"""
_PARTS = "SELECT name, part_id FROM parts WHERE log_index = ?"
_CHUNKS = "SELECT seq, data FROM part_chunks WHERE part_id = ? ORDER BY seq"
_EXCHANGES = """
    SELECT exchange_id, initial_index, kind, initiator, initiated_at, updated_at, due_at, urgency,
           handling
    FROM exchanges ORDER BY exchange_id
"""
_PARTIES_OF = """
    SELECT idx, payload_sha256, legs, supervisors FROM log_entries
    WHERE statement_id IS NOT NULL OR legs IS NOT NULL OR supervisors IS NOT NULL
"""
_HEAD = "SELECT id, last_time, directory_size FROM log_head"
_HEAD_ID = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TILES_AT_ONCE = 4
TAKE_AGAIN = (
    "Take the copy again, with `exchange-server backup`, or from a hub that is stopped; "
    "a file that was copied while the hub ran needs its -wal file of the same moment"
)
"""Advice for a copy that does not fit together."""
_LEG_COLUMNS = (
    "position",
    "state",
    "awaits",
    "handling",
    "tlp",
    "subject_count",
    "was_released",
    "approvals_required",
    "due_at",
    "approvers",
    "approvals",
    "hidden",
    "record",
    "kept_until",
)


class DatabaseCopy:
    """One copy of a hub's SQLite database, opened read-only; a `LogSource`."""

    def __init__(self, path: Path, log: LogVerifier) -> None:
        """Open the copy and verify its checkpoint.

        Raises:
            InvalidInput: DOCUMENT_INVALID, if there is no such file; COPY_UNUSABLE, if it cannot be
                read as a hub's database, or its head is not signed by the log's key.
        """
        if not path.is_file():
            raise Reason.DOCUMENT_INVALID.error(f"expected a database file, there is none: {path}")
        with ExitStack() as stack:
            self._connection = _open(path, stack)
            try:
                heads = self._connection.execute("SELECT size, root, note FROM log_head").fetchall()
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
            self._stack = stack.pop_all()
        self._found: list[Violation] = []
        self._last: Entry | None = None
        self._exchanges: dict[str, _Opened] = {}
        self._absent: list[_Absent] = []

    def _columns(self, table: str) -> set[str]:
        return {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint in the log's head, its signature verified."""
        return self._checkpoint

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
        self._exchanges.clear()
        self._absent.clear()
        tiles = _TileCheck(self._connection)
        expected = 0
        try:
            for row in self._connection.execute(self._entries, (self._checkpoint.size,)):
                if row[0] != expected:
                    self._found.append(
                        _fault(
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
            self._found.append(_damaged(error, expected))

    def check_leaf(self, index: int, leaf: AuditedLeaf) -> Iterator[Violation]:
        """The columns that the hub finds the entry and its statement by, and the sealed parts."""
        if leaf.opening is None:
            return
        entry_columns, statement_columns, has_uploads = leaf.beside
        signed = leaf.opening.statement
        try:
            entry = parse_entry(leaf.opening.entry)
            statement = parse_statement(signed.payload) if signed else None
        except ExchangeError:
            # The audit of the leaf itself has met the same, or stopped at a worse one before.
            return
        self._last = entry
        if entry.event is not Event.DENIAL and entry.exchange_id in self._exchanges:
            self._exchanges[entry.exchange_id].updated_at = entry.hub_time
        said = (entry.event, entry.actor.agency, entry.exchange_id, entry.payload_digest)
        yield from _check_columns(index, "log_entries", said, entry_columns)
        if statement is not None and signed is not None:
            if signed.certificate_sha256 != entry.certificate_sha256:
                yield _fault(
                    Reason.ENTRY_MISMATCH,
                    f"entry {index}: the certificate beside its statement is not the entry's",
                    index,
                )
            if statement.kind.stage is Stage.INITIAL:
                at = entry.hub_time
                self._exchanges[entry.exchange_id] = _Opened(index, at, at)
            about = (statement.id, statement.kind.value, int(statement.header.urgency))
            yield from _check_columns(index, "log_entries", about, statement_columns)
            yield from self._check_parts(index, statement, has_uploads=bool(has_uploads))

    def check_rest(self, state: ReplayState | None) -> Iterator[Violation]:
        """The tables beside the leaves; `state` is what the replay made, None if it stopped."""
        yield from self._found
        if (self._size, self._root) != (self._checkpoint.size, self._checkpoint.root):
            yield _fault(
                Reason.PROOF_INVALID, "log_head has another size or root than its signed checkpoint"
            )
        try:
            yield from self._check_counts()
            if state is not None:
                yield from self._check_head()
                yield from self._check_exchanges(state.exchanges)
                yield from self._check_statements(state.spoken)
                yield from self._check_erasures(state)
            yield from self._check_file()
        except sqlite3.Error as error:
            yield _damaged(error, None)

    def newest_directory(self) -> None:
        """None: a copy shows every entry to whoever has it."""

    def _check_counts(self) -> Iterator[Violation]:
        [(beyond,)] = self._connection.execute(
            "SELECT count(*) FROM log_entries WHERE idx >= ?", (self._checkpoint.size,)
        )
        [(stray,)] = self._connection.execute(
            "SELECT count(*) FROM parts p LEFT JOIN log_entries e ON e.idx = p.log_index "
            "WHERE e.payload IS NULL"
        )
        [(alone,)] = self._connection.execute(
            "SELECT count(*) FROM log_entries WHERE payload IS NULL AND coalesce(statement_id, "
            "kind, urgency, certificate_sha256, signature, batch, post_quantum_signature, sealed) "
            "IS NOT NULL"
        )
        if alone:
            yield _fault(
                Reason.ENTRY_MISMATCH, f"{alone} entries have columns of a statement, and have none"
            )
        if beyond:
            yield _fault(
                Reason.ENTRY_MISMATCH, f"{beyond} entries are beyond the signed checkpoint"
            )
        if stray:
            yield _fault(
                Reason.ENTRY_MISMATCH, f"{stray} sealed parts do not belong to the entry they name"
            )

    def _check_file(self) -> Iterator[Violation]:
        """The file's own structure: a torn copy may be whole where this check reads."""
        [(found,)] = self._connection.execute("PRAGMA integrity_check(1)")
        if found != "ok":
            yield _fault(
                Reason.ENTRY_MISMATCH, f"the database file is damaged: {' '.join(found.split())}"
            )

    def _check_parts(
        self, index: int, statement: Statement, *, has_uploads: bool
    ) -> Iterator[Violation]:
        """Compare the sealed bytes that are there with the digests that were signed."""
        try:
            found = self._connection.execute(_PARTS, (index,)).fetchall() if has_uploads else ()
            uploaded = dict(found)
            rows = self._connection.execute(_SEALED, (index,)).fetchall()
            if len(rows) != 1:
                # A torn file: its pages list the row, and its tree does not lead to it.
                yield _fault(
                    Reason.ENTRY_MISMATCH,
                    f"entry {index}: expected one row under its number, got {len(rows)}",
                    index,
                )
                return
            [(sealed,)] = rows
            wrong = [name for name in uploaded if statement.part(name) is None]
            start = 0
            for part in statement.parts:
                digest, length = hashlib.sha256(), 0
                if part.name in uploaded:
                    seqs = []
                    for seq, data in self._connection.execute(_CHUNKS, (uploaded[part.name],)):
                        seqs.append(seq)
                        digest.update(_blob(data))
                        length += len(data)
                    if seqs != list(range(len(seqs))):
                        wrong.append(part.name)
                        continue
                elif sealed is None:
                    self._absent.append(_Absent(index, statement.digest, part.name))
                    continue
                else:
                    beside = _blob(sealed)[start : start + part.size]
                    start += part.size
                    digest.update(beside)
                    length = len(beside)
                if (digest.digest(), length) != (part.sha256, part.size):
                    wrong.append(part.name)
            # Nothing but NULL stands beside a statement without parts.
            if sealed is not None and (len(_blob(sealed)) > start or not start):
                wrong.append("beyond the last")
            for name in wrong:
                yield _fault(
                    Reason.PART_MISMATCH,
                    f"entry {index}: the sealed part {name!r} is not the one that was signed",
                    index,
                )
        except sqlite3.Error as error:
            yield _damaged(error, index)

    def _check_erasures(self, state: ReplayState) -> Iterator[Violation]:
        """Content is absent where a notice on the log erased it or its retention has ended."""

        def was_erased(digest: bytes, at: datetime | None = None) -> bool:
            said = state.spoken.get(digest)
            return said is not None and is_erased(state.exchanges[said.exchange_id], said, at)

        now = datetime.now(UTC)
        for index, digest, name in self._absent:
            if not was_erased(digest, now):
                yield _fault(
                    Reason.PART_MISMATCH,
                    f"entry {index}: the sealed part {name!r} is missing; no notice on the log "
                    "erased it, and its retention has not ended",
                    index,
                )
        for index, digest in self._connection.execute(_WITH_CONTENT):
            if was_erased(digest):
                yield _fault(
                    Reason.PART_MISMATCH,
                    f"entry {index}: a notice on the log erased its content, which is still there",
                    index,
                )

    def _check_exchanges(self, exchanges: Mapping[str, Exchange]) -> Iterator[Violation]:
        """The hub's projection: what it lists exchanges by, due times among it, and their legs."""
        # A copy of a hub before retention has no such column.
        known = self._columns("legs")
        wanted = [each for each in _LEG_COLUMNS if each in known or each != "kept_until"]
        columns = ", ".join(wanted)
        query = f"SELECT exchange_id, agency, {columns} FROM legs ORDER BY exchange_id"  # noqa: S608
        # All three in one order: a query for each exchange takes most of the time of this check.
        listed = _RowsInOrder(self._connection.execute(_EXCHANGES))
        legs = _RowsInOrder(self._connection.execute(query))
        counted = 0
        for exchange in exchanges.values():
            if listed.of(exchange.id) != [_exchange_row(exchange, self._exchanges[exchange.id])]:
                yield _fault(
                    Reason.RULE_BROKEN,
                    f"exchange {exchange.id} is stored otherwise than its initial statement says",
                )
            stored = {row[0]: row[1:] for row in legs.of(exchange.id)}
            replayed = {
                leg.agency: _leg_row(position, leg)[: len(wanted)]
                for position, leg in enumerate(exchange.legs)
            }
            counted += len(stored)
            for agency in sorted(stored.keys() | replayed.keys(), key=str):
                if stored.get(agency) != replayed.get(agency):
                    yield _fault(
                        Reason.RULE_BROKEN,
                        f"the leg of {agency} in exchange {exchange.id} is stored otherwise than "
                        "the log makes it",
                    )
        for table, expected in (("exchanges", len(exchanges)), ("legs", counted)):
            [(count,)] = self._connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
            if count > expected:
                yield _fault(
                    Reason.RULE_BROKEN, f"{count - expected} rows of {table} are off the log"
                )

    def _check_head(self) -> Iterator[Violation]:
        last = self._last
        made = (_microseconds(last.hub_time), last.directory_size) if last else (None, 0)
        if self._connection.execute(_HEAD).fetchall() != [(_HEAD_ID, *made)]:
            yield _fault(
                Reason.ENTRY_MISMATCH, "log_head has another time or directory than the last entry"
            )

    def _check_statements(self, facts: Mapping[bytes, StatementFacts]) -> Iterator[Violation]:
        """The columns by which the hub finds who may see a statement."""
        nobody: tuple[str, ...] = ()
        for index, digest, *columns in self._connection.execute(_PARTIES_OF):
            said = facts.get(digest)  # A directory statement has none.
            names = (said.legs, said.supervisors) if said else (nobody, nobody)
            yield from _check_columns(
                index, "log_entries", [_spelled(each) for each in names], columns
            )


class _Absent(NamedTuple):
    """A sealed part that a statement names and the copy does not have."""

    entry: int
    statement: bytes
    """Digest of the statement."""
    name: str


@dataclass
class _Opened:
    """The facts of an exchange that stand in no statement."""

    index: int
    initiated_at: datetime
    updated_at: datetime


class _RowsInOrder:
    """Rows whose first column is a text, in its order; they are asked for in that order."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, key: str) -> list[tuple[Any, ...]]:
        """The rows with this key, without it; those before it belong to nothing and are skipped."""
        found = []
        while self._next is not None and _is_at_most(self._next[0], key):
            if self._next[0] == key:
                found.append(self._next[1:])
            self._next = next(self._rows, None)
        return found


def _is_at_most(stored: object, key: str) -> bool:
    """As SQLite sorts: numbers before all texts, bytes after them; a torn page may hold any."""
    return stored <= key if isinstance(stored, str) else not isinstance(stored, bytes)


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
            found.append(_fault(Reason.PROOF_INVALID, f"expected {expected} tiles, got {count}"))
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
        stored = _blob(row[0]) if row else b""
        if stored == hashes:
            return []
        at = next(
            (i for i in range(0, len(hashes), 32) if stored[i : i + 32] != hashes[i : i + 32]),
            len(hashes),
        )
        first = (index * TILE_WIDTH + at // 32) * TILE_WIDTH**level
        return [
            _fault(
                Reason.PROOF_INVALID,
                f"tile {index} of level {level} differs from the entries, from entry {first} on",
                first if level == 0 else None,
            )
        ]


def _open(path: Path, stack: ExitStack) -> sqlite3.Connection:
    """Open a copy to read it, at one moment even where a hub goes on writing.

    Evidence stays as it is: without a write-ahead log beside it nothing is read but the file, and
    SQLite makes no lock or index file either. On a medium that cannot be written, nobody writes the
    write-ahead log: it is read without locks, and its index is kept in memory.
    """
    path = path.resolve()
    ahead = path.with_name(path.name + "-wal")
    try:
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


def _connect(path: Path, mode: str, stack: ExitStack) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None)
    stack.enter_context(closing(connection))
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    # SQLite keeps the index in memory where no other process may share it.
    if "unix-none" in mode:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN")
    # The moment is that of the first read.
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return connection


def _verified(connection: sqlite3.Connection, log: LogVerifier, note: object) -> Checkpoint:
    """Verify the head by the keys that the log names; the replay judges who published them."""
    try:
        found = []
        for index, payload in connection.execute(_LOG_KEYS).fetchall():
            body = parse_statement(_blob(payload)).body
            if isinstance(body, PublishLogKey):
                found.append(Succession(body.predecessor, body.successor, index + 1))
        return log.following(found).verify(_blob(note))
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


def _fault(reason: Reason, message: str, index: int | None = None) -> Violation:
    return Violation(reason, message, index, Ground.COPY)


def _blob(value: object) -> bytes:
    """Give the bytes of a column; a torn page may hold anything there."""
    if not isinstance(value, bytes):
        raise sqlite3.DataError(f"expected bytes in a column, got {type(value).__name__}")
    return value


def _leaf(index: int, row: Sequence[Any]) -> AuditedLeaf:
    entry, nonce, leaf_hash = (_blob(value) for value in row[1:4])
    if len(leaf_hash) != HASH_SIZE:
        raise sqlite3.DataError(f"expected a hash of {HASH_SIZE} bytes, got {len(leaf_hash)}")
    signed = None
    if row[8] is not None:
        try:
            batch = batch_of(_blob(row[11]))
        except ExchangeError as error:
            fault = Reason.ENTRY_MISMATCH.error(f"entry {index}: it does not parse: {error}")
            return AuditedLeaf(leaf_hash, None, fault)
        payload, certificate, signature = (_blob(value) for value in row[8:11])
        second = b"" if row[16] is None else _blob(row[16])
        if row[16] is not None and not second:
            raise sqlite3.DataError("expected a second signature or NULL, got no bytes")
        signed = SignedStatement(PAYLOAD_TYPE, payload, certificate, signature, batch, second)
    return AuditedLeaf(
        leaf_hash, CommitmentOpening(entry, nonce, signed), beside=(row[4:8], row[12:15], row[15])
    )


def _check_columns(
    index: int, table: str, said: Sequence[Any], columns: Sequence[Any]
) -> Iterator[Violation]:
    if tuple(said) != tuple(columns):
        yield _fault(
            Reason.ENTRY_MISMATCH,
            f"entry {index}: a column of {table} says something else than the entry",
            index,
        )


def _exchange_row(exchange: Exchange, opened: _Opened) -> tuple[Any, ...]:
    header = exchange.header
    return (
        opened.index,
        exchange.kind.value,
        exchange.initiator,
        _microseconds(opened.initiated_at),
        _microseconds(opened.updated_at),
        _microseconds(header.due_at),
        int(header.urgency),
        int(header.handling),
    )


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


@lru_cache
def _spelled(values: tuple[str, ...]) -> str:
    return json.dumps(values, separators=(",", ":"))


def _leg_row(position: int, leg: Leg) -> tuple[Any, ...]:
    return (
        position,
        int(leg.state),
        leg.awaits,
        int(leg.handling),
        int(leg.tlp),
        leg.subject_count,
        int(leg.was_released),
        leg.approvals_required,
        _microseconds(leg.due_at),
        _spelled(leg.approvers),
        _spelled(leg.approvals),
        _spelled(tuple(digest.hex() for digest in leg.hidden)),
        encode_record(leg.record),
        _microseconds(kept_until(leg)),
    )


def _damaged(error: sqlite3.Error, index: int | None) -> Violation:
    where = "" if index is None else f"entry {index}: "
    return _fault(Reason.ENTRY_MISMATCH, f"{where}the database cannot be read on: {error}", index)
