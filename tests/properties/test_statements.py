"""Statements survive the wire, and nothing but a well-formed one gets in."""

from __future__ import annotations

import string
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from google.protobuf.internal import encoder
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import (
    AgencyType,
    Handling,
    InformationGrade,
    Language,
    Purpose,
    ReaderRole,
    RefusalGround,
    SourceGrade,
    TimeLimitRule,
    Tlp,
    Urgency,
)
from exchange_protocol.kinds.days import end_of_day
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.enrol_agency import MAX_NAME_CHARACTERS
from exchange_protocol.kinds.grounds import NEVER_ALONE
from exchange_protocol.kinds.publish_acceptance import PublishAcceptance
from exchange_protocol.kinds.publish_calendar import PublishCalendar
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.kinds.publish_policy import MAX_POLICY_BYTES, PublishPolicy
from exchange_protocol.kinds.publish_sealing_key import PublishSealingKey
from exchange_protocol.kinds.publish_time_limit import (
    MOST_DAYS,
    MOST_RETENTION_DAYS,
    PublishTimeLimit,
)
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.notes import NoteVerifier
from exchange_protocol.rules import statements
from exchange_protocol.rules.signed_statements import (
    encode_signed_statement,
    parse_signed_statement,
)
from exchange_protocol.rules.statements import Draft, Header, Part, Statement, new_statement_id
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.identity import Member, Role
from exchange_protocol.trust.sealing import SealingSuite, WrappedKey
from exchange_protocol.v1 import statement_pb2 as pb
from tests.support.bodies import agency_ids, bodies, spelled
from tests.support.refusals import refused
from tests.support.statements import KZ_MIA, Hub, fictional_cast

# --- Drafts of every kind -----------------------------------------------------------------------

times = st.integers(1, 4_000_000_000_000_000).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
ids = st.builds(new_statement_id, times, st.binary(min_size=10, max_size=10))
digests = st.binary(min_size=32, max_size=32)
vkeys = st.binary(min_size=32, max_size=32).map(
    lambda key: NoteVerifier("hub.example/log", key).vkey
)
PLAIN = string.ascii_lowercase + string.digits
zones = st.sampled_from(["Asia/Almaty", "Asia/Tashkent", "UTC", "America/Argentina/Salta"])
members = st.builds(Member, st.just("exchange.example"), agency_ids, st.sampled_from(Role))


def some(strategy: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most, unique=True).map(tuple)


@cache
def of_kind(kind: Kind) -> st.SearchStrategy[Body]:
    match kind:
        case Kind.DECISION:
            return st.one_of(
                st.builds(Decision, st.sampled_from([Verdict.APPROVE, Verdict.RETURN])),
                st.builds(
                    Decision,
                    st.just(Verdict.REJECT),
                    st.sampled_from([each for each in RefusalGround if each not in NEVER_ALONE]),
                ),
            )
        case Kind.PUBLISH_TIME_LIMIT:
            limited = st.sampled_from(
                [each for each in TimeLimitRule if each is not TimeLimitRule.RETENTION]
            )
            retained = st.builds(
                PublishTimeLimit,
                st.just(TimeLimitRule.RETENTION),
                st.just(""),
                days=st.integers(1, MOST_RETENTION_DAYS),
            )
            return (
                retained
                | st.builds(
                    PublishTimeLimit,
                    limited,
                    st.sampled_from(["", "KZ"]),
                    hours=st.integers(1, 24 * MOST_DAYS),
                )
                | st.builds(
                    PublishTimeLimit,
                    limited,
                    st.just(""),
                    working_days=st.integers(1, MOST_DAYS),
                )
            )
        case Kind.PUBLISH_LOG_KEY:
            return st.builds(
                PublishLogKey,
                vkeys,
                vkeys,
                st.binary(min_size=64, max_size=64),
                st.binary(min_size=64, max_size=64),
            )
        case Kind.PUBLISH_CALENDAR:
            return st.builds(
                PublishCalendar,
                st.sampled_from(["", "KZ"]),
                st.integers(2020, 2100),
                zones,
                st.integers(-840, 840),
                st.just((6, 7)),
                some(st.integers(101, 128)).map(sorted).map(tuple),
            )
        case Kind.PUBLISH_ACCEPTANCE:
            return st.builds(
                PublishAcceptance,
                some(st.sampled_from(["information_request", "referral"])),
                some(st.sampled_from(Language)),
                st.integers(0, 2**40),
                st.sampled_from(["", "Mo-Fr 09:00-18:00"]),
                st.sampled_from(["", "Дежурная часть, +7 700 000 00 00"]),
            )
        case Kind.ENROL_AGENCY | Kind.UPDATE_AGENCY:
            return st.builds(
                kind.body,
                agency_ids,
                st.sampled_from(["Қаржылық мониторинг", "Ведомство", "x" * MAX_NAME_CHARACTERS]),
                st.sampled_from(["", "KZ", "UZ"]),
                st.sampled_from(AgencyType),
                zones,
            )
        case Kind.PUBLISH_CERTIFICATE:
            der = st.binary(min_size=1, max_size=64)
            return st.builds(PublishCertificate, der, st.lists(der, max_size=4).map(tuple))
        case Kind.REVOKE_CERTIFICATE:
            return st.builds(RevokeCertificate, digests, st.sampled_from(RevocationReason))
        case Kind.PUBLISH_SEALING_KEY:
            return st.builds(PublishSealingKey, st.binary(min_size=1, max_size=64))
        case Kind.PUBLISH_POLICY:
            return st.builds(PublishPolicy, st.text(string.printable, min_size=1, max_size=200))
        case _:
            return bodies(kind)


