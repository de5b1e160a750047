"""Faults of a file: each with its place, told at once, no content repeated.

Faults of one kind in one column are told together, with the first of their lines and the number of
the rest, so that a table of a hundred thousand rows gives an error that a person can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from exchange_protocol.errors import ExchangeError, InvalidInput, Reason

MOST_KINDS: Final = 20
MOST_LINES: Final = 10
_MOST_GROUPS: Final = 1000


class SpotKind(Enum):
    """The kinds of places within a line of a file, with their English words."""

    COLUMN = "column {}"
    """A column of a table, by its heading, or by its number where it has none."""
    HEADING = "heading of column {}"
    """The heading of a column, by its number."""
    PROPERTY = "property {}"
    """A property of a mapping, for which no column stands."""
    FIELD = "{}"
    """A property of an entity."""
    PATH = "path"
    """The way to a value of a document, such as `content.period` or `/report/transaction[2]`."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place within a line of a file."""

    kind: SpotKind
    name: str | int

    def __str__(self) -> str:
        if self.kind is SpotKind.PATH:
            return str(self.name)
        return str(self.kind.value).format(repr(self.name))


Spots: TypeAlias = tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Faults of one kind at one place; a person is told them in other languages too."""

    lines: tuple[int, ...]
    """The first of them; empty if no line is known."""
    count: int
    """The number of all."""
    spots: Spots
    """The places in the line; empty for the whole of it."""
    expected: str
    """The sentence on the value that was expected there, in English."""

    @property
    def at(self) -> str:
        """The places in the line, in English, such as `column 'date'`."""
        return ", ".join(map(str, self.spots))


class FileInvalid(InvalidInput):
    """DOCUMENT_INVALID of a file, with its places apart from the message."""

    def __init__(
        self, message: str, places: Sequence[FilePlace], rest: int, *, field: str | None = None
    ) -> None:
        super().__init__(Reason.DOCUMENT_INVALID, message, field=field)
        self.places = tuple(places)
        self.rest = rest
        """Faults at other places."""


@dataclass(slots=True)
class _Group:
    lines: list[int] = field(default_factory=list)
    count: int = 0
    last: int = 0


class Faults:
    """Collects the faults of one file."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._groups: dict[tuple[Spots, str], _Group] = {}
        self.count = 0

    def __bool__(self) -> bool:
        return self.count > 0

    def add(self, expected: str, *, line: int, at: Spot | Spots = ()) -> None:
        """Note a fault: its line, where in it, and what was expected."""
        key = ((at,) if isinstance(at, Spot) else at, expected)
        if key not in self._groups and len(self._groups) >= _MOST_GROUPS:
            self.count += 1
            return
        group = self._groups.setdefault(key, _Group())
        if group.last == line:
            return  # Told already, of the same cell in another use.
        self.count += 1
        group.count += 1
        group.last = line
        if len(group.lines) < MOST_LINES:
            group.lines.append(line)

    def error(self) -> ExchangeError:
        """The faults so far as one error: DOCUMENT_INVALID."""
        places = [
            FilePlace(tuple(group.lines), group.count, spots, expected)
            for (spots, expected), group in list(self._groups.items())[:MOST_KINDS]
        ]
        told = [_words(place) for place in places]
        rest = self.count - sum(place.count for place in places)
        if rest:
            told.append(f"and {rest} more")
        much = f"{self.count} faults: " if self.count > 1 else ""
        return FileInvalid(f"{self._source}: {much}{'; '.join(told)}", places, rest)

    def raise_any(self) -> None:
        """Raise DOCUMENT_INVALID if there is a fault."""
        if self:
            raise self.error()


def lines_in_words(lines: Sequence[int], count: int) -> str:
    """Lines as people read them: `line 3`, or `lines 3, 5 and 20 more`."""
    if count == 1:
        return f"line {lines[0]}"
    shown = ", ".join(str(line) for line in lines[:MOST_LINES])
    rest = count - min(len(lines), MOST_LINES)
    return f"lines {shown} and {rest} more" if rest else f"lines {shown}"


def _words(place: FilePlace) -> str:
    lines = lines_in_words(place.lines, place.count)
    return f"{lines}, {place.at}: {place.expected}" if place.at else f"{lines}: {place.expected}"
