"""The version of the schema: made and moved by `migrate`, checked whenever a hub starts.

The content of a leg's row follows from the rules, and rules change more often than tables. So legs
of an earlier schema are not translated: they are made anew from the log, as an auditor makes them.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Index, text

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_replay import begin_state, open_scratch
from exchange_server.storage.engine import reading, writing
from exchange_server.storage.exchange_rows import leg_rows, write_days, write_legs
from exchange_server.storage.log_rows import read_entry_range, read_head
from exchange_server.storage.tables import metadata

_ENTRIES_AT_ONCE = 1000
_MIGRATIONS = Path(__file__).parent / "migrations"
_INDEXES: Final = {
    "sqlite": text("SELECT name FROM sqlite_master WHERE type = 'index'"),
    "postgresql": text(
        "SELECT c.relname FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid"
        " WHERE i.indisvalid AND pg_catalog.pg_table_is_visible(i.indrelid)"
    ),
}
_KEYED: Final = text(
    "SELECT r.relname FROM pg_catalog.pg_constraint k"
    " JOIN pg_catalog.pg_class r ON r.oid = k.conrelid"
    " WHERE k.contype = 'p' AND pg_catalog.pg_table_is_visible(r.oid)"
)


def migrate(engine: Engine, anchors: TrustAnchors | None = None) -> tuple[str | None, str | None]:
    """Bring the schema to this version of the hub, in one transaction.

    Gives the version before, None for an empty database, and the version now. A log of an earlier
    schema is replayed under `anchors`; where it does not replay, the database stays as it was.

    Raises:
        InvalidInput: CONFIG_INVALID, for a log of an earlier schema without anchors, or one that
            breaks the rules or cannot be read.
        StorageFailed: FILE_NOT_WRITTEN, where there is no room for what the replay makes.
    """
    config = _config()
    with writing(engine) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        if before is not None and before not in _known(config):
            raise _of_another_version(config, before)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        now = MigrationContext.configure(connection).get_current_revision()
        if before is not None and before != now and read_head(connection) is not None:
            if anchors is None:
                raise Reason.CONFIG_INVALID.error(
                    f"expected root certificates, to make the legs of schema {before} anew"
                )
            _make_legs_anew(connection, anchors)
        return before, now


def _make_legs_anew(connection: Connection, anchors: TrustAnchors) -> None:
    with closing(open_scratch()) as scratch:
        replay = Replay(DirectoryFold(anchors), state=begin_state(scratch))
        _replay_all(connection, replay)
        for exchange in replay.exchanges.values():
            write_legs(connection, leg_rows(exchange))
            if exchange.header.due_on is not None:
                write_days(connection, [(exchange.id, exchange.header.due_on)])


def _replay_all(connection: Connection, replay: Replay) -> None:
    index = 0
    try:
        while stored := read_entry_range(connection, index, index + _ENTRIES_AT_ONCE):
            for entry in stored:
                replay.apply(entry.index, entry.opening)
            index = stored[-1].index + 1
    except ExchangeError as error:
        if error.reason is Reason.FILE_NOT_WRITTEN:
            raise
        raise Reason.CONFIG_INVALID.error(
            f"the database stays as it was, for its log does not replay: {error.message}; look "
            "with `exchange-server fsck` of the version before"
        ) from error


def check_schema(engine: Engine) -> None:
    """Check that the schema is of this version of the hub; raises CONFIG_INVALID."""
    config = _config()
    with reading(engine) as connection:
        got = MigrationContext.configure(connection).get_current_revision()
    if got != ScriptDirectory.from_config(config).get_current_head():
        raise _of_another_version(config, got)


def is_earlier(engine: Engine) -> bool:
    """True for a database of an earlier schema, which `migrate` brings to this version's."""
    config = _config()
    with reading(engine) as connection:
        got = MigrationContext.configure(connection).get_current_revision()
    return got in _known(config) - {ScriptDirectory.from_config(config).get_current_head()}


def check_indexes(engine: Engine) -> None:
    """Check that each index of this version is there and whole; raises CONFIG_INVALID.

    A dump that was put back in part leaves some out. Nothing fails then: searches take long, and
    without its unique index a statement could be taken twice.
    """
    with reading(engine) as connection:
        missing = [str(each.name) for each in _missing(connection)]
        unkeyed = _unkeyed(connection)
    if unkeyed:
        raise Reason.CONFIG_INVALID.error(
            f"the table {unkeyed[0]} has no primary key, so the database was put back in part: "
            "look for the errors of pg_restore, and put the dump back into an empty database",
            field="database.url",
        )
    if missing:
        raise Reason.CONFIG_INVALID.error(
            f"the database lacks the index {', '.join(missing)}, or it is not whole: was a dump "
            "put back in part? `exchange-server migrate` makes it anew",
            field="database.url",
        )


def make_missing_indexes(engine: Engine) -> list[str]:
    """Make the indexes that are missing, or not whole; gives their names."""
    with writing(engine) as connection:
        missing = _missing(connection)
        for each in missing:
            each.drop(connection, checkfirst=True)
            each.create(connection)
    return [str(each.name) for each in missing]


def _missing(connection: Connection) -> list[Index]:
    there = set(connection.execute(_INDEXES[connection.dialect.name]).scalars())
    tables = metadata.sorted_tables
    return [
        each
        for table in tables
        for each in sorted(table.indexes, key=lambda one: str(one.name))
        if each.name not in there
    ]


def _unkeyed(connection: Connection) -> list[str]:
    """The tables without their primary key; SQLite makes no table without."""
    if connection.dialect.name != "postgresql":
        return []
    keyed = set(connection.execute(_KEYED).scalars())
    return [
        table.name
        for table in metadata.sorted_tables
        if len(table.primary_key) and table.name not in keyed
    ]


def _known(config: Config) -> set[str]:
    return {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}


def _of_another_version(config: Config, got: str | None) -> ExchangeError:
    expected = ScriptDirectory.from_config(config).get_current_head()
    advice = (
        "run `exchange-server migrate`"
        if got is None or got in _known(config)
        else "it is of a newer hub: run that one"
    )
    return Reason.CONFIG_INVALID.error(
        f"expected a database of schema {expected}, got {got or 'an empty one'}; {advice}"
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
