"""Whether the database takes writes: found out by writing, and leaving nothing behind.

The probe takes the writers' turn as a batch does, and what it writes is of a batch's size, so that
it fails where batches fail: on a database that is away or read-only, on a full disk, behind another
hub that holds the head.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from sqlalchemy import Connection

from exchange_server.storage.log_rows import read_head
from exchange_server.storage.part_rows import (
    PART_ID_BYTES,
    ChunkRow,
    StagedPartRow,
    discard_staged,
    insert_staged,
    insert_staged_chunk,
)

_PROBE_BYTES = 64 * 1024
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def write_and_forget(connection: Connection) -> None:
    """Write an upload of nobody's and remove it; the commit is the proof."""
    read_head(connection, lock=True)
    part_id = secrets.token_bytes(PART_ID_BYTES)
    row = StagedPartRow(part_id, "", bytes(32), _PROBE_BYTES, _NO_TIME, is_whole=False)
    insert_staged(connection, row)
    # Random, since PostgreSQL would compress anything else.
    insert_staged_chunk(connection, ChunkRow(part_id, 0, secrets.token_bytes(_PROBE_BYTES)))
    discard_staged(connection, [part_id])
