"""Torn, stale, mixed and truncated copies of an honest hub's database: what is said of each.

None may convict the hub, and none may be called complete that lacks or alters anything. A copy is
made from moments of one database: its file and its write-ahead log as they stood, while the hub
wrote and emptied the log now and then. The short form tries 132, `make faults` 5,000.
"""

from __future__ import annotations

import os
import random
import sqlite3
import struct
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from agency_client.audit import Verdict, verify_log
from agency_client.audit.database import DatabaseCopy
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds import decision
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_server.cli.shared import database_errors
from exchange_server.ledger import Ledger, LedgerLimits
from exchange_server.ledger.fsck import fsck
from exchange_server.storage.engine import open_engine
from exchange_server.storage.schema import check_schema, migrate
from tests.integration.audit.conftest import Region
from tests.support.divided import verify_both_ways
from tests.support.hub_data import Correspondence, log_signer, log_verifier, revocations
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_MIA, UZ_FIU, fictional_cast

FULL: Final = os.environ.get("EXCHANGE_FAULTS") == "full"
COPIES: Final = 5_000 if FULL else 132
DIVIDED: Final = 1 if FULL else 8
"""Of so many audits one is divided over processes, too, which costs four times as much."""
CHUNKS: Final = 4
"""The copies are tried in so many tests, which run beside each other."""
PAGE: Final = 4096
SECTOR: Final = 512
RSYNC_BLOCK: Final = 700
REQUEST = Kind.INFORMATION_REQUEST.body()


@dataclass(frozen=True)
class Moment:
    """A database as it stood: its file and its write-ahead log."""

    file: bytes
    ahead: bytes
    journal: bytes = b""
    """A rollback journal that lies beside it."""

    def write(self, path: Path) -> None:
        """Write the files; one that is empty is not there."""
        path.write_bytes(self.file)
        for end, data in (("-wal", self.ahead), ("-journal", self.journal)):
            if data:
                path.with_name(path.name + end).write_bytes(data)


@dataclass(frozen=True)
class History:
    """Moments of one database, and what the newest of them holds."""

    moments: tuple[Moment, ...]
    known: Checkpoint
    rows: dict[str, list[Any]]
    of_another: Moment
    """The database of another hub, whose log has a key of its own."""


def rows_of(path: Path) -> dict[str, list[Any]]:
    """Every row of every table."""
    with closing(sqlite3.connect(path)) as connection:
        # A flipped bit may leave a text that is none.
        connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608
            for (name,) in names
        }


async def write_another(folder: Path) -> Moment:
    """Run another honest hub for a while."""
    file = folder / "another.db"
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    mail = Correspondence()
    ledger = await Ledger.open(
        engine,
        anchors=mail.cast.anchors,
        signer=LogSigner("another.exchange.example/log", SoftwareSigner.generate_ed25519()),
        clock=mail.clock,
        revocations=revocations,
        limits=LedgerLimits(),
    )
    for letter in mail.founding():
        await ledger.submit(*letter.call)
    found = Moment(file.read_bytes(), file.with_name("another.db-wal").read_bytes())
    await ledger.close()
    engine.dispose()
    return found


async def write_history(folder: Path, rounds: int = 6) -> History:
    """Run an honest hub, and keep what its files looked like now and then."""
    file = folder / "hub.db"
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    mail = Correspondence()
    ledger = await Ledger.open(
        engine,
        anchors=mail.cast.anchors,
        signer=log_signer(),
        clock=mail.clock,
        revocations=revocations,
        limits=LedgerLimits(),
    )
    for letter in mail.founding():
        await ledger.submit(*letter.call)
    region = Region(file, engine, ledger, mail)
    ahead = file.with_name("hub.db-wal")
    moments = [Moment(file.read_bytes(), ahead.read_bytes())]
    for n in range(rounds):
        asked = await region.say(KZ_MIA, REQUEST, to=["kz.fma"])
        moments.append(Moment(file.read_bytes(), ahead.read_bytes()))
        await region.fetch(KZ_FMA, asked)
        await region.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
        gated = await region.say(KZ_MIA, REQUEST, to=["uz.fiu"])
        moments.append(Moment(file.read_bytes(), ahead.read_bytes()))
        approval = decision.Decision(decision.Verdict.APPROVE)
        await region.say(COORDINATOR, approval, to=["uz.fiu"], on=gated)
        await region.fetch(UZ_FIU, gated)
        if n % 2:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA wal_checkpoint(RESTART)")
        moments.append(Moment(file.read_bytes(), ahead.read_bytes()))
    whole = folder / "whole.db"
    moments[-1].write(whole)
    with closing(DatabaseCopy(whole, log_verifier())) as copy:
        known = copy.checkpoint
        report = verify_log(copy, fictional_cast().anchors, auditor=None, seen=(known,))
    assert report.verdict is Verdict.CLEAN
    found = History(tuple(moments), known, rows_of(whole), await write_another(folder))
    await ledger.close()
    engine.dispose()
    return found


