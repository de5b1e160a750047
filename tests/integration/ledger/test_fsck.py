"""`fsck` finds every kind of damage, and names the first place of it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, select, true, update

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.rules.statements import BRIEF
from exchange_replay import open_scratch, store
from exchange_server.ledger import FsckReport, Ledger, expected_rows
from exchange_server.ledger import fsck as fsck_module
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import tables
from exchange_server.storage.engine import open_engine, writing
from exchange_server.storage.part_rows import PartRow, insert_parts
from tests.integration.ledger.conftest import Office
from tests.support.damage import flipped
from tests.support.hub_data import log_verifier, revocations
from tests.support.statements import COORDINATOR, KZ_MIA, UZ_FIU


@pytest.fixture
async def closed(engine: Any) -> Office:
    """A hub that has a story behind it and is down."""
    office = Office(engine)
    await office.open()
    await office.found()
    letter = office.mail.ask(KZ_MIA, ["uz.fiu"], content=b"content")
    await office.post(letter)
    await office.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=letter.statement)
    await office.fetch(UZ_FIU, letter.statement)
    await office.close()
    return office


def check(office: Office) -> FsckReport:
    return fsck(office.engine, office.mail.cast.anchors, log_verifier())


def test_intact_database_has_no_findings(closed: Office) -> None:
    report = check(closed)
    assert report.is_clean
    assert report.entries == closed.mail.model.directory.size + 3
    assert report.statements == report.entries - 1
    assert report.parts == 3


def flip(office: Office, column: Any, where: Any) -> None:
    with writing(office.engine) as connection:
        [value] = connection.execute(select(column).where(where)).scalars()
        connection.execute(update(column.table).where(where).values({column.name: flipped(value)}))


def change(office: Office, table: Any, where: Any, **values: Any) -> None:
    with writing(office.engine) as connection:
        connection.execute(update(table).where(where).values(values))


def test_flipped_byte_of_an_entry_is_found(closed: Office) -> None:
    flip(closed, tables.log_entries.c.entry, tables.log_entries.c.idx == 7)
    findings = {finding.what: finding for finding in check(closed).findings}
    assert (findings["leaf hashes"].first, findings["leaf hashes"].count) == ("7", 1)


def test_flipped_byte_of_a_leaf_hash_is_found(closed: Office) -> None:
    flip(closed, tables.log_entries.c.leaf_hash, tables.log_entries.c.idx == 7)
    assert {finding.what for finding in check(closed).findings} == {
        "leaf hashes", "log_tiles", "root",
    }  # fmt: skip


def test_flipped_byte_of_a_tile_is_found(closed: Office) -> None:
    flip(closed, tables.log_tiles.c.hashes, tables.log_tiles.c.level == 0)
    [finding] = check(closed).findings
    assert (finding.what, finding.first) == ("log_tiles", "0 0")


async def test_damaged_tree_edge_keeps_the_hub_from_starting(closed: Office) -> None:
    flip(closed, tables.log_tiles.c.hashes, tables.log_tiles.c.level == 0)
    with pytest.raises(ExchangeError, match="tiles at the tree's edge"):
        await closed.open()


async def test_damaged_directory_keeps_the_hub_from_starting(closed: Office) -> None:
    flip(closed, tables.log_entries.c.signature, tables.log_entries.c.idx == 3)
    with pytest.raises(ExchangeError, match="entry 3"):
        await closed.open()


async def test_forged_head_keeps_the_hub_from_starting(closed: Office) -> None:
    change(closed, tables.log_head, tables.log_head.c.id == 1, root=bytes(32))
    with pytest.raises(ExchangeError, match="its checkpoint says"):
        await closed.open()


async def test_key_of_another_log_is_named_as_such_and_not_as_damage(closed: Office) -> None:
    other = LogSigner("caricc.example/other-log", SoftwareSigner.generate_ed25519())
    with pytest.raises(ExchangeError, match="expected the database of the log") as refused:
        await Ledger.open(
            closed.engine,
            anchors=closed.mail.cast.anchors,
            signer=other,
            clock=closed.clock,
            revocations=revocations,
        )
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_flipped_byte_of_a_statement_is_found(closed: Office) -> None:
    index = closed.mail.model.directory.size
    flip(closed, tables.log_entries.c.signature, tables.log_entries.c.idx == index)
    report = check(closed)
    [finding] = report.findings
    assert (finding.what, finding.first) == ("replay", str(index))
    assert "author's signature that the entry names" in finding.detail
    assert not report.breaks_rules


def test_changed_leg_is_found(closed: Office) -> None:
    change(closed, tables.legs, tables.legs.c.agency == "uz.fiu", state=int(LegState.ANSWERED))
    [finding] = check(closed).findings
    assert finding.what == "legs"
    assert finding.first.endswith("uz.fiu")
    assert finding.detail.endswith("of state")


@pytest.mark.parametrize("table", [tables.exchanges, tables.legs], ids=lambda table: table.name)
def test_day_that_the_log_does_not_say_is_found(closed: Office, table: Table) -> None:
    change(closed, table, true(), due_on=date(2027, 3, 12))
    [finding] = check(closed).findings
    assert finding.what == table.name
    assert finding.detail.endswith("of due_on")


def test_flipped_byte_of_a_part_is_found(closed: Office) -> None:
    c = tables.log_entries.c
    index = closed.mail.model.directory.size
    # The last of its bytes: the brief comes first, then the content.
    flip(closed, c.sealed, c.idx == index)
    [finding] = check(closed).findings
    assert (finding.what, finding.count) == ("parts", 1)
    assert finding.first == f"part 'content' of entry {index}"


@pytest.mark.parametrize("change_of", ["shorter", "longer", "none"])
def test_sealed_bytes_too_few_or_too_many_are_found(closed: Office, change_of: str) -> None:
    c = tables.log_entries.c
    index = closed.mail.model.directory.size
    with writing(closed.engine) as connection:
        [sealed] = connection.execute(select(c.sealed).where(c.idx == index)).scalars()
        changed = {"shorter": sealed[:-1], "longer": sealed + b"x", "none": None}[change_of]
        connection.execute(update(c.sealed.table).where(c.idx == index).values(sealed=changed))
    assert {finding.what for finding in check(closed).findings} == {"parts"}


@pytest.mark.parametrize(
    "table",
    [
        tables.log_entries, tables.directory_entries, tables.exchanges, tables.legs,
        tables.deliveries, tables.feed, tables.parties,
    ],
    ids=lambda table: table.name,
)  # fmt: skip
def test_missing_rows_are_found_and_counted(closed: Office, table: Any) -> None:
    with writing(closed.engine) as connection:
        count = connection.execute(select(func.count()).select_from(table)).scalar_one()
        where = table.c.idx == 3 if table is tables.log_entries else true()
        connection.execute(delete(table).where(where))
    found = {finding.what: finding for finding in check(closed).findings}
    # The entry that is missing is where the check of the log ends.
    expected = 1 if table is tables.log_entries else count
    assert found[table.name].count == expected


@pytest.mark.parametrize("column", ["payload", "signature", "statement_id"])
async def test_entry_without_its_statement_is_found_and_keeps_the_hub_from_starting(
    closed: Office, column: str
) -> None:
    index = closed.mail.model.directory.size
    change(closed, tables.log_entries, tables.log_entries.c.idx == index, **{column: None})
    assert not check(closed).is_clean
    if closed.engine.dialect.name == "sqlite":
        with pytest.raises(ExchangeError, match="have no statement"):
            await closed.open()


def test_row_that_the_log_does_not_make_is_found(closed: Office) -> None:
    with writing(closed.engine) as connection:
        connection.execute(
            tables.feed.insert(),
            {"agency": "kg.mia", "position": 1, "entry_index": 1, "exchange_id": "x", "role": "r"},
        )
    [finding] = check(closed).findings
    assert (finding.what, finding.first) == ("feed", "kg.mia 1 1")


@pytest.mark.parametrize("table", [tables.feed, tables.parties], ids=lambda table: table.name)
def test_rows_are_compared_in_pieces_as_they_are_at_once(
    closed: Office, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = check(closed)
    with writing(closed.engine) as connection:
        rows = connection.execute(select(*table.primary_key)).all()
        lost = rows[1::3]
        for row in lost:
            where = [column == value for column, value in zip(table.primary_key, row, strict=True)]
            connection.execute(delete(table).where(*where))
    monkeypatch.setattr(expected_rows, "_AT_ONCE", 1)
    monkeypatch.setattr(expected_rows, "KEYS_AT_ONCE", 2)
    monkeypatch.setattr(store, "MOST_IN_MEMORY", 2)
    in_pieces = check(closed)
    [finding] = in_pieces.findings
    assert (finding.what, finding.count) == (table.name, len(lost))
    assert finding.first in {" ".join(map(str, row)) for row in lost}
    assert replace(in_pieces, findings=()) == at_once


@pytest.mark.parametrize(
    ("module", "pages"), [(fsck_module, 24), (expected_rows, 16)], ids=["replay", "rows"]
)
def test_temporary_file_without_room_is_no_damage_of_the_database(
    closed: Office, module: Any, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> sqlite3.Connection:
        connection = open_scratch()
        # Room for the tables, and for hardly a row.
        connection.execute("PRAGMA page_size = 512")
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr(store, "MOST_IN_MEMORY", 2)
    with monkeypatch.context() as patched:
        patched.setattr(module, "open_scratch", full)
        with pytest.raises(ExchangeError, match="SQLITE_TMPDIR") as refused:
            check(closed)
    assert refused.value.reason is Reason.FILE_NOT_WRITTEN
    assert check(closed).is_clean


READS_WITHOUT_ROOM = """
import resource, signal
from exchange_protocol.errors import ExchangeError, Reason
from exchange_replay import scratch

