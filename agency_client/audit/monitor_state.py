"""The monitor's place: how far the log was verified, and all that verifying on needs.

One SQLite file. It holds the newest checkpoint that was verified to its end, the compact range of
the tree there, the directory statements, and what the replay carries on (`kept`).

Rules of this module:

- A round is one transaction: it writes a state that was verified up to a signed checkpoint, or
  nothing.
- A place is believed as the profile's other state is: a writer of it may blind this auditor, and
  never lets it accuse a hub. The checkpoint is kept as its signed note. At every round the log's
  key must have signed that note, the compact range must have its root, and every directory
  statement must be signed. A file that does not fit is refused, and never begun anew unasked.
- A conviction from a place rests on two notes that the log signed. Both are kept beside the place,
  in the folder `evidence`, in the form of `agency_client.state.checkpoints`.
- A place whose figures or legs are not those of this version is verified anew from the start, and
  the log must still hold what it was verified up to. So it must where a person asks for the start.
- Two monitors do not share a place at one time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from google.protobuf.message import DecodeError
from pydantic import ConfigDict, TypeAdapter, ValidationError

from agency_client.state.checkpoints import Head, keep_evidence
from exchange_files import make_folder, writing
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, SignedCheckpoint
from exchange_protocol.log.merkle import CompactRange
from exchange_protocol.record.entries import CommitmentOpening, encode_opening, parse_opening
from exchange_protocol.record.folds import FOLDS
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import log_pb2 as pb
from exchange_replay import REPLAY_SCHEMA, REPLAY_TABLES, ReplayStore

FORMAT = 5
REPLAYED = 2
"""The version of what a replay makes of a leg: 2 knows the day on which it is due."""
BUSY_SECONDS = 5.0
_OF_THE_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")

_SCHEMA = """
    CREATE TABLE place (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL,
                        record TEXT NOT NULL);
    CREATE TABLE directory (idx INTEGER PRIMARY KEY, opening BLOB NOT NULL);
