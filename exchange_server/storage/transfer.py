"""The rows of one database, copied into another of any kind: from SQLite to PostgreSQL and back."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine, select

from exchange_protocol.errors import Reason
from exchange_server.storage.engine import reading, writing
from exchange_server.storage.log_rows import read_head
from exchange_server.storage.schema import check_schema, migrate
from exchange_server.storage.tables import metadata

_AT_ONCE: Final = 500


def copy_rows(source: Engine, target: Engine) -> int:
    """Copy every row, as of one moment, in one transaction; gives the number of entries.

    The target is brought to the schema of this version first. Nothing is written over.

    Raises:
        InvalidInput: CONFIG_INVALID, if the source holds no log, the target holds one, or the
            source has grown meanwhile.
    """
    check_schema(source)
    migrate(target)
    with reading(source) as before, writing(target) as after:
        head = read_head(before)
        if head is None:
            raise Reason.CONFIG_INVALID.error("the database holds no log: there is nothing to copy")
        if read_head(after) is not None:
            raise Reason.CONFIG_INVALID.error(
                "expected an empty database to copy to; nothing is written over, and it holds a log"
            )
        for table in metadata.sorted_tables:
            rows = before.execute(select(table), execution_options={"yield_per": _AT_ONCE})
            for batch in rows.mappings().partitions(_AT_ONCE):
                after.execute(table.insert(), [dict(row) for row in batch])
    with reading(source) as now:
        newest = read_head(now)
    if newest != head:
        raise Reason.CONFIG_INVALID.error(
            "the log has grown while it was copied, so the copy lacks entries: stop every hub, "
            "drop the copy, and copy again"
        )
    return head.size
