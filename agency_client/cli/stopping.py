"""Signals that end the command: Ctrl-C, SIGTERM, a terminal that is closed (SIGHUP).

The message names the work under way, and it is remembered: a repetition is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from exchange_files import Stopped, heeding_signals

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

__all__ = ["Stopped", "StoppedSending", "heeding_signals", "telling_what_waits"]


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
