"""One FollowTheMoney entity: its shape, what it may hold, and what is doubtful about it.

An entity is `{"id", "schema", "properties": {name: [text, ...]}}`, and may have what else
FollowTheMoney's own files hold (`EXTRA_TEXTS`, `EXTRA_LISTS`). A key that is none of these, a name
that stands twice, a schema or property that the model does not have, and a value that its type
cannot hold are refused. The library by itself drops such values in silence, which would lose
evidence. A doubtful value is warned of, not refused (`doubts`).
"""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final, NotRequired, TypedDict

from agency_client.content.characters import find_hidden
from agency_client.content.doubts import IDENTIFIERS, doubts
from agency_client.content.faults import MOST_LINES, Spot, SpotKind, Spots, lines_in_words
from agency_client.content.fields import kind_of
from agency_client.content.folding import number_key
from agency_client.content.schemata import SCHEMATA
from agency_client.content.strict_json import Unparsed, parse_json
from agency_client.content.values import MAX_VALUE_CHARACTERS, ValueCheck, without_options
from exchange_protocol.errors import ExchangeError, Reason

MAX_LINE_BYTES: Final = 256 * 1024
MAX_NAME_CHARACTERS: Final = 255
MOST_WARNINGS: Final = 20

EXTRA_TEXTS: Final = ("caption", "first_seen", "last_seen", "last_change")
EXTRA_LISTS: Final = ("datasets", "referents")
"""Other keys of an entity in FollowTheMoney's own files."""
_BESIDE: Final = (*EXTRA_TEXTS, *EXTRA_LISTS)
_REQUIRED: Final = ("id", "schema", "properties")
_KEYS: Final = frozenset({*_REQUIRED, *_BESIDE})


class Entity(TypedDict):
    """One entity, as it is sealed."""

    id: str
    schema: str
    properties: dict[str, list[str]]
    caption: NotRequired[str]
    first_seen: NotRequired[str]
    last_seen: NotRequired[str]
    last_change: NotRequired[str]
    datasets: NotRequired[list[str]]
    referents: NotRequired[list[str]]


class ImportedEntities(ABC):
    """Entities of a file that was checked whole; each iteration reads it again.

    Iterating raises DOCUMENT_INVALID if the file has changed since.
    """

    notes: tuple[str, ...] = ()
    """Notes on the reading of the file; they go into the brief."""
    warnings: tuple[str, ...] = ()
    """Doubts, for the person who sends it; values are not repeated."""
    count: int = 0
    """The number of entities."""
    subjects: int = 0
    """The number of those that count as subjects."""

    @abstractmethod
    def __iter__(self) -> Iterator[Entity]:
        """Read the file again, entity by entity."""


class EntityCheck:
    """Checks entities against FollowTheMoney's model, which is loaded once, when first needed."""

    def __init__(self) -> None:
        self.values = ValueCheck()

    def __call__(self, entity: Entity, where: str) -> Entity:
        """Give the entity if it is good; raises DOCUMENT_INVALID."""
        found = [": ".join((*map(str, spots), words)) for spots, words in self.faults(entity)]
        if found:
            raise _invalid(f"{where}: {'; '.join(found[:MOST_WARNINGS])}")
        return entity

    def faults(self, entity: Entity) -> Iterator[tuple[Spots, str]]:
        """Give the faults of an entity: the place in it, and what was expected."""
        schema = self.values.schema(entity["schema"])
        if schema is None or schema.name not in SCHEMATA:
            yield (), f"expected a schema of FollowTheMoney, got {entity['schema'][:64]!r}"
            return
        yield from _texts_at_fault(entity)
        for name, values in entity["properties"].items():
            prop = schema.get(name)
            if prop is None or prop.stub:
                yield (), f"a {schema.name} has no property {name[:64]!r}"
                continue
            for value in values:
                if words := self.values.fault(prop, value):
                    yield (Spot(SpotKind.FIELD, name),), without_options(words)


