"""The place of a watch: named where it is damaged, and kept by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agency_client import ExchangeClient, InvalidInput
from agency_client.state.watch_place import WatchPlace
from exchange_protocol.errors import Reason
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA


@pytest.mark.parametrize("damaged", [b"", bytes(12), b"1-\xff", "1-2\u0436".encode(), b"1-2\n"])
def test_damaged_place_is_named_and_nothing_is_passed_over(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "watch").write_bytes(damaged)
    with pytest.raises(InvalidInput, match=r"watch --from-start") as caught:
        WatchPlace(tmp_path).token()
    assert caught.value.reason is Reason.PROFILE_INVALID
    assert str(tmp_path / "watch") in caught.value.message


def test_no_place_is_none(tmp_path: Path) -> None:
    assert WatchPlace(tmp_path).token() is None


@pytest.fixture
def asked(tmp_path: Path) -> tuple[InMemoryHub, ExchangeClient]:
    """A hub at which two requests wait for the client."""
    hub = InMemoryHub()
    with hub.client(tmp_path) as mia:
        for _ in range(2):
            mia.request_information("kz.fma", brief="-", request={"items": ["STR"]})
    return hub, hub.client(tmp_path, KZ_FMA)


def test_place_of_another_hub_is_told_with_its_file(
    asked: tuple[InMemoryHub, ExchangeClient],
) -> None:
    hub, fma = asked

    def refuses(caller: object, request: object) -> object:
        raise Reason.RESUME_TOKEN_INVALID.error("expected a token that the hub gave out")

    hub.watch = refuses  # type: ignore[assignment, method-assign]
    WatchPlace(fma.profile.state).keep("7-1")
    with pytest.raises(InvalidInput, match=r"state/watch has another\. Begin with everything"):
        list(fma.watch(max_seconds=1))


def in_a_child(call: Callable[[], object]) -> int:
    """Run a call in a process of its own; gives its exit code, which is 0 for a true answer."""
    child = os.fork()
    if child == 0:
        code = 2
        try:
            code = 0 if call() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_second_process_that_watches_leaves_the_place_as_it_is(
    asked: tuple[InMemoryHub, ExchangeClient],
) -> None:
    """Else a notice that the first has not handled yet would never come again."""
    _, fma = asked
    place = WatchPlace(fma.profile.state)
    first = fma.watch(from_start=True)
    handled, waits = next(first), next(first)
    assert handled.index < waits.index

    def another() -> bool:
        other = WatchPlace(fma.profile.state)
        with other.keeping() as is_own:
            return other.is_kept_elsewhere and not is_own

    kept = place.token()
    assert in_a_child(another) == 0
    assert place.token() == kept
    assert not place.is_kept_elsewhere, "it is this process's"
    first.close()  # type: ignore[attr-defined] # it is a generator
    assert in_a_child(another) == 1
    [again, *_] = fma.watch(max_notices=1)
    assert again.index == waits.index


def test_watch_that_was_left_is_in_nobodys_way(
    asked: tuple[InMemoryHub, ExchangeClient],
) -> None:
    """A notebook holds the frame of a cell that failed, and with it the loop."""
    _, fma = asked
    left = fma.watch(from_start=True)
    first = next(left)
    [_] = fma.watch(from_start=True, max_notices=1)
    [after] = fma.watch(max_notices=1)
    assert after.index > first.index


def test_watch_that_ends_leaves_the_place_to_another_of_its_process(tmp_path: Path) -> None:
    """The system lets a process's lock go once any file of it is closed, whichever that is."""
    place = WatchPlace(tmp_path)
    with place.keeping() as first:
        with WatchPlace(tmp_path).keeping() as second:
            assert first
            assert second
        assert not place.is_kept_elsewhere
        assert in_a_child(lambda: place.is_kept_elsewhere) == 0
    assert in_a_child(lambda: place.is_kept_elsewhere) == 1
