"""The stream in which an outbox goes to the hub is cut: by the network, a kill, a stall, a refusal.

Whatever cuts it, each statement comes to one entry, in order, and its receipt is kept.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from agency_client import AsyncExchangeClient, ExchangeClient, Queued, Reason, Refused, Sent
from agency_client.core import calls, submission
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.storage import tables
from exchange_server.storage.engine import open_engine
from tests.faults.load import free_port, hub_that, wait_until
from tests.faults.network import Network
from tests.integration.client.test_batches import acknowledgements
from tests.support.asking import ask
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.offline import Offline

MEMBER = "kz.mia/system"
COUNT = 40


@pytest.fixture
def town(foundation: Foundation, tmp_path: Path) -> Iterator[tuple[Deployment, HubProcess]]:
    with foundation.serving(tmp_path / "hub") as town:
        yield town


def filled(deployment: Deployment, count: int = COUNT) -> list[str]:
    """Fill the outbox while the hub is away; gives the statements, in order."""
    with deployment.client(MEMBER) as client:
        client.sync()
        offline = ExchangeClient(client.profile, link=Offline())
        return [ask(offline).statement_id for _ in range(count)]


def entries_of(deployment: Deployment) -> int:
    """The number of entries in the log of a hub, read from its database."""
    engine = open_engine(deployment.files.database_url)
    try:
        with engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(tables.log_entries)) or 0)
    finally:
        engine.dispose()


@contextmanager
def at_request(number: int, happens: Callable[[], object]) -> Iterator[list[int]]:
    """Let something happen once, when so many statements of a stream were read from disk.

    Gives where each stream began.
    """
    began: list[int] = []
    honest, left = submission._stream_requests, [number]

    def requests(batch: Any, known: int, start: int) -> Iterator[pb.SubmitRequest]:
        began.append(start)
        for each in honest(batch, known, start):
            if left[0] == 0:
                happens()
            left[0] -= 1
            yield each

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submission, "_stream_requests", requests)
        yield began


def check_all_went(client: ExchangeClient, made: list[str], results: list[Any]) -> None:
    """Check that every statement became one entry, in order, and that each receipt is kept."""
    assert [each.statement_id for each in results] == made
    assert {type(each) for each in results} == {Sent}
    indexes = [each.index for each in results]
    assert indexes == sorted(set(indexes))
    assert client.outbox.pending() == []
    kept = {each.statement_id: each.index for each in client.outbox.all_receipts()}
    assert [kept[each] for each in made] == indexes
    assert client.get(results[-1].exchange_id).statements[0].index == indexes[-1]


def test_network_that_is_reset_in_the_middle_and_heals(town: tuple[Deployment, HubProcess]) -> None:
    """The statements on their way may be on the log; sent again, they get the first receipts."""
    deployment, hub = town
    made = filled(deployment)
    with Network(hub.port) as network:
        deployment.point_to(network.port)

        def cut() -> None:
            time.sleep(0.5)  # Some are answered by now.
            network.reset()
            network.heal()

        with deployment.client(MEMBER) as client, at_request(COUNT // 2, cut) as began:
            results = client.flush_outbox()
            assert len(began) > 1
            # The first new connection may come before the network has healed.
            while client.outbox.pending():
                time.sleep(0.1)
                sent = [each for each in results if isinstance(each, Sent)]
                results = [*sent, *client.flush_outbox()]
            check_all_went(client, made, results)


def test_network_that_stays_cut_leaves_the_rest_in_the_outbox(
    town: tuple[Deployment, HubProcess],
) -> None:
    deployment, hub = town
    made = filled(deployment)
    with Network(hub.port) as network:
        deployment.point_to(network.port)

        def cut() -> None:
            time.sleep(0.5)
            network.reset()

        with deployment.client(MEMBER) as client:
            with at_request(COUNT // 2, cut):
                results = client.flush_outbox()
            assert [each.statement_id for each in results] == made
            kinds = [type(each) for each in results]
            sent = kinds.count(Sent)
            assert kinds == [Sent] * sent + [Queued] * (COUNT - sent)
            assert 0 < sent < COUNT
            assert {each.reason.reason for each in results if isinstance(each, Queued)} == {
                Reason.UNAVAILABLE
            }
            assert [each.statement_id for each in client.outbox.pending()] == made[sent:]
        network.heal()
        with deployment.client(MEMBER) as again:
            check_all_went(again, made, [*results[:sent], *again.flush_outbox()])


@pytest.mark.parametrize("step", ["rows", "committed"])
def test_hub_that_is_killed_in_the_middle(
    foundation: Foundation, tmp_path: Path, step: str
) -> None:
    """After the commit, what was not answered is on the log: its first receipt comes later."""
    deployment = foundation.copy(tmp_path / "hub")
    port = {"EXCHANGE_LISTEN_PORT": str(free_port())}
    deployment.point_to(int(port["EXCHANGE_LISTEN_PORT"]))
    with HubProcess(deployment.files, port):
        made = filled(deployment)
    die = hub_that("os.kill(os.getpid(), signal.SIGKILL)", after=[step], batches=1)
    before = entries_of(deployment)

    def first_is_kept() -> None:
        # The first statement is a batch of its own; the hub dies in the next.
        wait_until(lambda: entries_of(deployment) > before)

    with (
        HubProcess(deployment.files, port, code=die) as dying,
        deployment.client(MEMBER) as client,
    ):
        with at_request(1, first_is_kept):
            first = client.flush_outbox()
        dying.wait(30)
        assert [each.statement_id for each in first] == made
        waits = [each.statement_id for each in first if isinstance(each, Queued)]
        assert waits == [each.statement_id for each in client.outbox.pending()]
        assert waits
    with HubProcess(deployment.files, port), deployment.client(MEMBER) as client:
        sent = [each for each in first if isinstance(each, Sent)]
        check_all_went(client, made, [*sent, *client.flush_outbox()])


def test_hub_that_stalls_ends_at_the_deadline(
    town: tuple[Deployment, HubProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment, hub = town
    made = filled(deployment)
    monkeypatch.setitem(calls.DEADLINES, "ExchangeService/SubmitStream", 2.0)

    def stall() -> None:
        time.sleep(0.5)
        os.kill(hub.pid, signal.SIGSTOP)

    with deployment.client(MEMBER) as client:
        with at_request(COUNT // 2, stall):
            began_at = time.monotonic()
            results = client.flush_outbox()
            assert time.monotonic() - began_at < 20
        os.kill(hub.pid, signal.SIGCONT)
        queued = [each for each in results if isinstance(each, Queued)]
        assert {each.reason.reason for each in queued} == {Reason.DEADLINE_EXCEEDED}
        sent = [each for each in results if isinstance(each, Sent)]
        assert len(sent) + len(queued) == COUNT

        def is_empty() -> bool:
            # The stalled connection may be found dead only now; what waits is sent again then.
            sent.extend(each for each in client.flush_outbox() if isinstance(each, Sent))
            return client.outbox.pending() == []

        wait_until(is_empty)
        check_all_went(client, made, sent)


def test_refusals_in_the_middle_are_each_its_own(town: tuple[Deployment, HubProcess]) -> None:
    deployment, _ = town
    with deployment.client(MEMBER) as mia:
        ids = [ask(mia).exchange_id for _ in range(6)]
    with deployment.client("kz.fma/system") as fma:
        for each in ids:
            fma.open(each)
        drafts = acknowledgements(fma, [*ids[:3], ids[1], *ids[3:]])
        results = fma.submit_statements(drafts)
        kinds = [Sent, Sent, Sent, Refused, Sent, Sent, Sent]
        assert [type(each) for each in results] == kinds
        assert results[3].reason.reason is Reason.OUT_OF_ORDER  # type: ignore[union-attr] # as the line above says
        assert [each.entry.kind for each in fma.outbox.refused()] == [Kind.ACKNOWLEDGE]
        assert fma.outbox.pending() == []


def test_a_member_that_may_not_submit_is_refused_one_by_one(
    town: tuple[Deployment, HubProcess],
) -> None:
    """The hub refuses the whole stream; each statement is told so by itself."""
    deployment, _ = town
    with deployment.client(MEMBER) as mia:
        ids = [ask(mia).exchange_id for _ in range(3)]
    with deployment.client("kz.fma/system") as fma:
        for each in ids:
            fma.open(each)
        drafts = acknowledgements(fma, ids)
    with deployment.client("caricc/auditor/auditor1") as auditor:
        results = auditor.submit_statements(drafts)
        assert [type(each) for each in results] == [Refused] * 3
        assert auditor.outbox.pending() == []


async def test_asyncio_stream_that_is_cancelled_loses_nothing(
    town: tuple[Deployment, HubProcess],
) -> None:
    deployment, hub = town
    made = await asyncio.to_thread(filled, deployment)
    with Network(hub.port) as network:
        deployment.point_to(network.port)
        swallowed = threading.Event()

        def swallow() -> None:
            network.swallow()
            swallowed.set()

        async with AsyncExchangeClient.from_profile(deployment.profile(MEMBER)) as client:
            with at_request(COUNT // 2, swallow):
                sending = asyncio.ensure_future(client.flush_outbox())
                assert await asyncio.to_thread(swallowed.wait, 20)
                await asyncio.sleep(0.2)
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
            assert [each.statement_id for each in client.outbox.pending()] == made
            network.heal()
            results = await client.flush_outbox()
    assert [each.statement_id for each in results] == made
    assert {type(each) for each in results} == {Sent}


def test_hub_that_does_not_know_streams_takes_them_one_by_one(
    town: tuple[Deployment, HubProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment, _ = town
    made = filled(deployment, 3)
    with deployment.client(MEMBER) as client:
        link: Any = client._driver.link
        link._calls["ExchangeService/SubmitStream"] = link._channel.stream_stream(
            "/exchange_protocol.v1.ExchangeService/SubmitAsNeverBefore",
            request_serializer=pb.SubmitRequest.SerializeToString,
            response_deserializer=pb.SubmitStreamResponse.FromString,
        )
        check_all_went(client, made, client.flush_outbox())
