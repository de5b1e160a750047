"""Fair turns: no agency, and nothing called urgent, shuts the others out."""

from __future__ import annotations

import threading
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_protocol.errors import LimitExceeded, Reason
from exchange_protocol.rules.dependencies import DIRECTORY
from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness import fair_queue
from exchange_server.fairness.fair_queue import (
    ACTIVE_SECONDS,
    MOST_REST_SECONDS,
    URGENT_RUN,
    FairQueue,
    QueuedRequest,
)
from exchange_server.fairness.pace import LEAST_SHARE, MOST_SHARE, Pace
from tests.support.clocks import Time

FLOOD, QUIET, THIRD = AgencyId("kz.mia"), AgencyId("uz.fiu"), AgencyId("kg.mia")


def queue_of(*turns: QueuedRequest[str], most: int = 1000, each: int = 400) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue(most, each)
    for turn in turns:
        queue.put(turn)
    return queue


def flood(count: int, *, is_urgent: bool = False) -> list[QueuedRequest[str]]:
    return [QueuedRequest(f"flood {n}", FLOOD, f"x{n}", is_urgent) for n in range(count)]


def test_a_quiet_agency_waits_for_one_request_of_a_flood() -> None:
    queue = queue_of(*flood(300), QueuedRequest("quiet", QUIET))
    assert queue.take(2) == ["flood 0", "quiet"]


def test_place_in_the_round_is_kept_from_batch_to_batch() -> None:
    turns = [
        QueuedRequest(f"{agency}", agency) for agency in (FLOOD, QUIET, THIRD) for _ in range(2)
    ]
    queue = queue_of(*turns)
    assert [queue.take(1) for _ in range(4)] == [[FLOOD], [QUIET], [THIRD], [FLOOD]]


def test_urgent_goes_before_routine() -> None:
    queue = queue_of(*flood(300), QueuedRequest("urgent", QUIET, "q", is_urgent=True))
    assert queue.take(1) == ["urgent"]


def test_routine_is_served_while_an_agency_calls_everything_urgent() -> None:
    queue = queue_of(*flood(90, is_urgent=True), QueuedRequest("quiet", QUIET))
    assert queue.take(URGENT_RUN + 1)[-1] == "quiet"


def test_urgent_of_another_waits_for_one_of_a_flood_of_urgent() -> None:
    queue = queue_of(
        *flood(300, is_urgent=True), QueuedRequest("urgent", QUIET, "q", is_urgent=True)
    )
    assert queue.take(2) == ["flood 0", "urgent"]


def test_urgent_beyond_an_agencys_share_waits_among_the_routine() -> None:
    queue = queue_of(*flood(3, is_urgent=True), QueuedRequest("routine", QUIET), each=8)
    # Two places of eight are for urgent ones: the third is behind nothing but its own turn.
    assert queue.take(4) == ["flood 0", "flood 1", "flood 2", "routine"]


def test_urgent_does_not_overtake_what_its_exchange_waits_for() -> None:
    queue = queue_of(
        QueuedRequest("asked", FLOOD, "x"),
        QueuedRequest("recalled", FLOOD, "x", is_urgent=True),
        *flood(3),
    )
    assert queue.take(2) == ["asked", "recalled"]


def test_routine_follows_the_urgent_of_its_exchange() -> None:
    urgent = flood(9, is_urgent=True)
    queue = queue_of(*urgent, QueuedRequest("after", FLOOD, "x8"))
    served = queue.take(20)
    assert served.index("after") > served.index("flood 8")


def test_urgent_does_not_overtake_the_agencys_word_to_the_directory() -> None:
    queue = queue_of(
        QueuedRequest("key", FLOOD, DIRECTORY), QueuedRequest("urgent", FLOOD, "x", is_urgent=True)
    )
    assert queue.take(2) == ["key", "urgent"]


def test_an_agency_has_so_many_places_and_others_have_theirs() -> None:
    queue = queue_of(*flood(4), each=4)
    with pytest.raises(LimitExceeded, match=r"at most 4 requests of kz\.mia") as refused:
        queue.put(QueuedRequest("more", FLOOD))
    assert refused.value.reason is Reason.OVERLOADED
    queue.put(QueuedRequest("quiet", QUIET))
    queue.take(1)
    queue.put(QueuedRequest("more", FLOOD))


