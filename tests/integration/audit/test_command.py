"""`agency audit` against a real hub, and on a copy of its database."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from exchange_server.storage.engine import open_engine
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR, Deployment
from tests.support.foundation import STATE_AUDITOR, Foundation
from tests.support.hub_process import HubProcess


@pytest.fixture(scope="module")
def stage(
    foundation: Foundation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Deployment, HubProcess]]:
    """A hub with a domestic exchange, and one between two other states."""
    with foundation.serving(tmp_path_factory.mktemp("stage") / "hub") as (town, hub):
        with town.client("kz.mia/system") as police:
            police.refer(to=["kz.fma"], brief="Fictional referral")
        with town.client("uz.fiu/system") as foreign:
            foreign.refer(to=["kg.mia"], brief="Fictional referral abroad")
        yield town, hub


def test_centre_audits_everything(
    stage: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, *as_member(stage[0], AUDITOR), "audit", "verify")
    assert code == 0, out
    assert "Clean" in out
    assert "2 exchanges" in out
    assert "referral" in out


def test_state_auditor_opens_its_own_exchanges(
    stage: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, *as_member(stage[0], STATE_AUDITOR), "audit", "verify")
    assert code == 0, out
    assert "1 exchange," in out
    assert "on the entries that were opened" in out
    # Its own reading is on the log, for itself and the centre to see.
    for member in (STATE_AUDITOR, AUDITOR):
        code, out, _ = run(capsys, *as_member(stage[0], member), "audit", "verify", "--from-start")
        assert code == 0, out
        _, _, readings = out.partition("What auditors read")
        assert "kz.gpo" in readings


def test_report_says_which_entries_the_run_checked(
    stage: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    verify = (*as_member(stage[0], AUDITOR), "audit", "verify")
    assert "every entry, from the first on" in run(capsys, *verify, "--from-start")[1]
    # The reading of that run is an entry of its own; reading such an entry is not recorded in turn.
    assert "those before were checked before" in run(capsys, *verify)[1]
    assert "nothing new; every entry was checked before" in run(capsys, *verify)[1]


def clock_that_is_off(years: int) -> type[datetime]:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Wrong:
            moment = datetime.now(tz) + timedelta(days=365 * years)
            return cls.fromtimestamp(moment.timestamp(), tz)

    return Wrong


def test_clock_that_is_wrong_is_named_and_accuses_nobody(
    stage: tuple[Deployment, HubProcess],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verify = (*as_member(stage[0], AUDITOR), "audit", "verify")
    assert json.loads(run(capsys, "--json", *verify)[1])["clock"] is None
    for years, said in ((-1, "but the last entry was made at"), (1, "nobody wrote for a month")):
        monkeypatch.setattr("agency_client.cli.audit.datetime", clock_that_is_off(years))
        code, out, err = run(capsys, *verify)
        assert (code, err) == (0, ""), out
        assert said in " ".join(out.split())
        told = json.loads(run(capsys, "--json", *verify)[1])["clock"]
        assert told["is"] == ("behind" if years < 0 else "quiet")


def test_checkpoint_is_the_signed_note(
    stage: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, *as_member(stage[0], AUDITOR), "audit", "checkpoint")
    assert code == 0
    assert stage[0].files.config.log.origin in out.splitlines()[0]
    assert "\N{EM DASH} " in out


def test_refused_stranger_does_not_stop_the_audit(
    stage: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused reader is on the log; an auditor must be able to open that entry too."""
    town, hub = stage
    if not town.profile("tj.none/system").exists():
        town.add_member("tj.none/system", hub.port)
    assert run(capsys, *as_member(town, "tj.none/system"), "inbox")[0] == 1
    for auditor in (AUDITOR, STATE_AUDITOR):
        code, out, err = run(capsys, *as_member(town, auditor), "audit", "verify")
        assert code == 0, out + err


