"""Days of a form, as people type them: in three fields, or with dots or dashes between.

A browser writes its own field for a day in the language of the browser, whatever the page's is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

PARTS: Final = ("day", "month", "year")
"""Ends of the names of the three fields, in the order in which they stand."""

_DAY_FIRST: Final = re.compile(r"\s*([0-9]{1,2})[.-]([0-9]{1,2})[.-]([0-9]{4})\s*", re.ASCII)


def typed_day(given: str) -> str:
    """A day such as "2.1.1980" or "2-1-1980", as programs write it; any other text as it is."""
    found = _DAY_FIRST.fullmatch(given)
    return _iso(*found.groups()) if found else given


def joined_days(fields: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The fields of a form with one for each day; what is no day stays, to be shown again."""
    made: dict[str, list[str]] = {}
    days: dict[str, dict[str, str]] = {}
    for name, values in fields.items():
        whole, _, part = name.rpartition(".")
        if whole and part in PARTS:
            days.setdefault(whole, {})[part] = values[0].strip()
        else:
            made[name] = values
    for name, parts in days.items():
        day, month, year = (parts.get(each, "") for each in PARTS)
        # A whole day that was pasted into the first field.
        made[name] = [_iso(day, month, year) if month or year else typed_day(day)]
    return made


def parts_of_day(given: str) -> dict[str, str]:
    """The three fields of a day that `joined_days` made."""
    year, month, day = [*given.split("-", 2), "", ""][:3] if "-" in given else ("", "", given)
    return dict(zip(PARTS, (day, month, year), strict=True))


def _iso(day: str, month: str, year: str) -> str:
    return "-".join((year, _two(month), _two(day)))


def _two(digits: str) -> str:
    return digits.zfill(2) if digits else ""
