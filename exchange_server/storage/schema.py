"""The version of the schema: made and moved by `migrate`, checked whenever a hub starts.

The content of a leg's row follows from the rules, and rules change more often than tables. So legs
of an earlier schema are not translated: they are made anew from the log, as an auditor makes them.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_replay import begin_state, open_scratch
from exchange_server.storage.engine import reading, writing
from exchange_server.storage.exchange_rows import leg_rows, write_days, write_legs
from exchange_server.storage.log_rows import read_entry_range, read_head

_ENTRIES_AT_ONCE = 1000
_MIGRATIONS = Path(__file__).parent / "migrations"


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
