"""The rows that a batch makes: gathered while its requests are judged, and written at once.

Nothing here decides anything. The rows of a request are added whole, after it was judged; the order
of the tables matters only to a reader of traces.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from exchange_protocol.rules.exchange import Exchange
from exchange_server.ledger.retention import forget_content
from exchange_server.storage.exchange_rows import (
    ExchangeRow,
    LegRow,
    PartyRow,
    insert_exchanges,
    insert_parties,
    leg_rows,
    touch_exchanges,
    write_legs,
)
from exchange_server.storage.feed_rows import FeedRow, insert_feed
from exchange_server.storage.log_rows import (
    DirectoryEntryRow,
    EntryRow,
    insert_directory_entries,
    insert_entries,
)
from exchange_server.storage.part_rows import (
    PartRow,
    claim_staged,
    insert_parts,
)
from exchange_server.storage.statement_rows import (
    DeliveryRow,
    insert_deliveries,
)


@dataclass(slots=True)
class BatchRows:
    """The rows of one batch; `write` writes them all."""

    entries: list[EntryRow] = field(default_factory=list)
    """Entries, with the statements that they accept."""
    directory_entries: list[DirectoryEntryRow] = field(default_factory=list)
    opened: dict[str, ExchangeRow] = field(default_factory=dict)
    """Exchanges that are new, by id."""
    deliveries: list[DeliveryRow] = field(default_factory=list)
    feed: list[FeedRow] = field(default_factory=list)
    parties: dict[PartyRow, None] = field(default_factory=dict)
    """Each once, in the order in which they came."""
    uploaded: list[PartRow] = field(default_factory=list)
    """Parts that were uploaded before their statements, which claim them; their bytes are stored
    already."""
    erased: dict[str, tuple[Exchange, datetime]] = field(default_factory=dict)
    """Exchanges whose sealed parts are forgotten, by id, and the hub's time of that."""
    _touched: dict[str, datetime] = field(default_factory=dict)
    _legs: dict[tuple[str, str], LegRow] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Rows that were added so far, in all tables."""
        return (
            len(self.entries)
            + len(self.directory_entries)
            + len(self.opened)
            + len(self.deliveries)
            + len(self.feed)
            + len(self.parties)
            + len(self.uploaded)
            + len(self.erased)
            + len(self._touched)
            + len(self._legs)
        )

    def move(self, before: Exchange | None, after: Exchange, at: datetime) -> None:
        """Keep what an exchange has become at the hub's time `at`."""
        known = set(leg_rows(before)) if before else set()
        for row in leg_rows(after):
            if row not in known:
                self._legs[after.id, row.agency] = row
        if after.id in self.opened:
            self.opened[after.id] = self.opened[after.id]._replace(updated_at=at)
        else:
            self._touched[after.id] = at

    def write(self, connection: Connection) -> None:
        """Write every row; the tree and the head of the log are the caller's."""
        insert_entries(connection, self.entries)
        insert_directory_entries(connection, self.directory_entries)
        insert_exchanges(connection, list(self.opened.values()))
        touch_exchanges(connection, list(self._touched.items()))
        write_legs(connection, list(self._legs.values()))
        insert_deliveries(connection, self.deliveries)
        insert_feed(connection, self.feed)
        insert_parties(connection, list(self.parties))
        insert_parts(connection, self.uploaded)
        for exchange, at in self.erased.values():
            forget_content(connection, exchange, at)
        claim_staged(connection, list(dict.fromkeys(part.part_id for part in self.uploaded)))