# --- How copies go wrong -------------------------------------------------------------------------


def _stale(chance: random.Random, history: History) -> Moment:
    """An older moment, with its write-ahead log or without."""
    found = chance.choice(history.moments)
    return found if chance.random() < 0.3 else Moment(found.file, b"")


def _mixed(chance: random.Random, history: History) -> Moment:
    """A file of one moment beside the write-ahead log of another."""
    moments = history.moments
    return Moment(chance.choice(moments).file, chance.choice(moments).ahead)


def _torn(chance: random.Random, history: History) -> Moment:
    """A file that changed while it was read, from some place on or here and there."""
    moments = history.moments
    a, b = sorted(chance.sample(range(len(moments)), 2))
    step = chance.choice((SECTOR, PAGE, RSYNC_BLOCK))
    pieces = chance.choice((1, 1, 3, 20))
    return Moment(
        _woven(chance, moments[a].file, moments[b].file, step, pieces),
        chance.choice(
            (
                b"",
                moments[a].ahead,
                moments[b].ahead,
                _woven(chance, moments[a].ahead, moments[b].ahead, step, pieces),
            )
        ),
    )


def _woven(chance: random.Random, one: bytes, other: bytes, step: int, pieces: int) -> bytes:
    longest = max(len(one), len(other))
    cuts = sorted(chance.randrange(0, longest // step + 1) * step for _ in range(pieces))
    woven, sources = b"", (one, other)
    for n, (start, end) in enumerate(zip([0, *cuts], [*cuts, longest], strict=True)):
        woven += sources[n % 2][start:end]
    return woven


def _cut(chance: random.Random, history: History) -> Moment:
    """A copy that ended early, or of which the end is zeros, in either file."""
    found = chance.choice(history.moments)
    which = chance.choice(("file", "ahead"))
    data = getattr(found, which)
    kept = chance.randrange(len(data) + 1)
    if chance.random() < 0.5:
        kept -= kept % chance.choice((SECTOR, PAGE))
    short = data[:kept] + (bytes(len(data) - kept) if chance.random() < 0.4 else b"")
    return Moment(short, found.ahead) if which == "file" else Moment(found.file, short)


def _holed(chance: random.Random, history: History) -> Moment:
    """Sectors that a medium lost."""
    found = chance.choice(history.moments)
    data = bytearray(found.file)
    for _ in range(chance.choice((1, 2, 10))):
        size = chance.choice((SECTOR, PAGE))
        at = chance.randrange(len(data) // size) * size
        data[at : at + size] = bytes(size)
    return Moment(bytes(data), found.ahead if chance.random() < 0.5 else b"")


def _of_two_hubs(chance: random.Random, history: History) -> Moment:
    """A folder in which the files of two hubs have met under one name."""
    own, other = chance.choice(history.moments), history.of_another
    if chance.random() < 0.5:
        own, other = other, own
    if chance.random() < 0.6:
        return Moment(own.file, other.ahead)
    return Moment(_woven(chance, own.file, other.file, PAGE, chance.choice((1, 3))), own.ahead)


def _with_journal(chance: random.Random, history: History) -> Moment:
    """A file beside a rollback journal with pages of another moment, as an upgrade leaves it."""
    found, before = (chance.choice(history.moments) for _ in range(2))
    pages = len(before.file) // PAGE
    header = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + struct.pack(
        ">IIIII", 0xFFFFFFFF, 0, pages, SECTOR, PAGE
    )
    journal = bytearray(header.ljust(SECTOR, b"\0"))
    for number in range(1, pages + 1):
        page = before.file[(number - 1) * PAGE : number * PAGE]
        total = sum(page[at] for at in range(PAGE - 200, 0, -200)) & 0xFFFFFFFF
        journal += struct.pack(">I", number) + page + struct.pack(">I", total)
    return Moment(found.file, found.ahead if chance.random() < 0.5 else b"", bytes(journal))


def _padded(chance: random.Random, history: History) -> Moment:
    """A file with more behind its end: a block device was copied, or a file was written over."""
    found = chance.choice(history.moments)
    size = chance.choice((1, SECTOR, PAGE, 5 * PAGE))
    more = chance.choice((bytes(size), chance.randbytes(size), found.file[-size:]))
    return chance.choice(
        (Moment(found.file + more, found.ahead), Moment(found.file, found.ahead + more))
    )


def _of_two_times(chance: random.Random, history: History) -> Moment:
    """Tables that somebody has put together from copies of different times."""
    with _rows(chance.choice(history.moments)) as one, _rows(chance.choice(history.moments)) as two:
        for table in chance.sample(sorted(history.rows), chance.choice((1, 1, 2, 4))):
            rows = two.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
            if chance.random() < 0.6:
                one.execute(f"DELETE FROM {table}")  # noqa: S608
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                insert = f"INSERT OR IGNORE INTO {table} VALUES ({marks})"  # noqa: S608
                one.executemany(insert, rows)
        one.commit()
        return Moment(one.serialize(), b"")


def _loaded_again(chance: random.Random, history: History) -> Moment:
    """A dump that was loaded, or a file that was packed: other pages, the same rows."""
    with _rows(chance.choice(history.moments)) as found:
        if chance.random() < 0.5:
            found.execute("VACUUM")
            return Moment(found.serialize(), b"")
        with closing(sqlite3.connect(":memory:")) as loaded:
            size = chance.choice((512, PAGE, 65_536))
            loaded.execute(f"PRAGMA page_size = {size}")
            script = "\n".join(found.iterdump())
            if chance.random() < 0.3:
                # The disk was full: SQLite keeps what was loaded by then.
                script = script[: chance.randrange(len(script))].rpartition(";\n")[0] + ";\nCOMMIT;"
            with suppress(sqlite3.Error):
                loaded.executescript(script)
            return Moment(loaded.serialize(), b"")


@contextmanager
def _rows(moment: Moment) -> Iterator[sqlite3.Connection]:
    """The rows of a moment, in memory."""
    with tempfile.TemporaryDirectory() as folder:
        moment.write(path := Path(folder) / "moment.db")
        with (
            closing(sqlite3.connect(path)) as connection,
            closing(sqlite3.connect(":memory:")) as found,
        ):
            connection.backup(found)
            yield found


WAYS: Final[tuple[Callable[[random.Random, History], Moment], ...]] = (
    _stale, _mixed, _torn, _torn, _cut, _holed,
    _of_two_hubs, _with_journal, _padded, _of_two_times, _loaded_again,
)  # fmt: skip


AUDIT_LEAVES_OUT: Final = {
    "feed", "parties", "deliveries", "directory_entries", "cosignatures", "staged_parts",
}  # fmt: skip
"""Tables that `agency audit verify` does not read, as `agency_client.audit.database` says."""
FSCK_LEAVES_OUT: Final = {"staged_parts"}
"""Tables that `fsck` does not read: no statement has claimed what is there."""

ACCUSES_NOBODY: Final = {
    "torn_copy", "incomplete", "clean", "COPY_UNUSABLE", "CONFIG_INVALID",
}  # fmt: skip

# --- What is said of them ------------------------------------------------------------------------


_audits: Final = count()


def audited(path: Path, known: Checkpoint) -> str:
    verify = verify_log if next(_audits) % DIVIDED else verify_both_ways
    try:
        with closing(DatabaseCopy(path, log_verifier())) as copy:
            report = verify(copy, fictional_cast().anchors, auditor=None, seen=(known,))
    except ExchangeError as error:
        return error.reason.name
    return report.verdict.value


def checked(path: Path, known: Checkpoint) -> str:
    engine = open_engine(f"sqlite:///{path}", read_only=True)
    try:
        # As the command does: it says in one line that the database cannot be used.
        with database_errors():
            check_schema(engine)
            report = fsck(engine, fictional_cast().anchors, log_verifier(), known=(known,))
    except ExchangeError as error:
        return error.reason.name
    finally:
        engine.dispose()
    if report.breaks_rules:
        return "rules_broken"
    if report.findings:
        return "torn_copy"
    return "incomplete" if report.is_incomplete else "clean"


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_copy_of_an_honest_hub_convicts_it_or_is_called_complete(
    chunk: int, history: History, tmp_path: Path
) -> None:
    told: Counter[str] = Counter()
    for number in range(chunk, COPIES, CHUNKS):
        chance = random.Random(number)  # noqa: S311 -- the same copies in every run
        way = WAYS[number // CHUNKS % len(WAYS)]
        path = tmp_path / f"{number}.db"
        way(chance, history).write(path)
        for by, leaves_out in ((audited, AUDIT_LEAVES_OUT), (checked, FSCK_LEAVES_OUT)):
            verdict = by(path, history.known)
            told[verdict] += 1
            assert verdict in ACCUSES_NOBODY, (number, way.__name__, by.__name__, verdict)
            if verdict == "clean":
                # Then nothing may be missing or altered: it is a copy, by another way.
                now = rows_of(path)
                altered = {name for name in history.rows if now.get(name) != history.rows[name]}
                assert altered <= leaves_out, (number, way.__name__, by.__name__, altered)
        for each in tmp_path.iterdir():
            each.unlink()
    assert told["torn_copy"] > 0
    assert told["incomplete"] > 0
