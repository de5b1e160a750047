"""The outbox: statements that are signed and sealed, until the hub's receipt for them is verified.

Rules of this module:

- A statement is on disk, whole and durable, before the first byte of it is sent: a folder named by
  its id, made beside its place and moved there. The same bytes are sent again, so the hub accepts
  them once, whatever was lost on the way.
- Only sealed content and the signed statement are kept; no plaintext ever touches the disk.
- A statement leaves the outbox when its receipt is kept (`receipts/`), or, refused by the hub, for
  `refused/` with the reason, or when a person takes it back. It is never deleted silently.
- One process at a time sends a statement; another finds it locked and leaves it.
- Statements keep the order in which they were begun, by a number that is counted under a lock: ids
  are exact only to the millisecond, and clocks are set back.

    outbox/<id>/statement, parts/<name>, order waiting
    outbox/refused/<id>/..., refusal.json      refused
    receipts/<exchange id>/<statement id>      the hub's promise, for `get` to hold against it
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError

from exchange_files import (
    locked,
    make_folder,
    read_file,
    remove_folder,
    replace_file,
    staging_folder,
    sweep_staging,
    sync_folder,
    try_locked,
    write_inside,
    writing,
)
from exchange_protocol.errors import ExchangeError, NotFound, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.record.receipts import (
    ProvenEntry,
    Receipt,
    encode_proven_entry,
    parse_proven_entry,
)
from exchange_protocol.rules.dependencies import DIRECTORY
from exchange_protocol.rules.statements import (
    SignedStatement,
    Statement,
    encode_signed_statement,
    parse_signed_statement,
    parse_statement,
)
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2

_DIRECTORY: Final = "directory"
"""Folder of the receipts of directory statements, which belong to no exchange."""
_FILE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_STAGING: Final = ".building-"


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A statement that waits to be sent."""

    statement_id: str
    exchange_id: str
    kind: Kind
    recipients: tuple[AgencyId, ...]
    made_at: datetime
    size: int
    """Sealed bytes of all parts."""


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """A statement that the hub refused, and why."""

    entry: OutboxEntry
    reason: Reason
    message: str
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """The hub's promise for a statement: which entry of the log it is. Verified when it came."""

    statement_id: str
    exchange_id: str
    """Empty for a statement to the directory."""
    proven: ProvenEntry
    """The entry with its inclusion proof."""
    note: bytes
    """The signed checkpoint of the proof, exact bytes."""

    @property
    def index(self) -> int:
        """The entry of the log that the statement is."""
        return self.proven.index


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """A statement of the outbox, as it was signed, with the files of its sealed parts."""

    signed: SignedStatement
    statement: Statement
    folder: Path

    def part_path(self, name: str) -> Path:
        """The file of a part's sealed bytes."""
        return self.folder / "parts" / name


class Staging:
    """A statement under construction: its sealed parts go to disk one by one."""

    def __init__(self, folder: Path, order: int) -> None:
        self._folder = folder
        make_folder(folder / "parts")
        write_inside(folder / "order", str(order).encode())

    def add_part(self, name: str, sealed: bytes) -> bytes:
        """Keep the sealed bytes of a part; gives their SHA-256. Raises INVALID_FIELD."""
        _check_file_name(name, "parts")
        write_inside(self._folder / "parts" / name, sealed)
        return hashlib.sha256(sealed).digest()

    def finish(self, signed: SignedStatement) -> None:
        """Keep the signed statement, and make all of it durable."""
        data = encode_signed_statement(signed).SerializeToString(deterministic=True)
        write_inside(self._folder / "statement", data)
        sync_folder(self._folder / "parts")
        sync_folder(self._folder)


class StagedBatch:
    """Statements under construction, which come into the outbox together."""

    def __init__(self, folder: Path, orders: Iterator[int]) -> None:
        self._folder = folder
        self._orders = orders
        self.folders: list[Path] = []

    def add(self, statement_id: str) -> Staging:
        """Begin one more; raises INVALID_FIELD for an id that is no file name."""
        _check_file_name(statement_id, "id")
        folder = self._folder / statement_id
        staging = Staging(folder, next(self._orders))
        self.folders.append(folder)
        return staging


