"""A SQLite file that is taken from under a hub: no promise is lost, and the operator is told."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, event
from structlog.testing import capture_logs

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, HubUnavailable, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_protocol.log.tiles import TreeEdge
from exchange_protocol.record.entries import entry_leaf_hash
from exchange_server.cli.shared import database_errors
from exchange_server.ledger import start_check, touched_file, upkeep
from exchange_server.ledger.committer import Committer
from exchange_server.ledger.start_check import note_path, note_signed, verify_start
from exchange_server.ledger.upkeep import keep_copy
from exchange_server.storage import database_file
from exchange_server.storage.database_file import DatabaseFile, FileClaim, FileLostError
from exchange_server.storage.engine import open_engine, writing
from exchange_server.storage.log_rows import (
    NO_STATEMENT,
    EntryRow,
    Head,
    insert_entries,
    insert_head,
    write_tiles,
)
from exchange_server.storage.schema import check_schema
from tests.integration.ledger.conftest import Office, _founded
from tests.support.hub_data import Letter, log_signer, log_verifier
from tests.support.refusals import awaited_refusal
from tests.support.schema import make_schema, put_rows
from tests.support.statements import KZ_FMA, KZ_MIA

ROOT = Path(__file__).resolve().parents[3]


class Place:
    """The place of the file: the configured name leads through two links to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.real = folder / "place" / "real.db"
        self.link = folder / "place" / "hub.db"
        self.way = folder / "way"
        self.name = self.way / "hub.db"
        self.real.parent.mkdir()
        self.way.symlink_to("place")
        self.link.symlink_to("real.db")

    def beside(self, suffix: str) -> Path:
        return self.real.with_name(f"real.db{suffix}")

    def other(self) -> Path:
        """A copy elsewhere, of another inode, which a hub could open."""
        folder = self.folder / "other"
        folder.mkdir()
        with closing(sqlite3.connect(self.real)) as source:
            for name in ("real.db", "hub.db"):
                with closing(sqlite3.connect(folder / name)) as copy:
                    source.backup(copy)
        return folder

    def turn_way(self) -> None:
        turned = self.folder / "turned"
        turned.symlink_to(self.other())
        turned.replace(self.way)

    def turn_link(self) -> None:
        turned = self.folder / "turned"
        turned.symlink_to(self.other() / "real.db")
        turned.replace(self.link)

    def put_other(self) -> None:
        (self.other() / "real.db").replace(self.real)

    def put_other_log(self) -> None:
        shutil.copy(self.beside("-wal"), self.folder / "aside")
        (self.folder / "aside").replace(self.beside("-wal"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def database_url(place: Place) -> str:
    return f"sqlite:///{place.name}"


TAKEN: dict[str, Callable[[Place], object]] = {
    "the file is removed": lambda place: place.real.unlink(),
    "the file is moved away": lambda place: place.real.rename(place.folder / "aside.db"),
    "another file takes its place": Place.put_other,
    "its folder is moved away": lambda place: place.real.parent.rename(place.folder / "moved"),
    "the link to it leads elsewhere": Place.turn_link,
    "the link to its folder leads elsewhere": Place.turn_way,
    "the link to it is removed": lambda place: place.link.unlink(),
    "the write-ahead log is removed": lambda place: place.beside("-wal").unlink(),
    "the write-ahead log is replaced": Place.put_other_log,
    "the index is removed": lambda place: place.beside("-shm").unlink(),
}


@pytest.fixture
async def office(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """A ledger with the region enrolled, whose file a test may take away, and guards itself."""
    monkeypatch.setattr(upkeep, "keep_copy", lambda file: None)
    office = Office(engine)
    if _founded:
        put_rows(engine, _founded[0])
    await office.open()
    if not _founded:
        await office.found()
    yield office
    await office.close()


def file_of(office: Office) -> DatabaseFile:
    file = DatabaseFile.of(office.engine)
    assert file is not None
    return file


async def unwritten(office: Office) -> Letter:
    """Send a request that the hub gives no receipt for, nor calls itself well."""
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.UNAVAILABLE
    assert await awaited_refusal(office.ledger.verify_writing()) is Reason.UNAVAILABLE
    return letter


@pytest.mark.parametrize("take", TAKEN.values(), ids=TAKEN)
async def test_what_was_promised_survives_a_file_that_is_taken_away(
    office: Office, place: Place, take: Callable[[Place], object]
) -> None:
    asked = office.mail.ask(KZ_MIA, ["kz.fma"])
    await office.post(asked)
    size = office.ledger.tree_size
    take(place)
    letter = await unwritten(office)
    with pytest.raises(FileLostError):
        await asyncio.to_thread(_connect_anew, office.engine)

    # Where its folder is gone, the operator makes it anew.
    place.real.parent.mkdir(exist_ok=True)
    await asyncio.to_thread(keep_copy, file_of(office))
    await asyncio.to_thread(keep_copy, file_of(office))
    [copy] = [each for each in place.folder.rglob("*.rescued*") if not each.is_symlink()]
    assert copy.stat().st_mode & 0o777 == 0o600
    await office.close()
    engine = open_engine(f"sqlite:///{copy}", must_exist=True)
    again = Office(engine, mail=office.mail)
    await again.open()
    assert again.ledger.tree_size == size
    await again.fetch(KZ_FMA, asked.statement)
    await again.post(letter)
    await again.close()
    engine.dispose()


def _connect_anew(engine: Engine) -> None:
    """Take all that the pool has, and one more."""
    with ExitStack() as stack:
        for _ in range(engine.pool.checkedin() + 1):  # type: ignore[attr-defined]
            stack.enter_context(engine.connect())


async def test_nothing_is_made_in_the_place_of_a_file_that_was_moved_away(
    office: Office, place: Place
) -> None:
    place.real.rename(place.folder / "aside.db")
    with pytest.raises(FileLostError):
        await asyncio.to_thread(_connect_anew, office.engine)
    assert not place.real.exists()
    await office.close()
    assert not place.real.exists()


async def test_a_lost_file_stays_lost_when_it_is_put_back_and_is_whole_after_a_restart(
    office: Office, place: Place
) -> None:
    size, aside = office.ledger.tree_size, place.folder / "aside.db"
    place.real.rename(aside)
    letter = await unwritten(office)
    aside.rename(place.real)
    assert await awaited_refusal(office.ledger.verify_writing()) is Reason.UNAVAILABLE
    await office.close()
    office.engine.dispose()
    await office.open()
    assert office.ledger.tree_size == size
    await office.post(letter)


def test_a_lost_file_is_told_with_its_copy(place: Place) -> None:
    """Without a hub, whose own look would tell it at some moment, too."""
    engine = open_engine(f"sqlite:///{place.name}")
    file = DatabaseFile.of(engine)
    assert file is not None
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE fictional (number)")
    claim = FileClaim(engine)
    place.real.unlink()
    with capture_logs() as told:
        keep_copy(file)
    claim.release()
    engine.dispose()
    [line] = told
    assert (line["event"], line["log_level"]) == ("database_lost", "error")
    assert "was replaced or removed under this hub" in line["why"]
    assert line["copy"] == str(place.beside(".rescued"))
    assert f"move what is at {place.name} away with its -wal and -shm, put the copy" in line["todo"]


async def test_a_copy_that_finds_no_room_is_told_and_tried_again(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: DatabaseFile) -> Path:
        raise Reason.FILE_NOT_WRITTEN.error("No space left on device: real.db.rescued")

    with monkeypatch.context() as patched, capture_logs() as told:
        patched.setattr(upkeep, "rescue", full)
        place.real.unlink()
        keep_copy(file_of(office))
    assert any("No space left on device" in each.get("not_copied", "") for each in told)
    keep_copy(file_of(office))
    assert place.beside(".rescued").is_file()


async def test_a_file_is_copied_though_the_hub_has_no_other_connection_open(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where all of them failed with the disk, and were closed."""
    # Its thread does this after it has answered, over the connection that is closed here.
    monkeypatch.setattr(Committer, "forget_old_pages", lambda committer: None)
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    size = office.ledger.tree_size
    office.ledger._writer._committer.close()
    office.engine.pool.dispose()
    place.real.unlink()
    keep_copy(file_of(office))
    with closing(sqlite3.connect(place.beside(".rescued"))) as copy:
        assert copy.execute("SELECT size FROM log_head").fetchall() == [(size,)]


async def test_two_looks_at_once_make_one_copy(office: Office, place: Place) -> None:
    """A hub that stops looks, and its upkeep may be copying."""
    place.real.unlink()
    await asyncio.gather(
        *(asyncio.to_thread(keep_copy, file_of(office)) for _ in range(4)),
    )
    assert [each.name for each in place.folder.rglob("*.rescued*")] == ["real.db.rescued"]


async def test_old_copy_that_is_written_into_the_file_is_found_before_the_next_receipt(
    office: Office, place: Place
) -> None:
    """As `cp old.db hub.db` does: the file keeps its inode."""
    old = place.folder / "old.db"
    with closing(sqlite3.connect(place.real)) as source, closing(sqlite3.connect(old)) as copy:
        source.backup(copy)
    for _ in range(20):
        await office.post(office.mail.ask(KZ_MIA, ["kz.fma"], content=bytes(4000)))
    with closing(sqlite3.connect(place.real)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    size = office.ledger.tree_size
    place.real.write_bytes(old.read_bytes())
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.UNAVAILABLE
    lost = file_of(office).lost
    assert lost is not None
    assert "another program wrote over the database's file" in lost.why
    assert await awaited_refusal(office.ledger.verify_writing()) is Reason.UNAVAILABLE
    assert office.ledger.tree_size == size
    # The open connections read from both files: that is worth no copy.
    keep_copy(file_of(office))
    assert not list(place.folder.rglob("*.rescued*"))


async def test_program_that_empties_the_write_ahead_log_is_told_and_stops_nothing(
    office: Office, place: Place
) -> None:
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    with closing(sqlite3.connect(place.real)) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    with capture_logs() as told:
        await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
        await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    assert [each["event"] for each in told].count("database_touched") == 1
    await office.ledger.verify_writing()


async def test_want_of_open_files_during_the_look_takes_no_file_for_lost(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A touched file is looked at until the look says something of it."""
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    os.utime(place.real)

    def fail(*_: object, **__: object) -> NoReturn:
        raise sqlite3.OperationalError("unable to open database file")

    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    with monkeypatch.context() as patched:
        patched.setattr(start_check, "open_engine", fail)
        with pytest.raises(HubUnavailable):
            await office.post(letter)
    await office.post(letter)
    await office.ledger.verify_writing()


async def test_what_is_written_while_the_hub_looks_is_looked_at_too(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    os.utime(place.real)
    looks = []

    def look(file: Path, known: Checkpoint) -> str | None:
        looks.append(known.size)
        if len(looks) == 1:
            os.utime(place.real, ns=(1, 1))
        return wrong_at_ends(file, known)

    wrong_at_ends = start_check.wrong_at_ends
    monkeypatch.setattr(touched_file, "wrong_at_ends", look)
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    with pytest.raises(HubUnavailable):
        await office.post(letter)
    await office.post(letter)
    assert len(looks) == 2


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 -- none tells
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("touch", ["time", "write-ahead log"])
async def test_hub_writes_on_while_a_touched_file_is_read_whole(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch, touch: str
) -> None:
    """However long the file is, no statement waits for the reading of it."""
    began, go_on = threading.Event(), threading.Event()

    def read(*given: Any) -> str | None:
        began.set()
        assert go_on.wait(60)
        return wrong_with_touched(*given)

    wrong_with_touched = start_check.wrong_with_touched
    monkeypatch.setattr(touched_file, "wrong_with_touched", read)
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    if touch == "time":
        os.utime(place.real)
    else:
        with closing(sqlite3.connect(place.real)) as connection:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")
    with capture_logs() as told:
        for _ in range(3):
            await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
            os.utime(place.real)
        assert await asyncio.to_thread(began.wait, 60)
        assert office.ledger.file_is_unread
        await office.ledger.verify_writing()
        go_on.set()
        await until(lambda: not office.ledger.file_is_unread)
    said = [each["event"] for each in told]
    assert said.count("database_touched") == 1
    # Once for the first touch; once for all those that came while it was read.
    assert said.count("database_read_whole") == 2


async def test_damage_within_a_touched_file_is_found_behind_the_hub(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damage an entry that the short look does not read."""
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    monkeypatch.setattr(start_check, "_looked_at", lambda size: [size - 1])
    with closing(sqlite3.connect(place.real)) as connection, connection:
        connection.execute("UPDATE log_entries SET leaf_hash = zeroblob(32) WHERE idx = 3")
    os.utime(place.real)
    with suppress(HubUnavailable):  # The reading may end before the statement is written.
        await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    await until(lambda: file_of(office).lost is not None)
    lost = file_of(office).lost
    assert lost is not None
    # The second where the log has grown before the reading began.
    either = ("mixed from two copies", "does not extend the checkpoint")
    assert any(why in lost.why for why in either)
    assert "the newest entries stand there" in lost.why
    assert await awaited_refusal(office.ledger.verify_writing()) is Reason.UNAVAILABLE
    assert office.ledger.file_is_unread


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM log_entries WHERE idx = (SELECT size - 2 FROM log_head)",
        "UPDATE log_entries SET nonce = zeroblob(32) WHERE idx = (SELECT size / 2 FROM log_head)",
        "UPDATE log_entries SET payload = NULL WHERE idx = 0",
        "UPDATE log_tiles SET hashes = substr(hashes, 1, 32) WHERE level = 0",
        "UPDATE log_head SET root = zeroblob(32)",
    ],
)
async def test_damage_at_the_ends_of_a_touched_file_is_found_before_the_next_receipt(
    office: Office, place: Place, damage: str
) -> None:
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    with closing(sqlite3.connect(place.real)) as connection, connection:
        connection.execute(damage)
    os.utime(place.real)
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.UNAVAILABLE
    assert file_of(office).lost is not None


def size_of(file: Path) -> int:
    return file.stat().st_size


async def test_write_ahead_log_that_a_reader_lets_grow_is_told(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "MOST_WAL_BYTES", 64 * 1024)
    file = DatabaseFile.of(office.engine)
    assert file is not None
    growth = upkeep.WalGrowth(file)
    look = upkeep.WalGrowth.look
    # The hub's own upkeep would look too, at a time of its own.
    monkeypatch.setattr(upkeep.WalGrowth, "look", lambda _: None)
    wal = Path(f"{place.real}-wal")

    async def grow() -> None:
        begins = size_of(wal)
        while size_of(wal) < begins + 96 * 1024:
            await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))

    with capture_logs() as logs:
        with closing(sqlite3.connect(place.real, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM log_entries").fetchone()
            for _ in range(2):
                await grow()
                look(growth)
                look(growth)
        told = [line for line in logs if line["event"] == "write_ahead_log_grows"]
        assert [line["file"] for line in told] == [str(wal)] * 2
        assert told[0]["bytes"] < told[1]["bytes"]
        assert "end it before the disk is full" in told[0]["todo"]


async def test_hub_that_reads_a_touched_file_blames_nobody_for_erased_bytes(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite empties no write-ahead log while the hub itself reads."""
    began, may_end = threading.Event(), threading.Event()

    def read(file: Path, known: Checkpoint, is_stopped: Callable[[], bool]) -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM log_entries").fetchone()
            began.set()
            assert may_end.wait(60)

    monkeypatch.setattr(touched_file, "wrong_with_touched", read)
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    os.utime(place.real)
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    assert await asyncio.to_thread(began.wait, 60)
    committer = office.ledger._writer._committer
    with capture_logs() as told:
        committer._holds_old_pages = True
        for _ in range(3):
            await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
        await office.ledger.verify_writing()
        assert committer._holds_old_pages
        may_end.set()
        await until(lambda: not office.ledger.file_is_unread)
        for _ in range(2):
            await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
        await until(lambda: not committer._holds_old_pages)
    assert "erased_bytes_kept" not in [each["event"] for each in told]


async def test_hub_that_stops_ends_the_reading_of_a_touched_file(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()

    def read(file: Path, known: Checkpoint, is_stopped: Callable[[], bool]) -> str | None:
        began.set()
        while not is_stopped():
            time.sleep(0.01)
        return wrong_with_touched(file, known, is_stopped)

    wrong_with_touched = start_check.wrong_with_touched
    monkeypatch.setattr(start_check, "_STEPS_BETWEEN", 1)
    monkeypatch.setattr(touched_file, "wrong_with_touched", read)
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    os.utime(place.real)
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    assert await asyncio.to_thread(began.wait, 60)
    with capture_logs() as told:
        await office.close()
    assert "database_not_read_whole" in [each["event"] for each in told]
    assert "database_lost" not in [each["event"] for each in told]


def test_look_at_a_touched_file_costs_the_same_for_every_length(tmp_path: Path) -> None:
    """Counted in steps of SQLite's machine, so that a busy machine plays no part."""
    steps = [_steps_of_a_look(tmp_path / f"{size}.db", size) for size in (1_000, 60_000)]
    assert steps[1] < 1.5 * steps[0]


def _steps_of_a_look(file: Path, size: int) -> int:
    engine = open_engine(f"sqlite:///{file}")
    make_schema(engine)
    edge = TreeEdge()
    with writing(engine) as connection:
        for start in range(0, size, 10_000):
            indexes = range(start, min(start + 10_000, size))
            entries = [b"entry %d" % index for index in indexes]
            leaves = [entry_leaf_hash(entry, bytes(32)) for entry in entries]
            insert_entries(
                connection,
                [
                    EntryRow(index, leaf, bytes(32), 2, "kz.mia", "", b"", entry, *NO_STATEMENT)
                    for index, leaf, entry in zip(indexes, leaves, entries, strict=True)
                ],
            )
            growth = edge.append_many(leaves)
            write_tiles(connection, growth.tiles)
            edge = growth.edge
        insert_head(connection, Head(size, edge.root(), b"", None, 0))
    engine.dispose()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with pytest.MonkeyPatch.context() as patched:
        connect = sqlite3.connect

        def counted(*words: Any, **named: Any) -> sqlite3.Connection:
            made: sqlite3.Connection = connect(*words, **named)
            made.set_progress_handler(count, 1)
            return made

        patched.setattr(sqlite3, "connect", counted)
        patched.setattr(sqlite3.dbapi2, "connect", counted)
        assert start_check.wrong_at_ends(file, Checkpoint("a", size, edge.root())) is None
    assert steps
    return steps


@pytest.mark.parametrize("size", [1, 2, 100, 129, 1_000, 10**6, 2**53, 2**62])
def test_look_at_a_touched_file_is_bounded_and_dense_towards_the_end(size: int) -> None:
    found = start_check._looked_at(size)
    assert found == sorted(set(found))
    assert found[0] == 0
    assert found[-1] == size - 1
    assert len(found) <= start_check.MOST_ENTRIES
    # An old copy that lacks the entries from anywhere on, though the newest are in the write-ahead
    # log: half of the way back to it is looked at.
    for missing in (1, 10, 1_000, 10**5, 10**9):
        if missing < size:
            assert any(size - missing <= index < size - missing // 2 for index in found)


async def test_file_that_is_taken_away_during_the_commit_gives_no_receipt(
    office: Office, place: Place
) -> None:
    """The last look before the commit still found it."""
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    event.listen(
        office.engine,
        "commit",
        lambda _: place.real.rename(place.real.with_name("elsewhere.db")),
        once=True,
    )
    with pytest.raises(HubUnavailable):
        await office.post(letter)


async def test_own_writing_is_never_taken_for_that_of_another(office: Office) -> None:
    """The write-ahead log is emptied into the file many times."""
    with capture_logs() as told:
        for _ in range(60):
            letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=bytes(100_000))
            await office.post(letter)
    assert "database_touched" not in [each["event"] for each in told]


def _claim_elsewhere(path: Path) -> str:
    """Claim a file in another process; gives what is said against it."""
    program = (
        "import sys; from exchange_server.storage.database_file import FileClaim\n"
        "from exchange_server.storage.engine import open_engine\n"
        "FileClaim(open_engine('sqlite:///' + sys.argv[1]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'proto'}:{ROOT / 'certs'}"},
    )
    return run.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the name is locked")
async def test_second_hub_is_refused_though_the_lock_beside_the_file_is_gone(
    office: Office, place: Place
) -> None:
    place.beside(".lock").unlink()
    said = await asyncio.to_thread(_claim_elsewhere, place.real)
    assert "another hub process is using the database" in said
    await office.close()
    assert await asyncio.to_thread(_claim_elsewhere, place.real) == ""


def test_no_file_is_made_for_a_hub_that_has_none(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    for engine in (
        open_engine(f"sqlite:///{file}", serving=True),
        open_engine(f"sqlite:///{file}", must_exist=True),
    ):
        with pytest.raises(ExchangeError, match=r"there is none.*exchange-server migrate"):
            check_schema(engine)
        with pytest.raises(ExchangeError, match="there is none"):
            FileClaim(engine)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_file_that_the_user_may_not_use_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, read_only: bool
) -> None:
    file = tmp_path / "hub.db"
    file.touch()
    monkeypatch.setattr(os, "access", lambda path, rights, **_: path != file)
    engine = open_engine(f"sqlite:///{file}", read_only=read_only)
    right = "read" if read_only else "write"
    with pytest.raises(ExchangeError, match=rf"may not {right} \S+hub.db: give it to that user"):
        check_schema(engine)


def test_file_beside_the_journal_of_a_change_that_was_cut_short_is_not_read(tmp_path: Path) -> None:
    """A reader undoes no change, and half of it was taken for what is there."""
    file, copy = tmp_path / "hub.db", tmp_path / "copy.db"
    journal = copy.with_name("copy.db-journal")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE many (row BLOB)")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        # More than the cache holds, so some of it is in the file already.
        for _ in range(200):
            connection.execute("INSERT INTO many VALUES (randomblob(4000))")
        shutil.copy(file, copy)
        shutil.copy(file.with_name("hub.db-journal"), journal)
    begin = journal.read_bytes()
    with pytest.raises(ExchangeError, match=r"rollback journal .*: a change .* cut short"):
        DatabaseFile(copy, must_exist=True, read_only=True).begin()
    # What the message says undoes it.
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM many").fetchone() == (0,)
    for done in (b"", bytes(len(begin))):
        journal.write_bytes(done)
        DatabaseFile(copy, must_exist=True, read_only=True).begin()


@pytest.mark.parametrize(
    ("number", "todo"),
    [
        (errno.EROFS, "the kernel makes a disk read-only that has failed"),
        (errno.ENOSPC, "look with `df` and `df -i`"),
        (errno.EACCES, "give it to the user"),
    ],
)
def test_database_that_cannot_be_claimed_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, todo: str
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")

    def refused(path: Path) -> int:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(database_file, "open_to_lock", refused)
    with pytest.raises(ExchangeError, match=f"{os.strerror(number)}: .*; .*{todo}"):
        FileClaim(engine)


@pytest.mark.parametrize("beside", ["-wal", "-shm"])
def test_file_beside_it_that_the_user_may_not_use_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: str
) -> None:
    """As where root copied a database back, and gave the file itself away."""
    (tmp_path / "hub.db").touch()
    other = tmp_path / f"hub.db{beside}"
    other.touch()
    monkeypatch.setattr(os, "access", lambda path, rights, **_: path != other)
    with pytest.raises(ExchangeError, match=rf"may not write \S+hub.db{beside}: give it to that"):
        check_schema(open_engine(f"sqlite:///{tmp_path / 'hub.db'}"))


def test_note_that_the_user_may_not_read_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_signed(office.engine)

    def refused(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(start_check, "read_file", refused)
    with pytest.raises(ExchangeError, match=r"cannot read \S+signed, .* has to own it, as the dat"):
        verify_start(office.engine, log_verifier())


def test_folder_that_the_user_may_not_write_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, rights, **_: path != tmp_path)
    with pytest.raises(ExchangeError, match=f"may not write {tmp_path}: "):
        check_schema(open_engine(f"sqlite:///{tmp_path / 'hub.db'}"))


def _failed(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("fictional")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (_failed(sqlite3.SQLITE_FULL), "make room on the disk and repeat it"),
        (_failed(sqlite3.SQLITE_IOERR_WRITE), "or the kernel made it read-only: look with `df`"),
        (_failed(sqlite3.SQLITE_IOERR_WRITE), "its disk or a quota on it is full"),
        (_failed(sqlite3.SQLITE_READONLY), "takes no writes: .*look with `dmesg` and `mount`"),
        (psycopg.errors.TransactionTimeout("fictional"), "a session that holds a lock"),
        (psycopg.OperationalError("the connection is lost"), "a session that holds a lock"),
        (_failed(sqlite3.SQLITE_CANTOPEN), "look at the rights of its folder"),
        (psycopg.errors.ReadOnlySqlTransaction("fictional"), "the database takes no writes: it is"),
        (psycopg.errors.DiskFull("fictional"), "server is full, or a quota on it: make room there"),
        (psycopg.errors.IoError("fictional"), "the disk of the database's server fails"),
        (psycopg.OperationalError("FATAL: too many connections"), "raise max_connections"),
        (psycopg.OperationalError("FATAL: sorry, too many clients already"), "six connections"),
    ],
)
def test_failure_of_a_database_is_told_with_what_to_do(error: Exception, advice: str) -> None:
    with pytest.raises(ExchangeError, match=f"; .*{advice}"), database_errors():
        raise error


async def test_note_of_another_log_or_history_is_told_as_such_and_kept(office: Office) -> None:
    note_signed(office.engine)
    path = note_path(file_of(office).path)
    own, size = path.read_bytes(), office.ledger.tree_size
    log = log_signer()
    foreign = LogSigner("elsewhere.example/log", SoftwareSigner(Ed25519PrivateKey.generate()))
    for other, told in (
        (log.sign(Checkpoint(log.origin, size, bytes(32))), "it is another history of the log"),
        (log.sign(Checkpoint(log.origin, size + 9, bytes(32))), "it is an old copy"),
        (foreign.sign(Checkpoint(foreign.origin, size + 9, bytes(32))), "elsewhere.example/log"),
        (foreign.sign(Checkpoint(foreign.origin, 1, bytes(32))), "elsewhere.example/log"),
    ):
        path.write_bytes(other)
        with pytest.raises(ExchangeError, match=told):
            note_signed(office.engine)
        assert path.read_bytes() == other
        with pytest.raises(ExchangeError, match=told):
            verify_start(office.engine, log_verifier())
    path.write_bytes(own)
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    note_signed(office.engine)
    assert log_verifier().verify(path.read_bytes()).size == size + 1
