"""Statistics as plain values, CSV and a page to print.

The page is one HTML file without a script, a font or an address, so it can be sent and kept. A
chart is drawn beside the table that it shows, never in its place.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, date, time, timedelta
from html import escape
from io import StringIO
from typing import Any, Final

from agency_client.presentation.labels import Label
from agency_client.presentation.numbers import filled, grouped
from agency_client.presentation.words import say, say_code
from agency_client.statistics.values import (
    Cell,
    Column,
    Heading,
    Key,
    Statistics,
    Table,
    TableRow,
)
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Code, NamedCode, Words

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Signs with which a formula begins in a spreadsheet; the last four are full-width forms."""
_BAR_WIDTH: Final = 320
_BAR_HEIGHT: Final = 18
_MOST_BARS: Final = 30

_TITLE = Words("Statistics of exchanges", "Статистика обменов", "Алмасулар статистикасы")
_LOG = Words("Log", "Журнал", "Журнал")
_CUT = Words(
    "{size} {size:entry|entries}, the last of {at}; root {root}",
    "{size} {size:запись|записи|записей}, последняя от {at}; корень {root}",
    "{size} жазба, соңғысы {at}; түбірі {root}",
)
_PERIOD = Words("Period", "Период", "Кезең")
_UNIT = Words("Unit", "Единица", "Бірлік")
_TOTAL = Words("total", "итого", "барлығы")
_ALL = Words("the whole log", "весь журнал", "бүкіл журнал")
_SINCE = Words("from {start} (UTC)", "с {start} (UTC)", "{start} бастап (UTC)")
_UNTIL = Words("before {end} (UTC)", "до {end} (UTC)", "{end} дейін (UTC)")
_LAST = Words(
    "to the end of {day} (UTC)", "до конца дня {day} (UTC)", "{day} күнінің соңына дейін (UTC)"
)
_NOT_COUNTED = Words(
    "Not counted: amounts in sealed documents; {unopened} {unopened:entry|entries} that this "
    "reader may not open.",
    "Не считаются: суммы в запечатанных документах; {unopened} {unopened:запись, закрытая|записи, "
    "закрытые|записей, закрытых} для этого читателя.",
    "Саналмайды: мөрленген құжаттардағы сомалар; осы оқырманға жабық {unopened} жазба.",
)
_SHARE = Words("{number}%", "{number}\u00a0%", "{number}%")
_UNITS: Final = (
    (_DAY, Words("{number} d", "{number} дн.", "{number} күн")),
    (timedelta(hours=1), Label.HOURS.value),
)
"""The units of a length of time that have a decimal; what is shorter is told in minutes."""
_EMPTY = Words("nothing in this period", "за период ничего нет", "бұл кезеңде ештеңе жоқ")


def heading(words: Heading, language: Language) -> str:
    """Say a heading or a code in a language."""
    if isinstance(words, Code | NamedCode):
        return say_code(words, language)
    return say(words, language)


def key(value: Key, language: Language) -> str:
    """Say the name of a group."""
    if isinstance(value, str) and not isinstance(value, NamedCode):
        return value
    return heading(value, language)


