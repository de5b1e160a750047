"""Attacks by streams of statements: they stand, are not read, are cut, or outlive what let them."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from agency_client import ExchangeClient, Sent
from agency_client.core.submission import _stream_requests
from exchange_certs.records import RevocationReason
from exchange_protocol.errors import Reason
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from exchange_server.rpc.calls import SUBMIT_STREAM
from exchange_server.rpc.submissions import UNANSWERED
from tests.faults.attacks.flood import Flood
from tests.faults.attacks.scene import ENROLLED, MIB, Scene, attacked
from tests.faults.raw_clients import RawClient, message, opening
from tests.integration.rpc.callers import reason_of
from tests.support.asking import ask
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import channel_credentials
from tests.support.offline import Offline

AUTHOR = "kg.mia/system"
"""Of the agency of the attacker, who may hand in what it has signed."""
STREAMS = 1000
OF_ONE_CONNECTION = 125
SECONDS = 30.0


def said(town: Deployment, count: int) -> list[bytes]:
    """Messages of a stream: requests for information that wait in the outbox of their author."""
    with town.client(AUTHOR) as client:
        client.sync()
        offline = ExchangeClient(client.profile, link=Offline())
        ids = [ask(offline).statement_id for _ in range(count)]
        stored = [client.outbox.load(each) for each in ids]
    return [each.SerializeToString() for each in _stream_requests(stored, 0, 0)]


def streamed(scene: Scene, messages: Iterable[bytes]) -> tuple[list[int | str], str | None]:
    """Send messages in one stream; gives the outcome of each, and the error that ended it."""
    files = scene.town.files
    credentials = channel_credentials(files.root_pem, files.issue(ENROLLED))
    found: list[int | str] = []
    with grpc.secure_channel(scene.hub.target, credentials) as channel:
        call: Any = channel.stream_stream(SUBMIT_STREAM)
        try:
            found += map(outcome_of, call(iter(messages), timeout=SECONDS))
        except grpc.RpcError as error:
            return found, reason_of(error)
    return found, None


def outcome_of(data: bytes) -> int | str:
    answer = pb.SubmitStreamResponse.FromString(data)
    if answer.HasField("receipt"):
        return answer.receipt.entry.index
    info = error_details_pb2.ErrorInfo()
    status_pb2.Status.FromString(answer.refusal).details[0].Unpack(info)
    return info.reason


def check_one_entry_each(scene: Scene, count: int) -> list[int]:
    """Flush the author's outbox: each statement gets one entry, in order; gives their indexes."""
    with scene.town.client(AUTHOR) as client:
        results = client.flush_outbox()
        assert {type(each) for each in results} == {Sent}
        indexes = [each.index for each in results if isinstance(each, Sent)]
    assert len(indexes) == count
    assert indexes == sorted(set(indexes))
    return indexes


