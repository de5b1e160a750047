"""The entities of a statement, read once: where each row stands, what is paid by whom, the sums.

An answer may have 100,000 payments. The console keeps their places in the unsealed parts, the names
of those who are referred to, and the largest flows. A page of a table is read from its places when
it is shown, in the reader's language.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from agency_client.content.entities import Entity, parse_entity
from agency_client.core.views import UnsealedStatement, is_entities_part
from agency_client.presentation.entities import (
    Ends,
    Gathered,
    Section,
    Table,
    Tables,
    added,
    amount_of,
    name_end,
    payment_ends,
    row,
    section_of,
    total_words,
)
from agency_client.presentation.locale import Locale

MOST_FLOWS: Final = 60
_TELLS_EVERY: Final = 2_000
"""Entities between two tellings of the progress."""

Progress = Callable[[int, int], None]
"""Is told the bytes that were read, and those that there are."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A payer's payments to one payee, in one currency."""

    payer: str
    payee: str
    currency: str
    amount: Decimal
    count: int
    share: int
    """Of the largest flow of the currency, 1 to 100: the width of its line."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The entities of one statement."""

    parts: tuple[bytes, ...] = field(repr=False)
    places: Mapping[Section, Sequence[int]] = field(repr=False)
    """Of each row, the number of its part and its first byte there, as one number."""
    captions: Mapping[str, str] = field(repr=False)
    totals: Mapping[str, Decimal]
    flows: tuple[Flow, ...] = field(repr=False)
    """The largest."""
    flow_count: int

    def table(self, section: Section, locale: Locale, start: int, most: int) -> Table:
        """Rows of a table from `start` on, at most so many."""
        places = self.places[section]
        rows = [
            row(self._entity(place), self.captions, locale)
            for place in places[start : start + most]
        ]
        return Table(rows, len(places))

    def tables(self, locale: Locale, most: int) -> Tables:
        """The first rows of each table."""
        return Tables(
            payments=self.table(Section.PAYMENTS, locale, 0, most),
            totals=total_words(self.totals, locale),
            entities=self.table(Section.ENTITIES, locale, 0, most),
            links=self.table(Section.LINKS, locale, 0, most),
        )

    def _entity(self, place: int) -> Entity:
        part, start = divmod(place, _PART)
        data = self.parts[part]
        end = data.find(b"\n", start)
        return parse_entity(data[start : end if end >= 0 else len(data)], "entities", 1)


def read_contents(statement: UnsealedStatement, progress: Progress) -> Contents:
    """Read the entities of a statement; those of a faulty part are left out."""
    faulty = {fault.part for fault in statement.faults}
    parts = {
        name: data
        for name, data in statement.parts.items()
        if is_entities_part(name) and name not in faulty
    }
    size, before = sum(map(len, parts.values())), 0
    places = {section: array("Q") for section in Section}
    gathered, flows = Gathered(), _Flows()
    for part, (name, data) in enumerate(parts.items()):
        start = number = 0
        while start < len(data):
            number += 1
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            if (line := data[start:end]).strip():
                entity = parse_entity(line, name, number)
                if gathered.take(entity):
                    section = section_of(entity)
                    places[section].append(part * _PART + start)
                    if section is Section.PAYMENTS:
                        flows.take(entity)
            start = end + 1
            if not number % _TELLS_EVERY:
                progress(before + start, size)
        before += len(data)
    found = flows.named(gathered.captions)
    return Contents(
        tuple(parts.values()),
        places,
        gathered.captions,
        gathered.totals,
        tuple(found[:MOST_FLOWS]),
        len(found),
    )


class _Flows:
    """Adds payments up; what is no clear number is left out."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Ends, Ends, str], tuple[Decimal, int]] = {}

    def take(self, payment: Entity) -> None:
        """Add a payment."""
        amount = amount_of(payment)
        if amount is None:
            return
        key = (*payment_ends(payment), ", ".join(payment["properties"].get("currency", ())))
        total, count = self._sums.get(key, (Decimal(0), 0))
        self._sums[key] = (added(total, amount), count + 1)

    def named(self, captions: Mapping[str, str]) -> list[Flow]:
        """The flows, the largest first; two ends of one name are one end of the picture."""
        sums: dict[tuple[str, str, str], tuple[Decimal, int]] = {}
        largest: dict[str, Decimal] = {}
        for (payer, payee, currency), (amount, count) in self._sums.items():
            key = (name_end(payer, captions), name_end(payee, captions), currency)
            total, number = sums.get(key, (Decimal(0), 0))
            sums[key] = (added(total, amount), number + count)
        for (_, _, currency), (amount, _) in sums.items():
            largest[currency] = max(largest.get(currency, Decimal(0)), abs(amount))
        ordered = sorted(sums.items(), key=lambda item: -abs(item[1][0]))
        return [
            Flow(*key, amount, count, _share(amount, largest[key[2]]))
            for key, (amount, count) in ordered
        ]


def _share(amount: Decimal, largest: Decimal) -> int:
    return max(1, int(abs(amount) * 100 / largest)) if largest else 1


_PART: Final = 2**40
