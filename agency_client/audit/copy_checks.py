"""The rows of a copy beside its leaves, compared with what the signed bytes say.

`CopyChecks` looks at each leaf in turn, then at the tables as a whole. Of several that look at one
copy, each looks at exchanges of its own: it compares only the exchanges that it was shown.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from agency_client.audit.report import Ground, Violation
from agency_client.audit.source import AuditedLeaf
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import Entry, Event, parse_entry
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.access import is_erased, kept_until
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.leg_record import encode_record, is_same_record
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_replay import Stored, no_due

_SEALED = "SELECT sealed FROM log_entries WHERE idx = ?"
_WITH_CONTENT = """
    SELECT idx, payload_sha256, exchange_id FROM log_entries e WHERE payload IS NOT NULL
    AND (sealed IS NOT NULL OR EXISTS (SELECT 1 FROM parts p WHERE p.log_index = e.idx))
"""
_PARTS = "SELECT name, part_id FROM parts WHERE log_index = ?"
_CHUNKS = "SELECT seq, data FROM part_chunks WHERE part_id = ? ORDER BY seq"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EXCHANGE_COLUMNS = (
    "initial_index",
    "kind",
    "initiator",
    "initiated_at",
    "updated_at",
    "due_at",
    "urgency",
    "handling",
    "due_on",
)
_LEG_COLUMNS = (
    "position",
    "state",
    "awaits",
    "handling",
    "tlp",
    "subject_count",
    "was_released",
    "approvals_required",
    "due_at",
    "approvers",
    "approvals",
    "hidden",
    "record",
    "kept_until",
    "due_on",
)
_LATER_COLUMNS = {"kept_until": "0006", "post_quantum_signature": "0007", "due_on": "0008"}
"""The revision of the schema that added each; older copies lack it. They end their tables."""
_ANY: Final = "~"
_OF_ENTRY: Final = ("event", "actor_agency", "exchange_id", "payload_sha256")
_OF_STATEMENT: Final = ("statement_id", "kind", "urgency")
_OF_PARTIES: Final = ("legs", "supervisors")
"""Columns of log_entries that repeat what the entry or its statement says."""


class CopyChecks:
    """Checks over one connection to a copy, which is read and never written."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Make room for the rows of each exchange: on disk, as far as memory is too small."""
        self._connection = connection
        self._notes = sqlite3.connect("", isolation_level=None)
        self._notes.execute(
            "CREATE TABLE expected (key TEXT PRIMARY KEY, value BLOB, due TEXT) WITHOUT ROWID"
        )
        self._notes.execute("BEGIN")
        self.begin(ReplayState())

    def begin(self, state: ReplayState) -> None:
        """Begin before the first leaf.

        `state` is what the replay makes of the leaves, of each one before `check_leaf`.
        """
        self._state = state
        self._notes.execute("DELETE FROM expected")
        self._expected = Stored[str, _Replayed | _Expected](
            self._notes, "expected", str, _encode_expected, _decode_expected, no_due
        )
        self._absent: list[_Absent] = []
        self.last: Entry | None = None
        """The last entry that it was shown."""
        self.rows_of_legs = 0
        """Rows of legs that belong to its exchanges."""

    def close(self) -> None:
        """Forget what was noted."""
        self._notes.close()

    def check_leaf(self, index: int, leaf: AuditedLeaf) -> Iterator[Violation]:
        """The columns that the hub finds the entry and its statement by, and the sealed parts."""
        if leaf.opening is None:
            return
        entry_columns, statement_columns, parties, has_uploads = leaf.beside
        signed = leaf.opening.statement
        try:
            entry = parse_entry(leaf.opening.entry)
            statement = parse_statement(signed.payload) if signed else None
        except ExchangeError:
            # The audit of the leaf itself has met the same, or stopped at a worse one before.
            return
        self.last = entry
        if entry.exchange_id and entry.event is not Event.DENIAL:
            self._note(index, entry, statement)
        said = (int(entry.event), entry.actor.agency, entry.exchange_id, entry.payload_digest)
        yield from _check_columns(index, _OF_ENTRY, said, entry_columns)
        if statement is not None and signed is not None:
            if signed.certificate_sha256 != entry.certificate_sha256:
                yield fault(
                    Reason.ENTRY_MISMATCH,
                    f"entry {index}: the certificate beside its statement is not the entry's",
                    index,
                )
            about = (statement.id, str(statement.kind), int(statement.header.urgency))
            yield from _check_columns(index, _OF_STATEMENT, about, statement_columns)
            yield from self._check_parties(index, statement, parties)
            yield from self._check_parts(index, statement, has_uploads=bool(has_uploads))
        elif parties != (None, None):
            yield from _check_columns(index, _OF_PARTIES, (None, None), parties)

    def _note(self, index: int, entry: Entry, statement: Statement | None) -> None:
        """Note what an entry has made of its exchange."""
        exchange: Exchange | None = self._state.exchanges.get(entry.exchange_id)
        # After a broken rule nothing is replayed any more, nor are the tables compared.
        if exchange is None:
            return
        at = _microseconds(entry.hub_time)
        opened, since = index, at
        if statement is None or statement.kind.stage is not Stage.INITIAL:
            before = self._expected.get(exchange.id)
            if before is None:
                return
            opened, since = before.log_index, before.initiated_at
        self._expected[exchange.id] = _Replayed(opened, since, at, exchange)

    def _check_parties(
        self, index: int, statement: Statement, columns: tuple[Any, ...]
    ) -> Iterator[Violation]:
        """The columns by which the hub finds who may see a statement; empty for the directory."""
        if statement.kind.stage is Stage.DIRECTORY:
            yield from _check_columns(index, _OF_PARTIES, (_spelled(()), _spelled(())), columns)
            return
        said = self._state.spoken.get(statement.digest)
        # After a broken rule nothing is replayed any more.
        if said is not None:
            names = (_spelled(said.legs), _spelled(said.supervisors))
            yield from _check_columns(index, _OF_PARTIES, names, columns)

    def check_state(self, state: ReplayState) -> Iterator[Violation]:
        """The tables as a whole; `state` is what the replay made of the leaves that were shown."""
        erased: set[str] = set()
        yield from self._check_exchanges(erased)
        yield from self._check_erasures(state, erased)

    def _check_parts(
        self, index: int, statement: Statement, *, has_uploads: bool
    ) -> Iterator[Violation]:
        """Compare the sealed bytes that are there with the digests that were signed."""
        try:
            found = self._connection.execute(_PARTS, (index,)).fetchall() if has_uploads else ()
            uploaded = dict(found)
            rows = self._connection.execute(_SEALED, (index,)).fetchall()
            if len(rows) != 1:
                # A torn file: its pages list the row, and its tree does not lead to it.
                yield fault(
                    Reason.ENTRY_MISMATCH,
                    f"entry {index}: expected one row under its number, got {len(rows)}",
                    index,
                )
                return
            [(sealed,)] = rows
            wrong = [name for name in uploaded if statement.part(name) is None]
            start = 0
            for part in statement.parts:
                digest, length = hashlib.sha256(), 0
                if part.name in uploaded:
                    seqs = []
                    for seq, data in self._connection.execute(_CHUNKS, (uploaded[part.name],)):
                        seqs.append(seq)
                        digest.update(blob(data))
                        length += len(data)
                    if seqs != list(range(len(seqs))):
                        wrong.append(part.name)
                        continue
                elif sealed is None:
                    self._absent.append(_Absent(index, statement.digest, part.name))
                    continue
                else:
                    beside = blob(sealed)[start : start + part.size]
                    start += part.size
                    digest.update(beside)
                    length = len(beside)
                if (digest.digest(), length) != (part.sha256, part.size):
                    wrong.append(part.name)
            # Nothing but NULL stands beside a statement without parts.
            if sealed is not None and (len(blob(sealed)) > start or not start):
                wrong.append("beyond the last")
            for name in wrong:
                yield fault(
                    Reason.PART_MISMATCH,
                    f"entry {index}: the sealed part {name!r} is not the one that was signed",
                    index,
                )
        except sqlite3.Error as error:
            yield damaged(error, index)

    def _check_exchanges(self, erased: set[str]) -> Iterator[Violation]:
        """The hub's projection: what it lists exchanges by, due times among it, and their legs.

        Exchanges in which anything was erased are added to `erased`.
        """
        of_exchanges = self.columns_there("exchanges", _EXCHANGE_COLUMNS)
        of_legs = self.columns_there("legs", _LEG_COLUMNS)
        # All three in one order: a query for each exchange takes most of the time of this check.
        listed = self._rows_in_order("exchanges", of_exchanges)
        legs = self._rows_in_order("legs", ("agency", *of_legs))
        if len(self._expected) != len(self._state.exchanges):
            raise ValueError("expected to be shown every entry of each exchange")
        for exchange_id, expected in self._expected.items_in_order():
            made = _rows(expected) if isinstance(expected, _Replayed) else expected
            row = (made.log_index, *made.facts, made.initiated_at, made.updated_at, *made.header)
            if listed.of(exchange_id) != [row[: len(of_exchanges)]]:
                yield fault(
                    Reason.RULE_BROKEN,
                    f"exchange {exchange_id} is stored otherwise than its initial statement says",
                )
            stored = {row[0]: row[1:] for row in legs.of(exchange_id)}
            replayed = {agency: leg[: len(of_legs)] for agency, leg in made.legs}
            self.rows_of_legs += len(stored)
            if made.is_erased:
                erased.add(exchange_id)
            if stored == replayed:
                continue
            for agency in sorted(stored.keys() | replayed.keys(), key=str):
                if not _is_same_leg(stored.get(agency), replayed.get(agency)):
                    yield fault(
                        Reason.RULE_BROKEN,
                        f"the leg of {agency} in exchange {exchange_id} is stored otherwise than "
                        "the log makes it",
                    )

    def columns_there(self, table: str, columns: Sequence[str]) -> list[str]:
        """The columns that a copy has, or must have."""
        known = {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}
        [found] = self._connection.execute("SELECT max(version_num) FROM alembic_version")
        # A revision that cannot be read excuses nothing.
        revision = found[0] if isinstance(found[0], str) else _ANY
        return [each for each in columns if each in known or revision >= _since(each)]

    def _rows_in_order(self, table: str, columns: Sequence[str]) -> _RowsInOrder:
        named = ", ".join(columns)
        query = f"SELECT exchange_id, {named} FROM {table} ORDER BY exchange_id"  # noqa: S608
        return _RowsInOrder(self._connection.execute(query))

    def _check_erasures(self, state: ReplayState, erased: set[str]) -> Iterator[Violation]:
        """Content is absent where a notice on the log erased it or its retention has ended."""

        def was_erased(digest: bytes, at: datetime | None = None) -> bool:
            said = state.spoken.get(digest)
            return said is not None and is_erased(state.exchanges[said.exchange_id], said, at)

        # It is no earlier than the last entry, also where the clock here is behind.
        now = max(datetime.now(UTC), state.last_time or _EPOCH)
        for index, digest, name in self._absent:
            if not was_erased(digest, now):
                yield fault(
                    Reason.PART_MISMATCH,
                    f"entry {index}: the sealed part {name!r} is missing; no notice on the log "
                    "erased it, and its retention has not ended",
                    index,
                )
        # Each row's exchange was compared with its entry, so no lookup is needed for most.
        rows = self._connection.execute(_WITH_CONTENT) if erased else ()
        for index, digest, exchange_id in rows:
            if exchange_id in erased and was_erased(digest):
                yield fault(
                    Reason.PART_MISMATCH,
                    f"entry {index}: a notice on the log erased its content, which is still there",
                    index,
                )


