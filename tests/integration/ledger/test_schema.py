"""The migrations make the tables that the code reads and writes, on either database."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect

from exchange_server.storage.engine import reading
from exchange_server.storage.tables import metadata


def test_migrations_make_exactly_the_tables_of_the_code(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrated_columns_and_keys_are_those_of_the_code(engine: Engine) -> None:
    """Facts that Alembic does not compare: primary keys, and the order of their columns."""
    with reading(engine) as connection:
        found = inspect(connection)
        for table in metadata.sorted_tables:
            columns = [column["name"] for column in found.get_columns(table.name)]
            assert columns == list(table.c.keys()), table.name
            key = found.get_pk_constraint(table.name)["constrained_columns"]
            assert key == [column.name for column in table.primary_key], table.name
