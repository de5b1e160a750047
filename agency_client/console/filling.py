"""A form that was filled in, read: what the library's method takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from agency_client.console.days import typed_day
from agency_client.console.drafts import Draft, DraftFile
from agency_client.console.forms import (
    DAY,
    SUBJECT_FIELDS,
    SUBJECT_ROWS,
    SUBJECT_SCHEMATA,
    TABLE_CHOICES,
    Field,
    Sort,
    model_fields,
    sort_of,
)
from agency_client.content import documents
from agency_client.content.attached import doubts_of_file
from agency_client.content.documents import Brief
from agency_client.content.entities import (
    SubjectCount,
    checked_entities,
    entities_from_csv,
    read_entities,
)
from agency_client.content.entity import Entity, ImportedEntities
from agency_client.content.goaml import entities_from_goaml
from agency_client.content.source import HeldFile
from agency_client.content.written_times import read_day, read_moment
from agency_client.core.acts import ACTS, terms_of
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.acts import Brief as BriefNeed
from exchange_protocol.kinds.bodies import attribute_types
from exchange_protocol.kinds.spec import Stage

_MOST_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was read: the arguments of the library's method, with all entities in them."""

    arguments: Mapping[str, Any] = field(repr=False)
    entities: Sequence[Entity] = field(repr=False)
    """The persons, companies, accounts and payments, typed in and from files."""
    notes: tuple[str, ...] = ()
    """Notes on the reading of the files; the library puts them into the brief."""
    doubts: tuple[str, ...] = ()
    """Doubts about the files, for the person who signs."""


class Gathered(ImportedEntities):
    """The entities of a draft, from all its files and rows, with how these were read."""

    def __init__(self) -> None:
        self.found: list[Entity] = []

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.found)

    def add(self, read: ImportedEntities) -> None:
        """Add the entities of a file."""
        self.found += read
        self.notes += read.notes
        self.warnings += read.warnings


def missing(fields: Iterable[Field], draft: Draft) -> list[Field]:
    """The required fields of a form that are empty."""
    return [each for each in fields if each.is_required and not _is_given(each, draft)]


def with_one_end(fields: Iterable[Field], draft: Draft) -> list[Field]:
    """The periods of a form of which only one day was given."""
    return [each for each in fields if _has_one_end(each, draft)]


def without_day(fields: Iterable[Field], draft: Draft) -> list[Field]:
    """The fields of a form that ask for a day and have none of the calendar."""
    return [each for each in fields if not all(map(_is_day, _days(each, draft)))]


def read_form(draft: Draft) -> Filled:
    """Read a form that lacks no required field; what is empty is left out.

    Raises:
        InvalidInput: for what cannot be read.
    """
    kind, act = ACTS[draft.act]
    made: dict[str, Any] = {}
    if kind.stage is Stage.INITIAL:
        made["to"] = _lines(draft.fields.get("to", []))
    types = attribute_types(kind.body) if act.codes else {}
    for name in act.codes:
        given = draft.fields.get(name, [])
        if given and given[0]:
            made[name] = (
                _lines(given) if types[name].is_many else _whole(given[0], types[name].type)
            )
    if act.text is not None and draft.one(act.text.name):
        made[act.text.name] = draft.one(act.text.name)
    entities = gathered(draft) if act.entities is not None else Gathered()
    if act.brief is not BriefNeed.NONE and (brief := _document(draft, "brief", Brief)):
        made["brief"] = brief
    if act.document is not None:
        model = getattr(documents, act.document.type)
        if found := _document(draft, act.document.argument, model):
            made[act.document.argument] = found
    if act.entities is not None and entities.found:
        made[act.entities] = entities
    if act.attachments and (files := _files(draft, "attachments")):
        made["attachments"] = {each.name: each.data for each in files}
    for name in terms_of(kind, act):
        given = draft.fields.get(name, [])
        if given and given[0]:
            many = name in ("permitted_uses", "onward_authorities")
            made[name] = _lines(given) if many else given[0]
    attached: dict[str, bytes] = made.get("attachments", {})
    doubts = [words for name, data in attached.items() for words in doubts_of_file(name, data)]
    return Filled(made, entities.found, entities.notes, (*entities.warnings, *doubts))


def _days(each: Field, draft: Draft) -> Iterator[str]:
    ends = {Sort.DATE: ("",), Sort.PERIOD: (".start", ".end")}.get(each.sort, ())
    return (given for end in ends if (given := draft.one(f"{each.name}{end}").strip()))


def _is_day(given: str) -> bool:
    """True for a day, and for what the library takes in its place: a span, or a moment."""
    if _SPAN.fullmatch(given):
        return True
    return _is_read(read_moment if "T" in given else read_day, given)


def _is_read(reader: Callable[[str], object], given: str) -> bool:
    with suppress(ValueError):
        reader(given)
        return True
    return False


