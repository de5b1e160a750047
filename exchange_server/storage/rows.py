"""Rows as frozen values: a row type's fields are named as the columns of its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Dialect, Table, TypeDecorator, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

RowT = TypeVar("RowT")


def insert_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type."""
    _write(connection, table, rows, _Conflict.FAIL)


def insert_new_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type, leaving out those whose primary key is there."""
    _write(connection, table, rows, _Conflict.KEEP)


def replace_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type, or replace those whose primary key is there."""
    _write(connection, table, rows, _Conflict.REPLACE)


def update_rows(
    connection: Connection, table: Table, key: str, column: str, pairs: Sequence[tuple[Any, Any]]
) -> None:
    """Set one column of many rows; each pair is the row's key and the value."""
    if pairs:
        connection.execute(
            table.update()
            .where(table.c[key] == bindparam("row_key"))
            .values({column: bindparam("row_value")}),
            [{"row_key": key_value, "row_value": value} for key_value, value in pairs],
        )


def stream_rows(connection: Connection, table: Table, row_type: type[RowT]) -> Iterator[RowT]:
    """Read a whole table in the order of its primary key."""
    names = field_names(row_type)
    query = select(*(table.c[name] for name in names)).order_by(*table.primary_key)
    for row in connection.execute(query, execution_options={"yield_per": 1000}):
        yield row_type(*row)


def field_names(row_type: Any) -> tuple[str, ...]:
    """Names of a row type's fields; row types are dataclasses with slots."""
    names: tuple[str, ...] = row_type.__slots__
    return names


def values_of(row: Any) -> dict[str, Any]:
    """A row as parameters of a query."""
    return {name: getattr(row, name) for name in field_names(type(row))}


class _Conflict(Enum):
    """What becomes of a row whose primary key is there."""

    FAIL = "fail"
    KEEP = "keep"
    REPLACE = "replace"


def _write(
    connection: Connection, table: Table, rows: Sequence[Any], on_conflict: _Conflict
) -> None:
    if rows:
        sql, encoders = _insert_of(table, field_names(rows[0]), on_conflict, connection.dialect)
        connection.exec_driver_sql(sql, [_encoded(row, encoders) for row in rows])


_Encoders: TypeAlias = tuple[tuple[str, Callable[[Any], Any] | None], ...]


def _encoded(row: Any, encoders: _Encoders) -> tuple[Any, ...]:
    return tuple(
        getattr(row, name) if encode is None else encode(getattr(row, name))
        for name, encode in encoders
    )


@lru_cache(maxsize=256)
def _insert_of(
    table: Table, names: tuple[str, ...], on_conflict: _Conflict, dialect: Dialect
) -> tuple[str, _Encoders]:
    """The text of an insert with positional parameters, and how each column's value is encoded.

    The statement is compiled once. Executing it through SQLAlchemy would process each parameter of
    each row anew, which costs as much as the database takes for the rows.
    """
    insert = (postgresql if dialect.name == "postgresql" else sqlite).insert(table)
    keys = list(table.primary_key)
    if on_conflict is _Conflict.KEEP:
        insert = insert.on_conflict_do_nothing()
    elif on_conflict is _Conflict.REPLACE:
        rest = {
            column.name: insert.excluded[column.name] for column in table.c if column not in keys
        }
        insert = insert.on_conflict_do_update(index_elements=keys, set_=rest)
    positional: Any = type(dialect)
    paramstyle = "format" if dialect.name == "postgresql" else "qmark"
    compiled = insert.compile(dialect=positional(paramstyle=paramstyle), column_keys=list(names))
    order = [column.name for column in table.c if column.name in names]
    types = {name: table.c[name].type for name in order}
    return str(compiled), tuple(
        (name, kind.bind_processor(dialect) if isinstance(kind, TypeDecorator) else None)
        for name, kind in types.items()
    )
