"""The clock of this computer beside the times of the log: what is said where they disagree.

An audit does not lean on this clock. A person does: by it a last entry seems new or old. Which of
the two clocks is wrong an auditor cannot tell, so nobody is accused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from agency_client.audit.report import AuditReport, Scope
from exchange_protocol.record.entries import MOST_AHEAD, MOST_BEHIND

_APART: Final = timedelta(minutes=5)
"""Clocks that a time service keeps are closer together."""


class Clock(Enum):
    """The ways in which this clock and the log's times disagree."""

    BEHIND = "behind"
    """The last entry is of a time that has not come yet by this clock."""
    AHEAD = "ahead"
    """An entry came between two looks, and bears a time long before the first of them."""
    QUIET = "quiet"
    """The last entry is old: nobody wrote since, this clock is ahead, or an old log is shown."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A clock and a last entry that do not fit together."""

    clock: Clock
    now: datetime
    """By this computer."""
    last_time: datetime
    """By the hub."""

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return {
            "is": self.clock.value,
            "computer": self.now.isoformat(),
            "last_entry": self.last_time.isoformat(),
        }


def disagreement(
    report: AuditReport,
    now: datetime,
    *,
    is_copy: bool = False,
    looked_at: datetime | None = None,
) -> Disagreement | None:
    """Compare this clock with the time of the last entry that was opened.

    Args:
        report: the report of an audit; in a partial one the newest entries may be closed.
        now: the time by this computer.
        is_copy: True for a copy of the database, which may well be old.
        looked_at: the time by this computer at which the last entry was not there yet.
    """
    last_time, is_newest = report.last_time, report.scope is Scope.COMPLETE
    if last_time is None:
        return None
    if last_time - now > _APART:
        clock = Clock.BEHIND
    elif is_newest and looked_at is not None and looked_at - last_time > MOST_AHEAD:
        clock = Clock.AHEAD
    elif is_newest and not is_copy and now - last_time > MOST_BEHIND:
        clock = Clock.QUIET
    else:
        return None
    return Disagreement(clock, now, last_time)
