"""Sizes of pages, checked the same way everywhere."""

from __future__ import annotations

from exchange_protocol.errors import Reason


def page_size(asked: int, *, default: int, most: int) -> int:
    """The page size that was asked for, 0 standing for the default; raises INVALID_FIELD."""
    if asked > most:
        raise Reason.INVALID_FIELD.error(
            f"expected 1 to {most}, or 0 for {default}; got {asked}", field="page_size"
        )
    return asked or default
