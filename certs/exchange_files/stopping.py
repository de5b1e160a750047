"""Signals that end a command: Ctrl-C, SIGTERM, a terminal that is closed (SIGHUP).

They end it as an exception does: what is half written is removed on the way out.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOPPED: Final = 128
"""A shell adds the number of the signal to it."""
_DEAF_SECONDS: Final = 5.0
"""Seconds after a signal in which results are kept and told; a person presses Ctrl-C twice."""
_AGAIN_SECONDS: Final = 0.01


class Stopped(BaseException):
    """A signal ends the command."""

    def __init__(self, number: int) -> None:
        """Take the signal's number."""
        super().__init__(number)
        self.number = number
        self.exit_code = _STOPPED + number


@contextmanager
def heeding_signals() -> Iterator[None]:
    """A block in which a signal of `STOPPING` raises Stopped, in the main thread.

    - A signal that the parent process had ignored stays so.
    - A second signal within some seconds is heard after them, if the block has not ended by then.
      Heard at once it would cut off the report; a block that does not end still hears it.
    - A signal that comes while Python runs a destructor is raised again: Python drops what is
      raised there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard_at = -_DEAF_SECONDS
    again: list[threading.Timer] = []
    thread = threading.get_ident()

    def hear_again(seconds: float, number: int) -> None:
        if any(timer.is_alive() for timer in again):
            return  # One is enough, however often a key is pressed.
        again.append(threading.Timer(seconds, signal.pthread_kill, (thread, number)))
        again[-1].daemon = True
        again[-1].start()

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal heard_at
        now = time.monotonic()
        if (left := _DEAF_SECONDS - (now - heard_at)) > 0:
            hear_again(left, number)
            return
        heard_at = now
        raise Stopped(number)

    def hear_dropped(unraisable: sys.UnraisableHookArgs) -> None:
        nonlocal heard_at
        if not isinstance(unraisable.exc_value, Stopped):
            hook(unraisable)
            return
        heard_at = -_DEAF_SECONDS
        # Not at once: the destructor is still running.
        hear_again(_AGAIN_SECONDS, unraisable.exc_value.number)

    before = {
        each: signal.signal(each, stop)
        for each in STOPPING
        if signal.getsignal(each) is not signal.SIG_IGN
    }
    hook, sys.unraisablehook = sys.unraisablehook, hear_dropped
    try:
        yield
    finally:
        for timer in again:
            timer.cancel()
            timer.join()
        sys.unraisablehook = hook
        for each, handler in before.items():
            signal.signal(each, handler)
