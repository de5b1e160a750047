"""What only looks spoiled, or like a total, is data: it arrives."""

from __future__ import annotations

import pytest

from agency_client.content.layout import layout_doubt, layout_fault
from agency_client.content.spoiled import (
    cell_fault,
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
