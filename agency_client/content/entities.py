"""Subjects and findings as FollowTheMoney entities, one JSON object a line.

Rules of this module:

- Values are kept as they were written, in their script; what cannot be kept is refused (`entity`).
- Everything streams: neither a file nor its entities are ever in memory whole. A hundred thousand
  payments go through as chunks of a few megabytes, each a sealed part of its own. A file is read
  twice: checked whole first, so that nothing is sealed of a file that has a fault.
- Entities of another agency are hostile until their shape is checked. `parse_entities` checks it
  without FollowTheMoney's model, whose import takes a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agency_client.content.doubts import is_kz_number
from agency_client.content.encodings import other_file
from agency_client.content.entity import (
    MAX_LINE_BYTES,
    Entity,
    EntityCheck,
    ImportedEntities,
    Spellings,
    Warnings,
    decode_line,
    identifier_warnings,
    shape_entity,
    shape_faults,
    sound_part,
)
from agency_client.content.faults import Faults
from agency_client.content.links import Links, doubts_of_links
from agency_client.content.schemata import SCHEMATA, SUBJECT_SCHEMATA
from agency_client.content.source import GivenFile, Source
from agency_client.content.subjects import SubjectCount
from agency_client.content.table_check import MAX_ENTITIES
from agency_client.content.table_import import entities_from_csv
from exchange_protocol.errors import ExchangeError, InvalidInput, Reason

__all__ = [
    "CHUNK_BYTES",
    "MAX_ENTITIES",
    "MAX_LINE_BYTES",
    "MEDIA_TYPE",
    "SUBJECT_SCHEMATA",
    "Entity",
    "EntityCheck",
    "EntityFile",
    "ImportedEntities",
    "SubjectCount",
    "checked_entities",
    "entities_from_csv",
    "entity_chunks",
    "identifier_warnings",
    "is_kz_number",
    "parse_entities",
    "parse_entity",
    "read_entities",
]

MEDIA_TYPE: Final = "application/x-ndjson"
CHUNK_BYTES: Final = 8 * 1024 * 1024
"""Plaintext of one sealed part of entities; what is in memory at once is a few times that."""


class EntityFile(ImportedEntities):
    """The entities of a file of JSON lines."""

    def __init__(self, file: GivenFile, *, allow_links_outside: bool = False) -> None:
        self._source = Source(file)
        faults = Faults(str(self._source))
        check, counted, warnings = EntityCheck(), SubjectCount(), Warnings()
        links, spellings = Links(check.values), Spellings()
        for number, given in self._lines():
            self.count += 1
            if isinstance(given, _Shapeless):
                for words in given.faults:
                    faults.add(words, line=number)
                for at, words in check.faults(given.part) if given.part else ():
                    faults.add(words, line=number, at=at)
                continue
            found = list(check.faults(given))
            for at, words in found:
                faults.add(words, line=number, at=at)
            if not found:
                counted.add(given)
                warnings.add(number, given)
                for words in (*doubts_of_links(given, check.values), *spellings.doubts(given)):
                    warnings.note(number, words)
                links.add(number, given)
        faults.raise_any()
        links.check(faults, allow_outside=allow_links_outside)
        faults.raise_any()
        if not self.count:
            raise _invalid(f"{self._source}: expected at least one entity, got none")
        self.subjects = int(counted)
        self.warnings = warnings.told()
        self.notes = (*links.notes(), *counted.notes())

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._source.path.name

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the file's bytes."""
        return self._source.sha256 or b""

    def __iter__(self) -> Iterator[Entity]:
        for _, given in self._lines():
            if isinstance(given, _Shapeless):
                raise _invalid(f"{self._source}: {given.faults[0]}")
            yield given

    def _lines(self) -> Iterator[tuple[int, Entity | _Shapeless]]:
        """Every line that is not blank, as an entity, or what is wrong with it."""
        with self._source.open() as file:
            if words := other_file(file.peek(256), is_json=True):
                raise _invalid(f"{self._source} is {words}, and give that")
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                whole = line
                while len(whole) > MAX_LINE_BYTES and not whole.endswith(b"\n") and whole:
                    whole = file.readline(MAX_LINE_BYTES + 1)
                if line.strip():
                    yield number, _entity_of(line, number)


@dataclass(frozen=True, slots=True)
class _Shapeless:
    """A line that has not the shape of an entity."""

    faults: Sequence[str]
    part: Entity | None = None
    """The part that can be checked further, so that all faults are told at once."""


def _entity_of(line: bytes, number: int) -> Entity | _Shapeless:
    try:
        data = decode_line(line, number)
    except InvalidInput as error:
        if number == 1 and line.strip() in (b"{", b"["):
            return _Shapeless(
                [
                    "expected one JSON object a line, got one over several lines: write each in a "
                    "line"
                ]
            )
        return _Shapeless([error.message])
    try:
        return shape_entity(data)
    except InvalidInput:
        return _Shapeless(shape_faults(data), sound_part(data))


def read_entities(path: GivenFile, *, allow_links_outside: bool = False) -> EntityFile:
    """Read entities from a file of JSON lines and check all of it; raises DOCUMENT_INVALID.

    Links lead to entities of the file, unless others are allowed: the notes then tell of them.
    """
    return EntityFile(path, allow_links_outside=allow_links_outside)


def checked_entities(entities: Iterable[Any]) -> Iterator[Entity]:
    """Check entities that a program gives: mappings, or FollowTheMoney's own proxies."""
    check: EntityCheck | None = None
    for number, given in enumerate(entities, 1):
        check = check or EntityCheck()
        where = f"entity {number}"
        data = given.to_dict() if hasattr(given, "to_dict") else given
        try:
            entity = shape_entity(data)
        except InvalidInput as error:
            raise _invalid(f"{where}: {error.message}") from None
        yield check(entity, where)


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
            yield parse_entity(line, where, number)


def parse_entity(line: bytes, where: str, number: int) -> Entity:
    """Read one line of what was unsealed, checking its shape; raises DOCUMENT_INVALID."""
    try:
        entity = shape_entity(decode_line(line, number))
    except InvalidInput as error:
        raise _invalid(f"{where}, line {number}: {error.message}") from None
    if entity["schema"] not in SCHEMATA:
        # It would be no subject to anyone who counts, whatever it holds.
        raise _invalid(
            f"{where}, line {number}: expected a schema of FollowTheMoney, spelt exactly so"
        )
    return entity


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
