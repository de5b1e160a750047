"""Cells that only look spoiled, or like a total, are data: they arrive."""

from __future__ import annotations

import pytest

from agency_client.content.layout import (
    layout_doubt,
    layout_fault,
    names_types,
    repeats_headings,
)
from agency_client.content.spoiled import (
    cell_fault,
    ditto_fault,
    doubt,
    is_shortened,
    tells_nothing_apart,
)


@pytest.mark.parametrize(
    "cells",
    [
        ["Jami", "Karimov", "77", ""],
        ["Жами", "Абдурахманов", "", ""],
        ["Jami Holding LLC", "", "x", ""],
        ["", "sum", "100", ""],
        ["Оборот", "7701234", "Иванов", ""],
        ["7701234", "Оборот", "", ""],
        ["1", "Итого", "200,00", ""],
        ["Cemi", "901231300123", "+77011234567", ""],
        ["Cəmi", "901231300123", "77011234567", ""],
        ["Toplam", "901231300123", "8 701 123 45 67", ""],
    ],
)
def test_a_name_that_is_a_total_elsewhere_is_a_name(cells: list[str]) -> None:
    assert layout_fault(cells) is None


@pytest.mark.parametrize(
    "cells",
    [
        ["Jami", "", "1 000,50", ""],
        ["Жами:", "", "1\u00a0000,50 сум", ""],
        ["Обороты за день", "100", "200", ""],
        ["Итого", "", "сто", ""],
        ["", "", "", "200,00", "Итого"],
        ["", "1 000,50", "Всего за день:", ""],
        ["Toplam", "", "1 000,50", ""],
        ["Toplam:", "100", "1 000,50", ""],
    ],
)
def test_a_total_is_refused(cells: list[str]) -> None:
    assert layout_fault(cells) is not None


def test_an_identifier_with_an_e_is_no_shortened_number() -> None:
    assert not any(map(is_shortened, ("3e4567891234", "8E12345678", "4E12345678")))
    assert all(map(is_shortened, ("7.9E+11", "7,9E+11", "7.9012E11", "1E+5", "1E23", "4,08Е+19")))


def test_a_series_may_begin_with_zeros() -> None:
    assert not any(map(tells_nothing_apart, ("0", "00", "000000")))
    assert tells_nothing_apart("000000000000")


@pytest.mark.parametrize(
    "cells",
    [
        ["Директор", "a_ivanov@mail.kz", "Иванов", "901231300123", ""],
        ["Главный бухгалтер", "buh_1@mail.kz", "Ким", "901231300123", ""],
        ["Директор", "a_ivanov@mail.kz", "", ""],
        ["Начальник отдела: кредиты", "", "Петрова", "901231300123"],
        ["Подпись: ЭЦП, оплата", "12", "100.00", "Ким", ""],
        ["Сформировано: реестр 5", "12", "100.00", "Ким", ""],
    ],
)
def test_a_post_or_a_purpose_is_no_signature(cells: list[str]) -> None:
    assert layout_fault(cells) is None


@pytest.mark.parametrize(
    "cells",
    [
        ["Директор", "________", "", ""],
        ["Директор", "____ /Иванов/", "", ""],
        ["Директор ____ Иванов", "", "", ""],
        ["Исполнитель:", "Иванов", "", ""],
    ],
)
def test_a_signature_is_refused(cells: list[str]) -> None:
    assert layout_fault(cells) == "the row reads like a signature below the table: take it out"


def test_a_signature_in_a_narrow_table_is_doubted() -> None:
    cells = ["Директор:", "________", "Иванов", ""]
    assert layout_fault(cells) is None
    assert layout_doubt(cells) == "the row begins like a signature below the table"
    assert layout_doubt(["Подпись: ЭЦП", "12", "100.00", "Ким", ""]) is None


@pytest.mark.parametrize(
    "text",
    ["\u201912", "`12", "\u00b412", "@SHOP(ALMATY)", "=Альфа|Банк! срочно", "=Альфа|Банк!"],
)
def test_what_no_spreadsheet_obeys_arrives(text: str) -> None:
    assert cell_fault(text) is None


@pytest.mark.parametrize("text", ["\u201912", "`790101300123", "\u00b412"])
def test_another_apostrophe_before_a_number_is_doubted(text: str) -> None:
    words = "it begins with an apostrophe before a number, as spreadsheets write: is it meant?"
    assert doubt(text) == words


@pytest.mark.parametrize(
    "cells",
    [
        ["Баланс Консалтинг", "010140000123", "kz", ""],
        ["Баланс Контроль", "010140000123", "", ""],
        ["Баланс 2000", "010140000123", "kz", ""],
        ["Баланс 2000", "010140000123", "", ""],
        ["Сальдо Консалт", "010140000123", "kz", ""],
        ["Сальдо Консалт", "010140000123", "", ""],
        ["Available balance inquiry fee", "2024-02-01", "5.00", ""],
        ["Available balance inquiry fee", "", "5.00", ""],
        ["Balance at call deposit", "2024-02-01", "5.00", ""],
        ["Balance at market", "2024-02-01", "5.00", ""],
        ["Net change", "2024-02-01", "5.00", ""],
        ["Opening Balance Sports Club", "010140000123", "kz", ""],
        ["Opening Balance Sports Club", "010140000123", "", ""],
        ["Opening balance", "Ким", "2024-02-01", ""],
        ["Входящий остаток", "", "Ким", ""],
        ["Jami Holding", "010140000123", "", ""],
    ],
)
def test_a_name_or_a_payment_that_begins_like_a_balance_is_data(cells: list[str]) -> None:
    assert layout_fault(cells) is None


