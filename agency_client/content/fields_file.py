"""YAML and JSON files as fields, each value with the line and column where it stands.

Rules of this module:

- A scalar of YAML is the text that stands there. YAML's own guesses (`no` is false, `012` is 10,
  `12:30` is 750) are not made: the document says which fields are numbers, days or yes and no.
- A name that stands twice is refused with both places; a parser would keep the last.
- Anchors, aliases, merge keys and tags are refused: a few hundred bytes of them can stand for
  gigabytes, and a person cannot see what they say.
- A `#` one space after a text is refused: YAML takes it for a comment, and the person may have
  meant a number sign. A comment stands on its own line or two spaces after the value.
- Characters that deceive (`characters`) are refused in names and values.
- Errors name the place and never repeat what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from agency_client.content.characters import find_hidden
from agency_client.content.encodings import other_file
from agency_client.content.faults import Faults
from agency_client.content.fields import At, Fields, Place, kind_of
from agency_client.content.source import HeldFile
from agency_client.content.strict_json import Unparsed, json_places, parse_json
from exchange_files import read_given
from exchange_protocol.errors import ExchangeError, Reason

MAX_DOCUMENT_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 16
_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_NOTHING: Final = frozenset({"", "~", "null"})
_NULLS: Final = frozenset({"Null", "NULL"})
"""YAML takes them for nothing, and a person may mean the word."""


def read_fields(given: Path | HeldFile) -> Fields:
    """Read the fields of a YAML or JSON file; raises DOCUMENT_INVALID if it is no mapping."""
    path = Path(given.name) if isinstance(given, HeldFile) else given
    source = str(path)
    if isinstance(given, HeldFile):
        data = given.data
        if len(data) > MAX_DOCUMENT_BYTES:
            raise _invalid(f"{source}: expected at most {MAX_DOCUMENT_BYTES} bytes")
    else:
        try:
            data = read_given(given, MAX_DOCUMENT_BYTES)
        except OSError as error:
            raise _invalid(f"cannot read {path}: {error.strerror}") from None
    if words := other_file(data, is_json=True):
        kind = words.partition(":")[0]
        raise _invalid(
            f"{source}, line 1: expected YAML or JSON in UTF-8, it does not parse: it is {kind}"
        )
    text = _decoded(data, source)
    if not text.strip():
        raise _invalid(f"{source} is empty: expected a document in YAML or JSON")
    _check_source(text, source)
    reading = _Reading(source)
    value = reading.json(text) if path.suffix.lower() == ".json" else reading.yaml(text)
    if value is None:
        raise _invalid(f"{source} holds no fields: expected a document in YAML or JSON")
    if not isinstance(value, dict):
        raise _invalid(f"{source}: expected fields with names, got {kind_of(value)}")
    fields = Fields(value, source, reading.places)
    reading.raise_any(fields)
    return fields


class _Reading:
    """Reads one document, noting where each value stands and what is wrong."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.places: dict[At, Place] = {}
        self._faults: list[tuple[At, str]] = []

    def raise_any(self, fields: Fields) -> None:
        """Raise DOCUMENT_INVALID if something is wrong."""
        if self._faults:
            raise fields.faults(self._faults)

    def json(self, text: str) -> Any:
        """Read JSON."""
        try:
            value, _ = parse_json(text)
        except Unparsed as error:
            raise self._unparsed(error.lineno, error.why) from None
        for at, place, _ in json_places(text):
            if len(at) > MAX_DEPTH:
                raise self._unparsed(place.line, "nested too deeply")
            if at in self.places:
                self._twice(at, place)
            else:
                self.places[at] = place
        self._check_texts(value, ())
        return value

    def yaml(self, text: str) -> Any:
        """Read YAML."""
        try:
            value = self._document(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise self._unparsed(mark.line + 1 if mark else 1, _plain(error)) from None
        except RecursionError:
            raise self._unparsed(1, "nested too deeply") from None
        self._check_texts(value, ())
        return value

    def _document(self, text: str) -> Any:
        # One event after the other: libyaml's time grows with the square of the depth.
        events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        lines = text.split("\n")
        value: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._unparsed(
                        self._line(event), "expected one document, got a second after ---"
                    )
                value = self._node(next(events), events, (), lines)
        return value

    def _line(self, event: Any) -> int:
        return int(event.start_mark.line) + 1

    def _node(self, event: Any, events: Iterator[Any], at: At, lines: list[str]) -> Any:
        self.places.setdefault(at, Place(event.start_mark.line + 1, event.start_mark.column + 1))
        if len(at) > MAX_DEPTH:
            raise self._unparsed(self._line(event), "nested too deeply")
        if isinstance(event, yaml.AliasEvent):
            self._fault(at, event, "an alias (*name) is not taken: write out what it stands for")
            return None
        if event.anchor:
            self._fault(at, event, "an anchor (&name) is not taken: write each value out")
        if event.tag:
            self._fault(at, event, "a tag (!name) is not taken: write the value alone")
        match event:
            case yaml.ScalarEvent():
                return self._scalar(event, at, lines)
            case yaml.SequenceStartEvent():
                return self._sequence(events, at, lines)
            case _:
                return self._mapping(events, at, lines)

    def _scalar(self, event: Any, at: At, lines: list[str]) -> str | None:
        text: str = event.value
        if event.style:
            return text
        end = event.end_mark
        rest = lines[end.line][end.column :] if end and end.line < len(lines) else ""
        if text and re.match(r"[ \t]#", rest):
            self._fault(
                at,
                event,
                "the text ends before ' #', which begins a comment: put quotes around the text, "
                "or a second space before the comment",
            )
        if text in _NULLS:
            self._fault(at, event, "expected quotes around the word, or no value at all")
        return None if text in _NOTHING else text

    def _sequence(self, events: Iterator[Any], at: At, lines: list[str]) -> list[Any]:
        made: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            made.append(self._node(event, events, (*at, len(made)), lines))
        return made

    def _mapping(self, events: Iterator[Any], at: At, lines: list[str]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            mark = event.start_mark
            if not isinstance(event, yaml.ScalarEvent):
                self._fault(at, event, "expected the name of a field to be text")
                self._node(event, events, (*at, "?"), lines)
                self._node(next(events), events, (*at, "?"), lines)
                continue
            name = event.value
            below = (*at, name)
            if event.anchor or event.tag or (name == "<<" and not event.style):
                self._fault(below, event, "expected a plain name: merging (<<) is not taken")
            place = Place(mark.line + 1, mark.column + 1)
            if name in made:
                self._twice(below, place)
            else:
                self.places[below] = place
            made[name] = self._node(next(events), events, below, lines)
        return made

    def _twice(self, at: At, place: Place) -> None:
        self._faults.append(
            (at, f"the name stands twice, at {self.places[at]} and at {place}: keep one")
        )

    def _fault(self, at: At, event: Any, expected: str) -> None:
        mark = event.start_mark
        self.places.setdefault(at, Place(mark.line + 1, mark.column + 1))
        self._faults.append((at, expected))

    def _check_texts(self, value: Any, at: At) -> None:
        match value:
            case str():
                if hidden := find_hidden(value):
                    self._faults.append((at, str(hidden)))
            case list():
                for index, each in enumerate(value):
                    self._check_texts(each, (*at, index))
            case dict():
                for name, each in value.items():
                    if hidden := find_hidden(name):
                        self._faults.append(
                            (at, f"a name has {hidden.name}, which no text needs: remove it")
                        )
                    self._check_texts(each, (*at, name))

    def _unparsed(self, line: int, why: str) -> ExchangeError:
        return _invalid(
            f"{self._source}, line {line}: expected YAML or JSON in UTF-8, it does not parse: {why}"
        )


def _check_source(text: str, source: str) -> None:
    """Refuse a file with characters that deceive, also in its comments."""
    if find_hidden(text) is None:
        return
    faults = Faults(source)
    for number, line in enumerate(text.split("\n"), 1):
        if hidden := find_hidden(f"{line}\n"):
            faults.add(str(hidden), line=number)
    faults.raise_any()


def _decoded(data: bytes, source: str) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _invalid(
            f"{source}, line {line}: expected YAML or JSON in UTF-8, got another encoding: "
            "save the file as UTF-8"
        ) from None
    # Notepad begins a file in UTF-8 with a byte order mark.
    return text.removeprefix(_BOM)


def _plain(error: yaml.YAMLError) -> str:
    """Repeat the parser's words, without the pieces of text that it may quote."""
    problem = getattr(error, "problem", None)
    if not isinstance(problem, str) or "'" in problem or not problem.isascii():
        return "a character or a name is not where YAML expects it"
    return problem


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
