"""Parsing by shape: what is decided on is parsed once, what is carried is checked for form.

Most statements differ from others in nothing that a rule asks for: their ids, times, digests, sizes
and wrapped keys are new, all the rest was met before. Theory of operation:

1. The payload is decoded strictly, as `parse_statement` does it.
2. Each carried value is checked for form and replaced by a fixed one. The result is the *shape*:
   itself a well-formed statement, which differs from the payload in carried values alone.
3. The shape is parsed by `parse_statement`, unchanged; the last shapes are remembered.
4. The carried values are put into what came of it.

So `parse_by_shape` gives what `parse_statement` gives, and refuses what it refuses. Carried are the
fields that `_take_carried` takes; all others, and all of a body, stay in the shape. A new field of
the contract is therefore parsed until it is taken there, and a test lists every field. Where
anything is amiss the payload goes to `parse_statement`, whose error names the true field and value.
A shape remembers nothing of the statement by which it came: its carried values are the fixed ones.

Only parsing is remembered. The judgement of a statement costs less than looking one up would save
(docs/adr/0038-statements-are-parsed-by-shape.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.days import to_day
from exchange_protocol.kinds.fields import parse_digest, parse_timestamp, parse_uuid
from exchange_protocol.rules.statements import Part, Statement
from exchange_protocol.rules.wire import (
    check_number_of_parts,
    check_number_of_readers,
    check_part_size,
    check_wrapped_bytes,
    parse_due_at,
    parse_due_on,
    parse_statement,
    plain_message,
)
from exchange_protocol.trust.sealing import WrappedKey
from exchange_protocol.v1 import statement_pb2 as pb

MOST_SHAPES: Final = 2048
MOST_SHAPE_BYTES: Final = 4096
"""Larger ones, such as a policy's text, are not remembered: what is remembered stays bounded."""

_ID = "00000000-0000-7000-8000-000000000000"
_OTHER_ID = "00000000-0000-7000-8000-000000000001"
_DIGEST = bytes(32)
_ENC = b"\0"
_MADE_AT = Timestamp(seconds=1)
_DUE_AT = Timestamp(seconds=86399)
_DUE_ON = to_day(date(1970, 1, 1))


class _Carried(NamedTuple):
    """The carried values of one statement, of checked form."""

    id: str
    exchange_id: str
    made_at: datetime
    answers: bytes | None
    due_at: datetime | None
    due_on: date | None
    parts: list[tuple[bytes, int, list[bytes]]]
    """Digest, size and wrapped keys of each part."""


def parse_by_shape(payload: bytes) -> Statement:
    """Parse the exact payload of a statement; gives and raises what `parse_statement` does."""
    found = _by_shape(payload)
    return parse_statement(payload) if found is None else found


def _by_shape(payload: bytes) -> Statement | None:
    """The statement; None if it has to be parsed without its shape."""
    try:
        message = plain_message(payload)
        carried = _take_carried(message)
        shape = message.SerializeToString(deterministic=True)
        if len(shape) > MOST_SHAPE_BYTES:
            return None
        model = _model(shape)
    except ExchangeError:
        return None
    return Statement(
        id=carried.id,
        exchange_id=carried.exchange_id,
        author=model.author,
        made_at=carried.made_at,
        body=model.body,
        answers=carried.answers,
        recipients=model.recipients,
        supervisors=model.supervisors,
        header=replace(model.header, due_at=carried.due_at, due_on=carried.due_on)
        if carried.due_at
        else model.header,
        parts=tuple(map(_part, model.parts, carried.parts)) if carried.parts else (),
        digest=hashlib.sha256(payload).digest(),
    )


_model = lru_cache(MOST_SHAPES)(parse_statement.__wrapped__)


def _take_carried(message: pb.Statement) -> _Carried:
    """Take the carried values out of a message, and put fixed ones into their places."""
    own_id, exchange_id, answers = message.id, message.exchange_id, message.answers
    parse_uuid(own_id, "id")
    message.id = _ID
    # An initial statement names itself. Its shape tells whether this one should.
    if exchange_id == own_id:
        message.exchange_id = _ID
    elif exchange_id:
        parse_uuid(exchange_id, "exchange_id")
        message.exchange_id = _OTHER_ID
    made_at = parse_timestamp(message.made_at, "made_at")
    due_at = parse_due_at(message, made_at)
    due_on = parse_due_on(message, due_at)
    message.made_at.CopyFrom(_MADE_AT)
    if due_at is not None:
        message.due_at.CopyFrom(_DUE_AT)
    if due_on is not None:
        message.due_on.CopyFrom(_DUE_ON)
    if answers:
        parse_digest(answers, "answers")
        message.answers = _DIGEST
    # What is refused for its numbers must cost no more than to count it.
    check_number_of_parts(len(message.parts))
    parts = []
    for part in message.parts:
        digest, size = parse_digest(part.sha256, "parts.sha256"), part.size
        check_part_size(size, "parts.size")
        part.sha256 = _DIGEST
        part.size = 0
        wrapped, keys = [], part.wrapped_keys
        check_number_of_readers(len(keys), "parts.wrapped_keys")
        for key in keys:
            enc = key.enc
            check_wrapped_bytes(enc, "parts.wrapped_keys.enc")
            key.enc = _ENC
            wrapped.append(enc)
        parts.append((digest, size, wrapped))
    return _Carried(own_id, exchange_id, made_at, answers or None, due_at, due_on, parts)


def _part(model: Part, carried: tuple[bytes, int, list[bytes]]) -> Part:
    digest, size, wrapped = carried
    return Part(
        model.name,
        digest,
        size,
        model.media_type,
        model.suite,
        tuple(
            WrappedKey(key.agency, key.role, key.key_id, enc)
            for key, enc in zip(model.wrapped_keys, wrapped, strict=True)
        ),
    )
