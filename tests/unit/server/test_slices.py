"""Long work in slices: agencies in turn, and nobody's place is lost when a caller goes away."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness import slices as slices_module
from exchange_server.fairness.slices import Slices, SliceScheduler

FLOOD, QUIET = AgencyId("kz.mia"), AgencyId("uz.fiu")


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is a slice."""
    monkeypatch.setattr(slices_module, "SLICE_SECONDS", 0.0)


async def work(
    scheduler: SliceScheduler, agency: AgencyId, steps: int, done: list[AgencyId]
) -> None:
    async with Slices(scheduler, agency) as slices:
        for _ in range(steps):
            done.append(agency)
            await slices.yield_if_due()


async def test_another_agency_waits_for_one_slice_of_all_that_one_has() -> None:
    scheduler, done = SliceScheduler(), list[AgencyId]()
    flood = [asyncio.create_task(work(scheduler, FLOOD, 50, done)) for _ in range(20)]
    await asyncio.sleep(0)
    began_at = len(done)
    await work(scheduler, QUIET, 5, done)
    # The slice in hand, the one whose turn it was, and one before each of its own.
    assert done[began_at:].count(FLOOD) <= 7
    await asyncio.gather(*flood)
    assert done.count(FLOOD) == 20 * 50


async def test_others_are_served_between_two_slices() -> None:
    scheduler, done = SliceScheduler(), list[AgencyId]()
    flood = [asyncio.create_task(work(scheduler, FLOOD, 50, done)) for _ in range(20)]
    turns = 0
    while not all(task.done() for task in flood):
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 20 * 50


async def test_callers_that_go_away_hold_up_nobody() -> None:
    scheduler, done = SliceScheduler(), list[AgencyId]()
    tasks = [asyncio.create_task(work(scheduler, FLOOD, 1000, done)) for _ in range(6)]
    for number, task in enumerate(tasks):
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
    async with asyncio.timeout(5):
        await work(scheduler, QUIET, 3, done)
    assert done.count(QUIET) == 3
    assert not scheduler.is_awaited


async def test_an_agency_that_makes_way_goes_on_when_the_batch_has_ended() -> None:
    making_way, done = {FLOOD}, list[AgencyId]()
    scheduler = SliceScheduler(lambda agency: agency in making_way)
    flood = asyncio.create_task(work(scheduler, FLOOD, 3, done))
    await work(scheduler, QUIET, 3, done)
    assert done == [QUIET] * 3
    making_way.clear()
    scheduler.batch_ended()
    await flood
    assert done.count(FLOOD) == 3


async def test_an_agency_makes_way_in_the_midst_of_its_work_and_holds_up_nobody() -> None:
    making_way, done = set[AgencyId](), list[AgencyId]()
    scheduler = SliceScheduler(lambda agency: agency in making_way)
    flood = asyncio.create_task(work(scheduler, FLOOD, 1000, done))
    for _ in range(100):
        await asyncio.sleep(0)
    making_way.add(FLOOD)
    for _ in range(100):
        await asyncio.sleep(0)
    began_at = len(done)
    assert 0 < began_at < 1000
    await work(scheduler, QUIET, 3, done)
    assert done[began_at:] == [QUIET] * 3
    flood.cancel()
    with suppress(asyncio.CancelledError):
        await flood
    assert not scheduler.is_awaited


async def test_works_of_one_agency_are_begun_in_the_order_in_which_they_came() -> None:
    making_way, begun = {FLOOD}, list[int]()
    scheduler = SliceScheduler(lambda agency: agency in making_way)

    async def begin(number: int) -> None:
        async with Slices(scheduler, FLOOD):
            begun.append(number)

    waiting = [asyncio.create_task(begin(number)) for number in range(20)]
    await asyncio.sleep(0)
    making_way.clear()
    # One that comes when nobody makes way any more does not overtake them.
    waiting.append(asyncio.create_task(begin(20)))
    await asyncio.sleep(0)
    scheduler.batch_ended()
    await asyncio.gather(*waiting)
    assert begun == list(range(21))


async def test_no_agency_makes_way_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no batch end, and another agency always have something there."""
    monkeypatch.setattr(slices_module, "WAY_SECONDS", 0.001)
    scheduler, done = SliceScheduler(lambda _: True), list[AgencyId]()
    async with asyncio.timeout(5):
        await work(scheduler, FLOOD, 3, done)
    assert len(done) == 3
