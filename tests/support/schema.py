"""The schema in an empty database: what the migrations say, asked of them once for each dialect.

Alembic takes longer over it than most tests over theirs. Tests of the migrations call `migrate`.
Rows are copied from one database to another, of whichever dialect, by `rows_of` and `put_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Engine, event, select

from exchange_server.storage.schema import migrate
from exchange_server.storage.tables import metadata

Rows: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""By table."""

_SCRIPTS: Final[dict[str, str]] = {}
"""By dialect: the statements with which the migrations fill an empty database."""


def make_schema(engine: Engine) -> None:
    """Do in an empty database what `migrate` does."""
    script = _SCRIPTS.get(engine.dialect.name)
    if script is None:
        _SCRIPTS[engine.dialect.name] = _recorded(engine)
        return
    connection = engine.raw_connection()
    try:
        if engine.dialect.name == "sqlite":
            connection.driver_connection.executescript(script)  # type: ignore[union-attr]
        else:
            connection.cursor().execute(script)
        connection.commit()
    finally:
        connection.close()


def _recorded(engine: Engine) -> str:
    """Migrate; gives the statements that changed something."""
    changes: list[str] = []

    def record(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            assert not parameters, f"expected a whole statement, got parameters to {statement}"
            changes.append(statement)

    event.listen(engine, "before_cursor_execute", record)
    migrate(engine)
    event.remove(engine, "before_cursor_execute", record)
    return ";\n".join(changes) + ";"


def rows_of(engine: Engine) -> Rows:
    """Give all rows of a hub's database."""
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def put_rows(engine: Engine, rows: Rows) -> None:
    """Have these rows, and no others, in a database that has the schema."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
            if rows[table.name]:
                connection.execute(table.insert(), rows[table.name])
