"""The same cells, in every form that is taken: the same entities, or the same refusal.

A table has its sign between cells, its encoding, its ends of lines and its quotes; it is a file or
is held in memory; its entities may come as JSON lines instead.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hypothesis import event, example, given
from hypothesis import strategies as st

from agency_client.content.entities import entities_from_csv, entity_chunks, read_entities
from agency_client.content.entity import Entity
from agency_client.content.faults import FileInvalid
from agency_client.content.source import HeldFile
from agency_client.content.values import without_options
from exchange_protocol.errors import InvalidInput

MAPPING: Final = {
    "entities": {
        "p": {
            "schema": "Person",
            "keys": ["№"],
            "properties": {
                "name": {"column": "Имя"},
                "birthDate": {"column": "Родился"},
                "idNumber": {"column": "ИИН"},
                "country": {"column": "Страна"},
            },
        }
    }
}
HEADINGS: Final = ["№", "Имя", "Родился", "ИИН", "Страна"]
NAMES: Final = ("name", "birthDate", "idNumber", "country")
NUMBERS: Final = [
    "790101300123", "010101300123", "7.9E+11", "79010130012", "' 1", "=1+1", "NULL", "#N/A",
]  # fmt: skip
DAYS: Final = [
    "1979-12-31", "31.12.1979", "1979", "29220", "1979-02-30", " 1979-12 ", "1979-12-31T10:00Z",
]  # fmt: skip
LETTERS: Final = "аяЯё ,;|\t\"'&%0-"
WORDS: Final = ["Имя", "Ивaнов", "a;b", 'ООО "А"', "а\nб", "а\u00a0б"]
CELLS: Final = st.tuples(
    st.sampled_from(WORDS) | st.text(LETTERS, max_size=6),
    st.sampled_from(DAYS),
    st.sampled_from(NUMBERS),
    st.sampled_from(["kz", "uz", "", "KAZ", "kz "]),
)
OF_TABLES: Final = (
    "expected quotes at the very", "the key of", "expected a value, got a sign or a word for the",
)  # fmt: skip
"""Faults of a table alone: above a value of JSON lines nothing stands."""
OPTIONS: Final[list[dict[str, Any]]] = [{}, {"dates": ["DD.MM.YYYY", "YYYY-MM-DD"]}]
Outcome = tuple[str, Any]


@dataclass(frozen=True)
class Form:
    """A form in which a table is written."""

    delimiter: str
    encoding: str
    end: str
    quoting: Any
    is_said: bool
    """True for a first line `sep=`."""

    def data(self, rows: list[list[str]]) -> bytes:
        """The bytes of a table in this form."""
        file = io.StringIO(newline="")
        csv.writer(
            file, delimiter=self.delimiter, lineterminator=self.end, quoting=self.quoting
        ).writerows(rows)
        head = f"sep={self.delimiter}{self.end}" if self.is_said else ""
        return f"{head}{file.getvalue()}".encode(self.encoding)

    def outcome(self, rows: list[list[str]], **options: Any) -> Outcome:
        """The result of a table in this form."""
        said = {"encoding": self.encoding} if self.encoding == "cp1251" else {}
        return outcome(self.data(rows), int(self.is_said), **options, **said)


PLAIN: Final = Form(",", "utf-8", "\n", csv.QUOTE_MINIMAL, False)
FORMS: Final = st.builds(
    Form,
    st.sampled_from(",;|\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1251"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
)


def outcome(table: bytes, above: int, **options: Any) -> Outcome:
    """The result of a table: its entities and doubts, or the places of its faults."""
    mapping = HeldFile("m.json", json.dumps(MAPPING).encode())
    try:
        read = entities_from_csv(HeldFile("t.csv", table), mapping, **options)
    except FileInvalid as error:
        return "refused", sorted(
            ([line - above for line in each.lines], each.at, each.expected)
            for each in error.places
        )  # fmt: skip
    except InvalidInput as error:
        return "refused", error.message
    return "taken", (list(read), read.subjects, read.count)


def numbered(cells: list[tuple[str, ...]]) -> list[list[str]]:
    """A table of these cells, headings first, each row with a number of its own."""
    return [HEADINGS, *([str(number), *row] for number, row in enumerate(cells, 1))]


@given(
    st.lists(CELLS, min_size=1, max_size=3),
    st.sampled_from(OPTIONS),
    st.lists(FORMS, min_size=1, max_size=6),
)
def test_every_form_of_a_table_has_one_outcome(
    cells: list[tuple[str, ...]], options: dict[str, Any], forms: list[Form]
) -> None:
    rows = numbered(cells)
    plain = PLAIN.outcome(rows, **options)
    for form in forms:
        assert form.outcome(rows, **options) == plain
    # Programs end each row with a sign.
    assert forms[0].outcome([[*row, ""] for row in rows], **options) == plain
    event(plain[0])


@given(st.lists(CELLS, min_size=1, max_size=3), st.sampled_from(OPTIONS))
def test_what_a_table_gives_is_the_same_from_a_disk_and_as_json_lines(
    cells: list[tuple[str, ...]], options: dict[str, Any]
) -> None:
    rows = numbered(cells)
    kind, told = PLAIN.outcome(rows, **options)
    if kind == "refused":
        return
    entities, subjects, count = told
    with tempfile.TemporaryDirectory() as folder:
        path, mapping = Path(folder) / "t.csv", Path(folder) / "m.json"
        path.write_bytes(PLAIN.data(rows))
        mapping.write_text(json.dumps(MAPPING), "utf-8")
        from_disk = entities_from_csv(path, mapping, **options)
        assert list(from_disk) == entities
    read = read_entities(HeldFile("e.json", b"".join(entity_chunks(entities))))
    assert (list(read), read.subjects, read.count) == (entities, subjects, count)
    told_of_lines = {each.partition(": ")[2] for each in read.warnings}
    assert told_of_lines == {each.partition(": ")[2] for each in from_disk.warnings}


@example([('"', "", "", "")], "name")
@given(st.lists(CELLS, min_size=1, max_size=3), st.sampled_from(NAMES))
def test_a_value_that_a_table_refuses_is_refused_as_json_lines_in_the_same_words(
    cells: list[tuple[str, ...]], name: str
) -> None:
    values = [each for row in cells if (each := row[NAMES.index(name)]).strip()]
    if not values:
        return
    rows = numbered([tuple(each if own == name else "" for own in NAMES) for each in values])
    _, told = PLAIN.outcome(rows)
    if not isinstance(told, list):
        return
    wanted = {
        (without_options(words), tuple(lines))
        for lines, at, words in told
        if at
        and not words.startswith(OF_TABLES)
        and not (name == "notes" and "a formula" in words)  # In JSON a text may begin with =.
    }
    # Blanks around a day say nothing in a table; JSON lines are written by programs.
    entities = [
        Entity(
            id=str(number),
            schema="Person",
            properties={name: [each.strip() if name == "birthDate" else each]},
        )
        for number, each in enumerate(values, 1)
    ]
    found = set()
    try:
        read_entities(HeldFile("e.json", b"".join(entity_chunks(entities))))
    except FileInvalid as error:
        found = {(each.expected, tuple(line + 1 for line in each.lines)) for each in error.places}
    assert wanted <= found
    event("refused" if wanted else "another fault")