"""
_BYTES_AS_HEX = ConfigDict(defer_build=True, ser_json_bytes="hex", val_json_bytes="hex")


@dataclass(frozen=True, slots=True)
class KeptFold:
    """The counts of a fold, of all entries verified so far."""

    version: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class VerifiedUpTo:
    """A place in the log: everything before this checkpoint was verified."""

    head: Head
    compact_range: CompactRange
    opened: int
    unopened: int
    folds: Mapping[str, KeptFold]
    """Every fold of this version of the program, by its name."""
    last_index: int | None
    last_time: datetime | None
    directory_size: int
    replayed: int = REPLAYED
    """The version that replayed its exchanges."""

    @property
    def outgrown(self) -> bool:
        """True if this version counts other figures, or keeps more of a leg."""
        kept = {name: fold.version for name, fold in self.folds.items()}
        return self.replayed != REPLAYED or kept != {fold.name: fold.version for fold in FOLDS}


@dataclass(frozen=True, slots=True)
class _Row:
    note: bytes
    """Size and root stand in it alone: what is not signed accuses nobody."""
    compact_range: tuple[bytes, ...]
    auditor: str
    opened: int
    unopened: int
    folds: dict[str, KeptFold]
    last_index: int | None
    last_time: datetime | None
    directory_size: int
    rows: tuple[int, ...]
    """Number of rows in each table of `kept`: a missing row could hide what it stands for."""
    replayed: int = 1


_ROWS = TypeAdapter(tuple[_Row], config=_BYTES_AS_HEX)


class MonitorState:
    """A place on disk, or one that is forgotten at the end (`temporary`)."""

    def __init__(
        self,
        path: Path | None,
        anchors: TrustAnchors,
        auditor: Member | None,
        verify: Callable[[bytes], Checkpoint],
    ) -> None:
        """Open a place or begin one; raises DOCUMENT_INVALID for a file that is none of it.

        `verify` verifies by the log's keys, as they are known at the time of a round, that the log
        signed a note.
        """
        self._path = path
        self._verify = verify
        self._anchors = anchors
        self._auditor = "" if auditor is None else auditor.uri
        try:
            self._connection = self._connect()
            self._check_format()
        except sqlite3.Error as error:
            raise self._failed(error, "it does not read as one") from None

    @classmethod
    def temporary(cls, anchors: TrustAnchors, auditor: Member | None) -> MonitorState:
        """A place for one audit, on disk only as far as memory does not hold it."""
        # Nobody else can write it.
        return cls(None, anchors, auditor, lambda note: SignedCheckpoint.parse(note).checkpoint)

    def close(self) -> None:
        """Close the file; a round that was not kept is forgotten."""
        self._connection.close()

    @contextmanager
    def round(self, *, from_start: bool = False) -> Iterator[MonitorRound]:
        """Verify on from here; what is not kept by the end (`MonitorRound.keep`) is undone.

        Raises:
            InvalidInput: DOCUMENT_INVALID, if the place is of another log or damaged; or if another
                monitor is using it.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Reason.DOCUMENT_INVALID.error(
                f"another monitor is using the place {self._path}: {error}"
            ) from None
        try:
            yield self._begin(from_start=from_start)
        except sqlite3.DatabaseError as error:
            raise self._failed(error, "it is damaged") from None
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _failed(self, error: sqlite3.Error, what: str) -> ExchangeError:
        """Tell what SQLite's error means: the disk, or the file."""
        if getattr(error, "sqlite_errorname", "").startswith(_OF_THE_DISK):
            where = self._path or "SQLite's temporary file"
            return Reason.FILE_NOT_WRITTEN.error(
                f"{error}: {where}; nothing of this round is kept: make room and repeat the command"
            )
        return self.invalid(f"{what}: {error}")

    def _connect(self) -> sqlite3.Connection:
        if self._path is None:
            # SQLite's private database: spilled to a file without a name where it grows.
            connection = sqlite3.connect("", isolation_level=None)
        else:
            make_folder(self._path.parent)
            with writing(self._path):
                self._path.touch(mode=0o600, exist_ok=True)
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_SECONDS)
            connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _check_format(self) -> None:
        connection = self._connection
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            connection.executescript(f"BEGIN; {_SCHEMA} {REPLAY_SCHEMA} COMMIT")
        elif "place" not in tables:
            raise self.invalid("it is another program's database")
        for (found,) in connection.execute("SELECT format FROM place"):
            if found != FORMAT:
                raise self.invalid(f"expected format {FORMAT}, got {found}")

    def _begin(self, *, from_start: bool) -> MonitorRound:
        rows = self._connection.execute("SELECT record FROM place").fetchall()
        if from_start:
            before = self._signed_before(rows[0][0]) if rows else None
            reached = None
            self._clear()
        else:
            reached = self._reached(rows[0][0]) if rows else None
            before = reached.head if reached else None
        if reached is not None and reached.outgrown:
            self._clear()
            reached = None
        directories = DirectoryFold(self._anchors)
        query = "SELECT idx, opening FROM directory ORDER BY idx"
        for index, opening in self._connection.execute(query).fetchall():
            try:
                directories.apply(index, parse_opening(pb.CommitmentOpening.FromString(opening)))
            except (ExchangeError, DecodeError) as error:
                raise self.invalid(f"its directory is damaged: {error}") from None
        if reached is not None and reached.directory_size != directories.current.size:
            raise self.invalid("statements of its directory are missing, or too many")
        return MonitorRound(self, self._connection, reached, before, directories)

    def _clear(self) -> None:
        for table in ("place", "directory", *REPLAY_TABLES):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- our own

    def _signed_before(self, record: str) -> Head | None:
        """The checkpoint of the place if the log signed it, whatever else of the place is damaged.

        The log must still hold it: a run from the start forgets what was counted, and not this.
        """
        try:
            [row] = _ROWS.validate_json(record)
            return Head(row.note, self._verify(row.note))
        except (ValidationError, ExchangeError):
            return None

    def _reached(self, record: str) -> VerifiedUpTo:
        try:
            [row] = _ROWS.validate_json(record)
        except ValidationError:
            raise self.invalid("its record is damaged") from None
        checkpoint = self._signed(row.note)
        try:
            compact_range = CompactRange(checkpoint.size, row.compact_range)
        except ExchangeError:
            raise self.invalid("its compact range is damaged") from None
        if compact_range.root() != checkpoint.root:
            raise self.invalid("its compact range is not that of its checkpoint")
        if row.rows != self._row_counts():
            raise self.invalid("rows of it are missing, or too many")
        if row.auditor != self._auditor:
            raise self.invalid(f"it is of {row.auditor or 'a copy of a database'}")
        return VerifiedUpTo(
            head=Head(row.note, checkpoint),
            compact_range=compact_range,
            opened=row.opened,
            unopened=row.unopened,
            folds=row.folds,
            last_index=row.last_index,
            last_time=row.last_time,
            directory_size=row.directory_size,
            replayed=row.replayed,
        )

    def _signed(self, note: bytes) -> Checkpoint:
        try:
            return self._verify(note)
        except ExchangeError as error:
            # It says nothing of the hub: no key of this log signed what stands here.
            raise self.invalid(
                "its checkpoint is not signed by a known key of this log, so it is damaged or of "
                f"another log: {error.message}"
            ) from None

    def keep_evidence(self, reason: Reason, held: bytes, got: bytes) -> Path | None:
        """Keep two signed notes that convict the log; None for a place that is not on disk.

        The file is named by the notes: a later round that meets them again writes the same file.
        """
        if self._path is None:
            return None
        name = hashlib.sha256(held + got).hexdigest()[:32]
        return keep_evidence(self._path.parent / "evidence", name, reason, held, got)

    def record_of(self, reached: VerifiedUpTo) -> str:
        """The place's row as JSON."""
        row = _Row(
            note=reached.head.note,
            compact_range=reached.compact_range.hashes,
            auditor=self._auditor,
            opened=reached.opened,
            unopened=reached.unopened,
            folds=dict(reached.folds),
            last_index=reached.last_index,
            last_time=reached.last_time,
            directory_size=reached.directory_size,
            rows=self._row_counts(),
            replayed=reached.replayed,
        )
        return _ROWS.dump_json((row,)).decode()

    def _row_counts(self) -> tuple[int, ...]:
        queries = (f"SELECT count(*) FROM {table}" for table in REPLAY_TABLES)  # noqa: S608 -- our own
        return tuple(self._connection.execute(query).fetchone()[0] for query in queries)

    def invalid(self, why: str) -> ExchangeError:
        """The error that says why this place cannot be used."""
        return Reason.DOCUMENT_INVALID.error(
            f"the monitor's place {self._path} cannot be used: {why}. Move it away to verify the "
            "log from its start"
        )


