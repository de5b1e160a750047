"""Rows as frozen values: named tuples whose fields are columns of their table, in its order.

So a row is what the driver takes as it is, but for the few types that are stored as others
(`columns`). SQL that the writer runs in every batch is compiled once and goes to the driver's
cursor (`insert_rows` and its like, `Query`, `Lookup`). Executing it through SQLAlchemy would build
and process it anew each time, which costs more than the database takes for it. The transaction is
SQLAlchemy's all the same; only errors are the driver's own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from enum import Enum
from functools import lru_cache
from itertools import chain
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    and_,
    bindparam,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeDecorator

RowT = TypeVar("RowT")
_KeyT = TypeVar("_KeyT")


def insert_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type."""
    _write(connection, table, rows, _Conflict.FAIL)


def insert_new_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type, leaving out those whose primary key is there."""
    _write(connection, table, rows, _Conflict.KEEP)


def replace_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type, or replace those whose primary key is there."""
    _write(connection, table, rows, _Conflict.REPLACE)


def replace_only_row(connection: Connection, table: Table, row: Any) -> None:
    """Set the columns that a row has, in a table of one row."""
    row_type: Any = type(row)
    sql, encoders = _update_of(table, row_type, connection.dialect)
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(sql, _converted(row, encoders))


def update_rows(
    connection: Connection, table: Table, key: str, column: str, pairs: Sequence[tuple[Any, Any]]
) -> None:
    """Set one column of many rows; each pair is the row's key and the value."""
    if not pairs:
        return
    sql, encoders = _set_of(table, key, column, connection.dialect)
    with closing(connection.connection.cursor()) as cursor:
        cursor.executemany(sql, [_converted((value, named), encoders) for named, value in pairs])


