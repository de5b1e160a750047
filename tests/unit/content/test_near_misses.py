"""What only looks spoiled, or like a total, is data: it arrives."""

from __future__ import annotations

import pytest

from agency_client.content.layout import layout_fault
from agency_client.content.spoiled import is_shortened, tells_nothing_apart


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
