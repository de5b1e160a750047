"""Tables as lines of text: for a file, for a program, and for a terminal that is wide enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agency_client.presentation.visible import mark_hidden

PLAIN_WIDTH: Final = 200
"""Columns of a table that no terminal limits: a program that reads text wants whole lines."""
_LEAST_WRAPPED: Final = 16
"""Columns that a text needs at least to be broken into lines that people read."""
_GAP: Final = 2
"""Columns between two columns of a table."""

Cell = str | Text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    wraps: bool = False
    """True if its texts may be broken into lines, at words."""
    gives_way: int = 0
    """On a terminal that is too narrow for all columns the highest number is left out first; 0 is
    never left out."""
    is_number: bool = False
    """True if its texts are numbers, which stand at the right so that their digits do."""


def clean(value: Cell) -> Text:
    """A cell in which nothing is unseen."""
    return value if isinstance(value, Text) else Text(mark_hidden(value))


def heading_text(text: str) -> str:
    """A heading as it is shown."""
    return mark_hidden(text[:1].upper() + text[1:])


def widths(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> tuple[int, int]:
    """The columns that a table needs at least, and those that it fills if nothing is broken."""
    least = whole = _GAP * (len(columns) - 1)
    for number, column in enumerate(columns):
        lines = [line for row in rows for line in row[number].plain.split("\n")]
        longest = max(map(cell_len, [column.name, *lines]))
        least += min(longest, _LEAST_WRAPPED) if column.wraps else longest
        whole += longest
    return least, whole


def table_of(columns: Sequence[Column], rows: Iterable[Sequence[Text]]) -> Table:
    """A table under the names of its columns."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # An id or a date that is broken over lines can be neither copied nor read.
        table.add_column(
            column.name.upper(),
            overflow="fold",
            no_wrap=not column.wraps,
            justify="right" if column.is_number else "left",
        )
    for row in rows:
        table.add_row(*row)
    return table


def fields_of(fields: Iterable[tuple[str, Cell]]) -> Table:
    """Names with their values, aligned."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(clean(name), clean(value))
    return table


def as_text(table: Table, width: int = 0) -> str:
    """A table as lines without colours, at least as wide as a program wants them."""
    told = StringIO()
    # Whatever FORCE_COLOR says: on a "terminal" that is dumb, rich takes 80 columns and cuts ids.
    Console(
        file=told,
        width=max(width, PLAIN_WIDTH),
        force_terminal=False,
        color_system=None,
        highlight=False,
        markup=False,
    ).print(table)
    # rich fills every line up to the width of the table.
    return "".join(f"{line.rstrip()}\n" for line in told.getvalue().splitlines())
