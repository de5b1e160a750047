"""The schema in an empty database: what the migrations say, asked of them once for each dialect.

Alembic takes longer over it than most tests over theirs. Tests of the migrations call `migrate`.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine, event

from exchange_server.storage.schema import migrate

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
