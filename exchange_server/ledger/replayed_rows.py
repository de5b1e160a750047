"""The rows that the projections of a log should hold, made anew while it is replayed.

They go to the expected rows. The scratch of the replay keeps whatever a later entry may still move.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from exchange_protocol.record.entries import Entry, Event
from exchange_protocol.record.replay import Replay
from exchange_protocol.rules.access import role_of, spoken
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.statements import Statement
from exchange_replay import Stored, no_due
from exchange_server.ledger.expected_rows import ExpectedRows
from exchange_server.ledger.projection import (
    delivery_visibility,
    exchange_row,
    shown_to_new_approvers,
    statement_visibility,
)
from exchange_server.storage import tables
from exchange_server.storage.exchange_rows import ExchangeRow, leg_rows
from exchange_server.storage.log_rows import NOT_FOUND_BY, DirectoryEntryRow, FoundBy
from exchange_server.storage.statement_rows import DeliveryRow

_OPENED_SCHEMA: Final = "CREATE TABLE opened (key TEXT PRIMARY KEY, value TEXT, due TEXT)"
_INDEXES_SCHEMA: Final = "CREATE TABLE indexes (key BLOB PRIMARY KEY, value TEXT, due TEXT)"


class ReplayedRows:
    """The rows that the projections should hold, gathered entry by entry."""

    def __init__(self, rows: ExpectedRows, replay: Replay, scratch: sqlite3.Connection) -> None:
        self.last_time: datetime | None = None
        self.statements = 0
        self._directory_size = 0
        self._rows = rows
        self._replay = replay
        scratch.execute(_OPENED_SCHEMA)
        scratch.execute(_INDEXES_SCHEMA)
        self._opened = Stored[str, ExchangeRow](
            scratch, "opened", str, _encode_row, _decode_row, no_due
        )
        self._indexes = Stored[bytes, int](scratch, "indexes", bytes, str, int, no_due)

    def add(
        self,
        index: int,
        entry: Entry,
        statement: Statement | None,
        before: Exchange | None,
        after: Exchange | None,
    ) -> FoundBy:
        """Take one entry, with its exchange before and after it; gives what it is found by."""
        self.last_time = entry.hub_time
        told = NOT_FOUND_BY
        if statement is not None:
            told = self._add_statement(index, entry, statement, before, after)
        elif entry.event is Event.DELIVERY and after is not None:
            self._add_delivery(index, entry, before or after)
        if entry.event is not Event.DENIAL and entry.exchange_id:
            opened = self._opened.get(entry.exchange_id)
            if opened is not None:
                moved = opened._replace(updated_at=entry.hub_time)
                self._opened[entry.exchange_id] = moved
        return told

    def finish(self) -> None:
        """Expect the exchanges and legs that the whole log has made."""
        for row in self._opened.in_order():
            self._rows.add(tables.exchanges, [row])
        for exchange in self._replay.exchanges.values():
            self._rows.add(tables.legs, leg_rows(exchange))

    def _add_statement(
        self,
        index: int,
        entry: Entry,
        statement: Statement,
        before: Exchange | None,
        after: Exchange | None,
    ) -> FoundBy:
        said = None
        if after is None:
            row = DirectoryEntryRow(self._directory_size, index)
            self._rows.add(tables.directory_entries, [row])
            self._directory_size += 1
        else:
            said = spoken(after, statement)
            if before is None:
                self._opened[after.id] = exchange_row(statement, index, entry.hub_time)
            initial_index = self._opened[after.id].initial_index
            made = statement_visibility(index, initial_index, before, after, said, self._indexes)
            self._rows.add(tables.feed, made.feed)
            self._rows.may_lack(tables.feed, shown_to_new_approvers(after, made.feed))
            self._rows.add(tables.parties, made.parties)
        self._indexes[statement.digest] = index
        self.statements += 1
        legs, supervisors = (said.legs, said.supervisors) if said else ((), ())
        urgency = int(statement.header.urgency)
        return FoundBy(statement.id, statement.kind.value, urgency, legs, supervisors)

    def _add_delivery(self, index: int, entry: Entry, exchange: Exchange) -> None:
        said = self._replay.state.spoken[entry.payload_digest]
        reader = entry.actor.agency
        role = role_of(reader, exchange, said)
        if role is not None:
            self._rows.add(tables.feed, delivery_visibility(index, said, reader, role))
        row = DeliveryRow(self._indexes[entry.payload_digest], entry.actor.uri, index)
        self._rows.add(tables.deliveries, [row])


_ROW: Final = TypeAdapter(ExchangeRow)


def _encode_row(row: ExchangeRow) -> str:
    return _ROW.dump_json(row).decode()


def _decode_row(value: str) -> ExchangeRow:
    return _ROW.validate_json(value)
