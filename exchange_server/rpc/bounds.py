"""Bounds of lists and pages, checked the same way everywhere, and before anything is parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from exchange_protocol.errors import Reason

_T = TypeVar("_T")


def page_size(asked: int, *, default: int, most: int) -> int:
    """The page size that was asked for, 0 standing for the default; raises INVALID_FIELD."""
    if asked > most:
        raise Reason.INVALID_FIELD.error(
            f"expected 1 to {most}, or 0 for {default}; got {asked}", field="page_size"
        )
    return asked or default


def at_most(most: int, values: Sequence[_T], field: str) -> Sequence[_T]:
    """A list that is no longer than its bound; raises TOO_MANY."""
    if len(values) > most:
        raise Reason.TOO_MANY.error(f"expected at most {most}, got {len(values)}", field=field)
    return values
