"""Amounts as a language writes them."""

from __future__ import annotations

import re
from typing import Final

from exchange_protocol.kinds.codes import Language

_MARKS: Final = {
    Language.EN: (",", "."),
    Language.RU: ("\u00a0", ","),
    Language.KK: ("\u00a0", ","),
}
"""The marks between thousands, and before the decimals (CLDR; a test compares them)."""
_NUMBER: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,39})(?:\.([0-9]{1,40}))?")
"""A number in one form alone, so that what is shown can be read back digit for digit."""


def grouped(given: str, language: Language) -> str | None:
    """A number as a language writes it, digit for digit; None for what is no plain number."""
    found = _NUMBER.fullmatch(given)
    if found is None:
        return None
    thousands, decimal = _MARKS[language]
    sign, whole, part = found.groups()
    shown = f"{sign}{int(whole):,}".replace(",", thousands)
    return shown if part is None else f"{shown}{decimal}{part}"
