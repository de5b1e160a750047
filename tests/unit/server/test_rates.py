"""Rates of an agency: enough for a burst, and no more over time."""

from __future__ import annotations

import asyncio

import pytest

from exchange_protocol.errors import LimitExceeded, Reason
from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.rates import BURST_SECONDS, Rates
from tests.support.clocks import Time

MIA, FMA = AgencyId("kz.mia"), AgencyId("kz.fma")


def admit(rates: Rates, agency: AgencyId, size: int) -> None:
    """A call of one statement, as the pipeline admits it."""
    rates.verify_room(agency)
    rates.count(agency, size)


def told_to_wait(rates: Rates) -> float:
    """In how many seconds the agency may come back that is refused now."""
    with pytest.raises(LimitExceeded) as refused:
        admit(rates, MIA, 1)
    assert refused.value.reason is Reason.RATE_LIMITED
    assert refused.value.retry_after_seconds is not None
    return refused.value.retry_after_seconds


def test_burst_is_admitted_and_what_is_beyond_it_is_told_when_there_is_room() -> None:
    time = Time()
    rates = Rates(5, 1e9, time)
    for _ in range(int(5 * BURST_SECONDS)):
        admit(rates, MIA, 1)
    delay = told_to_wait(rates)
    assert delay == pytest.approx(1 / 5)
    time.now += delay
    admit(rates, MIA, 1)
    told_to_wait(rates)


def test_one_agencys_bucket_is_nobody_elses() -> None:
    rates = Rates(1, 1e9, Time())
    for _ in range(int(BURST_SECONDS)):
        admit(rates, MIA, 1)
    told_to_wait(rates)
    admit(rates, FMA, 1)


def test_batch_that_is_larger_than_the_bucket_is_admitted_and_paid_for_afterwards() -> None:
    time = Time()
    rates = Rates(10, 1e9, time)
    admit(rates, MIA, 1)
    rates.count_more(MIA, 1023)
    delay = told_to_wait(rates)
    assert delay == pytest.approx((1024 - 10 * BURST_SECONDS + 1) / 10)
    time.now += delay
    admit(rates, MIA, 1)


def test_bytes_are_bounded_as_statements_are() -> None:
    time = Time()
    rates = Rates(1e9, 1000, time)
    admit(rates, MIA, 15_000)
    assert told_to_wait(rates) == pytest.approx(5.001)


def test_bucket_holds_no_more_than_a_burst_however_long_nobody_spoke() -> None:
    time = Time()
    rates = Rates(1, 1e9, time)
    time.now += 1e6
    for _ in range(int(BURST_SECONDS)):
        admit(rates, MIA, 1)
    told_to_wait(rates)


async def test_stream_waits_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    time, slept = Time(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    rates = Rates(1, 1000, time)
    for _ in range(4):
        await rates.flow(MIA, 5000)
    assert slept == pytest.approx([0, 0.001, 5, 5])
