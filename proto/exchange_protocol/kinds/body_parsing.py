"""Bodies from the wire and to it, by the types of their attributes.

A body's attributes bear the names of the contract's fields, so a kind needs a parser of its own
only for a type that `bodies` does not list.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from google.protobuf.message import Message

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import (
    MAX_NAMED,
    Attribute,
    Body,
    ParseBody,
    Range,
    attribute_types,
    attributes,
)
from exchange_protocol.kinds.days import parse_day, to_day
from exchange_protocol.kinds.fields import (
    parse_digest,
    parse_enum,
    parse_timestamp,
    to_timestamp,
    unfit,
)
from exchange_protocol.kinds.spec import KindSpec
from exchange_protocol.trust.identity import parse_agency_id
from exchange_protocol.words import Code


def parser_of(spec: KindSpec) -> ParseBody:
    """Give the parser of a kind: its own, or one made from the types of its body's attributes."""
    if spec.parse is not None:
        return spec.parse
    types = attribute_types(spec.body)
    parsers = [(name, _attribute_parser(each)) for name, each in types.items()]

    def parse(message: Message, where: str) -> Body:
        values = {name: parse_one(message, name, f"{where}.{name}") for name, parse_one in parsers}
        body = spec.body(**values)
        spec.check(body, where)
        return body

    return parse


def encode(body: Body, message: Message) -> None:
    """Set a body's message; the attributes bear the names of its fields.

    Raises:
        InvalidInput: INVALID_FIELD, for a value that its field cannot hold.
    """
    for name, value in attributes(body):
        if value is None:
            continue
        try:
            if isinstance(value, tuple):
                getattr(message, name).extend(value)
            elif isinstance(value, datetime):
                getattr(message, name).CopyFrom(to_timestamp(value))
            elif isinstance(value, date):
                getattr(message, name).CopyFrom(to_day(value))
            else:
                setattr(message, name, value)
        except ValueError as error:
            raise unfit(name, error) from None


_ParseAttribute = Callable[[Any, str, str], Any]


def _attribute_parser(attribute: Attribute) -> _ParseAttribute:
    """The parser of one attribute, by its type."""
    if attribute.is_optional:
        return _optional(_attribute_parser(attribute._replace(is_optional=False)))
    if attribute.bounds is not None:
        return _number(attribute.bounds)
    if attribute.is_many:
        return _distinct(attribute)
    if attribute.type is datetime:
        return lambda message, name, where: parse_timestamp(getattr(message, name), where)
    if attribute.type is date:
        return lambda message, name, where: parse_day(getattr(message, name), where)
    if attribute.type is bool:
        return lambda message, name, _: bool(getattr(message, name))
    parse_one = _parse_one(attribute.type)
    return lambda message, name, where: parse_one(getattr(message, name), where)


def _parse_one(kind: type) -> Callable[[Any, str], Any]:
    """The parser of one value: a code, a digest or the id of an agency."""
    if kind is bytes:
        return parse_digest
    if kind is str:
        return lambda value, where: parse_agency_id(value, field=where)
    return lambda value, where: parse_enum(kind, value, where)


def _optional(parse: _ParseAttribute) -> _ParseAttribute:
    def parse_optional(message: Any, name: str, where: str) -> Any:
        value = getattr(message, name)
        is_set = value.ByteSize() > 0 if isinstance(value, Message) else bool(value)
        return parse(message, name, where) if is_set else None

    return parse_optional


def _number(bounds: Range) -> _ParseAttribute:
    def parse(message: Any, name: str, where: str) -> int:
        value: int = getattr(message, name)
        if not bounds.least <= value <= bounds.most:
            raise Reason.INVALID_FIELD.error(
                f"expected {bounds.least} to {bounds.most}, got {value}", field=where
            )
        return value

    return parse


def _distinct(attribute: Attribute) -> _ParseAttribute:
    parse_one = _parse_one(attribute.type)
    most = len(attribute.type) if issubclass(attribute.type, Code) else MAX_NAMED

    def parse(message: Any, name: str, where: str) -> tuple[Any, ...]:
        given = getattr(message, name)
        values = tuple(parse_one(each, f"{where}[{i}]") for i, each in enumerate(given[: most + 1]))
        if len(set(values)) != len(given) or len(given) > most:
            raise Reason.INVALID_FIELD.error(
                f"expected each once, and at most {most}; got {len(given)}", field=where
            )
        return values

    return parse