def figure(cell: Cell, column: Column, language: Language) -> str:
    """Write a figure for people; empty where there is nothing to measure."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return _length(value, language)
    if column.kind == "share":
        return say(_SHARE, language).format(number=f"{value * 100:.0f}")
    return grouped(str(value), language) or str(value)


def _length(time: timedelta, language: Language) -> str:
    """Write a length of time in its largest unit: what took an hour is not 0.0 days."""
    for unit, words in _UNITS:
        if time >= unit:
            number = grouped(f"{time / unit:.1f}", language)
            return say(words, language).format(number=number)
    return say(Label.MINUTES.value, language).format(number=round(time / _MINUTE))


def preamble(statistics: Statistics, language: Language) -> list[tuple[str, str]]:
    """Give what stands above the tables: what was counted, up to where, and what was not."""
    cut_at = statistics.cut_at
    cut = {
        "size": statistics.tree_size,
        "at": "" if cut_at is None else f"{cut_at:%Y-%m-%d %H:%M} UTC",
        "root": statistics.root.hex(),
    }
    said = filled(say(_CUT, language), language, cut)
    not_counted = filled(say(_NOT_COUNTED, language), language, {"unopened": statistics.unopened})
    return [
        (say(_LOG, language), f"{statistics.origin}: {said}"),
        (say(_PERIOD, language), period(statistics, language)),
        ("", not_counted),
    ]


def period(statistics: Statistics, language: Language) -> str:
    """Say the period that is counted."""
    start, end = statistics.period
    said = []
    if start is not None:
        said.append(say(_SINCE, language).format(start=f"{start:%Y-%m-%d %H:%M}"))
    if end is not None and end.timetz() == time(tzinfo=UTC):
        # As it was asked: nobody should read the day after as counted.
        day = (end - timedelta(days=1)).date()
        said.append(say(_LAST, language).format(day=day.isoformat()))
    elif end is not None:
        said.append(say(_UNTIL, language).format(end=f"{end:%Y-%m-%d %H:%M}"))
    return ", ".join(said) or say(_ALL, language)


def to_json(statistics: Statistics) -> dict[str, Any]:
    """Give the statistics as plain values, each figure with the entries that it was counted from.

    A code is its list and its name, such as `Currency.OTHER`; lengths of time are seconds.
    """
    start, end = statistics.period
    return {
        "origin": statistics.origin,
        "tree_size": statistics.tree_size,
        "root": statistics.root.hex(),
        "cut_at": statistics.cut_at.isoformat() if statistics.cut_at else None,
        "from": start.isoformat() if start else None,
        "to": end.isoformat() if end else None,
        "unopened": statistics.unopened,
        "tables": {table.name: _table_json(table) for table in statistics.tables},
    }


def _table_json(table: Table) -> dict[str, Any]:
    rows = [*table.rows, *([table.total] if table.total else [])]
    return {
        "title": table.title.en,
        "definition": table.definition.en,
        "unit": table.unit.en,
        "dimensions": [each.en for each in table.dimensions],
        "rows": [
            {
                "keys": [_key_json(each) for each in row.keys] if row is not table.total else None,
                "figures": {
                    column.name: {"value": _plain(cell.value), "entries": list(cell.entries)}
                    for column, cell in zip(table.columns, row.cells, strict=True)
                },
            }
            for row in rows
        ],
    }


def _key_json(value: Key) -> str:
    if isinstance(value, Code):
        return f"{type(value).__name__}.{value.name}"
    return str(value) if isinstance(value, str) else value.en


def _plain(value: int | float | timedelta | None) -> int | float | None:
    return value.total_seconds() if isinstance(value, timedelta) else value


def to_csv(table: Table, language: Language) -> str:
    """Write one table for a spreadsheet: headings, a row a group, the total last.

    Lengths of time are days, shares are fractions of 1; figures have a decimal point. A name that a
    spreadsheet would take for a formula gets an apostrophe before it (CWE-1236).
    """
    out = StringIO()
    writer = csv.writer(out)
    names = [say(each, language) for each in table.dimensions]
    writer.writerow([*names, *(heading(each.heading, language) for each in table.columns)])
    for row, keys in named_rows(table, language):
        cells = (_number(cell) for cell in row.cells)
        writer.writerow([*(_harmless(each) for each in keys), *cells])
    return out.getvalue()


def named_rows(table: Table, language: Language) -> Iterable[tuple[TableRow, list[str]]]:
    """Give the rows that every form of a table shows, each with its names, the total last."""
    for row in table.rows:
        yield row, [key(each, language) for each in row.keys]
    if table.total is not None and table.rows:
        blanks = [""] * (len(table.dimensions) - 1)
        yield table.total, [say(_TOTAL, language), *blanks]


def _number(cell: Cell) -> str:
    if isinstance(cell.value, timedelta):
        return f"{cell.value / _DAY:.4f}"
    return "" if cell.value is None else str(cell.value)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def table_rows(table: Table, language: Language) -> list[list[str]]:
    """Give a table's rows as text for people, the total last."""
    return [
        [
            *keys,
            *(
                figure(cell, column, language)
                for column, cell in zip(table.columns, row.cells, strict=True)
            ),
        ]
        for row, keys in named_rows(table, language)
    ]


