"""The state of a replay, in tables of a SQLite file.

Exchanges, statements, ids, and whom each entry scopes: most of it stays on disk and a bounded
number of values in memory, so a long log needs no more memory than a short one. Ids begin with the
time, so nearly every new one is greater than all that were written: no query asks for it. A write
is part of the transaction of the connection's owner. A value that does not read is the damage of
the file, never the hub's: it raises `sqlite3.DatabaseError`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, MutableMapping, MutableSet, ValuesView
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.access import StatementFacts
from exchange_protocol.rules.clocks import next_due
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.inspection import EntryScope
from exchange_protocol.trust.identity import AgencyId

MOST_IN_MEMORY = 4_000
"""Values of each kind; about 1 KiB each."""

K = TypeVar("K", str, bytes)
V = TypeVar("V")

REPLAY_SCHEMA = """
    CREATE TABLE exchanges (key TEXT PRIMARY KEY, value TEXT NOT NULL, due TEXT) WITHOUT ROWID;
    CREATE INDEX exchanges_due ON exchanges (due) WHERE due IS NOT NULL;
    CREATE TABLE spoken (key BLOB PRIMARY KEY, value TEXT NOT NULL, due TEXT) WITHOUT ROWID;
    CREATE TABLE ids (author TEXT, id TEXT, PRIMARY KEY (id, author)) WITHOUT ROWID;
    CREATE TABLE scopes (idx INTEGER PRIMARY KEY, scope INTEGER NOT NULL);
    CREATE TABLE distinct_scopes (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
"""
REPLAY_TABLES = ("exchanges", "spoken", "ids", "scopes", "distinct_scopes")

_BYTES_AS_HEX = ConfigDict(defer_build=True, ser_json_bytes="hex", val_json_bytes="hex")
# pydantic takes a configuration for what holds a dataclass, not for the dataclass itself.
_EXCHANGES = TypeAdapter(tuple[Exchange], config=_BYTES_AS_HEX)
_SPOKEN = TypeAdapter(tuple[StatementFacts], config=_BYTES_AS_HEX)
_CONCERN = TypeAdapter(EntryScope)


def begin_state(connection: sqlite3.Connection) -> ReplayState:
    """Make the tables in an empty database; gives the state of a replay that begins."""
    for create in REPLAY_SCHEMA.split(";")[:-1]:
        # `executescript` would end the transaction of whoever owns the connection.
        connection.execute(create)
    return ReplayStore(connection).as_replay_state(None, None)


class ReplayStore:
    """All of it, over one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Go on with what the tables hold."""
        self._connection = connection
        self._exchanges = Stored[str, Exchange](
            connection, "exchanges", str, _encode_exchange, _decode_exchange, _due
        )
        self._spoken = Stored[bytes, StatementFacts](
            connection, "spoken", bytes, _encode_spoken, _decode_spoken, no_due
        )
        self._ids = _StoredIds(connection)
        self.scopes = StoredScopes(connection)

    def as_replay_state(self, last_index: int | None, last_time: datetime | None) -> ReplayState:
        """The state with which a replay goes on, after its last entry."""
        return ReplayState(
            exchanges=self._exchanges,
            spoken=self._spoken,
            ids=self._ids,
            scopes=self.scopes,
            last_index=last_index,
            last_time=last_time,
        )

    def overdue(self, at: datetime) -> Iterator[Exchange]:
        """Exchanges whose time to answer is over at a time, and a leg of which still waits."""
        self._exchanges.flush()
        query = "SELECT value FROM exchanges WHERE due < ? ORDER BY due"
        for (value,) in self._connection.execute(query, (_instant(at),)):
            yield _decoded(_decode_exchange, value)

    def flush(self) -> None:
        """Write what is new to the tables."""
        for kept in (self._exchanges, self._spoken, self._ids, self.scopes):
            kept.flush()


class Stored(MutableMapping[K, V], Generic[K, V]):
    """A mapping in a table `(key, value, due)`, with the newest values in memory."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        table: str,
        of: type[K],
        encode: Callable[[V], str | bytes],
        decode: Callable[[Any], V],
        due: Callable[[V], str | None],
    ) -> None:
        self._connection = connection
        self._encode, self._decode, self._due = encode, decode, due
        self._values: dict[K, V] = {}
        self._new: set[K] = set()
        # Names of our own tables, never a caller's.
        self._find = f"SELECT value FROM {table} WHERE key = ?"  # noqa: S608
        self._write = f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)"  # noqa: S608
        self._keys = f"SELECT key FROM {table} ORDER BY key"  # noqa: S608
        self._all = f"SELECT key, value FROM {table} ORDER BY key"  # noqa: S608
        self._count = f"SELECT count(*) FROM {table}"  # noqa: S608
        newest = f"SELECT max(key) FROM {table}"  # noqa: S608
        self._greatest: K | None = _key(connection.execute(newest).fetchone()[0], of)

    def __getitem__(self, key: K) -> V:
        value: V | None = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: K, default: Any = None) -> Any:
        """The value, or the default; most keys are new, and an error for each would cost time."""
        value = self._values.get(key)
        if value is not None:
            return value
        if self._greatest is None or key > self._greatest:
            return default
        row = self._connection.execute(self._find, (key,)).fetchone()
        if row is None:
            return default
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

    def values(self) -> ValuesView[V]:
        """Every value, in the order of the keys."""
        return _Values(self)

    def in_order(self) -> Iterator[V]:
        """Read every value in the order of the keys; it keeps no further ones at hand."""
        return (value for _, value in self.items_in_order())

    def items_in_order(self) -> Iterator[tuple[K, V]]:
        """Read every key and value, as `in_order` does."""
        self.flush()
        for key, value in self._connection.execute(self._all):
            held = self._values.get(key)
            yield key, _decoded(self._decode, value) if held is None else held

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
        if self._new:
            newest = max(self._new)
            self._greatest = newest if self._greatest is None else max(self._greatest, newest)
        self._new.clear()


