"""Signals that end a command: Ctrl-C, SIGTERM, a terminal that is closed (SIGHUP).

They end it as an exception does: what is half written is removed on the way out.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
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
      raised there. It drops what is raised while it tells of that, too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard_at = -_DEAF_SECONDS
    is_coming = has_ended = False
    thread, turn = threading.get_ident(), _thread.allocate_lock()

    def hear_again(seconds: float, number: int) -> None:
        nonlocal is_coming
        if is_coming:
            return  # One is enough, however often a key is pressed.
        is_coming = True
        # Not `threading`: this may have interrupted the start of a thread, which holds a lock.
        _thread.start_new_thread(send, (seconds, number))

    def send(seconds: float, number: int) -> None:
        nonlocal is_coming
        time.sleep(seconds)
        with turn:
            # Before it comes: what hears it may ask for it again at once.
            is_coming = False
            if not has_ended:
                signal.pthread_kill(thread, number)

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal heard_at
        if _runs(hear_dropped.__code__, frame):
            hear_again(_AGAIN_SECONDS, number)
            return
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
        with turn:
            has_ended = True
        sys.unraisablehook = hook
        for each, handler in before.items():
            signal.signal(each, handler)


def _runs(code: CodeType, frame: FrameType | None) -> bool:
    """True if a function is running in a frame, or in one that waits for it."""
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False
