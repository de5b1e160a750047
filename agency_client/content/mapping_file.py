"""The file of a mapping, read strictly: an unknown key, and one that nobody would heed, is refused.

The language is FollowTheMoney's; what it means, `mappings` says.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agency_client.content.characters import looks
from agency_client.content.fields import At, Fields
from agency_client.content.forms import DateForm
from agency_client.content.mappings import (
    REFERENCE,
    EntityMapping,
    Filter,
    PropertyMapping,
    Query,
    compared,
)
from agency_client.content.tables import column_name
from agency_client.content.values import ValueCheck, check_format, without_options
from exchange_protocol.errors import InvalidInput

if TYPE_CHECKING:
    from followthemoney.property import Property
    from followthemoney.schema import Schema

_QUERY_KEYS: Final = ("entities", "filters", "filters_not", "csv_url", "csv_urls")
_ENTITY_KEYS: Final = ("schema", "key", "keys", "id_column", "key_literal", "properties")
_PROPERTY_KEYS: Final = (
    "column", "columns", "literal", "literals", "join", "split", "entity", "format", "fuzzy",
    "required", "template",
)  # fmt: skip


def parse_mapping(fields: Fields, check: ValueCheck) -> tuple[Query, ...]:
    """Read a mapping: one query, or a data set's name over its queries.

    Where it says to find the table (`csv_url`) is not looked at.

    Raises:
        InvalidInput: DOCUMENT_INVALID, naming every key that is unknown or wrong.
    """
    reading = _Reading(check)
    queries = tuple(reading.queries(fields.values))
    if reading.faults:
        raise fields.faults(reading.faults)
    return queries


class _Reading:
    """Reads one mapping, noting what is wrong."""

    def __init__(self, check: ValueCheck) -> None:
        self._check = check
        self.faults: list[tuple[At, str]] = []

    def queries(self, values: Mapping[str, Any]) -> Iterator[Query]:
        """Read the queries of a mapping file."""
        at: At = ()
        if not {*_QUERY_KEYS, "queries", "query", "database"} & {*values}:
            # A data set's name over its queries, as FollowTheMoney's own commands write it.
            if len(values) != 1:
                self._fault(
                    at, "expected a mapping of entities, or one data set; there are several names"
                )
                return
            ((name, inner),) = values.items()
            at = (name,)
            if not isinstance(inner, Mapping):
                self._fault(at, "expected a mapping of entities, got no fields below the name")
                return
            values = inner
        if not {"queries", "query"} & {*values}:
            yield from self._query(values, at)
            return
        self._known(values, ("queries", "query"), at)
        for key in ("queries", "query"):
            for number, each in enumerate(_listed(values.get(key))):
                below = (*at, key, number) if isinstance(values[key], list) else (*at, key)
                if isinstance(each, Mapping):
                    yield from self._query(each, below)
                else:
                    self._fault(below, "expected a mapping of entities")

    def _query(self, values: Mapping[str, Any], at: At) -> Iterator[Query]:
        self._known(values, _QUERY_KEYS, at)
        given = values.get("entities")
        if not isinstance(given, Mapping) or not given:
            self._fault((*at, "entities"), "expected a mapping of entities, got none")
            return
        entities = {}
        for name, each in given.items():
            made = self._entity(name, each, (*at, "entities", name))
            if made is not None:
                entities[name] = made
        self._check_links(entities, at)
        ordered = self._ordered(entities, at)
        filters = [
            found
            for key in ("filters", "filters_not")
            if key in values
            for found in self._filters(values[key], (*at, key))
        ]
        yield Query(tuple(ordered), tuple(filters))

    def _filters(self, given: Any, at: At) -> Iterator[Filter]:
        if not isinstance(given, Mapping) or not given:
            self._fault(at, "expected columns with their values, such as {role: suspect}")
            return
        for name, values in given.items():
            texts, column = self._texts(values, (*at, name)), column_name(name)
            if texts:
                wanted = frozenset(map(compared, texts))
                alike = frozenset[str]().union(*map(looks, wanted))
                yield Filter(column, wanted, at[-1] == "filters_not", alike)

    def _entity(self, name: str, given: Any, at: At) -> EntityMapping | None:
        if not isinstance(given, Mapping):
            self._fault(at, "expected schema, keys and properties")
            return None
        before = len(self.faults)
        self._known(given, _ENTITY_KEYS, at)
        schema = self._schema(given.get("schema"), (*at, "schema"))
        keys = [
            column_name(column)
            for key in ("key", "keys")
            if key in given
            for column in self._texts(given[key], (*at, key))
        ]
        id_column = self._text(given, "id_column", at)
        id_column = column_name(id_column) if id_column else None
        if bool(keys) is bool(id_column):
            self._fault(at, "expected either keys or id_column, the columns that tell one apart")
        if len({*keys}) != len(keys):
            self._fault((*at, "keys"), "expected each column once")
        properties = given.get("properties")
        if properties is not None and not isinstance(properties, Mapping):
            self._fault((*at, "properties"), "expected properties with their columns")
            properties = None
        made = [
            found
            for prop, each in (properties or {}).items()
            if schema is not None
            and (found := self._property(schema, prop, each, (*at, "properties", prop)))
        ]
        literal = self._text(given, "key_literal", at) or ""
        if schema is None or len(self.faults) > before:
            return None
        return EntityMapping(name, schema, tuple(made), tuple(keys), id_column, literal)

    def _schema(self, given: Any, at: At) -> Schema | None:
        found = self._check.schema(given) if isinstance(given, str) else None
        if found is None:
            self._fault(at, "expected a schema of FollowTheMoney, such as Person")
        return found

    def _property(self, schema: Schema, name: str, given: Any, at: At) -> PropertyMapping | None:
        prop = schema.get(name)
        if prop is None or prop.stub:
            self._fault(at, f"a {schema.name} has no property {name[:64]!r}")
            return None
        if not isinstance(given, Mapping):
            self._fault(at, "expected where its values are from, such as {column: name}")
            return None
        before = len(self.faults)
        self._known(given, _PROPERTY_KEYS, at)
        lists = {
            key: self._texts(given[key], (*at, key))
            for key in ("column", "columns", "literal", "literals")
            if key in given
        }
        columns = [*map(column_name, (*lists.get("column", ()), *lists.get("columns", ())))]
        literals = [*lists.get("literal", ()), *lists.get("literals", ())]
        texts = {
            key: self._text(given, key, at)
            for key in ("join", "split", "entity", "format", "template")
        }
        self._check_together(given, at)
        if self._yes(given, "fuzzy", at):
            self._fault((*at, "fuzzy"), "a value is taken as it stands, and is never guessed")
        for literal in literals:
            if words := self._check.fault(prop, literal):
                self._fault(at, f"the literal: {without_options(words)}")
        template = texts["template"]
        if template is not None:
            columns = list(dict.fromkeys(map(column_name, REFERENCE.findall(template))))
            if not columns or re.search(r"[{}]", REFERENCE.sub("", template)):
                self._fault(
                    (*at, "template"), "expected columns in double braces, such as {{name}}"
                )
        date_form, form = self._format(prop, texts["format"], (*at, "format"))
        required = self._yes(given, "required", at)
        if len(self.faults) > before:
            return None
        return PropertyMapping(
            prop,
            tuple(columns),
            tuple(literals),
            texts["join"],
            texts["split"],
            texts["entity"],
            template,
            date_form,
            form,
            required,
        )

    def _check_together(self, given: Mapping[str, Any], at: At) -> None:
        sources = {
            "entity": {"entity"} & {*given},
            "template": {"template"} & {*given},
            "column or literal": {"column", "columns", "literal", "literals"} & {*given},
        }
        named = [name for name, found in sources.items() if found]
        if len(named) != 1:
            got = " and ".join(named) or "none"
            self._fault(at, f"expected one of column, literal, template and entity; got {got}")
        if named == ["entity"] or named == ["template"]:
            for key in ("join", "split", "format") if named == ["entity"] else ("join", "split"):
                if key in given:
                    self._fault((*at, key), f"is not heeded beside {named[0]}")

    def _format(
        self, prop: Property, given: str | None, at: At
    ) -> tuple[DateForm | None, str | None]:
        if given is None:
            return None, None
        try:
            if prop.type.name == "date":
                return DateForm.parse_strptime(given), None
            check_format(prop, given)
        except InvalidInput as error:
            self._fault(at, error.message)
        return None, given

    def _check_links(self, entities: Mapping[str, EntityMapping], at: At) -> None:
        for entity in entities.values():
            for each in entity.properties:
                place = (*at, "entities", entity.name, "properties", each.prop.name)
                if each.entity is None:
                    continue
                other = entities.get(each.entity)
                if other is None:
                    self._fault((*place, "entity"), "there is no good entity of that name here")
                elif each.prop.range is None or not other.schema.is_a(each.prop.range):
                    wanted = each.prop.range.name if each.prop.range else "no entity"
                    self._fault((*place, "entity"), f"expected {wanted}, got a {other.schema.name}")

    def _ordered(self, entities: Mapping[str, EntityMapping], at: At) -> list[EntityMapping]:
        ordered: list[EntityMapping] = []
        waiting = dict(entities)
        while waiting:
            ready = [
                name
                for name, entity in waiting.items()
                if not any(each.entity in waiting for each in entity.properties)
            ]
            if not ready:
                self._fault((*at, "entities"), f"these entities go round: {', '.join(waiting)}")
                break
            ordered += [waiting.pop(name) for name in ready]
        return ordered

    def _known(self, values: Iterable[str], known: Sequence[str], at: At) -> None:
        for key in values:
            if key not in known:
                close = difflib.get_close_matches(key, known)
                meant = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
                self._fault((*at, key), f"there is no such key here: {meant}")

    def _texts(self, given: Any, at: At) -> list[str]:
        listed = _listed(given)
        if not listed or not all(isinstance(each, str) and each for each in listed):
            self._fault(at, "expected a text, or a list of texts")
            return []
        return listed

    def _text(self, values: Mapping[str, Any], key: str, at: At) -> str | None:
        if key not in values:
            return None
        given = values[key]
        if not isinstance(given, str) or not given:
            self._fault((*at, key), "expected a text")
            return None
        return given

    def _yes(self, values: Mapping[str, Any], key: str, at: At) -> bool:
        given = values.get(key, False)
        given = (
            {"true": True, "false": False}.get(given, given) if isinstance(given, str) else given
        )
        if not isinstance(given, bool):
            self._fault((*at, key), "expected true or false")
            return False
        return given

    def _fault(self, at: At, expected: str) -> None:
        self.faults.append((at, expected))


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
