"""Bodies of kinds: frozen values whose types say what their fields may hold.

Parsing, encoding, `show`, JSON and the statistics read these types, so a kind declares its fields
once. `body_parsing` takes bodies from the wire and puts them there.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Code

MAX_NAMED = 32
"""Statements or agencies that one attribute of a body may name."""


class Range(NamedTuple):
    """The bounds of a whole number in a body, both included."""

    least: int
    most: int


class Body:
    """Base of all bodies: frozen dataclasses with slots, named like the wire contract's fields.

    An attribute is a `Code`, a `bool`, `Annotated[int, Range(...)]`, an aware `datetime` (a
    moment), a `date` (a day as a person gives it), `bytes` (the digest of a statement), `AgencyId`,
    or `tuple[...]` of codes, digests or agencies (each at most once). `| None` makes it optional.
    Other types need a parser of the kind's own (`KindSpec.parse`).
    """

    __slots__ = ()


ParseBody = Callable[[Any, str], Body]
"""Takes the body's message and the name of its field; gives the body."""


def holds(body: Body, code: Code) -> bool:
    """True if an attribute of a body is that code."""
    return any(value is code for _, value in attributes(body))


def attributes(body: Body) -> tuple[tuple[str, Any], ...]:
    """The attributes of a body with their values, in the order of the class."""
    names = _names(type(body))  # type: ignore[arg-type] # a class can be hashed
    return tuple((name, getattr(body, name)) for name in names)


@cache
def _names(body: type[Body]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(body))  # type: ignore[arg-type] # every body is a dataclass


def given_attributes(body: Body) -> tuple[tuple[str, Any], ...]:
    """The attributes of a body that say something: name and value, without those left out.

    A value is a code, a tuple of codes, a number, a text, a time, a day or bytes. Everything that
    shows a statement (lists, JSON, the account for a court) shows these.
    """
    return tuple((name, value) for name, value in attributes(body) if value not in (None, ()))


class Attribute(NamedTuple):
    """The values that an attribute of a body may hold, by its type."""

    type: type
    """A `Code`, `bool`, `int`, `datetime`, `date`, `bytes`, or `str` for an agency's id."""
    is_many: bool
    """True if it holds several, each at most once."""
    is_optional: bool
    """True if it may be left out."""
    bounds: Range | None
    """Bounds of a whole number."""


def attribute_types(body: type[Body]) -> dict[str, Attribute]:
    """The types of a body's attributes, in the order of the class; raises TypeError for others."""
    hints = get_type_hints(body, include_extras=True)
    return {each.name: _attribute(hints[each.name]) for each in fields(body)}  # type: ignore[arg-type] # every body is a dataclass


def _attribute(hint: Any) -> Attribute:
    if get_origin(hint) in (Union, types.UnionType):
        match [each for each in get_args(hint) if each is not type(None)]:
            case [inner]:
                return _attribute(inner)._replace(is_optional=True)
    if get_origin(hint) is Annotated:
        match get_args(hint):
            case (number, Range() as bounds) if number is int:
                return Attribute(number, is_many=False, is_optional=False, bounds=bounds)
    if get_origin(hint) is tuple:
        match get_args(hint):
            case (each, rest) if rest is ...:
                one = _attribute(each)
                if not one.is_many and not one.is_optional:
                    return one._replace(is_many=True)
    if hint is AgencyId:
        return Attribute(str, is_many=False, is_optional=False, bounds=None)
    if hint in (datetime, date, bool, bytes) or (isinstance(hint, type) and issubclass(hint, Code)):
        return Attribute(hint, is_many=False, is_optional=False, bounds=None)
    raise TypeError(f"expected a type that a body may have, got {hint}: give the kind a parser")
