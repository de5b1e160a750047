"""Watches lose nothing, repeat nothing, beat while silent, and end in good order."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_certs.records import RevocationReason
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import exchange_service_pb2_grpc as pb_grpc
from exchange_server.bootstrap import utc_now
from exchange_server.ledger import FeedPosition
from tests.integration.rpc.callers import Region, reason_of, refused_call
from tests.support.hub_process import HubProcess, channel_credentials, prepare_hub
from tests.support.statements import KZ_FMA, KZ_GPO, KZ_MIA, UZ_FIU, Hub, fictional_cast

pytestmark = pytest.mark.long


@contextmanager
def watching(region: Region, who: Member, **request: Any) -> Iterator[Any]:
    stream: Any = region.stubs(who).exchange.Watch(pb.WatchRequest(**request), timeout=30)
    try:
        yield stream
    finally:
        stream.cancel()


def next_notice(stream: Any) -> pb.WatchResponse:
    """The next message that is no heartbeat."""
    response: pb.WatchResponse = next(each for each in stream if each.HasField("notice"))
    return response


def ask(region: Region, to: str = "kz.fma") -> Statement:
    asked = region.memory.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=[to])
    region.catch_up()
    return asked


def test_watch_begins_with_a_token_and_tells_what_comes(region: Region) -> None:
    with watching(region, KZ_FMA) as stream:
        first = next(stream)
        assert first.resume_token
        assert not first.HasField("notice")
        asked = ask(region)
        notice = next_notice(stream).notice
    assert notice.exchange_id == asked.exchange_id
    assert (notice.kind, notice.actor_agency) == ("information_request", "kz.mia")


def test_resumed_watch_loses_nothing_and_repeats_nothing(region: Region) -> None:
    with watching(region, KZ_FMA) as stream:
        token = next(stream).resume_token
    asked = [ask(region).exchange_id for _ in range(5)]
    got: list[str] = []
    while len(got) < len(asked):
        # Broken off after every notice, and resumed with the token that came with it.
        with watching(region, KZ_FMA, resume_token=token) as stream:
            response = next_notice(stream)
        token = response.resume_token
        got.append(response.notice.exchange_id)
    assert got == asked


def test_watch_from_the_start_tells_all_that_was_ever_visible(region: Region) -> None:
    first, last = ask(region), ask(region)
    exchanges: list[str] = []
    indexes: list[int] = []
    with watching(region, KZ_FMA, from_start=True) as stream:
        while last.exchange_id not in exchanges:
            notice = next_notice(stream).notice
            exchanges.append(notice.exchange_id)
            indexes.append(notice.index)
    assert first.exchange_id in exchanges
    assert indexes == sorted(set(indexes))


def test_held_request_is_told_to_nobody_but_those_who_see_it(region: Region) -> None:
    with watching(region, UZ_FIU) as stream:
        next(stream)
        ask(region, to="uz.fiu")
        # Two heartbeats later nothing was told.
        assert not next(stream).HasField("notice")
        assert not next(stream).HasField("notice")


def test_silent_watch_beats(region: Region) -> None:
    with watching(region, KZ_GPO) as stream:
        tokens = [next(stream).resume_token for _ in range(3)]
        assert all(FeedPosition.parse(token) for token in tokens)


def test_watches_of_an_agency_are_bounded_and_freed(region: Region) -> None:
    who = KZ_GPO
    with watching(region, who) as one, watching(region, who) as two:
        next(one), next(two)
        with watching(region, who) as third, refused_call(Reason.TOO_MANY):
            next(third)
    # The hub learns a moment later that a caller went away.
    deadline = time.monotonic() + 5
    while not has_room(region, who):
        assert time.monotonic() < deadline


def has_room(region: Region, who: Member) -> bool:
    with watching(region, who) as stream:
        try:
            next(stream)
        except grpc.RpcError as error:
            return reason_of(error) != Reason.TOO_MANY.name
    return True


@pytest.mark.parametrize(
    ("request_fields", "reason"),
    [
        ({"resume_token": "forged"}, Reason.RESUME_TOKEN_INVALID),
        ({"resume_token": "01-1"}, Reason.RESUME_TOKEN_INVALID),
        ({"resume_token": "1-1", "from_start": True}, Reason.INVALID_FIELD),
    ],
)
def test_bad_start_of_a_watch_is_refused(
    region: Region, request_fields: dict[str, Any], reason: Reason
) -> None:
    with watching(region, KZ_FMA, **request_fields) as stream, refused_call(reason):
        next(stream)


@given(st.integers(0, 2**63 - 1), st.integers(-1, 2**63 - 2))
def test_token_names_its_place(position: int, entry_index: int) -> None:
    place = FeedPosition(position, entry_index)
    assert FeedPosition.parse(place.token) == place


@given(st.one_of(st.text(max_size=50), st.from_regex(r"[0-9]{0,25}-?[0-9]{0,25}", fullmatch=True)))
def test_anything_else_is_no_token(text: str) -> None:
    spelled = None
    with contextlib.suppress(ExchangeError):
        spelled = FeedPosition.parse(text).token
    if spelled is None:
        with pytest.raises(ExchangeError, match="RESUME_TOKEN_INVALID"):
            FeedPosition.parse(text)
    else:
        assert spelled == text


@pytest.fixture
def short_lived(tmp_path: Path) -> Iterator[Region]:
    """A hub whose watches live for a second."""
    cast = fictional_cast()
    limits = {"watch_life_seconds": 1.0, "heartbeat_seconds": 0.2}
    files = prepare_hub(tmp_path, authority=cast.authority, limits=limits)
    memory = Hub(cast, now=utc_now() - timedelta(minutes=10))
    with HubProcess(files) as process, Region(process, memory) as region:
        region.catch_up()
        yield region


def test_watch_ends_in_good_order_after_its_life(short_lived: Region) -> None:
    started = time.monotonic()
    with watching(short_lived, KZ_FMA) as stream:
        responses = list(stream)
        assert stream.code() is grpc.StatusCode.OK
    assert 0.9 < time.monotonic() - started < 10
    assert len(responses) >= 3


def test_revoked_callers_watch_ends(region: Region) -> None:
    authority = region.memory.cast.authority
    issued = authority.issue_member(KZ_FMA, Usage.TLS_CLIENT, now=utc_now())
    credentials = channel_credentials(region.process.files.root_pem, issued)
    with grpc.secure_channel(region.process.target, credentials) as channel:
        stream: Any = pb_grpc.ExchangeServiceStub(channel).Watch(pb.WatchRequest(), timeout=30)
        next(stream)
        authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
        with refused_call(Reason.CERTIFICATE_REVOKED):
            list(stream)
