"""Uploads that are claimed, forgotten, and both at once."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select, text

from exchange_protocol.errors import HubUnavailable, LimitExceeded, Reason
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_server.ledger.staging import COME_BACK_SECONDS
from exchange_server.ledger.values import LedgerLimits
from exchange_server.storage import tables
from exchange_server.storage.engine import reading, writing
from exchange_server.storage.part_rows import (
    ChunkRow,
    StagedPartRow,
    claim_staged,
    complete_staged,
    discard_staged,
    find_forgotten,
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


async def upload(office: Office, who: Member, content: bytes) -> datetime:
    """Upload some bytes, unless the hub has them; gives when it forgets them."""
    digest = hashlib.sha256(content).digest()
    call = office.ledger.stage_part(caller(who), digest, len(content))
    async with await call as part:
        if part.forgotten_at is not None:
            return part.forgotten_at
        await part.append(content)
        return await part.finish()


async def test_same_bytes_are_taken_once_while_they_wait(office: Office) -> None:
    """Over a bad line a statement takes several attempts: they use up no room."""
    office.limits = LedgerLimits(staged_bytes_per_agency=10)
    await office.reopen()
    first = await upload(office, KZ_MIA, b"123456")
    for _ in range(5):
        office.clock.forward(timedelta(minutes=5))
        assert await upload(office, KZ_MIA, b"123456") == first
    assert chunks(office.engine) == 1
    await upload(office, KZ_FMA, b"123456")
    assert chunks(office.engine) == 2
    # It would be forgotten soon: it is taken again, and the one before is forgotten.
    office.limits = LedgerLimits(staged_bytes_per_agency=12)
    await office.reopen()
    office.clock.forward(timedelta(minutes=6))
    assert await upload(office, KZ_MIA, b"123456") > first
    assert chunks(office.engine) == 2


async def test_room_that_is_used_up_is_told_as_a_matter_of_time(office: Office) -> None:
    office.limits = LedgerLimits(staged_bytes_per_agency=10)
    await office.reopen()
    await upload(office, KZ_MIA, b"123456")
    with pytest.raises(LimitExceeded, match="wait for their statements, got 12") as refused:
        await upload(office, KZ_MIA, b"abcdef")
    assert not refused.value.is_final
    assert refused.value.retry_after_seconds == COME_BACK_SECONDS
    office.clock.forward(timedelta(hours=1, seconds=1))
    await upload(office, KZ_MIA, b"abcdef")


async def test_parts_wait_as_long_as_others_of_the_agency_come(office: Office) -> None:
    """Two gigabytes over a slow line take longer than one part waits by itself."""

    def forgotten() -> int:
        with reading(office.engine) as connection:
            return len(find_forgotten(connection, office.clock() - timedelta(hours=1), 10))

    await upload(office, KZ_FMA, b"c")
    for number in range(4):
        await upload(office, KZ_MIA, bytes([number]))
        office.clock.forward(timedelta(minutes=50))
    # That of the other agency has waited for its hour.
    assert forgotten() == 1
    office.clock.forward(timedelta(minutes=11))
    assert forgotten() == 5


async def test_bytes_of_a_forgotten_upload_are_not_kept(engine: Engine) -> None:
    staged(engine)
    with writing(engine) as connection:
        discard_staged(connection, [PART])
        with pytest.raises(HubUnavailable):
            insert_staged_chunk(connection, ChunkRow(PART, 1, b"late"))
        with pytest.raises(HubUnavailable):
            complete_staged(connection, PART, at=START, begun_since=START)
    assert chunks(engine) == 0