class Outbox:
    """The statements that wait, those refused, and the receipts of those accepted."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "outbox"
        self._refused = self._folder / "refused"
        self._receipts = state / "receipts"
        self._exchanges: dict[str, str] = {}
        """The exchanges of statements that were seen waiting; a statement never changes."""
        self._is_swept = False
        self.begun: list[str] = []
        """The statements that this object was about to put into the outbox, in order."""

    def pending(self) -> list[OutboxEntry]:
        """The statements that wait to be sent, oldest first."""
        return [_entry(stored) for stored in self._stored(self._folder)]

    def refused(self) -> list[RefusedEntry]:
        """The statements that the hub refused, oldest first."""
        return [_load_refused(stored) for stored in self._stored(self._refused)]

    def load(self, statement_id: str) -> StoredStatement:
        """A waiting statement; raises STATEMENT_UNKNOWN."""
        return _load(self._folder / statement_id)

    def holds(self, statement_id: str) -> bool:
        """True if a statement waits here."""
        return (self._folder / statement_id).is_dir()

    def waiting_with(self, statement_ids: Collection[str]) -> list[str]:
        """These statements, and what must be sent before them, in the order of the outbox.

        That is what was begun earlier on the same exchange, or to the directory.
        """
        chosen: list[str] = []
        exchanges: set[str] = set()
        for each in reversed(self._ids(self._folder)):
            exchange = self._exchange(each)
            if exchange is not None and each in statement_ids:
                exchanges |= {exchange, DIRECTORY}
            elif exchange not in exchanges:
                continue
            chosen.append(each)
        return chosen[::-1]

    def has_refused(self, statement_id: str) -> bool:
        """True if the hub refused a statement for good."""
        return (self._refused / statement_id).is_dir()

    @contextmanager
    def stage(self, statement_id: str) -> Iterator[Staging]:
        """Build a statement; when the block ends well, it is in the outbox, whole and durable.

        Raises:
            InvalidInput: INVALID_FIELD, for an id that is no file name.
        """
        with self.stage_batch(1) as batch:
            yield batch.add(statement_id)

    @contextmanager
    def stage_batch(self, count: int) -> Iterator[StagedBatch]:
        """Build `count` statements; when the block ends well, all are in the outbox, else none."""
        self._sweep()
        with staging_folder(self._folder / f"{_STAGING}{uuid.uuid4()}") as building:
            batch = StagedBatch(building, self._next_orders(count))
            yield batch
            for folder in batch.folders:
                if not (folder / "statement").exists():
                    raise ValueError("the statement was not finished")
            # Before they are there: a signal between the two would hide one that waits.
            self.begun += [folder.name for folder in batch.folders]
            for folder in batch.folders:
                with writing(folder):
                    folder.rename(self._folder / folder.name)
            sync_folder(self._folder)

    @contextmanager
    def sending(self, statement_id: str) -> Iterator[StoredStatement | None]:
        """Hold a statement while it is sent; None if another process holds it, or has sent it."""
        self._sweep()
        lock = self._folder / f".{statement_id}.lock"
        with try_locked(lock) as held:
            if held and self.holds(statement_id):
                yield self.load(statement_id)
            else:
                yield None
            if held and not self.holds(statement_id):
                # Only now: while the statement waits, a lock file made anew would let in two.
                lock.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove once what killed processes left half built; nothing of it was ever sent."""
        make_folder(self._folder)
        if not self._is_swept:
            sweep_staging(self._folder, f"{_STAGING}*")
            self._is_swept = True

    def settle(self, stored: StoredStatement, receipt: Receipt) -> None:
        """Keep the verified receipt, then let the statement go."""
        statement = stored.statement
        self._exchanges.pop(statement.id, None)
        folder = make_folder(self._receipts / (statement.exchange_id or _DIRECTORY))
        message = pb.Receipt(
            entry=encode_proven_entry(receipt.proven),
            tree_head=log_pb2.TreeHead(checkpoint=receipt.note),
        )
        replace_file(folder / statement.id, message.SerializeToString(deterministic=True))
        # The receipt is durable: a crash here leaves the statement in the outbox, and the hub gives
        # the same receipt when it is sent again.
        self._remove(stored)

    def withdraw(self, stored: StoredStatement) -> None:
        """Take a statement back that is held by `sending`: it is never sent.

        Left to the caller: whether the hub has it already.
        """
        self._exchanges.pop(stored.statement.id, None)
        self._remove(stored)

    def refuse(self, stored: StoredStatement, error: ExchangeError, now: datetime) -> None:
        """Move a refused statement aside, with the reason."""
        make_folder(self._refused)
        refusal = {
            "reason": error.reason.name,
            "message": error.message,
            "refused_at": now.isoformat(),
        }
        replace_file(
            stored.folder / "refusal.json", json.dumps(refusal, ensure_ascii=False).encode()
        )
        with writing(stored.folder):
            stored.folder.rename(self._refused / stored.statement.id)
        sync_folder(self._refused)
        sync_folder(self._folder)

    def receipts(self, exchange_id: str) -> dict[str, KeptReceipt]:
        """The receipts of own statements on an exchange, by statement id; "" is the directory."""
        folder = self._receipts / (exchange_id or _DIRECTORY)
        if not folder.is_dir():
            return {}
        names = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
        return {name: _load_receipt(folder / name, exchange_id) for name in names}

    def all_receipts(self) -> list[KeptReceipt]:
        """Every receipt, by exchange and statement id."""
        if not self._receipts.is_dir():
            return []
        folders = sorted(path.name for path in self._receipts.iterdir() if path.is_dir())
        return [
            receipt
            for name in folders
            for receipt in self.receipts("" if name == _DIRECTORY else name).values()
        ]

    def receipt(self, statement_id: str) -> KeptReceipt | None:
        """The receipt of one statement; None where there is none."""
        found = (each for each in self.all_receipts() if each.statement_id == statement_id)
        return next(found, None)

    def watch_token(self) -> str | None:
        """The place of the last watch."""
        token = read_file(self._folder.parent / "watch")
        return token.decode() if token else None

    def watched_at(self) -> datetime | None:
        """The time at which a watch last took a notice; None before the first."""
        try:
            seconds = (self._folder.parent / "watch").stat().st_mtime
        except FileNotFoundError:
            return None
        return datetime.fromtimestamp(seconds, UTC)

    def keep_watch_token(self, token: str) -> None:
        """Keep where a watch stands."""
        state = make_folder(self._folder.parent)
        with locked(state / ".watch.lock"):
            replace_file(state / "watch", token.encode())

    def _remove(self, stored: StoredStatement) -> None:
        done = self._folder / f"{_STAGING}done-{stored.statement.id}"
        with writing(stored.folder):
            stored.folder.rename(done)
        sync_folder(self._folder)  # Before its files go: a statement in the outbox must be whole.
        remove_folder(done)

    def _ids(self, folder: Path) -> list[str]:
        if not folder.is_dir():
            return []
        found = [
            (_order_of(path), path.name)
            for path in folder.iterdir()
            if path.is_dir() and not path.name.startswith(".") and path.name != "refused"
        ]
        return [name for _, name in sorted(found)]

    def _next_orders(self, count: int) -> Iterator[int]:
        """The next numbers of the order in which statements are begun."""
        counter = self._folder / ".order"
        with locked(self._folder / ".order.lock"), _readable(counter):
            last = int(read_file(counter) or 0)
            replace_file(counter, str(last + count).encode())
        return iter(range(last + 1, last + count + 1))

    def _exchange(self, statement_id: str) -> str | None:
        """The exchange of a waiting statement; None once it waits no more."""
        if statement_id not in self._exchanges:
            try:
                loaded = self.load(statement_id)
            except NotFound:
                return None  # Another process has sent it since.
            self._exchanges[statement_id] = loaded.statement.exchange_id
        return self._exchanges[statement_id]

    def _stored(self, folder: Path) -> list[StoredStatement]:
        found = []
        for name in self._ids(folder):
            try:
                found.append(_load(folder / name))
            except NotFound:
                continue  # Another process has sent it since.
        return found


