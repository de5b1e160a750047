"""The monitor's place: how far the log was verified, and all that verifying on needs.

One SQLite file. It holds the newest checkpoint that was verified to its end, the tree's frontier
there, the directory statements, and what the replay carries on: exchanges, statements, ids. Most of
it stays on disk and a bounded number of values in memory, so a long log needs no more than a short
one.

Rules of this module:

- A round is one transaction. What is written was verified up to a signed checkpoint, or nothing is.
- A place is believed as the profile's other state is: who may write it may blind this auditor. What
  can be checked is: the checkpoint's signature, its root against the frontier, and every directory
  statement by its signature. A file that does not fit is refused, and never begun anew unasked.
- Two monitors do not share a place at one time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, MutableMapping, MutableSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError
from pydantic import ConfigDict, TypeAdapter, ValidationError

from agency_client._files import make_folder
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.entries import Opening, encode_opening, parse_opening
from exchange_protocol.log.merkle import Frontier
from exchange_protocol.replay import DirectoryFold, ReplayState
from exchange_protocol.rules.access import Spoken
from exchange_protocol.rules.inspection import Concern
from exchange_protocol.rules.lifecycle import Exchange, LegState
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.v1 import log_pb2 as pb

FORMAT = 2
MOST_IN_MEMORY = 4_000
"""Values of each kind; about 1 KiB each."""
BUSY_SECONDS = 5.0

K = TypeVar("K")
V = TypeVar("V")

_SCHEMA = """
    CREATE TABLE place (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL,
                        record TEXT NOT NULL);
    CREATE TABLE directory (idx INTEGER PRIMARY KEY, opening BLOB NOT NULL);
    CREATE TABLE exchanges (key TEXT PRIMARY KEY, value TEXT NOT NULL, due TEXT) WITHOUT ROWID;
    CREATE INDEX exchanges_due ON exchanges (due) WHERE due IS NOT NULL;
    CREATE TABLE spoken (key BLOB PRIMARY KEY, value TEXT NOT NULL, due TEXT) WITHOUT ROWID;
    CREATE TABLE ids (author TEXT, id TEXT, PRIMARY KEY (id, author)) WITHOUT ROWID;
    CREATE TABLE concerns (idx INTEGER PRIMARY KEY, concern INTEGER NOT NULL);
    CREATE TABLE distinct_concerns (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
"""
_BYTES_AS_HEX = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")
# pydantic takes a configuration for what holds a dataclass, not for the dataclass itself.
_EXCHANGES = TypeAdapter(tuple[Exchange], config=_BYTES_AS_HEX)
_SPOKEN = TypeAdapter(tuple[Spoken], config=_BYTES_AS_HEX)
_CONCERN = TypeAdapter(Concern)
_KEPT = ("exchanges", "spoken", "ids", "concerns", "distinct_concerns")
WAITING = frozenset(
    {
        LegState.HELD,
        LegState.RETURNED,
        LegState.RELEASED,
        LegState.DELIVERED,
        LegState.ACKNOWLEDGED,
    }
)
"""States of a leg that still owes an answer, or the permission to ask for one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the report tells of all entries verified so far."""

    opened: int = 0
    unopened: int = 0
    by_event: dict[str, int] = field(default_factory=dict)
    by_kind: dict[str, int] = field(default_factory=dict)
    answered_late: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a place is: everything before this checkpoint was verified."""

    checkpoint: Checkpoint
    frontier: Frontier
    counts: Counts
    last_index: int | None
    last_time: datetime | None
    directory_size: int


@dataclass(frozen=True, slots=True)
class _Row:
    origin: str
    size: int
    root: bytes
    frontier: tuple[bytes, ...]
    auditor: str
    counts: Counts
    last_index: int | None
    last_time: datetime | None
    directory_size: int
    rows: tuple[int, ...]
    """Of the tables in `_KEPT`: a row that is missing could hide what it stands for."""


_ROWS = TypeAdapter(tuple[_Row], config=_BYTES_AS_HEX)


class Place:
    """A place on disk, or one that is forgotten at the end (`temporary`)."""

    def __init__(self, path: Path | None, anchors: TrustAnchors, auditor: Member | None) -> None:
        """Open a place or begin one; raises DOCUMENT_INVALID for a file that is none of it."""
        self._path = path
        self._anchors = anchors
        self._auditor = "" if auditor is None else auditor.uri
        try:
            self._connection = self._connect()
            self._check_format()
        except sqlite3.Error as error:
            raise self.invalid(f"it does not read as one: {error}") from None

    @classmethod
    def temporary(cls, anchors: TrustAnchors, auditor: Member | None) -> Place:
        """A place for one audit, on disk only as far as memory does not hold it."""
        return cls(None, anchors, auditor)

    def close(self) -> None:
        """Close the file; a round that was not kept is forgotten."""
        self._connection.close()

    @contextmanager
    def round(self, *, from_start: bool = False) -> Iterator[Round]:
        """Verify on from here; what is not kept by the end (`Round.keep`) is undone.

        Raises:
            InvalidInput: DOCUMENT_INVALID, if the place is of another log or damaged; or if another
                monitor is using it.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Reason.DOCUMENT_INVALID.error(
                f"another monitor is using the place {self._path}: {error}"
            ) from None
        try:
            if from_start:
                for table in ("place", "directory", *_KEPT):
                    self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- our own
            yield self._begin()
        except sqlite3.DatabaseError as error:
            raise self.invalid(f"it is damaged: {error}") from None
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        if self._path is None:
            # SQLite's private database: spilled to a file without a name where it grows.
            connection = sqlite3.connect("", isolation_level=None)
        else:
            make_folder(self._path.parent)
            self._path.touch(mode=0o600, exist_ok=True)
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_SECONDS)
            connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _check_format(self) -> None:
        connection = self._connection
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            connection.executescript(f"BEGIN; {_SCHEMA} COMMIT")
        elif "place" not in tables:
            raise self.invalid("it is another program's database")
        for (found,) in connection.execute("SELECT format FROM place"):
            if found != FORMAT:
                raise self.invalid(f"expected format {FORMAT}, got {found}")

    def _begin(self) -> Round:
        rows = self._connection.execute("SELECT record FROM place").fetchall()
        reached = self._reached(rows[0][0]) if rows else None
        directories = DirectoryFold(self._anchors)
        query = "SELECT idx, opening FROM directory ORDER BY idx"
        for index, opening in self._connection.execute(query).fetchall():
            try:
                directories.apply(index, parse_opening(pb.Opening.FromString(opening)))
            except (ExchangeError, DecodeError) as error:
                raise self.invalid(f"its directory is damaged: {error}") from None
        if reached is not None and reached.directory_size != directories.current.size:
            raise self.invalid("statements of its directory are missing, or too many")
        return Round(self, self._connection, reached, directories)

    def _reached(self, record: str) -> Reached:
        try:
            [row] = _ROWS.validate_json(record)
            frontier = Frontier(row.size, row.frontier)
        except (ValidationError, ExchangeError):
            raise self.invalid("its record is damaged") from None
        if frontier.root() != row.root:
            raise self.invalid("its frontier is not that of its checkpoint")
        if row.rows != self._row_counts():
            raise self.invalid("rows of it are missing, or too many")
        if row.auditor != self._auditor:
            raise self.invalid(f"it is of {row.auditor or 'a copy of a database'}")
        checkpoint = Checkpoint(row.origin, row.size, row.root)
        return Reached(
            checkpoint, frontier, row.counts, row.last_index, row.last_time, row.directory_size
        )

    def record_of(self, reached: Reached) -> str:
        """The place's row as JSON."""
        checkpoint = reached.checkpoint
        row = _Row(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root,
            frontier=reached.frontier.hashes,
            auditor=self._auditor,
            counts=reached.counts,
            last_index=reached.last_index,
            last_time=reached.last_time,
            directory_size=reached.directory_size,
            rows=self._row_counts(),
        )
        return _ROWS.dump_json((row,)).decode()

    def _row_counts(self) -> tuple[int, ...]:
        queries = (f"SELECT count(*) FROM {table}" for table in _KEPT)  # noqa: S608 -- our own
        return tuple(self._connection.execute(query).fetchone()[0] for query in queries)

    def invalid(self, why: str) -> ExchangeError:
        """The error that says why this place cannot be used."""
        return Reason.DOCUMENT_INVALID.error(
            f"the monitor's place {self._path} cannot be used: {why}. Move it away to verify the "
            "log from its start"
        )


class Round:
    """One run of verifying on from a place, in one transaction."""

    def __init__(
        self,
        place: Place,
        connection: sqlite3.Connection,
        reached: Reached | None,
        directories: DirectoryFold,
    ) -> None:
        self.reached = reached
        """Where the place is; None at the start of the log."""
        self.directories = directories
        self._place = place
        self._connection = connection
        self._exchanges = _Kept[str, Exchange](
            connection, "exchanges", _encode_exchange, _decode_exchange, _due
        )
        self._spoken = _Kept[bytes, Spoken](
            connection, "spoken", _encode_spoken, _decode_spoken, _no_due
        )
        self._ids = _KeptIds(connection)
        self._concerns = _KeptConcerns(connection)
        self.state = ReplayState(
            exchanges=self._exchanges,
            spoken=self._spoken,
            ids=self._ids,
            concerns=self._concerns,
            last_index=reached.last_index if reached else None,
            last_time=reached.last_time if reached else None,
        )

    def keep_directory(self, index: int, opening: Opening) -> None:
        """Keep a directory statement, to fold the directory from at the next round."""
        self._connection.execute(
            "INSERT INTO directory VALUES (?, ?)",
            (index, encode_opening(opening).SerializeToString()),
        )

    def overdue(self, at: datetime) -> Iterator[Exchange]:
        """Exchanges whose time to answer is over at a time, and a leg of which still waits."""
        self._exchanges.flush()
        query = "SELECT value FROM exchanges WHERE due < ? ORDER BY due"
        for (value,) in self._connection.execute(query, (_instant(at),)):
            yield _decoded(_decode_exchange, value)

    def keep(self, reached: Reached) -> None:
        """Commit the round: the log was verified up to here."""
        for kept in (self._exchanges, self._spoken, self._ids, self._concerns):
            kept.flush()
        self._connection.execute(
            "INSERT OR REPLACE INTO place VALUES (1, ?, ?)",
            (FORMAT, self._place.record_of(reached)),
        )
        self._connection.execute("COMMIT")


class _Kept(MutableMapping[K, V], Generic[K, V]):
    """A mapping in a table, with the newest values in memory."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        table: str,
        encode: Callable[[V], str],
        decode: Callable[[str], V],
        due: Callable[[V], str | None],
    ) -> None:
        self._connection = connection
        self._encode, self._decode, self._due = encode, decode, due
        self._values: dict[K, V] = {}
        self._new: set[K] = set()
        # Names of our own tables, never a caller's.
        self._find = f"SELECT value FROM {table} WHERE key = ?"  # noqa: S608
        self._write = f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)"  # noqa: S608
        self._keys = f"SELECT key FROM {table}"  # noqa: S608
        self._count = f"SELECT count(*) FROM {table}"  # noqa: S608

    def __getitem__(self, key: K) -> V:
        if key in self._values:
            return self._values[key]
        row = self._connection.execute(self._find, (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        value = _decoded(self._decode, row[0])
        self._keep_at_hand(key, value)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        # Moved to the end: what is written is likely to be wanted again soon.
        self._values.pop(key, None)
        self._new.add(key)
        self._keep_at_hand(key, value)

    def _keep_at_hand(self, key: K, value: V) -> None:
        self._values[key] = value
        if len(self._values) > MOST_IN_MEMORY:
            self.flush()
            for old in list(self._values)[: MOST_IN_MEMORY // 2]:
                del self._values[old]

    def __delitem__(self, key: K) -> None:
        raise TypeError("nothing that a log made is ever unmade")

    def __iter__(self) -> Iterator[K]:
        self.flush()
        return (key for (key,) in self._connection.execute(self._keys))

    def __len__(self) -> int:
        self.flush()
        [count] = self._connection.execute(self._count).fetchone()
        return int(count)

    def flush(self) -> None:
        """Write what is new to the table; it is committed with the round."""
        rows = [
            (key, self._encode(value), self._due(value))
            for key, value in ((key, self._values[key]) for key in self._new)
        ]
        self._connection.executemany(self._write, rows)
        self._new.clear()


class _KeptIds(MutableSet[tuple[AgencyId, str]]):
    """Author and id of every statement, in a table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._new: set[tuple[AgencyId, str]] = set()

    def __contains__(self, key: object) -> bool:
        if key in self._new:
            return True
        query = "SELECT 1 FROM ids WHERE author = ? AND id = ?"
        return (
            isinstance(key, tuple) and self._connection.execute(query, key).fetchone() is not None
        )

    def add(self, value: tuple[AgencyId, str]) -> None:
        self._new.add(value)
        if len(self._new) > MOST_IN_MEMORY:
            self.flush()

    def discard(self, value: tuple[AgencyId, str]) -> None:
        raise TypeError("an id that was used stays so")

    def __iter__(self) -> Iterator[tuple[AgencyId, str]]:
        self.flush()
        return iter(self._connection.execute("SELECT author, id FROM ids"))

    def __len__(self) -> int:
        self.flush()
        [count] = self._connection.execute("SELECT count(*) FROM ids").fetchone()
        return int(count)

    def flush(self) -> None:
        """Write what is new to the table."""
        self._connection.executemany("INSERT INTO ids VALUES (?, ?)", self._new)
        self._new.clear()


class _KeptConcerns:
    """Whom each entry concerns, in a table; the few that are distinct are numbered beside."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT value FROM distinct_concerns ORDER BY id").fetchall()
        self._distinct = [_decoded(_CONCERN.validate_json, value) for (value,) in rows]
        self._numbers = {concern: number for number, concern in enumerate(self._distinct)}
        [self._written] = connection.execute("SELECT count(*) FROM concerns").fetchone()
        self._new: list[int] = []

    def __len__(self) -> int:
        return int(self._written) + len(self._new)

    def append(self, concern: Concern) -> None:
        """Take the next entry's."""
        number = self._numbers.get(concern)
        if number is None:
            number = self._numbers[concern] = len(self._distinct)
            self._distinct.append(concern)
            row = (number, _CONCERN.dump_json(concern).decode())
            self._connection.execute("INSERT INTO distinct_concerns VALUES (?, ?)", row)
        self._new.append(number)
        if len(self._new) > MOST_IN_MEMORY:
            self.flush()

    def between(self, start: int, end: int) -> Iterator[Concern]:
        """Those of the entries [start, end)."""
        self.flush()
        query = "SELECT concern FROM concerns WHERE idx >= ? AND idx < ?"
        for (number,) in self._connection.execute(query, (start, end)):
            if number >= len(self._distinct):
                raise sqlite3.DatabaseError("a concern of it is not there")
            yield self._distinct[number]

    def flush(self) -> None:
        """Write what is new to the table."""
        self._connection.executemany(
            "INSERT INTO concerns VALUES (?, ?)", enumerate(self._new, self._written)
        )
        self._written += len(self._new)
        self._new.clear()


def _decoded(decode: Callable[[str], V], value: str) -> V:
    """Read a value of the place; one that does not read is the place's damage, not the hub's."""
    try:
        return decode(value)
    except ValidationError:
        raise sqlite3.DatabaseError("a value of it does not read") from None


def _encode_exchange(exchange: Exchange) -> str:
    return _EXCHANGES.dump_json((exchange,)).decode()


def _decode_exchange(value: str) -> Exchange:
    [exchange] = _EXCHANGES.validate_json(value)
    return exchange


def _encode_spoken(said: Spoken) -> str:
    return _SPOKEN.dump_json((said,)).decode()


def _decode_spoken(value: str) -> Spoken:
    [said] = _SPOKEN.validate_json(value)
    return said


def _due(exchange: Exchange) -> str | None:
    due_at = exchange.header.due_at
    if due_at is None or not any(leg.state in WAITING for leg in exchange.legs):
        return None
    return _instant(due_at)


def _no_due(said: Spoken) -> None:
    return None


def _instant(at: datetime) -> str:
    """A text that sorts as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