class _Absent(NamedTuple):
    """A sealed part that a statement names and the copy does not have."""

    entry: int
    statement: bytes
    """Digest of the statement."""
    name: str


class _Replayed(NamedTuple):
    """An exchange as the replay has made it, with the facts that stand in no state of it."""

    log_index: int
    """Index of its initial statement."""
    initiated_at: int
    """Its time and the next in microseconds, as the tables hold them."""
    updated_at: int
    exchange: Exchange


class _Expected(NamedTuple):
    """The rows of an exchange, as the tables must hold them. To read them costs less than to read
    the exchange, and most exchanges rest once they are no longer at hand."""

    log_index: int
    initiated_at: int
    updated_at: int
    facts: tuple[Any, ...]
    """Columns of its row between the index and the times."""
    header: tuple[Any, ...]
    """Columns of its row after the times."""
    legs: tuple[tuple[str, tuple[Any, ...]], ...]
    """The row of each leg, by its agency."""
    is_erased: bool
    """True if anything in it was erased."""


def _rows(replayed: _Replayed) -> _Expected:
    log_index, initiated_at, updated_at, exchange = replayed
    header, legs = exchange.header, exchange.legs
    return _Expected(
        log_index,
        initiated_at,
        updated_at,
        (str(exchange.kind), exchange.initiator),
        (
            microseconds(header.due_at),
            int(header.urgency),
            int(header.handling),
            _written(header.due_on),
        ),
        tuple([(leg.agency, _leg_row(position, leg)) for position, leg in enumerate(legs)]),
        any(leg.state is LegState.ERASED or leg.record.erased for leg in legs),
    )