class Warnings:
    """Collects what is doubtful about entities: each doubt once, with its lines, within a bound."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[list[int], int]] = {}
        """First lines of each doubt, and the number of all."""
        self._rest = 0

    def add(self, line: int, entity: Entity) -> None:
        """Note what is doubtful about an entity that stands in a line."""
        for words in dict.fromkeys(doubts(entity["properties"])):
            self.note(line, words)

    def note(self, line: int, words: str) -> None:
        """Note a doubt about a line."""
        if words not in self._lines and len(self._lines) >= MOST_WARNINGS:
            self._rest += 1
            return
        lines, count = self._lines.get(words, ([], 0))
        if len(lines) < MOST_LINES:
            lines.append(line)
        self._lines[words] = lines, count + 1

    def told(self) -> tuple[str, ...]:
        """The doubts, and the number of the rest."""
        told = [f"{lines_in_words(*each)}: {words}" for words, each in self._lines.items()]
        return (*told, f"and {self._rest} more") if self._rest else tuple(told)


class Spellings:
    """Tells numbers that were met before in another spelling: whoever searches takes them for one.

    `KZ86 125K ...` and `KZ86125K...` as keys make two accounts of one.
    """

    def __init__(self) -> None:
        self._met: dict[int, int] = {}
        """Digests of the first spelling of each number, by the digest of its key."""

    def doubts(self, entity: Entity) -> Iterator[str]:
        """The properties of an entity whose number was met in another spelling."""
        for name, values in entity["properties"].items():
            for value in values if name in IDENTIFIERS else ():
                if not (key := number_key(value)):
                    continue
                spelling = hash(value)
                if self._met.setdefault(hash((name, key)), spelling) != spelling:
                    yield (
                        f"{name}: it stands here before in another spelling (spaces, signs, case, "
                        "letters that look alike): are these one?"
                    )


def identifier_warnings(entity: Entity) -> list[str]:
    """Tell the doubts about an entity's identifiers; the values themselves are not repeated."""
    return [f"{entity['id']}: {words}" for words in dict.fromkeys(doubts(entity["properties"]))]


def entity_digest(entity: Entity) -> int:
    """A digest of all that an entity says; the order of names and values says nothing."""
    said = [(name, sorted(each)) for name, each in entity["properties"].items()]
    beside = [(name, entity[name]) for name in _BESIDE if name in entity]
    # The representation of a text escapes what would make two of them one.
    return digest(repr((entity["id"], entity["schema"], sorted(said), beside)).encode("utf-8"))


def digest(data: bytes) -> int:
    """A digest of 16 bytes, as a number."""
    return int.from_bytes(blake2b(data, digest_size=16).digest(), "big")


def decode_line(line: bytes, number: int) -> Any:
    """Parse a line of JSON; raises DOCUMENT_INVALID, without the line."""
    if len(line) > MAX_LINE_BYTES:
        raise _invalid(f"expected at most {MAX_LINE_BYTES} bytes a line")
    try:
        value, twice = parse_json(line, line=number)
    except UnicodeDecodeError:
        raise _invalid("expected one JSON object: not in UTF-8") from None
    except Unparsed as error:
        if line.startswith(codecs.BOM_UTF8):
            raise _invalid("a byte order mark stands within the file: two files in one?") from None
        raise _invalid(f"expected one JSON object: {error.why}") from None
    if twice:
        raise _invalid(f"expected each name once: {twice}")
    return value


def shape_entity(data: Any) -> Entity:
    """Check that data has the shape of an entity; raises DOCUMENT_INVALID, without the place."""
    if isinstance(data, Mapping) and data.keys() <= _KEYS:
        told = _properties(data.get("properties"))
        if (
            told is not None
            and _is_text(data.get("id"), MAX_NAME_CHARACTERS)
            and _is_text(data.get("schema"), MAX_NAME_CHARACTERS)
        ):
            entity = Entity(id=data["id"], schema=data["schema"], properties=told)
            if len(data) == len(_REQUIRED) or _add_beside(entity, data):
                return entity
    raise _invalid("; ".join(shape_faults(data)))


def _properties(given: Any) -> dict[str, list[str]] | None:
    """The properties of an entity; None if they have another shape."""
    if not isinstance(given, Mapping):
        return None
    told: dict[str, list[str]] = {}
    for name, values in given.items():
        listed = [values] if isinstance(values, str) else values
        if not _is_text(name, MAX_NAME_CHARACTERS) or not _are_texts(listed):
            return None
        told[name] = list(listed)
    return told


def _add_beside(entity: Entity, data: Mapping[str, Any]) -> bool:
    """Add what stands beside the properties; False if it has another shape."""
    # Empty ones, as the library's own proxies have them, say nothing.
    for name in EXTRA_TEXTS:
        if data.get(name) is not None:
            if not _is_text(data[name], MAX_VALUE_CHARACTERS):
                return False
            entity[name] = data[name]
    for name in EXTRA_LISTS:
        if data.get(name):
            listed = [data[name]] if isinstance(data[name], str) else data[name]
            if not _are_texts(listed):
                return False
            entity[name] = list(listed)  # type: ignore[literal-required]
    return True


