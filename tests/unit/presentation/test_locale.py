"""Times and their distance, in the language and by the clock of who is told."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol

from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale, language_of
from exchange_protocol.kinds.codes import Language
from exchange_protocol.kinds.days import end_of_day

AT = datetime(2026, 12, 4, 20, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "minute", "second"),
    [
        ("UTC", "2026-12-04 20:30 UTC", "2026-12-04 20:30:07 UTC"),
        ("Asia/Almaty", "2026-12-05 01:30 +05", "2026-12-05 01:30:07 +05"),
        ("Europe/Moscow", "2026-12-04 23:30 MSK", "2026-12-04 23:30:07 MSK"),
    ],
)
def test_time_is_local_and_names_its_zone(zone: str, minute: str, second: str) -> None:
    locale = Locale(zone=ZoneInfo(zone))
    assert (locale.minute(AT), locale.second(AT)) == (minute, second)
    assert (locale.minute(None), locale.second(None)) == ("", "")


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        # A published time ends with the last working day of Almaty, Tuesday, 1 December.
        ("Asia/Almaty", "2026-12-01 24:00 +05"),
        ("Asia/Tashkent", "2026-12-01 24:00 +05"),
        ("Asia/Bishkek", "2026-12-02 01:00 +06"),
        ("Pacific/Honolulu", "2026-12-01 09:00 HST"),
        ("Pacific/Kiritimati", "2026-12-02 09:00 +14"),
    ],
)
def test_what_is_due_at_midnight_is_told_by_the_day_that_ends(zone: str, told: str) -> None:
    at, locale = datetime(2026, 12, 1, 19, tzinfo=UTC), Locale(zone=ZoneInfo(zone))
    assert locale.until(at, None) == told
    now = at - timedelta(hours=36)
    assert locale.due(at, None, now, is_overdue=False) == f"{told}, due in 36 h"
    # The moment of an event is no end of a day.
    assert "24:00" not in locale.minute(at)


@pytest.mark.parametrize(
    ("zone", "at", "told"),
    [
        # Clocks are set at 00:00 there, and the day begins at 01:00.
        ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC), "2026-03-29 01:00 EEST"),
        ("Europe/Berlin", datetime(2026, 10, 25, 23, tzinfo=UTC), "2026-10-25 24:00 CET"),
        ("UTC", datetime(2027, 1, 1, tzinfo=UTC), "2026-12-31 24:00 UTC"),
    ],
)
def test_midnight_at_years_end_and_where_clocks_are_set(zone: str, at: datetime, told: str) -> None:
    assert Locale(zone=ZoneInfo(zone)).until(at, None) == told


@pytest.mark.parametrize(
    ("span", "en", "ru", "kk"),
    [
        (timedelta(seconds=5), "1 min", "1 мин", "1 мин"),
        (timedelta(minutes=59), "59 min", "59 мин", "59 мин"),
        (timedelta(hours=3, minutes=59), "3 h", "3 ч", "3 сағ"),
        (timedelta(hours=47), "47 h", "47 ч", "47 сағ"),
        (timedelta(days=2), "2 days", "2 дня", "2 күн"),
        (timedelta(days=5), "5 days", "5 дней", "5 күн"),
        (timedelta(days=11), "11 days", "11 дней", "11 күн"),
        (timedelta(days=21), "21 days", "21 день", "21 күн"),
        (timedelta(days=112), "112 days", "112 дней", "112 күн"),
        (timedelta(days=123), "123 days", "123 дня", "123 күн"),
    ],
)
def test_span_is_said_in_its_largest_unit(span: timedelta, en: str, ru: str, kk: str) -> None:
    said = [Locale(language).span(span) for language in (Language.EN, Language.RU, Language.KK)]
    assert said == [en, ru, kk]


@pytest.mark.parametrize(
    ("reader", "en", "ru", "kk"),
    [
        ("Asia/Almaty", "12 March 2027", "12 марта 2027 г.", "2027 ж. 12 наурыз"),
        ("Asia/Tashkent", "12 March 2027", "12 марта 2027 г.", "2027 ж. 12 наурыз"),
        (
            "Asia/Baku",
            "12 March 2027 (UTC+05:00)",
            "12 марта 2027 г. (UTC+05:00)",
            "2027 ж. 12 наурыз (UTC+05:00)",
        ),
    ],
)
def test_day_is_a_day_to_every_reader_and_names_another_zone(
    reader: str, en: str, ru: str, kk: str
) -> None:
    day = date(2027, 3, 12)
    end = end_of_day(day, ZoneInfo("Asia/Almaty"))
    told = [
        Locale(language, ZoneInfo(reader)).until(end, day)
        for language in (Language.EN, Language.RU, Language.KK)
    ]
    assert told == [en, ru, kk]
    locale = Locale(zone=ZoneInfo(reader))
    before, after = end - timedelta(days=3), end + timedelta(hours=2)
    assert locale.due(end, day, before, is_overdue=False) == f"{en}, due in 3 days"
    assert locale.due(end, day, after, is_overdue=True) == f"{en}, overdue by 2 h"
    assert locale.until(end, None) == locale.minute(end)


@pytest.mark.parametrize("language", [Language.EN, Language.RU, Language.KK])
def test_every_month_has_its_own_word(language: Language) -> None:
    locale = Locale(language)
    days = [date(2027, month, 1) for month in range(1, 13)]
    told = {locale.until(end_of_day(day, UTC), day) for day in days}
    assert len(told) == len(days)
    assert not any("-" in each for each in told)


def test_due_time_says_how_far_away_it_is() -> None:
    locale = Locale()
    before, after = AT - timedelta(days=2), AT + timedelta(hours=3)
    assert locale.due(AT, None, before, is_overdue=False) == "2026-12-04 20:30 UTC, due in 2 days"
    assert locale.due(AT, None, after, is_overdue=True) == "2026-12-04 20:30 UTC, overdue by 3 h"
    assert locale.due(AT, None, after, is_overdue=False) == "2026-12-04 20:30 UTC", (
        "it was answered"
    )
    assert locale.due(None, None, after, is_overdue=False) == ""


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "ru_RU.UTF-8"}, Language.RU),
        ({"LANG": "kk_KZ.UTF-8"}, Language.KK),
        ({"LANG": "ru_RU.KOI8-R", "LC_MESSAGES": "en_GB.UTF-8"}, Language.EN),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "kk_KZ"}, Language.KK),
        ({"LANG": "C.UTF-8"}, Language.EN),
        ({"LANG": "fr_FR.UTF-8"}, Language.EN),
        ({"LC_ALL": "", "LANG": "ru"}, Language.RU),
    ],
)
def test_language_is_that_of_the_terminal(environment: dict[str, str], language: Language) -> None:
    assert language_of(environment) is language


def test_phrase_has_its_values_in_their_places() -> None:
    said = Locale(Language.RU).say(Label.AND_MORE, number=7)
    assert said == "... и ещё 7; --out DIR запишет все"


def test_an_agency_is_named_after_its_id_and_a_name_deceives_nobody() -> None:
    names = {"uz.fiu": "Департамент", "kz.mia": "kz.fma\u202e\n\u041eops", "kg.mia": ""}
    locale = Locale(Language.EN, names=names)
    assert locale.agency("uz.fiu") == "uz.fiu Департамент"
    assert locale.agency("kg.mia") == "kg.mia"
    assert locale.agency("tj.fiu") == "tj.fiu"
    # Unseen characters are shown, lines are joined, and mixed letters are told.
    said = locale.agency("kz.mia")
    assert said.startswith("kz.mia kz.fma[U+202E] Оops [")
    # A terminal has no names.
    assert Locale().agency("uz.fiu") == "uz.fiu"


AMOUNTS = ("0", "5", "999", "1000", "1500.00", "0.50", "-1234567.891", "9" * 20 + "." + "1" * 13)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("given", AMOUNTS)
def test_an_amount_is_shown_digit_for_digit(given: str, language: Language) -> None:
    shown = Locale(language).amount(given)
    tag = language.name.lower()
    thousands, decimal = get_group_symbol(tag), get_decimal_symbol(tag)
    assert shown.replace(thousands, "").replace(decimal, ".") == given
    whole = shown.lstrip("-").partition(decimal)[0]
    assert re.fullmatch(rf"[0-9]{{1,3}}({thousands}[0-9]{{3}})*", whole)
    assert whole == format_decimal(abs(int(given.partition(".")[0])), locale=tag)


def test_amounts_are_written_as_the_reader_writes_them() -> None:
    shown = [Locale(each).amount("1234567.50") for each in (Language.EN, Language.RU, Language.KK)]
    assert shown == ["1,234,567.50", "1\u00a0234\u00a0567,50", "1\u00a0234\u00a0567,50"]


@pytest.mark.parametrize(
    "given", ["1 000", "1,5", "+5", "007", "1e9", "NaN", "", ".5", "5.", "١٠", "5 KZT", "9" * 5000]
)
def test_what_is_no_plain_number_stays_as_it_was_written(given: str) -> None:
    for language in Language:
        assert Locale(language).amount(given) == given


def test_unseen_characters_of_an_amount_are_shown() -> None:
    assert Locale().amount("5\u202e00") == "5[U+202E]00"
