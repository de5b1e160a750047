"""The feed: which entries an agency may see, and since which entry of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, tuple_

from exchange_server.storage.log_rows import (
    PAGE_ENTRIES,
    STORED_ENTRIES,
    StoredEntry,
    page_of_entries,
    paged,
)
from exchange_server.storage.rows import insert_rows
from exchange_server.storage.tables import exchanges, feed, log_entries


class FeedRow(NamedTuple):
    """`agency` sees entry `entry_index` since entry `position`, as `role`."""

    agency: str
    position: int
    entry_index: int
    exchange_id: str
    role: str


class NoticeRow(NamedTuple):
    """One line of an agency's feed; `kind` is empty for events that are no statements."""

    position: int
    entry_index: int
    exchange_id: str
    event: int
    kind: str
    actor_agency: str
    urgency: int


def insert_feed(connection: Connection, rows: Sequence[FeedRow]) -> None:
    """Let agencies see entries."""
    insert_rows(connection, feed, rows)


def read_notices(
    connection: Connection, agency: str, after: tuple[int, int], limit: int
) -> list[NoticeRow]:
    """Read an agency's feed after a position and entry index."""
    f, e, x = feed.c, log_entries.c, exchanges.c
    query = (
        select(
            f.position,
            f.entry_index,
            f.exchange_id,
            e.event,
            func.coalesce(e.kind, ""),
            e.actor_agency,
            func.coalesce(e.urgency, x.urgency),
        )
        .join(log_entries, e.idx == f.entry_index)
        .join(exchanges, x.exchange_id == f.exchange_id)
        .where(f.agency == agency, tuple_(f.position, f.entry_index) > tuple_(*after))
        .order_by(f.position, f.entry_index)
        .limit(limit)
    )
    return [NoticeRow(*row) for row in connection.execute(query)]


_VISIBLE = paged(
    STORED_ENTRIES.where(
        log_entries.c.idx.in_(
            select(feed.c.entry_index)
            .where(
                feed.c.exchange_id == bindparam("exchange"),
                feed.c.agency == bindparam("agency"),
                feed.c.entry_index >= bindparam("start"),
                feed.c.position < bindparam("size"),
            )
            .distinct()
            .order_by(feed.c.entry_index)
            .limit(PAGE_ENTRIES + 1)
        )
    )
)


def read_visible_entries(
    connection: Connection, agency: str, exchange_id: str, start: int, tree_size: int
) -> tuple[list[StoredEntry], bool]:
    """Read a page of the entries of an exchange that an agency could see at a tree size.

    Gives those from index `start` on, in log order, and whether there are more.
    """
    values = {"agency": agency, "exchange": exchange_id, "start": start, "size": tree_size}
    return page_of_entries(connection, _VISIBLE, values, tree_size)
