"""Long lists are cut into pieces: no list in a query grows with what an agency sends."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_server.ledger import LedgerLimits, staging
from exchange_server.storage import rows, tables
from exchange_server.storage.engine import reading, writing
from exchange_server.storage.log_rows import read_entries
from exchange_server.storage.part_rows import (
    ChunkRow,
    PartRow,
    StagedPartRow,
    discard_staged,
    erase_parts,
    find_forgotten,
    find_parts,
    find_staged,
    insert_parts,
)
from exchange_server.storage.rows import insert_rows
from exchange_server.storage.statement_rows import find_delivered, log_indexes
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import caller
from tests.support.refusals import awaited_refusal
from tests.support.statements import KZ_FMA, KZ_MIA

pytestmark = pytest.mark.long

SECONDS = 30
"""On a busy machine."""
MANY = 70_000
"""More than either database takes parameters in a query."""
LEFT_BEHIND = 20_000
BEYOND = 1_000_000
"""Above every index of the log."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began_at = time.monotonic()
    yield
    assert time.monotonic() - began_at < seconds


def staged_rows(office: Office, count: int) -> list[StagedPartRow]:
    at = office.clock() - timedelta(hours=2)
    return [
        StagedPartRow(number.to_bytes(16, "big"), "kg.mia", secrets.token_bytes(32), 8, at, True)
        for number in range(count)
    ]


async def test_uploads_go_on_however_many_were_left_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an hour in which an agency did nothing but begin uploads."""
    monkeypatch.setattr(staging, "SWEPT_AT_ONCE", 4096)
    swept: list[int] = []

    def find(*asked: Any) -> Any:
        swept.append(len(found := find_forgotten(*asked)))
        return found

    monkeypatch.setattr(staging, "find_forgotten", find)
    with writing(office.engine) as connection:
        insert_rows(connection, tables.staged_parts, staged_rows(office, LEFT_BEHIND))
    with within(SECONDS):
        async with await office.ledger.stage_part(caller(KZ_MIA), bytes(32), 100):
            pass
    await office.reopen()
    async with await office.ledger.stage_part(caller(KZ_FMA), bytes(32), 100):
        pass
    # They are forgotten by and by, while others are served.
    until = time.monotonic() + 2 * SECONDS
    while count(office, tables.staged_parts):
        assert time.monotonic() < until
        with within(SECONDS):
            await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    # Nobody waits for more than one transaction, and each forgets so many.
    assert max(swept) == 4096
    assert sum(swept) >= LEFT_BEHIND


async def test_what_an_agency_has_uploaded_for_no_statement_is_bounded_in_number(
    office: Office,
) -> None:
    office.limits = LedgerLimits(staged_parts_per_agency=3)
    await office.reopen()
    one, two, three = [
        await office.ledger.stage_part(caller(KZ_MIA), bytes(32), 1) for _ in range(3)
    ]
    refusal = await awaited_refusal(office.ledger.stage_part(caller(KZ_MIA), bytes(32), 1))
    assert refusal is Reason.OVERLOADED
    async with await office.ledger.stage_part(caller(KZ_FMA), bytes(32), 1):
        pass
    for part in (one, two, three):
        async with part:
            pass
    async with await office.ledger.stage_part(caller(KZ_MIA), bytes(32), 1):
        pass


async def test_exchange_of_many_statements_is_erased(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each list has a few keys here, so that few statements are many lists."""
    monkeypatch.setattr(rows, "KEYS_AT_ONCE", 4)
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    await office.fetch(KZ_FMA, asked)
    for _ in range(15):
        await office.say(KZ_FMA, Kind.INTERIM_REPLY.body(), on=asked)
    assert sealed(office) == 16
    await office.say(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=asked)
    await office.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=asked)
    await office.say(KZ_MIA, EraseNotice(ErasureGround.ORDERED), to=["kz.fma"], on=asked)
    # The brief of the notice stays.
    assert sealed(office) == 1


def sealed(office: Office) -> int:
    """The number of statements that have sealed bytes beside them."""
    with reading(office.engine) as connection:
        return connection.execute(select(func.count(tables.log_entries.c.sealed))).scalar_one()


def count(office: Office, table: Table) -> int:
    with reading(office.engine) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


async def test_no_list_of_keys_is_too_long(office: Office) -> None:
    """Every query by many keys, with more of them than a query may have."""
    digests = [number.to_bytes(32, "big") for number in range(MANY)]
    ids = [number.to_bytes(16, "big") for number in range(MANY)]
    with writing(office.engine) as connection:
        indexes = range(BEYOND, BEYOND + MANY)
        assert find_parts(connection, indexes) == {}
        assert find_staged(connection, [("kg.mia", digest) for digest in digests]) == []
        assert find_delivered(connection, indexes) == set()
        assert log_indexes(connection, digests) == {}
        assert [one.index for one in read_entries(connection, range(MANY))] == list(
            range(office.ledger.tree_size)
        )
        few = list(zip(indexes, ids, strict=True))[::20]
        insert_parts(connection, [PartRow(index, "x", one) for index, one in few])
        insert_rows(connection, tables.part_chunks, [ChunkRow(one, 0, b"x") for _, one in few])
        erase_parts(connection, indexes)
        discard_staged(connection, ids)
    assert count(office, tables.parts) == 0
    assert count(office, tables.part_chunks) == 0
