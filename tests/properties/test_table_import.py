"""Any table: an independent reader finds its cells in the sealed entities, or it is refused.

The independent reader is Python's csv module with the dialect that the table was written in. A
refusal names the place; there is no third outcome.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from agency_client.content.entities import entities_from_csv, entity_chunks, parse_entities
from agency_client.content.spoiled import cell_fault, ditto_fault
from exchange_protocol.errors import InvalidInput, Reason

pytestmark = pytest.mark.long

PROPERTIES = ("name", "notes", "alias", "summary", "weakAlias", "description")
"""Of FollowTheMoney's Person, of names and texts alone."""
SINGLE_BYTE = ("cp1251", "koi8-r", "cp866", "kz1048", "cp1252")
USUAL = "abcXYZ абвгдЭЮЯёәҚ0123456789.-'№«»\",;|\t\n"
NASTY = "\r\x00\u202e\u200b\ufeff\u00a0\ufffd😀"


@dataclass(frozen=True)
class Written:
    """A table as someone wrote it."""

    rows: list[list[str]]
    delimiter: str
    encoding: str
    end: str
    quoting: Any

    def text(self) -> str:
        """The table, headings first."""
        file = io.StringIO(newline="")
        csv.writer(
            file, delimiter=self.delimiter, lineterminator=self.end, quoting=self.quoting
        ).writerows(self.rows)
        return file.getvalue()

    def data(self) -> bytes:
        """The bytes of the file."""
        return self.text().encode(self.encoding)


@st.composite
def tables(draw: st.DrawFn, encodings: tuple[str, ...]) -> Written:
    encoding = draw(st.sampled_from(encodings))
    usual = "".join(char for char in USUAL if _fits(char, encoding))
    nasty = usual + "".join(char for char in NASTY if _fits(char, encoding))
    # Most tables are well, and some have something in a cell that nobody should send.
    letters = draw(st.sampled_from([usual, usual, usual, nasty]))
    heading = st.text(letters.replace("\n", "").replace("\r", ""), max_size=6)
    headings = draw(st.lists(heading, min_size=1, max_size=4, unique=True))
    cells = st.lists(st.text(letters, max_size=8), min_size=len(headings), max_size=len(headings))
    return Written(
        rows=[headings, *draw(st.lists(cells, min_size=1, max_size=5))],
        delimiter=draw(st.sampled_from(",;|\t")),
        encoding=encoding,
        end=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )


def _fits(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def keyed(written: Written) -> Written:
    """The table with a number of each row as its first cell, so that none is without a key."""
    rows = [[str(number) if number else "n", *row] for number, row in enumerate(written.rows)]
    return replace(written, rows=rows)


def imported(data: bytes, headings: list[str], **options: Any) -> list[dict[str, list[str]]]:
    """The properties of the entities that would be sealed, as their reader parses them."""
    person = {
        "schema": "Person",
        "keys": [headings[0]],
        "properties": {
            name: {"column": heading} for name, heading in zip(PROPERTIES, headings, strict=False)
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        table, mapping = Path(folder) / "t.csv", Path(folder) / "m.json"
        table.write_bytes(data)
        mapping.write_text(json.dumps({"entities": {"p": person}}), "utf-8")
        chunks = entity_chunks(
            entities_from_csv(table, mapping, allow_repeated_keys=True, **options)
        )
        return [each["properties"] for chunk in chunks for each in parse_entities(chunk)]


def expected(written: Written) -> list[dict[str, list[str]]]:
    """Cells as an independent reader finds them, row by row; a row of blanks is none."""
    text = written.data().decode(written.encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=written.delimiter)
    _, *rows = (row for row in reader if any(map(str.strip, row)))
    return [
        {
            name: [cell]
            for name, cell in zip(PROPERTIES, row, strict=False)
            if cell and not cell.isspace()
        }
        for row in rows
    ]


def distinct(found: list[dict[str, list[str]]]) -> set[str]:
    return {json.dumps(each, sort_keys=True) for each in found}


def names_a_place(message: str) -> bool:
    return bool(re.search(r"line \d+|lines \d+|is empty|could be written in|got none", message))


@settings(max_examples=300)
@given(tables(("utf-8", "utf-8-sig", "utf-16")), st.booleans())
def test_any_table_arrives_cell_for_cell_or_is_refused_with_a_place(
    written: Written, is_keyed: bool
) -> None:
    written = keyed(written) if is_keyed else written
    for options in ({"delimiter": written.delimiter}, {}):
        try:
            found = imported(written.data(), written.rows[0], **options)
        except InvalidInput as error:
            assert error.reason is Reason.DOCUMENT_INVALID  # noqa: PT017
            assert names_a_place(error.message), error.message  # noqa: PT017
        else:
            event("arrived")
            assert distinct(found) == distinct(expected(written))


@settings(max_examples=200)
@given(tables(SINGLE_BYTE), st.booleans())
def test_any_table_in_an_encoding_that_is_said_arrives_or_is_refused(
    written: Written, is_keyed: bool
) -> None:
    written = keyed(written) if is_keyed else written
    options = {"delimiter": written.delimiter, "encoding": written.encoding}
    try:
        found = imported(written.data(), written.rows[0], **options)
    except InvalidInput as error:
        assert error.reason is Reason.DOCUMENT_INVALID  # noqa: PT017
        assert names_a_place(error.message) or "utf-8" in error.message, error.message  # noqa: PT017
    else:
        event("arrived")
        assert distinct(found) == distinct(expected(written))


GOOD = "абвгдежзиклмнопрстуфхцчшщыэюя АБВГДЕЖЗ 0123456789 .,;|-\"'"


@st.composite
def good_tables(draw: st.DrawFn, encodings: tuple[str, ...]) -> Written:
    """Tables in which nothing is wrong: each row has a number of its own."""
    cells = st.lists(st.text(GOOD, max_size=8), min_size=2, max_size=2)
    rows = draw(st.lists(cells, min_size=1, max_size=6))
    return Written(
        rows=[
            ["номер", "имя", "прочее"],
            *([str(number), *row] for number, row in enumerate(rows)),
        ],
        delimiter=draw(st.sampled_from(",;|\t")),
        encoding=draw(st.sampled_from(encodings)),
        end=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )


@given(good_tables(("utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r", "cp866")))
def test_table_with_nothing_wrong_always_arrives(written: Written) -> None:
    if any(
        cell.lstrip().startswith('"') != cell.startswith('"')
        for row in written.rows
        for cell in row
    ):
        return  # A space before quotes is not told from a quoted cell with a space before it.
    if any(cell_fault(cell) or ditto_fault(cell) for row in written.rows for cell in row):
        return  # An apostrophe before a number is a spreadsheet's, and quotes alone repeat a cell.
    given_ = {} if written.encoding.startswith("utf") else {"encoding": written.encoding}
    for options in ({}, {"delimiter": written.delimiter}):
        found = imported(written.data(), written.rows[0], **given_, **options)
        assert distinct(found) == distinct(expected(written))


FAULTS = {
    "notes": ["a\x00b", "a\u202eb", "a\u200bb", "\ufeffa", "a\ufffdb", "a\rb"],
    "birthDate": ["31.12.1979", "1979-13-01", "45356", "1979-12-31T10:00Z", "1979 x", "19791231"],
    "country": ["Казахстан", "xy", "kz ", "KAZ"],
    "idNumber": ["7.91028E+11", "x" * 65],
}  # fmt: skip


@given(
    st.integers(1, 30),
    st.data(),
    st.sampled_from([*FAULTS]),
    st.sampled_from(",;|\t"),
)
def test_one_cell_that_cannot_arrive_is_named_by_its_line_and_column(
    rows: int, data: st.DataObject, name: str, delimiter: str
) -> None:
    faults = FAULTS[name]
    bad, place = data.draw(st.sampled_from(faults)), data.draw(st.integers(0, rows - 1))
    mapping = {
        "entities": {
            "p": {"schema": "Person", "keys": ["n"], "properties": {name: {"column": "Столбец"}}}
        }
    }
    good = {"notes": "всё", "birthDate": "1979-12-31", "country": "kz", "idNumber": "7"}[name]
    cells = [[str(number), bad if number == place else good] for number in range(rows)]
    written = Written([["n", "Столбец"], *cells], delimiter, "utf-8", "\n", csv.QUOTE_ALL)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "t.csv").write_bytes(written.data())
        (Path(folder) / "m.yaml").write_text(yaml.safe_dump(mapping, allow_unicode=True), "utf-8")
        with pytest.raises(InvalidInput) as caught:
            entities_from_csv(Path(folder) / "t.csv", Path(folder) / "m.yaml")
    message = caught.value.message
    assert f"line {place + 2}, column 'Столбец': expected" in message
    assert "faults" not in message
