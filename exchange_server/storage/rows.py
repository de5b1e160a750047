"""Rows as frozen values: a row type's fields are named as the columns of its table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

RowT = TypeVar("RowT")


def insert_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type."""
    if rows:
        connection.execute(table.insert(), [values_of(row) for row in rows])


def insert_new_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type, leaving out those whose primary key is there."""
    if rows:
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
        connection.execute(insert.on_conflict_do_nothing(), [values_of(row) for row in rows])


def replace_rows(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of one type, or replace those whose primary key is there."""
    if rows:
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
        keys = list(table.primary_key)
        rest = {
            column.name: insert.excluded[column.name] for column in table.c if column not in keys
        }
        connection.execute(
            insert.on_conflict_do_update(index_elements=keys, set_=rest),
            [values_of(row) for row in rows],
        )


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