wrapped_keys = st.lists(
    st.builds(
        WrappedKey,
        agency_ids,
        st.sampled_from(list(ReaderRole)),
        digests,
        st.binary(min_size=1, max_size=64),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda key: key.agency,
).map(tuple)
parts = st.lists(
    st.builds(
        Part,
        spelled(PLAIN, f"{PLAIN}._-", most=9),
        digests,
        st.integers(0, statements.MAX_PART_BYTES),
        st.sampled_from(["application/json", "application/vnd.ftm+json"]),
        st.just(SealingSuite.MLKEM768_X25519_AES256GCM),
        wrapped_keys,
    ),
    max_size=3,
    unique_by=lambda part: part.name,
).map(tuple)


# Made once: a strategy that is made for one draw is validated for it, which costs more than it.
kinds_of = cache(st.sampled_from)
handlings, tlps, urgencies = map(st.sampled_from, (Handling, Tlp, Urgency))
source_grades = st.none() | st.sampled_from(SourceGrade)
information_grades = st.none() | st.sampled_from(InformationGrade)
purposes = st.sampled_from(Purpose)
codes = st.sampled_from(["KZ-AML-18", "A", "UZ.660-II"])
purposes_or_none, codes_or_none, zones_or_none = (
    st.none() | each for each in (purposes, codes, zones)
)
some_purposes, some_agencies = some(purposes), some(agency_ids)
languages = st.none() | st.sampled_from(Language)
counts = st.integers(0, 2**32 - 1)


@st.composite
def drafts(draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind)) -> Draft:
    kind = draw(kinds_of(kinds))
    own_id = draw(ids)
    opening = kind.stage is Stage.INITIAL
    continuing = kind.stage is Stage.CONTINUING
    made_at = draw(times)
    body = draw(of_kind(kind))
    latest = min(statements.MAX_DUE, datetime.max.replace(tzinfo=UTC) - made_at)
    dues = st.timedeltas(timedelta(microseconds=1), latest).map(lambda later: made_at + later)
    due_at = draw(dues if kind.spec.sets_due(body) else st.none() | dues)
    due_on = None
    if due_at is not None and due_at.year >= 1000 and draw(st.booleans()):
        end = end_of_day(due_at.date(), UTC)
        if end > made_at and end - made_at <= statements.MAX_DUE:
            due_at, due_on = end, due_at.date()
    header = Header(
        handling=draw(handlings),
        tlp=draw(tlps),
        source_grade=draw(source_grades),
        information_grade=draw(information_grades),
        urgency=draw(urgencies),
        due_at=due_at,
        due_on=due_on,
        purpose=draw(purposes if opening else purposes_or_none),
        legal_basis=draw(codes if opening else codes_or_none),
        permitted_uses=draw(some_purposes),
        onward_authorities=draw(some_agencies),
        language=draw(languages),
        time_zone=draw(zones_or_none),
        subject_count=draw(counts),
    )
    return Draft(
        id=own_id,
        exchange_id=own_id if opening else draw(ids) if continuing else "",
        author=draw(members),
        made_at=made_at,
        body=body,
        answers=draw(digests) if continuing else None,
        recipients=draw(some_agencies),
        supervisors=draw(some_agencies),
        header=header,
        parts=draw(parts),
    )


