"""Every form of a table says the same: terminal, CSV, workbook, page, whatever the names hold."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from io import BytesIO, StringIO

import pytest
from openpyxl import load_workbook

from agency_client.statistics.render import table_rows, to_csv, to_html
from agency_client.statistics.values import (
    Cell,
    Column,
    Period,
    Statistics,
    Table,
    TableRow,
)
from agency_client.statistics.workbook import to_xlsx
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Words

FORMULA_SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
AWKWARD = (
    "=SUM(A1:A9)",
    "\uff1dSUM(A1:A9)",
    "\uff0b1",
    "+7 727 000 00 00",
    "-1",
    "@cmd",
    "\tTab",
    'say "yes"; no, "no"',
    "two\nlines",
    "a,b;c",
    "<script>alert(1)</script> & <b>",
    "]]>",
    "Қазақстан: Әділет, Ғылым, Ұлы, Іс, Һ",
    "'already",
    "1e5",
    "01.02",
)
FIGURES = (Cell(3, (1, 2, 3)), Cell(timedelta(days=1, hours=12), (1,)), Cell(0.25, (2,)))
TOTAL = (Cell(42, (1, 2, 3)), Cell(None, ()), Cell(1.0, (1,)))
NAME = Words("name", "имя", "атау")
TABLE = Table(
    name="awkward",
    title=Words("Awkward names", "Неудобные имена", "Ыңғайсыз атаулар"),
    definition=Words("What is counted.", "Что считается.", "Не саналады."),
    unit=Words("legs", "стороны", "тараптар"),
    dimensions=(NAME, NAME),
    columns=(
        Column("number", Words("number", "число", "саны")),
        Column("span", Words("time", "время", "уақыт"), "span"),
        Column("share", Words("share", "доля", "үлес"), "share"),
    ),
    rows=tuple(TableRow((name, "kz"), FIGURES) for name in AWKWARD),
    total=TableRow((), TOTAL),
)
EMPTY = replace(TABLE, name="empty", rows=())


def counted(*tables: Table) -> Statistics:
    return Statistics("log.example", 9, bytes(32), None, Period(None, None), 0, tables)


class Page(HTMLParser):
    """The cells of all tables of a page, row by row, and every element that it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        self._in_cell = tag == "td"
        if self._in_cell:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("language", Language)
def test_every_form_names_the_same_rows_with_the_same_figures(language: Language) -> None:
    shown = table_rows(TABLE, language)
    names = [row[:2] for row in shown]
    assert [name for name, _ in names[:-1]] == list(AWKWARD)
    page = Page(to_html(counted(TABLE), language, date(2027, 3, 12)))
    assert [row for row in page.rows if row] == shown
    assert not page.tags & {"script", "b"}, "a name is no markup"
    sheet = list(csv.reader(StringIO(to_csv(TABLE, language), newline="")))[1:]
    book = load_workbook(BytesIO(to_xlsx(counted(TABLE), language)))["awkward"]
    cells = list(book.iter_rows(min_row=2))
    assert len(sheet) == len(cells) == len(shown)
    for told, line, row in zip(names, sheet, cells, strict=True):
        harmless = [f"'{each}" if each and each[0] in FORMULA_SIGNS else each for each in told]
        assert line[:2] == harmless, "no spreadsheet takes a name for a formula"
        assert [cell.value or "" for cell in row[:2]] == told
        assert {cell.data_type for cell in row[:2] if cell.value} == {"s"}
        figures = [cell.value for cell in row[2:]]
        assert [float(each) if each else None for each in line[2:]] == figures


@pytest.mark.parametrize("language", Language)
def test_table_without_rows_has_no_total_in_any_form(language: Language) -> None:
    assert table_rows(EMPTY, language) == []
    assert Page(to_html(counted(EMPTY), language, date(2027, 3, 12))).rows == []
    assert len(list(csv.reader(StringIO(to_csv(EMPTY, language))))) == 1
    book = load_workbook(BytesIO(to_xlsx(counted(EMPTY), language)))["empty"]
    assert len(list(book.iter_rows())) == 1
