"""Deadlines: where the time of a published rule ends, in the calendar of whom it binds.

Calendars and times are data on the log (`publish_calendar`, `publish_time_limit`). A deadline is
computed once, at the entry that starts its clock, from what is published by then. A later
publication moves no deadline that runs.

Where no calendar is published for a year, Saturdays and Sundays alone are left out, and the
deadline names that year (`Deadline.unpublished`). Nobody is in default by such a deadline: it is
shown, and sets no due time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import TimeLimitRule
from exchange_protocol.kinds.publish_calendar import PublishCalendar, day_of
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.trust.identity import AgencyId

MOST_YEARS_AHEAD: Final = 5
"""Calendars are published at most so many years before they begin."""
_DAY: Final = timedelta(days=1)
_USUAL_WEEKEND: Final = (6, 7)

_NOT_LONGER: Final = (
    (TimeLimitRule.URGENT_DECISION, TimeLimitRule.DECISION),
    (TimeLimitRule.ACKNOWLEDGEMENT, TimeLimitRule.REPLY),
    (TimeLimitRule.REPLY_AT_HAND, TimeLimitRule.REPLY),
    (TimeLimitRule.URGENT_REPLY, TimeLimitRule.REPLY),
    (TimeLimitRule.URGENT_REPLY_AT_HAND, TimeLimitRule.URGENT_REPLY_INDIRECT),
    (TimeLimitRule.URGENT_REPLY_AT_HAND, TimeLimitRule.URGENT_REPLY),
    (TimeLimitRule.URGENT_REPLY_INDIRECT, TimeLimitRule.URGENT_REPLY),
)
"""Pairs of rules of which the first may not last longer than the second."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a time, and the years that were counted without a published calendar."""

    at: datetime
    unpublished: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkingYear:
    """A published calendar, with its days off as days."""

    calendar: PublishCalendar
    off: frozenset[date] = field(init=False, repr=False, compare=False)
    worked: frozenset[date] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Take the days by their numbers."""
        year = self.calendar.year
        off = frozenset(day_of(year, number) for number in self.calendar.days_off)
        worked = frozenset(day_of(year, number) for number in self.calendar.days_worked)
        object.__setattr__(self, "off", off)
        object.__setattr__(self, "worked", worked)

    @property
    def offset(self) -> timedelta:
        """The difference of its days from those of UTC."""
        return timedelta(minutes=self.calendar.utc_offset_minutes)

    def is_worked(self, day: date) -> bool:
        """True for a working day."""
        if day in self.off:
            return False
        return day in self.worked or day.isoweekday() not in self.calendar.weekend


@dataclass(frozen=True, slots=True)
class TimeRules:
    """The times and calendars that are published at an entry, and the agencies' countries."""

    limits: Mapping[tuple[TimeLimitRule, str], PublishTimeLimit] = field(default_factory=dict)
    """Limits by rule and country; an empty country is all without a limit of their own."""
    calendars: Mapping[tuple[str, int], WorkingYear] = field(default_factory=dict)
    """Calendars by country and year; an empty country is that of international agencies."""
    countries: Mapping[AgencyId, str] = field(default_factory=dict)

    def limit(self, rule: TimeLimitRule, country: str) -> PublishTimeLimit | None:
        """The time of a rule for a country: its own, else that of all; None if none."""
        return self.limits.get((rule, country)) or self.limits.get((rule, ""))

    def deadline(self, rule: TimeLimitRule, agency: AgencyId, start: datetime) -> Deadline | None:
        """The end of a rule's time that binds an agency and begins at `start`; None if none."""
        country = self.countries.get(agency, "")
        limit = self.limit(rule, country)
        if limit is None:
            return None
        if limit.working_days is None:
            return Deadline(start + timedelta(hours=limit.least_hours))
        return self._after_working_days(country, limit.working_days, start)

    def _after_working_days(self, country: str, days: int, start: datetime) -> Deadline:
        """The day of the start is not counted; the time ends with the last working day."""
        unpublished: set[int] = set()
        day = (start.astimezone(UTC) + self._offset(country, start.year)).date()
        left = days
        while left:
            day += _DAY
            left -= self._is_worked(country, day, unpublished)
        midnight = datetime.combine(day + _DAY, time(), UTC)
        return Deadline(midnight - self._offset(country, day.year), tuple(sorted(unpublished)))

    def _is_worked(self, country: str, day: date, unpublished: set[int]) -> bool:
        year = self.calendars.get((country, day.year))
        if year is None:
            unpublished.add(day.year)
            return day.isoweekday() not in _USUAL_WEEKEND
        return year.is_worked(day)

    def _offset(self, country: str, year: int) -> timedelta:
        """The offset of the year's calendar, else of the country's nearest year, else of UTC."""
        published = self.calendars.get((country, year))
        if published is not None:
            return published.offset
        years = [each for of, each in self.calendars if of == country]
        if not years:
            return timedelta(0)
        nearest = min(years, key=lambda each: (abs(each - year), each))
        return self.calendars[country, nearest].offset

    def with_limit(self, body: PublishTimeLimit) -> TimeRules:
        """Give these rules with one more limit.

        Raises:
            InvalidInput: COUNTRY_UNKNOWN, or TIME_LIMITS_CONTRADICT with the other rule.
        """
        self._check_country(body.country)
        limits = MappingProxyType({**self.limits, (body.rule, body.country): body})
        changed = TimeRules(limits, self.calendars, self.countries)
        countries = {body.country} if body.country else {country for _, country in limits}
        for country in sorted(countries):
            changed._check_order(country)
        return changed

    def _check_order(self, country: str) -> None:
        for shorter, longer in _NOT_LONGER:
            least, most = self.limit(shorter, country), self.limit(longer, country)
            if least and most and least.least_hours > most.least_hours:
                raise Reason.TIME_LIMITS_CONTRADICT.error(
                    f"expected {shorter.name} to last no longer than {longer.name} "
                    f"for {country or 'all countries'}; got at least {least.least_hours} h "
                    f"and {most.least_hours} h",
                    field="rule",
                )

    def with_calendar(self, body: PublishCalendar, at: datetime) -> TimeRules:
        """Give these rules with one more calendar, published at the hub's time `at`.

        Raises:
            InvalidInput: COUNTRY_UNKNOWN, or CALENDAR_YEAR_INVALID.
        """
        self._check_country(body.country)
        if not at.year <= body.year <= at.year + MOST_YEARS_AHEAD:
            raise Reason.CALENDAR_YEAR_INVALID.error(
                f"expected a year from {at.year} to {at.year + MOST_YEARS_AHEAD}, got {body.year}: "
                "a year that is over cannot change, and one far ahead is not known",
                field="year",
            )
        published = WorkingYear(body)
        calendars = {**self.calendars, (body.country, body.year): published}
        return TimeRules(self.limits, MappingProxyType(calendars), self.countries)

    def _check_country(self, country: str) -> None:
        if country and country not in self.countries.values():
            known = ", ".join(sorted(set(self.countries.values()) - {""}))
            raise Reason.COUNTRY_UNKNOWN.error(
                f"expected a country of an enrolled agency ({known}), got {country}",
                field="country",
            )
