"""Statements on the wire: the one way in, and the one way out.

`parse_statement` is the only way in: it takes the exact payload that was signed, refuses what is
malformed, unknown or out of bounds, and gives a `Statement` whose fields need no further checks of
form. It verifies neither signature nor rules; `judgement` does. `encode_statement` is the only way
out, used once by the author; afterwards the bytes are kept and never made again.

Rules of form kept here:

- The payload is the one plain encoding of its known fields, in the order of their numbers. Unknown
  fields, repeated singular fields and padded encodings are refused, so that two readers can never
  understand one payload differently.
- An initial statement's exchange id is its own id; a directory statement has none.
- A continuing statement answers a payload; initial and directory statements answer none.

The bodies of the kinds are parsed in `kinds.body_parsing`, single fields in `kinds.fields`.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from google.protobuf.message import DecodeError

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind, encode_body, kind_of, parse_body
from exchange_protocol.kinds.codes import (
    READER_ROLES,
    Handling,
    InformationGrade,
    Language,
    Purpose,
    ReaderRole,
    SourceGrade,
    Tlp,
    Urgency,
    WithholdingGround,
)
from exchange_protocol.kinds.days import check_day, parse_day, to_day
from exchange_protocol.kinds.fields import (
    missing,
    parse_agencies,
    parse_digest,
    parse_enum,
    parse_matching,
    parse_optional_enum,
    parse_time_zone,
    parse_timestamp,
    parse_uuid,
    to_timestamp,
    unfit,
)
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.statements import (
    MAX_DUE,
    MAX_PART_BYTES,
    MAX_PARTS,
    MAX_READERS,
    MAX_RECIPIENTS,
    MAX_WRAPPED_BYTES,
    Draft,
    Header,
    Part,
    Statement,
    check_payload_size,
)
from exchange_protocol.trust.identity import parse_agency_id, parse_member
from exchange_protocol.trust.sealing import SealingSuite, WrappedKey
from exchange_protocol.v1 import statement_pb2 as pb

_PARSED = 64
_PART_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_LEGAL_BASIS = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,63}")


# --- In -----------------------------------------------------------------------------------------


@lru_cache(maxsize=_PARSED)
def parse_statement(payload: bytes) -> Statement:
    """Parse the exact payload of a statement. The last are remembered: one is met several times.

    Raises:
        InvalidInput: with the offending field, if the payload is not a well-formed statement.
        LimitExceeded: if it is larger, or has more parts or readers, than the limits above.
    """
    message = plain_message(payload)
    body = parse_body(message)
    kind = kind_of(body)
    statement_id = parse_uuid(message.id, "id")
    made_at = parse_timestamp(message.made_at, "made_at")
    return Statement(
        id=statement_id,
        exchange_id=_exchange_id(message.exchange_id, kind, statement_id),
        author=parse_member(message.author),
        made_at=made_at,
        answers=_answers(message.answers, kind),
        recipients=parse_agencies(message.recipients, "recipients", MAX_RECIPIENTS),
        supervisors=parse_agencies(message.supervisors, "supervisors", MAX_RECIPIENTS),
        header=_header(message, body, made_at),
        parts=_parts(message),
        body=body,
        digest=hashlib.sha256(payload).digest(),
    )


def plain_message(payload: bytes) -> pb.Statement:
    """Decode a payload that is the plain encoding of known fields; nothing else of it is checked.

    Raises:
        InvalidInput: MALFORMED.
        LimitExceeded: TOO_LARGE.
    """
    check_payload_size(payload)
    message = pb.Statement()
    try:
        message.ParseFromString(payload)
    except DecodeError:
        raise Reason.MALFORMED.error("expected a serialized Statement; it does not parse") from None
    message.DiscardUnknownFields()
    # Sizes alone would not do: an unpacked field saves the byte that another field is padded with.
    if message.SerializeToString(deterministic=True) != payload:
        raise Reason.MALFORMED.error("expected the plain encoding of known fields, got another one")
    return message


def _exchange_id(got: str, kind: Kind, statement_id: str) -> str:
    match kind.stage:
        case Stage.INITIAL if got != statement_id:
            raise Reason.INVALID_FIELD.error(
                f"expected the initial statement's own id {statement_id}, got {got[:64]!r}",
                field="exchange_id",
            )
        case Stage.DIRECTORY if got:
            raise Reason.INVALID_FIELD.error(
                f"expected none in a directory statement, got {got[:64]!r}", field="exchange_id"
            )
        case Stage.CONTINUING:
            parse_uuid(got, "exchange_id")
    return got


def _answers(got: bytes, kind: Kind) -> bytes | None:
    if kind.stage is Stage.CONTINUING:
        return parse_digest(got, "answers")
    if got:
        raise Reason.INVALID_FIELD.error(f"expected none: {kind} answers nothing", field="answers")
    return None


def _header(m: pb.Statement, body: Body, made_at: datetime) -> Header:
    kind = kind_of(body)
    if kind.stage is Stage.INITIAL and not m.legal_basis:
        missing("legal_basis")
    if kind.spec.sets_due(body) and not m.HasField("due_at"):
        missing("due_at")
    if len(m.permitted_uses) > len(Purpose):
        raise Reason.TOO_MANY.error(
            f"expected at most {len(Purpose)}, got {len(m.permitted_uses)}", field="permitted_uses"
        )
    if bool(m.withheld_from) != bool(m.withholding_ground):
        raise Reason.MISSING_FIELD.error(
            "expected from whom the copy is withheld and on which ground, or neither",
            field="withholding_ground" if m.withheld_from else "withheld_from",
        )
    purpose = parse_enum if kind.stage is Stage.INITIAL else parse_optional_enum
    due_at = parse_due_at(m, made_at)
    return Header(
        handling=parse_enum(Handling, m.handling, "handling"),
        tlp=parse_enum(Tlp, m.tlp, "tlp"),
        source_grade=parse_optional_enum(SourceGrade, m.source_grade, "source_grade"),
        information_grade=parse_optional_enum(
            InformationGrade, m.information_grade, "information_grade"
        ),
        urgency=parse_enum(Urgency, m.urgency, "urgency"),
        due_at=due_at,
        due_on=parse_due_on(m, due_at),
        purpose=purpose(Purpose, m.purpose, "purpose"),
        legal_basis=parse_matching(
            m.legal_basis,
            _LEGAL_BASIS,
            "a code of A-Z, 0-9, '.' and '-', at most 64",
            "legal_basis",
        )
        if m.legal_basis
        else None,
        permitted_uses=tuple(
            parse_enum(Purpose, use, f"permitted_uses[{i}]")
            for i, use in enumerate(m.permitted_uses)
        ),
        onward_authorities=parse_agencies(
            m.onward_authorities, "onward_authorities", MAX_RECIPIENTS
        ),
        language=parse_optional_enum(Language, m.language, "language"),
        time_zone=parse_time_zone(m.time_zone, "time_zone") if m.time_zone else None,
        subject_count=m.subject_count,
        withheld_from=parse_agencies(m.withheld_from, "withheld_from", MAX_RECIPIENTS),
        withholding_ground=parse_optional_enum(
            WithholdingGround, m.withholding_ground, "withholding_ground"
        ),
    )


def parse_due_at(m: pb.Statement, made_at: datetime) -> datetime | None:
    """Take the due time of a statement that was made at a time; None if it names none."""
    if not m.HasField("due_at"):
        return None
    due_at = parse_timestamp(m.due_at, "due_at")
    if due_at <= made_at:
        raise Reason.DUE_TIME_PAST.error(
            f"expected a due time after the statement's own {made_at.isoformat()}, "
            f"got {due_at.isoformat()}",
            field="due_at",
        )
    if due_at - made_at > MAX_DUE:
        raise Reason.DUE_TIME_TOO_FAR.error(
            f"expected a due time at most {MAX_DUE.days} days after the statement's own "
            f"{made_at.isoformat()}, got {due_at.isoformat()}",
            field="due_at",
        )
    return due_at


def parse_due_on(m: pb.Statement, due_at: datetime | None) -> date | None:
    """Take the day whose end is the due time; None if the author gave no day."""
    if not m.HasField("due_on"):
        return None
    day = parse_day(m.due_on, "due_on")
    check_day(day, due_at, "due_on")
    return day


def _parts(m: pb.Statement) -> tuple[Part, ...]:
    check_number_of_parts(len(m.parts))
    if not m.parts:
        return ()
    parts = tuple([_part(part, i) for i, part in enumerate(m.parts)])
    if len({part.name for part in parts}) != len(parts):
        raise Reason.INVALID_FIELD.error("expected each part name once", field="parts")
    return parts


def check_number_of_parts(number: int) -> None:
    """Check the number of sealed parts; raises TOO_MANY."""
    if number > MAX_PARTS:
        raise Reason.TOO_MANY.error(
            f"expected at most {MAX_PARTS} parts, got {number}", field="parts"
        )


def check_number_of_readers(number: int, where: str) -> None:
    """Check the number of wrapped keys of a part; raises TOO_MANY."""
    if number > MAX_READERS:
        raise Reason.TOO_MANY.error(
            f"expected at most {MAX_READERS} readers, got {number}", field=where
        )


def check_part_size(size: int, where: str) -> None:
    """Check the size of a sealed part; raises TOO_LARGE."""
    if size > MAX_PART_BYTES:
        raise Reason.TOO_LARGE.error(
            f"expected at most {MAX_PART_BYTES} sealed bytes, got {size}", field=where
        )


def check_wrapped_bytes(enc: bytes, where: str) -> None:
    """Check the size of a wrapped key."""
    if not 0 < len(enc) <= MAX_WRAPPED_BYTES:
        raise Reason.INVALID_FIELD.error(
            f"expected 1 to {MAX_WRAPPED_BYTES} bytes, got {len(enc)}", field=where
        )


class _PartFields(NamedTuple):
    """The paths of a part's fields, for errors."""

    size: str
    name: str
    sha256: str
    media_type: str
    suite: str
    wrapped_keys: str


