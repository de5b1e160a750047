"""A copy of a hub's database is checked with the client package alone; every change is found."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agency_client.audit import AuditReport, verify_log
from agency_client.audit.database import DatabaseCopy
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from tests.integration.audit.conftest import Region
from tests.support.hub_data import log_verifier
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_MIA, UZ_FIU, fictional_cast

REQUEST = Kind.INFORMATION_REQUEST.body()


def audit(path: Path, log: LogVerifier | None = None) -> AuditReport:
    copy = DatabaseCopy(path, log or log_verifier())
    try:
        return verify_log(copy, fictional_cast().anchors, auditor=None)
    finally:
        copy.close()


def change(path: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute(statement, values).rowcount == 1


def flipped(column: str, at: int) -> str:
    """SQL for a blob whose byte number `at` is another one (0xff becomes 0x00, the rest 0xff)."""
    return (
        f"CAST(substr({column}, 1, {at - 1}) || CASE substr({column}, {at}, 1) WHEN x'ff' "
        f"THEN x'00' ELSE x'ff' END || substr({column}, {at + 1}) AS BLOB)"
    )


@pytest.fixture
async def copy(region: Region, tmp_path: Path) -> Path:
    """A copy after a domestic exchange and a gated one."""
    asked = await region.say(KZ_MIA, REQUEST, to=["kz.fma"])
    await region.fetch(KZ_FMA, asked)
    await region.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
    asked = await region.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    await region.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    await region.fetch(UZ_FIU, asked)
    return await region.copy(tmp_path / "copy.db")


async def test_copy_of_a_running_hub_is_read_with_its_write_ahead_log(
    region: Region, tmp_path: Path
) -> None:
    await region.say(KZ_MIA, REQUEST, to=["kz.fma"])
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in (region.file, region.file.with_name("hub.db-wal")):
        shutil.copy(file, folder)
    report = audit(folder / "hub.db")
    assert report.is_clean
    assert report.exchanges == 1


def last_index(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        [(index,)] = connection.execute("SELECT max(idx) FROM log_entries")
    return int(index)


def test_untouched_copy_is_clean_and_stays_untouched(copy: Path) -> None:
    before = copy.read_bytes()
    report = audit(copy)
    assert report.violations == ()
    assert report.exchanges == 2
    assert report.opened == report.tree_size == last_index(copy) + 1
    assert copy.read_bytes() == before
    assert sorted(path.name for path in copy.parent.glob("copy.db*")) == ["copy.db"]


@pytest.mark.parametrize("column", ["entry", "nonce"])
def test_changed_byte_of_an_entry_is_named(copy: Path, column: str) -> None:
    at = last_index(copy) - 3
    change(
        copy,
        f"UPDATE log_entries SET {column} = {flipped(column, 9)} WHERE idx = ?",  # noqa: S608
        at,
    )
    report = audit(copy)
    assert at in {each.index for each in report.violations}
    assert report.violations[0].reason is Reason.ENTRY_MISMATCH
    assert f"entry {at}" in report.violations[0].message


@pytest.mark.parametrize(
    ("column", "reason"), [("payload", Reason.ENTRY_MISMATCH), ("signature", Reason.RULE_BROKEN)]
)
def test_changed_byte_of_a_statement_is_named(copy: Path, column: str, reason: Reason) -> None:
    at = last_index(copy) - 1
    change(
        copy,
        f"UPDATE statements SET {column} = {flipped(column, 21)} WHERE log_index = ?",  # noqa: S608
        at,
    )
    first = audit(copy).violations[0]
    assert (first.index, first.reason) == (at, reason)


def test_changed_tile_is_named_by_its_first_entry(copy: Path) -> None:
    change(
        copy,
        f"UPDATE log_tiles SET hashes = {flipped('hashes', 71)} WHERE level = 0 AND idx = 0",  # noqa: S608
    )
    [violation] = audit(copy).violations
    assert (violation.index, violation.reason) == (2, Reason.PROOF_INVALID)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("log_entries", "actor_agency", "kg.mia"),
        ("log_entries", "exchange_id", ""),
        ("statements", "kind", "referral"),
    ],
)
def test_column_that_says_something_else_is_named(
    copy: Path, table: str, column: str, value: str
) -> None:
    at = last_index(copy) - 2
    key = "idx" if table == "log_entries" else "log_index"
    change(copy, f"UPDATE {table} SET {column} = ? WHERE {key} = ?", value, at)  # noqa: S608
    [violation] = audit(copy).violations
    assert (violation.index, violation.reason) == (at, Reason.ENTRY_MISMATCH)


def test_leg_that_is_moved_off_the_log_is_found(copy: Path) -> None:
    change(copy, "UPDATE legs SET state = ? WHERE agency = 'uz.fiu'", int(LegState.ANSWERED))
    [violation] = audit(copy).violations
    assert violation.reason is Reason.RULE_BROKEN
    assert "uz.fiu" in violation.message


def test_sealed_bytes_that_were_swapped_are_named(copy: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        [(part, index)] = connection.execute(
            "SELECT p.part_id, s.log_index FROM parts p JOIN statements s "
            "ON s.payload_sha256 = p.payload_sha256 ORDER BY s.log_index LIMIT 1"
        )
        connection.execute("UPDATE part_chunks SET data = x'00' WHERE part_id = ?", (part,))
    violation = audit(copy).violations[0]
    assert (violation.index, violation.reason) == (index, Reason.PART_MISMATCH)


def test_dropped_entry_is_named(copy: Path) -> None:
    change(copy, "DELETE FROM log_entries WHERE idx = 5")
    report = audit(copy)
    assert report.violations[0].index == 5
    assert not report.is_clean


def test_head_that_another_key_signed_is_refused(copy: Path) -> None:

    other = LogSigner("hub.exchange.example/log", SoftwareSigner.generate_ed25519())
    with pytest.raises(ExchangeError) as refused:
        audit(copy, LogVerifier(other.vkey))
    assert refused.value.reason is Reason.CHECKPOINT_INVALID


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database" * 100)
    with pytest.raises(ExchangeError) as refused:
        audit(path)
    assert refused.value.reason is Reason.CHECKPOINT_INVALID


def test_missing_file_is_refused_without_making_one(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as refused:
        audit(tmp_path / "none.db")
    assert refused.value.reason is Reason.DOCUMENT_INVALID
    assert not (tmp_path / "none.db").exists()


def test_any_flipped_byte_of_the_signed_tables_is_found(copy: Path) -> None:
    """Flips one byte in every row of what was signed, row by row."""
    columns = {
        "log_entries": ("idx", "entry", "nonce", "leaf_hash", "payload_sha256"),
        "statements": ("log_index", "payload", "certificate_sha256", "signature"),
        "log_tiles": ("idx", "hashes"),
        "part_chunks": ("rowid", "data"),
    }
    clean = copy.read_bytes()
    for table, (key, *names) in columns.items():
        with closing(sqlite3.connect(copy)) as connection:
            rows = connection.execute(
                f"SELECT {key}, {', '.join(names)} FROM {table}"  # noqa: S608
            ).fetchall()
        for number, row in enumerate(rows[:: max(1, len(rows) // 4)]):
            name, value = names[number % len(names)], bytearray(row[1 + number % len(names)])
            value[len(value) // 2] ^= 1
            change(copy, f"UPDATE {table} SET {name} = ? WHERE {key} = ?", bytes(value), row[0])  # noqa: S608
            assert not audit(copy).is_clean, (table, name, row[0])
            copy.write_bytes(clean)
