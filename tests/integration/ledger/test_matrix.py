"""Every column of every table, changed one at a time; rows deleted, doubled and swapped.

`fsck` or the audit of a copy finds every change that matters. A change that neither finds stands in
`HARMLESS`, with the reason why it does not matter; a line there that is found after all, and a
change that is neither found nor there, fails.
"""

# ruff: noqa: S608 -- the names in the SQL are those of our own tables
from __future__ import annotations

import asyncio
import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Table

from agency_client.audit import verify_log
from agency_client.audit.database import DatabaseCopy
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessSigner
from exchange_protocol.log.notes import SignedNote
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import tables
from exchange_server.storage.engine import open_engine
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import CONTENT, caller, log_verifier
from tests.support.schema import make_schema
from tests.support.statements import (
    AUDITOR,
    COORDINATOR,
    KZ_FMA,
    KZ_MIA,
    UZ_FIU,
    fictional_cast,
)

pytestmark = pytest.mark.long

WITNESS = WitnessSigner(
    "witness.example/a", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(b"a" * 32))
)
WAITS = "an upload that no statement has claimed yet; what is claimed is compared with its digest"
THEIRS = "a witness's own line, which whoever relies on it verifies by the witness's key"

HARMLESS: dict[tuple[str, str], str] = {
    ("staged_parts", "agency"): WAITS,
    ("staged_parts", "sha256"): WAITS,
    ("staged_parts", "size"): WAITS,
    ("staged_parts", "staged_at"): WAITS,
    ("staged_parts", "is_whole"): WAITS,
    ("staged_parts", "row doubled"): WAITS,
    ("staged_parts", "rows swapped"): WAITS,
    ("cosignatures", "witness"): THEIRS,
    ("cosignatures", "cosigned_at"): THEIRS,
    ("cosignatures", "row deleted"): f"{THEIRS}; without it the hub shows an older one",
    ("cosignatures", "row doubled"): THEIRS,
}
"""By table, and column or what was done to a row."""


async def write_story(file: Path) -> None:
    """A database in which every table has rows, and most have several."""
    engine = open_engine(f"sqlite:///{file}")
    make_schema(engine)
    office = Office(engine, witnesses=WitnessPolicy(1, [WITNESS.verifier.vkey]))
    await office.open()
    await office.found()
    for content in (b"first (fictional)", b"second (fictional)"):
        asked = office.mail.ask(KZ_MIA, ["uz.fiu", "kg.mia"], content=content)
        await office.post(asked)
        approve = Decision(Verdict.APPROVE)
        await office.say(COORDINATOR, approve, to=["uz.fiu"], on=asked.statement)
        await office.fetch(UZ_FIU, asked.statement)
        await office.say(UZ_FIU, Reply(ReplyResult.INFORMATION), on=asked.statement)
    done = office.mail.ask(KZ_MIA, ["kz.fma"], content=b"third (fictional)")
    await office.post(done)
    await office.fetch(KZ_FMA, done.statement)
    for body in (Kind.RECALL.body(), Kind.CLOSE.body(), EraseNotice(ErasureGround.ORDERED)):
        await office.say(KZ_MIA, body, to=["kz.fma"], on=done.statement)
    await office.ledger.deny(caller(KZ_FMA), "FetchPart", Reason.NOT_A_PARTY.error("fictional"))
    for start in (0, 1):
        size = office.ledger.tree_size
        page = await office.reader.openings(caller(AUDITOR), start, size, size)
        await office.ledger.inspect(caller(AUDITOR), start, page, 0)
    for content in (b"fourth (fictional)", b"fifth (fictional)"):
        await _upload(office, content)
        told = office.mail.ask(KZ_MIA, ["kz.fma"], content=content)
        beside = {name: made for name, made in told.parts.items() if name != CONTENT}
        await office.ledger.submit(told.caller, told.signed, beside, 0)
        office.mail.posted(told)
    for sealed in (b"one (fictional)", b"two (fictional)"):
        await _upload(office, sealed)
    for _ in range(2):
        note = (await office.reader.tree_head(0)).note
        await office.ledger.add_cosignature(_cosigned(office, note))
        await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    await office.close()
    engine.dispose()


async def _upload(office: Office, sealed: bytes) -> None:
    digest = hashlib.sha256(sealed).digest()
    async with await office.ledger.stage_part(caller(KZ_MIA), digest, len(sealed)) as part:
        await part.append(sealed)
        await part.finish()


def _cosigned(office: Office, note: bytes) -> bytes:
    signed = SignedNote.parse(note)
    line = WITNESS.cosign(signed.text, office.clock())
    return SignedNote(signed.text, (*signed.signatures[:1], line)).encode()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("story") / "hub.db"
    asyncio.run(write_story(file))
    return file


def findings(file: Path) -> list[str]:
    """The findings of fsck and of the audit of a copy in a database."""
    found = []
    engine = open_engine(f"sqlite:///{file}", read_only=True)
    try:
        report = fsck(engine, fictional_cast().anchors, log_verifier())
        found += [f"fsck: {each.what}: {each.detail}" for each in report.findings]
    except ExchangeError as error:
        found.append(f"fsck: {error}")
    finally:
        engine.dispose()
    if found:
        return found
    try:
        with closing(DatabaseCopy(file, log_verifier())) as copy:
            audited = verify_log(copy, fictional_cast().anchors, auditor=None)
        found += [f"audit: {each.message}" for each in (*audited.violations, *audited.faults)]
    except ExchangeError as error:
        found.append(f"audit: {error}")
    return found


def keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


@cache
def names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def rows_of(connection: sqlite3.Connection, table: Table) -> list[dict[str, Any]]:
    # The bytes of an upload wait as its row does; here those of statements are meant.
    which = " WHERE part_id IN (SELECT part_id FROM parts)" if table.name == "part_chunks" else ""
    order = ", ".join(keys(table))
    query = f"SELECT {', '.join(names(table))} FROM {table.name}{which} ORDER BY {order}"
    return [dict(zip(names(table), row, strict=True)) for row in connection.execute(query)]


def set_value(
    connection: sqlite3.Connection, table: Table, row: dict[str, Any], column: str, value: Any
) -> None:
    where = " AND ".join(f"{key} = ?" for key in keys(table))
    connection.execute(
        f"UPDATE {table.name} SET {column} = ? WHERE {where}",
        (value, *(row[key] for key in keys(table))),
    )


def other_values(value: Any, others: list[Any], *, nullable: bool) -> Iterator[Any]:
    """Values that a column could be changed to: a near one, another row's, and none."""
    match value:
        case bytes():
            yield value[:-1] + bytes([value[-1] ^ 1]) if value else b"\0"
        case int():
            yield value + 1
        case str():
            yield value + "x"
        case None:
            yield 1
    yield from [other for other in others if other != value][:1]
    if nullable and value is not None:
        yield None


def changes(table: Table) -> Iterator[tuple[str, Callable[[sqlite3.Connection], bool]]]:
    """A damage to a table: its name, and a function that says if it could be done."""
    for column in table.columns:
        for number in range(3):
            yield column.name, lambda c, name=column.name, n=number: change(c, table, name, n)  # type: ignore[misc]
    yield "row deleted", lambda connection: delete(connection, table)
    yield "row doubled", lambda connection: double(connection, table)
    yield "rows swapped", lambda connection: swap(connection, table)


def change(connection: sqlite3.Connection, table: Table, column: str, number: int) -> bool:
    rows = rows_of(connection, table)
    row = rows[len(rows) // 2]
    nullable = bool(table.columns[column].nullable)
    values = list(other_values(row[column], [each[column] for each in rows], nullable=nullable))
    if number >= len(values):
        return False
    set_value(connection, table, row, column, values[number])
    return True


def delete(connection: sqlite3.Connection, table: Table) -> bool:
    rows = rows_of(connection, table)
    where = " AND ".join(f"{key} = ?" for key in keys(table))
    row = rows[len(rows) // 2]
    connection.execute(f"DELETE FROM {table.name} WHERE {where}", [row[key] for key in keys(table)])
    return True


def double(connection: sqlite3.Connection, table: Table) -> bool:
    """A second row like the first, with another key: the next free one of its kind."""
    rows = rows_of(connection, table)
    row = dict(rows[len(rows) // 2])
    key = keys(table)[-1]
    taken = [each[key] for each in rows]
    match row[key]:
        case int():
            row[key] = max(taken) + 1
        case bytes():
            row[key] = bytes(len(row[key]))
        case text:
            row[key] = text[:-4] + "0000"
    marks = ", ".join("?" for _ in row)
    connection.execute(
        f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({marks})", list(row.values())
    )
    return True


def swap(connection: sqlite3.Connection, table: Table) -> bool:
    """Two rows change places: each has the key of the other."""
    rows = rows_of(connection, table)
    rest = [name for name in names(table) if name not in keys(table)]
    if len(rows) < 2 or not rest:
        return False
    one = rows[0]
    # The most unlike: two rows that differ in an arbitrary id alone are each other's equal.
    other = max(rows, key=lambda row: sum(row[name] != one[name] for name in rest))
    if all(one[name] == other[name] for name in rest):
        return False
    marks = ", ".join(names(table))
    held = {**other, **{name: one[name] for name in rest}}
    given = {**one, **{name: other[name] for name in rest}}
    delete_rows = " AND ".join(f"{key} = ?" for key in keys(table))
    for row in (one, other):
        connection.execute(
            f"DELETE FROM {table.name} WHERE {delete_rows}", [row[key] for key in keys(table)]
        )
    for row in (held, given):
        connection.execute(
            f"INSERT INTO {table.name} ({marks}) VALUES ({', '.join('?' for _ in row)})",
            [row[name] for name in names(table)],
        )
    return True


def test_the_story_is_clean_and_fills_every_table(story: Path) -> None:
    assert findings(story) == []
    with closing(sqlite3.connect(story)) as connection:
        for table in tables.metadata.sorted_tables:
            assert rows_of(connection, table), table.name


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_change_that_matters_is_found(story: Path, table: Table, tmp_path: Path) -> None:
    unfound: set[tuple[str, str]] = set()
    for what, make in changes(table):
        copy = tmp_path / "hub.db"
        shutil.copyfile(story, copy)
        with closing(sqlite3.connect(copy)) as connection:
            try:
                done = make(connection)
            except sqlite3.IntegrityError:
                continue  # The database itself refuses it.
            connection.commit()
        if done and not findings(copy):
            unfound.add((table.name, what))
    assert unfound == {key for key in HARMLESS if key[0] == table.name}
