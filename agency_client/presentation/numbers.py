"""Numbers as a language writes them, and the form of the word that goes with a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

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


_NAMES: Final = frozenset({"day", "entry", "first", "index", "page", "pages", "year"})
"""Places of a phrase whose number is a name: it is copied and compared, so nothing parts it."""


class Count(int):
    """A number in the place of a phrase.

    `{number}` writes it as its language does. `{number:entry|entries}` gives the form of a word
    that goes with it: of two in English and Kazakh, of three in Russian (1 запись, 2 записи,
    5 записей).
    """

    _language: Language

    def __new__(cls, number: int, language: Language) -> Count:
        """Make a number that knows its language."""
        made = super().__new__(cls, number)
        made._language = language
        return made

    def __format__(self, forms: str) -> str:
        """Write the number, or give one of the forms."""
        if not forms:
            return grouped(int.__repr__(self), self._language) or int.__repr__(self)
        return forms.split("|")[_form(abs(self), self._language)]


def _form(number: int, language: Language) -> int:
    """The form of a word after a whole number, from 0 on (CLDR; a test compares them)."""
    if language is not Language.RU:
        return 0 if number == 1 else 1
    last, last_two = number % 10, number % 100
    if last == 1 and last_two != 11:
        return 0
    return 1 if 2 <= last <= 4 and not 12 <= last_two <= 14 else 2


def filled(said: str, language: Language, values: Mapping[str, Any]) -> str:
    """A phrase with values in its places; whole numbers stand as the language writes them.

    Without values the phrase is given as it stands.
    """
    if not values:
        return said
    return said.format_map(
        {
            # A code is a whole number too, and so is a truth value; neither counts anything.
            name: Count(value, language) if type(value) is int and name not in _NAMES else value
            for name, value in values.items()
        }
    )
