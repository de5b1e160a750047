"""The content of a statement, sealed part by part.

Parts are sealed to exactly those whom the rules name as readers, each with the newest key that it
published on the log. Only sealed bytes go to the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from agency_client.content.document_reading import with_import_notes
from agency_client.content.documents import Brief, ContentDocument
from agency_client.content.entities import (
    MEDIA_TYPE,
    Entity,
    ImportedEntities,
    SubjectCount,
    checked_entities,
    entity_chunks,
    read_entities,
)
from agency_client.content.file_names import INDEX, check_file_names, encode_index, part_name
from agency_client.content.search_terms import SearchTerms
from agency_client.core.views import ENTITIES
from agency_client.state.outbox_folders import Staging
from exchange_files import read_steady
from exchange_protocol.errors import InvalidInput, Reason
from exchange_protocol.kinds.codes import ReaderRole
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.statements import MAX_PART_BYTES, Part
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.trust.sealing import (
    SEALING_SUITE,
    PartContext,
    Reader,
    seal_part,
    sealed_size,
)

JSON: Final = "application/json"
OCTETS: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a statement before it is sealed."""

    default_brief: Brief
    """Sealed in the place of `brief` where a supervisor gets a copy: the copy is the brief."""
    brief: Brief | None = None
    document: ContentDocument | None = None
    entities: Iterable[Any] | Path = ()
    entities_argument: str | None = None
    """The argument that gives them, which an error names."""
    attachments: Mapping[str, bytes | Path] = field(default_factory=dict)

    @property
    def is_counted(self) -> bool:
        """True if it has parts that must be sealed before the route is known: subjects count."""
        return self.entities != () or bool(self.attachments)

    def checked(self) -> Content:
        """This, checked before any of it is sealed; with the notes of an import in the brief.

        Entities that a program gives one by one are checked as they go by.

        Raises:
            InvalidInput: DOCUMENT_INVALID, for entities; INVALID_FIELD, for attachments.
        """
        check_file_names(self.attachments)
        for source in self.attachments.values():
            if isinstance(source, Path):
                open_attachment(source).close()
        entities, brief = self.entities, self.brief
        with self._naming():
            if isinstance(entities, Path):
                entities = read_entities(entities)
            elif not isinstance(entities, ImportedEntities | Iterator):
                for _ in checked_entities(entities):
                    pass
        if isinstance(entities, ImportedEntities) and entities.notes:
            brief = with_import_notes(brief or self.default_brief, entities.notes)
        return replace(self, entities=entities, brief=brief)

    def subjects(self) -> int:
        """Count the subjects; entities that come from a generator are then gone."""
        if isinstance(self.entities, ImportedEntities):
            return self.entities.subjects
        counted = SubjectCount()
        for entity in self.each_entity():
            counted.add(entity)
        return int(counted)

    def each_entity(self) -> Iterator[Entity]:
        """Give the entities, checked as they go by; raises DOCUMENT_INVALID."""
        given = self.entities
        with self._naming():
            if isinstance(given, Path):
                given = read_entities(given)
            yield from given if isinstance(given, ImportedEntities) else checked_entities(given)

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Let an error of the entities name the argument that gives them."""
        try:
            yield
        except InvalidInput as error:
            error.field = error.field or self.entities_argument
            raise


class Sealer:
    """Seals the parts of one statement and hands them to its staging."""

    def __init__(self, staging: Staging, statement_id: str, directory: Directory) -> None:
        self._staging = staging
        self._statement_id = statement_id
        self._directory = directory
        self.subjects = SubjectCount()
        self.terms = SearchTerms()
        """The texts of entities, files and brief by which the exchange is found."""

    def seal(
        self, name: str, media_type: str, data: bytes, readers: Mapping[AgencyId, ReaderRole]
    ) -> Part:
        """Seal one part to its readers' newest keys; raises SEALING_KEY_UNKNOWN, TOO_LARGE."""
        sealed = seal_part(
            data,
            PartContext(self._statement_id, name),
            [
                Reader(agency, role.value, self._directory.sealing_key(agency))
                for agency, role in sorted(readers.items())
            ],
        )
        if len(sealed.ciphertext) > MAX_PART_BYTES:
            raise Reason.TOO_LARGE.error(
                f"expected at most {MAX_PART_BYTES} sealed bytes in {name!r}, "
                f"got {len(sealed.ciphertext)}: send it in pieces"
            )
        digest = self._staging.add_part(name, sealed.ciphertext)
        return Part(name, digest, len(sealed.ciphertext), media_type, SEALING_SUITE, sealed.wrapped)

    def seal_entities(self, content: Content, readers: Mapping[AgencyId, ReaderRole]) -> list[Part]:
        """Seal entities chunk by chunk, counting subjects on the way."""
        chunks = entity_chunks(self._counted(content.each_entity()))
        return [
            self.seal(ENTITIES if i == 1 else f"{ENTITIES}.{i}", MEDIA_TYPE, chunk, readers)
            for i, chunk in enumerate(chunks, 1)
        ]

    def seal_attachments(
        self, given: Mapping[str, bytes | Path], readers: Mapping[AgencyId, ReaderRole]
    ) -> list[Part]:
        """Seal files, and their names in a part of their own; raises INVALID_FIELD for a bad one.

        The hub is told numbers: the names say too much.
        """
        if not given:
            return []
        self.terms.add_files(given)
        parts, names = [], {}
        for number, (name, source) in enumerate(given.items(), 1):
            part = part_name(number)
            names[part] = name
            data = read_attachment(source) if isinstance(source, Path) else source
            if sealed_size(len(data)) > MAX_PART_BYTES:
                raise Reason.TOO_LARGE.error(
                    f"expected at most {MAX_PART_BYTES} bytes in {name!r} once it is sealed, "
                    f"got {sealed_size(len(data))}: send it in pieces",
                    field="attachments",
                )
            parts.append(self.seal(part, OCTETS, data, readers))
        return [*parts, self.seal(INDEX, JSON, encode_index(names), readers)]

    def _counted(self, entities: Iterator[Entity]) -> Iterator[Entity]:
        for entity in entities:
            self.subjects.add(entity)
            if not self.terms.is_cut:
                self.terms.add_entity(entity)
            yield entity


def read_attachment(path: Path) -> bytes:
    """Read a file to attach; raises INVALID_FIELD, TOO_LARGE, DOCUMENT_INVALID if it changes."""
    with open_attachment(path) as file:
        data = read_steady(file, path, MAX_PART_BYTES)
    if len(data) > MAX_PART_BYTES:
        raise Reason.TOO_LARGE.error(
            f"expected at most {MAX_PART_BYTES} bytes in {path}, got more: send it in pieces",
            field="attachments",
        )
    return data


def open_attachment(path: Path) -> BinaryIO:
    """Open a file to attach; raises INVALID_FIELD."""
    try:
        return path.open("rb")
    except OSError as error:
        raise Reason.INVALID_FIELD.error(
            f"cannot read {path}: {error.strerror}", field="attachments"
        ) from None
