"""A closed terminal stops a hub in good order; one that `nohup` began goes on."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest

from exchange_server.workers import ONE_WISH_SECONDS, on_stop


class Loop:
    """An event loop that only notes what it is asked to hear."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.hear: Callable[[], None] = lambda: None

    def add_signal_handler(self, number: int, tell: Callable[[], None]) -> None:
        self.heard.append(number)
        self.hear = tell


@pytest.mark.parametrize("is_ignored", [False, True])
def test_hub_stops_at_a_closed_terminal_unless_that_was_ignored_at_its_start(
    monkeypatch: pytest.MonkeyPatch, *, is_ignored: bool
) -> None:
    loop = Loop()
    before = signal.SIG_IGN if is_ignored else signal.SIG_DFL
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "get_running_loop", lambda: loop)
        patched.setattr(signal, "getsignal", lambda number: before)
        on_stop(lambda: None, lambda: None)
    assert (signal.SIGHUP in loop.heard) is not is_ignored
    assert {signal.SIGTERM, signal.SIGINT} <= set(loop.heard)


def test_signals_of_one_moment_are_one_wish_and_a_later_one_is_to_hurry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C tells the parent and its workers, and the parent tells its workers once more."""
    loop, said, now = Loop(), [], 100.0
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    monkeypatch.setattr("exchange_server.workers.time.monotonic", lambda: now)
    on_stop(lambda: said.append("stop"), lambda: said.append("hurry"))
    loop.hear()
    loop.hear()
    assert said == ["stop"]
    now += ONE_WISH_SECONDS
    loop.hear()
    assert said == ["stop", "hurry"]
