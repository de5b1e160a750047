"""Rows of a table become entities by the queries of a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agency_client.content.entity import Entity, entity_digest
from agency_client.content.mappings import EntityMapping, Forms, PropertyMapping, Query
from agency_client.content.values import ID_WORDS, ValueCheck, is_id

SHORT: Final = (1 << 64) - 1
"""Bits of a digest that are kept of each entity of a table."""
_MOST_KNOWN: Final = 50_000


@dataclass(frozen=True, slots=True)
class MappedEntity:
    """The result of a mapping for a row."""

    mapping: EntityMapping
    entity: Entity | None
    digest: int
    """Digest of the entity, 8 bytes."""
    faults: tuple[tuple[str, str], ...]
    """Columns with what was expected in them."""
    lacks_required: bool
    """True if a property that the mapping requires is empty."""


class RowMapper:
    """Maps the rows of a table to entities."""

    def __init__(self, queries: Sequence[Query], forms: Forms, check: ValueCheck) -> None:
        self.queries = queries
        self._forms = forms
        self._check = check
        self._known: dict[tuple[EntityMapping, tuple[str, ...]], MappedEntity] = {}
        """Entities of the rows before: accounts and persons come again and again."""

    def map_record(self, query: Query, record: Mapping[str, str]) -> Iterator[MappedEntity]:
        """Make each entity of a query from a record that passes its filters."""
        ids: dict[str, str] = {}
        for mapping in query.entities:
            made = self._map(mapping, record, ids)
            if made.entity is not None:
                ids[mapping.name] = made.entity["id"]
            yield made

    def _map(
        self, mapping: EntityMapping, record: Mapping[str, str], ids: Mapping[str, str]
    ) -> MappedEntity:
        if mapping.is_link:
            return self._read(mapping, record, ids)
        key = (mapping, tuple([record[column] for column in mapping.ordered_columns]))
        known = self._known.get(key)
        if known is None:
            known = self._read(mapping, record, ids)
            if len(self._known) < _MOST_KNOWN:
                self._known[key] = known
        return known

    def _read(
        self, mapping: EntityMapping, record: Mapping[str, str], ids: Mapping[str, str]
    ) -> MappedEntity:
        faults: list[tuple[str, str]] = []
        properties: dict[str, list[str]] = {}
        lacks = False
        for each in mapping.properties:
            values = list(self._values(each, record, ids, faults))
            if values:
                properties[each.prop.name] = list(dict.fromkeys(values))
            lacks = lacks or (each.required and not values)
        entity_id = mapping.id_of(record)
        if mapping.id_column is not None and entity_id is not None and not is_id(entity_id):
            faults.append((mapping.id_column, ID_WORDS))
        if entity_id is None or lacks:
            return MappedEntity(mapping, None, 0, tuple(faults), lacks and entity_id is not None)
        entity = Entity(id=entity_id, schema=mapping.schema.name, properties=properties)
        return MappedEntity(mapping, entity, entity_digest(entity) & SHORT, tuple(faults), False)

    def _values(
        self,
        mapping: PropertyMapping,
        record: Mapping[str, str],
        ids: Mapping[str, str],
        faults: list[tuple[str, str]],
    ) -> Iterator[str]:
        if mapping.entity is not None:
            if mapping.entity in ids:
                yield ids[mapping.entity]
            return
        yield from mapping.literals
        for column, value in mapping.values(record):
            read, fault = self._forms.read(mapping, value, self._check)
            if fault:
                faults.append((column or mapping.prop.name, fault))
            yield read
