"""The memory of a hub that was away: for some seconds new statements are not offered to it.

Each attempt to reach a hub that is away takes a second or more. A program that sends many
statements would pay that for each of them. So the first failure is remembered: until its time is
over, a new statement goes to the outbox at once. Calls that can do nothing without the hub (`get`,
`sync`, `flush_outbox`) always ask it, and their success ends the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from exchange_protocol.errors import ExchangeError, HubUnavailable, Reason

AWAY_SECONDS: Final = 5.0
"""The time for which a hub that could not be reached is taken to be away."""


class Reach:
    """True if a new statement is worth an attempt to reach the hub; may be shared by threads."""

    def __init__(self, monotonic: Callable[[], float], *, queue_only: bool = False) -> None:
        self._monotonic = monotonic
        self._queue_only = queue_only
        self._away: tuple[float, HubUnavailable] | None = None

    def why_not(self) -> HubUnavailable | None:
        """The error for which an attempt now is of no use; None where it is of use."""
        if self._queue_only:
            error = Reason.UNAVAILABLE.error("this client only queues: `flush_outbox` sends")
            assert isinstance(error, HubUnavailable)  # noqa: S101 - for the type checker
            return error
        away = self._away
        if away is None or self._monotonic() >= away[0]:
            return None
        return away[1]

    def heed(self, outcomes: Iterable[object]) -> None:
        """Remember what calls that were made together say of the hub, each by its outcome."""
        for error in outcomes:
            if isinstance(error, HubUnavailable):
                self._away = self._monotonic() + AWAY_SECONDS, error

    @contextmanager
    def heeding(self) -> Iterator[None]:
        """Make a call in this block: what it says of the hub is remembered."""
        try:
            yield
        except HubUnavailable as error:
            self._away = self._monotonic() + AWAY_SECONDS, error
            raise
        except ExchangeError:
            self._away = None
            raise
        self._away = None
