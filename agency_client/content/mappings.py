"""A FollowTheMoney mapping: which cell of a row becomes which property of which entity.

The mapping's language is FollowTheMoney's; it is read here, and not by the library, since the
library leaves out what it does not know and what it cannot read, changes what it reads, and gives
one id to keys that only together are the same (1 and 23, 12 and 3). Here:

- A cell becomes a value as it stands. Nothing but a date or a number whose form was named is
  written anew.
- An id is made of the key's values with their lengths, in the mapping's order, and of the schema;
  so no two keys give one id.
- Filters compare as FollowTheMoney does, without spaces around. A cell that differs from a filter's
  value by case, look-alike letters or spaces within alone is refused: a witness must not be sent
  because somebody wrote `Witness`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from agency_client.content.characters import looks
from agency_client.content.forms import DateForm, NumberForm
from agency_client.content.spoiled import cell_fault
from agency_client.content.tables import column_name
from agency_client.content.values import ValueCheck, got_date, has_format, number_words

if TYPE_CHECKING:
    from followthemoney.property import Property
    from followthemoney.schema import Schema

REFERENCE: Final = re.compile(r"\{\{([^{}]*)\}\}")
"""A column within a template, as in `{{name}}`."""
_ID_BYTES: Final = 20
_KEY_PROPERTIES: Final = (
    "accountNumber", "publicKey", "transactionNumber", "registrationNumber", "idNumber", "number",
    "recordId", "username", "name",
)  # fmt: skip
"""Properties that a key is told by, the narrower first."""
_AROUND: Final = " .,:;!?*()[]«»\"'"
_PARTS: Final = re.compile(r"[;,/|+&\n]")
"""Signs between several values of one cell."""


@dataclass(frozen=True, slots=True)
class PropertyMapping:
    """The way in which a row gives the values of one property."""

    prop: Property
    columns: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    join: str | None = None
    split: str | None = None
    entity: str | None = None
    template: str | None = None
    date_form: DateForm | None = None
    format: str | None = None
    required: bool = False

    def values(self, record: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The values that a row gives, each with the column that it is from, empty if several."""
        if self.template is not None:
            text = REFERENCE.sub(lambda found: record[column_name(found[1])], self.template)
            if text.strip() and any(record[column].strip() for column in self.columns):
                yield "", text.strip()
            return
        given = [(column, record[column]) for column in self.columns if record[column].strip()]
        if self.join is not None and given:
            column = given[0][0] if len(given) == 1 else ""
            given = [(column, self.join.join(value for _, value in given))]
        for column, value in given:
            if self.split is None:
                yield column, value
            else:
                parts = (part.strip() for part in value.split(self.split))
                yield from ((column, part) for part in parts if part)


@dataclass(frozen=True, eq=False)
class EntityMapping:
    """The way in which a row gives one entity."""

    name: str
    schema: Schema
    properties: tuple[PropertyMapping, ...]
    keys: tuple[str, ...] = ()
    id_column: str | None = None
    key_literal: str = ""

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that the id is made of."""
        return (self.id_column,) if self.id_column is not None else self.keys

    @property
    def columns(self) -> set[str]:
        """The columns that the entity needs."""
        return {*self.ordered_columns}

    @cached_property
    def ordered_columns(self) -> tuple[str, ...]:
        """The same, always in one order."""
        return tuple(sorted({*self.key_columns}.union(*(each.columns for each in self.properties))))

    @cached_property
    def is_link(self) -> bool:
        """True if it names other entities, so that it is another in each row."""
        return any(each.entity is not None for each in self.properties)

    def is_certain(self, record: Mapping[str, str]) -> bool:
        """True if a row gives the entity; False also where that hangs on a link."""
        return self.id_of(record) is not None and not any(
            each.required
            for each in self.properties
            if each.entity is not None
            or (each.columns and not any(record[column].strip() for column in each.columns))
        )

    def id_of(self, record: Mapping[str, str]) -> str | None:
        """The entity's id; None for a row without a key."""
        if self.id_column is not None:
            return record[self.id_column].strip() or None
        values = [compared(record[key]) for key in self.keys]
        if not any(values):
            return None
        digest = hashlib.blake2b(digest_size=_ID_BYTES)
        for part in (self.schema.name, self.key_literal, *values):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Filter:
    """The values that a column must have, or must not have."""

    column: str
    values: frozenset[str]
    is_negative: bool
    looks: frozenset[str] = field(repr=False)
    """The looks of all values."""

    def passes(self, record: Mapping[str, str]) -> bool:
        """True if a row passes."""
        return (compared(record[self.column]) in self.values) is not self.is_negative

    def is_doubtful(self, record: Mapping[str, str]) -> bool:
        """True if a cell looks like a value of the filter, or holds it among others."""
        value = compared(record[self.column])
        if value in self.values or not value:
            return False
        parts = [value.strip(_AROUND)]
        among = [part.strip() for part in _PARTS.split(value)]
        if all(among):  # A sign at an end is part of the value, as in the rating A+.
            parts += among
        return any(looks(part) & self.looks for part in (value, *parts))