scratch._CACHE_KIB = 400
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
told = 0
for count in range(330, 350):
    connection = scratch.open_scratch()
    connection.execute("CREATE TABLE one (k INTEGER PRIMARY KEY, v BLOB)")
    connection.execute("CREATE TABLE two (k INTEGER PRIMARY KEY, v BLOB)")
    try:
        for table, rows in (("one", 1000), ("two", count)):
            for row in range(rows):
                connection.execute(f"INSERT INTO {table} VALUES (?, randomblob(1000))", (row,))
    except ExchangeError:
        continue
    try:
        for _ in connection.execute("SELECT v FROM one"):
            pass
    except ExchangeError as error:
        assert error.reason is Reason.FILE_NOT_WRITTEN
        told += 1
assert told
"""
"""Reads of a full table, which must first write what memory holds of another."""


def test_temporary_file_without_room_is_told_where_reading_writes() -> None:
    subprocess.run([sys.executable, "-c", READS_WITHOUT_ROOM], check=True)


def test_statement_beside_an_entry_of_another_event_is_found(closed: Office) -> None:
    # The delivery is the last entry.
    index = closed.mail.model.directory.size + 2
    change(closed, tables.log_entries, tables.log_entries.c.idx == index, payload=b"a statement")
    assert ("log_entries", str(index)) in {
        (finding.what, finding.first) for finding in check(closed).findings
    }


def test_forged_checkpoint_is_found(closed: Office) -> None:
    with writing(closed.engine) as connection:
        connection.execute(
            update(tables.log_head).values(note="a note\n\n\u2014 x AAAAAAA=\n".encode())
        )
    assert [finding.what for finding in check(closed).findings] == ["checkpoint"]


def test_read_only_copy_is_checked(closed: Office, tmp_path: Path) -> None:
    if closed.engine.dialect.name != "sqlite":
        return
    closed.engine.dispose()
    copy = tmp_path / "copy" / "hub.db"
    copy.parent.mkdir()
    shutil.copy(tmp_path / "hub.db", copy)
    copy.chmod(0o400)
    engine = open_engine(f"sqlite:///{copy}", read_only=True)
    assert fsck(engine, closed.mail.cast.anchors, log_verifier()).is_clean
    with pytest.raises(Exception, match="readonly"), writing(engine) as connection:
        connection.execute(delete(tables.feed))
    engine.dispose()


def test_memory_does_not_grow_with_the_parts_that_were_uploaded(closed: Office) -> None:
    peaks = []
    for start, end in ((1_000, 2_000), (2_000, 22_000)):
        rows = [PartRow(index, BRIEF, index.to_bytes(16, "big")) for index in range(start, end)]
        with writing(closed.engine) as connection:
            insert_parts(connection, rows)
        del rows
        tracemalloc.start()
        try:
            [finding] = check(closed).findings
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        # The log has no entries of these numbers, so nobody claims them.
        assert (finding.what, finding.count) == ("parts", end - 1_000)
        assert finding.first == f"{BRIEF!r} of entry 1000"
    few, many = peaks
    # 20,000 keys take 5 MiB where they are kept.
    assert many < few + 2 * 1024 * 1024, peaks