def _encode_expected(expected: _Replayed | _Expected) -> bytes:
    made = _rows(expected) if isinstance(expected, _Replayed) else expected
    # Private to this process and its version of Python, and five times as fast as JSON.
    return marshal.dumps(tuple(made))


def _decode_expected(value: bytes) -> _Expected:
    return _Expected(*marshal.loads(value))  # noqa: S302 -- what this process wrote


class _RowsInOrder:
    """Rows whose first column is a text, in its order; they are asked for in that order."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, key: str) -> list[tuple[Any, ...]]:
        """The rows with this key, without it; those before it belong to nothing and are skipped."""
        found = []
        while self._next is not None and _is_at_most(self._next[0], key):
            if self._next[0] == key:
                found.append(self._next[1:])
            self._next = next(self._rows, None)
        return found


def _is_at_most(stored: object, key: str) -> bool:
    """Compare as SQLite sorts: numbers before texts, bytes after them; a torn page may hold any."""
    return stored <= key if isinstance(stored, str) else not isinstance(stored, bytes)


def _since(column: str) -> str:
    """The revision of the schema from which a column is there."""
    return _LATER_COLUMNS.get(column, "")


def _check_columns(
    index: int, names: Sequence[str], said: tuple[Any, ...], columns: tuple[Any, ...]
) -> Sequence[Violation]:
    if said == columns:
        return ()
    others = [name for name, one, other in zip(names, said, columns, strict=True) if one != other]
    return [
        fault(
            Reason.ENTRY_MISMATCH,
            f"entry {index}: of log_entries the columns {', '.join(others)} say something else "
            "than the entry",
            index,
        )
    ]


def microseconds(at: datetime | None) -> int | None:
    """A time as the tables hold it."""
    return None if at is None else _microseconds(at)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _written(day: date | None) -> str | None:
    """A day as the tables hold it."""
    return None if day is None else day.isoformat()


@lru_cache
def _spelled(values: tuple[str, ...]) -> str:
    return json.dumps(values, separators=(",", ":"))


def _is_same_leg(stored: tuple[Any, ...] | None, replayed: tuple[Any, ...] | None) -> bool:
    """True if a row is what the log makes; a hub or a state of before may lack what is shown."""
    if stored is None or replayed is None:
        return stored is replayed
    place = _LEG_COLUMNS.index("record")
    rest = [(*each[:place], *each[place + 1 :]) for each in (stored, replayed)]
    return rest[0] == rest[1] and is_same_record(stored[place], replayed[place])


def _leg_row(position: int, leg: Leg) -> tuple[Any, ...]:
    return (
        position,
        int(leg.state),
        leg.awaits,
        int(leg.handling),
        int(leg.tlp),
        leg.subject_count,
        int(leg.was_released),
        leg.approvals_required,
        microseconds(leg.due_at),
        _spelled(leg.approvers),
        _spelled(leg.approvals),
        _spelled(tuple([digest.hex() for digest in leg.hidden])),
        encode_record(leg.record),
        microseconds(kept_until(leg)),
        _written(leg.due_on),
    )


def fault(reason: Reason, message: str, index: int | None = None) -> Violation:
    """Make a fault of the copy, which accuses nobody."""
    return Violation(reason, message, index, Ground.COPY)


def blob(value: object) -> bytes:
    """Give the bytes of a column; a torn page may hold anything there."""
    if not isinstance(value, bytes):
        raise sqlite3.DataError(f"expected bytes in a column, got {type(value).__name__}")
    return value


def damaged(error: sqlite3.Error, index: int | None) -> Violation:
    """Make a fault of what SQLite cannot read."""
    where = "" if index is None else f"entry {index}: "
    return fault(Reason.ENTRY_MISMATCH, f"{where}the database cannot be read on: {error}", index)
