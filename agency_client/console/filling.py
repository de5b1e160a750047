"""A form that was filled in, read: what the library's method takes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from agency_client.console.drafts import Draft, DraftFile
from agency_client.console.forms import (
    SUBJECT_FIELDS,
    SUBJECT_ROWS,
    SUBJECT_SCHEMATA,
    Field,
    Sort,
    model_fields,
    sort_of,
)
from agency_client.content import documents
from agency_client.content.documents import Brief
from agency_client.content.entities import entities_from_csv, parse_entities
from agency_client.content.entity import Entity
from agency_client.content.faults import FileInvalid
from agency_client.content.goaml import entities_from_goaml
from agency_client.content.links import Links
from agency_client.content.values import ValueCheck
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


def missing(fields: Iterable[Field], draft: Draft) -> list[Field]:
    """The required fields of a form that are empty."""
    return [each for each in fields if each.is_required and not _is_given(each, draft)]


def read_form(draft: Draft) -> Filled:
    """Read a form that lacks no required field; what is empty is left out.

    Raises:
        InvalidInput: for what cannot be read.
    """
    kind, act = ACTS[draft.act]
    made: dict[str, Any] = {}
    if kind.stage is Stage.INITIAL:
        made["to"] = draft.fields.get("to", [])
    types = attribute_types(kind.body) if act.codes else {}
    for name in act.codes:
        given = draft.fields.get(name, [])
        if given and given[0]:
            made[name] = (
                _lines(given) if types[name].is_many else _whole(given[0], types[name].type)
            )
    if act.text is not None and draft.one(act.text.name):
        made[act.text.name] = draft.one(act.text.name)
    entities, notes = _entities(draft) if act.entities is not None else ([], ())
    if act.brief is not BriefNeed.NONE and (brief := _document(draft, "brief", Brief)):
        # Approvers and recipients see how a table was read.
        made["brief"] = brief | ({"import_notes": notes} if notes else {})
    if act.document is not None:
        model = getattr(documents, act.document.type)
        if found := _document(draft, act.document.argument, model):
            made[act.document.argument] = found
    if act.entities is not None and entities:
        made[act.entities] = entities
    if act.attachments and (files := _files(draft, "attachments")):
        made["attachments"] = {each.name: each.data for each in files}
    for name in terms_of(kind, act):
        given = draft.fields.get(name, [])
        if given and given[0]:
            many = name in ("permitted_uses", "onward_authorities")
            made[name] = _lines(given) if many else given[0]
    return Filled(made, entities)


def _is_given(each: Field, draft: Draft) -> bool:
    if each.sort is Sort.PERIOD:
        return any(draft.one(f"{each.name}.{end}").strip() for end in ("start", "end"))
    return any(value.strip() for value in draft.fields.get(each.name, []))


def _entities(draft: Draft) -> tuple[list[Entity], tuple[str, ...]]:
    """The entities of a draft, and how its files were read."""
    found = list(_typed(draft))
    notes: list[str] = []
    for file in _files(draft, "entities_file"):
        links = Links(ValueCheck())
        for number, entity in enumerate(parse_entities(file.data, file.name), 1):
            found.append(entity)
            links.add(number, entity)
        notes += links.notes()
    for file in _files(draft, "goaml_file"):
        report = entities_from_goaml(file.data, file.name)
        found += list(report)
        notes += report.notes
    tables, mappings = _files(draft, "table_file"), _files(draft, "mapping_file")
    if bool(tables) != bool(mappings):
        raise Reason.INVALID_FIELD.error(
            "expected a table and its mapping together", field="table_file"
        )
    for table, mapping in zip(tables, mappings, strict=False):
        with _in_memory(table) as table_path, _in_memory(mapping) as mapping_path:
            imported = entities_from_csv(table_path, mapping_path)
            found += list(imported)
            notes += imported.notes
    return found, tuple(notes)


@contextmanager
def _in_memory(file: DraftFile) -> Iterator[str]:
    """A path of bytes that are in memory alone; plaintext is never written to a disk."""
    if not hasattr(os, "memfd_create"):
        raise Reason.INVALID_FIELD.error(
            "tables can be imported here on Linux alone; use `agency send --csv`",
            field="table_file",
        )
    descriptor = os.memfd_create("table")
    try:
        left = memoryview(file.data)
        while left:
            left = left[os.write(descriptor, left) :]
        path = f"/proc/self/fd/{descriptor}"
        try:
            yield path
        except ExchangeError as error:
            # The person knows the file by its name; the path means nothing to anybody.
            raise _renamed(error, path, file.name) from error
    finally:
        os.close(descriptor)


def _renamed(error: ExchangeError, path: str, name: str) -> ExchangeError:
    message = error.message.replace(path, name)
    if isinstance(error, FileInvalid):
        return FileInvalid(message, error.places, error.rest, field=error.field)
    return error.reason.error(message, field=error.field)


def _typed(draft: Draft) -> Iterator[Entity]:
    for number in range(SUBJECT_ROWS):
        values = {name: draft.one(f"subject.{number}.{name}").strip() for name in SUBJECT_FIELDS}
        if not values["name"]:
            continue
        schema = draft.one(f"subject.{number}.schema") or SUBJECT_SCHEMATA[0]
        properties = {
            _PROPERTIES.get((schema, name), name): [value]
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
