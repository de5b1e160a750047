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
unknown, so steps 5 and 6 are left out then. The memory that this takes grows with the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, func, or_, select

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.tiles import TileId, TreeEdge
from exchange_protocol.record.entries import Entry, Event, entry_leaf_hash
from exchange_protocol.record.replay import NOT_JUDGED, DirectoryFold, Replay
from exchange_protocol.rules.access import StatementFacts, is_erased, role_of, spoken
from exchange_protocol.rules.lifecycle import Exchange
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.certificates import TrustAnchors
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
from exchange_server.storage.exchange_rows import ExchangeRow, LegRow, PartyRow, leg_rows
from exchange_server.storage.feed_rows import FeedRow
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
from exchange_server.storage.rows import field_names, stream_rows
from exchange_server.storage.statement_rows import DeliveryRow

_ENTRIES_AT_ONCE = 1000
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
    with reading(engine) as connection:
        report = _Check(connection, anchors, log, known, now or datetime.now(UTC)).run()
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
    ) -> None:
        self._connection = connection
        self._now = now
        self._known = {each.size: each for each in known}
        self._log = log
        self._findings = _Findings()
        self._replay = Replay(DirectoryFold(anchors))
        self._expected = _Expected()
        self._entries = 0
        self._breaks_rules = False

    def run(self) -> FsckReport:
        try:
            self._log = followed(self._connection, self._log)
            report = self._run()
            self._check_file()
        except ExchangeError as error:
            if error.reason in NOT_JUDGED:
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
        return FsckReport(edge.size, self._expected.statements, parts, self._findings.all())

    def _check_entries(self) -> tuple[TreeEdge, bool]:
        """Steps 1, 2 and 4, over the log in order."""
        edge = TreeEdge()
        tiles: dict[TileId, bytes] = {}
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
            tiles.update(growth.tiles)
        self._compare(
            tables.log_tiles,
            TileRow,
            [TileRow(level, idx, hashes) for (level, idx), hashes in tiles.items()],
        )
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
            exchange_id = stored.exchange_id
            before = self._replay.exchanges.get(exchange_id)
            applied = self._replay.apply(stored.index, stored.opening)
            entry, statement = applied.entry, applied.statement
            columns = (stored.event, stored.actor_agency, exchange_id, stored.payload_sha256)
            said = (entry.event, entry.actor.agency, entry.exchange_id, entry.payload_digest)
            if columns != said:
                self._findings.add(
                    "log_entries", stored.index, f"its columns say {columns}, its bytes {said}"
                )
                return False
        except ExchangeError as error:
            if error.reason in NOT_JUDGED:
                raise
            self._findings.add("replay", stored.index, error.message)
            # Without a broken rule, the statement is not the entry's.
            self._breaks_rules = error.reason is Reason.RULE_BROKEN
            return False
        after = self._replay.exchanges.get(exchange_id)
        made = self._expected.add(stored.index, entry, statement, before, after)
        if columns_found != made:
            where, detail = stored.index, f"its columns say {columns_found}, its statement {made}"
            self._findings.add("log_entries", where, detail)
        return True

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
        expected = self._expected
        made = (expected.last_time, self._replay.directories.current.size)
        if (head.last_time, head.directory_size) != made:
            detail = (
                f"the log gives last time {made[0]} and {made[1]} directory statements, "
                f"the head says {head.last_time} and {head.directory_size}"
            )
            self._findings.add("log_head", head.size, detail)
        exchanges = self._replay.exchanges.values()
        self._compare(tables.directory_entries, DirectoryEntryRow, expected.directory_entries)
        self._compare(tables.exchanges, ExchangeRow, expected.exchanges.values())
        self._compare(tables.legs, LegRow, [row for one in exchanges for row in leg_rows(one)])
        self._compare(tables.deliveries, DeliveryRow, expected.deliveries)
        self._compare(tables.feed, FeedRow, expected.feed)
        self._compare(tables.parties, PartyRow, expected.parties)

    def _compare(self, table: Table, row_type: type[Any], expected: Iterable[Any]) -> None:
        """Compare a table with the rows that it should have."""
        key_of = _key_of(table)
        left = {key_of(row): row for row in expected}
        try:
            for row in stream_rows(self._connection, table, row_type):
                key = key_of(row)
                wanted = left.pop(key, None)
                if row != wanted:
                    self._findings.add(table.name, _shown(key), _difference(wanted, row))
        except (ValueError, TypeError) as error:
            self._findings.add(table.name, "?", f"a row cannot be read: {error}")
        for key in sorted(left, key=str):
            self._findings.add(table.name, _shown(key), "the row is missing")

    def _check_parts(self) -> int:
        """Step 6, and that chunks belong to a part."""
        query = select(*(tables.parts.c[name] for name in field_names(PartRow)))
        rows = [PartRow(*values) for values in self._connection.execute(query)]
        uploaded = {(row.log_index, row.name): row.part_id for row in rows}
        for index, parts in self._expected.parts.items():
            beside = [part for part in parts if (index, part.name) not in uploaded]
            sealed = self._sealed_of(index)
            is_erased = self._is_erased(parts[0].statement)
            # The hub removes it a little after its time.
            is_gone = sealed is None and self._is_erased(parts[0].statement, self._now)
            if is_erased and sealed is not None:
                self._findings.add("parts", index, "it was erased, and is still there")
            elif sealed is not None and self._is_overdue(parts[0].statement):
                self._findings.add("parts", index, "its retention has ended, and it is still there")
            if not is_erased and not is_gone:
                self._check_sealed(index, beside, sealed)
            for part in parts:
                part_id = uploaded.pop((index, part.name), None)
                where = f"part {part.name!r} of entry {index}"
                if part_id is None:
                    continue
                if is_erased:
                    self._findings.add("parts", where, "it was erased, and is still there")
                elif self._digest_of(part_id) != (part.sha256, part.size):
                    self._findings.add(
                        "part_chunks", where, "the bytes are not those that were signed"
                    )
        for index, name in uploaded:
            self._findings.add("parts", f"{name!r} of entry {index}", "no statement has this part")
        self._check_strays()
        return sum(map(len, self._expected.parts.values()))

    def _check_sealed(self, index: int, beside: Sequence[_Part], sealed: bytes | None) -> None:
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

    def _sealed_of(self, index: int) -> bytes | None:
        e = tables.log_entries.c
        found: bytes | None = self._connection.execute(
            select(e.sealed).where(e.idx == index)
        ).scalar_one()
        return found

    def _is_erased(self, payload_digest: bytes, at: datetime | None = None) -> bool:
        said = self._expected.spoken.get(payload_digest)
        return said is not None and is_erased(self._replay.exchanges[said.exchange_id], said, at)

    def _is_overdue(self, payload_digest: bytes) -> bool:
        """True if the content should be gone; by the last entry, for a copy may be old."""
        last = self._expected.last_time
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
        query = select(func.count()).where(
            chunks.not_in(select(tables.parts.c.part_id)),
            chunks.not_in(select(tables.staged_parts.c.part_id)),
        )
        strays = self._connection.execute(query).scalar_one()
        if strays:
            self._findings.add("part_chunks", "?", f"{strays} chunks belong to no part")
        e = tables.log_entries.c
        of_statements = (
            e.certificate_sha256,
            e.signature,
            e.batch,
            e.post_quantum_signature,
            e.sealed,
        )
        query = select(e.idx).where(
            e.payload.is_(None), or_(*(each.is_not(None) for each in of_statements))
        )
        for index in self._connection.execute(query).scalars():
            self._findings.add(
                "log_entries", index, "it has columns of a statement, and accepts none"
            )
        query = select(e.idx).where(e.payload.is_not(None), e.sealed.is_not(None))
        for index in self._connection.execute(query).scalars():
            if index not in self._expected.parts:
                self._findings.add("log_entries", index, "its statement has no sealed part")
        query = select(e.idx).where(e.payload.is_not(None), e.batch.is_(None))
        for index in self._connection.execute(query).scalars():
            self._findings.add("log_entries", index, "its statement has no batch column")
        query = select(e.idx).where(func.length(e.post_quantum_signature) == 0)
        for index in self._connection.execute(query).scalars():
            self._findings.add("log_entries", index, "its second signature is there and empty")