@pytest.mark.parametrize("claimed", [None, 100_000])
def test_a_thousand_streams_that_stand_shut_nobody_out(
    foundation: Foundation, tmp_path: Path, claimed: int | None
) -> None:
    """Each says one thing and no more, or stays in the middle of a message."""
    with attacked(foundation, tmp_path) as scene:
        [one] = said(scene.town, 1)
        tls, before = scene.tls(ENROLLED), scene.memory()
        with ExitStack() as stack:
            for _ in range(STREAMS // OF_ONE_CONNECTION):
                flood = stack.enter_context(Flood(scene.hub, tls))
                for _ in range(OF_ONE_CONNECTION):
                    call = flood.call(SUBMIT_STREAM, claimed)
                    if claimed is None:
                        flood.say(call, one)
            time.sleep(0.5)
            figures = scene.innocent.verify_served()
            grown = scene.memory() - before
        print(f"{grown // MIB} MiB more; {figures}")
        assert grown < 60 * MIB
        # All places are given back: the agency itself is served again.
        deadline = time.monotonic() + SECONDS
        while (served := streamed(scene, [one])) == ([], Reason.RATE_LIMITED.name):
            assert time.monotonic() < deadline
        [index], error = served
        assert error is None
        assert check_one_entry_each(scene, 1) == [index]


def test_streams_whose_answers_nobody_reads_are_read_no_further(
    foundation: Foundation, tmp_path: Path
) -> None:
    """As many statements are taken as may be unanswered, and no agency waits for the rest."""
    count = 3 * UNANSWERED
    with attacked(foundation, tmp_path) as scene:
        messages = said(scene.town, count)
        before, size = scene.memory(), entries(scene)
        with Flood(scene.hub, scene.tls(ENROLLED), reads=False) as flood:
            calls = {flood.call(SUBMIT_STREAM): iter(messages) for _ in range(16)}
            until = time.monotonic() + 5
            held: dict[int, bytes] = {call: next(rest) for call, rest in calls.items()}
            while time.monotonic() < until:
                for call, rest in calls.items():
                    while call in held and flood.say(call, held[call]):
                        following = next(rest, None)
                        held.pop(call) if following is None else held.update({call: following})
                time.sleep(0.02)
            figures = scene.innocent.verify_served()
            grown, taken = scene.memory() - before, entries(scene) - size
            print(f"{taken} of {count} taken, {grown // MIB} MiB more; {figures}")
            assert len(held) == 16
            assert grown < 60 * MIB
            assert taken < 2 * UNANSWERED + 60
        check_one_entry_each(scene, count)


def entries(scene: Scene) -> int:
    with scene.town.client("caricc/auditor/auditor1") as auditor:
        return auditor.checkpoint().size


@pytest.mark.parametrize("cut_after", range(6))
def test_stream_that_is_reset_after_each_message_leaves_one_entry_of_each(
    foundation: Foundation, tmp_path: Path, cut_after: int
) -> None:
    with attacked(foundation, tmp_path) as scene:
        messages = said(scene.town, 5)
        tls = scene.tls(ENROLLED)
        for pause in (0.0, 0.003, 0.03):
            with RawClient(scene.hub, tls) as client:
                client.send(opening(SUBMIT_STREAM))
                for each in messages[:cut_after]:
                    client.send(message(each, is_last=False))
                # And half of the next one.
                client.send(message(messages[0], is_last=False)[:500])
                time.sleep(pause)
                client.vanish()
        check_one_entry_each(scene, len(messages))


def test_stream_meets_its_deadline_and_goes_on_in_another(
    foundation: Foundation, tmp_path: Path
) -> None:
    with attacked(foundation, tmp_path, {"transfer_deadline_seconds": 2}) as scene:
        messages = said(scene.town, 4)

        def slowly() -> Iterator[bytes]:
            yield from messages[:2]
            time.sleep(4)
            yield from messages[2:]

        first, error = streamed(scene, slowly())
        assert error == Reason.DEADLINE_EXCEEDED.name
        again, error = streamed(scene, messages)
        assert error is None
        assert again[:2] == first
        assert check_one_entry_each(scene, 4) == again


def test_channel_that_is_revoked_in_the_middle_brings_nothing_more(
    foundation: Foundation, tmp_path: Path
) -> None:
    with attacked(foundation, tmp_path) as scene:
        messages, files = said(scene.town, 3), scene.town.files
        issued, to_send = files.issue(ENROLLED), queue.SimpleQueue[bytes | None]()
        credentials = channel_credentials(files.root_pem, issued)
        with grpc.secure_channel(scene.hub.target, credentials) as channel:
            sent = iter(to_send.get, None)
            call: Any = channel.stream_stream(SUBMIT_STREAM)
            answers = call(sent, timeout=SECONDS)
            to_send.put(messages[0])
            assert isinstance(outcome_of(next(answers)), int)
            size = entries(scene)
            files.authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
            time.sleep(1.5)
            to_send.put(messages[1])
            with pytest.raises(grpc.RpcError) as caught:
                next(answers)
            to_send.put(None)
        assert reason_of(caught.value) == Reason.CERTIFICATE_REVOKED.name
        assert entries(scene) == size
        check_one_entry_each(scene, 3)