def test_all_together_have_so_many_places() -> None:
    queue = queue_of(*flood(3), most=3)
    with pytest.raises(LimitExceeded, match="too many requests wait"):
        queue.put(QueuedRequest("quiet", QUIET))


def test_what_takes_long_fills_more_of_a_batch() -> None:
    queue = queue_of(*(QueuedRequest(f"chunk {n}", FLOOD, weight=16) for n in range(20)))
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
    queue.put(QueuedRequest("late", QUIET))
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
            queue.put(QueuedRequest(number, agency, about, is_urgent))
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


def shared_queue(time: Time, *turns: QueuedRequest[str]) -> FairQueue[str]:
    """A queue in which `QUIET` was served a moment ago."""
    queue: FairQueue[str] = FairQueue(1000, 400, time)
    queue.put(QueuedRequest("before", QUIET))
    assert queue.take(1) == ["before"]
    for turn in turns:
        queue.put(turn)
    return queue


def test_an_agency_by_itself_fills_its_batches_one_after_the_other() -> None:
    time = Time()
    queue: FairQueue[str] = FairQueue(1000, 400, time)
    for turn in flood(300):
        queue.put(turn)
    assert len(queue.take(256)) == 256
    time.now += 0.1
    assert len(queue.take(256)) == 44


def test_an_agency_fills_no_more_than_its_share_while_another_is_active() -> None:
    time = Time()
    queue = shared_queue(time, *flood(300))
    assert LEAST_SHARE <= len(queue.take(256)) <= MOST_SHARE


def test_an_agency_has_the_writer_for_itself_when_the_other_was_not_heard_of_for_long() -> None:
    time = Time()
    queue = shared_queue(time, *flood(150))
    time.now += ACTIVE_SECONDS
    for turn in flood(150):
        queue.put(turn)
    assert len(queue.take(256)) == 256


def test_who_filled_its_share_rests_as_long_as_its_batch_took() -> None:
    time = Time()
    queue = shared_queue(time, *flood(300))
    assert "flood 0" in queue.take(256)
    time.now += 0.04
    queue.put(QueuedRequest("quiet", QUIET))
    assert queue.take(256) == ["quiet"]
    queue.put(QueuedRequest("quiet again", QUIET))
    time.now += 0.02
    assert queue.take(256) == ["quiet again"]
    time.now += 0.03
    assert set(queue.take(256)) <= {f"flood {n}" for n in range(300)}


def test_nobody_rests_for_long_because_a_database_was_slow() -> None:
    time = Time()
    queue = shared_queue(time, *flood(300))
    queue.take(256)
    time.now += 20.0
    queue.put(QueuedRequest("quiet", QUIET))
    assert queue.take(256) == ["quiet"]
    time.now += MOST_REST_SECONDS
    assert all(each.startswith("flood") for each in queue.take(256))


