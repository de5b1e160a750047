"""Files of working calendars and time limits (TOML): made by a command, reviewed, then published.

A calendar begins as the days off that the package `holidays` knows. Days that depend on the moon or
on a decree of the year are estimates there, so a person compares the file with the official list
before it is published. The days of the file are published, and nothing else counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, Final
from zoneinfo import ZoneInfo

from agency_client.content.written_times import read_day
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import TimeLimitRule
from exchange_protocol.kinds.publish_calendar import PublishCalendar
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.rules.calendars import TimeRules

ZONES: Final[Mapping[str, str]] = {
    "AZ": "Asia/Baku",
    "KG": "Asia/Bishkek",
    "KZ": "Asia/Almaty",
    "RU": "Europe/Moscow",
    "TJ": "Asia/Dushanbe",
    "TM": "Asia/Ashgabat",
    "UZ": "Asia/Tashkent",
}
"""The zone of each state's capital or largest city."""
_WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_CALENDAR_KEYS: Final = ("state", "year", "time_zone", "utc_offset_minutes", "weekend")
_LIMIT_KEYS: Final = ("rule", "state", "hours", "days", "working_days")


def make_calendar(state: str, year: int, zone: str, *, international: bool = False) -> str:
    """The file of a state's calendar for a year, to be reviewed.

    Args:
        state: ISO 3166-1 alpha-2 of the state whose days off it holds.
        year: The year.
        zone: IANA name of the zone in which its days begin and end.
        international: True for the calendar of agencies that have no state.

    Raises:
        InvalidInput: COUNTRY_UNKNOWN, for a state that the package `holidays` does not know.
    """
    # Other commands need not wait until it is loaded.
    import holidays

    try:
        known = holidays.country_holidays(state, years=year)
    except NotImplementedError:
        raise Reason.COUNTRY_UNKNOWN.error(
            f"expected a state that the package holidays knows, got {state}; write the file by "
            "hand, by the example of another state",
            field="state",
        ) from None
    weekend = sorted(known.weekend)
    worked = sorted(day for day in known.weekend_workdays if day.year == year)
    lines = [
        f"# Working calendar of {state}, {year}: a draft of the package holidays "
        f"{version('holidays')}.",
        "# Compare it with the official list; estimated days and moved days change each year.",
        f'state = "{"" if international else state}"',
        f"year = {year}",
        f'time_zone = "{zone}"',
        f"utc_offset_minutes = {_offset(zone, year)}",
        f"weekend = [{', '.join(_quoted(_WEEKDAYS[day]) for day in weekend)}]",
        "",
        "[days_off]",
        *(f"{day} = {_quoted(name)}" for day, name in sorted(known.items()) if day not in worked),
        "",
        "# Days of the weekend that are worked.",
        "[days_worked]",
        *(f'{day} = "moved"' for day in worked),
    ]
    return "\n".join(lines) + "\n"