def test_changed_byte_of_a_copy_is_found_by_the_same_command(
    stage: tuple[Deployment, HubProcess], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town, _ = stage
    files = town.files
    copy = tmp_path / "copy.db"
    engine = open_engine(files.database_url, read_only=True)
    with closing(sqlite3.connect(str(engine.url.database))) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    engine.dispose()
    root = str(shutil.copy(files.authority.directory / "root.pem", tmp_path))
    words = ("audit", "verify", "--database", str(copy), "--root", root)
    pins = ("--log-key", files.log_vkey)
    code, out, _ = run(capsys, *words, *pins)
    assert code == 0, out
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        [(entry,)] = connection.execute("SELECT entry FROM log_entries WHERE idx = 7")
        changed = bytearray(entry)
        changed[len(changed) // 2] ^= 1
        connection.execute("UPDATE log_entries SET entry = ? WHERE idx = 7", (bytes(changed),))
    code, out, _ = run(capsys, *words, *pins)
    assert code == 2
    assert "ENTRY_MISMATCH: entry 7: " in out
    assert "Torn copy" in out
    code, out, _ = run(capsys, *words, *pins, "--json")
    assert code == 2
    assert '"entry": 7' in out
    said = json.loads(out)
    assert (said["verdict"], said["violations"], said["clean"]) == ("torn_copy", [], False)
    for other in (("audit", "entries"), ("report", "statistics")):
        code, out, _ = run(capsys, *other, *words[2:], *pins)
        assert code == 2, "damage of the copy accuses nobody, whatever command finds it"
        assert "Torn copy" in out


def test_copy_of_fewer_entries_than_are_known_is_incomplete(
    stage: tuple[Deployment, HubProcess], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The profile has seen more, a signed checkpoint says so, or the caller does."""
    town, _ = stage
    files = town.files
    copy = tmp_path / "old copy #1 % \N{CYRILLIC SMALL LETTER YA}?.db"
    with closing(sqlite3.connect(files.folder / "hub.db")) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    as_auditor = as_member(town, AUDITOR)
    assert run(capsys, *as_auditor, "audit", "verify", "--from-start")[0] == 0
    # The reading of that run is on the log, and not in the copy.
    code, note, _ = run(capsys, *as_auditor, "audit", "checkpoint")
    assert code == 0
    size = int(note.splitlines()[1])
    (tmp_path / "note").write_text(note, encoding="utf-8")
    root = str(shutil.copy(files.authority.directory / "root.pem", tmp_path))
    words = ("audit", "verify", "--database", str(copy))
    pins = ("--root", root, "--log-key", files.log_vkey)
    for knowing in (
        (*as_auditor, *words),
        (*as_auditor, *words, *pins),
        (*words, *pins, "--checkpoint", str(tmp_path / "note")),
        (*words, *pins, "--at-least", str(size)),
    ):
        code, out, _ = run(capsys, *knowing)
        assert code == 2, out
        assert "Incomplete" in out
        assert "VIOLATIONS" not in out
        code, out, _ = run(capsys, *knowing, "--json")
        assert code == 2
        said = json.loads(out)
        assert (said["verdict"], said["known_size"]) == ("incomplete", size)
    code, out, _ = run(capsys, *words, *pins)
    assert code == 0
    assert "is not known here" in out


def test_copy_under_another_log_key_is_refused(
    stage: tuple[Deployment, HubProcess], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(
        capsys, *as_member(stage[0], AUDITOR), "audit", "verify", "--database", str(tmp_path / "x")
    )
    assert code == 2
    assert "there is none" in err


@pytest.mark.parametrize(
    "url",
    ["postgresql://hub:secret@db1:5432/exchange", "postgresql+psycopg://hub@/exchange?host=db1"],
)
def test_address_of_a_server_is_refused_with_the_way_out_and_not_repeated(
    stage: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str], url: str
) -> None:
    words = ("audit", "verify", "--database", url)
    code, out, err = run(capsys, *as_member(stage[0], AUDITOR), *words)
    assert (code, out) == (2, "")
    assert "exchange-server copy-database" in err
    assert "secret" not in err


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "a dump of SQLite (load it with"),
        (b"BEGIN TRANSACTION;\nCREATE TABLE legs", "a dump of SQLite (load it with"),
        (b"\x37\x7f\x06\x82\x00\x2d\xe2\x18", "a write-ahead log without its database"),
        (b"\x37\x7f\x06\x83\x00\x2d\xe2\x18", "a write-ahead log without its database"),
        (b"\x1f\x8b\x08\x00", "a compressed file (unpack it first)"),
        (b"PK\x03\x04\x14\x00", "an archive (unpack it first)"),
    ],
)
def test_what_was_made_of_a_database_is_named_and_is_no_verdict(
    stage: tuple[Deployment, HubProcess],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    head: bytes,
    says: str,
) -> None:
    copy = tmp_path / "hub.db"
    copy.write_bytes(head + bytes(4096))
    words = ("audit", "verify", "--database", copy)
    code, out, err = run(capsys, *as_member(stage[0], AUDITOR), *map(str, words))
    assert (code, out) == (2, "")
    assert f"expected a database file of SQLite, got {says}" in err


@pytest.mark.parametrize(
    "head",
    [b"PGDMP\x01\x0f\x00", b"--\n-- PostgreSQL database dump\n--\n", b"-- PostgreSQL database"],
)
def test_dump_of_postgresql_is_named_and_is_no_verdict(
    stage: tuple[Deployment, HubProcess],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    head: bytes,
) -> None:
    dump = tmp_path / "hub.dump"
    for data in (head, head + bytes(4096)):
        dump.write_bytes(data)
        words = ("audit", "verify", "--database", dump)
        code, out, err = run(capsys, *as_member(stage[0], AUDITOR), *map(str, words))
        assert (code, out) == (2, "")
        assert "got a dump of PostgreSQL" in err
        assert "exchange-server restore" in err
