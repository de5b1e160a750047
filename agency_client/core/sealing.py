"""The content of a statement, sealed part by part.

Parts are sealed to exactly those whom the rules name as readers, each with the newest key that it
published on the log. Only sealed bytes go to the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agency_client.content.documents import Brief, ContentDocument
from agency_client.content.entities import (
    MEDIA_TYPE,
    Entity,
    SubjectCount,
    checked_entities,
    entity_chunks,
    read_entities,
)
from agency_client.core.views import CONTENT, ENTITIES, is_entities_part
from agency_client.state.outbox import Staging
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import ReaderRole
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.statements import BRIEF, MAX_PART_BYTES, Part
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.trust.sealing import SEALING_SUITE, PartContext, Reader, seal_part

JSON: Final = "application/json"
OCTETS: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be sealed."""

    brief: Brief | None = None
    default_brief: Brief | None = None
    """Sealed in the place of `brief` where a supervisor gets a copy: the copy is the brief."""
    document: ContentDocument | None = None
    entities: Iterable[Any] | Path = ()
    attachments: Mapping[str, bytes | Path] = field(default_factory=dict)

    @property
    def is_counted(self) -> bool:
        """Whether it has parts that must be sealed before the route is known: subjects count."""
        return self.entities != () or bool(self.attachments)


class Sealer:
    """Seals the parts of one statement and hands them to its staging."""

    def __init__(self, staging: Staging, statement_id: str, directory: Directory) -> None:
        self._staging = staging
        self._statement_id = statement_id
        self._directory = directory
        self.subjects = SubjectCount()

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

    def seal_entities(
        self, given: Iterable[Any] | Path, readers: Mapping[AgencyId, ReaderRole]
    ) -> list[Part]:
        """Seal entities chunk by chunk, counting subjects on the way."""
        checked = read_entities(given) if isinstance(given, Path) else checked_entities(given)
        chunks = entity_chunks(self._counted(checked))
        return [
            self.seal(ENTITIES if i == 1 else f"{ENTITIES}.{i}", MEDIA_TYPE, chunk, readers)
            for i, chunk in enumerate(chunks, 1)
        ]

    def seal_attachments(
        self, given: Mapping[str, bytes | Path], readers: Mapping[AgencyId, ReaderRole]
    ) -> list[Part]:
        """Seal named files; raises INVALID_FIELD for a name that the exchange uses itself."""
        parts = []
        for name, source in given.items():
            if name in (BRIEF, CONTENT) or is_entities_part(name):
                raise Reason.INVALID_FIELD.error(
                    f"expected another name than {BRIEF}, {CONTENT} and {ENTITIES}; got {name!r}",
                    field="attachments",
                )
            data = read_attachment(source) if isinstance(source, Path) else source
            parts.append(self.seal(name, OCTETS, data, readers))
        return parts

    def _counted(self, entities: Iterator[Entity]) -> Iterator[Entity]:
        for entity in entities:
            self.subjects.add(entity)
            yield entity


def read_attachment(path: Path) -> bytes:
    """Read a file to attach; raises INVALID_FIELD."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Reason.INVALID_FIELD.error(
            f"cannot read {path}: {error.strerror}", field="attachments"
        ) from None
