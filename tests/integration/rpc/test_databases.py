"""A database that a hub cannot serve from is refused at the start, in one line that says why."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from exchange_server.storage.engine import open_engine, writing
from tests.faults.load import free_port
from tests.integration.rpc.test_life import command
from tests.support.commands import ServerCommand
from tests.support.hub_process import HubFiles, HubProcess, prepare_hub
from tests.support.postgres import emptied_database, postgres_server, shared_postgres, with_options
from tests.support.statements import fictional_cast

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server() -> str:
    return shared_postgres()


@pytest.fixture(params=["sqlite", "postgresql"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> HubFiles:
    """A hub's files, with a migrated database of each kind."""
    url = None
    if request.param == "postgresql":
        url = emptied_database(request.getfixturevalue("server"))
    return prepare_hub(tmp_path / "hub", authority=fictional_cast().authority, database_url=url)


def last_words(files: HubFiles, url: str) -> str:
    """The last words of a hub that cannot serve from its database."""
    done = command("serve", "--config", str(files.config_file), EXCHANGE_DATABASE_URL=url)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "hub:secret" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_older_schema_is_refused_with_the_remedy(files: HubFiles) -> None:
    engine = open_engine(files.database_url)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    engine.dispose()
    said = last_words(files, files.database_url)
    assert "got 0001; run `exchange-server migrate`" in said


def test_database_that_may_only_be_read_is_refused(files: HubFiles) -> None:
    if files.database_url.startswith("sqlite"):
        url, why = f"sqlite:///file:{files.folder}/hub.db?mode=ro&uri=true", "unable to open"
    else:
        with psycopg.connect(files.database_url, autocommit=True) as connection:
            connection.execute("CREATE ROLE onlooker LOGIN")
            connection.execute("GRANT USAGE ON SCHEMA public TO onlooker")
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO onlooker")
        url, why = files.database_url.replace("//postgres:", "//onlooker:"), "may not INSERT"
    said = last_words(files, url)
    assert "CONFIG_INVALID [database.url]: the database cannot be used" in said
    assert why in said


def test_file_that_cannot_be_claimed_is_refused(tmp_path: Path) -> None:
    files = prepare_hub(tmp_path / "hub", authority=fictional_cast().authority)
    (files.folder / "hub.db.lock").mkdir()
    assert "cannot claim the database: Is a directory" in last_words(files, files.database_url)


@pytest.mark.parametrize("files", ["postgresql"], indirect=True)
def test_wrong_url_is_refused_without_its_password(
    files: HubFiles, run: ServerCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = files.database_url.replace("//postgres:", "//hub:secret").replace("/postgres?", "/no?")
    for url, why in (
        (f"postgresql://hub:secret@127.0.0.1:{free_port()}/exchange", "Connection refused"),
        (absent.replace("//hub:", "//postgres:"), 'database "no" does not exist'),
        (absent, 'role "hub" does not exist'),
        ("postgresql//hub:secret@db/exchange", "expected a database URL such as"),
        ("mysql://hub:secret@db/exchange", "got one of mysql"),
        ("postgresql://hub:sec@secret/x@db/exchange", "write one in a password as %40"),
        ("postgresql://hub:secret@db:54x2/exchange", "expected a database URL such as"),
        (f"postgres://hub:secret@127.0.0.1:{free_port()}/exchange", "Connection refused"),
        (f"sqlite:///{files.folder}", "is a folder: name a file in it"),
    ):
        monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
        code, out, err = run("migrate", "--config", str(files.config_file))
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert why in err
        assert "secret" not in err


@pytest.mark.parametrize("files", ["postgresql"], indirect=True)
def test_older_postgresql_is_refused(files: HubFiles) -> None:
    with postgres_server(16) as old:
        assert "expected PostgreSQL 17 or later" in last_words(files, old.uri)


@pytest.mark.parametrize("files", ["postgresql"], indirect=True)
def test_standby_is_refused_where_the_url_asks_for_the_primary(files: HubFiles) -> None:
    """Ask libpq for the primary: its own words are shown."""
    url = with_options(files.database_url, "-c default_transaction_read_only=on")
    said = last_words(files, f"{url}&target_session_attrs=read-write")
    assert "read-only" in said


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    files = prepare_hub(tmp_path / "hub", authority=fictional_cast().authority)
    other = tmp_path / "letter.txt"
    other.write_bytes(b"no database at all" * 100)
    assert "not a database" in last_words(files, f"sqlite:///{other}")
    assert other.read_bytes() == b"no database at all" * 100


def test_log_of_another_key_is_refused(files: HubFiles, tmp_path: Path) -> None:
    """A hub that is given another's database would split the view of its log."""
    with HubProcess(files) as hub:
        hub.stop()
    other = prepare_hub(tmp_path / "other", authority=fictional_cast().authority)
    assert "expected the database of the log" in last_words(other, files.database_url)
    with HubProcess(files) as hub:
        assert hub.stop() == 0
