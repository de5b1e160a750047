"""The asyncio client says and verifies the same."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest

from agency_client import (
    AsyncExchangeClient,
    ExchangeClient,
    InformationRequest,
    Item,
    Queued,
    Sent,
)
from exchange_protocol.errors import HubDishonest, Reason
from exchange_protocol.kinds.codes import LegState
from tests.support.in_memory_hub import AsyncConnection, InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, UZ_FIU

REQUEST = InformationRequest(items=(Item.STR,))


def public(kind: type) -> dict[str, object]:
    return {name: value for name, value in vars(kind).items() if not name.startswith("_")}


def parameters(method: object) -> list[tuple[str, object]]:
    """Names and defaults; `self` is called so in one and in the other."""
    found = inspect.signature(method).parameters.values()  # type: ignore[arg-type]
    return [(each.name, each.default) for each in found if each.name not in ("clock", "link")]


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    blocking, awaiting = public(ExchangeClient), public(AsyncExchangeClient)
    assert set(blocking) == set(awaiting)
    for name, method in blocking.items():
        if inspect.isfunction(method):
            assert parameters(method) == parameters(awaiting[name]), name


async def test_cross_border_request_is_approved_read_and_answered(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    async with (
        hub.async_client(tmp_path) as mia,
        hub.async_client(tmp_path, COORDINATOR) as coordinator,
        hub.async_client(tmp_path, UZ_FIU) as uzbek,
    ):
        sent = await mia.request_information(to=["uz.fiu"], brief="-", request=REQUEST)
        assert [each.id async for each in coordinator.pending()] == [sent.exchange_id]
        await coordinator.approve(sent.exchange_id)
        opened = await uzbek.open(sent.exchange_id)
        assert opened.statements[0].content == REQUEST
        await uzbek.reply(opened, result="NO_HIT")
        assert (await mia.open(sent.exchange_id)).legs[0].state is LegState.ANSWERED
        notices = [each async for each in mia.watch(from_start=True, max_seconds=2)]
        assert {each.exchange_id for each in notices} == {sent.exchange_id}


async def test_many_statements_at_once_keep_one_consistent_checkpoint(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    async with hub.async_client(tmp_path) as mia:
        results = await asyncio.gather(
            *(mia.refer(to=["kz.fma"], brief=f"{number}") for number in range(12))
        )
        assert all(isinstance(each, Sent) for each in results)
        assert len({each.exchange_id for each in results}) == 12
        assert (await mia.checkpoint()).size == len(hub.log)


async def test_hub_that_is_away_queues_and_a_rollback_is_caught(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    async with hub.async_client(tmp_path) as mia:
        await mia.sync()
        link = mia._driver.link
        assert isinstance(link, AsyncConnection)
        link.link.fails = [Reason.UNAVAILABLE.error("away")]
        queued = await mia.refer(to=["kz.fma"], brief="-")
        assert isinstance(queued, Queued)
        assert [type(each) for each in await mia.flush_outbox()] == [Sent]
        del hub.log[-1:]
        with pytest.raises(HubDishonest, match="CHECKPOINT_ROLLBACK"):
            await mia.sync()


async def test_watch_tells_that_the_hub_is_away_and_goes_on(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    told: list[str] = []
    async with hub.async_client(tmp_path) as mia:
        sent = await mia.refer(to=["kz.fma"], brief="-")
        link = mia._driver.link
        assert isinstance(link, AsyncConnection)
        link.link.fails = [Reason.UNAVAILABLE.error("away")]
        notices = mia.watch(
            from_start=True, max_seconds=60, on_away=lambda error, _: told.append(error.message)
        )
        assert (await anext(notices)).exchange_id == sent.exchange_id
    assert told == ["away"]


async def test_auditors_leaves_come_page_by_page(hub: InMemoryHub, tmp_path: Path) -> None:
    async with hub.async_client(tmp_path, KZ_FMA) as fma:
        head = await fma.checkpoint()
        leaves = [each.leaf_hash async for each in fma.leaves(0, head.size)]
        assert leaves == hub.leaf_hashes()


def test_blocking_client_reads_what_auditors_need(hub: InMemoryHub, tmp_path: Path) -> None:
    with hub.client(tmp_path, KZ_FMA) as fma:
        head = fma.checkpoint()
        assert [each.leaf_hash for each in fma.leaves(0, head.size)] == hub.leaf_hashes()
        assert fma.tile(0, 0).hashes == tuple(hub.leaf_hashes()[:256])
        assert fma.consistency_proof(3, head.size) == tuple(hub.consistency(3, head.size))
        assert len(fma.inclusion_proof(0, head.size)) >= 4