_SPAN: Final = re.compile("[0-9]+[dh]", re.ASCII)


def _is_given(each: Field, draft: Draft) -> bool:
    if each.sort is Sort.PERIOD:
        return any(draft.one(f"{each.name}.{end}").strip() for end in ("start", "end"))
    return any(value.strip() for value in draft.fields.get(each.name, []))


def _has_one_end(each: Field, draft: Draft) -> bool:
    ends = [bool(draft.one(f"{each.name}.{end}").strip()) for end in ("start", "end")]
    return each.sort is Sort.PERIOD and any(ends) and not all(ends)


def gathered(draft: Draft) -> Gathered:
    """The entities that were typed in and those of files, and how these were read."""
    made = Gathered()
    made.found += checked_entities(_typed(draft))
    for file in _held(draft, "entities_file"):
        # A reply links to subjects of the request; the page before the signature tells of links.
        made.add(read_entities(file, allow_links_outside=True))
    for file in _held(draft, "goaml_file"):
        made.add(entities_from_goaml(file.data, file.name))
    tables, mappings = _held(draft, "table_file"), _held(draft, "mapping_file")
    options = _table_options(draft)
    if bool(tables) != bool(mappings) or (options and not tables):
        raise Reason.INVALID_FIELD.error(
            "expected a table and its mapping together, and what is said of it with them",
            field="table_file",
        )
    for table, mapping in zip(tables, mappings, strict=False):
        try:
            made.add(entities_from_csv(table, mapping, **options))
        except ExchangeError as error:
            # All else that a person says of a table is chosen from a list.
            is_form = error.reason is Reason.INVALID_FIELD and "dates" in options
            raise error.reason.error(error.message, field="dates") if is_form else error from None
    counted = SubjectCount()
    for entity in made.found:
        counted.add(entity)
    made.count, made.subjects = len(made.found), int(counted)
    return made


def _table_options(draft: Draft) -> dict[str, Any]:
    """The options given for a table, as the library takes them; nothing for what was left open."""
    said: dict[str, Any] = dict.fromkeys(
        (each for each in draft.fields.get("table.meant", []) if each in TABLE_CHOICES), True
    )
    if dates := _lines(draft.fields.get("table.dates", [])):
        said["dates"] = dates
    for name in ("numbers", "delimiter", "encoding"):
        if given := draft.one(f"table.{name}"):
            said[name] = given
    return said


def _held(draft: Draft, name: str) -> list[HeldFile]:
    """The files of a field; plaintext is never written to a disk."""
    return [HeldFile(each.name, each.data) for each in _files(draft, name)]


def _typed(draft: Draft) -> Iterator[Entity]:
    for number in range(SUBJECT_ROWS):
        values = {name: draft.one(f"subject.{number}.{name}").strip() for name in SUBJECT_FIELDS}
        if not values["name"]:
            continue
        schema = draft.one(f"subject.{number}.schema") or SUBJECT_SCHEMATA[0]
        properties = {
            _PROPERTIES.get((schema, name), name): [typed_day(value) if name == DAY else value]
            for name, value in values.items()
            if value
        }
        yield Entity(id=f"subject-{number + 1}", schema=schema, properties=properties)


_PROPERTIES: Final = {
    ("BankAccount", "name"): "accountNumber",
    ("BankAccount", "idNumber"): "iban",
    ("Company", "idNumber"): "registrationNumber",
    ("Company", "birthDate"): "incorporationDate",
}
"""The names of the form's columns in a schema."""


def _document(draft: Draft, prefix: str, model: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, hint in model_fields(model):
        given = draft.fields.get(f"{prefix}.{name}", [])
        sort = sort_of(hint)[0]
        if sort is Sort.PERIOD:
            start, end = draft.one(f"{prefix}.{name}.start"), draft.one(f"{prefix}.{name}.end")
            if start or end:
                found[name] = {"start": start, "end": end}
        elif sort in (Sort.LINES, Sort.CHECKS):
            if lines := _lines(given):
                found[name] = lines
        elif sort is Sort.SELECT and hint is bool:
            if given and given[0]:
                found[name] = given[0] == "yes"
        elif given and given[0].strip():
            found[name] = given[0].replace("\r\n", "\n")
    return found


def _files(draft: Draft, name: str) -> list[DraftFile]:
    return [each for each in draft.files if each.where == name]


def _lines(given: Sequence[str]) -> list[str]:
    """Values of boxes, or the lines of a text."""
    return [line.strip() for each in given for line in each.splitlines() if line.strip()]


def _whole(given: str, kind: type) -> Any:
    """A value of a body's attribute; what is not of its type is left to the library to refuse."""
    if kind is bool:
        return given == "yes"
    is_number = kind is int and given.isdecimal() and len(given) <= _MOST_DIGITS
    return int(given) if is_number else given
