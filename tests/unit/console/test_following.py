"""A hub that is away is asked by one page at a time: no other waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

from agency_client.console.following import Follower
from exchange_protocol.errors import HubUnavailable, Reason


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at its beginning."""
    return Clock()


@pytest.fixture
def follower(clock: Clock) -> Follower:
    """A follower that watches nothing, of a hub that was found away and has rested."""
    made = Follower(cast(Any, None), list, clock, watches=False)
    fail(made)
    clock.now += 3600
    return made


def fail(follower: Follower) -> None:
    """Ask a hub that does not answer."""
    with pytest.raises(HubUnavailable), follower.asking():
        raise Reason.UNAVAILABLE.error("no answer")


@pytest.fixture
def hanging(follower: Follower) -> Iterator[threading.Event]:
    """A page that waits for a hub that hangs, until the event is set."""
    begun, ends = threading.Event(), threading.Event()

    def wait() -> None:
        with follower.asking():
            begun.set()
            ends.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    yield ends
    ends.set()
    thread.join()


def test_a_page_does_not_wait_for_a_hub_that_another_waits_for(
    follower: Follower, hanging: threading.Event
) -> None:
    with pytest.raises(HubUnavailable), follower.asking():
        raise AssertionError("asked")
    assert not hanging.is_set()


def test_a_hub_that_answers_is_asked_by_all(clock: Clock) -> None:
    follower = Follower(cast(Any, None), list, clock, watches=False)
    with follower.asking(), follower.asking():
        pass
    assert follower.away_since is None


def test_the_next_page_asks_after_one_that_failed_or_came_through(
    follower: Follower, clock: Clock
) -> None:
    fail(follower)
    clock.now += 3600
    with follower.asking():
        pass
    assert follower.away_since is None
    with follower.asking():
        pass
