"""Messages of batches: one of an agency is read after the other, while agencies share the hub."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from exchange_server.rpc import incoming as module
from exchange_server.rpc.calls import Call, Context, begin_call
from exchange_server.rpc.incoming import Incoming

FLOOD, QUIET = "kz.mia", "uz.fiu"
SECONDS = 60.0


class Sender:
    """A call whose message comes when it is told to."""

    def __init__(self) -> None:
        self.is_read = asyncio.Event()
        self.sent = asyncio.Event()

    async def read(self) -> bytes:
        self.is_read.set()
        await self.sent.wait()
        return b"batch"


@pytest.fixture(autouse=True)
def _in_a_call() -> None:
    begin_call(Call("/Submit", "1", 0.0))


def _read(incoming: Incoming, holder: str) -> tuple[Sender, asyncio.Task[bytes]]:
    sender = Sender()
    return sender, asyncio.create_task(incoming.read_batch(holder, cast(Context, sender), SECONDS))


async def _let_all_run() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_while_agencies_share_the_hub_one_batch_of_each_is_read_at_a_time() -> None:
    incoming = Incoming(1024, SECONDS, lambda: True)
    first, first_read = _read(incoming, FLOOD)
    await first.is_read.wait()
    second, second_read = _read(incoming, FLOOD)
    others, others_read = _read(incoming, QUIET)
    await others.is_read.wait()
    await _let_all_run()
    assert not second.is_read.is_set(), "the batch before it has not come yet"
    for sender in (first, second, others):
        sender.sent.set()
    assert [await one for one in (first_read, second_read, others_read)] == [b"batch"] * 3


async def test_an_agency_that_is_alone_has_its_batches_read_together() -> None:
    incoming = Incoming(1024, SECONDS)
    begun = [_read(incoming, FLOOD) for _ in range(2)]
    for sender, _ in begun:
        await sender.is_read.wait()
        sender.sent.set()
    assert await asyncio.gather(*(read for _, read in begun)) == [b"batch"] * 2


async def test_a_slow_batch_holds_up_others_of_its_agency_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BATCH_WAIT_SECONDS", 0.01)
    incoming = Incoming(1024, SECONDS, lambda: True)
    slow, slow_read = _read(incoming, FLOOD)
    await slow.is_read.wait()
    second, second_read = _read(incoming, FLOOD)
    await second.is_read.wait()
    second.sent.set()
    assert await second_read == b"batch"
    monkeypatch.setattr(module, "BATCH_WAIT_SECONDS", SECONDS)
    third, third_read = _read(incoming, FLOOD)
    await _let_all_run()
    assert not third.is_read.is_set(), "the turn is still the slow one's"
    slow.sent.set()
    assert await slow_read == b"batch"
    await third.is_read.wait()
    third.sent.set()
    assert await third_read == b"batch"


async def test_a_caller_that_goes_away_gives_its_turn_back() -> None:
    incoming = Incoming(1024, SECONDS, lambda: True)
    first, first_read = _read(incoming, FLOOD)
    await first.is_read.wait()
    _, gone = _read(incoming, FLOOD)
    await _let_all_run()
    gone.cancel()
    first_read.cancel()
    await asyncio.gather(gone, first_read, return_exceptions=True)
    last, last_read = _read(incoming, FLOOD)
    await last.is_read.wait()
    last.sent.set()
    assert await last_read == b"batch"
