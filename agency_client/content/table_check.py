"""The check of a table's rows: what is at fault, what is doubtful, what is left out.

`table_import` hands over every row before the first entity is given. All faults are told at once,
by line and column; what was left out is told in notes, which hold neither values nor names of
files. The rules are those of `table_import`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from agency_client.content.characters import find_hidden
from agency_client.content.entity import Entity, Spellings, Warnings
from agency_client.content.faults import MOST_LINES, Faults, Spot, SpotKind, lines_in_words
from agency_client.content.layout import layout_doubt, layout_fault, names_types
from agency_client.content.links import Links, doubts_of_links
from agency_client.content.mappings import EntityMapping, compared, key_property
from agency_client.content.rows import SHORT, MappedEntity, RowMapper
from agency_client.content.schemata import EVENT_SCHEMATA
from agency_client.content.spoiled import cell_fault, ditto_fault, is_shortened, tells_nothing_apart
from agency_client.content.subjects import SubjectCount
from agency_client.content.tables import Row, column
from agency_client.content.values import ValueCheck
from exchange_protocol.errors import Reason

MAX_ENTITIES: Final = 1_000_000
_MOST_ROWS: Final = frozenset(
    {1_000, 5_000, 10_000, 20_000, 50_000, 65_536, 100_000, 200_000, 500_000, 1_000_000}
)
"""Rows at which programs of databases and banks end an export."""
_MOST_ROWS_OF_SHEETS: Final = frozenset({16_384, 65_536, 1_048_576})
"""Rows of a sheet of Excel, the headings among them; what is below is lost when it is opened."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """The way in which a person says that a table is written and meant."""

    encoding: str | None = None
    """Such as cp1251; else found out, where it is certain."""
    delimiter: str | None = None
    """`,` `;` `|` or a tab; else found out."""
    dates: Sequence[str] = ()
    """Forms of dates, such as DD.MM.YYYY; else YYYY-MM-DD."""
    numbers: str | None = None
    """The example of `NUMBER_FORMS` that numbers are written like; else 1000.50."""
    skip_rows_without_key: bool = False
    """Leave out what has no key, and say so in the notes."""
    allow_repeated_keys: bool = False
    """Rows of one key may say different things; each counts as a subject."""
    allow_links_outside: bool = False
    """Links from cells may lead to entities that the table does not give."""
    exact_filters: bool = False
    """Cells that only look like a value of a filter are others, and the notes say so."""


class TableCheck:
    """Checks the rows of a table, noting what is wrong and what is to be told."""

    def __init__(
        self,
        source: str,
        rows: RowMapper,
        columns: set[str],
        headings: Sequence[str],
        options: TableOptions,
        check: ValueCheck,
    ) -> None:
        self._check = check
        self._links = Links(check)
        self.faults = Faults(source)
        self.subjects = SubjectCount()
        self.warnings = Warnings()
        self.count = 0
        self._source = source
        self._rows = rows
        self._headings = headings
        self._options = options
        self._spots = {heading: column(heading, headings) for heading in {*headings, *columns}}
        self._plain = [
            (index, heading)
            for index, heading in enumerate(headings)
            if heading in columns or not heading
        ]
        self._seen: dict[int, int] = {}
        """Keys, by a digest: a digest of what was told of each and the line, in one number."""
        self._spellings = Spellings()
        self._linked: set[tuple[str, str]] = set()
        """Links of events that a row has had, by the name of the event in the mapping."""
        self._told: set[int] = set()
        """A digest of each entity."""
        self._clashes: set[int] = set()
        self._row_count = 0
        self._met: set[tuple[str, str]] = set()
        """Values of filters that a row has, with their columns."""
        self._filtered = _Lines()
        self._near_filters = _Lines()
        self._without_key = _Lines()
        self._lacking = _Lines()
        self._repeated = 0

    @property
    def rows(self) -> int:
        """The rows that were checked."""
        return self._row_count

    def check(self, row: Row) -> None:
        """Check a row."""
        self._row_count += 1
        record = dict(zip(self._headings, row.cells, strict=True))
        self._check_cells(row)
        passed = False
        emptied = True
        for number, query in enumerate(self._rows.queries):
            for each in query.filters:
                if (cell := compared(record[each.column])) in each.values:
                    self._met.add((each.column, cell))
                elif each.is_doubtful(record) and not any(
                    other.names(each.column, cell) for other in self._rows.queries
                ):
                    self._near(row, each.column)
            if not query.passes(record):
                continue
            passed = True
            for made in self._rows.map_record(query, record):
                emptied = self._take(row, number, made, record) and emptied
        if not passed:
            self._filtered.add(row.line)
        elif emptied:
            self._lost(row, self._rows.queries[0].entities[0])
        elif self._row_count == 1 and names_types(row.cells):
            self.faults.add("the row names the types of the columns: take it out", line=row.line)
        elif words := layout_fault(row.cells):
            self.faults.add(words, line=row.line)
        elif words := layout_doubt(row.cells):
            self.warnings.note(row.line, words)

    def end(self) -> None:
        """Raise DOCUMENT_INVALID if a row was at fault, or if nothing is left."""
        self.faults.raise_any()
        self._links.check(self.faults, allow_outside=self._options.allow_links_outside)
        self.faults.raise_any()
        if self.count > MAX_ENTITIES:
            raise Reason.TOO_MANY.error(
                f"{self._source}: expected at most {MAX_ENTITIES} entities, got {self.count}"
            )
        if not self.count:
            why = "; ".join(self.notes()) or "it has no rows"
            raise Reason.DOCUMENT_INVALID.error(
                f"{self._source}: expected at least one entity, got none: {why}"
            )

    def cut(self) -> Iterator[str]:
        """Doubt a table of just as many rows as some programs write at the most."""
        if self._row_count in _MOST_ROWS or self._row_count + 1 in _MOST_ROWS_OF_SHEETS:
            yield (
                f"the table has exactly {self._row_count} rows, the most that some programs write: "
                "is it whole?"
            )

    def unmet(self) -> Iterator[str]:
        """Tell of values of filters that no row has: they may be spelt otherwise in the table."""
        for query in self._rows.queries:
            for each in query.filters:
                lacking = [value for value in each.values if (each.column, value) not in self._met]
                if lacking:
                    yield (
                        f"of the {len(each.values)} values that the mapping's filter names for "
                        f"column {each.column!r}, no row has {len(lacking)}: is each spelt as in "
                        "the table? There are no wildcards"
                    )

    def notes(self) -> Iterator[str]:
        """Tell what was left out, and why."""
        rows = self._row_count
        if self._filtered.count:
            yield f"The mapping's filters left out {self._filtered.count} of {rows} rows."
        if self._near_filters.count:
            yield (
                "Cells that only look like a value of the mapping's filters, taken for others as "
                f"was said: {self._near_filters}."
            )
        if self._without_key.count:
            yield f"Without a key, left out as was said: {self._without_key}."
        if self._lacking.count:
            yield f"Without what the mapping requires, left out: {self._lacking}."
        yield from self._links.notes()
        if self._repeated:
            yield (
                f"{self._repeated} rows have the key of a row before; what is the same stands once."
            )

    def _take(self, row: Row, number: int, made: MappedEntity, record: Mapping[str, str]) -> bool:
        """Note what a mapping made of a row; whether the row is left with nothing said of it."""
        mapping, entity = made.mapping, made.entity
        if entity is not None or not self._options.skip_rows_without_key:
            for name, words in made.faults:
                self._fault(row, name, words)
        if entity is None:
            if made.lacks_required:
                self._lacking.add(row.line)
                return False
            if any(record[each].strip() for each in mapping.ordered_columns):
                self._lost(row, mapping)
                return False
            return True
        keys = [record[each] for each in mapping.key_columns]
        at = tuple(self._spots[each] for each in mapping.key_columns)
        if all(map(tells_nothing_apart, keys)):
            self.faults.add(
                f"the key of {mapping.name!r} reads like a value that is absent, such as NULL: all "
                "such rows would become one; empty it",
                line=row.line,
                at=at,
            )
        elif not made.faults and any(map(is_shortened, keys)):
            self.faults.add(
                f"the key of {mapping.name!r} holds a number that Excel has shortened (as "
                "7.9E+11), as it would others",
                line=row.line,
                at=at,
            )
        elif nothing := self._says_nothing(number, mapping, entity, record):
            self.faults.add(nothing, line=row.line)
        elif not made.faults:
            self._note(row, number, made, entity)
        return False

    def _near(self, row: Row, column: str) -> None:
        """Note a cell that only looks like a value of a filter."""
        if self._options.exact_filters:
            self._near_filters.add(row.line)
            return
        self._fault(
            row,
            column,
            "looks like a value of the mapping's filter and is another: write it as there, or name "
            "it, in filters to take the row or in filters_not to leave it out; if all such cells "
            "are others, say --exact-filters",
        )

    def _says_nothing(
        self, number: int, mapping: EntityMapping, entity: Entity, record: Mapping[str, str]
    ) -> str | None:
        """Say why an entity tells nothing: one without properties, a link without an end."""
        told, schema = entity["properties"], mapping.schema.name
        if not told and (
            schema in EVENT_SCHEMATA or (mapping.properties and mapping.id_column is None)
        ):
            # A key is sealed as a digest alone, so what stands there would be lost.
            keys = [each for each in mapping.key_columns if record[each].strip()]
            if schema in EVENT_SCHEMATA or not self._rows.queries[number].gives(keys, record):
                name = key_property(mapping)
                return (
                    f"the row tells nothing of {mapping.name!r} but its key, which is sealed as a "
                    f"digest alone: send the key too, by `{name}: {{column: {keys[0]!r}}}` among "
                    "its properties in the mapping. If the row is a note beside the table, take "
                    "it out. With `required: true` at a property such rows are left out, and so "
                    "are the links to them"
                )
        for end in self._check.ends(schema) or ():
            if end not in told and any(each.prop.name == end for each in mapping.properties):
                return (
                    f"the link {mapping.name!r} has no {end}, for the key of that is empty: fill "
                    f"it in, or say `required: true` at {end} in the mapping to leave such links "
                    "out"
                )
        return None

    def _note(self, row: Row, number: int, made: MappedEntity, entity: Entity) -> None:
        told, is_known = made.digest, made.digest in self._told
        key = hash((number, made.mapping.name, entity["id"]))
        before = self._seen.setdefault(key, told << 64 | row.line)
        is_first = before == told << 64 | row.line
        if before >> 64 != told or (not is_first and made.mapping.schema.name in EVENT_SCHEMATA):
            if not self._options.allow_repeated_keys:
                self._clash(row, made.mapping, key, before & SHORT)
                return
            self._repeated += 1
        if not is_known:
            self._told.add(told)
            self.count += 1
            self.subjects.add(entity)
            self._links.add(row.line, entity)
            self.warnings.add(row.line, entity)
            if _lacks_date(made.mapping, entity):
                self.warnings.note(
                    row.line,
                    f"{made.mapping.name!r} has no date: was its cell merged with the one above?",
                )
            for name in self._lost_links(made.mapping, entity):
                self.warnings.note(
                    row.line,
                    f"{made.mapping.name!r} has no {name}, and a row above has one: was its cell "
                    "merged with the one above?",
                )
            for words in (
                *doubts_of_links(entity, self._check),
                *self._spellings.doubts(entity),
            ):
                self.warnings.note(row.line, words)

    def _lost_links(self, mapping: EntityMapping, entity: Entity) -> Iterator[str]:
        """The links that an event lacks and one above has, such as the account of a payment."""
        if mapping.schema.name not in EVENT_SCHEMATA:
            return
        for each in mapping.properties:
            name = each.prop.name
            if each.entity is None:
                continue
            if name in entity["properties"]:
                self._linked.add((mapping.name, name))
            elif (mapping.name, name) in self._linked:
                yield name

    def _clash(self, row: Row, mapping: EntityMapping, key: int, first: int) -> None:
        what = "tell one event twice" if mapping.schema.name in EVENT_SCHEMATA else "differ"
        words = (
            f"these rows have one key of {mapping.name!r} and {what}: name more columns as its "
            "keys, or say --allow-repeated-keys"
        )
        at = tuple(self._spots[each] for each in mapping.key_columns)
        if key not in self._clashes:
            self._clashes.add(key)
            self.faults.add(words, line=first, at=at)
        self.faults.add(words, line=row.line, at=at)

    def _lost(self, row: Row, mapping: EntityMapping) -> None:
        if self._options.skip_rows_without_key:
            self._without_key.add(row.line)
            return
        self.faults.add(
            f"the key of {mapping.name!r} is empty, so that the row would be lost: fill it in, or "
            "say --skip-rows-without-key",
            line=row.line,
            at=tuple(self._spots[each] for each in mapping.key_columns),
        )

    def _check_cells(self, row: Row) -> None:
        for index, heading in self._plain:
            cell = row.cells[index]
            if not heading:
                if cell.strip():
                    self.faults.add(
                        "the column has no heading, so that its cells would be lost",
                        line=row.line,
                        at=Spot(SpotKind.COLUMN, index + 1),
                    )
            elif hidden := find_hidden(cell):
                self._fault(row, heading, str(hidden))
            elif spoiled := cell_fault(cell) or ditto_fault(cell):
                self._fault(row, heading, spoiled)

    def _fault(self, row: Row, name: str, words: str) -> None:
        at = self._spots.get(name, Spot(SpotKind.PROPERTY, name))
        self.faults.add(words, line=row.line, at=at)


def _lacks_date(mapping: EntityMapping, entity: Entity) -> bool:
    """True for an event without the day that its mapping takes from the row."""
    return (
        mapping.schema.name in EVENT_SCHEMATA
        and "date" not in entity["properties"]
        and any(each.prop.name == "date" for each in mapping.properties)
    )


@dataclass(slots=True)
class _Lines:
    """Lines, the first of them by number."""

    first: list[int] = field(default_factory=list)
    count: int = 0

    def add(self, line: int) -> None:
        """Note a line, once."""
        if self.first and self.first[-1] == line:
            return
        self.count += 1
        if len(self.first) < MOST_LINES:
            self.first.append(line)

    def __str__(self) -> str:
        return lines_in_words(self.first, self.count)