class MonitorRound:
    """One run of verifying on from a place, in one transaction."""

    def __init__(
        self,
        place: MonitorState,
        connection: sqlite3.Connection,
        reached: VerifiedUpTo | None,
        before: Head | None,
        directories: DirectoryFold,
    ) -> None:
        self.reached = reached
        """The checkpoint of the place; None at the start of the log."""
        self.before = before
        """The newest checkpoint verified before, also where the round begins at the start."""
        self.directories = directories
        self._place = place
        self._connection = connection
        self._kept = ReplayStore(connection)
        self.scopes = self._kept.scopes
        """The scopes of the state."""
        self.state = self._kept.as_replay_state(
            reached.last_index if reached else None, reached.last_time if reached else None
        )

    def keep_directory(self, index: int, opening: CommitmentOpening) -> None:
        """Keep a directory statement, to fold the directory from at the next round."""
        self._connection.execute(
            "INSERT INTO directory VALUES (?, ?)",
            (index, encode_opening(opening).SerializeToString()),
        )

    def overdue(self, at: datetime) -> Iterator[Exchange]:
        """Exchanges whose time to answer is over at a time, and a leg of which still waits."""
        return self._kept.overdue(at)

    def keep_evidence(self, reason: Reason, held: bytes, got: bytes) -> Path | None:
        """Keep two signed notes that convict the log, beside the place."""
        return self._place.keep_evidence(reason, held, got)

    def keep(self, reached: VerifiedUpTo) -> None:
        """Commit the round: the log was verified up to here."""
        self._kept.flush()
        self._connection.execute(
            "INSERT OR REPLACE INTO place VALUES (1, ?, ?)",
            (FORMAT, self._place.record_of(reached)),
        )
        self._connection.execute("COMMIT")