class _KeyFields(NamedTuple):
    """The paths of a wrapped key's fields, for errors."""

    enc: str
    role: str
    agency: str
    key_id: str


# To spell the paths anew would take a third of the time in which a part is parsed.
@lru_cache(maxsize=MAX_PARTS)
def _part_fields(part: int) -> _PartFields:
    return _PartFields(*(f"parts[{part}].{name}" for name in _PartFields._fields))


@lru_cache(maxsize=MAX_PARTS * MAX_READERS)
def _key_fields(part: int, key: int) -> _KeyFields:
    return _KeyFields(*(f"parts[{part}].wrapped_keys[{key}].{name}" for name in _KeyFields._fields))


def _part(part: pb.Part, number: int) -> Part:
    where, size, keys = _part_fields(number), part.size, part.wrapped_keys
    check_part_size(size, where.size)
    check_number_of_readers(len(keys), where.wrapped_keys)
    wrapped = tuple([_wrapped_key(key, _key_fields(number, i)) for i, key in enumerate(keys)])
    if not wrapped:
        missing(where.wrapped_keys)
    # With two keys for one agency, its officers could be made to read different content.
    if len({key.agency for key in wrapped}) != len(wrapped):
        raise Reason.DUPLICATE_WRAPPED_KEY.error(
            "expected one wrapped key per agency", field=where.wrapped_keys
        )
    return Part(
        name=parse_matching(
            part.name,
            _PART_NAME,
            "a name of a-z, 0-9, '.', '_', '-', at most 64, starting with a letter or digit",
            where.name,
        ),
        sha256=parse_digest(part.sha256, where.sha256),
        size=size,
        media_type=parse_matching(part.media_type, _MEDIA_TYPE, "a media type", where.media_type),
        suite=parse_enum(SealingSuite, part.suite, where.suite),
        wrapped_keys=wrapped,
    )


