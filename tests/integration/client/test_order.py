"""The outbox keeps the order of what was said, and comes back when the hub says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agency_client import ExchangeClient, InformationRequest, Item, Queued, Refused, Sent
from agency_client.core import sender
from exchange_protocol.errors import ExchangeError, LimitExceeded, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.wire import parse_statement
from exchange_server.fairness.rates import BURST_SECONDS
from tests.support.asking import ask
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.in_memory_hub import InMemoryHub
from tests.support.offline import Offline
from tests.support.statements import KZ_FMA

pytestmark = pytest.mark.long

REQUEST = InformationRequest(items=(Item.STR,))
FAILED = Reason.INTERNAL.error("failed inside")


@pytest.fixture
def mia(client: ExchangeClient) -> ExchangeClient:
    return client


@pytest.fixture
def fma(hub: InMemoryHub, tmp_path: Path) -> Iterator[ExchangeClient]:
    with hub.client(tmp_path, KZ_FMA) as client:
        client.sync()
        yield client


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client paused; it does not really."""
    seconds: list[float] = []
    here, sleep = threading.get_ident(), time.sleep

    def pause(length: float) -> None:
        # Threads that other tests left behind sleep for real, and are not counted.
        if threading.get_ident() == here:
            seconds.append(length)
        else:
            sleep(length)

    monkeypatch.setattr(time, "sleep", pause)
    return seconds


def failing(
    hub: InMemoryHub, error: ExchangeError, when: Callable[[Any], bool]
) -> Callable[[], None]:
    """Let the hub fail at some statements; gives what mends it."""
    honest = hub.submit

    def submit(caller: Any, request: Any) -> Any:
        if when(parse_statement(request.statement.payload)):
            raise error
        return honest(caller, request)

    def mend() -> None:
        hub.submit = honest  # type: ignore[method-assign]

    hub.submit = submit  # type: ignore[method-assign]
    return mend


def slow_down(seconds: float, reason: Reason = Reason.RATE_LIMITED) -> ExchangeError:
    error = reason.error("slower")
    assert isinstance(error, LimitExceeded)
    error.retry_after_seconds = seconds
    return error


def test_statements_made_in_one_millisecond_keep_their_order(
    hub: InMemoryHub, mia: ExchangeClient
) -> None:
    """Even while the clock goes back: ids tell the time, and no more."""
    mend = failing(hub, FAILED, lambda _: True)
    made = [ask(mia).statement_id for _ in range(12)]
    assert [each.statement_id for each in mia.outbox.pending()] == made
    mend()
    sent = mia.flush_outbox()
    assert [each.statement_id for each in sent] == made
    indexes = [each.index for each in sent if isinstance(each, Sent)]
    assert indexes == sorted(indexes)
    assert len(indexes) == len(made)


