"""A closed terminal stops a hub in good order; one that `nohup` began goes on."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest

from exchange_server.workers import on_stop


class Loop:
    """An event loop that only notes what it is asked to hear."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def add_signal_handler(self, number: int, tell: Callable[[], None]) -> None:
        self.heard.append(number)


@pytest.mark.parametrize("is_ignored", [False, True])
def test_hub_stops_at_a_closed_terminal_unless_that_was_ignored_at_its_start(
    monkeypatch: pytest.MonkeyPatch, *, is_ignored: bool
) -> None:
    loop = Loop()
    before = signal.SIG_IGN if is_ignored else signal.SIG_DFL
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "get_running_loop", lambda: loop)
        patched.setattr(signal, "getsignal", lambda number: before)
        on_stop(lambda: None)
    assert (signal.SIGHUP in loop.heard) is not is_ignored
    assert {signal.SIGTERM, signal.SIGINT} <= set(loop.heard)
