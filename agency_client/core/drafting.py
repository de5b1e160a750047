"""From what an agency wants to say to a signed, sealed statement.

Terms are what a caller may say of a statement; what is left out comes from the profile, the
exchange or the rules. Parts are sealed to exactly those whom the rules name as readers, each with
the newest key that it published on the log.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO, TypedDict, TypeVar

from agency_client.content.documents import (
    Brief,
    ContentDocument,
    make_brief,
    with_import_notes,
)
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
from agency_client.core.views import ENTITIES
from agency_client.state.outbox import Staging
from agency_client.state.profile import Defaults
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import (
    Handling,
    InformationGrade,
    Language,
    Purpose,
    ReaderRole,
    SourceGrade,
    Tlp,
    Urgency,
)
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.statements import (
    MAX_PART_BYTES,
    Draft,
    Header,
    Part,
    Statement,
)
from exchange_protocol.trust.identity import AgencyId, parse_agency_id
from exchange_protocol.trust.sealing import SEALING_SUITE, PartContext, Reader, seal_part

JSON: str = "application/json"
OCTETS: str = "application/octet-stream"

EnumT = TypeVar("EnumT", bound=IntEnum)


class Terms(TypedDict, total=False):
    """What may be said of a statement beside its content; codes may be given by name."""

    due: timedelta | datetime
    """When the answer is due: a time, or how long from now."""
    handling: Handling | str
    tlp: Tlp | str
    source_grade: SourceGrade | str
    information_grade: InformationGrade | str
    urgency: Urgency | str
    purpose: Purpose | str
    legal_basis: str
    permitted_uses: Sequence[Purpose | str]
    onward_authorities: Sequence[str]
    language: Language | str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be sealed."""

    brief: Brief | None = None
    document: ContentDocument | None = None
    entities: Iterable[Any] | Path = ()
    attachments: Mapping[str, bytes | Path] | None = None

    def checked(self) -> Content:
        """This, all of it checked before any of it is sealed; with notes of an import in the brief.

        Entities that a program gives one by one are checked as they go by.

        Raises:
            InvalidInput: DOCUMENT_INVALID, for entities; INVALID_FIELD, for attachments.
        """
        check_file_names(self.attachments or ())
        for source in (self.attachments or {}).values():
            if isinstance(source, Path):
                open_attachment(source).close()
            elif not isinstance(source, bytes | bytearray | memoryview):
                raise Reason.INVALID_FIELD.error(
                    f"expected bytes or a Path, got {type(source).__name__}", field="attachments"
                )
        entities, brief = self.entities, self.brief
        if isinstance(entities, Path):
            entities = read_entities(entities)
        elif not isinstance(entities, ImportedEntities | Iterator):
            for _ in checked_entities(entities):
                pass
        if isinstance(entities, ImportedEntities) and brief is not None and entities.notes:
            brief = with_import_notes(brief, entities.notes)
        return replace(self, entities=entities, brief=brief)


def check_terms(terms: Terms, brief: Brief | None) -> None:
    """Check that all terms are known, and that an urgent statement says why it is urgent.

    Raises:
        InvalidInput: INVALID_FIELD; DOCUMENT_INVALID, if the brief does not say why.
    """
    for name in terms:
        if name not in Terms.__annotations__:
            close = difflib.get_close_matches(name, Terms.__annotations__)
            meant = f"did you mean {close[0]!r}?" if close else ""
            raise Reason.INVALID_FIELD.error(
                f"there is no term {name!r}: {meant or ', '.join(Terms.__annotations__)}",
                field=name,
            )
    urgency = _enum(Urgency, terms.get("urgency"), "urgency")
    if urgency is Urgency.URGENT and (brief is None or brief.urgency_reason is None):
        raise Reason.DOCUMENT_INVALID.error(
            "expected the brief to say why it is urgent, as urgency_reason; got no reason",
            field="brief.urgency_reason",
        )


def as_brief(brief: Brief | str) -> Brief:
    """A brief, given as one or as its summary alone."""
    return make_brief(brief) if isinstance(brief, str) else brief


def initial_header(terms: Terms, defaults: Defaults, now: datetime) -> Header:
    """The header of an initial statement."""
    legal_basis = terms.get("legal_basis", defaults.legal_basis)
    if legal_basis is None:
        raise Reason.MISSING_FIELD.error(
            "expected a legal basis, given here or as defaults.legal_basis of the profile",
            field="legal_basis",
        )
    return _header(
        terms,
        defaults,
        now,
        handling=Handling.H0,
        tlp=Tlp.AMBER,
        urgency=Urgency.ROUTINE,
        purpose=Purpose.INVESTIGATION,
        legal_basis=legal_basis,
    )


def continuing_header(
    terms: Terms,
    defaults: Defaults,
    now: datetime,
    *,
    handling: Handling,
    tlp: Tlp,
    urgency: Urgency,
) -> Header:
    """The header of a continuing statement: no weaker than what it continues (rule P16)."""
    return _header(
        terms,
        defaults,
        now,
        handling=handling,
        tlp=tlp,
        urgency=urgency,
        purpose=None,
        legal_basis=terms.get("legal_basis"),
    )