def test_what_waits_from_before_statements_were_counted_comes_first(
    hub: InMemoryHub, mia: ExchangeClient
) -> None:
    failing(hub, FAILED, lambda _: True)
    uncounted, counted = ask(mia).statement_id, ask(mia).statement_id
    (mia.outbox.load(counted).folder / "order").write_bytes(b"1")
    (mia.outbox.load(uncounted).folder / "order").unlink()
    assert [each.statement_id for each in mia.outbox.pending()] == [uncounted, counted]


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_what_follows_on_an_unsettled_statement_waits_with_it(
    hub: InMemoryHub,
    mia: ExchangeClient,
    fma: ExchangeClient,
    together: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The hub that was in two minds would refuse the reply: it knows of no acknowledgement."""
    if not together:
        monkeypatch.setattr(sender, "is_small", lambda _: False)
    asked, other = ask(mia), ask(mia)
    opened, spare = fma.open(asked.exchange_id), fma.open(other.exchange_id)
    mend = failing(hub, FAILED, lambda _: True)
    acknowledged = fma.acknowledge(opened)
    replied = fma.reply(opened, result="NO_HIT")
    refused = fma.refuse(spare, ground="NO_DRUG_NEXUS", explanation="Not about drugs")
    assert [type(each) for each in (acknowledged, replied, refused)] == [Queued] * 3
    mend()

    mend = failing(hub, FAILED, lambda statement: statement.kind is Kind.ACKNOWLEDGE)
    unsettled = failing(
        hub, Reason.OUT_OF_ORDER.error("too early"), lambda each: each.kind is Kind.REPLY
    )
    results = {each.statement_id: each for each in fma.flush_outbox()}
    assert isinstance(results[acknowledged.statement_id], Queued)
    assert isinstance(results[replied.statement_id], Queued)
    assert isinstance(results[refused.statement_id], Sent)
    assert fma.outbox.refused() == []
    unsettled()
    mend()
    sent = fma.flush_outbox()
    assert [each.statement_id for each in sent] == [
        acknowledged.statement_id,
        replied.statement_id,
    ]
    assert [type(each) for each in sent] == [Sent] * 2


def test_new_statement_is_sent_after_what_waits_on_its_exchange(
    hub: InMemoryHub, mia: ExchangeClient, fma: ExchangeClient
) -> None:
    opened = fma.open(ask(mia).exchange_id)
    mend = failing(hub, FAILED, lambda _: True)
    acknowledged = fma.acknowledge(opened)
    assert isinstance(acknowledged, Queued)
    assert isinstance(fma.reply(opened, result="NO_HIT"), Queued)
    mend()
    assert [type(each) for each in fma.flush_outbox()] == [Sent] * 2

    again = fma.open(ask(mia).exchange_id)
    mend = failing(hub, FAILED, lambda _: True)
    assert isinstance(fma.acknowledge(again), Queued)
    mend()
    assert isinstance(fma.reply(again, result="NO_HIT"), Sent)
    assert fma.outbox.pending() == []


def test_new_statement_that_the_hub_refuses_after_what_waited_raises(
    hub: InMemoryHub, mia: ExchangeClient, fma: ExchangeClient
) -> None:
    opened = fma.open(ask(mia).exchange_id)
    mend = failing(hub, FAILED, lambda _: True)
    fma.acknowledge(opened)
    mend()
    failing(hub, Reason.POLICY_DENIED.error("no"), lambda each: each.kind is Kind.REPLY)
    with pytest.raises(ExchangeError, match="POLICY_DENIED"):
        fma.reply(opened, result="NO_HIT")
    assert [each.reason for each in fma.outbox.refused()] == [Reason.POLICY_DENIED]


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_client_comes_back_when_the_hub_said(
    hub: InMemoryHub,
    mia: ExchangeClient,
    together: bool,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not together:
        monkeypatch.setattr(sender, "is_small", lambda _: False)
    mend = failing(hub, FAILED, lambda _: True)
    made = [ask(mia).statement_id for _ in range(4)]
    mend()
    turns = iter([False, True, True])
    failing(hub, slow_down(0.4), lambda _: next(turns, False))
    sent = mia.flush_outbox()
    assert [each.statement_id for each in sent] == made
    assert [type(each) for each in sent] == [Sent] * len(made)
    assert pauses
    assert set(pauses) == {0.4}


@pytest.mark.parametrize("seconds", [0.0, 3.0, 3600.0])
def test_patience_comes_to_an_end(
    hub: InMemoryHub, mia: ExchangeClient, seconds: float, pauses: list[float]
) -> None:
    failing(hub, slow_down(seconds, Reason.OVERLOADED), lambda _: True)
    queued = ask(mia)
    assert isinstance(queued, Queued)
    assert queued.reason.reason is Reason.OVERLOADED
    assert sum(pauses) <= sender.PATIENCE_SECONDS
    pauses.clear()
    assert [type(each) for each in mia.flush_outbox()] == [Queued]
    assert sum(pauses) <= sender.PATIENCE_SECONDS


def test_a_statement_too_large_for_this_hub_holds_up_no_other(
    tmp_path: Path, foundation: Foundation
) -> None:
    """The hub refuses its message with a reason, and with it the rest of the stream."""
    with (
        foundation.serving(tmp_path / "hub") as (deployment, _),
        deployment.client("kz.mia/system") as mia,
    ):
        mia.sync()
        offline = ExchangeClient(mia.profile, link=Offline())
        large = {0, 4, 5}
        made = [
            offline.request_information(
                to=["kz.fma"],
                brief="-",
                request=REQUEST,
                attachments={"table": bytes(60_000)} if number in large else {},
            ).statement_id
            for number in range(8)
        ]
    narrow = {"EXCHANGE_LIMITS_MESSAGE_BYTES": "30000"}
    with HubProcess(deployment.files, narrow) as hub:
        deployment.point_to(hub.port)
        with deployment.client("kz.mia/system") as mia:
            results = mia.flush_outbox()
            assert [each.statement_id for each in results] == made
            kinds = [Refused if number in large else Sent for number in range(8)]
            assert [type(each) for each in results] == kinds
            assert {each.reason for each in mia.outbox.refused()} == {Reason.TOO_LARGE}


async def test_asyncio_client_comes_back_when_the_hub_said(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    async with hub.async_client(tmp_path) as mia:
        await mia.sync()
        turns = iter([True])
        failing(hub, slow_down(0.01), lambda _: next(turns, False))
        sent = await mia.request_information(to=["kz.fma"], brief="-", request=REQUEST)
    assert isinstance(sent, Sent)


def test_client_waits_for_a_hub_that_says_it_is_too_fast(
    tmp_path: Path, foundation: Foundation
) -> None:
    """An outbox with more than its agency's burst goes through: the hub slows its stream down."""
    with (
        foundation.serving(tmp_path / "hub") as (deployment, _),
        deployment.client("kz.mia/system") as mia,
    ):
        mia.sync()
        offline = ExchangeClient(mia.profile, link=Offline())
        count = int(BURST_SECONDS) + 5
        for _ in range(count):
            ask(offline)
    with HubProcess(deployment.files, {"EXCHANGE_LIMITS_STATEMENTS_PER_SECOND": "1"}) as hub:
        deployment.point_to(hub.port)
        with deployment.client("kz.mia/system") as mia:
            began_at = time.monotonic()
            assert [type(each) for each in mia.flush_outbox()] == [Sent] * count
            assert time.monotonic() - began_at > count - BURST_SECONDS - 1
