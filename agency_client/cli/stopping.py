"""Signals that end the command: Ctrl-C, SIGTERM, a terminal that is closed (SIGHUP).

What ends a command after its statement came into the outbox, a signal or an error, tells what
became of the statement: a repetition of the command would send it twice.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Final

from exchange_protocol.errors import ExchangeError

if TYPE_CHECKING:
    from agency_client.state.outbox import Outbox

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOPPED: Final = 128
"""A shell adds the number of the signal to it."""
_DEAF_SECONDS: Final = 5.0
"""After a signal, while what was done is kept and told; a person presses Ctrl-C twice."""
_AGAIN_SECONDS: Final = 0.01
_OUTBOXES: ContextVar[list[Outbox]] = ContextVar("outboxes")


class Stopped(BaseException):
    """A signal ends the command."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.exit_code = _STOPPED + number


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of the statements that a command has put into the outbox."""

    waiting: tuple[str, ...] = ()
    """Ids of the statements that wait in the outbox."""
    sent: tuple[str, ...] = ()
    """Ids of the statements that the hub has; their receipts are kept."""

    def __bool__(self) -> bool:
        return bool(self.waiting or self.sent)

    def __str__(self) -> str:
        said = [
            f"statement {each} waits in the outbox, and the hub may have it already: "
            f"`agency outbox flush` sends it, `agency outbox withdraw {each}` takes it back"
            for each in self.waiting
        ]
        said += [f"statement {each} was sent, and its receipt is kept" for each in self.sent]
        return "; ".join(said)


NOTHING_BEGUN: Final = Begun()


@contextmanager
def heeding_signals() -> Iterator[None]:
    """A block in which a signal raises Stopped, in the main thread.

    - A signal that the parent process had ignored stays so.
    - What follows within some seconds is not heard: it would cut off the telling of what was done.
    - A signal that comes while Python runs a destructor is raised again: Python drops what is
      raised there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard_at = -_DEAF_SECONDS
    again: list[threading.Timer] = []
    thread = threading.get_ident()

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal heard_at
        now = time.monotonic()
        if now - heard_at < _DEAF_SECONDS:
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
        words = (thread, unraisable.exc_value.number)
        again.append(threading.Timer(_AGAIN_SECONDS, signal.pthread_kill, words))
        again[-1].start()

    before = {
        each: signal.signal(each, stop)
        for each in _SIGNALS
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


@contextmanager
def noting_outboxes() -> Iterator[None]:
    """A block after which `begun` tells of what was put into the outboxes of its clients."""
    token = _OUTBOXES.set([])
    try:
        yield
    finally:
        _OUTBOXES.reset(token)


def note_outbox(outbox: Outbox) -> None:
    """Have `begun` tell of the statements of a client that may send."""
    with suppress(LookupError):
        _OUTBOXES.get().append(outbox)


def begun() -> Begun:
    """What became of the statements of this command, as far as the disk tells."""
    waiting, sent = [], []
    for outbox in _OUTBOXES.get([]):
        for each in outbox.begun:
            # A damaged file is no reason to be silent on the other statements.
            with suppress(ExchangeError, OSError):
                if outbox.holds(each):
                    waiting.append(each)
                elif outbox.receipt(each):
                    sent.append(each)
    return Begun(tuple(waiting), tuple(sent))