def _check_file_name(name: str, field: str) -> None:
    """Refuse a name that would lead out of the outbox, before anything is written."""
    if not _FILE_NAME.fullmatch(name):
        raise Reason.INVALID_FIELD.error(
            f"expected a name of a-z, 0-9, '.', '_' and '-', got {name[:64]!r}", field=field
        )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Name a damaged file of the outbox in the error: no statement is passed over."""
    try:
        yield
    except (DecodeError, ExchangeError, ValueError, KeyError) as error:
        raise Reason.PROFILE_INVALID.error(
            f"expected {path} as this client wrote it; it was damaged since: {type(error).__name__}"
        ) from error


def _order_of(folder: Path) -> int:
    """A statement's place; those of a client that did not count come first, by their ids."""
    with _readable(folder):
        return int(read_file(folder / "order") or 0)


def _load(folder: Path) -> StoredStatement:
    data = read_file(folder / "statement")
    if data is None:
        raise Reason.STATEMENT_UNKNOWN.error(f"the outbox holds no statement {folder.name}")
    with _readable(folder):
        signed = parse_signed_statement(statement_pb2.SignedStatement.FromString(data))
        return StoredStatement(signed, parse_statement(signed.payload), folder)


def _load_receipt(path: Path, exchange_id: str) -> KeptReceipt:
    with _readable(path):
        message = pb.Receipt.FromString(path.read_bytes())
        proven = parse_proven_entry(message.entry)
    return KeptReceipt(path.name, exchange_id, proven, message.tree_head.checkpoint)


def _load_refused(stored: StoredStatement) -> RefusedEntry:
    with _readable(stored.folder):
        refusal = json.loads((stored.folder / "refusal.json").read_bytes())
        return RefusedEntry(
            _entry(stored),
            Reason[refusal["reason"]],
            refusal["message"],
            datetime.fromisoformat(refusal["refused_at"]),
        )


def _entry(stored: StoredStatement) -> OutboxEntry:
    statement = stored.statement
    return OutboxEntry(
        statement_id=statement.id,
        exchange_id=statement.exchange_id,
        kind=statement.kind,
        recipients=statement.recipients,
        made_at=statement.made_at,
        size=sum(part.size for part in statement.parts),
    )
