"""Times as people read them: how long until a due time, or since."""

from __future__ import annotations

from datetime import datetime, timedelta

_UNITS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)


def time_left(due_at: datetime, now: datetime) -> str:
    """The time until a due time ("due in 2 days"), or since then ("overdue by 3 hours")."""
    left = due_at - now
    words = _span(abs(left))
    return f"overdue by {words}" if left < timedelta(0) else f"due in {words}"


def _span(span: timedelta) -> str:
    for unit, name in _UNITS:
        count = span // unit
        if count:
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "less than a minute"
