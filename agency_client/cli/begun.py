"""The fate of the statements of a command that a signal or an error has ended.

A repetition of the command would send its own statements twice. Those of earlier commands, which
waited and which this one was sending, are told too when it was stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from exchange_protocol.errors import ExchangeError

if TYPE_CHECKING:
    from agency_client.state.outbox import Outbox

_OUTBOXES: ContextVar[list[Outbox]] = ContextVar("outboxes")


@dataclass(frozen=True, slots=True)
class Begun:
    """The fate of the statements that a command has put into the outbox."""

    waiting: tuple[str, ...] = ()
    """Ids of the statements that wait in the outbox."""
    sent: tuple[str, ...] = ()
    """Ids of the statements that the hub has; their receipts are kept."""
    earlier_waiting: tuple[str, ...] = ()
    """Ids of statements of earlier commands that this one was sending, and that still wait."""
    earlier_sent: tuple[str, ...] = ()
    """Ids of statements of earlier commands that this one has sent."""
    earlier_refused: tuple[str, ...] = ()
    """Ids of statements of earlier commands that the hub refused when this one sent them."""

    @property
    def stopped(self) -> str:
        """Words for a person whose signal has stopped the command."""
        said = [str(self)] if self else []
        said += [
            f"statement {each}, which waited from before, was sent, and its receipt is kept"
            for each in self.earlier_sent
        ]
        said += [
            f"statement {each}, which waited from before, was refused: `agency outbox list` says "
            "why"
            for each in self.earlier_refused
        ]
        said += [
            f"statement {each} still waits in the outbox, and the hub may have it already: "
            "`agency outbox flush` goes on"
            for each in self.earlier_waiting
        ]
        return "; ".join(said) or "nothing was sent"

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
    """Tell the fate of the statements of this command, as far as the disk shows it."""
    own: tuple[list[str], ...] = ([], [], [])
    earlier: tuple[list[str], ...] = ([], [], [])
    for outbox in _OUTBOXES.get([]):
        for each in dict.fromkeys([*outbox.begun, *outbox.tried]):
            waiting, sent, refused = own if each in outbox.begun else earlier
            # A damaged file is no reason to be silent on the other statements.
            with suppress(ExchangeError, OSError):
                if outbox.holds(each):
                    waiting.append(each)
                elif outbox.has_refused(each):
                    refused.append(each)
                elif outbox.receipt(each):
                    sent.append(each)
    return Begun(tuple(own[0]), tuple(own[1]), *map(tuple, earlier))
