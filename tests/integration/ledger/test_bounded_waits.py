"""On PostgreSQL nothing waits for ever, and a commit that warns is not believed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from exchange_server.storage import postgresql
from exchange_server.storage.engine import (
    WritingConnection,
    is_away,
    open_engine,
    reading,
    writing,
)
from exchange_server.storage.log_rows import read_head
from exchange_server.storage.part_rows import ChunkRow
from exchange_server.storage.rows import insert_rows
from exchange_server.storage.tables import part_chunks
from tests.support.postgres import with_options
from tests.support.schema import make_schema

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

BOUND = "-c transaction_timeout=1s"
SECONDS = 20


@pytest.fixture
def hub(database_url: str) -> Iterator[Engine]:
    """An engine as a hub has it, whose turn ends after a second."""
    tool = open_engine(database_url)
    make_schema(tool)
    tool.dispose()
    engine = open_engine(with_options(database_url, BOUND), serving=True)
    yield engine
    engine.dispose()


def setting(engine: Engine, name: str) -> str:
    with engine.connect() as connection:
        return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())


def test_a_hub_is_bounded_unless_the_url_says_otherwise_and_a_tool_is_not(
    hub: Engine, database_url: str
) -> None:
    assert setting(hub, "transaction_timeout") == "1s"
    for serving, bound in ((True, "15s"), (False, "0")):
        engine = open_engine(database_url, serving=serving)
        assert setting(engine, "transaction_timeout") == bound
        engine.dispose()


def test_a_hub_that_falls_silent_in_its_turn_loses_it(hub: Engine) -> None:
    silent, other = WritingConnection(hub), WritingConnection(hub)
    got_on = threading.Event()

    def take_a_turn() -> None:
        ended_by = time.monotonic() + SECONDS
        while not got_on.is_set():
            try:
                with other.transaction() as connection:
                    read_head(connection, lock=True)
                got_on.set()
            except DBAPIError as error:
                # Its own second may end while it waits. Then it asks again.
                if not is_away(error) or time.monotonic() > ended_by:
                    raise

    def fall_silent() -> None:
        with silent.transaction() as connection:
            read_head(connection, lock=True)
            # After many rows at once the driver leaves the clock of an idle transaction stopped.
            insert_rows(
                connection, part_chunks, [ChunkRow(bytes(16), seq, b"") for seq in range(2)]
            )
            waiting.start()
            assert got_on.wait(SECONDS)
            connection.exec_driver_sql("UPDATE log_head SET size = 1")

    with writing(hub) as connection:
        connection.exec_driver_sql("INSERT INTO log_head VALUES (1, 0, '', '', NULL, 0)")
    waiting = threading.Thread(target=take_a_turn)
    # On a busy machine the second may end before anybody waits.
    while waiting.ident is None:
        with pytest.raises(DBAPIError) as ended:
            fall_silent()
        assert is_away(ended.value)
    waiting.join()
    assert got_on.is_set()
    # The next transaction has a connection of its own, and nothing of the lost one is there.
    with silent.transaction() as connection:
        head = read_head(connection, lock=True)
    assert head is not None
    assert head.size == 0
    silent.close()
    other.close()


def test_an_overdue_answer_is_not_waited_for(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_ANSWER_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(DBAPIError, match="no answer") as given_up, reading(hub) as connection:
        connection.exec_driver_sql("SELECT pg_sleep(60)")
    assert is_away(given_up.value)
    assert time.monotonic() - started < SECONDS
    assert setting(hub, "transaction_timeout") == "1s"


def test_a_commit_that_warns_is_not_known_to_last(hub: Engine) -> None:
    """As PostgreSQL does, with the same success, where the wait for a standby is cancelled."""
    with writing(hub) as connection:
        connection.exec_driver_sql(
            """CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN RAISE WARNING 'might not have been replicated'; RETURN NULL; END $$"""
        )
        connection.exec_driver_sql(
            """CREATE CONSTRAINT TRIGGER warning AFTER INSERT ON log_head
               DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()"""
        )
    with pytest.raises(DBAPIError, match="warning") as doubtful, writing(hub) as connection:
        connection.exec_driver_sql("INSERT INTO log_head VALUES (1, 0, '', '', NULL, 0)")
    assert is_away(doubtful.value)
    with reading(hub) as connection:
        assert read_head(connection) is not None
