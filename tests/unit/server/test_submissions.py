"""Bounds of a stream of statements that nobody answers, and when it is put off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from unittest.mock import AsyncMock, Mock

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.caller import Caller
from exchange_server.fairness.rates import Rates
from exchange_server.ledger import Accepted
from exchange_server.ledger.submitter import PutOff, Refused, Submitted
from exchange_server.rpc.submissions import (
    MOST_PUT_OFF,
    UNANSWERED,
    UNANSWERED_BYTES,
    SubmissionStream,
)
from tests.support.statements import KZ_MIA

ANSWER = Accepted(0, b"entry", bytes(32), (), b"note", ())
OVERLOADED = Reason.OVERLOADED.until("fictional", 1.0)


class Requests:
    """Requests without end, or so many; counts those that were read."""

    def __init__(self, size: int = 0, most: int = 10_000) -> None:
        self._request = pb.SubmitRequest(parts=[pb.InlinePart(name="x", sealed=bytes(size))])
        self._most = most
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[pb.SubmitRequest]:
        while self.read < self._most:
            self.read += 1
            yield self._request
            await asyncio.sleep(0)


def stream_to(
    ledger: Mock, verify_still_good: Mock | None = None, rates: Rates | None = None
) -> SubmissionStream:
    rates = rates or Rates(1e9, 1e12)
    caller = Caller(KZ_MIA, bytes(32))
    return SubmissionStream(ledger, rates, caller, verify_still_good or Mock())


@pytest.mark.parametrize(
    ("size", "most"), [(10, UNANSWERED), (UNANSWERED_BYTES // 4, 4), (2 * UNANSWERED_BYTES, 1)]
)
async def test_so_much_is_read_ahead_of_the_answers_and_no_more(size: int, most: int) -> None:
    requests, futures = Requests(size), list[asyncio.Future[Accepted]]()

    async def submit_in_stream(*_: object) -> Submitted:
        futures.append(asyncio.get_running_loop().create_future())
        return Submitted(futures[-1])

    answers = stream_to(Mock(submit_in_stream=submit_in_stream)).answers(aiter(requests))
    first = asyncio.ensure_future(anext(answers))
    for _ in range(500):
        await asyncio.sleep(0)
    assert requests.read == most
    futures[0].set_result(ANSWER)
    assert await first == ANSWER
    for _ in range(500):
        await asyncio.sleep(0)
    assert requests.read == most + 1
    # Who goes away leaves nobody waiting.
    await answers.aclose()
    assert all(future.cancelled() for future in futures[1:])


async def test_without_room_all_that_follows_is_put_off() -> None:
    held: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
    outcomes = iter([Submitted(held), PutOff(OVERLOADED)])
    ledger = Mock(submit_in_stream=AsyncMock(side_effect=lambda *_: next(outcomes)))
    answers = stream_to(ledger).answers(aiter(Requests(most=5)))
    first = asyncio.ensure_future(anext(answers))
    for _ in range(50):
        await asyncio.sleep(0)
    held.set_result(ANSWER)
    assert await first == ANSWER
    assert [each async for each in answers] == [OVERLOADED] * 4
    # Three of them were not handed in at all.
    assert ledger.submit_in_stream.call_count == 2


async def test_what_comes_after_an_answer_is_put_off_as_well() -> None:
    """A statement that a slow line brings late was sent before its caller saw the answer."""
    accepted = asyncio.get_running_loop().create_future()
    accepted.set_result(ANSWER)
    outcomes = iter([PutOff(OVERLOADED), Submitted(accepted)])
    ledger = Mock(submit_in_stream=AsyncMock(side_effect=lambda *_: next(outcomes)))
    answered = asyncio.Event()

    async def requests() -> AsyncIterator[pb.SubmitRequest]:
        yield pb.SubmitRequest()
        await answered.wait()
        yield pb.SubmitRequest()

    answers = stream_to(ledger).answers(requests())
    assert await anext(answers) is OVERLOADED
    answered.set()
    assert await anext(answers) is OVERLOADED
    assert ledger.submit_in_stream.call_count == 1


async def test_of_what_is_put_off_no_more_than_so_much_is_remembered() -> None:
    """A caller may keep its stream from ever being answered whole, for as long as it stands."""
    requests, numbers = Requests(most=3 * MOST_PUT_OFF), count()
    accepted: list[asyncio.Future[Accepted]] = []
    trackers: list[DependencyTracker] = []

    async def submit_in_stream(
        _: Caller, __: object, ___: int, tracker: DependencyTracker
    ) -> Submitted | Refused:
        number = next(numbers)
        trackers.append(tracker)
        if number % (UNANSWERED // 2) == 0:
            accepted.append(asyncio.get_running_loop().create_future())
            # The one before is answered only now: something is always unanswered.
            for future in accepted[:-1]:
                if not future.done():
                    future.set_result(ANSWER)
            return Submitted(accepted[-1])
        tracker.put_off(Mock(exchange_id=str(number)), OVERLOADED)
        return Refused(OVERLOADED)

    stream = stream_to(Mock(submit_in_stream=submit_in_stream))

    async def answer_the_last() -> None:
        while True:
            if stream._all_put_off is not None or requests.read == 3 * MOST_PUT_OFF:
                for future in accepted:
                    if not future.done():
                        future.set_result(ANSWER)
            await asyncio.sleep(0)

    last = asyncio.create_task(answer_the_last())
    outcomes = [each async for each in stream.answers(aiter(requests))]
    last.cancel()
    assert len(outcomes) == requests.read == 3 * MOST_PUT_OFF
    assert max(len(each._put_off) for each in trackers) == MOST_PUT_OFF


async def test_a_caller_that_is_revoked_meanwhile_is_served_no_further() -> None:
    accepted = asyncio.get_running_loop().create_future()
    accepted.set_result(ANSWER)
    revoked = Reason.CERTIFICATE_REVOKED.error("fictional")
    still_good = Mock(side_effect=[None, None, revoked])
    stream = stream_to(
        Mock(submit_in_stream=AsyncMock(return_value=Submitted(accepted))), still_good
    )
    answers = stream.answers(aiter(Requests()))
    assert [await anext(answers), await anext(answers)] == [ANSWER] * 2
    with pytest.raises(ExchangeError) as caught:
        await anext(answers)
    assert caught.value is revoked


async def test_a_stream_that_is_opened_while_the_rate_is_spent_reads_nothing() -> None:
    """A caller may open a stream for each statement, and go as soon as that is answered."""
    rates = Rates(0.001, 1e12)
    rates.count_more(KZ_MIA.agency, 1)
    requests, accepted = Requests(), asyncio.get_running_loop().create_future()
    accepted.set_result(ANSWER)
    ledger = Mock(submit_in_stream=AsyncMock(return_value=Submitted(accepted)))
    answers = stream_to(ledger, rates=rates).answers(aiter(requests))
    first = asyncio.ensure_future(anext(answers))
    for _ in range(50):
        await asyncio.sleep(0)
    assert requests.read == 0
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
