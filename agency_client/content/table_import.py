"""From a table to entities: every cell arrives as it stands, or the table is refused.

Rules of this module:

- The whole table is checked before the first entity is given, and is then read again. All faults
  are told at once, by line and column.
- A row that gives no entity, and one whose cells would be lost with an entity that has no key, is
  refused, unless such rows were said to be meant.
- Two rows of one key that say different things of an entity are refused, unless keys were said to
  repeat: whoever reads them would take them for one thing. So are two rows that tell the same of an
  event, such as a payment: two payments of one sum on one day are two.
- An account or a person of which two rows tell the same, in the same words, comes once.
- `notes` tell what was chosen, found out or left out. They go into the brief, so approvers and
  recipients see how the table was read. Neither values nor names of files stand in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from agency_client.content.doubts import counts_thousands, money_named_in
from agency_client.content.entity import Entity, ImportedEntities
from agency_client.content.faults import MOST_LINES, lines_in_words
from agency_client.content.fields_file import read_fields
from agency_client.content.forms import DateForm, NumberForm
from agency_client.content.mapping_file import parse_mapping
from agency_client.content.mappings import Forms, Query
from agency_client.content.rows import RowMapper
from agency_client.content.source import GivenFile, HeldFile, Source
from agency_client.content.table_check import TableCheck, TableOptions
from agency_client.content.tables import DELIMITERS, Table
from agency_client.content.values import ValueCheck


def entities_from_csv(
    csv_path: GivenFile,
    mapping_path: GivenFile,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    dates: str | Sequence[str] = (),
    numbers: str | None = None,
    skip_rows_without_key: bool = False,
    allow_repeated_keys: bool = False,
    allow_links_outside: bool = False,
    exact_filters: bool = False,
) -> TableImport:
    """Make entities from a table by a FollowTheMoney mapping (YAML).

    The mapping is one query (`entities: ...`), or a data set with `queries`; where it says to find
    the table is not looked at. Every row goes through all queries, in order. The table is checked
    whole now, and read again when the entities are taken. Both files are paths, or are held in
    memory. `warnings` has the doubts, `notes` tells how the table was read.

    Args:
        encoding: such as cp1251; found out where it is certain, if not given.
        delimiter: the sign between cells; found out likewise.
        dates: the form or forms of dates, such as DD.MM.YYYY, if it is not YYYY-MM-DD.
        numbers: how 1000.50 is written, such as `1 000,50`.
        skip_rows_without_key: leave out what has no key, and say so in the notes.
        allow_repeated_keys: rows of one key may say different things; each counts as a subject.
        allow_links_outside: links from cells may lead to entities that the table does not give.
        exact_filters: cells that only look like a value of a filter, such as AT&T beside T, are
            others, and the notes say so.

    Raises:
        InvalidInput: DOCUMENT_INVALID, with every fault; INVALID_FIELD, for an unknown form.
    """
    listed = (dates,) if isinstance(dates, str) else tuple(dates)
    options = TableOptions(
        encoding,
        delimiter,
        listed,
        numbers,
        skip_rows_without_key,
        allow_repeated_keys,
        allow_links_outside,
        exact_filters,
    )
    return TableImport(csv_path, mapping_path, options)


class TableImport(ImportedEntities):
    """The entities that a mapping makes of a table."""

    def __init__(
        self,
        csv_path: GivenFile,
        mapping_path: GivenFile,
        options: TableOptions,
    ) -> None:
        check = ValueCheck()
        forms = Forms(
            tuple(DateForm.parse(form) for form in options.dates),
            NumberForm.parse(options.numbers) if options.numbers is not None else None,
        )
        mapping = mapping_path if isinstance(mapping_path, HeldFile) else Path(mapping_path)
        queries = parse_mapping(read_fields(mapping), check)
        source = Source(csv_path)
        columns = set[str]().union(*(query.columns for query in queries))
        self._rows = RowMapper(queries, forms, check)
        self._table = Table.open(
            source, columns, encoding=options.encoding, delimiter=options.delimiter
        )
        checking = TableCheck(
            str(source), self._rows, columns, self._table.headings, options, check
        )
        for row in self._table.rows(checking.faults):
            checking.check(row)
        checking.end()
        self.count = checking.count
        self.subjects = int(checking.subjects)
        self.warnings = (
            *_unused(self._table, columns),
            *_mixed(queries),
            *_misnamed(queries),
            *_parted(self._table.after_blanks, checking.rows),
            *checking.cut(),
            *checking.unmet(),
            *checking.warnings.told(),
        )
        self.notes = (
            *_form_notes(self._table, queries, forms, options),
            *checking.notes(),
            *checking.subjects.notes(),
        )

    def __iter__(self) -> Iterator[Entity]:
        told: set[int] = set()
        for row in self._table.rows():
            record = dict(zip(self._table.headings, row.cells, strict=True))
            for query in self._rows.queries:
                if not query.passes(record):
                    continue
                for made in self._rows.map_record(query, record):
                    if made.entity is not None and made.digest not in told:
                        told.add(made.digest)
                        yield made.entity


def _unused(table: Table, columns: set[str]) -> Iterator[str]:
    names = [name for name in table.headings if name and name not in columns]
    if names:
        shown = ", ".join(repr(name[:64]) for name in names[:MOST_LINES])
        rest = f" and {len(names) - MOST_LINES} more" if len(names) > MOST_LINES else ""
        yield f"the mapping does not use the columns {shown}{rest}"


def _parted(after_blanks: Sequence[int], rows: int) -> Iterator[str]:
    """Doubt rows behind a blank one: another table may begin there. Some programs part all rows."""
    if after_blanks and 2 * len(after_blanks) < rows:
        yield (
            f"{lines_in_words(after_blanks[:MOST_LINES], len(after_blanks))}: a blank row stands "
            "before it: does another table begin here?"
        )


def _mixed(queries: Sequence[Query]) -> Iterator[str]:
    """Doubt amounts from several columns: debit and credit would read alike."""
    for each in (
        each for query in queries for entity in query.entities for each in entity.properties
    ):
        if each.prop.type.name == "number" and len(each.columns) > 1 and each.join is None:
            shown = " and ".join(repr(name[:64]) for name in each.columns[:MOST_LINES])
            yield (
                f"the mapping puts columns {shown} into one {each.prop.name}: which of them a "
                "value is from is not sent, as debit or credit; a query for each, by filters or "
                "with payer and beneficiary, tells it"
            )


def _misnamed(queries: Sequence[Query]) -> Iterator[str]:
    """Doubt amounts whose heading counts thousands, or names other money than the mapping does."""
    for entity in (each for query in queries for each in query.entities):
        said = {
            text
            for each in entity.properties
            if each.prop.name == "currency"
            for text in each.literals
        }
        for each in entity.properties:
            for column in each.columns if each.prop.type.name == "number" else ():
                if counts_thousands(column):
                    yield (
                        f"column {column[:64]!r} reads as if its amounts counted thousands or "
                        "millions, and they are sent as they stand: write the whole numbers"
                    )
                if said and not (names := money_named_in(column)).issuperset(said) and names:
                    yield (
                        f"column {column[:64]!r} names other money than the mapping says of its "
                        f"amounts, {', '.join(sorted(said))}: which is meant?"
                    )


def _form_notes(
    table: Table, queries: Sequence[Query], forms: Forms, options: TableOptions
) -> Iterator[str]:
    if table.encoding not in ("utf-8", "utf-8-sig"):
        said = "as was said" if options.encoding else "found out"
        yield f"Encoding of the table: {table.encoding} ({said})."
    if table.delimiter != ",":
        said = "as was said" if options.delimiter else "found out"
        yield f"Sign between the cells: {DELIMITERS[table.delimiter]} ({said})."
    if table.behind > 0:
        yield f"Empty cells of each row behind the last heading, left out: {table.behind}."
    of_mapping = {form.name: form for query in queries for form in query.date_forms}
    all_forms = [*forms.dates, *(of_mapping[name] for name in sorted(of_mapping))]
    named = [form.name for form in all_forms]
    if named:
        yield f"Dates stand as {', '.join(named)} in the table; here as YYYY-MM-DD."
    if any(form.leaves_fractions for form in all_forms):
        yield "Fractions of seconds, left out as was said."
    if forms.numbers is not None:
        yield f"Numbers stand as {forms.numbers.name} in the table; here as 1000.50."
    used = set[str]().union(*(query.columns for query in queries))
    unused = [name for name in table.headings if name and name not in used]
    if unused:
        yield f"Of the table's {len(table.headings)} columns, {len(unused)} are not in the mapping."
