"""Fields of a document: each value with the place where it stands, and errors that name the place.

Errors never repeat what stands there: it is personal data. Here are the values alone; `fields_file`
reads them from YAML and JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from numbers import Number
from typing import Any, NamedTuple, TypeAlias

from agency_client.content.faults import MOST_KINDS, FileInvalid, FilePlace, Spot, SpotKind
from exchange_protocol.errors import ExchangeError

At: TypeAlias = tuple[str | int, ...]
"""The place of a value: names of fields and indices of lists, from the top."""


class Place(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of a document with their places."""

    values: Mapping[str, Any]
    source: str
    """Its name in errors: the file, and the part of it."""
    places: Mapping[At, Place] = field(default_factory=dict, repr=False)
    above: At = ()
    """The place of these fields in the file."""

    def section(self, name: str) -> Fields:
        """The fields below one of them; raises DOCUMENT_INVALID if it is no mapping."""
        given = self.values[name]
        if not isinstance(given, Mapping):
            raise self.fault((name,), f"expected fields with names, got {kind_of(given)}")
        return Fields(given, f"{self.source}: {name}", self.places, (*self.above, name))

    def place(self, at: At) -> str:
        """Say the place of a value, or of what it would stand in: `line 3, `, or nothing."""
        return "".join(f"line {line}, " for line in self._lines(at))

    def _lines(self, at: At) -> tuple[int, ...]:
        path = (*self.above, *at)
        while path and path not in self.places:
            path = path[:-1]
        found = self.places.get(path)
        return (found.line,) if found else ()

    def fault(self, at: At, expected: str) -> ExchangeError:
        """An error about one value: DOCUMENT_INVALID."""
        return self.faults([(at, expected)])

    def faults(self, found: list[tuple[At, str]]) -> ExchangeError:
        """An error about several values: DOCUMENT_INVALID."""
        shown, rest = found[:MOST_KINDS], max(0, len(found) - MOST_KINDS)
        told = [f"{self.place(at)}{dotted(at) or 'document'}: {expected}" for at, expected in shown]
        if rest:
            told.append(f"and {rest} more")
        places = [
            FilePlace(
                self._lines(at), 1, (Spot(SpotKind.PATH, dotted(at)),) if at else (), expected
            )
            for at, expected in shown
        ]
        return FileInvalid(
            f"{self.source}: {'; '.join(told)}", places, rest, field=dotted(found[0][0]) or None
        )


def dotted(at: At) -> str:
    """A place as people read it: `period.start`, `items.0`."""
    return ".".join(str(step) for step in at)


def kind_of(value: object) -> str:
    """Say the type of a value, in words."""
    match value:
        case None:
            return "nothing"
        case Mapping():
            return "fields with names"
        case list() | tuple():
            return "a list"
        case bool():
            return "true or false"
        case Number():
            return "a number"
        case date() | time():
            return "a date or a time"
        case bytes() | bytearray() | memoryview():
            return "bytes"
        case str():
            return "text"
        case _:
            return "an object of a program"
