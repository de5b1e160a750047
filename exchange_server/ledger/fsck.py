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

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, Table, except_, func, or_, select

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.tiles import TreeEdge
from exchange_protocol.record.entries import (
    Entry,
    Event,
    entry_leaf_hash,
    verify_statement_of,
)
from exchange_protocol.record.replay import NOT_JUDGED, DirectoryFold, Replay
from exchange_protocol.rules.access import is_erased, role_of, spoken
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.statements import Part, Statement, parse_statement
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_replay import Stored, begin_state, no_due, open_scratch
from exchange_server.ledger.expected_rows import ExpectedRows
from exchange_server.ledger.log_keys import followed
from exchange_server.ledger.projection import (
    delivery_visibility,
    exchange_row,
    statement_visibility,
)
from exchange_server.ledger.values import Finding, FsckReport
from exchange_server.ledger.witnessing import cosignature_faults
from exchange_server.storage import tables
from exchange_server.storage.engine import driver_error, is_away, reading
from exchange_server.storage.exchange_rows import ExchangeRow, leg_rows
from exchange_server.storage.log_rows import (
    NOT_FOUND_BY,
    DirectoryEntryRow,
    FoundBy,
    Head,
    StoredEntry,
    TileRow,
    read_entry_range,
    read_found_by,
    read_head,
)
from exchange_server.storage.part_rows import CHUNK_BYTES, PartRow
from exchange_server.storage.rows import stream_rows
from exchange_server.storage.statement_rows import DeliveryRow

_ENTRIES_AT_ONCE = 1000
_SEALED_AT_ONCE = 32
"""Rows that are read together; each may hold 3 MiB beside its statement."""
_OF_THE_CHECKER: Final = (*NOT_JUDGED, Reason.FILE_NOT_WRITTEN)
"""Reasons that say nothing of the database."""
_OPENED_SCHEMA: Final = "CREATE TABLE opened (key TEXT PRIMARY KEY, value TEXT, due TEXT)"
_INDEXES_SCHEMA: Final = "CREATE TABLE indexes (key BLOB PRIMARY KEY, value TEXT, due TEXT)"
_PROJECTIONS: Final = (
    tables.directory_entries,
    tables.exchanges,
    tables.legs,
    tables.deliveries,
    tables.feed,
    tables.parties,
)
_REMOVAL_TAKES = timedelta(days=1)
"""More than a hub that serves needs to remove what is due."""

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
    content may be gone whose retention has ended.

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


