"""Time zones by name, told apart from a machine that knows none."""

from __future__ import annotations

from datetime import MAXYEAR, UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.publish_calendar import FIRST_YEAR


def find_zone(name: str) -> ZoneInfo:
    """Find a time zone; raises INVALID_FIELD if there is none, or this machine has no data."""
    if not _known():
        raise Reason.INVALID_FIELD.error(
            "this machine has no time-zone data, so no day or time can be understood: install the "
            "system's package tzdata, or `pip install tzdata`",
            field="time_zone",
        )
    check_zone(name)
    return ZoneInfo(name)


def check_zone(name: str) -> None:
    """Check a name; raises INVALID_FIELD. A machine without time-zone data leaves it to the hub."""
    if _known() and name not in _known():
        raise Reason.INVALID_FIELD.error(
            f"expected an IANA time zone such as Asia/Almaty, got {name[:64]!r}", field="time_zone"
        )


def check_offset(name: str, year: int, minutes: int) -> None:
    """Check that a zone has an offset from UTC in a year; raises INVALID_FIELD.

    The log keeps both, and deadlines are counted by the offset alone: a wrong one would end every
    day of that state at another hour.
    """
    check_zone(name)
    if not _known() or not FIRST_YEAR <= year < MAXYEAR:
        return  # A machine without time-zone data leaves it to the reviewer, the year to the rules.
    zone, first = ZoneInfo(name), datetime(year, 1, 1, tzinfo=UTC)
    days = (first + timedelta(days=day) for day in range(366))
    found = {day.astimezone(zone).utcoffset() for day in days}
    offsets = sorted(each // timedelta(minutes=1) for each in found if each is not None)
    if minutes not in offsets:
        raise Reason.INVALID_FIELD.error(
            f"expected the minutes by which {name} is ahead of UTC in {year}, "
            f"{' or '.join(map(str, offsets))}; got {minutes}",
            field="utc_offset_minutes",
        )


@cache
def _known() -> frozenset[str]:
    """All names; the search through the files of the system takes some 15 ms."""
    return frozenset(available_timezones())