def delete_rows(connection: Connection, table: Table, keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete the rows with these primary keys."""
    sql = _delete_of(table, connection.dialect)
    with closing(connection.connection.cursor()) as cursor:
        cursor.executemany(sql, keys)


def stream_rows(connection: Connection, table: Table, row_type: type[RowT]) -> Iterator[RowT]:
    """Read a whole table in the order of its primary key."""
    names = field_names(row_type)
    query = select(*(table.c[name] for name in names)).order_by(*table.primary_key)
    for row in connection.execute(query, execution_options={"yield_per": 1000}):
        yield row_type(*row)


def field_names(row_type: Any) -> tuple[str, ...]:
    """Names of a row type's fields; row types are named tuples."""
    names: tuple[str, ...] = row_type._fields
    return names


class _Conflict(Enum):
    """The fate of a row whose primary key is there."""

    FAIL = "fail"
    KEEP = "keep"
    REPLACE = "replace"


KEYS_AT_ONCE: Final = 512
"""Keys of one list of a query. PostgreSQL takes 65,535 parameters, SQLite 32,766 unless it is built
for more. An agency may add to a list; it must never come near these."""


def pieces(keys: Sequence[_KeyT]) -> Iterator[Sequence[_KeyT]]:
    """Cut the keys of a query into lists of `KEYS_AT_ONCE`; none for no keys."""
    for start in range(0, len(keys), KEYS_AT_ONCE):
        yield keys[start : start + KEYS_AT_ONCE]


def select_by_keys(
    connection: Connection, query: Select[Any], key: ColumnElement[Any], keys: Sequence[Any]
) -> Iterator[Any]:
    """Run a query for the rows with one of many keys; a list of keys after the other."""
    for some in pieces(keys):
        yield from connection.execute(query.where(key.in_(some)))


def delete_by_keys(
    connection: Connection, column: Column[Any], keys: Sequence[Any], gives: Column[Any]
) -> list[Any]:
    """Delete the rows with one of many keys; gives a column of those that were there."""
    deleted: list[Any] = []
    for some in pieces(keys):
        removed = column.table.delete().where(column.in_(some)).returning(gives)
        deleted += connection.execute(removed).scalars()
    return deleted


class Query:
    """A query without parameters, compiled once."""

    def __init__(self, query: Select[Any]) -> None:
        self._query = query

    def rows(self, connection: Connection) -> list[tuple[Any, ...]]:
        """Run it."""
        sql, decoders = _select_of(self._query, connection.dialect)
        return _fetched(connection, sql, (), decoders)


class Lookup:
    """A query for the rows with one of many keys, compiled once for each width of its list."""

    def __init__(self, query: Select[Any], *key: ColumnElement[Any]) -> None:
        """Find rows by one column, or by several: then each key is a tuple of their values."""
        self._query = query
        self._key = key

    def rows(self, connection: Connection, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Find what there is; within a list, a row comes once however often its key is in it."""
        found = []
        for some in pieces(keys):
            # Filled up to a power of two, so that few texts are compiled and prepared.
            width = 1 << (len(some) - 1).bit_length()
            sql, decoders = _lookup_of(self._query, self._key, width, connection.dialect)
            filled = (*some, *(some[-1],) * (width - len(some)))
            if len(self._key) > 1:
                filled = tuple(chain.from_iterable(filled))
            found += _fetched(connection, sql, filled, decoders)
        return found


_Codec: TypeAlias = Callable[[Any], Any]
_Codecs: TypeAlias = tuple[tuple[int, _Codec], ...]
"""The places of a row whose values are not stored as they are, and what makes one of the other."""


def _write(
    connection: Connection, table: Table, rows: Sequence[Any], on_conflict: _Conflict
) -> None:
    if not rows:
        return
    row_type: Any = type(rows[0])
    sql, encoders = _insert_of(table, row_type, on_conflict, connection.dialect)
    with closing(connection.connection.cursor()) as cursor:
        cursor.executemany(sql, [_converted(row, encoders) for row in rows] if encoders else rows)


def _fetched(
    connection: Connection, sql: str, parameters: tuple[Any, ...], decoders: _Codecs
) -> list[tuple[Any, ...]]:
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(sql, parameters)
        return [_converted(row, decoders) for row in cursor.fetchall()]


def _converted(row: tuple[Any, ...], codecs: _Codecs) -> tuple[Any, ...]:
    if not codecs:
        return row
    values = list(row)
    for place, convert in codecs:
        values[place] = convert(values[place])
    return tuple(values)


@lru_cache(maxsize=256)
def _insert_of(
    table: Table, row_type: type[Any], on_conflict: _Conflict, dialect: Dialect
) -> tuple[str, _Codecs]:
    columns = _columns_of(table, row_type)
    insert = (postgresql if dialect.name == "postgresql" else sqlite).insert(table)
    keys = list(table.primary_key)
    if on_conflict is _Conflict.KEEP:
        insert = insert.on_conflict_do_nothing()
    elif on_conflict is _Conflict.REPLACE:
        rest = {
            column.name: insert.excluded[column.name] for column in table.c if column not in keys
        }
        insert = insert.on_conflict_do_update(index_elements=keys, set_=rest)
    return _text_of(insert, dialect, field_names(row_type)), _encoders(columns, dialect)


@lru_cache(maxsize=256)
def _update_of(table: Table, row_type: type[Any], dialect: Dialect) -> tuple[str, _Codecs]:
    columns = _columns_of(table, row_type)
    return _text_of(table.update(), dialect, field_names(row_type)), _encoders(columns, dialect)


@lru_cache(maxsize=256)
def _delete_of(table: Table, dialect: Dialect) -> str:
    keys = (column == bindparam(f"key_{column.name}") for column in table.primary_key)
    return _text_of(table.delete().where(*keys), dialect)


@lru_cache(maxsize=256)
def _set_of(table: Table, key: str, column: str, dialect: Dialect) -> tuple[str, _Codecs]:
    set_column, key_column = table.c[column], table.c[key]
    update = (
        table.update()
        .where(key_column == bindparam("row_key", type_=key_column.type))
        .values({column: bindparam("row_value", type_=set_column.type)})
    )
    return _text_of(update, dialect), _encoders([set_column, key_column], dialect)


def _columns_of(table: Table, row_type: type[Any]) -> list[ColumnElement[Any]]:
    names = field_names(row_type)
    columns = [column for column in table.c if column.name in names]
    if tuple(column.name for column in columns) != names:
        raise TypeError(f"expected columns of {table.name} in its order, got {names}")
    return list(columns)


@lru_cache(maxsize=256)
def _select_of(query: Select[Any], dialect: Dialect) -> tuple[str, _Codecs]:
    return _text_of(query, dialect), _decoders(query, dialect)


@lru_cache(maxsize=256)
def _lookup_of(
    query: Select[Any], key: tuple[ColumnElement[Any], ...], width: int, dialect: Dialect
) -> tuple[str, _Codecs]:
    keys = [
        [bindparam(f"key_{place}_{n}", type_=column.type) for n, column in enumerate(key)]
        for place in range(width)
    ]
    among: ColumnElement[bool]
    if len(key) == 1:
        among = key[0].in_([parameter for [parameter] in keys])
    else:
        # The databases spell a list of tuples differently; this finds by the same index.
        among = or_(*(and_(*map(operator.eq, key, one)) for one in keys))
    return _text_of(query.where(among), dialect), _decoders(query, dialect)


def _text_of(statement: ClauseElement, dialect: Dialect, names: Sequence[str] | None = None) -> str:
    """The text of a statement with positional parameters, as both drivers take them."""
    positional: Any = type(dialect)
    paramstyle = "format" if dialect.name == "postgresql" else "qmark"
    compiled = statement.compile(
        dialect=positional(paramstyle=paramstyle),
        column_keys=None if names is None else list(names),
    )
    return str(compiled)


def _encoders(columns: Iterable[ColumnElement[Any]], dialect: Dialect) -> _Codecs:
    return _codecs(columns, lambda kind: kind.bind_processor(dialect))


def _decoders(query: Select[Any], dialect: Dialect) -> _Codecs:
    return _codecs(query.selected_columns, lambda kind: kind.result_processor(dialect, None))


def _codecs(
    columns: Iterable[ColumnElement[Any]],
    codec_of: Callable[[TypeDecorator[Any]], _Codec | None],
) -> _Codecs:
    # The drivers take and give all other types as they are.
    decorated = (
        (place, codec_of(column.type))
        for place, column in enumerate(columns)
        if isinstance(column.type, TypeDecorator)
    )
    return tuple((place, codec) for place, codec in decorated if codec is not None)
