"""Signals that end a command: Ctrl-C, SIGTERM, a terminal that is closed (SIGHUP).

They end it as an exception does: what is half written is removed on the way out.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOPPED: Final = 128
"""A shell adds the number of the signal to it."""


class Stopped(BaseException):
    """A signal ends the command."""

    def __init__(self, number: int) -> None:
        """Take the signal's number."""
        super().__init__(number)
        self.exit_code = _STOPPED + number


@contextmanager
def heeding_signals(signals: Sequence[signal.Signals] = STOPPING) -> Iterator[None]:
    """A block in which a signal raises Stopped, in the main thread.

    A signal that the parent process had ignored stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: FrameType | None) -> NoReturn:
        raise Stopped(number)

    before = {
        each: signal.signal(each, stop)
        for each in signals
        if signal.getsignal(each) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