def _offset(zone: str, year: int) -> int:
    """The smallest offset of the year, so that no day ends early where there is summer time."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    offsets = [
        (start + timedelta(days=day)).astimezone(ZoneInfo(zone)).utcoffset() for day in range(366)
    ]
    return min(each for each in offsets if each is not None) // timedelta(minutes=1)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def read_calendar(text: str) -> PublishCalendar:
    """The calendar of a file; its days in their order.

    Raises:
        InvalidInput: DOCUMENT_INVALID, CALENDAR_DAY_IMPOSSIBLE or CALENDAR_YEAR_INVALID. The days
            are judged together when they are published.
    """
    document = _parse(text, (*_CALENDAR_KEYS, "days_off", "days_worked"))
    values = {name: _required(document, name) for name in _CALENDAR_KEYS}
    for name, kind in (("state", str), ("year", int), ("time_zone", str), ("weekend", list)):
        if not isinstance(values[name], kind):
            raise _invalid(f"expected {name} to be {kind.__name__}", name)
    return PublishCalendar(
        country=values["state"].upper(),
        year=values["year"],
        time_zone=values["time_zone"],
        utc_offset_minutes=_whole(values["utc_offset_minutes"], "utc_offset_minutes"),
        weekend=tuple(sorted(map(_weekday, values["weekend"]))),
        days_off=_days(document, "days_off", values["year"]),
        days_worked=_days(document, "days_worked", values["year"]),
    )


def _weekday(name: Any) -> int:
    if name not in _WEEKDAYS:
        raise Reason.CALENDAR_DAY_IMPOSSIBLE.error(
            f"expected days of the week such as Sunday, got {str(name)[:64]!r}", field="weekend"
        )
    return _WEEKDAYS.index(name) + 1


def _days(document: Mapping[str, Any], table: str, year: int) -> tuple[int, ...]:
    found = document.get(table, {})
    if not isinstance(found, dict):
        raise _invalid(f'expected a table [{table}] with lines such as {year}-01-01 = "why"', table)
    numbers = []
    for text in found:
        try:
            day = read_day(text)
        except ValueError:
            raise Reason.CALENDAR_DAY_IMPOSSIBLE.error(
                f"expected a day such as {year}-01-01, got {text[:64]!r}", field=table
            ) from None
        if day.year != year:
            raise Reason.CALENDAR_YEAR_INVALID.error(
                f"expected days of {year}, got {text}", field=table
            )
        numbers.append(day.month * 100 + day.day)
    return tuple(sorted(numbers))


def read_limits(text: str) -> tuple[PublishTimeLimit, ...]:
    """The time limits of a file, each a table [[limit]]; raises DOCUMENT_INVALID."""
    document = _parse(text, ("limit",))
    limits = _required(document, "limit")
    if not isinstance(limits, list) or not all(isinstance(each, dict) for each in limits):
        raise _invalid("expected tables [[limit]]", "limit")
    made: list[PublishTimeLimit] = []
    for number, each in enumerate(limits):
        where = f"limit[{number}]"
        _check_keys(each, _LIMIT_KEYS, where)
        amounts = {
            name: _whole(each[name], f"{where}.{name}") for name in _LIMIT_KEYS[2:] if name in each
        }
        rule = TimeLimitRule.__members__.get(str(_required(each, "rule")))
        if rule is None:
            raise _invalid(f"expected one of {', '.join(TimeLimitRule.__members__)}", where)
        country = str(each.get("state", "")).upper()
        if (rule, country) in [(one.rule, one.country) for one in made]:
            raise _invalid(f"expected each rule once for a state, got {rule.name} again", where)
        made.append(PublishTimeLimit(rule, country, **amounts))
    return tuple(made)


def in_order(limits: Iterable[PublishTimeLimit], rules: TimeRules) -> list[PublishTimeLimit]:
    """The limits in an order in which none of them contradicts what stands before it.

    Limits that stand already are left out.

    Raises:
        InvalidInput: TIME_LIMITS_CONTRADICT, if there is no such order; COUNTRY_UNKNOWN.
    """
    left = [each for each in limits if rules.limits.get((each.rule, each.country)) != each]
    ordered: list[PublishTimeLimit] = []
    while left:
        refused: ExchangeError | None = None
        for each in left:
            try:
                rules = rules.with_limit(each)
            except ExchangeError as error:
                refused = refused or error
                continue
            ordered.append(each)
            left.remove(each)
            break
        else:
            assert refused is not None  # noqa: S101 -- each of them was refused
            raise refused
    return ordered


def limits_file(rules: TimeRules) -> str:
    """The limits that are published now, as a file."""
    lines = ["# Times of rules (docs/rules.md, section Clocks)."]
    for (rule, country), limit in sorted(rules.limits.items(), key=lambda each: each[0]):
        lines += ["", "[[limit]]", f'rule = "{rule.name}"']
        lines += [f'state = "{country}"'] if country else []
        for each in fields(limit):
            value = getattr(limit, each.name)
            if each.name in _LIMIT_KEYS[2:] and value is not None:
                lines.append(f"{each.name} = {value}")
    return "\n".join(lines) + "\n"


def _parse(text: str, keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if "overwrite" in str(error):
            raise Reason.CALENDAR_DAY_TWICE.error(
                f"expected each day and each field once: {error}"
            ) from error
        raise _invalid(f"expected TOML: {error}", "") from error
    _check_keys(document, keys, "")
    return document


def _check_keys(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    unknown = [key for key in table if key not in keys]
    if unknown:
        raise _invalid(f"expected {', '.join(keys)}; got {unknown[0][:64]!r}", where)


def _required(table: Mapping[str, Any], name: str) -> Any:
    if name not in table:
        raise Reason.MISSING_FIELD.error(f"expected {name}, got none", field=name)
    return table[name]


def _whole(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**31:
        raise _invalid(f"expected a whole number, got {str(value)[:64]!r}", where)
    return value


def _invalid(message: str, where: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(message, field=where or None)
