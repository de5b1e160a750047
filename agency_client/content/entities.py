"""Subjects and findings as FollowTheMoney entities, one JSON object a line.

Rules of this module:

- An entity is `{"id", "schema", "properties": {name: [text, ...]}}`. Outgoing entities are checked
  against FollowTheMoney's model: a schema or property that it does not have, or a value that its
  type cannot read (a date, a country, a number), is refused with the line at fault. The library by
  itself drops such values in silence, which would lose evidence.
- Values are kept as they were written, in their script. Identifiers (IIN, BIN, IBAN) that fail
  their check are warned of, not refused: foreign and legacy ones exist.
- Everything streams: neither a file nor its entities are ever in memory whole. A hundred thousand
  payments go through as chunks of a few megabytes, each a sealed part of its own.
- What another agency sealed is hostile until its shape is checked; `parse_entities` checks the
  shape without the model, whose import takes seconds.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

from agency_client.content.documents import read_fields
from exchange_protocol.errors import ExchangeError, Reason

if TYPE_CHECKING:
    from followthemoney.mapping.query import QueryMapping
    from followthemoney.schema import Schema

MEDIA_TYPE: Final = "application/x-ndjson"
CHUNK_BYTES: Final = 8 * 1024 * 1024
"""Plaintext of one sealed part of entities; what is in memory at once is a few times that."""
MAX_LINE_BYTES: Final = 256 * 1024
MAX_NAME_CHARACTERS: Final = 255
MAX_VALUE_CHARACTERS: Final = 65_000
MAX_ENTITIES: Final = 1_000_000

SUBJECT_SCHEMATA: Final = frozenset(
    {
        "Airplane", "Asset", "BankAccount", "Company", "Contract", "CryptoWallet", "LegalEntity",
        "License", "Organization", "Person", "PublicBody", "RealEstate", "Security", "Vehicle",
        "Vessel",
    }
)  # fmt: skip
"""Who and what a request is about, and counts as a subject: persons, agencies and assets; not the
payments and links between them. LegalEntity, Asset, CryptoWallet and all that derives from them."""


class Entity(TypedDict):
    """One entity, as it is sealed."""

    id: str
    schema: str
    properties: dict[str, list[str]]


def read_entities(path: Path) -> Iterator[Entity]:
    """Read entities from a file of JSON lines and check them; raises DOCUMENT_INVALID."""
    check = EntityCheck()
    try:
        with path.open("rb") as file:
            number = found = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if line.strip():
                    found += 1
                    where = f"{path}, line {number}"
                    yield check(_shaped(_decoded(line, where), where), where)
    except OSError as error:
        raise _invalid(f"cannot read {path}: {error.strerror}") from None
    if not found:
        raise _invalid(f"{path}: expected at least one entity, got none")


def checked_entities(entities: Iterable[Any]) -> Iterator[Entity]:
    """Check entities that a program gives: mappings, or FollowTheMoney's own proxies."""
    check: EntityCheck | None = None
    for number, given in enumerate(entities, 1):
        check = check or EntityCheck()
        where = f"entity {number}"
        data = given.to_dict() if hasattr(given, "to_dict") else given
        yield check(_shaped(data, where), where)


