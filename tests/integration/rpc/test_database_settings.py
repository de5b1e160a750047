"""PostgreSQL as its administrators set it up: each setting works, or is refused in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from agency_client import InformationRequest, Item, Queued, Sent
from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.storage import postgresql
from exchange_server.storage.engine import open_engine
from tests.integration.rpc.test_databases import last_words
from tests.support.commands import ServerCommand
from tests.support.foundation import Foundation
from tests.support.hub_process import HubFiles, HubProcess, prepare_hub
from tests.support.postgres import (
    Postgres,
    emptied_database,
    postgres_server,
    standby_of,
    with_options,
)
from tests.support.statements import fictional_cast

pytestmark = pytest.mark.long

ROLE = "hub"
REQUEST = InformationRequest(items=(Item.TRANSACTIONS,))
FOR_PEOPLE = (
    "statement_timeout = '1ms'",
    "lock_timeout = '1ms'",
    "idle_in_transaction_session_timeout = '1ms'",
    "idle_session_timeout = '50ms'",
    "transaction_timeout = '1ms'",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "client_encoding = 'LATIN1'",
    "timezone = 'Asia/Almaty'",
    "datestyle = 'German, DMY'",
    "bytea_output = 'escape'",
)
"""Settings by which administrators keep those in check who ask by hand."""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server of this module's own: settings of its roles and databases are changed."""
    with postgres_server() as server:
        server.execute(f"CREATE ROLE {ROLE} LOGIN")
        yield server


@pytest.fixture
def files(server: Postgres, tmp_path: Path) -> Iterator[HubFiles]:
    """A hub whose role is not the administrator, with all rights and no settings yet."""
    cast = fictional_cast().authority
    yield prepare_hub(tmp_path / "hub", authority=cast, database_url=role_url(server))
    forget_settings(server)


def role_url(server: Postgres) -> str:
    """The URL by which the role has an empty database to itself."""
    admin = emptied_database(server.uri)
    server.execute(f"GRANT ALL ON SCHEMA public TO {ROLE}")
    return make_url(admin).set(username=ROLE).render_as_string(hide_password=False)


def forget_settings(server: Postgres) -> None:
    server.execute(
        f"ALTER ROLE {ROLE} RESET ALL",
        f"ALTER ROLE {ROLE} CONNECTION LIMIT -1",
        f"DROP OWNED BY {ROLE}",
    )


def test_hub_and_its_tools_work_whatever_is_set_for_people(
    server: Postgres, foundation: Foundation, tmp_path: Path, run: ServerCommand
) -> None:
    url = role_url(server)
    town = foundation.copy(tmp_path / "hub", database_url=url)
    server.execute(*(f"ALTER ROLE {ROLE} SET {each}" for each in FOR_PEOPLE))
    try:
        with HubProcess(town.files) as hub:
            town.point_to(hub.port)
            with town.client("kz.mia/system") as client:
                sent = client.request_information(to=["kz.fma"], brief="Запрос №1", request=REQUEST)
                assert isinstance(sent, Sent)
            with town.client("kz.fma/system") as client:
                assert [each.id for each in client.inbox()] == [sent.exchange_id]
            assert hub.stop() == 0
        assert not hub.said("batch_failed")
        assert not hub.said("not_listening")
        for words in ("migrate", "check-config", "fsck"):
            code, _, err = run(words, "--config", str(town.files.config_file))
            assert code == 0, err
    finally:
        forget_settings(server)


def test_right_that_is_taken_from_a_running_hub_is_told_and_what_is_sent_waits(
    server: Postgres, foundation: Foundation, tmp_path: Path
) -> None:
    """For reads as for writes: a hub that "failed inside" would have nothing kept."""
    town = foundation.copy(tmp_path / "hub", database_url=role_url(server))
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        for take, give, event in (
            (
                "REVOKE INSERT ON log_entries FROM hub",
                "GRANT INSERT ON log_entries TO hub",
                "batch",
            ),
            ("REVOKE SELECT ON log_head FROM hub", "GRANT SELECT ON log_head TO hub", "away"),
            ("ALTER TABLE log_head RENAME TO gone", "ALTER TABLE gone RENAME TO log_head", "away"),
        ):
            server.execute(take)
            with town.client("kz.mia/system") as client:
                said = client.request_information(to=["kz.fma"], brief="x", request=REQUEST)
            assert isinstance(said, Queued), take
            told = hub.said("batch_failed" if event == "batch" else "database_away")
            assert "GRANT" in told[-1]["why"]
            server.execute(give)
            with town.client("kz.mia/system") as client:
                assert all(isinstance(each, Sent) for each in client.flush_outbox()), give
                assert not client.outbox.pending()
        assert not hub.said("call_failed")
        assert hub.stop() == 0


