"""Signals that end the command: Ctrl-C, SIGTERM, a terminal that is closed (SIGHUP).

The message names the work under way, and it is remembered: a repetition is asked about.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOPPED: Final = 128
"""A shell adds the number of the signal to it."""


class Stopped(BaseException):
    """A signal ends the command."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = _STOPPED + number


class StoppedSending(Exception):
    """A signal ended the command while its statements were in the outbox, or just sent."""

    def __init__(self, exit_code: int, waiting: tuple[str, ...], sent: tuple[str, ...]) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code
        self.waiting = waiting
        """Ids of the statements that wait in the outbox."""
        self.sent = sent
        """Ids of the statements that the hub has; their receipts are kept."""

    def __str__(self) -> str:
        said = ["stopped"]
        for each in self.waiting:
            said.append(
                f"statement {each} waits in the outbox, and the hub may have it already: "
                f"`agency outbox flush` sends it, `agency outbox withdraw {each}` takes it back"
            )
        said += [f"statement {each} was sent, and its receipt is kept" for each in self.sent]
        return "; ".join(said)


@contextmanager
def heeding_signals() -> Iterator[None]:
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
        for each in _SIGNALS
        if signal.getsignal(each) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def telling_what_waits(hub: ExchangeClient) -> Iterator[None]:
    """A block that may send: a signal within it says what became of the statements."""
    try:
        yield
    except Stopped as stop:
        outbox, begun = hub.outbox, hub.outbox.begun
        waiting = tuple(each for each in begun if outbox.holds(each))
        sent = tuple(each for each in begun if each not in waiting and outbox.receipt(each))
        if not waiting and not sent:
            raise
        raise StoppedSending(stop.exit_code, waiting, sent) from None
