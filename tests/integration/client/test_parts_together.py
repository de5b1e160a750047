"""Small parts of an exchange come together: over a long line they take the time of one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from agency_client import ExchangeClient, Profile, Reason, Sent, UnsealedExchange, _channel
from agency_client.core import Call, Fetch, Fetches
from exchange_protocol.errors import ExchangeError, HubUnavailable, SealBroken
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import KZ_FMA, KZ_GPO, START

REQUEST = {"items": ["TRANSACTIONS"], "facts": "Факты (вымышлено)"}
PARTS = 5
"""Of a request with two attachments: brief, content, the attachments, and their index."""
WAIT_SECONDS = 30


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

    def perform(self, call: Call) -> Any:
        if isinstance(call, Fetches):
            self.together.append(len(call.several))
            return [self._outcome(each) for each in call.several]
        if isinstance(call, Fetch):
            self.alone.append(call.request.part_name)
            return self._part(call)
        return super().perform(call)

    def _outcome(self, fetch: Fetch) -> ExchangeError | None:
        try:
            self._part(fetch)
        except ExchangeError as error:
            return error
        return None

    def _part(self, fetch: Fetch) -> None:
        name = fetch.request.part_name
        self.asked.append((name, fetch.request.offset))
        self.breaks(fetch, sum(one == name for one, _ in self.asked))
        super().perform(fetch)


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


class Together(grpc.GenericRpcHandler):
    """A hub that gives no part before so many are asked for."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        def give(request: pb.FetchPartRequest, context: grpc.ServicerContext) -> Iterator[Any]:
            self._barrier.wait(WAIT_SECONDS)
            if request.part_name == "missing":
                context.abort(grpc.StatusCode.UNAVAILABLE, "fictional")
            yield pb.FetchPartResponse(chunk=request.part_name.encode())
            yield pb.FetchPartResponse(chunk=b"x" * 32_000)

        return grpc.unary_stream_rpc_method_handler(
            give, pb.FetchPartRequest.FromString, pb.FetchPartResponse.SerializeToString
        )


@contextmanager
def serving_together(
    parties: int, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Profile]:
    monkeypatch.setattr(_channel, "channel_credentials", lambda _: grpc.local_channel_credentials())
    server = grpc.server(ThreadPoolExecutor(parties), handlers=[Together(parties)])
    port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    server.start()
    try:
        yield replace(profile, target=f"127.0.0.1:{port}")
    finally:
        server.stop(None)


def group() -> tuple[Fetch, ...]:
    return tuple(
        Fetch(pb.FetchPartRequest(part_name=name), bytearray(), 40_000)
        for name in ("a", "missing", "b", "c", "d", "e", "f", "g")
    )


def check(several: tuple[Fetch, ...], errors: list[ExchangeError | None]) -> None:
    for fetch, error in zip(several, errors, strict=True):
        if fetch.request.part_name == "missing":
            assert isinstance(error, HubUnavailable)
        else:
            assert error is None
            assert fetch.sink == fetch.request.part_name.encode() + b"x" * 32_000


def test_channel_begins_all_before_it_reads_one(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = group()
    with (
        serving_together(len(several), hub.profile(tmp_path), monkeypatch) as profile,
        closing(_channel.Channel(profile, lambda: START)) as channel,
    ):
        check(several, channel.perform(Fetches(several)))


def test_asynchronous_channel_begins_all_before_it_reads_one(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = group()

    async def fetch(profile: Profile) -> list[ExchangeError | None]:
        channel = _channel.AsyncChannel(profile, lambda: START)
        try:
            errors: list[ExchangeError | None] = await channel.perform(Fetches(several))
            return errors
        finally:
            await channel.close()

    with serving_together(len(several), hub.profile(tmp_path), monkeypatch) as profile:
        check(several, asyncio.run(fetch(profile)))
