"""Small parts come together, and so do proofs: over a long line they take the time of one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from agency_client import ExchangeClient, Profile, Reason, Sent, UnsealedExchange, _channel
from agency_client.core import Call, Fetch, Together, Unary
from agency_client.core.calls import MOST_TOGETHER
from exchange_protocol.errors import ExchangeError, HubInternal, HubUnavailable, SealBroken
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import KZ_FMA, KZ_GPO, START

REQUEST = {"items": ["TRANSACTIONS"], "facts": "Факты (вымышлено)"}
PARTS = 5
"""Of a request with two attachments: brief, content, the attachments, and their index."""
WAIT_SECONDS = 30
MISSING = 3
"""An entry whose proof the hub fails to give."""


def ask(hub: InMemoryHub, folder: Path, *sizes: int, to: str = "kz.fma") -> str:
    sent = hub.client(folder).request_information(
        to,
        brief="Вымышлено",
        request=REQUEST,
        attachments={f"{number}.pdf": b"x" * size for number, size in enumerate(sizes)},
    )
    assert isinstance(sent, Sent)
    return sent.exchange_id


@dataclass
class Watched(Connection):
    """A link that notes what it is asked for, and may refuse a part."""

    together: list[int] = field(default_factory=list)
    """Of each group, how many parts it has."""
    alone: list[str] = field(default_factory=list)
    """Parts that were asked for by themselves."""
    asked: list[tuple[str, int]] = field(default_factory=list)
    """Every part that was asked for, and from which byte on."""
    breaks: Callable[[Fetch, int], None] = lambda fetch, attempt: None
    """Raises what an attempt at a part meets."""

    is_together: bool = False

    def perform(self, call: Call) -> Any:
        if isinstance(call, Together):
            self.together.append(len(call.several))
            self.is_together = True
            try:
                return super().perform(call)
            finally:
                self.is_together = False
        if isinstance(call, Fetch):
            name = call.request.part_name
            if not self.is_together:
                self.alone.append(name)
            self.asked.append((name, call.request.offset))
            self.breaks(call, sum(one == name for one, _ in self.asked))
        return super().perform(call)


def watched(hub: InMemoryHub, folder: Path, who: Member = KZ_FMA) -> tuple[Watched, ExchangeClient]:
    link = Watched(hub, who)
    return link, ExchangeClient(hub.profile(folder, who), link=link, clock=hub.now)


def names(opened: UnsealedExchange) -> set[str]:
    return {name for each in opened.statements for name in each.parts}


def test_small_parts_come_together(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, 10, 20)
    link, client = watched(hub, tmp_path)
    opened = client.open(exchange)
    assert (link.together, link.alone) == ([PARTS], [])
    assert len(names(opened)) == PARTS
    assert opened.statements[0].attachments["1.pdf"] == b"x" * 20


def test_no_more_than_eight_at_a_time(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, *range(1, 15))
    link, client = watched(hub, tmp_path)
    opened = client.open(exchange)
    assert (link.together, link.alone) == ([8, 8], ["attachments"])
    assert len(names(opened)) == 17


def test_large_part_comes_by_itself(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, 10, 64 * 1024)
    link, client = watched(hub, tmp_path)
    opened = client.open(exchange)
    assert (link.together, link.alone) == ([PARTS - 1], ["attachment.2"])
    assert len(names(opened)) == PARTS


def test_evidence_takes_them_together_too(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, 10, 20)
    link, client = watched(hub, tmp_path)
    gathered = client.gather_evidence(exchange, with_content=True)
    assert (link.together, link.alone) == ([PARTS], [])
    [disclosed] = gathered.disclosed.values()
    assert len(disclosed) == PARTS


def test_broken_transfer_goes_on_where_it_stopped(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, 10, 20)
    link, client = watched(hub, tmp_path)

    def cut(fetch: Fetch, attempt: int) -> None:
        if fetch.request.part_name == "content" and attempt == 1:
            whole = bytearray()
            Connection.perform(link, Fetch(fetch.request, whole, fetch.limit))
            fetch.sink.extend(whole[:7])
            raise Reason.UNAVAILABLE.error("cut")

    link.breaks = cut
    assert len(names(client.open(exchange))) == PARTS
    assert link.alone == ["content"]
    assert [offset for name, offset in link.asked if name == "content"] == [0, 7]


def test_hub_that_is_away_is_not_asked_for_more(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, *range(1, 15))
    link, client = watched(hub, tmp_path)

    def away(fetch: Fetch, attempt: int) -> None:
        raise Reason.UNAVAILABLE.error("away")

    link.breaks = away
    with pytest.raises(HubUnavailable):
        client.open(exchange)
    assert (link.together, link.alone) == ([8], [])
    assert client._driver._core.ports.reach.why_not() is not None, "the next statement waits"


def test_refused_part_is_asked_for_once(hub: InMemoryHub, tmp_path: Path) -> None:
    """A hub logs each refusal; that content is gone without a notice convicts it."""
    exchange = ask(hub, tmp_path, 10, 20)
    link, client = watched(hub, tmp_path)

    def erased(fetch: Fetch, attempt: int) -> None:
        raise Reason.CONTENT_ERASED.error("the hub's word")

    link.breaks = erased
    with pytest.raises(ExchangeError) as failed:
        client.open(exchange)
    assert failed.value.reason is Reason.RULE_BROKEN
    assert len(link.asked) == len(set(link.asked)) == PARTS


def test_who_is_shown_no_notice_asks_for_one_part_first(hub: InMemoryHub, tmp_path: Path) -> None:
    """A supervisor takes the hub's word, and asks for nothing more of what is gone."""
    exchange = ask(hub, tmp_path, 10, 20, to="uz.fiu")
    link, client = watched(hub, tmp_path, KZ_GPO)
    client.open(exchange)
    assert (link.together, link.alone) == ([], ["brief"])