class _Part(NamedTuple):
    """A sealed part as a statement names it."""

    statement: bytes
    """Digest of the statement."""
    name: str
    sha256: bytes
    size: int


class _Expected:
    """The rows that the projections should hold, gathered entry by entry."""

    def __init__(self) -> None:
        self.last_time: datetime | None = None
        self.statements = 0
        self.directory_entries: list[DirectoryEntryRow] = []
        self.exchanges: dict[str, ExchangeRow] = {}
        self.deliveries: list[DeliveryRow] = []
        self.feed: list[FeedRow] = []
        self.parties: set[PartyRow] = set()
        self.parts: dict[int, list[_Part]] = {}
        """By the statement's index."""
        self.spoken: dict[bytes, StatementFacts] = {}
        self._indexes: dict[bytes, int] = {}

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
        if entry.event is not Event.DENIAL and entry.exchange_id in self.exchanges:
            row = self.exchanges[entry.exchange_id]
            self.exchanges[entry.exchange_id] = row._replace(updated_at=entry.hub_time)
        return told

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
            row = DirectoryEntryRow(len(self.directory_entries), index)
            self.directory_entries.append(row)
        else:
            said = spoken(after, statement)
            if before is None:
                self.exchanges[after.id] = exchange_row(statement, index, entry.hub_time)
            initial_index = self.exchanges[after.id].initial_index
            made = statement_visibility(index, initial_index, before, after, said, self._indexes)
            self.feed.extend(made.feed)
            self.parties.update(made.parties)
            self.spoken[statement.digest] = said
        self._indexes[statement.digest] = index
        self.statements += 1
        if statement.parts:
            self.parts[index] = [
                _Part(statement.digest, part.name, part.sha256, part.size)
                for part in statement.parts
            ]
        legs, supervisors = (said.legs, said.supervisors) if said else ((), ())
        urgency = int(statement.header.urgency)
        return FoundBy(statement.id, statement.kind.value, urgency, legs, supervisors)

    def _add_delivery(self, index: int, entry: Entry, exchange: Exchange) -> None:
        said = self.spoken[entry.payload_digest]
        reader = entry.actor.agency
        role = role_of(reader, exchange, said)
        if role is not None:
            self.feed.extend(delivery_visibility(index, said, reader, role))
        statement_index = self._indexes[entry.payload_digest]
        self.deliveries.append(DeliveryRow(statement_index, entry.actor.uri, index))


def _key_of(table: Table) -> Callable[[Any], Hashable]:
    names = [column.name for column in table.primary_key]
    return lambda row: tuple(getattr(row, name) for name in names)


def _shown(key: Any) -> str:
    return " ".join(part.hex() if isinstance(part, bytes) else str(part) for part in key)


def _difference(expected: Any, got: Any) -> str:
    if expected is None:
        return "the log makes no such row"
    names = [
        name for name in field_names(type(got)) if getattr(got, name) != getattr(expected, name)
    ]
    return f"the log makes other values of {', '.join(names)}"
