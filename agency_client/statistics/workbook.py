"""Statistics as a workbook (XLSX): a sheet of what was counted, then a sheet for each table.

Figures are numbers, so that people can sum and sort them: lengths of time in days, shares as
fractions. No cell is a formula, whatever text a log holds.
"""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from agency_client.presentation.words import say
from agency_client.statistics.render import heading, named_rows, preamble
from agency_client.statistics.values import Cell, Statistics, Table
from exchange_protocol.kinds.codes import Language

_DAY: Final = timedelta(days=1)


def to_xlsx(statistics: Statistics, language: Language) -> bytes:
    """Write the workbook."""
    book = Workbook(write_only=True)
    about = book.create_sheet("about")
    for name, text in preamble(statistics, language):
        about.append([_text(about, name), _text(about, text)])
    for table in statistics.tables:
        about.append([_text(about, table.name), _text(about, say(table.definition, language))])
    for table in statistics.tables:
        _write(book.create_sheet(table.name), table, language)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _write(sheet: Any, table: Table, language: Language) -> None:
    names = [heading(each, language) for each in table.dimensions]
    names += [heading(column.heading, language) for column in table.columns]
    sheet.append([_text(sheet, name) for name in names])
    for row, keys in named_rows(table, language):
        cells = [_text(sheet, each) for each in keys]
        sheet.append([*cells, *map(_number, row.cells)])


def _text(sheet: Any, text: str) -> Any:
    """A cell of text, also where the text begins like a formula."""
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    return cell


def _number(cell: Cell) -> float | int | None:
    return cell.value / _DAY if isinstance(cell.value, timedelta) else cell.value