@pytest.mark.parametrize("serving", [True, False])
def test_durability_and_its_warnings_are_not_taken_away_by_a_setting(
    server: Postgres, files: HubFiles, *, serving: bool
) -> None:
    server.execute(
        f"ALTER ROLE {ROLE} SET synchronous_commit = off",
        f"ALTER ROLE {ROLE} SET client_min_messages = error",
    )
    engine = open_engine(files.database_url, serving=serving)
    with engine.connect() as connection:
        for name, value in (("synchronous_commit", "on"), ("client_min_messages", "notice")):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == value
    engine.dispose()


def test_durability_that_the_url_takes_away_is_refused(files: HubFiles) -> None:
    said = last_words(files, with_options(files.database_url, "-c synchronous_commit=off"))
    assert "expected synchronous_commit to be on, got off" in said


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        (
            [f"ALTER ROLE {ROLE} SET default_transaction_read_only = on"],
            "default_transaction_read_only is on for the role hub",
        ),
        ([f"ALTER ROLE {ROLE} CONNECTION LIMIT 3"], "the role hub may have 3 connections"),
        (
            ["ALTER TABLE part_chunks OWNER TO postgres", f"GRANT SELECT ON part_chunks TO {ROLE}"],
            "the hub's role may not INSERT on the table part_chunks: GRANT it",
        ),
        (
            [
                "ALTER TABLE parts OWNER TO postgres",
                f"GRANT SELECT, INSERT, UPDATE ON parts TO {ROLE}",
            ],
            "may not DELETE on the table parts",
        ),
        (
            ["CREATE SCHEMA other", f"ALTER ROLE {ROLE} SET search_path = other"],
            "a hub's tables are in the schema public, and search_path does not lead there",
        ),
    ],
    ids=["read-only", "connections", "insert", "delete", "search_path"],
)
def test_what_only_an_administrator_can_change_is_refused_in_one_sentence(
    server: Postgres, files: HubFiles, run: ServerCommand, statements: list[str], why: str
) -> None:
    try:
        server.execute(*statements)
        for words in (("check-config",), ("migrate",)):
            code, out, err = run(*words, "--config", str(files.config_file))
            assert (code, out) == (2, "")
            assert why in err
            assert len(err.splitlines()) == 1
        assert why in last_words(files, files.database_url)
    finally:
        server.execute("DROP SCHEMA IF EXISTS other")


def test_database_that_was_sorted_by_another_order_is_told(
    server: Postgres, files: HubFiles, run: ServerCommand
) -> None:
    """As after an upgrade of the system under PostgreSQL: an index may miss rows."""
    assert run("migrate", "--config", str(files.config_file))[0] == 0
    assert "sorted by" not in run("doctor", "--config", str(files.config_file))[1]
    try:
        server.execute("UPDATE pg_database SET datcollversion = '0.1'")
        code, out, _ = run("doctor", "--config", str(files.config_file))
        assert code == 1
        assert "the database was sorted by version 0.1 of its collation" in out
        assert "REINDEX DATABASE, and only then" in out
    finally:
        server.execute(
            "UPDATE pg_database SET datcollversion = pg_database_collation_actual_version(oid)"
        )


def test_table_without_its_key_and_index_that_is_not_whole_are_told(
    server: Postgres, files: HubFiles, run: ServerCommand
) -> None:
    """As after a dump that was put back with errors."""
    config = ("--config", str(files.config_file))
    assert run("migrate", *config)[0] == 0
    index = "ix_legs_kept_until_exchange_id"
    server.execute(
        "UPDATE pg_index SET indisvalid = false"
        " WHERE indexrelid = 'ix_legs_kept_until_exchange_id'::regclass"
    )
    code, _, err = run("check-config", *config)
    assert (code, f"lacks the index {index}" in err) == (2, True)
    assert run("migrate", *config)[1].startswith(
        f"indexes that were missing are made anew: {index}"
    )
    [(key,)] = server.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'p' AND conrelid = 'legs'::regclass"
    )
    server.execute(f"ALTER TABLE legs DROP CONSTRAINT {key}")
    code, _, err = run("check-config", *config)
    assert (code, "the table legs has no primary key" in err) == (2, True)


