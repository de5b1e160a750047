"""The version of the schema: made and moved by `migrate`, checked whenever a hub starts."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from exchange_protocol.errors import Reason
from exchange_server.storage.engine import reading, writing

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> tuple[str | None, str | None]:
    """Bring the schema to this version of the hub, in one transaction.

    Gives the version before, None for an empty database, and the version now.
    """
    config = _config()
    with writing(engine) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, MigrationContext.configure(connection).get_current_revision()


def check_schema(engine: Engine) -> None:
    """Check that the schema is of this version of the hub; raises CONFIG_INVALID."""
    expected = ScriptDirectory.from_config(_config()).get_current_head()
    with reading(engine) as connection:
        got = MigrationContext.configure(connection).get_current_revision()
    if got != expected:
        known = {
            script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
        }
        advice = (
            "run `exchange-server migrate`"
            if got is None or got in known
            else "it is of a newer hub: run that one"
        )
        raise Reason.CONFIG_INVALID.error(
            f"expected a database of schema {expected}, got {got or 'an empty one'}; {advice}"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
