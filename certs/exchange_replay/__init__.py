"""The state of a long replay on disk, for hub and client alike.

`ReplayStore` keeps it in tables of a SQLite file. For one replay `open_scratch` makes a file, and
`begin_state` the state in it.
"""

from exchange_replay.scratch import open_scratch
from exchange_replay.store import (
    REPLAY_SCHEMA,
    REPLAY_TABLES,
    ReplayStore,
    Stored,
    StoredScopes,
    begin_state,
    no_due,
)

__all__ = [
    "REPLAY_SCHEMA",
    "REPLAY_TABLES",
    "ReplayStore",
    "Stored",
    "StoredScopes",
    "begin_state",
    "no_due",
    "open_scratch",
]