def _header(
    terms: Terms,
    defaults: Defaults,
    now: datetime,
    *,
    handling: Handling,
    tlp: Tlp,
    urgency: Urgency,
    purpose: Purpose | None,
    legal_basis: str | None,
) -> Header:
    return Header(
        handling=_enum(Handling, terms.get("handling"), "handling") or handling,
        tlp=_enum(Tlp, terms.get("tlp"), "tlp") or tlp,
        source_grade=_enum(SourceGrade, terms.get("source_grade"), "source_grade"),
        information_grade=_enum(
            InformationGrade, terms.get("information_grade"), "information_grade"
        ),
        urgency=_enum(Urgency, terms.get("urgency"), "urgency") or urgency,
        due_at=_due_at(terms.get("due"), now),
        purpose=_enum(Purpose, terms.get("purpose"), "purpose") or purpose,
        legal_basis=legal_basis,
        permitted_uses=tuple(
            use
            for i, given in enumerate(terms.get("permitted_uses", ()))
            if (use := _enum(Purpose, given, f"permitted_uses[{i}]")) is not None
        ),
        onward_authorities=parse_agencies(
            terms.get("onward_authorities", ()), "onward_authorities"
        ),
        language=_enum(Language, terms.get("language"), "language") or defaults.language,
        time_zone=terms.get("time_zone", defaults.time_zone),
    )


def _due_at(due: timedelta | datetime | None, now: datetime) -> datetime | None:
    """When the answer is due; raises INVALID_FIELD for a time without zone, or that has passed."""
    at = now + due if isinstance(due, timedelta) else due
    if at is None:
        return None
    if at.tzinfo is None:
        raise Reason.INVALID_FIELD.error(
            f"expected a time with its zone, got {at.isoformat(timespec='seconds')}", field="due"
        )
    if at <= now:
        raise Reason.INVALID_FIELD.error(
            f"expected a time to come, got {at.isoformat(timespec='seconds')}", field="due"
        )
    return at


def parse_agencies(given: str | Iterable[str], where: str) -> tuple[AgencyId, ...]:
    """Agency ids, one or several; raises IDENTITY_INVALID."""
    listed = (given,) if isinstance(given, str) else tuple(given)
    return tuple(parse_agency_id(each, field=f"{where}[{i}]") for i, each in enumerate(listed))


def parse_code(enum: type[EnumT], given: EnumT | str, where: str) -> EnumT:
    """A code, given as such or by its name; raises INVALID_FIELD."""
    if isinstance(given, enum):
        return given
    name = str(given).strip().upper().replace("-", "_").replace("+", "_").replace(" ", "_")
    name = name.removeprefix("TLP:")
    found = enum.__members__.get(name) or enum.__members__.get(f"GRADE_{name}")
    if found is None:
        raise Reason.INVALID_FIELD.error(
            f"expected one of {', '.join(enum.__members__)}; got {str(given)[:64]!r}", field=where
        )
    return found


def _enum(enum: type[EnumT], given: EnumT | str | None, where: str) -> EnumT | None:
    return None if given is None else parse_code(enum, given, where)


def entities_of(given: Iterable[Any] | Path) -> Iterator[Entity]:
    """The entities to send, from a file or from the program, checked against the model."""
    if isinstance(given, Path):
        given = read_entities(given)
    return iter(given) if isinstance(given, ImportedEntities) else checked_entities(given)


def as_statement(draft: Draft) -> Statement:
    """A draft as the rules see a statement; its digest is not known before it is encoded."""
    values = {each.name: getattr(draft, each.name) for each in fields(Draft)}
    return Statement(**values, digest=bytes(32))


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
        chunks = entity_chunks(self._counted(entities_of(given)))
        return [
            self.seal(ENTITIES if i == 1 else f"{ENTITIES}.{i}", MEDIA_TYPE, chunk, readers)
            for i, chunk in enumerate(chunks, 1)
        ]

    def seal_attachments(
        self,
        given: Mapping[str, bytes | Path] | None,
        readers: Mapping[AgencyId, ReaderRole],
    ) -> list[Part]:
        """Seal files, and their names in a part of their own; raises INVALID_FIELD for a bad one.

        The hub is told numbers: the names say too much.
        """
        if not given:
            return []
        check_file_names(given)
        parts, names = [], {}
        for number, (name, source) in enumerate(given.items(), 1):
            part = part_name(number)
            names[part] = name
            data = read_attachment(source) if isinstance(source, Path) else bytes(source)
            parts.append(self.seal(part, OCTETS, data, readers))
        return [*parts, self.seal(INDEX, JSON, encode_index(names), readers)]

    def _counted(self, entities: Iterator[Entity]) -> Iterator[Entity]:
        for entity in entities:
            self.subjects.add(entity)
            yield entity


def read_attachment(path: Path) -> bytes:
    """Read a file to attach; raises INVALID_FIELD."""
    with open_attachment(path) as file:
        return file.read()


def open_attachment(path: Path) -> BinaryIO:
    """Open a file to attach; raises INVALID_FIELD."""
    try:
        return path.open("rb")
    except OSError as error:
        raise Reason.INVALID_FIELD.error(
            f"cannot read {path}: {error.strerror}", field="attachments"
        ) from None