class _Findings:
    """The first finding of each kind, and how many there are."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def add(self, what: str, where: object, detail: str) -> None:
        known = self._found.get(what)
        if known is None:
            self._found[what] = Finding(what, str(where), 1, detail)
        else:
            self._found[what] = replace(known, count=known.count + 1)

    def all(self) -> tuple[Finding, ...]:
        return tuple(self._found.values())


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
        self._findings = _Findings()
        self._replay = Replay(DirectoryFold(anchors), state=begin_state(scratch))
        self._projected = _Projected(rows, self._replay, scratch)
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

    def _run(self) -> FsckReport:
        head = read_head(self._connection)
        if head is None:
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
        return FsckReport(edge.size, self._projected.statements, parts, self._findings.all())

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
            self._breaks_rules = error.reason is Reason.RULE_BROKEN
            return False
        after = self._exchange_of(entry)
        made = self._projected.add(stored.index, entry, statement, before, after)
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
        made = (self._projected.last_time, self._replay.directories.current.size)
        if (head.last_time, head.directory_size) != made:
            detail = (
                f"the log gives last time {made[0]} and {made[1]} directory statements, "
                f"the head says {head.last_time} and {head.directory_size}"
            )
            self._findings.add("log_head", head.size, detail)
        self._projected.finish()
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
        """Step 6, and that chunks belong to a part."""
        uploads = _Uploads(self._connection, self._add_unclaimed)
        e = tables.log_entries.c
        accepted = select(e.idx, e.payload, e.sealed).where(e.event == int(Event.STATEMENT))
        stored = self._connection.execute(
            accepted.order_by(e.idx), execution_options={"yield_per": _SEALED_AT_ONCE}
        )
        parts = 0
        for index, payload, sealed in stored:
            statement = parse_statement(payload)
            parts += len(statement.parts)
            uploaded = uploads.take(index)
            if statement.parts:
                self._check_parts_of(index, statement, sealed, uploaded)
            elif sealed is not None:
                self._findings.add("log_entries", index, "its statement has no sealed part")
            for name, part_id in uploaded.items():
                self._add_unclaimed(PartRow(index, name, part_id))
        uploads.finish()
        self._check_strays()
        return parts

    def _add_unclaimed(self, row: PartRow) -> None:
        where = f"{row.name!r} of entry {row.log_index}"
        self._findings.add("parts", where, "no statement has this part")

    def _check_parts_of(
        self, index: int, statement: Statement, sealed: bytes | None, uploaded: dict[str, bytes]
    ) -> None:
        """Check the parts of one statement, and take them from those that were uploaded."""
        beside = [part for part in statement.parts if part.name not in uploaded]
        is_erased = self._is_erased(statement.digest)
        # The hub removes it a little after its time.
        is_gone = sealed is None and self._is_erased(statement.digest, self._now)
        if is_erased and sealed is not None:
            self._findings.add("parts", index, "it was erased, and is still there")
        elif sealed is not None and self._is_overdue(statement.digest):
            self._findings.add("parts", index, "its retention has ended, and it is still there")
        if not is_erased and not is_gone:
            self._check_sealed(index, beside, sealed)
        for part in statement.parts:
            part_id = uploaded.pop(part.name, None)
            where = f"part {part.name!r} of entry {index}"
            if part_id is None:
                continue
            if is_erased:
                self._findings.add("parts", where, "it was erased, and is still there")
            elif self._digest_of(part_id) != (part.sha256, part.size):
                self._findings.add("part_chunks", where, "the bytes are not those that were signed")

    def _check_sealed(self, index: int, beside: Sequence[Part], sealed: bytes | None) -> None:
        """Compare what stands beside a statement with the parts that it names."""
        start = 0
        for part in beside:
            where = f"part {part.name!r} of entry {index}"
            data = (sealed or b"")[start : start + part.size]
            start += part.size
            if sealed is None:
                self._findings.add("parts", where, "the sealed bytes are missing")
            elif hashlib.sha256(data).digest() != part.sha256:
                self._findings.add("parts", where, "the bytes are not those that were signed")
        if sealed is not None and len(sealed) != start:
            detail = f"expected {start} sealed bytes beside its statement, got {len(sealed)}"
            self._findings.add("parts", index, detail)

    def _is_erased(self, payload_digest: bytes, at: datetime | None = None) -> bool:
        said = self._replay.state.spoken.get(payload_digest)
        return said is not None and is_erased(self._replay.exchanges[said.exchange_id], said, at)

    def _is_overdue(self, payload_digest: bytes) -> bool:
        """True if the content should be gone; by the last entry, for a copy may be old."""
        last = self._projected.last_time
        return last is not None and self._is_erased(payload_digest, last - _REMOVAL_TAKES)

    def _digest_of(self, part_id: object) -> tuple[bytes, int]:
        if not isinstance(part_id, bytes):
            # A damaged copy may hold anything there, and no chunk is found by it.
            return b"", 0
        chunks = tables.part_chunks.c
        query = (
            select(chunks.seq, chunks.data).where(chunks.part_id == part_id).order_by(chunks.seq)
        )
        digest, size = hashlib.sha256(), 0
        rows = self._connection.execute(query, execution_options={"yield_per": 1})
        for expected, (seq, data) in enumerate(rows):
            if seq != expected or size % CHUNK_BYTES:
                # An offset names its chunk: the hub would not find these bytes.
                return b"", 0
            digest.update(data)
            size += len(data)
        return digest.digest(), size

    def _check_strays(self) -> None:
        chunks = tables.part_chunks.c.part_id
        # Not NOT IN: for a list that its memory lacks PostgreSQL takes the square of the time.
        unknown = except_(
            select(chunks), select(tables.parts.c.part_id), select(tables.staged_parts.c.part_id)
        )
        query = select(func.count()).where(chunks.in_(unknown))
        strays = self._connection.execute(query).scalar_one()
        if strays:
            self._findings.add("part_chunks", "?", f"{strays} chunks belong to no part")
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


class _Uploads:
    """The parts that were uploaded, read beside the statements in the order of the log."""

    def __init__(self, connection: Connection, unclaimed: Callable[[PartRow], None]) -> None:
        self._rows = stream_rows(connection, tables.parts, PartRow)
        self._unclaimed = unclaimed
        self._next = next(self._rows, None)

    def take(self, index: int) -> dict[str, bytes]:
        """Take those of an entry, by their names; what lies before them belongs to nobody."""
        taken = {}
        while (row := self._next) is not None:
            # A damaged copy may hold anything there; SQLite sorts numbers before text and bytes.
            is_number = isinstance(row.log_index, int)
            if is_number and row.log_index > index:
                break
            if is_number and row.log_index == index:
                taken[row.name] = row.part_id
            else:
                self._unclaimed(row)
            self._next = next(self._rows, None)
        return taken

    def finish(self) -> None:
        """Tell what lies behind the last statement."""
        while self._next is not None:
            self._unclaimed(self._next)
            self._next = next(self._rows, None)


class _Projected:
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