def as_draft(statement: Statement) -> Draft:
    return Draft(**{name: getattr(statement, name) for name in Draft.__slots__})


@pytest.mark.parametrize("kind", Kind)
@settings(max_examples=15)
@given(data=st.data())
def test_every_kind_survives_the_wire(kind: Kind, data: st.DataObject) -> None:
    draft = data.draw(drafts((kind,)))
    payload = encode_statement(draft)
    statement = parse_statement(payload)
    assert as_draft(statement) == draft
    assert encode_statement(statement) == payload


@given(draft=drafts(), data=st.data())
def test_a_mutated_payload_parses_to_itself_or_is_refused(
    draft: Draft, data: st.DataObject
) -> None:
    payload = bytearray(encode_statement(draft))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(payload) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "repeat"])):
            case "flip":
                payload[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del payload[at : at + data.draw(st.integers(1, 8))]
            case "insert":
                payload[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            case "repeat":
                payload += payload[at : at + data.draw(st.integers(1, 40))]
        if not payload:
            return
    check_parses_to_itself_or_is_refused(bytes(payload))


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_random_bytes_parse_to_themselves_or_are_refused(payload: bytes) -> None:
    check_parses_to_itself_or_is_refused(payload)


def check_parses_to_itself_or_is_refused(payload: bytes) -> None:
    try:
        statement = parse_statement(payload)
    except ExchangeError:
        return
    assert encode_statement(statement) == payload


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_random_bytes_as_a_signed_statement_are_refused_or_taken_as_they_are(data: bytes) -> None:
    message = pb.SignedStatement()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return
    try:
        signed = parse_signed_statement(message)
    except ExchangeError:
        return
    assert signed.payload == message.payload


def test_a_signed_statement_survives_the_wire() -> None:
    hub = Hub(fictional_cast())
    signed = hub.sign(hub.compose(KZ_MIA, Kind.REFERRAL.body(), to=["kz.fma"]))
    wire = encode_signed_statement(signed).SerializeToString()
    assert parse_signed_statement(pb.SignedStatement.FromString(wire)) == signed


@pytest.mark.parametrize("count", [0, 2])
def test_a_statement_bears_exactly_one_signature(count: int) -> None:
    signature = pb.Signature(certificate_sha256=bytes(32), signature=b"x")
    message = pb.SignedStatement(payload=b"x", signatures=[signature] * count)
    with pytest.raises(ExchangeError) as refused:
        parse_signed_statement(message)
    assert refused.value.reason is Reason.INVALID_FIELD


# --- One encoding only --------------------------------------------------------------------------

HANDLING, PERMITTED_USES = 8, 16


def wire(**changes: Any) -> pb.Statement:
    """A well-formed request on the wire, to be spoilt."""
    hub_id = new_statement_id(datetime(2026, 11, 2, tzinfo=UTC), bytes(10))
    message = pb.Statement(
        id=hub_id,
        exchange_id=hub_id,
        author=KZ_MIA.uri,
        made_at=Timestamp(seconds=1_793_600_000),
        recipients=["kz.fma"],
        handling=pb.HANDLING_H0,
        tlp=pb.TLP_AMBER,
        urgency=pb.URGENCY_ROUTINE,
        purpose=pb.PURPOSE_INVESTIGATION,
        legal_basis="KZ-AML-18",
        information_request=pb.InformationRequest(),
    )
    for name, value in changes.items():
        field = pb.Statement.DESCRIPTOR.fields_by_name[name]
        message.ClearField(name)  # type: ignore[arg-type]
        if field.is_repeated:
            getattr(message, name).extend(value)
        elif isinstance(value, Message):
            getattr(message, name).CopyFrom(value)
        else:
            setattr(message, name, value)
    return message


def field(number: int, value: bytes, wire_type: int = 0) -> bytes:
    return bytes(encoder.TagBytes(number, wire_type)) + value


GOOD = wire().SerializeToString(deterministic=True)
IN_TWO = wire(permitted_uses=[pb.PURPOSE_ANALYSIS]).SerializeToString(deterministic=True)
PACKED = field(PERMITTED_USES, b"\x01\x05", 2)
UNPACKED = field(PERMITTED_USES, b"\x05")
H0 = field(HANDLING, b"\x01")

OTHER_ENCODINGS = {
    "unknown field": GOOD + field(99, b"\x01"),
    "unknown field inside": GOOD.replace(b"\xf2\x01\x00", b"\xf2\x01\x02\x08\x01"),
    "handling twice": GOOD + H0,
    "handling lowered at the end": GOOD + field(HANDLING, b"\x04"),
    "padded number": GOOD.replace(H0, field(HANDLING, b"\x81\x00")),
    "default written out": GOOD + field(20, b"\x00"),
    "another kind before": field(32, b"\x00", 2) + GOOD,
    "fields in another order": H0 + GOOD.replace(H0, b""),
    "unpacked list": IN_TWO.replace(PACKED, UNPACKED),
    "a list in two": IN_TWO.replace(PACKED, field(PERMITTED_USES, b"\x00", 2) + PACKED),
    # The unpacked list is one byte shorter, the padded number one byte longer.
    "padding hidden by an unpacked list": IN_TWO.replace(PACKED, UNPACKED).replace(
        H0, field(HANDLING, b"\x81\x00")
    ),
    "trailing group": GOOD + bytes([99 << 3 & 0x78 | 3, 99 << 3 & 0x78 | 4]),
    "nothing": b"",
    "cut short": GOOD[:-1],
}


def test_the_payload_that_is_spoilt_below_is_good() -> None:
    assert parse_statement(GOOD).kind is Kind.INFORMATION_REQUEST
    assert parse_statement(IN_TWO).header.permitted_uses == (Purpose.ANALYSIS,)
    assert PACKED in IN_TWO
    assert H0 in GOOD


@pytest.mark.parametrize("payload", OTHER_ENCODINGS.values(), ids=OTHER_ENCODINGS)
def test_another_encoding_is_refused(payload: bytes) -> None:
    assert payload != GOOD
    assert refused(parse_statement, payload).reason in (Reason.MALFORMED, Reason.UNKNOWN_KIND)


# --- Form and limits ----------------------------------------------------------------------------

KEY = pb.WrappedKey(
    agency="kz.fma", role=pb.READER_ROLE_RECIPIENT, key_id=bytes(32), enc=b"wrapped"
)


def part(**changes: Any) -> pb.Part:
    values: dict[str, Any] = {
        "name": "brief",
        "sha256": bytes(32),
        "size": 1,
        "media_type": "application/json",
        "suite": pb.SEALING_SUITE_MLKEM768_X25519_AES256GCM,
        "wrapped_keys": [KEY],
    }
    return pb.Part(**values | changes)


def key(**changes: Any) -> pb.WrappedKey:
    copy = pb.WrappedKey()
    copy.CopyFrom(KEY)
    for name, value in changes.items():
        setattr(copy, name, value)
    return copy


ANOTHER_ID = new_statement_id(datetime(2026, 11, 3, tzinfo=UTC), bytes(10))
BAD_FIELDS: list[tuple[dict[str, Any], Reason, str]] = [
    ({"id": ""}, Reason.INVALID_FIELD, "id"),
    ({"id": str(uuid.UUID(int=4 << 76))}, Reason.INVALID_FIELD, "id"),
    ({"id": ANOTHER_ID.upper()}, Reason.INVALID_FIELD, "id"),
    ({"id": "{" + ANOTHER_ID + "}"}, Reason.INVALID_FIELD, "id"),
    ({"exchange_id": ANOTHER_ID}, Reason.INVALID_FIELD, "exchange_id"),
    ({"author": "spiffe://exchange.example/hub/main"}, Reason.IDENTITY_INVALID, ""),
    ({"author": "kz.mia"}, Reason.IDENTITY_INVALID, ""),
    ({"made_at": Timestamp()}, Reason.MISSING_FIELD, "made_at"),
    ({"made_at": Timestamp(seconds=2**60)}, Reason.INVALID_FIELD, "made_at"),
    ({"made_at": Timestamp(seconds=1, nanos=1)}, Reason.INVALID_FIELD, "made_at"),
    ({"made_at": Timestamp(seconds=1, nanos=-1000)}, Reason.INVALID_FIELD, "made_at"),
    ({"made_at": Timestamp(seconds=1, nanos=2_000_000_000)}, Reason.INVALID_FIELD, "made_at"),
    ({"due_at": Timestamp(seconds=-(2**60))}, Reason.INVALID_FIELD, "due_at"),
    ({"answers": bytes(32)}, Reason.INVALID_FIELD, "answers"),
    ({"recipients": ["KZ.FMA"]}, Reason.IDENTITY_INVALID, "recipients[0]"),
    ({"recipients": ["kz.fma", "kz.fma"]}, Reason.AGENCY_TWICE, "recipients"),
    ({"recipients": [f"kz.a{n}" for n in range(33)]}, Reason.TOO_MANY, "recipients"),
    ({"supervisors": [f"kz.a{n}" for n in range(33)]}, Reason.TOO_MANY, "supervisors"),
    ({"onward_authorities": [f"kz.a{n}" for n in range(33)]},
     Reason.TOO_MANY, "onward_authorities"),
    ({"handling": 0}, Reason.MISSING_FIELD, "handling"),
    ({"handling": 9}, Reason.INVALID_FIELD, "handling"),
    ({"handling": -1}, Reason.INVALID_FIELD, "handling"),
    ({"tlp": 0}, Reason.MISSING_FIELD, "tlp"),
    ({"urgency": 0}, Reason.MISSING_FIELD, "urgency"),
    ({"source_grade": 5}, Reason.INVALID_FIELD, "source_grade"),
    ({"information_grade": 5}, Reason.INVALID_FIELD, "information_grade"),
    ({"language": 4}, Reason.INVALID_FIELD, "language"),
    ({"purpose": 0}, Reason.MISSING_FIELD, "purpose"),
    ({"legal_basis": ""}, Reason.MISSING_FIELD, "legal_basis"),
    ({"legal_basis": "закон"}, Reason.INVALID_FIELD, "legal_basis"),
    ({"legal_basis": "A" * 65}, Reason.INVALID_FIELD, "legal_basis"),
    ({"legal_basis": "KZ-AML-18\n"}, Reason.INVALID_FIELD, "legal_basis"),
    ({"permitted_uses": [0]}, Reason.MISSING_FIELD, "permitted_uses[0]"),
    ({"permitted_uses": [1] * 6}, Reason.TOO_MANY, "permitted_uses"),
    ({"time_zone": "../etc/passwd"}, Reason.INVALID_FIELD, "time_zone"),
    ({"parts": [part(name=f"p{n}") for n in range(33)]}, Reason.TOO_MANY, "parts"),
    ({"parts": [part(), part()]}, Reason.INVALID_FIELD, "parts"),
    ({"parts": [part(name="Brief")]}, Reason.INVALID_FIELD, "parts[0].name"),
    ({"parts": [part(name="../brief")]}, Reason.INVALID_FIELD, "parts[0].name"),
    ({"parts": [part(sha256=b"short")]}, Reason.INVALID_FIELD, "parts[0].sha256"),
    ({"parts": [part(sha256=b"")]}, Reason.MISSING_FIELD, "parts[0].sha256"),
    ({"parts": [part(size=64 * 2**20 + 1)]}, Reason.TOO_LARGE, "parts[0].size"),
    ({"parts": [part(media_type="json")]}, Reason.INVALID_FIELD, "parts[0].media_type"),
    ({"parts": [part(suite=0)]}, Reason.MISSING_FIELD, "parts[0].suite"),
    ({"parts": [part(suite=7)]}, Reason.INVALID_FIELD, "parts[0].suite"),
    ({"parts": [part(wrapped_keys=[])]}, Reason.MISSING_FIELD, "parts[0].wrapped_keys"),
    ({"parts": [part(wrapped_keys=[KEY, KEY])]},
     Reason.DUPLICATE_WRAPPED_KEY, "parts[0].wrapped_keys"),
    ({"parts": [part(wrapped_keys=[key(agency=f"kz.a{n}") for n in range(129)])]},
     Reason.TOO_MANY, "parts[0].wrapped_keys"),
    ({"parts": [part(wrapped_keys=[key(role=0)])]}, Reason.INVALID_FIELD,
     "parts[0].wrapped_keys[0].role"),
    ({"parts": [part(wrapped_keys=[key(enc=b"")])]}, Reason.INVALID_FIELD,
     "parts[0].wrapped_keys[0].enc"),
    ({"parts": [part(wrapped_keys=[key(enc=bytes(4097))])]}, Reason.INVALID_FIELD,
     "parts[0].wrapped_keys[0].enc"),
    ({"parts": [part(wrapped_keys=[key(key_id=b"k")])]}, Reason.INVALID_FIELD,
     "parts[0].wrapped_keys[0].key_id"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason", "where"),
    BAD_FIELDS,
    ids=[f"{next(iter(c))}-{i}" for i, (c, *_) in enumerate(BAD_FIELDS)],
)
def test_a_bad_field_is_named(changes: dict[str, Any], reason: Reason, where: str) -> None:
    error = refused(parse_statement, wire(**changes).SerializeToString(deterministic=True))
    assert error.reason is reason
    assert (error.field or "") == where


def enrol(**changes: Any) -> pb.EnrolAgency:
    values = {"agency": "kz.fma", "name": "x", "agency_type": 1, "time_zone": "UTC"}
    return pb.EnrolAgency(**values | changes)  # type: ignore[arg-type]


def uses(*numbers: int) -> pb.Feedback:
    return pb.Feedback(uses=[pb.FeedbackUse.ValueType(number) for number in numbers])


ANSWERING = {"answers": bytes(32)}
IN_DIRECTORY = {"exchange_id": "", "purpose": 0, "legal_basis": ""}
BAD_BODIES: list[tuple[dict[str, Any], Reason, str]] = [
    ({"decision": pb.Decision(), **ANSWERING}, Reason.MISSING_FIELD, "decision.verdict"),
    ({"decision": pb.Decision(verdict=pb.VERDICT_REJECT), **ANSWERING},
     Reason.MISSING_FIELD, "decision.ground"),
    ({"decision": pb.Decision(verdict=pb.VERDICT_APPROVE, ground=pb.REFUSAL_GROUND_CONTRARY_TO_LAW),
      **ANSWERING}, Reason.INVALID_FIELD, "decision.ground"),
    ({"erase_notice": pb.EraseNotice(), **ANSWERING}, Reason.MISSING_FIELD, "erase_notice.ground"),
    ({"feedback": pb.Feedback(usefulness=4), **ANSWERING},
     Reason.INVALID_FIELD, "feedback.usefulness"),
    ({"feedback": uses(1, 1), **ANSWERING}, Reason.INVALID_FIELD, "feedback.uses"),
    ({"feedback": uses(*[*range(1, 10)] * 1000), **ANSWERING},
     Reason.INVALID_FIELD, "feedback.uses"),
    ({"feedback": pb.Feedback()}, Reason.MISSING_FIELD, "answers"),
    ({"enrol_agency": enrol(name=""), **IN_DIRECTORY}, Reason.INVALID_FIELD, "enrol_agency.name"),
    ({"enrol_agency": enrol(name="a\u202eb"), **IN_DIRECTORY},
     Reason.INVALID_FIELD, "enrol_agency.name"),
    ({"enrol_agency": enrol(country="kz"), **IN_DIRECTORY},
     Reason.INVALID_FIELD, "enrol_agency.country"),
    ({"enrol_agency": enrol(agency_type=0), **IN_DIRECTORY},
     Reason.MISSING_FIELD, "enrol_agency.agency_type"),
    ({"publish_policy": pb.PublishPolicy(), **IN_DIRECTORY}, Reason.TOO_LARGE,
     "publish_policy.cedar"),
    ({"publish_policy": pb.PublishPolicy(cedar="x" * (MAX_POLICY_BYTES + 1)), **IN_DIRECTORY},
     Reason.TOO_LARGE, "publish_policy.cedar"),
    ({"publish_policy": pb.PublishPolicy(cedar="x"), "purpose": 0, "legal_basis": ""},
     Reason.INVALID_FIELD, "exchange_id"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason", "where"),
    BAD_BODIES,
    ids=[f"{next(iter(c))}-{i}" for i, (c, *_) in enumerate(BAD_BODIES)],
)
def test_a_bad_body_is_named(changes: dict[str, Any], reason: Reason, where: str) -> None:
    error = refused(parse_statement, wire(**changes).SerializeToString(deterministic=True))
    assert (error.reason, error.field) == (reason, where)


def test_a_payload_without_a_body_is_refused() -> None:
    message = wire()
    message.ClearField("information_request")
    assert (
        refused(parse_statement, message.SerializeToString(deterministic=True)).reason
        is Reason.UNKNOWN_KIND
    )


def test_a_payload_is_bounded() -> None:
    assert (
        refused(parse_statement, bytes(statements.MAX_PAYLOAD_BYTES + 1)).reason is Reason.TOO_LARGE
    )
    message = pb.SignedStatement(
        payload=bytes(statements.MAX_PAYLOAD_BYTES + 1),
        signatures=[pb.Signature(certificate_sha256=bytes(32), signature=b"x")],
    )
    assert refused(parse_signed_statement, message).reason is Reason.TOO_LARGE


def test_an_id_needs_ten_random_bytes() -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        new_statement_id(datetime(2026, 11, 2, tzinfo=UTC), bytes(9))