def test_rest_of_one_ends_when_another_has_something_to_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The writer sleeps through the rest, but not through what others say."""
    monkeypatch.setattr(fair_queue, "MOST_REST_SECONDS", 60.0)
    time = Time()
    queue = shared_queue(time, *flood(300))
    queue.take(256)
    time.now += 30.0
    taken: list[list[str]] = []
    thread = threading.Thread(target=lambda: taken.append(queue.take(256)))
    thread.start()
    queue.put(QueuedRequest("quiet", QUIET))
    thread.join(timeout=20)
    assert taken == [["quiet"]]


def test_nobody_rests_where_two_have_more_than_their_share_to_say() -> None:
    time = Time()
    others = [QueuedRequest(f"third {n}", THIRD, f"t{n}") for n in range(300)]
    queue = shared_queue(time, *flood(300), *others)
    for _ in range(3):
        began_at = time.now
        agencies = {each.partition(" ")[0] for each in queue.take(256)}
        assert agencies == {"flood", "third"}
        time.now = began_at + 0.5


def test_agencies_that_all_have_much_to_say_fill_their_batches() -> None:
    others = [QueuedRequest(f"third {n}", THIRD, f"t{n}") for n in range(300)]
    queue = queue_of(*flood(300), *others)
    taken = queue.take(256)
    assert [sum(name.startswith(each) for name in taken) for each in ("flood", "third")] == [
        128
    ] * 2


def test_rest_ends_with_the_queue() -> None:
    time = Time()
    queue = shared_queue(time, *flood(300))
    queue.take(256)
    time.now += 30.0
    queue.close()
    while queue.take(256):
        pass


def test_chunk_that_is_larger_than_a_share_has_its_turn() -> None:
    chunks = [QueuedRequest(f"chunk {n}", FLOOD, weight=2 * MOST_SHARE) for n in range(3)]
    queue = shared_queue(Time(), *chunks)
    assert queue.take(256) == ["chunk 0"]


def test_who_is_refused_is_told_how_long_what_waits_will_take() -> None:
    time = Time()
    delays = []
    small, large = FairQueue[str](40, 40, time), FairQueue[str](400, 400, time)
    for queue, waiting in ((small, 40), (large, 400)):
        for turn in flood(waiting):
            queue.put(turn)
        with pytest.raises(LimitExceeded) as refused:
            queue.put(QueuedRequest("more", QUIET))
        delays.append(refused.value.retry_after_seconds or 0.0)
    assert 0 < delays[0] < delays[1]
    # A writer that is stuck does not promise what it cannot keep.
    small.take(1)
    small.put(QueuedRequest("more", FLOOD))
    time.now += 12.0
    with pytest.raises(LimitExceeded) as refused:
        small.put(QueuedRequest("more", QUIET))
    assert refused.value.retry_after_seconds == pytest.approx(12.0)


def test_share_follows_what_it_costs_the_others() -> None:
    """A commit that waits for a standby takes many along; a quick one takes few."""
    slow, quick = Pace(), Pace()
    for _ in range(200):
        for pace, commit in ((slow, 0.02), (quick, 0.001)):
            pace.record(commit + 0.0004, 1, commit)
            pace.record(commit + 8 * 0.0004, 8, commit)
    assert quick.share == LEAST_SHARE
    assert slow.share > 10 * LEAST_SHARE


def test_share_does_not_grow_with_the_flood_beside_which_it_is_kept() -> None:
    """Beside a flood every batch takes longer, also that of one request; its commit does not."""
    pace, commit, flood = Pace(), 0.0003, 0.005
    for _ in range(500):
        pace.record(commit + flood + 0.0004, 1, commit)
        pace.record(commit + flood + pace.share * 0.0004, pace.share, commit)
    assert pace.share == LEAST_SHARE


def test_who_has_much_waiting_makes_way_for_who_has_little() -> None:
    time = Time()
    queue = shared_queue(time, *flood(40))
    assert queue.makes_way(FLOOD), "what was served a moment ago may still be written"
    assert "before" not in queue.take(40)
    assert not queue.makes_way(FLOOD), "nothing of another agency is there"
    queue.put(QueuedRequest("mine", QUIET))
    assert queue.makes_way(FLOOD)
    assert not queue.makes_way(QUIET)
    while "mine" not in queue.take(40):
        pass
    assert queue.makes_way(FLOOD), "it is being written"
    assert "mine" not in queue.take(40)
    assert not queue.makes_way(FLOOD)


def test_the_writer_is_shared_while_somebody_with_little_is_active() -> None:
    time = Time()
    queue = shared_queue(time, *flood(40))
    assert queue.is_shared()
    time.now += ACTIVE_SECONDS
    assert not queue.is_shared(), "nobody has asked for anything lately"
    for number in range(40):
        queue.put(QueuedRequest(f"more {number}", QUIET))
        queue.put(QueuedRequest(f"flood {number}", FLOOD))
    assert not queue.is_shared(), "both have more than their share to say"


def test_agencies_that_all_have_much_waiting_make_no_way() -> None:
    queue = shared_queue(Time(), *flood(40), *(QueuedRequest("more", QUIET) for _ in range(40)))
    assert not queue.makes_way(FLOOD)
    assert not queue.makes_way(QUIET)