def shape_faults(data: Any) -> list[str]:
    """Tell all that is wrong with the shape of what should be an entity; nothing of a good one."""
    if not isinstance(data, Mapping):
        return [f"expected an entity, got {kind_of(data)}"]
    found = [
        f"expected id, schema and properties, got {str(name)[:64]!r} beside them, which "
        "would be lost: put it among the properties, or remove it"
        for name in data
        if name not in _KEYS
    ]
    for name in _REQUIRED[:2]:
        if not _is_text(data.get(name), MAX_NAME_CHARACTERS):
            found.append(f"expected {name!r} to be a text of 1 to {MAX_NAME_CHARACTERS} characters")
    properties = data.get("properties")
    if not isinstance(properties, Mapping):
        found.append("expected 'properties' to be an object")
        properties = {}
    for name, values in properties.items():
        if not _is_text(name, MAX_NAME_CHARACTERS):
            found.append("expected 'properties' to be an object")
        else:
            found += _faults_of_values(values, name)
    for name in EXTRA_TEXTS:
        if data.get(name) is not None and not _is_text(data[name], MAX_VALUE_CHARACTERS):
            found.append(f"expected {name!r} to be a text")
    for name in EXTRA_LISTS:
        if data.get(name):
            found += _faults_of_values(data[name], name)
    return found[:MOST_WARNINGS]


def sound_part(data: Any) -> Entity | None:
    """The part with the shape of an entity in data of another; None where nothing can be told."""
    if not isinstance(data, Mapping) or not _is_text(data.get("schema"), MAX_NAME_CHARACTERS):
        return None
    properties = data.get("properties")
    told: dict[str, list[str]] = {}
    for name, values in properties.items() if isinstance(properties, Mapping) else ():
        listed = [values] if isinstance(values, str) else values
        if _is_text(name, MAX_NAME_CHARACTERS) and isinstance(listed, list | tuple):
            told[name] = [each for each in listed if _is_text(each, MAX_VALUE_CHARACTERS)]
    entity_id = data["id"] if _is_text(data.get("id"), MAX_NAME_CHARACTERS) else "?"
    return Entity(id=entity_id, schema=data["schema"], properties=told)


def _texts_at_fault(entity: Entity) -> Iterator[tuple[Spots, str]]:
    if len(entity["id"].split()) != 1 or entity["id"] != entity["id"].strip():
        yield (Spot(SpotKind.FIELD, "id"),), "expected an id without spaces and line breaks"
    for name in ("id", *_BESIDE):
        values = entity.get(name, [])
        for value in [values] if isinstance(values, str) else values:  # type: ignore[attr-defined]
            if hidden := find_hidden(value):
                yield (Spot(SpotKind.FIELD, name),), str(hidden)


def _is_text(value: Any, most: int) -> bool:
    """True if it is text, not empty, that UTF-8 can hold: JSON may name half a character."""
    if not isinstance(value, str) or not 0 < len(value) <= most:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _are_texts(listed: Any) -> bool:
    if not isinstance(listed, list | tuple):
        return False
    # A loop, for an answer may have a million values: a generator costs more than the check.
    for value in listed:  # noqa: SIM110
        if not _is_text(value, MAX_VALUE_CHARACTERS):
            return False
    return True


def _faults_of_values(values: Any, name: str) -> list[str]:
    words = f"expected {name!r} to be a list of texts of 1 to {MAX_VALUE_CHARACTERS} characters"
    listed = [values] if isinstance(values, str) else values
    if not isinstance(listed, list | tuple):
        return [f"{words}; got {kind_of(values)}"]
    bad = (each for each in listed if not _is_text(each, MAX_VALUE_CHARACTERS))
    return list(dict.fromkeys(f"{words}; got {_kind_of_item(each)} among them" for each in bad))


def _kind_of_item(value: Any) -> str:
    if not isinstance(value, str):
        return kind_of(value)
    if not value:
        return "an empty text"
    if len(value) > MAX_VALUE_CHARACTERS:
        return f"one of {len(value)} characters"
    return "half a character, such as \\ud800"


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
