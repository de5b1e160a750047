"""The rows that tables should hold, in the same tables of a private database; the comparison.

They are gathered while the log is replayed. Then each table of the hub is read once, in pieces; the
expected rows of a piece are looked up and taken away, and what is left at the end is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cache
from itertools import islice
from operator import attrgetter
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import Connection, StaticPool, Table, create_engine, select
from sqlalchemy.schema import CreateTable

from exchange_protocol.rules.leg_record import is_same_record
from exchange_replay import open_scratch
from exchange_server.storage import tables
from exchange_server.storage.exchange_rows import ExchangeRow, LegRow, PartyRow
from exchange_server.storage.feed_rows import FeedRow
from exchange_server.storage.log_rows import DirectoryEntryRow, TileRow
from exchange_server.storage.rows import (
    KEYS_AT_ONCE,
    Lookup,
    delete_rows,
    field_names,
    replace_rows,
    stream_rows,
)
from exchange_server.storage.statement_rows import DeliveryRow

_AT_ONCE: Final = 1000
_ROWS: Final[tuple[tuple[Table, type[Any]], ...]] = (
    (tables.log_tiles, TileRow),
    (tables.directory_entries, DirectoryEntryRow),
    (tables.exchanges, ExchangeRow),
    (tables.legs, LegRow),
    (tables.deliveries, DeliveryRow),
    (tables.feed, FeedRow),
    (tables.parties, PartyRow),
)


class Difference(NamedTuple):
    """A row that is not as expected."""

    key: str
    detail: str


class ExpectedRows:
    """Expected rows of all tables, for the time of a `with` block."""

    def __init__(self) -> None:
        self._engine = create_engine("sqlite://", creator=open_scratch, poolclass=StaticPool)
        self._connection = self._engine.connect()
        # SQLAlchemy ended the transaction of the new database, when it looked at the connection.
        self._connection.exec_driver_sql("BEGIN")
        self._types = dict(_ROWS)
        self._waiting: dict[Table, list[Any]] = {table: [] for table in self._types}
        self._of_later: set[tuple[Table, tuple[Hashable, ...]]] = set()
        for table in self._types:
            # Without the indexes: rows are found by their primary key alone.
            self._connection.execute(CreateTable(table))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._connection.commit()
        else:
            # After a failed write the transaction cannot end in order: the error counts.
            self._connection.invalidate()
        self._connection.close()
        self._engine.dispose()

    def add(self, table: Table, rows: Iterable[Any]) -> None:
        """Expect rows of a table; a row replaces the one of the same key."""
        waiting = self._waiting[table]
        waiting.extend(rows)
        if len(waiting) >= _AT_ONCE:
            self._write(table)

    def may_lack(self, table: Table, rows: Iterable[Any]) -> None:
        """Take rows that are expected for ones that a hub of the version before does not write."""
        key_of = _key_of(table)
        self._of_later.update((table, key_of(row)) for row in rows)

    def compare(self, actual: Connection, table: Table) -> Iterator[Difference]:
        """Compare a table of the hub with what is expected of it, which is forgotten by that.

        Raises:
            ValueError, TypeError: if a row cannot be read.
        """
        self._write(table)
        row_type, key_of = self._types[table], _key_of(table)
        lookup = _lookup_in(table)
        rows = stream_rows(actual, table, row_type)
        while some := list(islice(rows, KEYS_AT_ONCE)):
            keys = [key_of(row) for row in some]
            asked = keys if len(keys[0]) > 1 else [key for [key] in keys]
            found = (row_type(*values) for values in lookup.rows(self._connection, asked))
            wanted = {key_of(row): row for row in found}
            delete_rows(self._connection, table, [key_of(row) for row in wanted.values()])
            for key, row in zip(keys, some, strict=True):
                expected = wanted.pop(key, None)
                if row != expected and not _is_of_before(expected, row):
                    yield Difference(_shown(key), _difference(expected, row))

    def missing(self, table: Table) -> Iterator[Difference]:
        """Give what a comparison has left: rows that the table lacks."""
        query = select(*table.primary_key).order_by(*table.primary_key)
        for key in self._connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
            if (table, tuple(key)) not in self._of_later:
                yield Difference(_shown(key), "the row is missing")

    def _write(self, table: Table) -> None:
        replace_rows(self._connection, table, self._waiting[table])
        self._waiting[table].clear()


@cache
def _lookup_in(table: Table) -> Lookup:
    """The question for rows by their key; what it is compiled to is kept with it."""
    names = field_names(dict(_ROWS)[table])
    return Lookup(select(*(table.c[name] for name in names)), *table.primary_key)


def _key_of(table: Table) -> Callable[[Any], tuple[Hashable, ...]]:
    names = [column.name for column in table.primary_key]
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda row: (get(row),)


def _is_of_before(expected: Any, got: Any) -> bool:
    """True for a leg that differs only by what a hub of the version before does not write."""
    if not (isinstance(expected, LegRow) and isinstance(got, LegRow)):
        return False
    same = got._replace(record=expected.record)
    return same == expected and is_same_record(got.record, expected.record)


def _shown(key: Iterable[Any]) -> str:
    return " ".join(part.hex() if isinstance(part, bytes) else str(part) for part in key)


def _difference(expected: Any, got: Any) -> str:
    if expected is None:
        return "the log makes no such row"
    names = [
        name for name in field_names(type(got)) if getattr(got, name) != getattr(expected, name)
    ]
    return f"the log makes other values of {', '.join(names)}"
