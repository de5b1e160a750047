"""Several hubs on one PostgreSQL: one log, and each knows at once what another wrote."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any, LiteralString

import psycopg
import pytest
from sqlalchemy import Engine

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_server.ledger import Accepted, upkeep
from exchange_server.ledger.fsck import fsck
from exchange_server.observer import CommitStep
from exchange_server.storage.engine import open_engine
from tests.integration.ledger.conftest import Office
from tests.integration.ledger.test_witnessing import WITNESSES, A, cosigned, newest
from tests.support.hub_data import Letter, log_verifier
from tests.support.statements import KZ_MIA

SECONDS = 20
REQUEST = Kind.INFORMATION_REQUEST.body()
pytestmark = [
    pytest.mark.long,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


@pytest.fixture
async def two(
    office: Office, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Office, Office]]:
    """Two hubs that hear each other, and do not look by themselves."""
    monkeypatch.setattr(upkeep, "LOOK_SECONDS", 3600.0)
    await office.reopen()
    engine: Engine = open_engine(database_url)
    other = Office(engine, mail=office.mail)
    await other.open()
    yield office, other
    await other.close()
    engine.dispose()


async def until(watching: psycopg.Connection[Any], query: LiteralString, *parameters: Any) -> None:
    """Ask the server again and again until it gives a row."""
    async with asyncio.timeout(SECONDS):
        while not watching.execute(query, parameters or None).fetchone():  # noqa: ASYNC110 -- none tells
            await asyncio.sleep(0.01)


async def test_a_hub_is_told_at_once_what_another_wrote(two: tuple[Office, Office]) -> None:
    one, other = two
    for writer, reader in ((one, other), (other, one)):
        size = reader.ledger.tree_size
        waiting = asyncio.create_task(reader.ledger.wait_for_growth(size, SECONDS))
        await asyncio.sleep(0)
        started = time.monotonic()
        await writer.say(KZ_MIA, REQUEST, to=["kz.fma"])
        assert await waiting == size + 1
        assert time.monotonic() - started < SECONDS / 2
        assert reader.ledger.directory.size == writer.ledger.directory.size


async def test_a_listener_that_was_cut_off_connects_again(
    two: tuple[Office, Office], postgres: str
) -> None:
    one, other = two
    listening = "FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
    with psycopg.connect(postgres, autocommit=True) as connection:
        await until(connection, f"SELECT 1 {listening} HAVING count(*) = 2")
        connection.execute(f"SELECT pg_terminate_backend(pid) {listening}")
    size = other.ledger.tree_size
    # Written while nobody listens: who connects again looks.
    await one.say(KZ_MIA, REQUEST, to=["kz.fma"])
    assert await other.ledger.wait_for_growth(size, SECONDS) == size + 1


async def test_a_hub_catches_up_while_another_has_its_turn_at_the_head(
    two: tuple[Office, Office], postgres: str
) -> None:
    one, other = two
    at_head, may_go_on = threading.Event(), threading.Event()

    def hold_back(step: CommitStep) -> None:
        if step is CommitStep.HEAD:
            at_head.set()
            may_go_on.wait(SECONDS)

    one.on_step = hold_back
    size = other.ledger.tree_size
    with psycopg.connect(postgres) as third, psycopg.connect(postgres, autocommit=True) as watching:
        writing = asyncio.create_task(one.say(KZ_MIA, REQUEST, to=["kz.fma"]))
        assert await asyncio.to_thread(at_head.wait, SECONDS)
        taking = asyncio.create_task(
            asyncio.to_thread(third.execute, "SELECT 1 FROM log_head FOR UPDATE")
        )
        # It waits for the head, before anyone who will be told of the commit.
        await until(
            watching,
            "SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s",
            third.info.backend_pid,
        )
        may_go_on.set()
        await asyncio.gather(taking, writing)
        assert await other.ledger.wait_for_growth(size, SECONDS / 2) == size + 1


async def test_a_witness_that_one_hub_has_heard_since_it_started_lets_the_others_write_too(
    office: Office, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LOOK_SECONDS", 0.1)
    note = cosigned(office, await newest(office), A, ahead=-60)
    await office.close()
    engine: Engine = open_engine(database_url)
    other = Office(engine, mail=office.mail)
    for each in (office, other):
        each.witnesses, each.witnesses_at_start = WITNESSES, 1
        await each.reopen()
    letters = [office.mail.write(KZ_MIA, REQUEST, to=["kz.fma"]) for _ in range(3)]
    # Kept with a time before the start: that says nothing of what was lost since.
    await office.ledger.add_cosignature(note)
    await until_looked(other, monkeypatch)
    with pytest.raises(ExchangeError, match="has started"):
        await other.ledger.submit(*letters[0].call)
    await office.ledger.add_cosignature(cosigned(office, note, A))
    await office.ledger.submit(*letters[1].call)
    async with asyncio.timeout(SECONDS):
        while not await is_written(other, letters[2]):  # noqa: ASYNC110 -- none tells
            await asyncio.sleep(0.05)
    await other.close()
    engine.dispose()


async def until_looked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until a hub has looked for what other hubs wrote and heard, from first to last."""
    ledger_upkeep, looks = office.ledger._upkeep, asyncio.Semaphore(0)
    assert ledger_upkeep is not None
    hear_witnesses = ledger_upkeep._hear_witnesses

    async def tell() -> None:
        await hear_witnesses()
        looks.release()

    monkeypatch.setattr(ledger_upkeep, "_hear_witnesses", tell)
    async with asyncio.timeout(SECONDS):
        # The first may have begun before.
        for _ in range(2):
            await looks.acquire()


async def is_written(office: Office, letter: Letter) -> bool:
    """Submit; whether the hub has taken it."""
    [outcome] = await asyncio.gather(office.ledger.submit(*letter.call), return_exceptions=True)
    if isinstance(outcome, ExchangeError) and outcome.reason is Reason.UNAVAILABLE:
        return False
    assert isinstance(outcome, Accepted)
    return True


async def test_hubs_that_write_at_once_write_one_log(two: tuple[Office, Office]) -> None:
    one, other = two
    letters = [one.mail.write(KZ_MIA, REQUEST, to=["kz.fma"]) for _ in range(40)]
    accepted = await asyncio.gather(
        *(
            (one, other)[number % 2].ledger.submit(*letter.call)
            for number, letter in enumerate(letters)
        )
    )
    indexes = sorted(each.index for each in accepted)
    assert indexes == list(range(indexes[0], indexes[0] + len(letters)))
    report = fsck(one.engine, one.mail.cast.anchors, log_verifier())
    assert report.findings == ()
    # The same bytes again, to the other hub: the original entry.
    again = await other.ledger.submit(*letters[0].call)
    assert again.index == accepted[0].index
