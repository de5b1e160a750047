"""`publish_calendar`: the working days of a country in one year, as data on the log.

Every day off is named, so deadlines need no list of holidays and no time-zone data of the machine:
hub, client and auditor count the same days for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date
from itertools import pairwise
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.fields import parse_country, parse_time_zone
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words

FIRST_YEAR = 2020
MOST_OFFSET_MINUTES = 14 * 60
WEEK = range(1, 8)


@dataclass(frozen=True, slots=True)
class PublishCalendar(Body):
    """The days of a year that are not worked, by month * 100 + day; `country` as in an enrolment.

    `weekend` holds days of the week from 1 (Monday) to 7 (Sunday). `days_off` come beside them, and
    `days_worked` are days of the weekend that are worked.
    """

    country: str
    year: int
    time_zone: str
    utc_offset_minutes: int
    weekend: tuple[int, ...]
    days_off: tuple[int, ...] = ()
    days_worked: tuple[int, ...] = ()


def day_of(year: int, number: int, where: str = "days_off") -> date:
    """The day that a number such as 1216 names; raises CALENDAR_DAY_IMPOSSIBLE."""
    try:
        return date(year, number // 100, number % 100)
    except ValueError:
        raise Reason.CALENDAR_DAY_IMPOSSIBLE.error(
            f"expected a day of {year} as month * 100 + day, got {number}", field=where
        ) from None


def _parse(message: Any, where: str) -> Body:
    if not FIRST_YEAR <= message.year < MAXYEAR:
        raise Reason.CALENDAR_YEAR_INVALID.error(
            f"expected a year from {FIRST_YEAR} on, got {message.year}", field=f"{where}.year"
        )
    if abs(message.utc_offset_minutes) > MOST_OFFSET_MINUTES:
        raise Reason.INVALID_FIELD.error(
            f"expected at most {MOST_OFFSET_MINUTES} minutes, got {message.utc_offset_minutes}",
            field=f"{where}.utc_offset_minutes",
        )
    calendar = PublishCalendar(
        country=parse_country(message.country, f"{where}.country") if message.country else "",
        year=message.year,
        time_zone=parse_time_zone(message.time_zone, f"{where}.time_zone"),
        utc_offset_minutes=message.utc_offset_minutes,
        weekend=_each_once(message.weekend, f"{where}.weekend"),
        days_off=_each_once(message.days_off, f"{where}.days_off"),
        days_worked=_each_once(message.days_worked, f"{where}.days_worked"),
    )
    if any(day not in WEEK for day in calendar.weekend) or len(calendar.weekend) >= len(WEEK):
        raise Reason.CALENDAR_DAY_IMPOSSIBLE.error(
            f"expected fewer than 7 days of the week, from 1 (Monday) to 7; got {calendar.weekend}",
            field=f"{where}.weekend",
        )
    for number in calendar.days_off:
        day_of(calendar.year, number, f"{where}.days_off")
    for number in calendar.days_worked:
        day = day_of(calendar.year, number, f"{where}.days_worked")
        if day.isoweekday() not in calendar.weekend:
            raise Reason.CALENDAR_DAY_IMPOSSIBLE.error(
                f"expected days of the weekend that are worked, but {day} is no day of the weekend",
                field=f"{where}.days_worked",
            )
        if number in calendar.days_off:
            raise Reason.CALENDAR_DAY_TWICE.error(
                f"{day} is named as a day off and as a day that is worked",
                field=f"{where}.days_worked",
            )
    if not any(_is_worked(calendar, day) for day in _days_of(calendar.year)):
        raise Reason.CALENDAR_DAY_IMPOSSIBLE.error(
            f"expected working days in {calendar.year}, got a year without any: a time that is "
            "counted in working days would not end in it",
            field=f"{where}.days_off",
        )
    return calendar


def _days_of(year: int) -> Iterator[date]:
    first, after = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    return map(date.fromordinal, range(first, after))


def _is_worked(calendar: PublishCalendar, day: date) -> bool:
    number = day.month * 100 + day.day
    if number in calendar.days_off:
        return False
    return number in calendar.days_worked or day.isoweekday() not in calendar.weekend


def _each_once(numbers: Sequence[int], where: str) -> tuple[int, ...]:
    for before, number in pairwise(numbers):
        if number == before:
            raise Reason.CALENDAR_DAY_TWICE.error(
                f"expected each day once, got {number} twice", field=where
            )
        if number < before:
            raise Reason.INVALID_FIELD.error(
                f"expected days in their order, got {number} after {before}", field=where
            )
    return tuple(numbers)


SPEC = KindSpec(
    body=PublishCalendar,
    stage=Stage.DIRECTORY,
    words=Words("working calendar", "производственный календарь", "жұмыс күнтізбесі"),
    parse=_parse,
)
