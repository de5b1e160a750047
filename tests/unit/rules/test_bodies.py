"""The types that a body may declare, and the values that are read from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from exchange_protocol.kinds.bodies import (
    Attribute,
    Body,
    Range,
    attribute_types,
    attributes,
    given_attributes,
)


@dataclass(frozen=True, slots=True)
class Counted(Body):
    count: Annotated[int, Range(1, 9)]


@dataclass(frozen=True, slots=True)
class Named(Counted):
    digests: tuple[bytes, ...]
    other: bytes | None = None


def test_a_body_that_extends_another_shows_the_attributes_of_both() -> None:
    body = Named(3, (b"a",))
    assert attributes(body) == (("count", 3), ("digests", (b"a",)), ("other", None))
    assert given_attributes(body) == (("count", 3), ("digests", (b"a",)))
    assert attribute_types(Named) == {
        "count": Attribute(int, is_many=False, is_optional=False, bounds=Range(1, 9)),
        "digests": Attribute(bytes, is_many=True, is_optional=False, bounds=None),
        "other": Attribute(bytes, is_many=False, is_optional=True, bounds=None),
    }


@pytest.mark.parametrize(
    "hint",
    [
        str,
        float,
        int | bytes | None,
        tuple[bytes, bytes],
        tuple[bytes | None, ...],
        tuple[tuple[bytes, ...], ...],
        Annotated[int, 1],
        Annotated[int, 1, 2],
        Annotated[bytes, Range(1, 9)],
        list[bytes],
    ],
)
def test_a_type_that_no_body_may_have_is_a_type_error(hint: Any) -> None:
    body: Any = dataclass(frozen=True)(type("Odd", (Body,), {"__annotations__": {"value": hint}}))
    with pytest.raises(TypeError, match="give the kind a parser"):
        attribute_types(body)
