"""A database of an earlier schema, migrated, is the database that its log makes.

`tests/data/schema_0004` was made by the code of that schema: the region of the tests, an exchange
that was closed and erased, one that was approved and delivered, one for two agencies with content
that was uploaded before, one that is held, and a refusal that is logged.
"""

from __future__ import annotations

import gzip
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, Final

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, MetaData, select, text

from agency_client.audit import Verdict, verify_log
from agency_client.audit.database import DatabaseCopy
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.days import end_of_day
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.task import Task
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.rules.statements import Header
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_replay import open_scratch, store
from exchange_server.ledger import PartHandle, Reader
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import schema, tables
from exchange_server.storage.engine import open_engine, writing
from exchange_server.storage.schema import check_schema, migrate
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import log_verifier
from tests.support.statements import CASE, KZ_FMA, KZ_MIA, fictional_cast

pytestmark = pytest.mark.long

DATA = Path(__file__).resolve().parents[2] / "data" / "schema_0004"
LOG = LogVerifier((DATA / "log.vkey").read_text("utf-8").strip())
ANCHORS = TrustAnchors.from_pem((DATA / "root.crt").read_bytes())
ENTRIES, PARTS = 43, 11
REQUEST: Final = Kind.INFORMATION_REQUEST.body()
ALMATY: Final = timezone(timedelta(hours=5))


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """The database as that hub left it."""
    file = tmp_path / "old.db"
    file.write_bytes(gzip.decompress((DATA / "hub.db.gz").read_bytes()))
    return file


@pytest.fixture
def old(database_url: str, old_file: Path) -> Iterator[Engine]:
    """The same on a database of each kind."""
    if database_url.startswith("sqlite"):
        engine = open_engine(f"sqlite:///{old_file}")
    else:
        engine = open_engine(database_url)
        with writing(engine) as connection:
            _make_tables_of_0004(connection)
            _copy_rows(old_file, connection)
    yield engine
    engine.dispose()


def test_a_migrated_database_is_what_its_log_makes(old: Engine) -> None:
    assert migrate(old, ANCHORS)[0] == "0004"
    check_schema(old)
    report = fsck(old, ANCHORS, LOG)
    assert report.findings == ()
    assert (report.entries, report.parts) == (ENTRIES, PARTS)


def test_a_monitor_finds_nothing_in_a_migrated_database(old_file: Path) -> None:
    with pytest.raises(ExchangeError) as refused:
        DatabaseCopy(old_file, LOG)
    assert refused.value.reason is Reason.COPY_UNUSABLE
    engine = open_engine(f"sqlite:///{old_file}")
    migrate(engine, ANCHORS)
    engine.dispose()
    with closing(DatabaseCopy(old_file, LOG)) as copy:
        report = verify_log(copy, ANCHORS, auditor=None)
    assert report.violations == ()
    assert report.faults == ()
    assert report.verdict is Verdict.CLEAN
    assert report.tree_size == ENTRIES


@pytest.mark.parametrize(
    ("anchors", "why"),
    [(None, "expected root certificates"), (fictional_cast().anchors, "the database stays as it")],
    ids=["none", "another region's"],
)
def test_a_log_that_cannot_be_replayed_leaves_the_database_as_it_was(
    old: Engine, anchors: TrustAnchors | None, why: str
) -> None:
    with pytest.raises(ExchangeError, match=why) as refused:
        migrate(old, anchors)
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert migrate(old, ANCHORS)[0] == "0004"
    assert fsck(old, ANCHORS, LOG).findings == ()


