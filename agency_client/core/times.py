"""The due time of an answer: the forms in which people and programs say it.

    timedelta(days=7), "7d", "8h", "30m", "2w"     from now on
    date(2026, 12, 5), "2026-12-05"                to the end of that day, in a time zone
    an aware datetime, "2026-12-05T18:00+05:00"    that moment

A date means its end only here: what is due on a day may come until then. For any other time it
means the day's beginning. A time without its zone is refused: it is another moment in each member
state.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason

Due = timedelta | datetime | date | str
"""The due time of an answer; the module's docstring lists the forms."""

_DAY_ENDS: Final = time(23, 59, 59)
_SPAN: Final = re.compile(r"([0-9]{1,4})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORMS: Final = (
    "expected a timedelta, a date, a datetime with its zone, or a text such as 7d, 8h, 2026-12-05 "
    "or 2026-12-05T18:00+05:00"
)


def parse_due(due: Due, now: datetime, zone: tzinfo, *, field: str = "due") -> datetime:
    """The moment when an answer is due.

    Args:
        due: one of the forms above.
        now: the present time, aware.
        zone: the time zone in which a date ends.
        field: name of the argument, for errors.

    Raises:
        InvalidInput: INVALID_FIELD, for another form or a time without its zone; DUE_TIME_PAST.
    """
    at = _moment(due, now, zone, field)
    if at <= now:
        raise Reason.DUE_TIME_PAST.error(
            f"expected a time to come, got {at.isoformat(timespec='seconds')}", field=field
        )
    return at


def parse_moment(
    given: datetime | date | str, zone: tzinfo, *, field: str, of_day: time = time.min
) -> datetime:
    """A moment, past or to come, given as a date or a time; raises INVALID_FIELD.

    A date means its first moment in the zone, or the time `of_day`.
    """
    if isinstance(given, str):
        given = _read(given, field)
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise _invalid(
                f"expected a time with its zone, got {given.isoformat(timespec='seconds')}", field
            )
        return given
    if isinstance(given, date):
        return datetime.combine(given, of_day, zone)
    raise _invalid(f"{_FORMS}; got {type(given).__name__}", field)


def _moment(due: Due, now: datetime, zone: tzinfo, field: str) -> datetime:
    if isinstance(due, str) and (span := _SPAN.fullmatch(due.strip())):
        due = timedelta(**{_UNITS[span[2]]: int(span[1])})
    if isinstance(due, timedelta):
        try:
            return now + due
        except OverflowError:
            raise _invalid("expected a time before the year 10000", field) from None
    return parse_moment(due, zone, field=field, of_day=_DAY_ENDS)


def _read(text: str, field: str) -> datetime | date:
    # Digits of other scripts look like others here.
    if text.isascii():
        for parse in (date.fromisoformat, datetime.fromisoformat):
            try:
                return parse(text.strip())
            except ValueError:
                continue
    raise _invalid(f"{_FORMS}; got {text[:64]!r}", field)


def _invalid(why: str, field: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(why, field=field)
