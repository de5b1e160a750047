"""Copies of a hub's database: made while it runs, brought back, and found out at the start."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from exchange_keys import SoftwareSigner, load_signer
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_protocol.signer import SignatureAlgorithm
from exchange_server.bootstrap import utc_now
from exchange_server.cli import copies as copies_cli
from exchange_server.ledger.start_check import note_path
from exchange_server.storage import copies as copies_storage
from tests.faults.load import wait_until
from tests.integration.rpc.callers import Region
from tests.integration.rpc.test_life import command
from tests.support.commands import ServerCommand
from tests.support.hub_process import ORIGIN, PASSPHRASE, HubFiles, HubProcess, prepare_hub
from tests.support.postgres import emptied_database, programs, shared_postgres
from tests.support.statements import KZ_MIA, Hub, fictional_cast

pytestmark = pytest.mark.long

REQUEST = Kind.INFORMATION_REQUEST.body()
ODD = "a #1 ? 50% \N{CYRILLIC SMALL LETTER YA}"
"""A folder as people name it; each of its signs means something in a URL."""


@pytest.fixture(scope="module")
def server() -> str:
    return shared_postgres()


@pytest.fixture
def files(tmp_path: Path) -> HubFiles:
    (tmp_path / ODD).mkdir()
    return prepare_hub(tmp_path / ODD / "hub", authority=fictional_cast().authority)


def founded(process: HubProcess) -> Region:
    region = Region(process, Hub(fictional_cast(), now=utc_now() - timedelta(minutes=10)))
    region.catch_up()
    return region


def send(region: Region, count: int) -> None:
    for _ in range(count):
        region.memory.say(KZ_MIA, REQUEST, to=["kz.fma"])
    region.catch_up()


def test_database_goes_to_postgresql_and_back_while_the_hub_is_stopped(
    files: HubFiles,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = ServerCommand(monkeypatch, capsys)
    config, url = ("--config", str(files.config_file)), emptied_database(server)
    with HubProcess(files) as process, founded(process) as region:
        send(region, 3)
        code, _, err = run("copy-database", url, *config)
        assert code == 2
        assert "another hub process is using the database" in err
        assert process.stop() == 0
        entries = size_of(files.folder / "hub.db")
        code, out, err = run("copy-database", url, *config)
        assert (code, out) == (0, f"copied: {entries} entries, checked\n"), err
        monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
        with HubProcess(files) as moved, Region(moved, region.memory) as again:
            send(again, 2)
            assert moved.stop() == 0
        back = files.folder / "back.db"
        code, out, err = run("copy-database", f"sqlite:///{back}", *config)
        assert (code, out) == (0, f"copied: {entries + 2} entries, checked\n"), err
        assert size_of(back) == entries + 2
        assert note_path(back).is_file()
        code, _, err = run("copy-database", f"sqlite:///{back}", *config)
        assert code == 2
        assert "it holds a log" in err


def test_copy_says_where_the_held_list_of_revocations_stays(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    config = ("--config", str(files.config_file))
    with HubProcess(files) as process:
        assert process.stop() == 0
    code, out, _ = run("copy-database", f"sqlite:///{tmp_path / 'named.db'}", *config)
    assert code == 0
    assert "crl_held" not in out
    # Without a name the list is beside the database, and a hub on the copy would look there.
    text = files.config_file.read_text("utf-8")
    files.config_file.write_text(text.replace('crl_held = "crl-held.pem"\n', ""), "utf-8")
    code, out, _ = run("copy-database", f"sqlite:///{tmp_path / 'copy.db'}", *config)
    assert code == 0
    assert f'crl_held = "{files.folder / "hub.db.crl"}"' in out
    code, out, _ = run("copy-database", f"sqlite:///{tmp_path / 'json.db'}", *config, "--json")
    assert "hub.db.crl" in json.loads(out)["notes"][0]


def size_of(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        [(size,)] = connection.execute("SELECT size FROM log_head")
    return int(size)


def refused_start(files: HubFiles) -> str:
    """The last words of a hub that does not start."""
    done = command("serve", "--config", str(files.config_file))
    assert done.returncode not in (0, None), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_backup_of_a_hub_under_load_is_whole_and_comes_back(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    config = ("--config", str(files.config_file))
    with HubProcess(files) as process, founded(process) as region:
        stop = threading.Event()

        def load() -> None:
            while not stop.is_set():
                send(region, 3)

        writer = threading.Thread(target=load)
        writer.start()
        backups = [tmp_path / f"backup {n}.db" for n in range(5)]
        try:
            for out in backups:
                code, said, err = run("backup", str(out), *config, "--json")
                assert (code, err) == (0, "")
                assert json.loads(said)["entries"] == size_of(out)
        finally:
            stop.set()
            writer.join()
        assert process.stop() == 0
    assert not list(tmp_path.glob("backup*-wal"))
    out = backups[-1]
    assert out.stat().st_mode & 0o777 == 0o600
    # Nothing is written over, neither a file nor a database.
    assert run("backup", str(out), *config)[0] == 2
    code, _, err = run("restore", str(out), *config)
    assert code == 2
    assert "nothing is written over" in err
    newest = size_of(files.folder / "hub.db")
    for name in ("hub.db", "hub.db-wal", "hub.db-shm"):
        (files.folder / name).unlink(missing_ok=True)
    code, said, err = run("restore", str(out), *config)
    assert (code, err) == (0, "")
    # The hub has signed more than the backup holds, and does not go on from it by itself.
    assert f"this hub has signed {newest} entries" in said
    assert "is an old copy" in refused_start(files)
    assert size_of(files.folder / "hub.db") < newest
    note_path((files.folder / "hub.db").resolve()).unlink()
    with HubProcess(files):
        pass


def test_an_encrypted_backup_comes_back_under_its_passphrase_alone(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    config = ("--config", str(files.config_file))
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    for file, said in ((right, "fictional passphrase"), (wrong, "another passphrase")):
        file.touch(mode=0o600)
        file.write_text(said, encoding="utf-8")
    out, plain = tmp_path / "hub.backup", tmp_path / "plain.backup"
    with HubProcess(files) as process, founded(process) as region:
        send(region, 3)
        code, said, err = run("backup", str(out), *config, "--passphrase-file", str(right))
        assert (code, err) == (0, ""), said
        assert "checked" in said
        assert run("backup", str(plain), *config)[0] == 0
        assert process.stop() == 0
    # Nothing of the database stands in it, and nothing unencrypted was left beside.
    assert b"SQLite format" in plain.read_bytes()
    for word in (b"SQLite format", b"CREATE TABLE", b"kz.mia"):
        assert word not in out.read_bytes()
    left = {each.name for each in tmp_path.iterdir()} - {each.name for each in (right, wrong)}
    assert {each for each in left if "backup" in each} == {"hub.backup", "plain.backup"}
    assert out.stat().st_mode & 0o777 == 0o600
    for name in ("hub.db", "hub.db-wal", "hub.db-shm"):
        (files.folder / name).unlink(missing_ok=True)
    code, _, err = run("restore", str(out), *config)
    assert (code, "--passphrase-file" in err) == (2, True)
    code, _, err = run("restore", str(out), *config, "--passphrase-file", str(wrong))
    assert (code, "another passphrase" in err) == (2, True)
    assert not (files.folder / "hub.db").exists()
    code, said, err = run("restore", str(out), *config, "--passphrase-file", str(right))
    assert (code, err) == (0, ""), said
    assert size_of(files.folder / "hub.db") == size_of(plain)
    with HubProcess(files):
        pass


def test_backup_of_an_earlier_version_comes_back_in_the_schema_of_this_one(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    """The old machine is gone, and the new one has the new version alone."""
    config, out = ("--config", str(files.config_file)), tmp_path / "hub.db"
    with HubProcess(files) as process, founded(process) as region:
        send(region, 3)
        assert run("backup", str(out), *config)[0] == 0
        assert process.stop() == 0
    # The schema after this one changes no table.
    with closing(sqlite3.connect(out)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0008'")
    before = out.read_bytes()
    for name in ("hub.db", "hub.db-wal", "hub.db-shm", "hub.db.signed"):
        (files.folder / name).unlink(missing_ok=True)
    code, said, err = run("restore", str(out), *config)
    assert (code, err) == (0, ""), said
    assert f"{size_of(out)} entries, checked" in said
    assert out.read_bytes() == before
    assert not list(files.folder.glob(".exchange-plain*"))
    assert run("fsck", *config)[0] == 0
    with HubProcess(files):
        pass


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        (b"PGDMP\1\16", "is a copy of PostgreSQL: name the database that it is of"),
        (b"\x1f\x8b\x08", "is compressed by gzip"),
        (b"", "is something else"),
    ],
)
def test_file_of_another_kind_is_told_as_that_and_not_as_damaged(
    files: HubFiles, run: ServerCommand, tmp_path: Path, begins: bytes, said: str
) -> None:
    given = tmp_path / "given"
    given.write_bytes(begins)
    (files.folder / "hub.db").unlink()
    code, _, err = run("restore", str(given), "--config", str(files.config_file))
    assert (code, said in err, "damaged" in err) == (2, True, False)
    assert not (files.folder / "hub.db").exists()


def test_folder_that_a_new_machine_lacks_is_told(
    files: HubFiles, run: ServerCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, gone = tmp_path / "hub.db", tmp_path / "gone"
    assert run("backup", str(out), "--config", str(files.config_file))[0] == 0
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", f"sqlite:///{gone}/hub.db")
    code, _, err = run("restore", str(out), "--config", str(files.config_file))
    assert (code, "make its folder, for the hub's user alone" in err) == (2, True)


def test_damaged_file_is_neither_backed_up_nor_restored(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    with HubProcess(files) as process, founded(process):
        assert process.stop() == 0
    config = ("--config", str(files.config_file))
    good = tmp_path / "good.db"
    assert run("backup", str(good), *config)[0] == 0
    database = files.folder / "hub.db"
    for name in ("hub.db-wal", "hub.db-shm"):
        (files.folder / name).unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM directory_entries WHERE position = 3")
    code, _, err = run("backup", str(tmp_path / "bad.db"), *config)
    assert code == 2
    assert "not in order: directory_entries" in err
    assert not (tmp_path / "bad.db").exists()
    cut = tmp_path / "cut.db"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    shutil.move(database, tmp_path / "moved.db")
    for name in ("hub.db-wal", "hub.db-shm"):
        (files.folder / name).unlink(missing_ok=True)
    code, _, err = run("restore", str(cut), *config)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert not database.exists()
    assert run("restore", str(good), *config)[0] == 0
    assert size_of(database) == size_of(good)


def test_old_copy_beside_a_newer_write_ahead_log_is_found_at_the_start(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    """As an operator does it who copies the file back, and leaves what lies beside it."""
    database, old = files.folder / "hub.db", tmp_path / "old.db"
    with HubProcess(files) as process, founded(process) as region:
        send(region, 60)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(old)) as copy:
            source.backup(copy)
        send(region, 3)
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")
        send(region, 8)
        process.kill()
    shutil.copy(old, database)
    # Without the note of what was signed, too: the entries themselves show it.
    note = note_path(database.resolve())
    for noted in (True, False):
        if not noted:
            note.unlink(missing_ok=True)
        code, _, err = run("check-config", "--config", str(files.config_file))
        assert code == 2, err
        said = refused_start(files)
        assert "mixed from two copies" in said or "is an old copy" in said


def test_whole_old_database_is_found_at_the_start(files: HubFiles, tmp_path: Path) -> None:
    database, old = files.folder / "hub.db", tmp_path / "old.db"
    with HubProcess(files) as process, founded(process):
        assert process.stop() == 0
    shutil.copy(database, old)
    with HubProcess(files) as process, Region(process, Hub(fictional_cast())) as region:
        other = founded_memory(region)
        send(other, 2)
        assert process.stop() == 0
    newest = size_of(database)
    shutil.copy(old, database)
    said = refused_start(files)
    assert "CONFIG_INVALID [database.url]" in said
    assert f"this hub has signed {newest}" in said


def founded_memory(region: Region) -> Region:
    """Take what is on the log already for submitted."""
    region.memory = Hub(fictional_cast(), now=utc_now() - timedelta(minutes=5))
    region._submitted = len(region.memory.log)
    return region


def test_one_file_is_served_once_whatever_its_name(files: HubFiles) -> None:
    database, other = files.folder / "hub.db", files.folder / "hub2.db"
    config = files.folder / "hub2.toml"
    text = files.config_file.read_text(encoding="utf-8")
    with HubProcess(files):
        for make in (os.symlink, os.link):
            make(database, other)
            config.write_text(text.replace("/hub.db", "/hub2.db"), encoding="utf-8")
            done = command("serve", "--config", str(config))
            assert done.returncode == 2, make
            said = done.stderr.splitlines()[-1]
            assert "another hub process is using" in said or "has another name too" in said
            other.unlink()
        relative = text.replace(f"sqlite:///{files.folder}/hub.db", "sqlite:///./../hub/hub.db")
        assert relative != text
        config.write_text(relative, encoding="utf-8")
        done = command("serve", "--config", str(config))
        assert done.returncode == 2
        assert "another hub process is using" in done.stderr


def test_backup_of_postgresql_comes_back_into_an_empty_database(
    server: str, tmp_path: Path, run: ServerCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    url = emptied_database(server)
    files = prepare_hub(tmp_path / "hub", authority=fictional_cast().authority, database_url=url)
    config = ("--config", str(files.config_file))
    out = tmp_path / "backup.dump"
    with HubProcess(files) as process, founded(process) as region:
        send(region, 2)
        code, _, err = run("backup", str(out), *config)
        assert (code, err) == (0, "")
        assert process.stop() == 0
    code, _, err = run("restore", str(out), *config)
    assert code == 2
    assert "expected an empty database" in err
    emptied = emptied_database(server)
    assert emptied == url
    code, said, err = run("restore", str(out), *config)
    assert (code, err) == (0, "")
    assert "entries, checked" in said


def test_backup_takes_the_tables_of_its_own_schema_alone(
    server: str, tmp_path: Path, run: ServerCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another schema of the database holds the log of another hub, which this role may not read."""
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    admin = emptied_database(server)
    mine, theirs = (owner_of_a_schema(server, f"hub_{name}") for name in ("mine", "theirs"))
    cast = fictional_cast().authority
    out = tmp_path / "backup.dump"
    try:
        files = prepare_hub(tmp_path / "mine", authority=cast, database_url=mine)
        other = prepare_hub(tmp_path / "theirs", authority=cast, database_url=theirs)
        config = ("--config", str(files.config_file))
        with (
            HubProcess(files) as process,
            HubProcess(other) as beside,
            founded(process) as region,
            founded(beside) as region_beside,
        ):
            send(region, 2)
            send(region_beside, 1)
            code, _, err = run("backup", str(out), *config)
            assert (code, err) == (0, "")
            assert process.stop() == beside.stop() == 0
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DROP OWNED BY hub_mine")
        code, _, err = run("restore", str(out), *config)
        assert code == 2
        assert 'schema "hub_mine" does not exist; make it' in err
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA AUTHORIZATION hub_mine")
        code, said, err = run("restore", str(out), *config)
        assert (code, err) == (0, ""), err
        assert "entries, checked" in said
        assert run("fsck", "--config", str(other.config_file))[0] == 0
    finally:
        forget_owners(admin, "hub_mine", "hub_theirs")


