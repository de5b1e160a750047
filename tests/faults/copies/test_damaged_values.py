"""Copies of an honest hub's database in which one value or one byte is damaged.

Every column of every table is damaged in several ways, and single bits of the file are flipped.
None of that may convict the hub, and none may be called whole by a check that reads the place.
A short form runs with every test: two kinds of damage to a column, the same in every run, and a few
bits. `EXCHANGE_FAULTS=full` (`make faults`) tries every kind, on more rows and a longer log.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from exchange_server.storage import tables
from tests.faults.copies.test_copies import (
    ACCUSES_NOBODY,
    AUDIT_LEAVES_OUT,
    CHUNKS,
    FSCK_LEAVES_OUT,
    FULL,
    History,
    audited,
    checked,
    rows_of,
    write_history,
)

FLIPS: Final = 1_500 if FULL else 32
ROWS: Final = 4 if FULL else 1
"""Rows of a table whose value is damaged, in each way."""
ROUNDS: Final = 6 if FULL else 2
"""Rounds of statements in the log. Each check reads all of it, to find one damaged row."""
COLUMNS: Final = [
    (table.name, column.name) for table in tables.metadata.sorted_tables for column in table.columns
]


def _flipped(value: Any) -> Any:
    match value:
        case bytes() if value:
            at = len(value) // 2
            return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
        case str() if value:
            at = len(value) // 2
            return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        case int():
            return value ^ 1
        case None:
            return 1
        case _:
            return "x"


def _shorter(value: Any) -> Any:
    return value[:-1] if isinstance(value, (bytes, str)) else 0 if value else -1


DAMAGES: Final[dict[str, Callable[[Any], Any]]] = {
    "one bit": _flipped,
    "cut": _shorter,
    "nothing": lambda value: None,
    "empty": lambda value: b"",
    "another type": lambda value: "?" if isinstance(value, (bytes, int)) else b"\xff\x00",
    "a large number": lambda value: 2**62,
}
WAYS: Final = len(DAMAGES) if FULL else 2
"""Kinds of damage that a column is given; one that the database does not take is not counted."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return asyncio.run(write_history(tmp_path_factory.mktemp("honest"), ROUNDS))


@pytest.fixture(scope="module")
def whole(history: History, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newest moment in one file, with a part that no statement has claimed."""
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    path.write_bytes(history.moments[-1].file)
    path.with_name("whole.db-wal").write_bytes(history.moments[-1].ahead)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    assert not path.with_name("whole.db-wal").exists()
    assert (audited(path, history.known), checked(path, history.known)) == ("clean", "clean")
    return path


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda name: str(name))
def test_damaged_value_of_any_column_convicts_nobody_and_is_found(
    table: str, column: str, whole: Path, history: History, tmp_path: Path
) -> None:
    chance = random.Random(f"{table}.{column}")  # noqa: S311 -- the same copies in every run
    key = [each.name for each in tables.metadata.tables[table].primary_key]
    where = " AND ".join(f"{name} = ?" for name in key)
    ways, tried = chance.sample(list(DAMAGES.items()), len(DAMAGES)), Counter[str]()
    with closing(sqlite3.connect(whole)) as connection:
        rows = connection.execute(f"SELECT {column}, {', '.join(key)} FROM {table}").fetchall()  # noqa: S608
    for how, damage in ways:
        if len(tried) == WAYS:
            break
        for value, *row in chance.sample(rows, min(ROWS, len(rows))):
            path = tmp_path / "copy.db"
            path.write_bytes(whole.read_bytes())
            try:
                with closing(sqlite3.connect(path)) as connection, connection:
                    connection.execute("PRAGMA ignore_check_constraints = ON")
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? WHERE {where}",  # noqa: S608
                        (damage(value), *row),
                    )
            except sqlite3.IntegrityError:
                # SQLite itself does not hold this: a key that is there twice, or no value.
                continue
            if rows_of(path) == history.rows:
                continue
            if column == "was_released" and bool(damage(value)) == bool(value):
                # SQLite knows no truth values: the hub reads the same as before.
                continue
            tried[how] += 1
            for by, leaves_out in ((audited, AUDIT_LEAVES_OUT), (checked, FSCK_LEAVES_OUT)):
                verdict = by(path, history.known)
                assert verdict in ACCUSES_NOBODY, (how, value, by.__name__, verdict)
                if table not in leaves_out:
                    assert verdict != "clean", (how, value, by.__name__)
    assert tried or not rows


@pytest.mark.parametrize(("table", "column"), [("legs", "kept_until"), ("legs", "due_on")])
@pytest.mark.parametrize("revision", ["0009", None])
def test_column_that_the_schema_lost_is_not_taken_for_an_older_schema(
    table: str, column: str, revision: str | None, whole: Path, history: History, tmp_path: Path
) -> None:
    path = tmp_path / "copy.db"
    path.write_bytes(whole.read_bytes())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
            (f"{column} ", f"_{column} ", table),
        )
        if revision is None:
            connection.execute("DELETE FROM alembic_version")
    assert audited(path, history.known) in ACCUSES_NOBODY - {"clean"}


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_flipped_bit_of_the_file_convicts_nobody_and_is_found(
    chunk: int, whole: Path, history: History, tmp_path: Path
) -> None:
    told: Counter[str] = Counter()
    clean = whole.read_bytes()
    for number in range(chunk, FLIPS, CHUNKS):
        chance = random.Random(number)  # noqa: S311 -- the same copies in every run
        damaged = bytearray(clean)
        damaged[chance.randrange(len(clean))] ^= 1 << chance.randrange(8)
        path = tmp_path / f"{number}.db"
        path.write_bytes(damaged)
        for by, leaves_out in ((audited, AUDIT_LEAVES_OUT), (checked, FSCK_LEAVES_OUT)):
            verdict = by(path, history.known)
            told[verdict] += 1
            assert verdict in ACCUSES_NOBODY, (number, by.__name__, verdict)
            if verdict == "clean":
                now = rows_of(path)
                altered = {name for name in history.rows if now.get(name) != history.rows[name]}
                assert altered <= leaves_out, (number, by.__name__, altered)
        path.unlink()
    assert told["torn_copy"] > 0
