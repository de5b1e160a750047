"""A calendar is made, reviewed and read back; each mistake of a file has its own reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agency_client.content.calendar_files import (
    ZONES,
    in_order,
    limits_file,
    make_calendar,
    read_calendar,
    read_limits,
)
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import TimeLimitRule
from exchange_protocol.rules.calendars import TimeRules

DEFAULTS = (Path(__file__).parents[3] / "policies" / "time-limits.toml").read_text("utf-8")
KZ = make_calendar("KZ", 2027, "Asia/Almaty")


@pytest.mark.parametrize("state", ZONES)
def test_the_draft_of_each_state_of_the_region_can_be_read_back(state: str) -> None:
    calendar = read_calendar(make_calendar(state, 2027, ZONES[state]))
    assert (calendar.country, calendar.year, calendar.weekend) == (state, 2027, (6, 7))
    assert 101 in calendar.days_off, "New Year"
    assert calendar.days_off == tuple(sorted(set(calendar.days_off)))


def test_the_zone_is_kept_as_an_offset_with_which_no_day_ends_early() -> None:
    assert read_calendar(KZ).utc_offset_minutes == 300
    assert read_calendar(make_calendar("AZ", 2027, "Asia/Baku")).utc_offset_minutes == 240
    # Vienna has +60 in winter and +120 in summer: by +60 the days end later.
    assert read_calendar(make_calendar("KZ", 2027, "Europe/Vienna")).utc_offset_minutes == 60


def test_moved_days_of_russia_are_worked() -> None:
    assert read_calendar(make_calendar("RU", 2027, "Europe/Moscow")).days_worked == (220,)


def test_the_calendar_of_international_agencies_names_no_state() -> None:
    assert read_calendar(make_calendar("KZ", 2027, "Asia/Almaty", international=True)) == replace(
        read_calendar(KZ), country=""
    )


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("2027-12-16 =", "2027-02-30 =", Reason.CALENDAR_DAY_IMPOSSIBLE),
        ("2027-12-16 =", "someday =", Reason.CALENDAR_DAY_IMPOSSIBLE),
        ("2027-12-16 =", "2027-W50-4 =", Reason.CALENDAR_DAY_IMPOSSIBLE),
        ("2027-12-16 =", "20271216 =", Reason.CALENDAR_DAY_IMPOSSIBLE),
        ("2027-12-16 =", "2027-01-01 =", Reason.CALENDAR_DAY_TWICE),
        ("2027-12-16 =", "2026-12-16 =", Reason.CALENDAR_YEAR_INVALID),
        ('"Sunday"', '"Sonntag"', Reason.CALENDAR_DAY_IMPOSSIBLE),
        ("year = 2027", 'year = "2027"', Reason.DOCUMENT_INVALID),
        ("utc_offset_minutes = 300", "utc_offset_minutes = 5.0", Reason.DOCUMENT_INVALID),
        ("year = 2027", "years = 2027", Reason.DOCUMENT_INVALID),
        ("year = 2027\n", "", Reason.MISSING_FIELD),
        ("[days_off]", "[days_off", Reason.DOCUMENT_INVALID),
    ],
)
def test_a_mistake_in_a_calendar_has_its_own_reason(
    before: str, after: str, reason: Reason
) -> None:
    assert before in KZ
    with pytest.raises(ExchangeError) as refused:
        read_calendar(KZ.replace(before, after))
    assert refused.value.reason is reason


def test_a_state_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ExchangeError) as refused:
        make_calendar("XX", 2027, "Asia/Almaty")
    assert refused.value.reason is Reason.COUNTRY_UNKNOWN


def test_the_default_limits_are_read_and_written_alike() -> None:
    limits = read_limits(DEFAULTS)
    # How long content is kept has no default: each law says its own.
    assert {each.rule for each in limits} == set(TimeLimitRule) - {TimeLimitRule.RETENTION}
    rules = TimeRules(countries={"kz.fma": "KZ"})  # type: ignore[dict-item] # an id
    for each in in_order(limits, rules):
        rules = rules.with_limit(each)
    assert set(read_limits(limits_file(rules))) == set(limits)
    assert in_order(limits, rules) == []


def test_limits_are_published_in_an_order_in_which_none_contradicts_another() -> None:
    rules = TimeRules()
    for each in read_limits(
        '[[limit]]\nrule = "ACKNOWLEDGEMENT"\ndays = 20\n[[limit]]\nrule = "REPLY"\ndays = 30\n'
    ):
        rules = rules.with_limit(each)
    shorter = read_limits(
        '[[limit]]\nrule = "REPLY"\ndays = 10\n[[limit]]\nrule = "ACKNOWLEDGEMENT"\ndays = 5\n'
    )
    assert [each.rule.name for each in in_order(shorter, rules)] == ["ACKNOWLEDGEMENT", "REPLY"]
    with pytest.raises(ExchangeError) as refused:
        in_order(shorter[:1], rules)
    assert refused.value.reason is Reason.TIME_LIMITS_CONTRADICT


@pytest.mark.parametrize(
    "text",
    [
        '[[limit]]\nrule = "LUNCH"\nhours = 1\n',
        '[[limit]]\nrule = "REPLY"\nhours = "1"\n',
        '[[limit]]\nrule = "REPLY"\nweeks = 1\n',
        '[limit]\nrule = "REPLY"\n',
        '[[limit]]\nrule = "REPLY"\nhours = 1\n[[limit]]\nrule = "REPLY"\nhours = 2\n',
    ],
)
def test_a_mistake_in_limits_is_refused(text: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        read_limits(text)
    assert refused.value.reason is Reason.DOCUMENT_INVALID
