"""Tables of statistics as values: rows of figures, each with the entries it was counted from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from exchange_protocol.words import Code, NamedCode, Words

Heading = Words | Code | NamedCode
Key = str | Heading
"""The name of a group: a code with its words, or a name that is the same in every language."""


class Period(NamedTuple):
    """The span of time whose exchanges are counted, by the hub's time of the initial statement."""

    start: datetime | None
    """Included; None is the start of the log."""
    end: datetime | None
    """The first time that is not included; None is the last entry."""

    def holds(self, at: datetime) -> bool:
        """True if a time is within the period."""
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)


class Cell(NamedTuple):
    """A figure, and the log entries that it was counted from."""

    value: int | float | timedelta | None
    """The figure; None where there is nothing to measure, such as a median of no answers."""
    entries: tuple[int, ...]
    """Indexes, in log order: of initial statements, or of the entries that ended a leg."""


class Column(NamedTuple):
    """A column of figures."""

    name: str
    """Stable, for programs."""
    heading: Heading
    kind: Literal["count", "share", "span"] = "count"
    """A count is a whole number, a share a fraction of 1, a span a length of time."""


class TableRow(NamedTuple):
    """A group, by one key for each of the table's dimensions, and its figures."""

    keys: tuple[Key, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table with everything that its reader needs."""

    name: str
    """Stable, for programs."""
    title: Words
    definition: Words
    unit: Words
    dimensions: tuple[Words, ...]
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    total: TableRow | None
    """Over all rows; its keys are empty. None where a total means nothing."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """All tables, and what they were counted from."""

    origin: str
    """Name of the log."""
    tree_size: int
    """Entries of the log at the checkpoint that the figures were cut at."""
    root: bytes
    """Root of that checkpoint, 32 bytes."""
    cut_at: datetime | None
    """The hub's time of the last entry; None for an empty log."""
    period: Period
    unopened: int
    """Entries that this reader may not open: they are not counted."""
    tables: tuple[Table, ...]
