"""The hub's clock, which stops the hub rather than jump ahead.

The time of the log never goes back. An entry that was made under a clock that is days ahead would
hold up what comes after it until true time has caught up. So the clock of the ledger is compared
with the time that has passed since the hub began: a clock that has jumped ahead is taken for wrong
until it agrees again. An operator who knows it to be right starts the hub anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from exchange_protocol.errors import Reason

MOST_JUMP: Final = timedelta(hours=12)
"""Auditors allow an entry to be 31 days ahead of its author: a jump of hours does no harm, and a
virtual machine that was stopped for a while makes one."""


def seconds_passed() -> float:
    """Seconds of a clock that nobody sets, those in which the machine slept among them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """A clock; raises UNAVAILABLE while it is more than `MOST_JUMP` ahead of the time passed."""

    def __init__(
        self, clock: Callable[[], datetime], passed: Callable[[], float] = seconds_passed
    ) -> None:
        self._clock = clock
        self._passed = passed
        self._began = clock() - timedelta(seconds=passed())

    def __call__(self) -> datetime:
        """The time; raises HubUnavailable while it cannot be true."""
        now = self._clock()
        expected = self._began + timedelta(seconds=self._passed())
        if now - expected > MOST_JUMP:
            raise Reason.UNAVAILABLE.error(
                f"the hub's clock says {now.isoformat()}, but {expected.isoformat()} was expected "
                "by the time that has passed since it began; its operator must set the clock, or "
                "start the hub anew if the clock is right"
            )
        return now