class _Values(ValuesView[V]):
    """The values of a table, read in one go; one by its key takes a query each."""

    def __init__(self, stored: Stored[Any, V]) -> None:
        super().__init__(stored)
        self._stored = stored

    def __iter__(self) -> Iterator[V]:
        return self._stored.in_order()


class _StoredIds(MutableSet[tuple[AgencyId, str]]):
    """Author and id of every statement, in a table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._new: set[tuple[AgencyId, str]] = set()
        [greatest] = connection.execute("SELECT max(id) FROM ids").fetchone()
        self._greatest = _key(greatest, str) or ""

    def __contains__(self, key: object) -> bool:
        if key in self._new:
            return True
        if not isinstance(key, tuple) or key[1] > self._greatest:
            return False
        query = "SELECT 1 FROM ids WHERE author = ? AND id = ?"
        return self._connection.execute(query, key).fetchone() is not None

    def add(self, value: tuple[AgencyId, str]) -> None:
        self._new.add(value)
        if len(self._new) > MOST_IN_MEMORY:
            self.flush()

    def discard(self, value: tuple[AgencyId, str]) -> None:
        raise TypeError("an id that was used stays so")

    def __iter__(self) -> Iterator[tuple[AgencyId, str]]:
        self.flush()
        return iter(self._connection.execute("SELECT author, id FROM ids ORDER BY id, author"))

    def __len__(self) -> int:
        self.flush()
        [count] = self._connection.execute("SELECT count(*) FROM ids").fetchone()
        return int(count)

    def flush(self) -> None:
        """Write what is new to the table."""
        self._connection.executemany("INSERT INTO ids VALUES (?, ?)", self._new)
        self._greatest = max(self._greatest, *(statement_id for _, statement_id in self._new), "")
        self._new.clear()


class StoredScopes:
    """The scope of each entry, in a table; the few distinct scopes are numbered beside."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Go on after the last entry of the table."""
        self._connection = connection
        rows = connection.execute("SELECT value FROM distinct_scopes ORDER BY id").fetchall()
        self._distinct = [_decoded(_CONCERN.validate_json, value) for (value,) in rows]
        self._numbers = {scope: number for number, scope in enumerate(self._distinct)}
        [count] = connection.execute("SELECT count(*) FROM scopes").fetchone()
        self._next = int(count)
        self._new: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return self._next

    def skip_to(self, index: int) -> None:
        """Go on at an entry; the scopes of those before it are known elsewhere."""
        self._next = index

    def append(self, scope: EntryScope) -> None:
        """Take the next entry's."""
        number = self._numbers.get(scope)
        if number is None:
            number = self._numbers[scope] = len(self._distinct)
            self._distinct.append(scope)
            row = (number, _CONCERN.dump_json(scope).decode())
            self._connection.execute("INSERT INTO distinct_scopes VALUES (?, ?)", row)
        self._new.append((self._next, number))
        self._next += 1
        if len(self._new) > MOST_IN_MEMORY:
            self.flush()

    def between(self, start: int, end: int) -> Iterator[EntryScope]:
        """The scopes of the entries [start, end) that are known here."""
        self.flush()
        query = "SELECT scope FROM scopes WHERE idx >= ? AND idx < ?"
        for (number,) in self._connection.execute(query, (start, end)):
            if number >= len(self._distinct):
                raise sqlite3.DatabaseError("a scope of it is not there")
            yield self._distinct[number]

    def flush(self) -> None:
        """Write what is new to the table."""
        self._connection.executemany("INSERT INTO scopes VALUES (?, ?)", self._new)
        self._new.clear()


def _key(value: object, of: type[K]) -> K | None:
    """Take the greatest key of a table; None if it is empty."""
    if value is not None and not isinstance(value, of):
        raise sqlite3.DatabaseError("a key of it does not read")
    return value


def _decoded(decode: Callable[[Any], V], value: Any) -> V:
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


def _encode_spoken(said: StatementFacts) -> str:
    return _SPOKEN.dump_json((said,)).decode()


def _decode_spoken(value: str) -> StatementFacts:
    [said] = _SPOKEN.validate_json(value)
    return said


def _due(exchange: Exchange) -> str | None:
    due_at = next_due((leg.due_at, leg.state) for leg in exchange.legs)
    return None if due_at is None else _instant(due_at)


def no_due(value: object) -> None:
    """Give no time: nothing of this value is due."""


def _instant(at: datetime) -> str:
    """A text that sorts as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
