"""Many statements: under one signature, in few calls, and quickly where the hub is away."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agency_client import (
    AsyncExchangeClient,
    ExchangeClient,
    HubDishonest,
    InvalidInput,
    NotAuthenticated,
    NotPermitted,
    Queued,
    Reason,
    Refused,
    RequestInformationArguments,
    Sent,
)
from agency_client import _driver as driver_module
from agency_client.core import reach
from exchange_protocol.errors import ExchangeError
from exchange_protocol.rules.wire import parse_statement
from tests.support.in_memory_hub import AsyncConnection, InMemoryHub
from tests.support.offline import Offline
from tests.support.statements import KZ_FMA

REQUEST = {"items": ["STR"]}


def fields(number: int = 0, **more: Any) -> RequestInformationArguments:
    return {"to": "kz.fma", "brief": f"Дело {number}", "request": REQUEST, **more}  # type: ignore[typeddict-item] # wrong ones too


@pytest.fixture
def mia(hub: InMemoryHub, tmp_path: Path) -> Iterator[ExchangeClient]:
    with hub.client(tmp_path) as client:
        client.sync()
        hub.calls.clear()
        yield client


# --- Batches ------------------------------------------------------------------------------------


def test_many_requests_have_one_signature_and_few_calls(
    hub: InMemoryHub, mia: ExchangeClient, tmp_path: Path
) -> None:
    results = mia.request_information_batch(fields(number) for number in range(20))
    assert [type(each) for each in results] == [Sent] * 20
    calls = Counter(hub.calls)
    del calls["GetConsistencyProof"]  # This hub signs a checkpoint for each.
    assert calls == {"ListDirectoryEntries": 1, "PlanRoute": 1, "SubmitStream": 1}
    fma = hub.client(tmp_path, KZ_FMA)
    opened = [fma.open(each.exchange_id) for each in results]
    signed = [each.statements[0].verified.signed for each in opened]
    assert len({each.signature for each in signed}) == 1
    assert {each.batch.size for each in signed if each.batch} == {20}
    briefs = [each.statements[0].brief for each in opened]
    assert [each.summary for each in briefs if each] == [f"Дело {n}" for n in range(20)]
    assert mia.outbox.pending() == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_requests_go_as_well(hub: InMemoryHub, mia: ExchangeClient, count: int) -> None:
    results = mia.request_information_batch([fields()] * count)
    assert [type(each) for each in results] == [Sent] * count


def test_more_than_one_signature_holds_are_made_in_groups(
    hub: InMemoryHub, mia: ExchangeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "MAX_BATCH", 3)
    results = mia.request_information_batch([fields()] * 7)
    signatures = [mia.get(each.exchange_id).statements[0].signed.signature for each in results]
    assert sorted(Counter(signatures).values()) == [1, 3, 3]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"due": "soon"}, "requests[1].due"),
        ({"brief": {"summary": "x", "colour": 1}}, "requests[1].colour"),
        ({"subjects": [{"id": 5}]}, "requests[1].subjects"),
        ({"to": "kz.mia"}, "requests[1].recipients"),
    ],
)
def test_an_error_in_one_leaves_nothing_of_the_group(
    hub: InMemoryHub, mia: ExchangeClient, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        mia.request_information_batch([fields(), fields(1, **wrong), fields()])
    assert caught.value.field == field
    assert mia.outbox.pending() == []
    assert not list((mia.profile.state / "outbox").glob(".building-*"))
    assert not [call for call in hub.calls if call.startswith("Submit")]


def test_misspelt_argument_of_one_names_it(mia: ExchangeClient) -> None:
    several: Any = [fields(), fields(1, handlng="H1")]
    with pytest.raises(TypeError, match=r"^requests\[1\]: .*'handlng'"):
        mia.request_information_batch(several)
    assert mia.outbox.pending() == []


def test_what_the_policy_forbids_leaves_nothing_of_the_group(
    hub: InMemoryHub, mia: ExchangeClient
) -> None:
    with pytest.raises(NotPermitted) as caught:
        mia.request_information_batch([fields(), fields(1, to="eu.obs")])
    assert caught.value.field == "requests[1]"
    assert mia.outbox.pending() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"handlng": "H3"}, "unexpected keyword argument 'handlng'"),
        ({"request": None}, "missing a required argument: 'request'"),
        ({"to": None}, "missing a required argument: 'to'"),
    ],
)
def test_a_name_that_the_method_lacks_is_a_type_error(
    mia: ExchangeClient, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        mia.request_information_batch([fields(), fields(1, **arguments)])
    assert mia.outbox.pending() == []


def test_each_of_a_batch_is_refused_by_itself(hub: InMemoryHub, mia: ExchangeClient) -> None:
    honest = hub.submit
    seen: list[str] = []

    def refuse_third(caller: Any, request: Any) -> Any:
        seen.append(parse_statement(request.statement.payload).id)
        if len(seen) == 3:
            raise Reason.POLICY_DENIED.error("not this one")
        return honest(caller, request)

    hub.submit = refuse_third  # type: ignore[method-assign]
    results = mia.request_information_batch([fields()] * 10)
    kinds = [Refused if number == 2 else Sent for number in range(10)]
    assert [type(each) for each in results] == kinds
    assert [each.entry.statement_id for each in mia.outbox.refused()] == [results[2].statement_id]


async def test_asyncio_has_batches_too(hub: InMemoryHub, tmp_path: Path) -> None:
    async with hub.async_client(tmp_path) as mia:
        results = await mia.request_information_batch([fields()] * 10)
        assert [type(each) for each in results] == [Sent] * 10
    assert hub.calls.count("SubmitStream") == 1


# --- Many calls at once -------------------------------------------------------------------------


async def test_calls_that_are_gathered_share_their_questions_and_go_together(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    async with hub.async_client(tmp_path) as mia:
        await mia.sync()
        hub.calls.clear()
        results = await asyncio.gather(
            *(mia.request_information("kz.fma", brief="-", request=REQUEST) for _ in range(50))
        )
        assert {type(each) for each in results} == {Sent}
        assert len({each.exchange_id for each in results}) == 50
        calls = Counter(hub.calls)
        assert calls["ListDirectoryEntries"] == calls["PlanRoute"] == 1
        assert calls["SubmitStream"] + calls["Submit"] <= 3
        assert mia.outbox.pending() == []
        made = {each.statement_id for each in results}
        said = [each.statement for each in hub.log if each.statement]
        signed = [each for each in said if parse_statement(each.payload).id in made]
        assert len(signed) == 50
        assert len({each.signature for each in signed}) <= 3


async def test_a_key_that_cannot_sign_tells_everyone(hub: InMemoryHub, tmp_path: Path) -> None:
    async with hub.async_client(tmp_path) as mia:
        await mia.sync()
        vault = mia._core.ports.vault
        vault._held = replace(vault._held, signing=None)
        outcomes = await asyncio.gather(
            *(mia.refer("kz.fma", brief="-") for _ in range(5)), return_exceptions=True
        )
        assert {type(each) for each in outcomes} == {NotAuthenticated}
        assert mia.outbox.pending() == []


async def test_each_of_those_that_went_together_gets_its_own_outcome(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    honest = hub.submit

    def refuses(caller: Any, request: Any) -> Any:
        statement = parse_statement(request.statement.payload)
        if statement.header.legal_basis == "BAD":
            raise Reason.POLICY_DENIED.error("not this one")
        return honest(caller, request)

    hub.submit = refuses  # type: ignore[method-assign]
    async with hub.async_client(tmp_path) as mia:
        outcomes = await asyncio.gather(
            *(
                mia.refer("kz.fma", brief="-", legal_basis="BAD" if number % 5 == 0 else "GOOD")
                for number in range(20)
            ),
            return_exceptions=True,
        )
        for number, outcome in enumerate(outcomes):
            assert isinstance(outcome, NotPermitted if number % 5 == 0 else Sent), number
        assert len(mia.outbox.refused()) == 4


async def test_a_lie_is_told_to_everyone_whom_it_concerns(hub: InMemoryHub, tmp_path: Path) -> None:
    async with hub.async_client(tmp_path) as mia:
        await mia.sync()
        honest = hub.submit_stream

        def lies(caller: Any, requests: Any) -> Any:
            answers = list(honest(caller, requests))
            yield from (*answers, answers[-1])

        hub.submit_stream = lies  # type: ignore[method-assign]
        outcomes = await asyncio.gather(
            *(mia.refer("kz.fma", brief="-") for _ in range(10)), return_exceptions=True
        )
        assert {type(each) for each in outcomes} == {HubDishonest}
        assert len(mia.outbox.pending()) == 10
        hub.submit_stream = honest  # type: ignore[method-assign]
        assert {type(each) for each in await mia.flush_outbox()} == {Sent}


async def test_a_caller_that_gives_up_does_not_end_the_others(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    async with hub.async_client(tmp_path) as mia:
        link = mia._driver.link
        assert isinstance(link, AsyncConnection)
        honest, goes_on = link.perform, asyncio.Event()

        async def waits(call: Any) -> Any:
            await goes_on.wait()
            return await honest(call)

        link.perform = waits  # type: ignore[method-assign]
        calls = [asyncio.ensure_future(mia.refer("kz.fma", brief="-")) for _ in range(3)]
        await asyncio.sleep(0)
        calls[0].cancel()
        goes_on.set()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in outcomes] == [asyncio.CancelledError, Sent, Sent]


async def test_a_client_that_is_closed_meanwhile_keeps_what_was_not_sent(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    mia: AsyncExchangeClient = hub.async_client(tmp_path)
    await mia.sync()
    link = mia._driver.link
    assert isinstance(link, AsyncConnection)
    honest, hanging = link.perform, asyncio.Event()

    async def hangs(call: Any) -> Any:
        if call.method.startswith("ExchangeService/Submit"):
            hanging.set()
            await asyncio.Event().wait()
        return await honest(call)

    link.perform = hangs  # type: ignore[method-assign]
    waiting = asyncio.ensure_future(mia.refer("kz.fma", brief="-"))
    await hanging.wait()
    await mia.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with hub.client(tmp_path) as again:
        assert [type(each) for each in again.flush_outbox()] == [Sent]


async def test_a_client_that_is_closed_leaves_nobody_waiting(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """Nor those whose statements became ready while others were being sent."""
    mia: AsyncExchangeClient = hub.async_client(tmp_path)
    await mia.sync()
    link = mia._driver.link
    assert isinstance(link, AsyncConnection)
    honest, hanging = link.perform, asyncio.Event()

    async def hangs(call: Any) -> Any:
        if call.method.startswith("ExchangeService/Submit"):
            hanging.set()
            await asyncio.Event().wait()
        return await honest(call)

    link.perform = hangs  # type: ignore[method-assign]
    calls = [asyncio.ensure_future(mia.refer("kz.fma", brief="-"))]
    await hanging.wait()
    calls += [asyncio.ensure_future(mia.refer("kz.fma", brief="-")) for _ in range(3)]
    async with asyncio.timeout(20):
        while len(mia._driver._ready) < 3:  # noqa: ASYNC110 -- none tells
            await asyncio.sleep(0.01)
        await mia.close()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(each) for each in outcomes} == {asyncio.CancelledError}
    with hub.client(tmp_path) as again:
        assert [type(each) for each in again.flush_outbox()] == [Sent] * len(calls)


# --- A hub that is away -------------------------------------------------------------------------


class SlowlyAway(Offline):
    """A hub that cannot be reached, which takes a while to find out."""

    def __init__(self) -> None:
        self.asked = 0

    def perform(self, call: object) -> Any:
        self.asked += 1
        time.sleep(0.2)
        return super().perform(call)


def test_many_sends_while_the_hub_is_away_take_a_moment(
    hub: InMemoryHub, mia: ExchangeClient
) -> None:
    away = SlowlyAway()
    offline = ExchangeClient(mia.profile, link=away, clock=hub.now)
    begun = time.monotonic()
    results = [offline.request_information("kz.fma", brief="-", request=REQUEST) for _ in range(40)]
    took = time.monotonic() - begun
    assert {type(each) for each in results} == {Queued}
    assert {each.reason.reason for each in results if isinstance(each, Queued)} == {
        Reason.UNAVAILABLE
    }
    # Asked once, and once more for each time that the memory ended meanwhile.
    assert away.asked <= 1 + took / reach.AWAY_SECONDS
    assert [type(each) for each in mia.flush_outbox()] == [Sent] * 40


def test_a_hub_is_asked_again_after_some_seconds_and_when_it_answered(
    hub: InMemoryHub, mia: ExchangeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(mia._core.ports.reach, "_monotonic", lambda: now[0])

    def send() -> type:
        return type(mia.request_information("kz.fma", brief="-", request=REQUEST))

    link: Any = mia._driver.link
    link.fails = [Reason.UNAVAILABLE.error("away")]
    assert send() is Queued
    assert send() is Queued
    assert not hub.calls, "it was not asked again"
    now[0] += reach.AWAY_SECONDS
    assert send() is Sent
    link.fails = [Reason.DEADLINE_EXCEEDED.error("late")]
    assert send() is Queued
    mia.sync()
    assert send() is Sent, "it answered another call meanwhile"


def test_calls_that_need_the_hub_always_ask_it(hub: InMemoryHub, mia: ExchangeClient) -> None:
    link: Any = mia._driver.link
    link.fails = [Reason.UNAVAILABLE.error("away")]
    assert isinstance(mia.refer("kz.fma", brief="-"), Queued)
    assert [type(each) for each in mia.flush_outbox()] == [Sent]


def test_a_client_may_only_queue(hub: InMemoryHub, mia: ExchangeClient, tmp_path: Path) -> None:
    queueing = ExchangeClient(
        mia.profile, queue_only=True, link=hub.client(tmp_path)._driver.link, clock=hub.now
    )
    queued = queueing.refer("kz.fma", brief="-")
    assert isinstance(queued, Queued)
    assert "only queues" in queued.reason.message
    more = queueing.refer_batch([{"to": "kz.fma", "brief": "-"}] * 3)
    assert [type(each) for each in more] == [Queued] * 3
    assert hub.calls == []
    assert [type(each) for each in queueing.flush_outbox()] == [Sent] * 4


def test_a_client_that_only_queues_fetches_the_directory_once(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    profile = hub.profile(tmp_path, KZ_FMA)
    link = hub.client(tmp_path, KZ_FMA)._driver.link
    queueing = ExchangeClient(profile, queue_only=True, link=link, clock=hub.now)
    for _ in range(2):
        assert isinstance(queueing.refer("kz.mia", brief="-"), Queued)
    assert set(hub.calls) == {"ListDirectoryEntries"}


async def test_asyncio_calls_while_the_hub_is_away_ask_it_once(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    async with hub.async_client(tmp_path) as mia:
        await mia.sync()
        link = mia._driver.link
        assert isinstance(link, AsyncConnection)
        asked: list[str] = []

        async def away(call: Any) -> Any:
            asked.append(call.method)
            await asyncio.sleep(0)
            raise Reason.UNAVAILABLE.error("away")

        honest, link.perform = link.perform, away  # type: ignore[method-assign]
        results: list[Any] = await asyncio.gather(
            *(mia.refer("kz.fma", brief="-") for _ in range(30))
        )
        assert {type(each) for each in results} == {Queued}
        assert asked == ["DirectoryService/ListDirectoryEntries"]
        link.perform = honest  # type: ignore[method-assign]
        assert {type(each) for each in await mia.flush_outbox()} == {Sent}


def test_the_reason_of_a_refusal_names_no_request_alone(mia: ExchangeClient) -> None:
    with pytest.raises(ExchangeError) as caught:
        mia.request_information_batch(["kz.fma"])  # type: ignore[list-item] # what is refused
    assert caught.value.field == "requests[0]"