def entity_chunks(entities: Iterable[Entity], size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Write entities as JSON lines, in chunks of whole lines of about `size` bytes."""
    lines = bytearray()
    for number, entity in enumerate(entities, 1):
        if number > MAX_ENTITIES:
            raise Reason.TOO_MANY.error(f"expected at most {MAX_ENTITIES} entities")
        line = json.dumps(entity, ensure_ascii=False, separators=(",", ":")).encode()
        if lines and len(lines) + len(line) >= size:
            yield bytes(lines)
            lines.clear()
        lines += line
        lines += b"\n"
    if lines:
        yield bytes(lines)


def parse_entities(data: bytes | memoryview, where: str = "entities") -> Iterator[Entity]:
    """Read entities that were unsealed, checking their shape; raises DOCUMENT_INVALID."""
    view = bytes(data)
    start, number = 0, 0
    while start < len(view):
        number += 1
        end = view.find(b"\n", start)
        end = len(view) if end < 0 else end
        line = view[start:end]
        start = end + 1
        if line.strip():
            at = f"{where}, line {number}"
            yield _shaped(_decoded(line, at), at)


class SubjectCount:
    """Counts the distinct subjects among entities that go by; one may be told of in many lines."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def __int__(self) -> int:
        return len(self._ids)

    def add(self, entity: Entity) -> None:
        """Count an entity, if it is a subject and new."""
        if entity["schema"] in SUBJECT_SCHEMATA:
            self._ids.add(entity["id"])


def entities_from_csv(csv_path: Path, mapping_path: Path) -> Iterator[Entity]:
    """Make entities from a table by a FollowTheMoney mapping (YAML); raises DOCUMENT_INVALID.

    The mapping is one query (`entities: ...`), or a data set with `queries`; where it says to
    find the table is not looked at. Every row goes through all queries, in order; an account or
    person that row after row tells the same of comes once.
    """
    check = EntityCheck()
    told: set[int] = set()
    queries = _queries(read_fields(mapping_path), csv_path, mapping_path)
    try:
        with csv_path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            columns = set(reader.fieldnames or ())
            for query in queries:
                if missing := sorted(query.refs - columns):
                    raise _invalid(
                        f"{mapping_path}: expected columns of {csv_path}; it has no {missing[0]!r}"
                    )
            for row in reader:
                where = f"{csv_path}, line {reader.line_num}"
                if None in row or None in row.values():
                    raise _invalid(f"{where}: expected {len(columns)} columns, got another number")
                for entity in _map_row(row, queries, check, where):
                    if entity["schema"] in SUBJECT_SCHEMATA:
                        same = hash(json.dumps(entity, sort_keys=True))
                        if same in told:
                            continue
                        told.add(same)
                    yield entity
    except UnicodeDecodeError:
        raise _invalid(f"{csv_path}: expected text in UTF-8") from None
    except csv.Error as error:
        raise _invalid(f"{csv_path}: {error}") from None
    except OSError as error:
        raise _invalid(f"cannot read {csv_path}: {error.strerror}") from None


class EntityCheck:
    """Checks entities against FollowTheMoney's model, which is loaded once, when first needed."""

    def __init__(self) -> None:
        from followthemoney import model

        self._model = model
        self._good: dict[tuple[str, str], set[str]] = {}

    def __call__(self, entity: Entity, where: str) -> Entity:
        """Give the entity if it is good; raises DOCUMENT_INVALID."""
        schema = self._model.get(entity["schema"])
        if schema is None or schema.abstract:
            raise _invalid(
                f"{where}: expected a schema of FollowTheMoney, got {entity['schema']!r}"
            )
        for name, values in entity["properties"].items():
            self._check_values(schema, name, values, where)
        return entity

    def _check_values(self, schema: Schema, name: str, values: list[str], where: str) -> None:
        prop = schema.get(name)
        if prop is None or prop.stub:
            raise _invalid(f"{where}: a {schema.name} has no property {name!r}")
        if prop.type.name == "identifier":
            return
        good = self._good.setdefault((schema.name, name), set())
        for value in values:
            # Currencies, countries and days repeat from payment to payment.
            if value in good:
                continue
            if not prop.type.validate(value, format=prop.format):
                # The value stays out: it may be personal data, and errors are logged.
                raise _invalid(
                    f"{where}: expected {name!r} to be of type {prop.type.name}, "
                    f"got {len(value)} characters that are not"
                )
            if len(good) < 10_000:
                good.add(value)


def identifier_warnings(entity: Entity) -> list[str]:
    """What is doubtful about an entity's identifiers; the values themselves are not repeated."""
    warnings = []
    properties = entity["properties"]
    for name in ("iban",):
        for value in properties.get(name, ()):
            if not _is_iban(value):
                warnings.append(f"{entity['id']}: {name} fails its check digits")
    country = {value.lower() for key in _COUNTRIES for value in properties.get(key, ())}
    for name in ("registrationNumber", "taxNumber", "idNumber", "innCode"):
        for value in properties.get(name, ()):
            if "kz" in country and value.isdecimal() and not is_kz_number(value):
                warnings.append(f"{entity['id']}: {name} is no valid IIN or BIN")
    return warnings


def is_kz_number(text: str) -> bool:
    """Whether a text is a Kazakh IIN or BIN with a good check digit."""
    if len(text) != 12 or not text.isascii() or not text.isdecimal():
        return False
    digits = [int(char) for char in text]
    for weights in (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        check = sum(w * d for w, d in zip(weights, digits, strict=False)) % 11
        if check < 10:
            return check == digits[11]
    return False


_COUNTRIES: Final = ("country", "jurisdiction", "nationality")


def _is_iban(value: str) -> bool:
    from rigour.ids import get_identifier_format

    iban = get_identifier_format("iban")
    return iban is not None and iban.is_valid(value)


def _decoded(line: bytes, where: str) -> Any:
    if len(line) > MAX_LINE_BYTES:
        raise _invalid(f"{where}: expected at most {MAX_LINE_BYTES} bytes a line")
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else "not in UTF-8"
        raise _invalid(f"{where}: expected one JSON object: {what}") from None


def _shaped(data: Any, where: str) -> Entity:
    if not isinstance(data, Mapping):
        raise _invalid(f"{where}: expected an entity, got {type(data).__name__}")
    for name in ("id", "schema"):
        if not _is_text(data.get(name), MAX_NAME_CHARACTERS):
            raise _invalid(
                f"{where}: expected {name!r} to be a text of 1 to {MAX_NAME_CHARACTERS} characters"
            )
    properties = data.get("properties")
    if not isinstance(properties, Mapping) or not all(
        _is_text(name, MAX_NAME_CHARACTERS) for name in properties
    ):
        raise _invalid(f"{where}: expected 'properties' to be an object")
    return Entity(
        id=data["id"],
        schema=data["schema"],
        properties={name: _values(values, name, where) for name, values in properties.items()},
    )


def _is_text(value: Any, most: int) -> bool:
    """Whether it is text, not empty, that UTF-8 can hold: JSON may name half a character."""
    if not isinstance(value, str) or not 0 < len(value) <= most:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _values(values: Any, name: str, where: str) -> list[str]:
    listed = [values] if isinstance(values, str) else values
    if not isinstance(listed, list | tuple) or not all(
        _is_text(value, MAX_VALUE_CHARACTERS) for value in listed
    ):
        raise _invalid(
            f"{where}: expected {name!r} to be a list of texts of 1 to {MAX_VALUE_CHARACTERS} "
            "characters"
        )
    return list(listed)


def _queries(fields: Mapping[str, Any], csv_path: Path, mapping_path: Path) -> list[QueryMapping]:
    from followthemoney import model
    from followthemoney.exc import InvalidMapping

    if "entities" not in fields and len(fields) == 1:
        # A data set's name over its queries, as FollowTheMoney's own commands write it.
        (fields,) = (each if isinstance(each, dict) else {} for each in fields.values())
    queries = fields.get("queries", [fields])
    try:
        return [
            model.make_mapping({"entities": dict(query["entities"]), "csv_url": str(csv_path)})
            for query in queries
        ]
    except (InvalidMapping, KeyError, TypeError, AttributeError, ValueError) as error:
        raise _invalid(f"{mapping_path}: expected a mapping of entities: {error}") from None


def _map_row(
    row: dict[str, str], queries: list[QueryMapping], check: EntityCheck, where: str
) -> Iterator[Entity]:
    from followthemoney.exc import FollowTheMoneyException

    record = {name: value for name, value in row.items() if value}
    for query in queries:
        try:
            mapped = query.map(record)
        except FollowTheMoneyException as error:
            raise _invalid(f"{where}: {error}") from None
        for proxy in mapped.values():
            yield check(_shaped(proxy.to_dict(), where), where)


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
