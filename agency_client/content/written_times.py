"""Days and moments as people and programs write them: 2026-12-05, and 2026-12-05T18:00 with a zone.

Python's own readers take more forms, and more of them with each version: 20261205 was the beginning
of that day to one of them and its end to the other, 2026-W49 is a Monday, and any sign may stand
between a day and its time.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    rf"(?P<day>{_DAY.pattern})[T ]"
    r"(?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"(?: ?(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
"""As programs write it, with up to nine digits of a second, and as pages here show it."""
_END_OF_DAY: Final = re.compile(r"24:00(?::00(?:\.0+)?)?")


def read_day(text: str) -> date:
    """Read a day of the calendar; raises ValueError for any other text."""
    if not _DAY.fullmatch(text):
        raise ValueError("expected a day such as 2026-12-05")
    return date.fromisoformat(text)


def read_moment(text: str) -> datetime:
    """Read a moment, with or without its zone; raises ValueError for any other text.

    24:00 is the end of its day.
    """
    found = _MOMENT.fullmatch(text)
    if not found:
        raise ValueError("expected a time such as 2026-12-05T18:00+05:00")
    day, time, zone = found["day"], found["time"], found["zone"] or ""
    if not _END_OF_DAY.fullmatch(time):
        return datetime.fromisoformat(f"{day}T{time}{zone}")
    try:
        return datetime.fromisoformat(f"{day}T00:00{zone}") + timedelta(days=1)
    except OverflowError:
        raise ValueError("expected a time before the year 10000") from None
