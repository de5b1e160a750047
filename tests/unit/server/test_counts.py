"""Limits of an agency hold for all workers of a hub together, whatever happens to one of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange_protocol.errors import ExchangeError, LimitExceeded, Reason
from exchange_protocol.trust.identity import AgencyId
from exchange_server import shared_memory
from exchange_server.fairness import counts
from exchange_server.fairness.buckets import Buckets
from exchange_server.fairness.counts import Cell, SharedCounts, shared_counts
from exchange_server.fairness.rates import BURST_SECONDS, Rates
from exchange_server.fairness.shares import Shares
from tests.support.clocks import Time

MIA, FMA = AgencyId("kz.mia"), AgencyId("kz.fma")


@pytest.fixture
def memory() -> Iterator[Path]:
    with shared_counts(3) as file:
        yield file


def calls(counted: SharedCounts) -> Shares:
    return Shares(3, Reason.RATE_LIMITED, "calls", lambda held: held, Cell.CALLS, counted)


def test_memory_without_room_is_told_before_a_worker_dies_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose /dev/shm has 64 MB and is full."""
    full = tmp_path / "full"
    full.mkdir()
    free = shared_memory._free
    monkeypatch.setattr(shared_memory, "_MEMORY", full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(
        shared_memory, "_free", lambda folder: 1000 if folder == full else free(folder)
    )
    with shared_counts(3) as file:
        assert file.parent == tmp_path
        assert file.stat().st_blocks * 512 >= file.stat().st_size > 0
    monkeypatch.setattr(shared_memory, "_free", lambda _: 1000)
    with pytest.raises(ExchangeError, match=f"no room for it in {full} or {tmp_path}: make room"):
        counts.shared_counts(3).__enter__()


def test_what_one_worker_spends_is_gone_at_all(memory: Path) -> None:
    time = Time()
    one, other = (Rates(2, 1e9, time, SharedCounts(memory, each)) for each in (1, 2))
    for _ in range(int(BURST_SECONDS)):
        for rates in (one, other):
            rates.verify_room(MIA)
            rates.count(MIA, 1)
    for rates in (one, other):
        with pytest.raises(LimitExceeded):
            rates.verify_room(MIA)
        rates.verify_room(FMA)
    time.now += 0.5
    one.verify_room(MIA)
    one.count(MIA, 1)
    with pytest.raises(LimitExceeded):
        other.verify_room(MIA)


def test_a_worker_that_is_started_anew_begins_with_what_is_left(memory: Path) -> None:
    time = Time()
    one, other = (Rates(2, 1e9, time, SharedCounts(memory, each)) for each in (1, 2))
    for rates in (one, other):
        rates.count(MIA, 1)
        rates.count_more(MIA, 9)
    time.now += 1
    again = Rates(2, 1e9, time, SharedCounts(memory, 2))
    again.verify_room(MIA)
    again.count(MIA, 1)
    again.count_more(MIA, 1)
    for rates in (one, again):
        with pytest.raises(LimitExceeded):
            rates.verify_room(MIA)
    # What the one before it had spent is not given back to the others.
    time.now += 0.5
    one.verify_room(MIA)


def test_views_of_one_bucket_agree(memory: Path) -> None:
    views = [Buckets(1, 10, Cell.DENIALS, SharedCounts(memory, each)) for each in (1, 2, 3)]
    for now, (worker, amount) in enumerate([(0, 4), (1, 3), (2, 5), (0, 1)]):
        views[worker].spend(MIA, amount, now)
    assert [view.left(MIA, 4.0) for view in views] == [pytest.approx(1)] * 3


def test_places_are_counted_over_all_workers_until_one_has_ended(memory: Path) -> None:
    first, second = SharedCounts(memory, 1), SharedCounts(memory, 2)
    one, other = calls(first), calls(second)
    with one.one_more(MIA), one.one_more(MIA), other.one_more(MIA):
        for shares in (one, other):
            with pytest.raises(LimitExceeded), shares.one_more(MIA):
                pass
        with other.one_more(FMA):
            pass
        # The first is killed, and holds nothing any more.
        SharedCounts(memory, 1).forget_held()
        with other.one_more(MIA), other.one_more(MIA):
            pass


def test_places_that_are_given_back_are_free_for_all(memory: Path) -> None:
    one, other = (calls(SharedCounts(memory, each)) for each in (1, 2))
    with (
        one.one_more(MIA),
        one.one_more(MIA),
        one.one_more(MIA),
        pytest.raises(LimitExceeded),
        other.one_more(MIA),
    ):
        pass
    with other.one_more(MIA), other.one_more(MIA), other.one_more(MIA):
        pass


def test_holders_beyond_the_records_are_counted_by_each_alone(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "RECORDS", 4)
    one, other = SharedCounts(memory, 1), SharedCounts(memory, 2)
    for number in range(6):
        one.set(f"kz.a{number}", Cell.CALLS, number + 1)
    seen = [other.others(f"kz.a{number}", Cell.CALLS) for number in range(6)]
    assert seen == [[1], [2], [3], [4], [], []]
