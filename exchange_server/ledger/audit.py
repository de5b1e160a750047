"""The entries that an auditor may open: `rules.inspection`, over the rows of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, select

from exchange_protocol.record.entries import scope_of
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.inspection import AuditorScope, EntryScope, Parties, judge_inspection
from exchange_protocol.rules.leg_record import decode_record
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_server.ledger.values import LeavesPage
from exchange_server.storage.log_rows import StoredEntry
from exchange_server.storage.rows import select_by_keys
from exchange_server.storage.tables import exchanges, legs, log_entries


def leaves_page(
    connection: Connection, directory: Directory, reader: Member, entries: Sequence[StoredEntry]
) -> LeavesPage:
    """Entries as a reader is shown them, and what is to be logged of its reading."""
    found = _concerns(connection, entries)
    auditor = AuditorScope(directory, reader)
    shown = [auditor.through(scope) for scope in found]
    leaves = tuple(
        (entry.leaf_hash, None if by is None else entry.opening)
        for entry, by in zip(entries, shown, strict=True)
    )
    if not any(shown):
        return LeavesPage(leaves)
    scopes = Counter(found)
    _, ruling = judge_inspection(directory, reader, scopes)
    return LeavesPage(leaves, scopes, ruling)


def _concerns(connection: Connection, entries: Sequence[StoredEntry]) -> list[EntryScope]:
    ids = sorted({entry.exchange_id for entry in entries if entry.exchange_id})
    query = (
        select(
            exchanges.c.exchange_id,
            exchanges.c.initial_index,
            log_entries.c.payload_sha256,
            exchanges.c.initiator,
            legs.c.agency,
            legs.c.record,
        )
        .join(legs, legs.c.exchange_id == exchanges.c.exchange_id)
        .join(log_entries, log_entries.c.idx == exchanges.c.initial_index)
        .order_by(exchanges.c.exchange_id, legs.c.position)
    )
    opened: dict[str, int] = {}
    ends: dict[str, list[Parties]] = {}
    found = select_by_keys(connection, query, exchanges.c.exchange_id, ids)
    for exchange_id, index, initial, initiator, leg, record in found:
        opened[exchange_id] = index
        if decode_record(record).from_initiator[0] == initial:  # As `Exchange.ends` has it.
            ends.setdefault(exchange_id, []).append((AgencyId(initiator), AgencyId(leg)))
    return [
        scope_of(
            entry.event,
            AgencyId(entry.actor_agency),
            entry.exchange_id,
            # A refusal from before the exchange was opened concerned nobody else then.
            ends[entry.exchange_id]
            if opened.get(entry.exchange_id, entry.index + 1) <= entry.index
            else (),
        )
        for entry in entries
    ]
