"""Clocks in a test's hands, and moments of the real one that a test must see pass."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, tzinfo

SHORT = timedelta(seconds=6)
"""Many times what a few calls take, since machines are busy."""


def shortly() -> datetime:
    """A moment that comes soon, and not before what a test says ahead of it."""
    return datetime.now(UTC) + SHORT


def today(zone: tzinfo = UTC) -> date:
    """The day of now, with two minutes of it left at least: near midnight, wait for the next."""
    now = datetime.now(zone)
    if (later := now + timedelta(minutes=2)).date() != now.date():
        let_pass(later.replace(hour=0, minute=0, second=0, microsecond=0))
    return datetime.now(zone).date()


def let_pass(moment: datetime) -> None:
    """Wait until a moment is over."""
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()) + 0.2)


class Time:
    """Seconds that pass only when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now