@pytest.mark.parametrize(
    "name",
    ["Баланс Консалтинг", "Баланс 2000", "Сальдо Консалт", "Opening Balance Sports Club",
     "Available balance inquiry fee"],
)  # fmt: skip
def test_a_name_that_begins_like_a_balance_is_not_doubted(name: str) -> None:
    assert layout_doubt([name, "010140000123", "kz", ""]) is None


@pytest.mark.parametrize("name", ["Net change", "Входящий остаток наличных"])
def test_a_row_that_may_be_of_a_balance_is_doubted(name: str) -> None:
    said = "a cell reads like the name of a balance: is the row no payment?"
    assert layout_doubt([name, "", "100.00", ""]) == said


@pytest.mark.parametrize(
    "cells",
    [
        ["Входящий остаток на 01.02.2024", "", "1 000,50", ""],
        ["Входящее сальдо на начало отчётного периода:", "01.02.2024 10:00", "5", ""],
        ["Остаток на конец дня 01.02.2024", "KZT", "5.00", ""],
        ["Сальдо на 1 января 2024 г.", "", "5.00", ""],
        ["Сальдо начальное", "", "5.00", ""],
        ["Opening balance (KZT)", "", "5.00", ""],
        ["Входящий остаток", "", "1 000", "тенге"],
        ["Исходящее сальдо", "", "1000", "Дебет"],
        ["Opening balance", "", "1,000.00", "Debit"],
        ["Opening balance: 1 000.00", "", "2024-02-01", ""],
        ["Closing balance", "KZ86125KZT5004100100", "5.00", "Cr", ""],
        ["Balance as of 01/02/2024", "", "5.00", ""],
        ["Balance b/f", "2024-02-01T10:00:00", "5.00", ""],
        ["Opening balance", "", "", ""],
        ["Сальдо:", "", "", "100"],
    ],
)
def test_a_balance_with_figures_and_days_alone_is_refused(cells: list[str]) -> None:
    assert layout_fault(cells) is not None


@pytest.mark.parametrize("behind", ["1 ", "1,1 ", "на 1 ", "(", "- "])
def test_a_long_cell_takes_no_long_time(behind: str) -> None:
    """Such a text would not end if each part of it could be read in several ways."""
    long = f"Opening balance {behind * 20_000}{'x' * 20}"
    assert layout_fault([long, "1", long.removeprefix("Opening balance "), ""]) is None
    assert layout_doubt([long, "1", "5", "6"]) is None
    assert not names_types([f"int {behind * 20_000}x", "int"])
    assert layout_fault(["Opening balance", "1", f"{behind * 20_000}{'x' * 20}", ""]) is None


@pytest.mark.parametrize(
    ("cells", "headings"),
    [
        (["UZ", "KZ", ""], ["Country", "KZ", "UZ"]),
        (["Касса", "Банк", ""], ["Банк", "Касса", "Сумма"]),
        (["c", "b", "a", "", "", ""], ["a", "b", "c", "d", "e", "f"]),
    ],
)
def test_values_with_the_names_of_other_columns_are_data(
    cells: list[str], headings: list[str]
) -> None:
    assert not repeats_headings(cells, headings)


@pytest.mark.parametrize(
    ("cells", "headings"),
    [
        (["UZ", "Country", "KZ"], ["Country", "KZ", "UZ"]),
        (["№", "Ф.И.О.", ""], ["№", "ФИО", "Дата"]),
        (["c", "b", "a", ""], ["a", "b", "c", "d"]),
    ],
)
def test_headings_that_stand_again_are_found(cells: list[str], headings: list[str]) -> None:
    assert repeats_headings(cells, headings)


@pytest.mark.parametrize("name", ["Idem", "Ditto", "Same", "SAME", "Жоғарыдағыдай"])
def test_one_word_for_the_value_above_is_a_name_too(name: str) -> None:
    assert ditto_fault(name) is None
    assert doubt(name) == (
        "it reads like a sign or a word for a value that stands elsewhere: write that out"
    )


@pytest.mark.parametrize("text", ["там же", "То же самое", "same as above", "сол сияқты", "″"])
def test_a_sign_or_a_phrase_for_the_value_above_is_refused(text: str) -> None:
    assert ditto_fault(text) is not None


@pytest.mark.parametrize(
    "cells",
    [
        ["string", "string", "string"],
        ["int64", "object", "datetime64[ns]"],
        ["NUMBER(12)", "VARCHAR2(200 CHAR)", "DATE", ""],
        ["Строка", "Число (15,2)", "Дата"],
        ["character varying (20)", "timestamp"],
    ],
)
def test_a_row_of_types_is_known(cells: list[str]) -> None:
    assert names_types(cells)


@pytest.mark.parametrize(
    "cells",
    [
        ["*4821", "", "", ""],
        ["*Примеров", "", "", ""],
        ["*Примеров Пример Примерович", "", ""],
        ["* Example Trading LTD", "", ""],
        ["*Примеров ибн Пример", "", ""],
        ["*Примеров Пример оглы", "", ""],
        ["Примечание", "Иванов", "", ""],
        ["Note: paid", "100", "", ""],
        ["7", "Date", "Text"],
        ["Text", "", "", ""],
        ["Дата", "Примерова", ""],
    ],
)
def test_what_only_resembles_a_footnote_or_types_is_data(cells: list[str]) -> None:
    assert layout_fault(cells) is None
    assert not names_types(cells)


@pytest.mark.parametrize(
    "note", ["* Данные неполные", "*) по курсу НБ", "** - сумма без НДС", "*Amounts in tenge"]
)
def test_a_footnote_to_a_star_is_refused(note: str) -> None:
    words = "the row is none of the data, but a note beside the table: take it out"
    assert layout_fault([note, "", ""]) == words
