"""A statement that is parsed by its shape is parsed as in full, or refused alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_protocol.errors import ExchangeError, LimitExceeded, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules import shapes
from exchange_protocol.rules.shapes import MOST_SHAPE_BYTES, MOST_SHAPES, parse_by_shape
from exchange_protocol.rules.statements import MAX_PART_BYTES, MAX_WRAPPED_BYTES, Statement
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.v1 import statement_pb2 as pb
from tests.properties.test_statements import drafts
from tests.support.shapes import shape_of
from tests.support.statements import KZ_MIA, OPERATOR, POLICY, Hub, fictional_cast

CARRIED = {
    "Statement": frozenset({"id", "exchange_id", "made_at", "answers", "due_at", "due_on"}),
    "Part": frozenset({"sha256", "size"}),
    "WrappedKey": frozenset({"enc"}),
}
"""The fields that are only carried, by message. All others, and all of a body, are the shape."""
DECIDED = {
    "Statement": {
        "author", "recipients", "supervisors", "handling", "tlp", "source_grade",
        "information_grade", "urgency", "purpose", "legal_basis", "permitted_uses",
        "onward_authorities", "language", "time_zone", "subject_count", "parts",
        "withheld_from", "withholding_ground",
    },
    "Part": {"name", "media_type", "suite", "wrapped_keys"},
    "WrappedKey": {"agency", "role", "key_id"},
}  # fmt: skip
"""The fields that a rule may ask for; they stay in the shape, and so does all of a body."""


def outcome(parse: Any, payload: bytes) -> Statement | tuple[str, str]:
    """The statement, or why it is refused."""
    try:
        statement: Statement = parse(payload)
    except ExchangeError as error:
        return error.reason.name, str(error)
    return statement


# --- The lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [pb.Statement, pb.Part, pb.WrappedKey], ids=str)
def test_every_field_of_the_contract_is_listed_once(message: type[Message]) -> None:
    name = message.DESCRIPTOR.name
    bodies = {
        field.name
        for oneof in message.DESCRIPTOR.oneofs
        if oneof.name == "body"
        for field in oneof.fields
    }
    fields = {field.name for field in message.DESCRIPTOR.fields} - bodies
    assert fields == CARRIED[name] | DECIDED[name], "say whether a rule may ask for the new field"
    assert not CARRIED[name] & DECIDED[name]


# --- By shape and in full -----------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("kind", Kind)
@settings(max_examples=15)
@given(data=st.data())
def test_every_kind_is_parsed_alike(kind: Kind, data: st.DataObject) -> None:
    payload = encode_statement(data.draw(drafts((kind,))))
    assert parse_by_shape(payload) == parse_statement.__wrapped__(payload)
    # Now its shape is known.
    assert parse_by_shape(payload) == parse_statement.__wrapped__(payload)


@settings(max_examples=60)
@given(drafts(), drafts())
def test_a_known_shape_keeps_nothing_of_the_statement_by_which_it_came(
    first: Any, other: Any
) -> None:
    message = pb.Statement.FromString(encode_statement(first))
    parse_by_shape(message.SerializeToString(deterministic=True))
    message.id = other.id
    message.exchange_id = other.id if first.exchange_id == first.id else other.exchange_id
    if first.answers:
        message.answers = other.answers or bytes(range(32))
    at = first.made_at + timedelta(seconds=1)
    later = first.header.due_at
    if later is None or later > at:
        message.made_at.CopyFrom(Timestamp(seconds=message.made_at.seconds + 1))
        message.made_at.nanos = 0
    for part in message.parts:
        part.sha256, part.size = bytes(range(32)), part.size // 2
        for key in part.wrapped_keys:
            key.enc += b"more"
    payload = message.SerializeToString(deterministic=True)
    assert outcome(parse_by_shape, payload) == outcome(parse_statement.__wrapped__, payload)


@given(drafts(), st.data())
def test_a_mutated_payload_is_parsed_or_refused_alike(draft: Any, data: st.DataObject) -> None:
    payload = bytearray(encode_statement(draft))
    parse_by_shape(bytes(payload))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                payload[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut" if len(payload) > 1:
                del payload[at]
            case _:
                payload[at:at] = data.draw(st.binary(min_size=1, max_size=4))
    spoilt = bytes(payload)
    assert outcome(parse_by_shape, spoilt) == outcome(parse_statement.__wrapped__, spoilt)


OTHER_ID = "01890000-0000-7000-8000-00000000abcd"


def with_other_values(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """The payload with another value in the place of each that is carried: of good form, or not."""
    others: tuple[tuple[Any, Any], ...] = (
        ("id", OTHER_ID),
        ("exchange_id", OTHER_ID),
        ("exchange_id", ""),
        ("answers", b"\1" * 32),
        ("answers", b""),
        ("made_at", Timestamp(seconds=2, nanos=1000)),
        ("made_at", Timestamp(seconds=200_000_000_000)),
        ("due_at", Timestamp(seconds=86_399)),
        ("due_on", pb.Day(year=1970, month=1, day=1)),
        ("id", "x"),
        ("exchange_id", "x"),
        ("answers", b"x"),
        ("withholding_ground", 1),
    )
    for field, value in others:
        message = pb.Statement.FromString(payload)
        message.ClearField(field)
        message.MergeFrom(pb.Statement(**{field: value}))
        yield field, message.SerializeToString(deterministic=True)
    message = pb.Statement.FromString(payload)
    message.exchange_id = message.id
    yield "exchange_id", message.SerializeToString(deterministic=True)
    for part in (
        pb.Part(sha256=b"\1" * 32, size=7),
        pb.Part(sha256=b"x"),
        pb.Part(size=MAX_PART_BYTES + 1),
        pb.Part(
            wrapped_keys=[
                pb.WrappedKey(
                    enc=b"", agency="xx.none", role=pb.READER_ROLE_RECIPIENT, key_id=bytes(32)
                )
            ]
        ),
        pb.Part(
            wrapped_keys=[
                pb.WrappedKey(
                    enc=bytes(MAX_WRAPPED_BYTES + 1),
                    agency="xx.none",
                    role=pb.READER_ROLE_RECIPIENT,
                    key_id=bytes(32),
                )
            ]
        ),
    ):
        message = pb.Statement.FromString(payload)
        for each in message.parts:
            each.MergeFrom(part)
        yield "parts", message.SerializeToString(deterministic=True)


@pytest.mark.parametrize("stage", Stage)
@settings(max_examples=20)
@given(data=st.data())
def test_a_carried_value_is_judged_in_its_place(stage: Stage, data: st.DataObject) -> None:
    """An initial statement that names another exchange differs from its shape in nothing else."""
    kinds = tuple(kind for kind in Kind if kind.stage is stage)
    payload = encode_statement(data.draw(drafts(kinds)))
    parse_by_shape(payload)
    for field, changed in with_other_values(payload):
        expected = outcome(parse_statement.__wrapped__, changed)
        assert outcome(parse_by_shape, changed) == expected, field


# --- Every field, changed -----------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("kind", Kind)
@settings(max_examples=3)
@given(data=st.data())
def test_a_changed_field_changes_the_shape_or_is_refused(kind: Kind, data: st.DataObject) -> None:
    payload = encode_statement(data.draw(drafts((kind,))))
    shape = shape_of(payload)
    parse_by_shape(payload)
    for path, changed in changes(pb.Statement.FromString(payload)):
        if changed == payload:
            continue
        got = outcome(parse_by_shape, changed)
        assert got == outcome(parse_statement.__wrapped__, changed), path
        assert isinstance(got, tuple) or is_carried(path) or shape_of(changed) != shape, path


def is_carried(path: str) -> bool:
    """True for the path of a field that is carried, or of one within it."""
    name, _, field = path.partition(".")
    if "[" not in name:
        return name in CARRIED["Statement"]
    key = re.fullmatch(r"wrapped_keys\[\d+\]\.(\w+)", field)
    return key[1] in CARRIED["WrappedKey"] if key else field in CARRIED["Part"]


def changes(
    statement: pb.Statement, at: Message | None = None, path: str = ""
) -> Iterator[tuple[str, bytes]]:
    """Every way to change one field: the path, and the payload with it changed.

    Set fields are changed, emptied and doubled; those that are not set are set.
    """
    message = statement if at is None else at
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None and message.WhichOneof("body") != field.name:
            continue
        where = f"{path}.{field.name}" if path else field.name
        value = getattr(message, field.name)
        if field.message_type is None:
            for other in _others(field, value):
                kept = list(value) if field.is_repeated else value
                _set(message, field, other)
                yield where, statement.SerializeToString(deterministic=True)
                _set(message, field, kept)
        elif field.is_repeated:
            for i, each in enumerate(value):
                yield from changes(statement, each, f"{where}[{i}]")
            kept = [type(each).FromString(each.SerializeToString()) for each in value]
            for other in ([*kept, *kept[:1]], kept[1:]):
                del value[:]
                value.extend(other)
                yield where, statement.SerializeToString(deterministic=True)
            del value[:]
            value.extend(kept)
        elif message.HasField(field.name):
            yield from changes(statement, value, where)


def _others(field: Any, value: Any) -> Iterator[Any]:
    if field.is_repeated:
        kept = list(value)
        fresh = {FieldDescriptor.TYPE_STRING: "xx.other", FieldDescriptor.TYPE_BYTES: b"other"}
        yield from (kept[1:], [*kept, *kept[:1]], kept[::-1], [*kept, fresh.get(field.type, 1)])
        return
    if isinstance(value, bytes):
        yield from (value + b"x", value[:-1], bytes([value[0] ^ 1]) + value[1:] if value else b"y")
    elif isinstance(value, str):
        yield from (value + "x", value[:-1], "")
    elif isinstance(value, bool):
        yield not value
    else:
        yield from {value ^ 1, value >> 1, 0} - {value}


def _set(message: Message, field: Any, value: Any) -> None:
    if field.is_repeated:
        held = getattr(message, field.name)
        del held[:]
        held.extend(value)
    else:
        setattr(message, field.name, value)


# --- What is remembered is bounded --------------------------------------------------------------


def remembered() -> int:
    return shapes._model.cache_info().currsize


def test_no_more_than_so_many_shapes_are_remembered() -> None:
    hub = Hub(fictional_cast())
    draft = hub.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    for subjects in range(MOST_SHAPES + 10):
        header = replace(draft.header, subject_count=subjects)
        assert parse_by_shape(encode_statement(replace(draft, header=header))).header == header
    assert remembered() == MOST_SHAPES


def test_a_large_shape_is_not_remembered() -> None:
    hub = Hub(fictional_cast())
    policy = "// a comment\n" * MOST_SHAPE_BYTES + POLICY
    payload = encode_statement(hub.compose(OPERATOR, PublishPolicy(policy)))
    shapes._model.cache_clear()
    assert parse_by_shape(payload) == parse_statement(payload)
    assert remembered() == 0


# --- What is refused costs little ---------------------------------------------------------------


@pytest.mark.parametrize("parse", [parse_by_shape, parse_statement.__wrapped__])
@pytest.mark.parametrize(
    ("field", "spoil"),
    [
        ("recipients", lambda m: m.recipients.extend([""] * 33)),
        ("supervisors", lambda m: m.supervisors.extend([""] * 33)),
        ("onward_authorities", lambda m: m.onward_authorities.extend([""] * 33)),
        ("withheld_from", lambda m: m.withheld_from.extend([""] * 33)),
        ("parts", lambda m: m.parts.extend([pb.Part()] * 33)),
        (
            "parts[0].wrapped_keys",
            lambda m: m.parts[0].wrapped_keys.extend([pb.WrappedKey()] * 129),
        ),
    ],
)
def test_what_is_too_many_is_refused_before_one_of_them_is_looked_at(
    parse: Any, field: str, spoil: Any
) -> None:
    """A payload has room for 80,000 of them, and to look at these takes 30 ms."""
    hub = Hub(fictional_cast())
    draft = hub.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    message = pb.Statement.FromString(encode_statement(draft))
    if field == "withheld_from":
        message.withholding_ground = pb.WithholdingGround.ValueType(1)
    spoil(message)
    with pytest.raises(LimitExceeded) as refused:
        parse(message.SerializeToString(deterministic=True))
    assert (refused.value.reason, refused.value.field) == (Reason.TOO_MANY, field)
    if field.startswith("parts"):
        with pytest.raises(LimitExceeded):
            shapes._take_carried(message)