@dataclass(frozen=True, slots=True)
class Query:
    """Entities of each row that passes the filters, in an order in which links find their ends."""

    entities: tuple[EntityMapping, ...]
    filters: tuple[Filter, ...] = ()

    @property
    def columns(self) -> set[str]:
        """The columns that the table must have."""
        found = {each.column for each in self.filters}
        return found.union(*(each.columns for each in self.entities))

    @property
    def date_forms(self) -> tuple[DateForm, ...]:
        """The forms of dates that the mapping names itself."""
        return tuple(
            each.date_form
            for entity in self.entities
            for each in entity.properties
            if each.date_form is not None
        )

    def passes(self, record: Mapping[str, str]) -> bool:
        """True if a row passes the filters."""
        return all(each.passes(record) for each in self.filters)

    def gives(self, columns: Iterable[str], record: Mapping[str, str]) -> bool:
        """True if a row sends each of these columns as a value of some property."""
        given = {
            column
            for entity in self.entities
            if entity.is_certain(record)
            for each in entity.properties
            for column in each.columns
        }
        return given.issuperset(columns)

    def names(self, column: str, value: str) -> bool:
        """True if a filter of a column names a value exactly: its author knows it."""
        return any(column == each.column and value in each.values for each in self.filters)


def key_property(mapping: EntityMapping) -> str:
    """Name a property that an entity's key may be sent in: one not yet given, if there is one."""
    person = ("idNumber",) if mapping.schema.is_a("Person") else ()
    fit = [each for each in (*person, *_KEY_PROPERTIES) if each in mapping.schema.properties]
    given = {each.prop.name for each in mapping.properties}
    return next((each for each in fit if each not in given), fit[0] if fit else "name")


def compared(value: str) -> str:
    """A cell as FollowTheMoney compares it."""
    return unicodedata.normalize("NFC", value).strip()


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms in which a table writes dates and numbers."""

    dates: tuple[DateForm, ...] = ()
    numbers: NumberForm | None = None

    def read(
        self, mapping: PropertyMapping, value: str, check: ValueCheck
    ) -> tuple[str, str | None]:
        """A value as it is sent, and what is wrong with it, if anything is."""
        kind = mapping.prop.type.name
        if kind in ("date", "number"):
            value = value.strip()  # Banks fill columns up with blanks; these change neither.
        dates = (mapping.date_form,) if mapping.date_form else self.dates
        if kind == "date" and dates:
            found = {read for form in dates if (read := form.read(value)) is not None}
            names = " or ".join(form.name for form in dates)
            if len(found) > 1:
                return value, f"expected a date as {names}; it is another date by each of them"
            if not found:
                return value, f"expected a date as {names}, and of the calendar; {got_date(value)}"
            return found.pop(), None
        if kind == "number" and self.numbers is not None:
            number = self.numbers.read(value)
            if number is None:
                return value, number_words(value, self.numbers.name)
            return number, None
        if mapping.format is not None and not has_format(value, mapping.format):
            return value, f"expected a good identifier of the form {mapping.format}"
        return value, cell_fault(value) or check.fault(mapping.prop, value)
