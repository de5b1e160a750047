"""A copy of a hub's database is checked with the client package alone; every change is found."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from agency_client.audit import AuditReport, Verdict, Violation, copy_checks, verify_log
from agency_client.audit.database import CopyOpener, DatabaseCopy
from exchange_certs.authority import Authority
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds import decision
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, TimeLimitRule
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_server.ledger.fsck import fsck
from exchange_server.storage.engine import open_engine
from tests.integration.audit.conftest import Region
from tests.support.divided import dividing, verify_both_ways
from tests.support.hub_data import log_verifier
from tests.support.statements import (
    COORDINATOR,
    KZ_FMA,
    KZ_MIA,
    OPERATOR,
    UZ_FIU,
    fictional_cast,
)

REQUEST = Kind.INFORMATION_REQUEST.body()


def audit(path: Path, log: LogVerifier | None = None) -> AuditReport:
    copy = DatabaseCopy(path, log or log_verifier())
    try:
        return verify_both_ways(copy, fictional_cast().anchors, auditor=None)
    finally:
        copy.close()


def torn(path: Path) -> Sequence[Violation]:
    """The faults of a copy, which accuse nobody."""
    report = audit(path)
    assert report.violations == ()
    assert report.verdict is Verdict.TORN_COPY
    assert not report.is_clean
    return report.faults


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
    await region.say(
        COORDINATOR, decision.Decision(decision.Verdict.APPROVE), to=["uz.fiu"], on=asked
    )
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


async def test_copy_with_a_write_ahead_log_is_read_on_a_medium_that_takes_no_file(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await region.say(KZ_MIA, REQUEST, to=["kz.fma"])
    folder = tmp_path / "medium"
    folder.mkdir()
    for file in (region.file, region.file.with_name("hub.db-wal")):
        shutil.copy(file, folder)
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    monkeypatch.setattr("os.access", lambda path, mode, **_: mode != os.W_OK)
    # Another process would not know that the medium takes nothing.
    with closing(DatabaseCopy(folder / "hub.db", log_verifier())) as source:
        assert verify_log(source, fictional_cast().anchors, auditor=None).exchanges == 1
    engine = open_engine(f"sqlite:///{folder}/hub.db", read_only=True)
    report = fsck(engine, fictional_cast().anchors, log_verifier())
    engine.dispose()
    assert report.is_clean
    assert report.entries > 0
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


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
    found = torn(copy)
    assert at in {each.index for each in found}
    assert found[0].reason is Reason.ENTRY_MISMATCH
    assert f"entry {at}" in found[0].message


def test_changed_byte_of_a_statement_is_named(copy: Path) -> None:
    at = last_index(copy) - 1
    change(
        copy,
        f"UPDATE log_entries SET payload = {flipped('payload', 21)} WHERE idx = ?",  # noqa: S608
        at,
    )
    first = torn(copy)[0]
    assert (first.index, first.reason) == (at, Reason.ENTRY_MISMATCH)


@pytest.mark.parametrize("column", ["signature", "certificate_sha256", "batch"])
def test_damaged_signature_is_not_the_one_that_its_entry_names(copy: Path, column: str) -> None:
    """The signed tree holds its digest: so the copy is torn, and the hub did nothing."""
    at = last_index(copy) - 1
    damaged = flipped(column, 21) if column != "batch" else "x'10021a00'"
    change(copy, f"UPDATE log_entries SET {column} = {damaged} WHERE idx = ?", at)  # noqa: S608
    first = torn(copy)[0]
    assert (first.index, first.reason) == (at, Reason.ENTRY_MISMATCH)
    assert "author's signature that the entry names" in first.message


def test_changed_tile_is_named_by_its_first_entry(copy: Path) -> None:
    change(
        copy,
        f"UPDATE log_tiles SET hashes = {flipped('hashes', 71)} WHERE level = 0 AND idx = 0",  # noqa: S608
    )
    [violation] = torn(copy)
    assert (violation.index, violation.reason) == (2, Reason.PROOF_INVALID)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor_agency", "kg.mia"),
        ("exchange_id", ""),
        ("statement_id", "00000000-0000-7000-8000-000000000001"),
        ("kind", "referral"),
    ],
)
def test_column_that_says_something_else_is_named(copy: Path, column: str, value: str) -> None:
    at = last_index(copy) - 2
    change(copy, f"UPDATE log_entries SET {column} = ? WHERE idx = ?", value, at)  # noqa: S608
    [violation] = torn(copy)
    assert (violation.index, violation.reason) == (at, Reason.ENTRY_MISMATCH)
    assert f"of log_entries the columns {column} say something else" in violation.message


def test_leg_that_is_moved_off_the_log_is_found(copy: Path) -> None:
    change(copy, "UPDATE legs SET state = ? WHERE agency = 'uz.fiu'", int(LegState.ANSWERED))
    [violation] = torn(copy)
    assert violation.reason is Reason.RULE_BROKEN
    assert "uz.fiu" in violation.message


@pytest.mark.parametrize("table", ["exchanges", "legs"])
def test_day_that_the_log_does_not_say_is_found(copy: Path, table: str) -> None:
    first = f"(SELECT min(exchange_id) FROM {table})"  # noqa: S608
    where = f"exchange_id = {first}" + (" AND position = 0" if table == "legs" else "")
    change(copy, f"UPDATE {table} SET due_on = '2027-03-12' WHERE {where}")  # noqa: S608
    [violation] = torn(copy)
    assert violation.reason is Reason.RULE_BROKEN
    assert "is stored otherwise than" in violation.message


def test_sealed_bytes_that_were_swapped_are_named(copy: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        [(index, sealed)] = connection.execute(
            "SELECT idx, sealed FROM log_entries WHERE sealed IS NOT NULL ORDER BY idx LIMIT 1"
        )
        for changed in (b"\0" + sealed[1:], sealed[:-1], sealed + b"\0"):
            connection.execute("UPDATE log_entries SET sealed = ? WHERE idx = ?", (changed, index))
            violation = torn(copy)[0]
            assert (violation.index, violation.reason) == (index, Reason.PART_MISMATCH)


def test_sealed_bytes_that_no_notice_erased_are_named_as_missing(copy: Path) -> None:
    query = "SELECT idx FROM log_entries WHERE sealed IS NOT NULL ORDER BY idx"
    with closing(sqlite3.connect(copy)) as connection:
        indexes = [index for (index,) in connection.execute(query)]
    for index in indexes:
        change(copy, "UPDATE log_entries SET sealed = NULL WHERE idx = ?", index)
    found = torn(copy)
    assert {(each.index, each.reason) for each in found} == {
        (index, Reason.PART_MISMATCH) for index in indexes
    }
    assert all("no notice on the log erased it" in each.message for each in found)


@pytest.fixture
async def erased(region: Region, tmp_path: Path) -> tuple[Path, int, bytes]:
    """A copy after an erasure, with the index and the sealed bytes of what was erased."""
    asked = await region.say(KZ_MIA, REQUEST, to=["kz.fma"])
    await region.fetch(KZ_FMA, asked)
    await region.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
    await region.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=asked)
    with closing(sqlite3.connect(region.file)) as connection:
        [(index, sealed)] = connection.execute(
            "SELECT idx, sealed FROM log_entries WHERE payload_sha256 = ? AND sealed IS NOT NULL",
            (asked.digest,),
        )
    await region.say(KZ_MIA, EraseNotice(ErasureGround.ORDERED), to=["kz.fma"], on=asked)
    return await region.copy(tmp_path / "erased.db"), index, sealed


def test_erased_content_is_absent_and_no_fault(erased: tuple[Path, int, bytes]) -> None:
    path, index, _ = erased
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT sealed FROM log_entries WHERE idx = ?"
        assert connection.execute(query, (index,)).fetchall() == [(None,)]
    assert audit(path).verdict is Verdict.CLEAN


def test_erased_content_that_is_there_all_the_same_is_named(
    erased: tuple[Path, int, bytes],
) -> None:
    path, index, sealed = erased
    change(path, "UPDATE log_entries SET sealed = ? WHERE idx = ?", sealed, index)
    [violation] = torn(path)
    assert (violation.index, violation.reason) == (index, Reason.PART_MISMATCH)
    assert "is still there" in violation.message


class SlowClock(datetime):
    """The clock of a computer that believes it is 1990."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> SlowClock:
        return cls(1990, 1, 1, tzinfo=tz)


