"""Tables of text: a line of headings, then rows of as many cells, each given as it stands.

Python's `csv` reads the quotes, strictly; what it would forgive by changing a value is refused. The
sign between cells is said by the person, by a first line `sep=;` as Excel writes it, or by the
headings: it is certain if by it alone the table has the columns that the mapping asks for.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

from agency_client.content.characters import find_hidden, look_alike, looks
from agency_client.content.encodings import find_encoding, lines_of
from agency_client.content.faults import Faults, Spot, SpotKind
from agency_client.content.layout import repeats_headings, rows_within
from agency_client.content.source import Source
from exchange_protocol.errors import ExchangeError, Reason

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAID: Final = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_BLANKS: Final = re.compile("[ \t\r\n\u00a0\u2009\u202f]+")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_MOST_COLUMNS: Final = 1000
_MOST_LINES_ABOVE: Final = 100
"""Lines among which the headings are looked for, if the first does not hold them."""


def column_name(heading: str) -> str:
    """A column's name: how a heading is wrapped, spaced and coded is nobody's meaning.

    A spreadsheet breaks the lines of headings in narrow columns.
    """
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", heading).strip(" "))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    line: int
    """The place where it begins."""
    cells: Sequence[str]


class Table:
    """A table whose encoding, delimiter and headings are certain."""

    def __init__(self, source: Source, encoding: str, delimiter: str, skipped: int) -> None:
        self._source = source
        self.encoding = encoding
        self.delimiter = delimiter
        self._skipped = skipped
        """Lines before the headings."""
        self.headings: list[str] = []
        self._is_parted = True
        """False if nobody said which sign parts the cells, and no heading tells."""
        self.behind = 0
        """Empty cells of each row behind the last heading; known when all rows were read."""
        self.after_blanks: list[int] = []
        """The lines of rows that follow a blank one; known when all rows were read."""

    @classmethod
    def open(
        cls,
        source: Source,
        columns: Collection[str],
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> Table:
        """Find out how a table is written, and read its headings.

        Args:
            columns: those that the mapping asks for.
            encoding: as the person says it, None to find it out; likewise `delimiter`.

        Raises:
            InvalidInput: DOCUMENT_INVALID.
        """
        if delimiter is not None and delimiter not in DELIMITERS:
            raise _invalid(
                f"expected one of the delimiters , ; | or a tab, got {len(delimiter)} characters"
            )
        found = find_encoding(source, encoding)
        with _text(source, found) as text:
            first = text.readline()
            said = _SAID.fullmatch(first)
            headings = text.readline() if said else first
            while headings.count('"') % 2 and (more := text.readline()):
                headings += more
            _read_on(text)
        if said and delimiter is None:
            if said[1] not in DELIMITERS:
                raise _invalid(
                    f"{source}, line 1: expected one of the delimiters , ; | or a tab after sep=: "
                    "save the table with one of these"
                )
            delimiter = said[1]
        is_said = delimiter is not None
        if delimiter is None:
            delimiter = _delimiter(source, headings, columns)
        table = cls(source, found, delimiter, 1 if said else 0)
        # A table whose headings stand further below has lines above them, or blank ones.
        names = _split(headings, delimiter)
        if columns and not _looks(columns) & _looks(names):
            raise _headings_elsewhere(source, found, columns, table._skipped + 1, names)
        table.headings = _headings(source, names, columns, table._skipped + 1)
        table._is_parted = is_said or len(names) > 1
        return table

    def rows(self, faults: Faults | None = None) -> Iterator[Row]:
        """Read the rows after the headings.

        Rows of another number of cells, and what cannot be told apart, are noted in `faults` and
        left out; without `faults`, that of a table already checked, none is.

        Programs end each row with a sign, or the headings alone. So empty cells behind the last
        heading, and blank headings without cells, lose nothing where all rows have as many; in some
        rows alone they may be a sign within a cell, which moved the cells after it.
        """
        with _text(self._source, self.encoding) as text:
            for _ in range(self._skipped):
                text.readline()
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            start, is_heading, width = self._skipped, True, len(self.headings)
            lines: dict[int, array[int]] = {}
            seen, follows_blank = 0, False
            while True:
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    # The reader goes on with the next line.
                    cells = []
                    if faults is not None:
                        faults.add(_csv_words(error), line=start + 1)
                if cells is None:
                    break
                line, start = start + 1, self._skipped + reader.line_num
                # A row of blanks alone says as little as an empty line: spreadsheets write both.
                is_blank = not any(map(str.strip, cells)) and (self._is_parted or len(cells) < 2)
                if not (is_blank or is_heading):
                    number = len(cells)
                    if number != width and self._ends_blank(cells):
                        cells = [*cells[:width], *[""] * (width - number)]
                    if faults is not None and len(cells) == width:
                        lines.setdefault(number, array("Q")).append(line)
                if not (is_blank or is_heading):
                    if follows_blank and seen and faults is not None:
                        self.after_blanks.append(line)
                    seen, follows_blank = seen + 1, False
                    if self._is_whole(cells, line, faults):
                        yield Row(line, cells)
                follows_blank = follows_blank or is_blank
                is_heading = False
        if faults is not None:
            self.behind = max(0, max(lines, default=width) - width)
            others = (
                {} if len(lines) < 2 else {n: found for n, found in lines.items() if n != width}
            )
            at_fault = sorted((line, number) for number in others for line in others[number])
            for place, number in at_fault:
                faults.add(_other_number(width, number), line=place)

    def _ends_blank(self, cells: Sequence[str]) -> bool:
        """True if only blank cells stand behind the headings, or only blank headings have none."""
        width = len(self.headings)
        return (
            self._is_parted
            and not any(map(str.strip, cells[width:]))
            and not any(self.headings[len(cells) :])
        )

    def _is_whole(self, cells: list[str], line: int, faults: Faults | None) -> bool:
        if faults is None:
            return True
        if len(cells) != len(self.headings) and len(cells) == 1 and (hid := find_hidden(cells[0])):
            faults.add(f"the row is none of the table; {hid}", line=line)
            return False
        if len(cells) != len(self.headings):
            faults.add(_other_number(len(self.headings), len(cells)), line=line)
            return False
        if repeats_headings(cells, self.headings):
            faults.add("the headings stand here again: two tables in one file?", line=line)
            return False
        if within := rows_within(cells, self.delimiter):
            faults.add(
                f"the quotes that open here take in what reads like {within} of the rows below: "
                'end them, or write quotes within a cell twice ("")',
                line=line,
            )
            return False
        for cell, heading in zip(cells, self.headings, strict=True):
            if cell[:1] in " \t" and cell.lstrip().startswith('"'):
                faults.add(
                    "expected quotes at the very beginning of the cell, got a space before them",
                    line=line,
                    at=column(heading, self.headings),
                )
                return False
        return True


def column(heading: str, headings: Sequence[str]) -> Spot:
    """A column as people find it: by its heading, or by its number where it has none."""
    return Spot(SpotKind.COLUMN, heading or headings.index(heading) + 1)


@contextmanager
def _text(source: Source, encoding: str) -> Iterator[io.TextIOWrapper]:
    with source.open() as file:
        text = io.TextIOWrapper(file, encoding, newline="")
        try:
            yield text
        except UnicodeDecodeError:
            raise _invalid(
                f"{source}, line {_bad_line(source, encoding)}: expected text in {encoding}"
            ) from None
        finally:
            text.detach()


def _read_on(text: io.TextIOBase) -> None:
    while text.read(1024 * 1024):
        pass


def _bad_line(source: Source, encoding: str) -> int:
    with source.open() as file:
        if encoding.startswith("utf-16"):
            data = file.read()
            try:
                data.decode(encoding)
            except UnicodeDecodeError as error:
                before = data[: error.start].decode(encoding, "ignore")
                return len(_LINE_END.findall(before)) + 1
        bad = 0
        for number, line in enumerate(lines_of(file), 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                bad = bad or number
    return bad


def _delimiter(source: Source, line: str, columns: Collection[str]) -> str:
    """The delimiter by which alone the headings are those that the mapping asks for."""
    found = {each: _split(line, each) for each in DELIMITERS}
    wanted = _names(columns)
    fits = [each for each, headings in found.items() if wanted <= _names(headings)]
    if len(fits) > 1:
        # A table of one column has no delimiter, so any will do.
        fewest = {len(found[each]) for each in fits}
        if fewest == {1}:
            return ","
        raise _invalid(
            f"{source}, line 1: the headings can be told apart by "
            f"{' and by '.join(DELIMITERS[each] for each in fits)}: say which with --delimiter"
        )
    if fits:
        return fits[0]
    # None fits: what is wrong with the columns is told by the one that splits most.
    return max(DELIMITERS, key=lambda each: len(found[each]))


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _headings_elsewhere(
    source: Source,
    encoding: str,
    columns: Collection[str],
    number: int,
    names: Sequence[str],
) -> ExchangeError:
    """Say where the headings are, if not in the line that should hold them."""
    faults, wanted = Faults(str(source)), _names(columns)
    with _text(source, encoding) as text:
        for line, said in enumerate(islice(text, _MOST_LINES_ABOVE), 1):
            other = next(
                (each for each in DELIMITERS if wanted <= _names(_split(said, each))), None
            )
            if other is None:
                continue
            if line == number:
                words = (
                    f"the headings are parted by another sign, {DELIMITERS[other]}: say it with "
                    "--delimiter, or correct the line sep="
                )
            else:
                words = f"the headings stand in line {line}: remove what is above them"
            faults.add(words, line=number)
            return faults.error()
    if not names:
        faults.add("expected a line of headings", line=number)
        return faults.error()
    if len(names) == 1 < len(wanted):
        faults.add(
            f"expected {len(wanted)} headings or more, got one cell: save the table with , ; | or "
            "a tab between its cells",
            line=number,
        )
        return faults.error()
    # The cells of this line are not shown: of a table without headings they are a person's.
    asked = ", ".join(repr(each[:64]) for each in sorted(wanted)[:20])
    faults.add(
        f"expected the headings, and of those of the mapping none is here: no {asked} among "
        f"{len(names)} cells; does the table have a line of headings?",
        line=number,
    )
    return faults.error()


def _headings(
    source: Source, names: Sequence[str], columns: Collection[str], number: int
) -> list[str]:
    if not names:
        raise _invalid(f"{source}, line {number}: expected a line of headings")
    if len(names) > _MOST_COLUMNS:
        raise _invalid(f"{source}: expected at most {_MOST_COLUMNS} columns, got {len(names)}")
    faults = Faults(str(source))
    headings = [column_name(name) for name in names]
    for index, name in enumerate(headings):
        first = headings.index(name)
        if name and first != index:
            faults.add(
                f"the heading stands twice, over columns {first + 1} and {index + 1}",
                line=number,
                at=Spot(SpotKind.COLUMN, name),
            )
        if hidden := find_hidden(name):
            words = str(hidden)
            faults.add(words, line=number, at=Spot(SpotKind.HEADING, index + 1))
    wanted = _names(columns)
    twins = {look: name for name in sorted(wanted) for look in sorted(looks(name))}
    for index, name in enumerate(headings):
        found = looks(name) & twins.keys() if name and name not in wanted else ()
        twin = twins[min(found)] if found else None
        if twin is not None and twin in headings:
            faults.add(
                f"looks like column {twin!r}, which the mapping uses, and is another: rename it, "
                "or take it out",
                line=number,
                at=Spot(SpotKind.HEADING, index + 1),
            )
    for missing in sorted(wanted - set(headings)):
        shown = ", ".join(repr(each[:64]) for each in headings[:20])
        words = f"the mapping asks for a column that is missing: no {missing!r} among {shown}"
        alike = [index for index, each in enumerate(headings, 1) if look_alike(each, missing)]
        if alike:
            words += f"; column {alike[0]} looks like it: write both in the same letters"
        faults.add(words, line=number)
    faults.raise_any()
    return headings


def _names(columns: Collection[str]) -> set[str]:
    return {column_name(each) for each in columns}


def _other_number(expected: int, got: int) -> str:
    return f"expected {expected} columns, as there are headings, got {got}"


def _looks(columns: Collection[str]) -> set[str]:
    """Headings as they look: one that is there in other letters is told apart by its column."""
    return {look for each in _names(columns) if each for look in looks(each)}


def _csv_words(error: csv.Error) -> str:
    said = str(error)
    if "unexpected end" in said:
        return "the quotes that open here are not closed"
    if "expected after" in said:
        return 'expected the cell to end at its closing quotes; write quotes within twice ("")'
    if "field limit" in said:
        return "a cell is longer than 131,072 characters; are quotes left open?"
    return "the row cannot be told apart"


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
