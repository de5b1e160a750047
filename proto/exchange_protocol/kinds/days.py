"""Days of the calendar that a person gives, apart from moments.

A deadline counts as a moment. Its author often gives a day: an answer may then come until the end
of that day in the author's zone. A statement then keeps both, the day as it was given and the
moment of its end. The two fix the zone, so no reader needs a table of time zones, and nobody shows
another day than the one that was given (docs/rules.md#d1).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

from exchange_protocol.errors import Reason
from exchange_protocol.v1 import statement_pb2 as pb

DAY_ENDS: Final = time(23, 59, 59)
"""The last second of a day: what is due on a day may come until then."""

_EAST: Final = timedelta(hours=14)
_WEST: Final = timedelta(hours=-12)
_STEP: Final = timedelta(minutes=15)
_FIRST_YEAR: Final = 1000
"""The first of the years that are written with four digits."""


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The moment at which a day ends in a zone."""
    return datetime.combine(day, DAY_ENDS, zone)


def parse_day(message: pb.Day, where: str) -> date:
    """Take a day of the calendar; raises INVALID_FIELD for one that does not exist."""
    year, month, day = message.year, message.month, message.day
    try:
        if year >= _FIRST_YEAR:
            return date(year, month, day)
    except (ValueError, OverflowError):
        pass
    raise Reason.INVALID_FIELD.error(
        f"expected a day of the calendar, got year {year}, month {month}, day {day}", field=where
    )


def to_day(day: date) -> pb.Day:
    """Encode a day."""
    return pb.Day(year=day.year, month=day.month, day=day.day)


def check_day(day: date | None, end: datetime | None, where: str) -> None:
    """Check that a moment is the end of the day beside it; raises INVALID_FIELD."""
    if day is None:
        return
    if end is None or _zone(day, end) is None:
        got = "none" if end is None else end.isoformat()
        raise Reason.INVALID_FIELD.error(
            f"expected the end of {day.isoformat()} (23:59:59 in the zone of the author) as the "
            f"moment beside that day, got {got}",
            field=where,
        )


def in_zone_of_day(end: datetime, day: date | None) -> datetime:
    """A moment in the zone in which its day was given; in UTC where no day was given."""
    zone = None if day is None else _zone(day, end)
    return end.astimezone(UTC if zone is None else zone)


def moment_text(end: datetime, day: date | None) -> str:
    """A moment for an error: the day with its zone where one was given."""
    at = in_zone_of_day(end, day).isoformat()
    return at if day is None else f"the end of {day.isoformat()} (UTC{at[-6:]})"


def _zone(day: date, end: datetime) -> timezone | None:
    """The zone in which a day ends at a moment; None if there is no such zone on earth."""
    offset = datetime.combine(day, DAY_ENDS, UTC) - end
    if not _WEST <= offset <= _EAST or offset % _STEP:
        return None
    return timezone(offset)
