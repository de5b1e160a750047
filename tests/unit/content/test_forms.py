"""Dates and numbers are read in the form that was named, and in no other."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.forms import (
    _MONTHS,
    _NUMBERS_OF_MONTHS,
    NUMBER_FORMS,
    DateForm,
    NumberForm,
    date_forms_of,
    is_date,
    number_forms_of,
    shape,
)
from exchange_protocol.errors import InvalidInput, Reason


@pytest.mark.parametrize(
    ("form", "text", "date"),
    [
        ("DD.MM.YYYY", "31.12.1979", "1979-12-31"),
        ("MM/DD/YYYY", "12/31/1979", "1979-12-31"),
        ("D.M.YYYY", "3.4.2024", "2024-04-03"),
        ("D.M.YYYY", "03.04.2024", "2024-04-03"),
        ("YYYYMMDD", "20240305", "2024-03-05"),
        ("MM.YYYY", "04.2024", "2024-04"),
        ("YYYY", "2024", "2024"),
        ("DD.MM.YYYY hh:mm", "05.03.2024 09:08", "2024-03-05T09:08"),
        ("DD.MM.YYYY hh:mm:ss", "05.03.2024 09:08:07", "2024-03-05T09:08:07"),
        ("DD.MM.YYYY г.", "31.12.1979 г.", "1979-12-31"),
        ("YYYY ж. DD.MM", "1979 ж. 31.12", "1979-12-31"),
        ("DD.MM.YYYY ", "31.12.1979", "1979-12-31"),
        ("ДД.ММ.ГГГГ", "31.12.1979", "1979-12-31"),
        ("ДД.ММ.ГГГГ чч:мм:сс", "31.12.1979 09:08:07", "1979-12-31T09:08:07"),
        ("ДД.ММ.ГГГГ г.", "31.12.1979 г.", "1979-12-31"),
        ("Д/М/ГГГГ", "3/4/1979", "1979-04-03"),
        ("КК.АА.ЖЖЖЖ ж.", "31.12.1979 ж.", "1979-12-31"),
        ("\u00a0DD.MM.YYYY\t", "31.12.1979", "1979-12-31"),
        ("DD.MM.YYYY hh:mm", "05.03.2024\u00a009:08", "2024-03-05T09:08"),
        ("DD.MM.YYYY г.", "31.12.1979\u202fг.", "1979-12-31"),
        ("YYYY-MM-DDThh:mm:ss.000", "2024-03-05T09:08:07.000", "2024-03-05T09:08:07"),
        ("YYYY-MM-DD hh:mm:ss.fff", "2024-03-05 09:08:07.457", "2024-03-05T09:08:07"),
        ("YYYY-MM-DDThh:mm:ss.fZ", "2024-03-05T09:08:07.123456Z", "2024-03-05T09:08:07"),
        ("YYYY-MM-DDThh:mm:ssZ", "2024-03-05T09:08:07Z", "2024-03-05T09:08:07"),
        ("YYYY-MM-DD hh:mm:ss+00", "2024-03-05 09:08:07+00", "2024-03-05T09:08:07"),
        ("YYYY-MM-DD hh:mm:ss +00:00", "2024-03-05 09:08:07 +00:00", "2024-03-05T09:08:07"),
        ("DD-MMM-YYYY", "05-JAN-2024", "2024-01-05"),
        ("D MMM YYYY", "5 Sept 2024", "2024-09-05"),
        ("D MMM YYYY г.", "5 февраля 2024 г.", "2024-02-05"),
        ("DD.MMM.YYYY", "05.янв.2024", "2024-01-05"),
        ("MMM D, YYYY", "December 31, 1979", "1979-12-31"),
        ("DDMMMYYYY", "05JAN2024", "2024-01-05"),
        ("DD MMM YYYY hh:mm", "05 қаңтар 2024 09:08", "2024-01-05T09:08"),
        ("MMM YYYY", "май 2024", "2024-05"),
        ("DD.MM.(20)YY", "05.01.24", "2024-01-05"),
        ("D-MMM-(19)YY", "5-JAN-79", "1979-01-05"),
        ("(20)YYMMDD", "240105", "2024-01-05"),
        ("M/D/YYYY h:mm:ss AM", "1/5/2024 9:08:07 PM", "2024-01-05T21:08:07"),
        ("M/D/YYYY h:mm AM", "1/5/2024 12:08 a.m.", "2024-01-05T00:08"),
        ("M/D/YYYY h:mm AM", "1/5/2024 12:08 pm", "2024-01-05T12:08"),
    ],
)
def test_date_in_the_form_that_was_named_is_read(form: str, text: str, date: str) -> None:
    assert DateForm.parse(form).read(text) == date
    assert is_date(date)


@pytest.mark.parametrize(
    "text",
    [
        "31.02.2024", "30.2.2024", "5.3.2024", "05.03.24", "2024-03-05", "05/03/2024", "05.13.2024",
        "05.03.2024 ", " 05.03.2024", "05.03.2024 10:00", "٠٥.٠٣.٢٠٢٤", "05.03.0999", "",
    ],
)  # fmt: skip
def test_date_in_another_form_is_none(text: str) -> None:
    assert DateForm.parse("DD.MM.YYYY").read(text) is None


@pytest.mark.parametrize(
    "form",
    [
        "YYYY-MM-DDThh:mm:ss+05:00", "YYYY-MM-DDThh:mm:ss+hh:mm", "YYYY-MM-DD hh:mm:ss -05",
        "DD.MM.YYYY hh:mm МСК", "DD.MM.YYYY hh:mm (UTC+5)", "YYYY-MM-DD hh:mm:ss.fff+0600",
        "YYYY-MM-DD hh:mm:ss.000 +06:00", "ДД.ММ.ГГГГ чч:мм мск", "YYYY-MM-DD hh:mm+05",
    ],
)  # fmt: skip
def test_form_that_would_lose_a_zone_is_refused(form: str) -> None:
    """The time would be taken for one in UTC, and read as that of another moment."""
    with pytest.raises(InvalidInput, match="a form without a zone"):
        DateForm.parse(form)


@pytest.mark.parametrize("text", ["1/5/2024 13:08 PM", "1/5/2024 0:08 AM", "1/5/2024 9:08"])
def test_hour_that_no_half_of_a_day_has_is_none(text: str) -> None:
    assert DateForm.parse("M/D/YYYY h:mm AM").read(text) is None


@pytest.mark.parametrize("text", ["05-Foo-2024", "31-FEB-2024", "05-1-2024", "05-Января -2024"])
def test_month_that_no_calendar_has_is_none(text: str) -> None:
    assert DateForm.parse("DD-MMM-YYYY").read(text) is None


def test_each_name_of_a_month_is_that_of_one() -> None:
    names = [name for each in _MONTHS for name in each.split("|")]
    assert len(names) == len(set(names)) == len(_NUMBERS_OF_MONTHS)
    assert set(_NUMBERS_OF_MONTHS.values()) == {f"{number:02}" for number in range(1, 13)}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("05-JAN-2024", "DD-MMM-YYYY"),
        ("5 янв. 2024", "D MMM YYYY"),
        ("2024-01-05 10:00:00.000", "YYYY-MM-DD hh:mm:ss.fff"),
        ("2024-01-05T10:00:00Z", "YYYY-MM-DDThh:mm:ssZ"),
        ("2024-01-05T10:00:00.123456Z", "YYYY-MM-DDThh:mm:ss.fffZ"),
    ],
)
def test_date_as_banks_and_databases_write_it_has_its_form(text: str, form: str) -> None:
    assert date_forms_of(text) == [form]
    assert DateForm.parse(form).read(text) is not None


@pytest.mark.parametrize(
    "form",
    [
        "", "DD.MM.YY", "DD.MM", "YYYY-DD", "DD.DD.YYYY", "YYYY YYYY", "foo", "DMYYYY",
        "YYYY-MM-DD mm", "(21)YY-MM-DD", "(20)YY-(20)YY", "YYYY-MM-DD AM",
        "h:mm AM AM D.M.YYYY", "DD-MMM-YY", "MMM", "YYYY-MM-DD hh:mm.f", "YYYY-MM-DD fff",
        "dd.mm.yyyy", "YYYYY", "ДД.ММ.ГГ", "дд.мм.гггг",
    ],
)  # fmt: skip
def test_form_that_leaves_something_open_is_refused(form: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        DateForm.parse(form)
    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("form", "text", "date"),
    [
        ("%d.%m.%Y", "05.03.2024", "2024-03-05"),
        ("%d.%m.%Y", "5.3.2024", "2024-03-05"),
        ("%Y%%%m", "2024%03", "2024-03"),
        ("%d.%m.%Y ", "05.03.2024", "2024-03-05"),
        ("%d/%m/%Y %H:%M:%S", "05/03/2024 01:02:03", "2024-03-05T01:02:03"),
        ("%d %B %Y", "5 March 2024", "2024-03-05"),
        ("%d-%b-%Y", "05-MAR-2024", "2024-03-05"),
        ("%Y-%m-%d %H:%M:%S.%f", "2024-03-05 01:02:03.457", "2024-03-05T01:02:03"),
    ],
)
def test_form_of_a_mapping_is_read_as_the_library_writes_it(
    form: str, text: str, date: str
) -> None:
    assert DateForm.parse_strptime(form).read(text) == date


@pytest.mark.parametrize("form", ["%d.%m.%y", "%d %B", "%Y-%j", "%c", "%", "%Y-%m-%dT%H:%M%z"])
def test_form_of_a_mapping_that_leaves_something_open_is_refused(form: str) -> None:
    with pytest.raises(InvalidInput):
        DateForm.parse_strptime(form)


@given(st.datetimes(datetime.fromisoformat("1000-01-01"), datetime.fromisoformat("2999-12-31")))
def test_every_moment_is_read_to_the_second(at: datetime) -> None:
    iso = at.isoformat(timespec="seconds")
    form = DateForm.parse("DD.MM.YYYY hh:mm:ss")
    assert form.read(f"{at.day:02}.{at.month:02}.{at.year:04} {at:%H:%M:%S}") == iso
    assert is_date(iso)
    assert is_date(iso.replace("T", " "))
    assert is_date(iso[:10])


@pytest.mark.parametrize(
    "text",
    [
        "2024-13-01", "2024-02-30", "2024-3-5", "20240305", "45356", "05.03.2024", "2024-W10",
        "2024-03-05T10:00:00Z", "2024-03-05T10:00:00+05:00", "2024-03-05 and more", "2024 abc",
        "2024-03-05T24:00", "0999", "3024", " 2024", "2024 ", "٢٠٢٤", "2024/03/05", "",
    ],
)  # fmt: skip
def test_what_is_no_date_of_the_model_is_none(text: str) -> None:
    assert not is_date(text)


NUMBERS = {
    "1000.50": ["1000.50", "1000", "0.5", "-5", "+5", "100 KZT", "100%"],
    "1000,50": ["1000,50", "1000", "0,5", "-5", "100 тенге"],
    "1 000.50": ["1 000.50", "1000.50", "1\u00a0000\u202f000.5"],
    "1 000,50": ["1 000,50", "1000,50", "1\u00a0000\u2009000,5"],
    "1,000.50": ["1,000.50", "1,000", "1000.50"],
    "1.000,50": ["1.000,50", "1.000", "1000,50"],
    "1'000.50": ["1'000.50", "1’000"],
    "1000-50": ["1000-50", "1000"],
    "1 000-50": ["1 000-50", "1000-50"],
}
NOT_NUMBERS = [
    "", "5-", "(5)", "1e5", "1E+05", "--5", "1 00,5", "10 00", "٣", "5 5", "1.2.3", "1,2,3", "x5",
    "100 KZT 5", " 5", "5 ", "−5", "1 000  000", ".5", "5.",
]  # fmt: skip


@pytest.mark.parametrize("form", NUMBER_FORMS)
def test_number_in_the_form_that_was_named_is_read(form: str) -> None:
    decimal = form[-3]
    for text in NUMBERS[form]:
        read = NumberForm.parse(form).read(text)
        assert read is not None
        number, _, unit = text.partition(decimal)
        digits = "".join(char for char in number if char.isdecimal() or char in "+-")
        assert read.startswith(digits)
        assert len(unit) == len(read.partition(".")[2]) or not unit
    for text in NOT_NUMBERS:
        assert NumberForm.parse(form).read(text) is None


def test_number_of_another_form_is_none() -> None:
    for form, texts in NUMBERS.items():
        others = {text for other in NUMBERS.values() for text in other} - {*texts}
        for text in others:
            read = NumberForm.parse(form).read(text)
            # Where both forms read a text, they read the same, but for the marks of thousands.
            assert read is None or sum(map(str.isdecimal, read)) == sum(map(str.isdecimal, text))


@pytest.mark.parametrize("name", ["", "1000", "1.5", "comma", "1_000.50"])
def test_unknown_example_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        NumberForm.parse(name)


def test_shape_tells_nothing_of_the_value() -> None:
    assert shape("31.12.1979") == "'00.00.0000'"
    assert shape("Иванов 7") == "'aaaaaa 0'"
    assert shape("x" * 40) == "40 characters"


@pytest.mark.parametrize(
    ("form", "text", "number"),
    [
        ("1000-50", "1500-00", "1500.00"),
        ("1000-50", "1500=", "1500"),
        ("1000-50", "1500=00", "1500.00"),
        ("1000-50", "1500=5", None),
        ("1 000-50", "1\u2009500=05", "1500.05"),
        ("1\u00a0000,50 ", "1 500,05", "1500.05"),
        ("1\u2019000.50", "1'500.05", "1500.05"),
        ("1000-50", "-1500-05", "-1500.05"),
        ("1 000-50", "1\u00a0500-00", "1500.00"),
        ("1000-50", "1500-2000", None),
        ("1000-50", "1500-", None),
        ("1000-50", "1500.00", None),
        ("1000,50", "1500=", None),
    ],
)
def test_sums_of_orders_for_payment_are_read(form: str, text: str, number: str | None) -> None:
    assert NumberForm.parse(form).read(text) == number


@pytest.mark.parametrize(
    ("form", "text", "number"),
    [
        ("(1 000,50)", "(1 234,50)", "-1234.50"),
        ("(1 000,50)", "( 1 234,50 ) ₸", "-1234.50 ₸"),
        ("(1 000,50)", "1 234,50", "1234.50"),
        ("(1 000,50)", "(-1 234,50)", None),
        ("(1 000,50)", "1 234,50-", None),
        ("(1 000,50)", "(1 234,50", None),
        ("(1 000,50)", "(1 234) 500", None),
        ("(1000,50)", "(5)5", None),
        ("(1 000,50)", "(" + "1" * 100_000, None),
        ("$1,000.50", "l500.00", None),
        ("1 000,50-", "1 234,50-", "-1234.50"),
        ("1 000,50-", "1 234,50 \u2212 тг", "-1234.50 тг"),
        ("1 000,50-", "-1 234,50-", None),
        ("1,000.50-", "1,234.50-", "-1234.50"),
        ("\u22121 000,50", "\u2212 1 234,50", "-1234.50"),
        ("\u22121000.50", "\u22121234.50", "-1234.50"),
        ("$1,000.50", "$1,234.50", "1234.50 $"),
        ("$1,000.50", "-$1,234.50", "-1234.50 $"),
        ("$1,000.50", "KZT\u00a01,234.50", "1234.50 KZT"),
        ("₸1 000,50", "₸1 234,50", "1234.50 ₸"),
        ("($1,000.50)", "($1,234.50)", "-1234.50 $"),
        ("($1,000.50)", "$(1,234.50)", "-1234.50 $"),
        ("($1,000.50)", "$1,234.50", "1234.50 $"),
        ("$1,000.50", "($1,234.50)", None),
        ("$1,000.50", "No. 1,234.50 KZT", None),
    ],
)
def test_sign_and_money_stand_where_the_example_shows_them(
    form: str, text: str, number: str | None
) -> None:
    assert NumberForm.parse(form).read(text) == number


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("31.12.2024", ["DD.MM.YYYY"]),
        ("03.04.2024", ["DD.MM.YYYY", "MM.DD.YYYY"]),
        ("03/14/2024", ["MM/DD/YYYY"]),
        ("3-4-2024", ["D-M-YYYY", "M-D-YYYY"]),
        ("31.12.2024 9:05", ["D.M.YYYY h:mm"]),
        ("31.12.2024\u00a010:05:00", ["DD.MM.YYYY hh:mm:ss"]),
        ("31.12.2024 г.", ["DD.MM.YYYY г."]),
        ("20241231", ["YYYYMMDD"]),
        ("12.2024", ["MM.YYYY"]),
        ("Dec 31, 2024", ["MMM D, YYYY"]),
        ("December 31 2024 9:05", ["MMM D YYYY h:mm"]),
        ("31.12.24", []),
        ("31.12.2024 24:00", []),
        ("29.02.2023", []),
    ],
)
def test_forms_of_a_date_are_those_that_read_it(text: str, forms: list[str]) -> None:
    assert date_forms_of(text) == forms
    assert all(DateForm.parse(each).read(text) for each in forms)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("1500-00", ["1000-50"]),
        ("1500=00", ["1000-50"]),
        ("1500=", ["1000-50"]),
        ("1 500,50", ["1 000,50"]),
        ("1,500", ["1000,50", "1,000.50"]),
        ("1'500.50", ["1'000.50"]),
        ("(1500)", ["(1000.50)"]),
        ("(1,500)", ["(1000,50)", "(1,000.50)"]),
        ("1 500,50-", ["1 000,50-"]),
        ("\u22121500", ["\u22121000.50"]),
        ("$1,500.50", ["$1,000.50"]),
        ("$ (1,500.50)", ["($1,000.50)"]),
        ("(-1500)", []),
        ("many", []),
    ],
)
def test_forms_of_a_number_are_those_that_read_it(text: str, forms: list[str]) -> None:
    assert number_forms_of(text) == forms
