"""The hub's own check of its database: everything computed anew from the log, and compared.

Reads only, so it works on a copy. In order, each step assuming the ones before it:

 1. Entries are numbered without a gap, and each leaf hash is that of its entry and nonce.
 2. The tiles are those of the leaf hashes.
 3. The head has the root of the tree, and its checkpoint is signed by the log's key.
    So is every checkpoint that witnesses cosigned, and it is of this tree.
 4. The replay: every entry keeps the rules, judged by the entries before it.
 5. Every projection is what the replay makes: row by row, none missing and none too many.
 6. The sealed bytes have the digests that were signed. Those that a notice erased are gone, and
    so are those whose retention had ended some time before the last entry. Others that are gone
    before their time, and erased ones that are there, are damage.

A finding is the first wrong row of a kind and how many there are. After a broken entry the state is
unknown, so steps 5 and 6 are left out then. The state of the replay lies in SQLite's temporary
files, so a long log needs hardly more memory than a short one, and about the disk of the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine, Table, func, or_, select

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.tiles import TreeEdge
from exchange_protocol.record.entries import (
    Entry,
    Event,
    entry_leaf_hash,
    is_malformed,
    verify_statement_of,
)
from exchange_protocol.record.replay import NOT_JUDGED, DirectoryFold, Replay
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_replay import begin_state, open_scratch
from exchange_server.ledger.expected_rows import ExpectedRows
from exchange_server.ledger.findings import Findings
from exchange_server.ledger.log_keys import followed
from exchange_server.ledger.part_check import PartCheck
from exchange_server.ledger.replayed_rows import ReplayedRows
from exchange_server.ledger.values import FsckReport
from exchange_server.ledger.witnessing import cosignature_faults
from exchange_server.storage import tables
from exchange_server.storage.engine import driver_error, is_away, reading
from exchange_server.storage.log_rows import (
    FoundBy,
    Head,
    StoredEntry,
    TileRow,
    read_entry_range,
    read_found_by,
    read_head,
)

_ENTRIES_AT_ONCE = 1000
_OF_THE_CHECKER: Final = (*NOT_JUDGED, Reason.FILE_NOT_WRITTEN)
"""Reasons that say nothing of the database."""
_PROJECTIONS: Final = (
    tables.directory_entries,
    tables.exchanges,
    tables.legs,
    tables.deliveries,
    tables.feed,
    tables.parties,
)
_BESIDE_THE_TREE = frozenset({"log_entries", "leaf hashes", "root", "checkpoint", "database"})
"""Findings by which the entries are not those that the hub signed, so they break no rule."""


def fsck(
    engine: Engine,
    anchors: TrustAnchors,
    log: LogVerifier,
    *,
    known: Sequence[Checkpoint] = (),
    at_least: int = 0,
    now: datetime | None = None,
) -> FsckReport:
    """Check a whole database; what is wrong is found, never raised.

    `known` are checkpoints that the log's key signed: the database must hold their trees. One of
    fewer entries than these, or than `at_least`, is incomplete. By `now`, else the machine's clock,
    or by the last entry where that is later, content may be gone whose retention has ended.

    Raises:
        InvalidInput: POLICY_UNREADABLE, if this version cannot check the log.
    """
    with (
        reading(engine) as connection,
        closing(open_scratch()) as scratch,
        ExpectedRows() as rows,
    ):
        check = _Check(connection, anchors, log, known, now or datetime.now(UTC), scratch, rows)
        report = check.run()
    return replace(report, known_size=max((at_least, *(each.size for each in known))))


class _Check:
    def __init__(
        self,
        connection: Connection,
        anchors: TrustAnchors,
        log: LogVerifier,
        known: Sequence[Checkpoint],
        now: datetime,
        scratch: sqlite3.Connection,
        rows: ExpectedRows,
    ) -> None:
        self._connection = connection
        self._now = now
        self._rows = rows
        self._known = {each.size: each for each in known}
        self._log = log
        self._findings = Findings()
        self._replay = Replay(DirectoryFold(anchors), state=begin_state(scratch))
        self._made = ReplayedRows(rows, self._replay, scratch)
        self._entries = 0
        self._breaks_rules = False

    def run(self) -> FsckReport:
        try:
            self._log = followed(self._connection, self._log)
            report = self._run()
            self._check_file()
        except ExchangeError as error:
            if error.reason in _OF_THE_CHECKER:
                raise
            self._findings.add("database", "?", error.message)
        except (ValueError, TypeError, LookupError, OverflowError, AttributeError) as error:
            # A torn page holds anything: a row of another table, or nothing that is a row.
            self._findings.add("database", "?", f"a row cannot be read: {error}")
        except Exception as error:
            cause = driver_error(error)
            if cause is None or is_away(error):
                raise
            self._findings.add("database", "?", f"it cannot be read on: {cause}")
        else:
            found = self._findings.all()
            is_signed = _BESIDE_THE_TREE.isdisjoint(finding.what for finding in found)
            return replace(report, findings=found, breaks_rules=is_signed and self._breaks_rules)
        return FsckReport(self._entries, 0, 0, self._findings.all())

    def _check_file(self) -> None:
        """The structure of a SQLite file; PostgreSQL checks its pages by itself."""
        if self._connection.dialect.name == "sqlite":
            query = self._connection.exec_driver_sql("PRAGMA integrity_check(1)")
            found = " ".join(query.scalar_one().split())
            if found != "ok":
                self._findings.add("database", "?", f"the file is damaged: {found}")

    def _has_rows(self, table: Table) -> bool:
        return self._connection.execute(select(table).limit(1)).first() is not None

    def _run(self) -> FsckReport:
        head = read_head(self._connection)
        if head is None:
            # `migrate` has made the tables, and no hub has begun the log yet: that is no damage.
            if any(self._has_rows(table) for table in tables.metadata.sorted_tables):
                self._findings.add("log_head", "head", "expected one head of the log, got none")
            return FsckReport(0, 0, 0, self._findings.all())
        [head_id] = self._connection.execute(select(tables.log_head.c.id)).scalars()
        if head_id != 1:
            self._findings.add("log_head", head_id, "expected the row 1: the hub would not move it")
        edge, is_replayed = self._check_entries()
        self._check_head(head, edge)
        for size, fault in cosignature_faults(self._connection, head, self._log):
            self._findings.add("cosignatures", size, fault)
        if is_replayed:
            self._check_projections(head)
        parts = self._check_parts() if is_replayed else 0
        return FsckReport(edge.size, self._made.statements, parts, self._findings.all())

    def _check_entries(self) -> tuple[TreeEdge, bool]:
        """Steps 1, 2 and 4, over the log in order."""
        edge = TreeEdge()
        is_replayed = True
        index = 0
        while stored := read_entry_range(self._connection, index, index + _ENTRIES_AT_ONCE):
            found = read_found_by(self._connection, index, index + _ENTRIES_AT_ONCE)
            for entry in stored:
                if entry.index != index:
                    self._findings.add("log_entries", index, "expected an entry, got none")
                    return edge, False
                self._check_leaf(entry)
                is_replayed = is_replayed and self._replay_entry(entry, found[index])
                index += 1
            leaves = [entry.leaf_hash for entry in stored]
            self._check_known(edge, leaves)
            growth = edge.append_many(leaves)
            edge = growth.edge
            self._entries = edge.size
            grown = (TileRow(*tile, hashes) for tile, hashes in growth.tiles.items())
            self._rows.add(tables.log_tiles, grown)
        self._compare(tables.log_tiles)
        return edge, is_replayed

    def _check_known(self, edge: TreeEdge, leaves: Sequence[bytes]) -> None:
        """Compare with the checkpoints that end within these leaves."""
        for size in range(edge.size + 1, edge.size + len(leaves) + 1):
            known = self._known.get(size)
            if known is None:
                continue
            root = edge.append_many(leaves[: size - edge.size]).edge.root()
            if root != known.root:
                detail = f"its entries give the root {root.hex()}, it says {known.root.hex()}"
                self._findings.add("known checkpoint", size, detail)

    def _check_leaf(self, stored: StoredEntry) -> None:
        try:
            computed = entry_leaf_hash(stored.opening.entry, stored.opening.nonce)
        except ExchangeError as error:
            self._findings.add("leaf hashes", stored.index, error.message)
            return
        if computed != stored.leaf_hash:
            detail = f"its entry and nonce give {computed.hex()}, it has {stored.leaf_hash.hex()}"
            self._findings.add("leaf hashes", stored.index, detail)

    def _replay_entry(self, stored: StoredEntry, columns_found: FoundBy) -> bool:
        try:
            entry = verify_statement_of(stored.opening)
            before = self._exchange_of(entry)
            statement = self._replay.apply(stored.index, stored.opening, entry).statement
            columns = (stored.event, stored.actor_agency, stored.exchange_id, stored.payload_sha256)
            said = (entry.event, entry.actor.agency, entry.exchange_id, entry.payload_digest)
            if columns != said:
                self._findings.add(
                    "log_entries", stored.index, f"its columns say {columns}, its bytes {said}"
                )
                return False
        except ExchangeError as error:
            if error.reason in _OF_THE_CHECKER:
                raise
            self._findings.add("replay", stored.index, error.message)
            # Without a broken rule, the statement is not the entry's.
            # One whose bytes no reader understands was written so: its leaf commits to it.
            self._breaks_rules = error.reason is Reason.RULE_BROKEN or is_malformed(
                stored.opening.entry
            )
            return False
        after = self._exchange_of(entry)
        made = self._made.add(stored.index, entry, statement, before, after)
        if columns_found != made:
            where, detail = stored.index, f"its columns say {columns_found}, its statement {made}"
            self._findings.add("log_entries", where, detail)
        return True

    def _exchange_of(self, entry: Entry) -> Exchange | None:
        return self._replay.exchanges.get(entry.exchange_id) if entry.exchange_id else None

    def _check_head(self, head: Head, edge: TreeEdge) -> None:
        """Step 3."""
        if (head.size, head.root) != (edge.size, edge.root()):
            self._findings.add(
                "root",
                head.size,
                f"the entries give size {edge.size} and root {edge.root().hex()}, "
                f"the head says {head.size} and {head.root.hex()}",
            )
        try:
            checkpoint = self._log.verify(head.note)
        except ExchangeError as error:
            self._findings.add("checkpoint", head.size, error.message)
            return
        if (checkpoint.size, checkpoint.root) != (head.size, head.root):
            detail = f"it says size {checkpoint.size} and root {checkpoint.root.hex()}"
            self._findings.add("checkpoint", head.size, detail)

    def _check_projections(self, head: Head) -> None:
        """Step 5."""
        made = (self._made.last_time, self._replay.directories.current.size)
        if (head.last_time, head.directory_size) != made:
            detail = (
                f"the log gives last time {made[0]} and {made[1]} directory statements, "
                f"the head says {head.last_time} and {head.directory_size}"
            )
            self._findings.add("log_head", head.size, detail)
        self._made.finish()
        for table in _PROJECTIONS:
            self._compare(table)

    def _compare(self, table: Table) -> None:
        """Compare a table with the rows that it should have."""
        try:
            for row in self._rows.compare(self._connection, table):
                self._findings.add(table.name, row.key, row.detail)
        except (ValueError, TypeError) as error:
            self._findings.add(table.name, "?", f"a row cannot be read: {error}")
        for row in self._rows.missing(table):
            self._findings.add(table.name, row.key, row.detail)

    def _check_parts(self) -> int:
        """Step 6."""
        last_time = self._made.last_time
        check = PartCheck(
            self._connection, self._replay, self._findings, now=self._now, last_time=last_time
        )
        parts = check.run()
        self._check_statement_columns()
        return parts

    def _check_statement_columns(self) -> None:
        """Check that exactly the entries of statements have the columns of one."""
        e = tables.log_entries.c
        of_statements = (
            e.payload,
            e.certificate_sha256,
            e.signature,
            e.batch,
            e.post_quantum_signature,
            e.sealed,
        )
        query = select(e.idx).where(
            or_(e.payload.is_(None), e.event != int(Event.STATEMENT)),
            or_(*(each.is_not(None) for each in of_statements)),
        )
        for index in self._connection.execute(query).scalars():
            self._findings.add(
                "log_entries", index, "it has columns of a statement, and accepts none"
            )
        query = select(e.idx).where(e.payload.is_not(None), e.batch.is_(None))
        for index in self._connection.execute(query).scalars():
            self._findings.add("log_entries", index, "its statement has no batch column")
        query = select(e.idx).where(func.length(e.post_quantum_signature) == 0)
        for index in self._connection.execute(query).scalars():
            self._findings.add("log_entries", index, "its second signature is there and empty")
