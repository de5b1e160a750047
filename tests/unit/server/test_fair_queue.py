"""Whose turn it is: no agency, and nothing called urgent, shuts the others out."""

from __future__ import annotations

import threading
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_protocol.errors import LimitExceeded, Reason
from exchange_protocol.rules.series import DIRECTORY
from exchange_protocol.trust.identity import AgencyId
from exchange_server.ledger.fair_queue import URGENT_RUN, FairQueue, Turn

FLOOD, QUIET, THIRD = AgencyId("kz.mia"), AgencyId("uz.fiu"), AgencyId("kg.mia")


def queue_of(*turns: Turn[str], most: int = 1000, each: int = 400) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue(most, each)
    for turn in turns:
        queue.put(turn)
    return queue


def flood(count: int, *, is_urgent: bool = False) -> list[Turn[str]]:
    return [Turn(f"flood {n}", FLOOD, f"x{n}", is_urgent) for n in range(count)]


def test_a_quiet_agency_waits_for_one_request_of_a_flood() -> None:
    queue = queue_of(*flood(300), Turn("quiet", QUIET))
    assert queue.take(2) == ["flood 0", "quiet"]


def test_place_in_the_round_is_kept_from_batch_to_batch() -> None:
    turns = [Turn(f"{agency}", agency) for agency in (FLOOD, QUIET, THIRD) for _ in range(2)]
    queue = queue_of(*turns)
    assert [queue.take(1) for _ in range(4)] == [[FLOOD], [QUIET], [THIRD], [FLOOD]]


def test_urgent_goes_before_routine() -> None:
    queue = queue_of(*flood(300), Turn("urgent", QUIET, "q", is_urgent=True))
    assert queue.take(1) == ["urgent"]


def test_routine_is_served_while_an_agency_calls_everything_urgent() -> None:
    queue = queue_of(*flood(90, is_urgent=True), Turn("quiet", QUIET))
    assert queue.take(URGENT_RUN + 1)[-1] == "quiet"


def test_urgent_of_another_waits_for_one_of_a_flood_of_urgent() -> None:
    queue = queue_of(*flood(300, is_urgent=True), Turn("urgent", QUIET, "q", is_urgent=True))
    assert queue.take(2) == ["flood 0", "urgent"]


def test_urgent_beyond_an_agencys_share_waits_among_the_routine() -> None:
    queue = queue_of(*flood(3, is_urgent=True), Turn("routine", QUIET), each=8)
    # Two places of eight are for urgent ones: the third is behind nothing but its own turn.
    assert queue.take(4) == ["flood 0", "flood 1", "flood 2", "routine"]


def test_urgent_does_not_overtake_what_its_exchange_waits_for() -> None:
    queue = queue_of(
        Turn("asked", FLOOD, "x"), Turn("recalled", FLOOD, "x", is_urgent=True), *flood(3)
    )
    assert queue.take(2) == ["asked", "recalled"]


def test_routine_follows_the_urgent_of_its_exchange() -> None:
    urgent = flood(9, is_urgent=True)
    queue = queue_of(*urgent, Turn("after", FLOOD, "x8"))
    served = queue.take(20)
    assert served.index("after") > served.index("flood 8")


def test_urgent_does_not_overtake_the_agencys_word_to_the_directory() -> None:
    queue = queue_of(Turn("key", FLOOD, DIRECTORY), Turn("urgent", FLOOD, "x", is_urgent=True))
    assert queue.take(2) == ["key", "urgent"]


def test_an_agency_has_so_many_places_and_others_have_theirs() -> None:
    queue = queue_of(*flood(4), each=4)
    with pytest.raises(LimitExceeded, match=r"at most 4 requests of kz\.mia") as refused:
        queue.put(Turn("more", FLOOD))
    assert refused.value.reason is Reason.OVERLOADED
    queue.put(Turn("quiet", QUIET))
    queue.take(1)
    queue.put(Turn("more", FLOOD))


def test_all_together_have_so_many_places() -> None:
    queue = queue_of(*flood(3), most=3)
    with pytest.raises(LimitExceeded, match="too many requests wait"):
        queue.put(Turn("quiet", QUIET))


def test_what_takes_long_fills_more_of_a_batch() -> None:
    queue = queue_of(*(Turn(f"chunk {n}", FLOOD, weight=16) for n in range(20)))
    assert len(queue.take(64)) == 4
    assert queue.take(1) == ["chunk 4"]


def test_closed_queue_gives_what_waited_and_then_nothing() -> None:
    queue = queue_of(*flood(2))
    queue.close()
    assert queue.take(10, linger_seconds=0.001) == ["flood 0", "flood 1"]
    assert queue.take(10) == []


def test_who_waits_for_requests_is_woken() -> None:
    queue = queue_of()
    taken: list[list[str]] = []
    thread = threading.Thread(target=lambda: taken.append(queue.take(1)))
    thread.start()
    queue.put(Turn("late", QUIET))
    thread.join(timeout=30)
    assert taken == [["late"]]


_AGENCIES = st.sampled_from([FLOOD, QUIET, THIRD, None])
_TURNS = st.tuples(_AGENCIES, st.sampled_from([None, DIRECTORY, "x", "y"]), st.booleans())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(_TURNS, st.integers(1, 9)), max_size=60))
def test_everything_is_served_once_and_in_the_order_of_its_exchange(
    steps: list[tuple[AgencyId | None, str | None, bool] | int],
) -> None:
    queue: FairQueue[int] = FairQueue(1000, 12)
    waiting: dict[int, tuple[AgencyId | None, str | None]] = {}
    served: list[int] = []
    for number, step in enumerate(steps):
        if isinstance(step, int):
            if len(served) < len(waiting):
                served += queue.take(step)
            continue
        agency, about, is_urgent = step
        try:
            queue.put(Turn(number, agency, about, is_urgent))
        except LimitExceeded:
            continue
        waiting[number] = agency, about
    served += queue.drain()
    assert sorted(served) == sorted(waiting)
    by_exchange: dict[tuple[AgencyId | None, str], list[int]] = defaultdict(list)
    for number in served:
        agency, about = waiting[number]
        if about is not None:
            by_exchange[agency, about].append(number)
    assert all(numbers == sorted(numbers) for numbers in by_exchange.values())