async def test_content_whose_retention_ended_is_no_fault_by_a_clock_that_is_behind(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await region.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=3))
    asked = await region.say(KZ_MIA, REQUEST, to=["kz.fma"])
    await region.say(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=asked)
    region.mail.clock.forward(timedelta(days=4))
    await region.say(KZ_MIA, REQUEST, to=["kz.fma"])
    path = await region.copy(tmp_path / "kept.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        [(last,)] = connection.execute("SELECT max(idx) FROM log_entries")
        connection.execute("UPDATE log_entries SET sealed = NULL WHERE idx < ?", (last,))
    monkeypatch.setattr(copy_checks, "datetime", SlowClock)
    assert audit(path).verdict is Verdict.CLEAN
    change(path, "UPDATE log_entries SET sealed = NULL WHERE idx = ?", last)
    [violation] = torn(path)
    assert "its retention has not ended" in violation.message


def test_copy_of_an_older_schema_is_clean_and_one_that_lost_a_column_is_not(copy: Path) -> None:
    for table, column in (
        ("log_entries", "post_quantum_signature"),
        ("exchanges", "due_on"),
        ("legs", "due_on"),
    ):
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        assert audit(copy).verdict is Verdict.TORN_COPY
    change(copy, "UPDATE alembic_version SET version_num = '0006'")
    assert audit(copy).verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    "computed",
    [
        "CREATE VIEW {name} AS SELECT * FROM rows_of_{name} WHERE random() <> 0",
        "CREATE VIEW {name} AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) "
        "SELECT rows_of_{name}.* FROM rows_of_{name}, n",
        "CREATE VIRTUAL TABLE extra USING fts5(content)",
    ],
    ids=["at random", "without an end", "virtual"],
)
@pytest.mark.parametrize("name", ["log_entries", "LEGS"])
def test_copy_that_computes_what_it_shows_is_refused(computed: str, name: str, copy: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute(f"ALTER TABLE {name} RENAME TO rows_of_{name}")
        connection.execute(computed.format(name=name))
    with pytest.raises(ExchangeError, match="computes what it shows") as caught:
        DatabaseCopy(copy, log_verifier())
    assert caught.value.reason is Reason.COPY_UNUSABLE


@pytest.mark.parametrize(("start", "is_refused"), [(b"\xd9\xd5\x05\xf9", True), (b"\0", False)])
def test_copy_beside_the_journal_of_an_unfinished_change_is_refused(
    start: bytes, is_refused: bool, copy: Path
) -> None:
    copy.with_name(copy.name + "-journal").write_bytes(start + bytes(600))
    if not is_refused:
        assert audit(copy).verdict is Verdict.CLEAN
        return
    with pytest.raises(ExchangeError, match="in the middle of a change") as caught:
        DatabaseCopy(copy, log_verifier())
    assert caught.value.reason is Reason.COPY_UNUSABLE


def test_dropped_entry_is_named(copy: Path) -> None:
    change(copy, "DELETE FROM log_entries WHERE idx = 5")
    assert torn(copy)[0].index == 5


def test_head_that_another_key_signed_is_refused(copy: Path) -> None:

    other = LogSigner("hub.exchange.example/log", SoftwareSigner.generate_ed25519())
    with pytest.raises(ExchangeError) as refused:
        audit(copy, LogVerifier(other.vkey))
    assert refused.value.reason is Reason.COPY_UNUSABLE
    assert "another log's key" in refused.value.message


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database" * 100)
    with pytest.raises(ExchangeError) as refused:
        audit(path)
    assert refused.value.reason is Reason.COPY_UNUSABLE


def test_missing_file_is_refused_without_making_one(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as refused:
        audit(tmp_path / "none.db")
    assert refused.value.reason is Reason.DOCUMENT_INVALID
    assert not (tmp_path / "none.db").exists()


def test_any_flipped_byte_of_the_signed_tables_is_found(copy: Path) -> None:
    """Flips one byte in every row of what was signed, row by row."""
    columns = (
        ("log_entries", "idx", "entry", "nonce", "leaf_hash", "payload_sha256"),
        ("log_entries", "idx", "payload", "certificate_sha256", "signature"),
        ("log_entries", "idx", "sealed"),
        ("log_tiles", "idx", "hashes"),
    )
    clean = copy.read_bytes()
    for table, key, *names in columns:
        with closing(sqlite3.connect(copy)) as connection:
            rows = connection.execute(
                f"SELECT {key}, {', '.join(names)} FROM {table} WHERE {names[0]} IS NOT NULL"  # noqa: S608
            ).fetchall()
        assert rows
        for number, row in enumerate(rows[:: max(1, len(rows) // 4)]):
            name, value = names[number % len(names)], bytearray(row[1 + number % len(names)])
            value[len(value) // 2] ^= 1
            change(copy, f"UPDATE {table} SET {name} = ? WHERE {key} = ?", bytes(value), row[0])  # noqa: S608
            assert audit(copy).verdict is Verdict.TORN_COPY, (table, name, row[0])
            copy.write_bytes(clean)


def test_another_root_accuses_nobody(copy: Path, tmp_path: Path) -> None:
    other = Authority.create(
        tmp_path / "other", "exchange.example", b"fictional passphrase", datetime.now(UTC)
    )
    anchors = TrustAnchors.from_pem(other.root_pem())
    with (
        closing(DatabaseCopy(copy, log_verifier())) as source,
        pytest.raises(ExchangeError, match="another region's log or root") as refused,
    ):
        verify_log(source, anchors, auditor=None)
    assert refused.value.reason is Reason.CERTIFICATE_UNTRUSTED
    engine = open_engine(f"sqlite:///{copy}", read_only=True)
    with pytest.raises(ExchangeError, match="another region's log or root"):
        fsck(engine, anchors, log_verifier())
    engine.dispose()


async def test_copy_that_lacks_known_entries_is_incomplete(region: Region, tmp_path: Path) -> None:
    copy = await region.copy(tmp_path / "copy.db")
    size = last_index(copy) + 1
    with closing(DatabaseCopy(copy, log_verifier())) as source:
        seen = source.checkpoint
        known = Checkpoint(seen.origin, size + 1, bytes(32))
        anchors = fictional_cast().anchors
        at_least = verify_log(source, anchors, auditor=None, at_least=size + 1)
        by_checkpoint = verify_log(source, anchors, auditor=None, seen=(known,))
        whole = verify_log(source, anchors, auditor=None, seen=(seen,), at_least=size)
    for report in (at_least, by_checkpoint):
        assert report.verdict is Verdict.INCOMPLETE
        assert (report.violations, report.faults) == ((), ())
        assert report.to_json()["known_size"] == size + 1
    assert whole.verdict is Verdict.CLEAN


def test_a_copy_that_changes_while_it_is_divided_is_judged_as_a_whole(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchors = fictional_cast().anchors
    with closing(DatabaseCopy(copy, log_verifier())) as source, dividing() as said:
        assert verify_log(source, anchors, auditor=None, cores=2).is_clean
        # A head that is not the one that was read first.
        monkeypatch.setattr(source, "shard_opener", lambda: CopyOpener(copy, []))
        assert verify_log(source, anchors, auditor=None, cores=2).is_clean
    first, second = said
    assert first is not None
    assert first.is_clean
    assert second is None


async def test_two_signed_trees_of_one_size_convict_even_in_a_torn_copy(
    region: Region, tmp_path: Path
) -> None:
    copy = await region.copy(tmp_path / "copy.db")
    change(copy, "DELETE FROM log_entries WHERE idx = 5")
    with closing(DatabaseCopy(copy, log_verifier())) as source:
        other = Checkpoint(source.checkpoint.origin, source.checkpoint.size, bytes(32))
        report = verify_log(source, fictional_cast().anchors, auditor=None, seen=(other,))
    [violation] = report.violations
    assert violation.reason is Reason.CHECKPOINT_SPLIT_VIEW
    assert report.verdict is Verdict.VIOLATIONS
    assert report.faults
