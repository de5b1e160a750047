"""Uploads that are claimed, forgotten, and both at once."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select, text

from exchange_protocol.errors import HubUnavailable, Reason
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_server.ledger.staging import MOST_OF_ONE_DIGEST
from exchange_server.storage import tables
from exchange_server.storage.engine import reading, writing
from exchange_server.storage.part_rows import (
    ChunkRow,
    StagedPartRow,
    claim_staged,
    complete_staged,
    discard_staged,
    find_staged,
    insert_staged,
    insert_staged_chunk,
)
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import caller
from tests.support.refusals import awaited_refusal
from tests.support.statements import KZ_FMA, KZ_MIA, START

PART = bytes(16)
SECONDS = 10


def chunks(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(connection.execute(select(tables.part_chunks.c.seq)).all())


def staged(engine: Engine) -> None:
    row = StagedPartRow(PART, AgencyId("kz.mia"), bytes(32), 4, START, is_whole=False)
    with writing(engine) as connection:
        insert_staged(connection, row)
        insert_staged_chunk(connection, ChunkRow(PART, 0, b"part"))
        complete_staged(connection, PART, at=START, begun_since=START)


async def at_once(
    engine: Engine,
    first: Callable[[Connection, list[bytes]], None],
    second: Callable[[Connection, list[bytes]], None],
) -> None:
    """Two hubs: the second begins before the first has committed, and waits for it."""
    begins = threading.Event()

    def tell_of_begin(connection: Any, *_: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.set_trace_callback(lambda statement: begins.set())
        else:
            begins.set()

    def run() -> None:
        with writing(engine) as connection:
            second(connection, [PART])

    with writing(engine) as connection:
        first(connection, [PART])
        # On SQLite the second waits as it begins, on PostgreSQL for the row.
        event.listen(engine, "checkout", tell_of_begin)
        other: asyncio.Task[Any] = asyncio.create_task(asyncio.to_thread(run))
        assert await asyncio.to_thread(begins.wait, SECONDS)
        if engine.dialect.name == "postgresql":
            await until_one_waits(engine)
        assert not other.done()
    async with asyncio.timeout(SECONDS):
        await other


async def until_one_waits(engine: Engine) -> None:
    """Wait until a transaction waits for what another has locked."""
    async with asyncio.timeout(SECONDS):
        with reading(engine) as watching:
            # Locked rows are told as they are now, whatever the transaction sees.
            waiting = text("SELECT 1 FROM pg_locks WHERE NOT granted")
            while not watching.execute(waiting).first():  # noqa: ASYNC110 -- none tells
                await asyncio.sleep(0.01)


async def test_part_that_is_claimed_while_it_is_forgotten_keeps_its_bytes(engine: Engine) -> None:
    staged(engine)
    await at_once(engine, claim_staged, discard_staged)
    assert chunks(engine) == 1


async def test_part_that_is_forgotten_cannot_be_claimed_at_once(engine: Engine) -> None:
    staged(engine)
    with pytest.raises(HubUnavailable):
        await at_once(engine, discard_staged, claim_staged)
    assert chunks(engine) == 0


async def test_upload_that_was_forgotten_on_its_way_is_not_taken_for_whole(office: Office) -> None:
    content = b"c" * 100
    digest = hashlib.sha256(content).digest()
    async with await office.ledger.stage_part(caller(KZ_MIA), digest, 100) as slow:
        await slow.append(content)
        office.clock.forward(timedelta(hours=1, seconds=1))
        assert await awaited_refusal(slow.finish()) is Reason.UNAVAILABLE
    assert chunks(office.engine) == 0


async def test_same_bytes_uploaded_again_and_again_wait_as_often_as_one_statement_needs_them(
    office: Office,
) -> None:
    """All of them are read for each statement that names the digest."""
    digest = hashlib.sha256(b"c").digest()

    async def upload(who: Member) -> None:
        async with await office.ledger.stage_part(caller(who), digest, 1) as part:
            await part.append(b"c")
            await part.finish()

    await upload(KZ_FMA)
    for _ in range(MOST_OF_ONE_DIGEST + 3):
        office.clock.forward(timedelta(seconds=1))
        await upload(KZ_MIA)
    with reading(office.engine) as connection:
        found = find_staged(connection, [("kz.mia", digest), ("kz.fma", digest)])
    assert [each.agency for each in found].count("kz.mia") == MOST_OF_ONE_DIGEST
    assert [each.agency for each in found].count("kz.fma") == 1
    # The newest ones wait on, and the bytes of the others are gone.
    own = [each.staged_at for each in found if each.agency == "kz.mia"]
    assert max(own) - min(own) == timedelta(seconds=MOST_OF_ONE_DIGEST - 1)
    assert chunks(office.engine) == MOST_OF_ONE_DIGEST + 1


async def test_bytes_of_a_forgotten_upload_are_not_kept(engine: Engine) -> None:
    staged(engine)
    with writing(engine) as connection:
        discard_staged(connection, [PART])
        with pytest.raises(HubUnavailable):
            insert_staged_chunk(connection, ChunkRow(PART, 1, b"late"))
        with pytest.raises(HubUnavailable):
            complete_staged(connection, PART, at=START, begun_since=START)
    assert chunks(engine) == 0
