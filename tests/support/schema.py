"""The schema in an empty database: what the migrations say, asked of them once for each dialect.

Alembic takes longer over it than most tests over theirs. Tests of the migrations call `migrate`.
A shared PostgreSQL keeps its tables from test to test (`renew_schema`): to drop and make them takes
longer than most tests, too.
Rows are copied from one database to another, of whichever dialect, by `rows_of` and `put_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Engine, event, select, text

from exchange_server.storage.schema import migrate
from exchange_server.storage.tables import metadata
from tests.support.postgres import END_OTHERS, emptied_database

Rows: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by the name of their table."""

_SCRIPTS: Final[dict[str, str]] = {}
"""The statements with which the migrations fill an empty database, by dialect."""
_FORMS: Final[dict[str, str]] = {}
"""The catalogue of a PostgreSQL after `renew_schema` made its tables, by URL."""

# A changed table has other rows in these catalogues, or rows of another transaction (`xmin`). The
# columns of `pg_class` are named, since PostgreSQL itself updates the others.
_CATALOGUE: Final = """
SELECT coalesce(md5(string_agg(line, ';' ORDER BY line)), '') FROM (
 SELECT concat_ws(' ', 'class', oid, relname, relkind, relnatts, relchecks, relacl, reloptions,
  relpersistence, relrowsecurity) AS line
  FROM pg_class WHERE relnamespace = 'public'::regnamespace
 UNION ALL SELECT concat_ws(' ', 'column', attrelid, attnum, xmin) FROM pg_attribute
  WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
 UNION ALL SELECT concat_ws(' ', 'constraint', oid, xmin) FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace
 UNION ALL SELECT concat_ws(' ', 'trigger', t.oid, t.xmin) FROM pg_trigger t
  JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'public'::regnamespace
 UNION ALL SELECT concat_ws(' ', 'rule', r.oid, r.xmin) FROM pg_rewrite r
  JOIN pg_class c ON c.oid = ev_class WHERE relnamespace = 'public'::regnamespace
 UNION ALL SELECT concat_ws(' ', 'function', oid, xmin) FROM pg_proc
  WHERE pronamespace = 'public'::regnamespace
 UNION ALL SELECT concat_ws(' ', 'type', oid) FROM pg_type
  WHERE typnamespace = 'public'::regnamespace
 UNION ALL SELECT concat_ws(' ', 'version', version_num, xmin) FROM alembic_version
) AS lines
"""


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


def renew_schema(engine: Engine, url: str) -> None:
    """Have the schema and no rows, whatever a test before has left in a shared PostgreSQL."""
    if engine.dialect.name == "sqlite":
        make_schema(engine)
        return
    is_as_made = url in _FORMS
    if is_as_made:
        with engine.begin() as connection:
            # Whoever is connected still, such as a hub that was killed, would hold locks.
            connection.exec_driver_sql(END_OTHERS)
            is_as_made = _form(connection) == _FORMS[url]
            if is_as_made:
                tables = reversed(metadata.sorted_tables)
                connection.exec_driver_sql("; ".join(str(each.delete()) for each in tables))
    if not is_as_made:
        engine.dispose()
        emptied_database(url)
        make_schema(engine)
        with engine.connect() as connection:
            _FORMS[url] = _form(connection)


def _form(connection: Connection) -> str:
    if connection.scalar(text("SELECT to_regclass('public.alembic_version')")) is None:
        return ""
    form: str = connection.scalar(text(_CATALOGUE))
    return form


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