def owner_of_a_schema(server: str, role: str) -> str:
    """Make a role with a schema of its own in the server's database; gives its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        connection.execute(f"CREATE SCHEMA AUTHORIZATION {role}".encode())
    return make_url(server).set(username=role).render_as_string(hide_password=False)


def forget_owners(server: str, *roles: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for role in roles:
            connection.execute(f"DROP OWNED BY {role} CASCADE".encode())
            connection.execute(f"DROP ROLE {role}".encode())


def test_backup_of_a_database_without_a_log_is_refused(
    server: str,
    files: HubFiles,
    tmp_path: Path,
    run: ServerCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", emptied_database(server))
    code, _, err = run("backup", str(tmp_path / "out"), "--config", str(files.config_file))
    assert code == 2
    assert "expected a database with a log, the schema public has no table" in err
    assert not (tmp_path / "out").exists()


def test_missing_pg_dump_is_said_with_the_remedy(
    run: ServerCommand, tmp_path: Path, files: HubFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", "postgresql+psycopg://hub@/nowhere")
    code, _, err = run("backup", str(tmp_path / "out"), "--config", str(files.config_file))
    assert code == 2
    assert "expected the command pg_dump" in err
    assert not (tmp_path / "out").exists()


def test_nothing_is_restored_under_a_hub_whose_file_was_moved_away(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    out, config = tmp_path / "good.backup", ("--config", str(files.config_file))
    with HubProcess(files) as process:
        assert run("backup", str(out), *config)[0] == 0
        for name in ("hub.db", "hub.db-wal", "hub.db-shm"):
            (files.folder / name).rename(tmp_path / name)
        code, _, err = run("restore", str(out), *config)
        assert code == 2
        assert "another hub process is using the database" in err
        assert not (files.folder / "hub.db").exists()
        process.stop()
    assert run("restore", str(out), *config)[0] == 0


SERVER = (sys.executable, "-c", "from exchange_server.command import main; main()")


@pytest.fixture
def dumping(
    files: HubFiles, server: str, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Begins a backup in a process of its own, and gives it when it writes, which has no end."""
    url = emptied_database(server)
    prepare_hub(tmp_path / "on-it", authority=fictional_cast().authority, database_url=url)
    begun, tools = tmp_path / "begun", tmp_path / "tools"
    tools.mkdir()
    program = tools / "pg_dump"
    program.write_text(f"#!/bin/sh\necho $$ > {begun}.new && mv {begun}.new {begun}\nexec sleep 99")
    program.chmod(0o700)
    environment = os.environ | {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "EXCHANGE_DATABASE_URL": url,
    }
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        config = ("--config", str(files.config_file))
        process = subprocess.Popen(
            [*SERVER, "backup", str(tmp_path / "out" / "of-today"), *config],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        wait_until(begun.exists)
        return process

    (tmp_path / "out").mkdir()
    yield begin
    for each in started:
        each.kill()
        with each:  # It closes the pipe, too.
            pass
    if begun.exists():
        with suppress(ProcessLookupError):
            os.kill(int(begun.read_text("utf-8")), signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_backup_that_a_signal_ends_leaves_nothing(
    dumping: Callable[[], subprocess.Popen[str]], tmp_path: Path, number: signal.Signals
) -> None:
    process = dumping()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err.splitlines()[-1].startswith("exchange-server: stopped; a file is there whole or not")
    assert list((tmp_path / "out").iterdir()) == []


def test_next_backup_tells_what_a_killed_one_left(
    dumping: Callable[[], subprocess.Popen[str]],
    files: HubFiles,
    run: ServerCommand,
    tmp_path: Path,
) -> None:
    process = dumping()
    process.kill()
    process.wait()
    # That one was encrypted: what is not encrypted may not stay.
    plain = tmp_path / "out" / ".exchange-plain.of-today.1"
    plain.mkdir()
    (plain / "plain").write_bytes(b"fictional")
    with HubProcess(files) as hub:
        assert hub.stop() == 0
    out = tmp_path / "out" / "of-tomorrow"
    code, said, err = run("backup", str(out), "--config", str(files.config_file))
    assert code == 0, err
    draft = tmp_path / "out" / ".of-today.new"
    assert f"{draft} is left of a command that was killed: remove it" in said
    assert sorted((tmp_path / "out").iterdir()) == [draft, out]


USER = 61_234


@pytest.fixture
def of_another(tmp_path: Path) -> Path:
    """A folder of a user of less rights, into which root writes a backup."""
    if os.geteuid() != 0:
        pytest.skip("only root writes where another could lead it astray")
    folder = tmp_path / "of-another"
    folder.mkdir()
    os.chown(folder, USER, USER)
    return folder


def test_backup_that_root_makes_is_written_nowhere_else(
    files: HubFiles,
    run: ServerCommand,
    tmp_path: Path,
    of_another: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The folder's user puts a link to a file of root's in the place of the draft."""
    with HubProcess(files) as process:
        assert process.stop() == 0
    secret, draft = tmp_path / "secret", of_another / ".backup.new"
    secret.write_bytes(b"of root")
    connect = sqlite3.connect

    def swapped(name: Any, *words: Any, **named: Any) -> sqlite3.Connection:
        if draft.is_file() and not draft.is_symlink():
            draft.unlink()
            draft.symlink_to(secret)
        made: sqlite3.Connection = connect(name, *words, **named)
        return made

    config = ("--config", str(files.config_file))
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", swapped)
        code, _, err = run("backup", str(of_another / "backup"), *config)
    assert code == 2
    assert "was removed or replaced while backup was written" in err
    assert secret.read_bytes() == b"of root"
    assert not (of_another / "backup").exists()
    draft.unlink()
    own = tmp_path / "temporary"
    own.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(own))
    code, said, err = run("backup", str(of_another / "backup"), *config, "--json")
    assert (code, err) == (0, "")
    made = (of_another / "backup").stat()
    assert (made.st_uid, made.st_mode & 0o777) == (USER, 0o600)
    assert json.loads(said)["entries"] == size_of(of_another / "backup")
    assert not list(own.iterdir())


def test_root_without_a_folder_of_its_own_says_so(
    files: HubFiles, run: ServerCommand, of_another: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HubProcess(files) as process:
        assert process.stop() == 0
    monkeypatch.setattr(copies_storage, "is_roots_alone", lambda *_: False)
    out = of_another / "backup"
    code, _, err = run("backup", str(out), "--config", str(files.config_file))
    assert code == 2
    assert "root has no folder of its own to make the copy in: name one in SQLITE_TMPDIR" in err
    assert list(of_another.iterdir()) == []


def test_backup_of_a_hub_that_signs_on_meanwhile_is_no_old_copy(
    files: HubFiles, run: ServerCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = files.folder / "hub.db"
    with HubProcess(files) as process:
        assert process.stop() == 0
    log = LogSigner(
        ORIGIN, load_signer(files.config.log.key, PASSPHRASE, SignatureAlgorithm.ED25519)
    )
    newer = log.sign(Checkpoint(ORIGIN, size_of(database) + 7, bytes(32)))
    verified = copies_cli._verified

    def verify_slowly(*given: Any) -> Any:
        note_path(database).write_bytes(newer)
        return verified(*given)

    monkeypatch.setattr(copies_cli, "_verified", verify_slowly)
    code, said, _ = run("backup", str(tmp_path / "backup"), "--config", str(files.config_file))
    assert code == 0
    assert "NOT THE NEWEST LOG" not in said


def test_backup_of_an_old_copy_in_the_place_of_the_newest_log_is_told(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    database, config = files.folder / "hub.db", ("--config", str(files.config_file))
    with HubProcess(files) as process:
        assert process.stop() == 0
    log = LogSigner(
        ORIGIN, load_signer(files.config.log.key, PASSPHRASE, SignatureAlgorithm.ED25519)
    )
    entries = size_of(database)
    newer = log.sign(Checkpoint(ORIGIN, entries + 7, bytes(32)))
    note_path(database).write_bytes(newer)
    code, said, _ = run("backup", str(tmp_path / "old.backup"), *config)
    assert code == 0
    assert f"NOT THE NEWEST LOG: this backup has {entries} entries, and the hub has signed" in said


def test_note_of_another_log_at_the_target_of_a_copy_is_told_before_anything_is_copied(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    with HubProcess(files) as process:
        assert process.stop() == 0
    target = tmp_path / "there.db"
    foreign = LogSigner("elsewhere.example/log", SoftwareSigner.generate_ed25519())
    note = foreign.sign(Checkpoint(foreign.origin, 3, bytes(32)))
    note_path(target).write_bytes(note)
    config = ("--config", str(files.config_file))
    code, _, err = run("copy-database", f"sqlite:///{target}", *config)
    assert code == 2
    assert "a hub of the log elsewhere.example/log has signed" in err
    assert note_path(target).read_bytes() == note
    assert not target.exists()