def _wrapped_key(key: pb.WrappedKey, where: _KeyFields) -> WrappedKey:
    enc = key.enc
    check_wrapped_bytes(enc, where.enc)
    role = READER_ROLES.get(key.role)
    if role is None:
        raise Reason.INVALID_FIELD.error(
            f"expected one of {', '.join(READER_ROLES.values())}; got {key.role}", field=where.role
        )
    return WrappedKey(
        parse_agency_id(key.agency, field=where.agency),
        role,
        parse_digest(key.key_id, where.key_id),
        enc,
    )


# --- Out ----------------------------------------------------------------------------------------


def encode_statement(draft: Draft) -> bytes:
    """Encode a statement for signing; keep the bytes, they are what is signed.

    Raises:
        InvalidInput: INVALID_FIELD, for a value that its field cannot hold.
    """
    try:
        message = _encode_all_but_body(draft)
    except ValueError as error:
        raise unfit("header", error) from None
    encode_body(draft.body, message)
    return message.SerializeToString(deterministic=True)


def _encode_all_but_body(draft: Draft) -> pb.Statement:
    header = draft.header
    return pb.Statement(
        id=draft.id,
        exchange_id=draft.exchange_id,
        author=draft.author.uri,
        made_at=to_timestamp(draft.made_at),
        answers=draft.answers or b"",
        recipients=draft.recipients,
        supervisors=draft.supervisors,
        handling=pb.Handling.ValueType(header.handling),
        tlp=pb.Tlp.ValueType(header.tlp),
        source_grade=pb.SourceGrade.ValueType(header.source_grade or 0),
        information_grade=pb.InformationGrade.ValueType(header.information_grade or 0),
        urgency=pb.Urgency.ValueType(header.urgency),
        due_at=to_timestamp(header.due_at) if header.due_at else None,
        purpose=pb.Purpose.ValueType(header.purpose or 0),
        legal_basis=header.legal_basis or "",
        permitted_uses=[pb.Purpose.ValueType(use) for use in header.permitted_uses],
        onward_authorities=header.onward_authorities,
        language=pb.Language.ValueType(header.language or 0),
        time_zone=header.time_zone or "",
        subject_count=header.subject_count,
        parts=[_encode_part(part) for part in draft.parts],
        withheld_from=header.withheld_from,
        withholding_ground=pb.WithholdingGround.ValueType(header.withholding_ground or 0),
        due_on=to_day(header.due_on) if header.due_on else None,
    )


def _encode_part(part: Part) -> pb.Part:
    return pb.Part(
        name=part.name,
        sha256=part.sha256,
        size=part.size,
        media_type=part.media_type,
        suite=pb.SealingSuite.ValueType(part.suite),
        wrapped_keys=[
            pb.WrappedKey(
                agency=key.agency,
                role=ReaderRole(key.role).number,
                key_id=key.key_id,
                enc=key.enc,
            )
            for key in part.wrapped_keys
        ],
    )
