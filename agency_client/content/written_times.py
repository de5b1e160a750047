"""Days and moments as people and programs write them: 2026-12-05, and 2026-12-05T18:00 with a zone.

Python's own readers take more forms, and more of them with each version: 20261205 was the beginning
of that day to one of them and its end to the other, 2026-W49 is a Monday, and any sign may stand
between a day and its time.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    rf"{_DAY.pattern}[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,6}})?)?"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def read_day(text: str) -> date:
    """Read a day of the calendar; raises ValueError for any other text."""
    if not _DAY.fullmatch(text):
        raise ValueError("expected a day such as 2026-12-05")
    return date.fromisoformat(text)


def read_moment(text: str) -> datetime:
    """Read a moment, with or without its zone; raises ValueError for any other text."""
    if not _MOMENT.fullmatch(text):
        raise ValueError("expected a time such as 2026-12-05T18:00+05:00")
    return datetime.fromisoformat(text)
