"""The outbox: statements that are signed and sealed, until the hub's receipt for them is verified.

Rules of this module:

- A statement is on disk, whole and durable, before the first byte of it is sent: a folder named by
  its id, made beside its place and moved there. The same bytes are sent again, so the hub accepts
  them once, whatever was lost on the way.
- A statement leaves the outbox when its receipt is kept (`receipts/`), or, refused by the hub, for
  `refused/` with the reason, or when a person takes it back. A refused one stays there until a
  person who read the reason dismisses it. Nothing is deleted silently.
- One process at a time sends a statement; another finds it locked and leaves it.
- A statement waits in the folder of its own id, and in no other: programs that keep folders in step
  and people leave `ID 2`, `ID (copy)` or `ID.bak` beside it. Such a folder is never sent, for one
  that was taken back must not go by its copy. A copy, byte for byte, goes with its statement; what
  is anything else stays, and is told (`misplaced`).
- Statements keep the order in which they were begun, by a number that is counted under a lock: ids
  are exact only to the millisecond, and clocks are set back.

    outbox/<id>/                        waiting; `outbox_folders` builds and loads what is in it
    outbox/refused/<id>/, refusal.json  refused
    receipts/                           the hub's promises (`kept_receipts`)
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from agency_client.state.kept_receipts import KeptReceipt, KeptReceipts
from agency_client.state.outbox_folders import (
    IS_ID,
    StagedBatch,
    Staging,
    StoredStatement,
    load_statement,
    order_of,
    readable,
)
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
    writing,
)
from exchange_protocol.errors import ExchangeError, NotFound, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.record.receipts import Receipt
from exchange_protocol.rules.dependencies import DIRECTORY
from exchange_protocol.trust.identity import AgencyId

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
class Misplaced:
    """A folder that holds a statement under another name than its id, and is not sent."""

    path: Path
    statement_id: str
    is_sent: bool
    """True if the hub has the statement: its receipt is kept."""

    @property
    def advice(self) -> str:
        """The next thing to do about it."""
        if self.is_sent:
            return "the hub has that statement: remove the folder"
        return (
            f"remove it if the statement was withdrawn; to send it, name the folder "
            f"{self.statement_id}"
        )


class Outbox:
    """The statements that wait, those refused, and the receipts of those accepted."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "outbox"
        self._refused = self._folder / "refused"
        self._receipts = KeptReceipts(state)
        self._exchanges: dict[str, str] = {}
        """The exchanges of statements that were seen waiting; a statement never changes."""
        self._others: dict[Path, list[Path]] = {}
        """Folders that are not named by an id, as they were last seen, by the place of each."""
        self._is_swept = False
        self.begun: list[str] = []
        """The statements that this object was about to put into the outbox, in order."""
        self.tried: dict[str, None] = {}
        """The statements that this object was about to send, in order: of earlier commands too."""

    def pending(self, some: Sequence[str] | None = None) -> list[OutboxEntry]:
        """The statements that wait to be sent, oldest first; of `some` ids, those that wait."""
        return [_entry(stored) for stored in self._stored(self._folder, some)]

    def refused(self) -> list[RefusedEntry]:
        """The statements that the hub refused, oldest first."""
        return [_load_refused(stored) for stored in self._stored(self._refused)]

    @property
    def refused_number(self) -> int:
        """The number of statements that the hub refused; none of them is read."""
        return len(self._ids(self._refused))

    def load(self, statement_id: str) -> StoredStatement:
        """A waiting statement; raises STATEMENT_UNKNOWN."""
        return load_statement(self._folder / statement_id)

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

    def waiting(self) -> list[str]:
        """The ids of the statements that wait, oldest first."""
        return self._ids(self._folder)

    def later_on_exchange(self, statement_id: str) -> list[str]:
        """Statements that wait and came later on the same exchange, in order."""
        waiting = self.waiting()
        if statement_id not in waiting:
            return []
        later, exchange = waiting[waiting.index(statement_id) + 1 :], self._exchange(statement_id)
        return [each for each in later if self._exchange(each) == exchange]

    def has_refused(self, statement_id: str) -> bool:
        """True if the hub refused a statement for good."""
        return (self._refused / statement_id).is_dir()

    def misplaced(self) -> list[Misplaced]:
        """The folders of the outbox that hold a statement under another name than its id.

        Copies of what waits are left out: they go with it.
        """
        found = []
        for place in (self._folder, self._refused):
            self._ids(place)
            for path in self._others.get(place, ()):
                data = read_file(path / "statement")
                if data is None:
                    continue
                with suppress(ExchangeError):  # Of one that is damaged nothing is known.
                    statement_id = load_statement(path, is_named=False).statement.id
                    if data != read_file(place / statement_id / "statement"):
                        is_sent = self.receipt(statement_id) is not None
                        found.append(Misplaced(path, statement_id, is_sent=is_sent))
        return found

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

    def note_trial(self, stored: StoredStatement) -> None:
        """Note that a statement is about to be sent: from now on the hub may have it."""
        self.tried[stored.statement.id] = None

    def settle(self, stored: StoredStatement, receipt: Receipt) -> None:
        """Keep the verified receipt, then let the statement go."""
        self._exchanges.pop(stored.statement.id, None)
        self._receipts.keep(stored.statement, receipt)
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
        self._drop_copies(stored.folder)
        refusal = {
            "reason": error.reason.name,
            "message": error.message,
            "refused_at": now.isoformat(),
        }
        replace_file(
            stored.folder / "refusal.json", json.dumps(refusal, ensure_ascii=False).encode()
        )
        place = self._refused / stored.statement.id
        earlier = self._folder / f"{_STAGING}refused-{stored.statement.id}"
        with writing(stored.folder):
            # A person copied it back, to have it sent again: one id is one statement.
            if place.exists():
                place.rename(earlier)
            stored.folder.rename(place)
        sync_folder(self._refused)
        sync_folder(self._folder)
        remove_folder(earlier)

    def dismiss(self, statement_id: str) -> None:
        """Let a refused statement go, whose reason a person has read; raises STATEMENT_UNKNOWN."""
        found = next((each for each in self._ids(self._refused) if each == statement_id), None)
        if found is None:
            raise Reason.STATEMENT_UNKNOWN.error(
                f"no refused statement is {statement_id[:64]!r}: it may have been dismissed already"
            )
        self._drop_copies(self._refused / found)
        self._let_go(self._refused / found)

    def receipts(self, exchange_id: str) -> dict[str, KeptReceipt]:
        """The receipts of own statements on an exchange, by statement id; "" is the directory."""
        return self._receipts.of_exchange(exchange_id)

    def all_receipts(self) -> list[KeptReceipt]:
        """Every receipt, by exchange and statement id."""
        return self._receipts.all()

    def receipt(self, statement_id: str) -> KeptReceipt | None:
        """The receipt of one statement; None where there is none."""
        found = (each for each in self.all_receipts() if each.statement_id == statement_id)
        return next(found, None)

    def _remove(self, stored: StoredStatement) -> None:
        self._drop_copies(stored.folder)
        self._let_go(stored.folder)

    def _drop_copies(self, folder: Path) -> None:
        """Let the copies of a statement go, before the statement itself."""
        data = read_file(folder / "statement")
        for path in self._others.get(folder.parent, ()):
            if data is not None and data == read_file(path / "statement"):
                self._let_go(path)

    def _let_go(self, folder: Path) -> None:
        done = self._folder / f"{_STAGING}done-{folder.name}"
        with writing(folder):
            folder.rename(done)
        # Before its files go: a statement in the outbox must be whole.
        sync_folder(folder.parent)
        remove_folder(done)

    def _ids(self, folder: Path) -> list[str]:
        if not folder.is_dir():
            for each in (self._folder.parent, self._folder, folder):
                # Such as a link to a disk that is not there now.
                if os.path.lexists(each) and not each.is_dir():
                    raise Reason.PROFILE_INVALID.error(
                        f"expected a folder, got {each}, which is none, or a link that leads "
                        "nowhere: put it back; statements that wait may be in it"
                    )
            return []
        folders = [
            path
            for path in folder.iterdir()
            if not path.name.startswith(".") and path.name != "refused" and path.is_dir()
        ]
        self._others[folder] = sorted(path for path in folders if not IS_ID.fullmatch(path.name))
        found = [(order_of(path), path.name) for path in folders if IS_ID.fullmatch(path.name)]
        return [name for _, name in sorted(found)]

    def _next_orders(self, count: int) -> Iterator[int]:
        """The next numbers of the order in which statements are begun."""
        counter = self._folder / ".order"
        with locked(self._folder / ".order.lock"):
            try:
                last = int(read_file(counter) or "")
            except ValueError:
                # Lost or damaged: what is begun now comes after all that waits.
                waiting = map(self._folder.joinpath, self._ids(self._folder))
                last = max(map(order_of, waiting), default=0)
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

    def _stored(self, folder: Path, some: Sequence[str] | None = None) -> list[StoredStatement]:
        found = []
        for name in self._ids(folder) if some is None else some:
            try:
                found.append(load_statement(folder / name))
            except NotFound:
                continue  # Another process has sent it since.
        return found


def _load_refused(stored: StoredStatement) -> RefusedEntry:
    with readable(stored.folder):
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
