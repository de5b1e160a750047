"""Words: the names of codes for people, in English, Russian and Kazakh.

A code list declares each member with its number on the wire and its words, so no code can lack
them:

    class Urgency(Code):
        ROUTINE = pb.URGENCY_ROUTINE, "routine", "обычная", "әдеттегі"

Members of two lists are never equal, though their numbers or names may be: otherwise an asset of
type OTHER and a currency OTHER would be one key of a mapping.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Words(NamedTuple):
    """The name of a code or a kind: a noun or a participle, in lower case."""

    en: str
    ru: str
    kk: str


class Code(IntEnum):
    """Base of code lists with numbers: a member is its number on the wire, printed as its name.

    It equals that number, and no member of another list.
    """

    _value_: int
    words: Words

    def __new__(cls, number: int, en: str = "", ru: str = "", kk: str = "") -> Code:
        """Make a member of a number and its words; a look-up by number gives no words."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.words = Words(en, ru, kk)
        return member

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Code) and type(other) is not type(self):
            return False
        return int.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        # That of an IntEnum would print the number.
        return format(self.name, spec)


class NamedCode(StrEnum):
    """Base of code lists with names: a member is its name in seals, URIs and policies.

    It equals that name, and no member of another list.
    """

    _value_: str
    words: Words

    def __new__(cls, name: str, en: str = "", ru: str = "", kk: str = "") -> NamedCode:
        """Make a member of a name and its words; a look-up by name gives no words."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.words = Words(en, ru, kk)
        return member

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NamedCode) and type(other) is not type(self):
            return False
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__