_STYLE: Final = """
body { font: 11pt/1.4 sans-serif; color: #111; max-width: 70em; margin: 2em auto }
h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em }
table { border-collapse: collapse; margin: .6em 0 }
th, td { border-bottom: 1px solid #bbb; padding: .25em .7em; text-align: left; vertical-align: top }
td.n, th.n { text-align: right } tr.total td { border-top: 2px solid #111; font-weight: bold }
p.note { color: #444; max-width: 60em } dt { font-weight: bold } svg text { font: 9pt sans-serif }
section { break-inside: avoid } @page { size: A4 landscape; margin: 1.5cm }
"""


def to_html(statistics: Statistics, language: Language, printed_on: date) -> str:
    """Make the page to print: every table with its definition and unit, and a chart of the first
    column where there are groups to compare."""
    title = escape(say(_TITLE, language))
    head = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" if name else f"<dd>{escape(text)}</dd>"
        for name, text in preamble(statistics, language)
    )
    body = "".join(_section(table, language) for table in statistics.tables)
    return (
        f'<!doctype html>\n<html lang="{language.name.lower()}">\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{title}</h1>\n<p>{printed_on:%Y-%m-%d}</p>\n<dl>{head}</dl>\n{body}</html>\n"
    )


def _section(table: Table, language: Language) -> str:
    title = f"<h2>{escape(say(table.title, language))}</h2>"
    unit = f"{escape(say(_UNIT, language))}: {escape(say(table.unit, language))}"
    note = f'<p class="note">{escape(say(table.definition, language))} {unit}.</p>'
    if not table.rows or not table.columns:
        return f"<section>{title}{note}<p>{escape(say(_EMPTY, language))}</p></section>\n"
    headings = [f"<th>{escape(say(each, language))}</th>" for each in table.dimensions]
    headings += [
        f'<th class="n">{escape(heading(each.heading, language))}</th>' for each in table.columns
    ]
    rows = []
    for row, keys in named_rows(table, language):
        cells = "".join(f"<td>{escape(each)}</td>" for each in keys)
        cells += "".join(
            f'<td class="n">{escape(figure(cell, column, language))}</td>'
            for column, cell in zip(table.columns, row.cells, strict=True)
        )
        rows.append(
            f'<tr class="total">{cells}</tr>' if row is table.total else f"<tr>{cells}</tr>"
        )
    drawn = f"<table><tr>{''.join(headings)}</tr>{''.join(rows)}</table>"
    return f"<section>{title}{note}{drawn}{_chart(table, language)}</section>\n"


def _chart(table: Table, language: Language) -> str:
    """Draw the first column as bars; nothing for a single group, or for more than fit a page."""
    column = table.columns[0]
    bars = [
        (" → ".join(filter(None, (key(each, language) for each in row.keys))), row.cells[0])
        for row in table.rows
    ]
    largest = max(
        (cell.value for _, cell in bars if isinstance(cell.value, int | float)), default=0
    )
    if column.kind != "count" or not 1 < len(bars) <= _MOST_BARS or not largest:
        return ""
    height = len(bars) * _BAR_HEIGHT + 4
    drawn = []
    for number, (name, cell) in enumerate(bars):
        top, value = number * _BAR_HEIGHT, cell.value
        width = (
            round(float(value) / largest * _BAR_WIDTH, 1) if isinstance(value, int | float) else 0
        )
        told = escape(figure(cell, column, language))
        drawn.append(
            f'<text x="235" y="{top + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="240" y="{top + 2}" width="{width}" height="{_BAR_HEIGHT - 5}" '
            f'fill="#1d5a8a"/><text x="{245 + width}" y="{top + 13}">{told}</text>'
        )
    label = escape(f"{say(table.title, language)}: {heading(column.heading, language)}")
    return (
        f'<svg role="img" aria-label="{label}" width="640" height="{height}" '
        f'viewBox="0 0 640 {height}">{"".join(drawn)}</svg>'
    )