def test_migration_without_room_for_its_replay_leaves_the_database_as_it_was(
    old: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> sqlite3.Connection:
        connection = open_scratch()
        connection.execute("PRAGMA page_size = 512")
        connection.execute("PRAGMA max_page_count = 24")
        return connection

    monkeypatch.setattr(store, "MOST_IN_MEMORY", 2)
    with monkeypatch.context() as patched:
        patched.setattr(schema, "open_scratch", full)
        with pytest.raises(ExchangeError, match="make room") as refused:
            migrate(old, ANCHORS)
    # It is no verdict on the log.
    assert refused.value.reason is Reason.FILE_NOT_WRITTEN
    assert migrate(old, ANCHORS)[0] == "0004"
    assert fsck(old, ANCHORS, LOG).findings == ()


async def test_sealed_bytes_of_before_are_read_as_before(old: Engine) -> None:
    migrate(old, ANCHORS)
    reader = Reader(old, directory=lambda: pytest.fail("not asked"), threads=1)
    with old.connect() as connection:
        rows = connection.execute(select(tables.parts)).all()
        e = tables.log_entries.c
        payloads = dict(iter(connection.execute(select(e.idx, e.payload))))
        digests = dict(iter(connection.execute(select(e.idx, e.payload_sha256))))
    assert rows
    for index, name, part_id in rows:
        part = parse_statement(payloads[index]).part(name)
        assert part is not None
        handle = PartHandle(index, digests[index], name, part.sha256, part.size, 0, part_id)
        for offset in (0, part.size // 2):
            read = [chunk async for chunk in reader.part_chunks(handle, offset)]
            assert len(b"".join(read)) == part.size - offset
            if not offset:
                assert hashlib.sha256(b"".join(read)).digest() == part.sha256
    await reader.close()


async def test_days_of_legs_are_taken_from_the_log_of_schema_0007(
    office: Office, engine: Engine
) -> None:
    """Its log names days already; its tables hold the moments of their ends alone."""
    day = office.clock.now.date() + timedelta(days=20)
    later = day + timedelta(days=10)
    header = replace(CASE, due_at=end_of_day(day, ALMATY), due_on=day)
    asked = await office.say(KZ_MIA, REQUEST, to=["kz.fma"], header=header)
    await office.say(KZ_MIA, REQUEST, to=["kz.fma"], header=replace(header, due_on=None))
    await office.fetch(KZ_FMA, asked)
    extension = Header(due_at=end_of_day(later, ALMATY), due_on=later)
    await office.say(KZ_FMA, ExtendDeadline(ExtensionGround.VOLUME), on=asked, header=extension)
    case = await office.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma"], header=CASE)
    await office.fetch(KZ_FMA, case)
    await office.say(KZ_FMA, Kind.JOIN.body(), on=case)
    task = Header(due_at=end_of_day(day, ALMATY), due_on=day)
    await office.say(KZ_MIA, Task(KZ_FMA.agency), on=case, header=task)
    await office.close()
    expected = _rows(engine)
    assert {row["due_on"] for row in expected["legs"]} == {later, None, day}
    assert {row["due_on"] for row in expected["exchanges"]} == {day, None}
    with writing(engine) as connection:
        for table in ("exchanges", "legs"):
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN due_on"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0007'"))
    with pytest.raises(ExchangeError, match="run `exchange-server migrate`"):
        check_schema(engine)
    anchors = office.mail.cast.anchors
    assert migrate(engine, anchors) == ("0007", "0009")
    assert _rows(engine) == expected
    assert fsck(engine, anchors, log_verifier(), now=office.clock.now).findings == ()


def _rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(
                (dict(row) for row in connection.execute(select(table)).mappings()), key=str
            )
            for table in (tables.exchanges, tables.legs)
        }


def _make_tables_of_0004(connection: Connection) -> None:
    config = schema._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0004")


def _copy_rows(file: Path, connection: Connection) -> None:
    found = MetaData()
    found.reflect(connection)
    with closing(sqlite3.connect(file)) as source:
        for table in found.sorted_tables:
            if table.name == "alembic_version":
                continue
            names = list(table.c.keys())
            rows = source.execute(f"SELECT {', '.join(names)} FROM {table.name}")  # noqa: S608
            values = [dict(zip(names, row, strict=True)) for row in rows]
            for row in values:
                if "was_released" in row or "is_whole" in row:
                    flag = "was_released" if "was_released" in row else "is_whole"
                    row[flag] = bool(row[flag])
            if values:
                connection.execute(table.insert(), values)
