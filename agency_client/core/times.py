"""The due time of an answer: the forms in which people and programs say it.

    timedelta(days=7), "7d", "8h", "30m", "2w"     from now on
    date(2026, 12, 5), "2026-12-05"                to the end of that day, in a time zone;
                                                   the statement keeps the day as well
    an aware datetime, "2026-12-05T18:00+05:00"    that moment

A date means its end where something is due or lasts until it: what is due on a day may come until
then. For any other time it means the day's beginning. A time without its zone is refused: it is
another moment in each member state.
"""

from __future__ import annotations

import re
from datetime import MAXYEAR, date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple

from agency_client.content.written_times import read_day, read_moment
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.days import end_of_day
from exchange_protocol.rules.statements import MAX_DUE

Due = timedelta | datetime | date | str
"""The due time of an answer; the module's docstring lists the forms."""

_SPAN: Final = re.compile(r"([0-9]{1,4})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORMS: Final = (
    "expected a timedelta, a date, a datetime with its zone, or a text such as 7d, 8h, 2026-12-05 "
    "or 2026-12-05T18:00+05:00"
)
_FORMS_OF_MOMENTS: Final = (
    "expected a date, a datetime with its zone, or a text such as 2026-12-05 or "
    "2026-12-05T18:00+05:00"
)


class GivenTime(NamedTuple):
    """A time as a person gave it."""

    at: datetime
    """The moment that counts; of a day its end."""
    day: date | None
    """The day, where a day was given."""


def parse_due(due: Due, now: datetime, zone: tzinfo) -> GivenTime:
    """The moment when an answer is due, and the day if a day was given.

    Args:
        due: one of the forms above.
        now: the present time, aware.
        zone: the time zone in which a date ends.

    Raises:
        InvalidInput: INVALID_FIELD, for another form or a time without its zone; DUE_TIME_PAST;
            DUE_TIME_TOO_FAR.
    """
    found = _given(due, now, zone, "due")
    if found.at <= now:
        raise Reason.DUE_TIME_PAST.error(
            f"expected a time to come, got {found.at.isoformat(timespec='seconds')}", field="due"
        )
    if found.at - now > MAX_DUE:
        raise Reason.DUE_TIME_TOO_FAR.error(
            f"expected a time at most {MAX_DUE.days} days ahead, "
            f"got {found.at.isoformat(timespec='seconds')}",
            field="due",
        )
    return found


def parse_end(given: datetime | date | str, zone: tzinfo, *, field: str) -> GivenTime:
    """A moment until which something lasts; a date means its end.

    Raises:
        InvalidInput: INVALID_FIELD; EXPIRY_TOO_FAR for the last year of the calendar, which people
            mean as "for ever".
    """
    found = _end(given, zone, field)
    if found.at.year >= MAXYEAR:
        raise Reason.EXPIRY_TOO_FAR.error(
            f"expected an end that can be reached, got {found.at.isoformat()}", field=field
        )
    return found


def parse_day(given: date | str, *, field: str) -> date:
    """A day of the calendar, given as a date or a text; raises INVALID_FIELD."""
    if isinstance(given, str):
        given = _read(given, field, "expected a day such as 2026-12-05")
    if isinstance(given, datetime) or not isinstance(given, date):
        raise _invalid(f"expected a day such as 2026-12-05, got {given!s:.64}", field)
    return given


def parse_moment(
    given: datetime | date | str, zone: tzinfo, *, field: str, forms: str = _FORMS_OF_MOMENTS
) -> datetime:
    """A moment, past or to come, given as a date or a time; raises INVALID_FIELD.

    A date means its first moment in the zone.
    """
    if isinstance(given, str):
        given = _read(given, field, forms)
    if isinstance(given, datetime):
        if given.utcoffset() is None:  # A time zone may know no offset.
            raise _invalid(
                f"expected a time with its zone, got {given.isoformat(timespec='seconds')}", field
            )
        return given
    if isinstance(given, date):
        return datetime.combine(given, time.min, zone)
    raise _invalid(f"{forms}; got {type(given).__name__}", field)


def _given(due: Due, now: datetime, zone: tzinfo, field: str) -> GivenTime:
    if isinstance(due, str) and (span := _SPAN.fullmatch(due.strip())):
        due = timedelta(**{_UNITS[span[2]]: int(span[1])})
    if isinstance(due, timedelta):
        try:
            return GivenTime(now + due, None)
        except OverflowError:
            raise _invalid("expected a time before the year 10000", field) from None
    return _end(due, zone, field, _FORMS)


def _end(
    given: datetime | date | str, zone: tzinfo, field: str, forms: str = _FORMS_OF_MOMENTS
) -> GivenTime:
    if isinstance(given, str):
        given = _read(given, field, forms)
    if isinstance(given, datetime) or not isinstance(given, date):
        return GivenTime(parse_moment(given, zone, field=field, forms=forms), None)
    return GivenTime(end_of_day(given, zone), given)


def _read(text: str, field: str, forms: str) -> datetime | date:
    for parse in (read_day, read_moment):
        try:
            return parse(text.strip())
        except ValueError:
            continue
    raise _invalid(f"{forms}; got {text[:64]!r}", field)


def _invalid(why: str, field: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(why, field=field)
