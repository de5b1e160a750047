"""SubmitStream: answers in order while more is sent, and what a cut left open is sent again."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.retire_agency import RetireAgency
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.record.receipts import verify_receipt
from exchange_protocol.rules.signed_statements import encode_signed_statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.fairness.rates import BURST_SECONDS
from exchange_server.rpc.calls import SUBMIT_STREAM
from tests.integration.rpc.callers import Region, reason_of
from tests.integration.rpc.test_batches import Made, requests
from tests.integration.rpc.test_limits import limited
from tests.support.statements import AUDITOR, KZ_MIA, OPERATOR, UZ_FIU

pytestmark = pytest.mark.long

SECONDS = 20


def message(made: Made) -> pb.SubmitRequest:
    signed, parts = made
    return pb.SubmitRequest(
        statement=encode_signed_statement(signed),
        parts=[pb.InlinePart(name=name, sealed=part) for name, part in parts.items()],
    )


def stream(region: Region, made: Sequence[Made]) -> list[pb.SubmitStreamResponse]:
    call = region.stubs(KZ_MIA).exchange.SubmitStream(map(message, made), timeout=SECONDS)
    return list(call)


def outcomes(
    region: Region, answers: Sequence[pb.SubmitStreamResponse], made: Sequence[Made]
) -> list[int | str]:
    """The index of each entry, by a receipt that verifies, or the reason of its refusal."""
    log = LogVerifier(region.process.files.log_vkey)
    found: list[int | str] = []
    for (signed, _), answer in zip(made, answers, strict=True):
        if answer.HasField("receipt"):
            receipt, statement = answer.receipt, parse_statement(signed.payload)
            verify_receipt(receipt.entry, receipt.tree_head.checkpoint, statement, log)
            found.append(receipt.entry.index)
            continue
        info = error_details_pb2.ErrorInfo()
        status_pb2.Status.FromString(answer.refusal).details[0].Unpack(info)
        found.append(info.reason)
    return found


def test_every_statement_of_a_stream_has_a_receipt_in_order(region: Region) -> None:
    """Of more statements than the hub reads ahead."""
    made = requests(region, 200)
    indexes = outcomes(region, stream(region, made), made)
    assert indexes == list(range(int(indexes[0]), int(indexes[0]) + 200))
    # The same bytes get the first receipts, by whichever call.
    assert outcomes(region, stream(region, made), made) == indexes


def test_what_is_bad_takes_nothing_from_the_rest(region: Region) -> None:
    made = requests(region, 4)
    made[1] = (replace(made[1][0], signature=b"none"), made[1][1])
    made[2] = (replace(made[2][0], payload=b"nothing"), made[2][1])
    first, *refused, last = outcomes(region, stream(region, made), made)
    assert isinstance(first, int)
    assert refused == ["SIGNATURE_INVALID", "MALFORMED"]
    assert isinstance(last, int)


def test_an_answer_does_not_wait_for_the_next_statement(region: Region) -> None:
    made = requests(region, 3)
    to_send: queue.SimpleQueue[Made | None] = queue.SimpleQueue()
    messages = map(message, iter(to_send.get, None))
    answers = region.stubs(KZ_MIA).exchange.SubmitStream(messages, timeout=SECONDS)
    for each in made:
        to_send.put(each)
        assert isinstance(outcomes(region, [next(answers)], [each])[0], int)
    to_send.put(None)
    assert list(answers) == []


def test_a_cut_stream_goes_on_with_the_same_bytes_and_the_first_receipts(region: Region) -> None:
    made = requests(region, 60)
    call = region.stubs(KZ_MIA).exchange.SubmitStream(map(message, made), timeout=SECONDS)
    heard = [next(call) for _ in range(5)]
    call.cancel()
    again = outcomes(region, stream(region, made), made)
    assert again[:5] == outcomes(region, heard, made[:5])
    assert len(set(again)) == 60


def test_a_message_that_does_not_parse_ends_the_stream_after_the_answers_before_it(
    region: Region,
) -> None:
    made = requests(region, 2)
    raw: Any = region.stubs(KZ_MIA).channel.stream_stream(SUBMIT_STREAM)
    sent = [*(message(each).SerializeToString() for each in made), b"\xff\xff\xff"]
    answers, error = heard_until_error(raw(iter(sent), timeout=SECONDS))
    assert reason_of(error) == Reason.MALFORMED.name
    parsed = [pb.SubmitStreamResponse.FromString(each) for each in answers]
    assert all(isinstance(each, int) for each in outcomes(region, parsed, made))


def test_streams_that_race_with_the_same_bytes_get_the_same_receipts(region: Region) -> None:
    made = requests(region, 70)
    with ThreadPoolExecutor(4) as pool:
        streams = list(pool.map(lambda _: stream(region, made), range(4)))
    [indexes] = {tuple(outcomes(region, answers, made)) for answers in streams}
    assert len(set(indexes)) == len(made)
    assert all(isinstance(each, int) for each in indexes)


def test_an_agency_that_is_retired_while_its_stream_stands_says_nothing_more(
    tmp_path: Path,
) -> None:
    with limited(tmp_path) as region:
        first, last = requests(region, 2)
        to_send: queue.SimpleQueue[Made | None] = queue.SimpleQueue()
        messages = map(message, iter(to_send.get, None))
        answers = region.stubs(KZ_MIA).exchange.SubmitStream(messages, timeout=SECONDS)
        to_send.put(first)
        assert isinstance(outcomes(region, [next(answers)], [first])[0], int)
        draft = region.memory.compose(OPERATOR, RetireAgency(KZ_MIA.agency))
        region.submit(region.memory.sign(draft), {})
        to_send.put(last)
        to_send.put(None)
        assert outcomes(region, list(answers), [last]) == [Reason.AGENCY_RETIRED.name]


def test_statements_of_another_agency_are_refused_each(region: Region) -> None:
    made = requests(region, 2)
    answers = list(region.stubs(UZ_FIU).exchange.SubmitStream(map(message, made), timeout=SECONDS))
    assert outcomes(region, answers, made) == ["AUTHOR_MISMATCH"] * 2


def test_an_auditor_may_open_none(region: Region) -> None:
    call = region.stubs(AUDITOR).exchange.SubmitStream(iter(()), timeout=SECONDS)
    answers, error = heard_until_error(call)
    assert not answers
    assert reason_of(error) == Reason.ROLE_NOT_PERMITTED.name


def test_a_stream_beyond_the_rate_is_slowed_down_and_takes_nothing_from_others(
    tmp_path: Path,
) -> None:
    with limited(tmp_path, statements_per_second=2) as region:
        made = requests(region, int(2 * BURST_SECONDS) + 3)
        began_at = time.monotonic()
        assert len(set(outcomes(region, stream(region, made), made))) == len(made)
        assert time.monotonic() - began_at > 1


def test_streams_of_one_statement_are_slowed_down_as_one_of_many_is(tmp_path: Path) -> None:
    """Each is cut once it is answered: nothing of it waits for the rate."""
    with limited(tmp_path, statements_per_second=2) as region:
        made = requests(region, int(2 * BURST_SECONDS) + 6)
        began_at = time.monotonic()
        for each in made:
            call = region.stubs(KZ_MIA).exchange.SubmitStream(
                iter([message(each)]), timeout=SECONDS
            )
            next(call)
            call.cancel()
        assert time.monotonic() - began_at > 2


def heard_until_error(call: Iterator[Any]) -> tuple[list[Any], grpc.RpcError]:
    """The answers of a stream that ends with an error, and the error."""
    answers = []
    try:
        for answer in call:
            answers.append(answer)
    except grpc.RpcError as error:
        return answers, error
    pytest.fail("expected the stream to end with an error")