@pytest.mark.parametrize("way", ["role", "url"])
def test_second_log_in_a_schema_of_its_own_begins_beside_the_first(
    server: Postgres,
    files: HubFiles,
    tmp_path: Path,
    run: ServerCommand,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """By a role that has no right on the first, or by a search_path that its URL gives."""
    second = prepare_hub(tmp_path / "second", authority=fictional_cast().authority)
    if way == "role":
        server.execute("CREATE ROLE other LOGIN", "CREATE SCHEMA AUTHORIZATION other")
        url = make_url(server.uri).set(username="other").render_as_string(hide_password=False)
    else:
        server.execute(f"CREATE SCHEMA other AUTHORIZATION {ROLE}")
        url = with_options(files.database_url, "-c search_path=other")
    try:
        monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
        for words in (("migrate",), ("check-config",)):
            code, _, err = run(*words, "--config", str(second.config_file))
            assert (code, err) == (0, "")
        monkeypatch.delenv("EXCHANGE_DATABASE_URL")
        with HubProcess(files) as first, HubProcess(second, {"EXCHANGE_DATABASE_URL": url}) as hub:
            assert first.stop() == hub.stop() == 0
        assert server.execute("SELECT count(*) FROM other.log_head") == [(1,)]
    finally:
        server.execute("DROP SCHEMA other CASCADE", "DROP ROLE IF EXISTS other")


def test_role_that_finds_the_tables_of_another_hub_is_told_both_ways_out(
    server: Postgres, files: HubFiles, run: ServerCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.execute("CREATE ROLE other LOGIN", "GRANT USAGE ON SCHEMA public TO other")
    url = make_url(server.uri).set(username="other").render_as_string(hide_password=False)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    try:
        code, _, err = run("migrate", "--config", str(files.config_file))
        assert code == 2
        assert "the hub's role may not SELECT on the table" in err
        assert "if the tables in the schema public are another hub's, make a schema for this" in err
    finally:
        server.execute("DROP OWNED BY other", "DROP ROLE other")


def test_database_of_another_encoding_is_refused_before_it_is_made(
    server: Postgres, files: HubFiles, run: ServerCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.execute(
        f"CREATE DATABASE ascii OWNER {ROLE} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
    )
    url = make_url(files.database_url).set(database="ascii").render_as_string(False)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    for words in (("migrate",), ("check-config",)):
        code, out, err = run(*words, "--config", str(files.config_file))
        assert (code, out) == (2, "")
        assert "has the encoding SQL_ASCII" in err
    server.execute("DROP DATABASE ascii WITH (FORCE)")


def test_role_without_the_right_to_make_tables_is_told_the_way_out(
    server: Postgres, files: HubFiles, run: ServerCommand
) -> None:
    emptied_database(server.uri)
    server.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    code, out, err = run("migrate", "--config", str(files.config_file))
    assert (code, out) == (2, "")
    assert "permission denied for schema public" in err
    assert "; let the hub's role own the database, or GRANT it CREATE" in err


def test_hub_is_refused_where_a_pooler_drops_its_settings(
    files: HubFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pgbouncer does that is told to ignore the startup parameter `options`."""
    connect = postgresql._ServingConnection.connect
    monkeypatch.setattr(
        postgresql._ServingConnection,
        "connect",
        lambda *words, options="", **named: connect(*words, **named),
    )
    engine = open_engine(files.database_url, serving=True)
    with pytest.raises(ExchangeError, match="a pooler such as pgbouncer") as caught:
        engine.connect()
    assert caught.value.reason is Reason.CONFIG_INVALID
    engine.dispose()


def test_standby_is_refused_by_name(tmp_path: Path, run: ServerCommand) -> None:
    """A hot standby, whose URL does not ask for the primary."""
    with postgres_server() as primary:
        files = prepare_hub(
            tmp_path / "hub",
            authority=fictional_cast().authority,
            database_url=emptied_database(primary.uri),
        )
        with standby_of(primary) as standby:
            assert "the server is a standby, which takes no writes" in last_words(
                files, standby.uri
            )
            text = files.config_file.read_text("utf-8").replace(files.database_url, standby.uri)
            files.config_file.write_text(text, "utf-8")
            code, out, err = run("check-config", "--config", str(files.config_file))
            assert (code, out) == (2, "")
            assert "target_session_attrs=read-write" in err