def test_certificate_that_was_renewed_is_shown_again(hub: InMemoryHub, tmp_path: Path) -> None:
    """The channel renews it for a call by itself."""
    exchange = ask(hub, tmp_path, 10, 20)
    link, client = watched(hub, tmp_path)

    def old(fetch: Fetch, attempt: int) -> None:
        if attempt == 1:
            raise Reason.CERTIFICATE_REVOKED.error("renewed a moment ago")

    link.breaks = old
    assert len(names(client.open(exchange))) == PARTS
    assert len(link.alone) == PARTS


def test_other_bytes_than_the_authors_are_told(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, 10, 20)
    link, client = watched(hub, tmp_path)

    def swapped(fetch: Fetch, attempt: int) -> None:
        fetch.sink.extend(b"other")

    link.breaks = swapped
    with pytest.raises(SealBroken) as failed:
        client.open(exchange)
    assert failed.value.reason is Reason.SEAL_BROKEN


def test_proofs_come_together(hub: InMemoryHub, tmp_path: Path) -> None:
    ask(hub, tmp_path)
    link, client = watched(hub, tmp_path)
    client.sync()
    size, log = client.checkpoint().checkpoint.size, client._core.log
    link.together.clear()
    proofs = client._driver.run(log.inclusion_proofs(range(10), size))
    assert link.together == [8, 2]
    assert proofs == [client.inclusion_proof(index, size) for index in range(10)]
    with pytest.raises(ExchangeError) as refused:
        client._driver.run(log.inclusion_proofs([0, size + 1], size))
    assert refused.value.reason is Reason.PROOF_RANGE_INVALID


class Gathered(grpc.GenericRpcHandler):
    """A hub that answers nothing before so much is asked for."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        def give(request: pb.FetchPartRequest, context: grpc.ServicerContext) -> Iterator[Any]:
            self._barrier.wait(WAIT_SECONDS)
            if request.part_name == "missing":
                context.abort(grpc.StatusCode.UNAVAILABLE, "fictional")
            yield pb.FetchPartResponse(chunk=request.part_name.encode())
            yield pb.FetchPartResponse(chunk=b"x" * 32_000)

        def prove(request: audit_pb.GetInclusionProofRequest, context: Any) -> Any:
            self._barrier.wait(WAIT_SECONDS)
            if request.index == MISSING:
                context.abort(grpc.StatusCode.INTERNAL, "fictional")
            return audit_pb.GetInclusionProofResponse(inclusion_proof=[bytes([request.index])])

        if details.method.endswith("/FetchPart"):
            return grpc.unary_stream_rpc_method_handler(
                give, pb.FetchPartRequest.FromString, pb.FetchPartResponse.SerializeToString
            )
        return grpc.unary_unary_rpc_method_handler(
            prove,
            audit_pb.GetInclusionProofRequest.FromString,
            audit_pb.GetInclusionProofResponse.SerializeToString,
        )


@pytest.fixture
def hub_that_gathers(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Profile]:
    """The profile of a client of such a hub."""
    monkeypatch.setattr(_channel, "channel_credentials", lambda _: grpc.local_channel_credentials())
    server = grpc.server(ThreadPoolExecutor(MOST_TOGETHER), handlers=[Gathered(MOST_TOGETHER)])
    port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    server.start()
    yield replace(hub.profile(tmp_path), target=f"127.0.0.1:{port}")
    server.stop(None)


def perform(profile: Profile, call: Call) -> Any:
    with closing(_channel.Channel(profile, lambda: START)) as channel:
        return channel.perform(call)


def perform_in_a_loop(profile: Profile, call: Call) -> Any:
    async def run() -> Any:
        channel = _channel.AsyncChannel(profile, lambda: START)
        try:
            return await channel.perform(call)
        finally:
            await channel.close()

    return asyncio.run(run())


WAYS = pytest.mark.parametrize("way", [perform, perform_in_a_loop])


@WAYS
def test_all_parts_are_begun_before_one_is_read(
    hub_that_gathers: Profile, way: Callable[[Profile, Call], Any]
) -> None:
    several = tuple(
        Fetch(pb.FetchPartRequest(part_name=name), bytearray(), 40_000)
        for name in ("a", "missing", "b", "c", "d", "e", "f", "g")
    )
    for fetch, error in zip(several, way(hub_that_gathers, Together(several)), strict=True):
        if fetch.request.part_name == "missing":
            assert isinstance(error, HubUnavailable)
        else:
            assert error is None
            assert fetch.sink == fetch.request.part_name.encode() + b"x" * 32_000


@WAYS
def test_all_proofs_are_begun_before_one_is_read(
    hub_that_gathers: Profile, way: Callable[[Profile, Call], Any]
) -> None:
    method = "AuditService/GetInclusionProof"
    asked = [audit_pb.GetInclusionProofRequest(index=index) for index in range(MOST_TOGETHER)]
    answers = way(hub_that_gathers, Together(tuple(Unary(method, each) for each in asked)))
    error = answers.pop(MISSING)
    assert isinstance(error, HubInternal)
    assert [each.inclusion_proof[0][0] for each in answers] == [0, 1, 2, 4, 5, 6, 7]
