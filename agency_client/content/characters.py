"""Characters that deceive a reader, after Unicode Technical Standard 39 (Security Mechanisms).

Three kinds are told apart:

- Characters that no text needs: control characters, halves of characters, unassigned and private
  ones, characters that are invisible or turn the direction of a line, blanks that count as letters,
  and U+FFFD, which stands where something was lost before. Input that holds one is refused
  (`find_hidden`); where others' text holds one, another character is shown in its place.
- Letters of two scripts in one word, or in one code of capitals, such as Cyrillic letters within a
  Latin code. People are warned of them at input, and shown them at output (`mark_mixed`).
- Digits of other scripts. Codes, dates and numbers take the ASCII ones alone.

Tab and line feed are text; a carriage return is text before a line feed. A joiner and the sign that
asks for a picture are text where they change how the characters beside them look, for then they are
seen: Persian, Dari and Kurdish words need the one, names and letters of telephones have the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

_PLAIN: Final = re.compile(
    r"(?:[\t\n -~\u00a0-\u00ac\u00ae-\u02ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e"
    r"\u20a0-\u20bf\u2116]|\r\n)*"
)
"""Texts of these characters alone need no closer look."""
_IGNORABLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffd"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of DerivedCoreProperties.txt, the blank Braille pattern, and
U+FFFD."""
_NON_JOINER: Final = "\u200c"
_JOINER: Final = "\u200d"
_PICTURE: Final = "\ufe0f"
"""Asks for a sign as a picture, such as a heart in red."""
SHAPING: Final = _NON_JOINER + _JOINER + _PICTURE
"""Characters that are seen only by what they make of those beside them."""
_NEAR: Final = 8
"""Characters around such a one that are looked at."""
_KEYCAP: Final = "\u20e3"
_VIRAMA: Final = 9
"""The combining class of the signs after which Indic scripts join letters or do not."""
_RA: Final = "\u09b0\u09f0\u0cb0"
"""Ra of Bengali, Assamese and Kannada: a joiner before the virama keeps it a letter."""
_TO_THE_NEXT: Final = frozenset({2, 3})
"""ICU's numbers of Joining_Type: letters that are joined to the next one."""
_TO_THE_LAST: Final = frozenset({2, 4})
_TRANSPARENT: Final = 5
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MOST_MARKS: Final = 4
"""Nonspacing marks in a row (UTS 39, 5.4)."""
_WORD: Final = re.compile(r"[^\W_]+")
_CODE: Final = re.compile(r"[^\W_]+(?:[-./][^\W_]+)*")
_MOST_LETTERS: Final = 8
_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts with letters that look like those of another of them."""


class Hidden(NamedTuple):
    """A character that no text needs, and where it stands."""

    offset: int
    """Characters before it."""
    name: str
    """Such as `U+202E RIGHT-TO-LEFT OVERRIDE`."""

    def __str__(self) -> str:
        return f"expected visible text; character {self.offset + 1} is {self.name}: remove it"


class Mixed(NamedTuple):
    """A word with letters of two scripts."""

    end: int
    """Characters before what follows it."""
    scripts: tuple[str, ...]
    """Such as `("Cyrillic", "Latin")`."""
    letters: tuple[str, ...]
    """Letters of the rarer script, or of a code those that are not Latin, each as `U+0421`."""

    def __str__(self) -> str:
        shown = ", ".join(self.letters[:_MOST_LETTERS])
        return f"{' and '.join(self.scripts)} letters in one word: {shown}"


def name_of(char: str) -> str:
    """The code point and name of a character."""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def find_hidden(text: str) -> Hidden | None:
    """Find the first character that no text needs; None where there is none."""
    if _PLAIN.fullmatch(text):
        return None
    marks = 0
    for offset, char in enumerate(text):
        if is_hidden_at(text, offset):
            return Hidden(offset, name_of(char))
        marks = marks + 1 if unicodedata.category(char) == "Mn" else 0
        if marks > _MOST_MARKS:
            return Hidden(offset, name_of(char))
    return None


def is_hidden_at(text: str, offset: int) -> bool:
    """True if a text does not need the character at that place."""
    char = text[offset]
    if not is_hidden(char):
        return False
    if char == "\r":
        return text[offset + 1 : offset + 2] != "\n"
    return char not in SHAPING or not _is_seen(text, offset)


def _is_seen(text: str, offset: int) -> bool:
    """True if a joiner, or the sign that asks for a picture, changes the characters beside it.

    Joiners are taken by the rules of internationalized names (RFC 5892, A.1 and A.2), within
    pictures (UTS 51), and where a letter has by one a form that is seen: a letter of Arabic script
    that nothing follows, as in the sign of the Iranian year, and a ra that no sign may stand for
    (the Unicode Standard, 9.2, 12.2 and 12.8). So no two texts that look the same differ in them.
    """
    char = text[offset]
    before, after = text[max(0, offset - _NEAR) : offset], text[offset + 1 : offset + 1 + _NEAR]
    if not before:
        return False
    last = before[-1]
    if char == _PICTURE:
        if last.isascii():
            return last in "0123456789#*" and after.startswith(_KEYCAP)
        return _has(last, "EMOJI") and not _has(last, "EMOJI_PRESENTATION")
    if unicodedata.combining(last) == _VIRAMA:
        return True
    if char == _NON_JOINER:
        return _joins(before[::-1], _TO_THE_NEXT) and _joins(after, _TO_THE_LAST)
    if _joins(before[::-1], _TO_THE_NEXT) and not _joins(after, _TO_THE_LAST):
        return True
    if last in _RA and after and unicodedata.combining(after[0]) == _VIRAMA:
        return True
    bare = before.removesuffix(_PICTURE)
    if bare and _has(bare[-1], "EMOJI_MODIFIER"):
        bare = bare[:-1]
    return (
        bool(bare)
        and bool(after)
        and all(_has(each, "EXTENDED_PICTOGRAPHIC") for each in (bare[-1], after[0]))
    )


def _joins(text: str, types: frozenset[int]) -> bool:
    """True if the first letter of a text, but for marks on letters, is joined in that way."""
    import icu

    for char in text:
        found = icu.Char.getIntPropertyValue(char, icu.UProperty.JOINING_TYPE)
        if found != _TRANSPARENT:
            return found in types
    return False


def _has(char: str, name: str) -> bool:
    """True if a character has that binary property of Unicode."""
    import icu

    return bool(icu.Char.hasBinaryProperty(char, getattr(icu.UProperty, name)))


def is_hidden(char: str) -> bool:
    """True if a character by itself is one that no text needs."""
    if char in "\t\n":
        return False
    return unicodedata.category(char) in _HIDDEN_CATEGORIES or bool(_IGNORABLE.match(char))


def find_mixed(text: str) -> Iterator[Mixed]:
    """Find the words, and the codes of capitals, whose letters are of two scripts."""
    if text.isascii():
        return
    for found in _CODE.finditer(text):
        code = found[0]
        # SWIFT-код is a word of two scripts as people write; KZ-СРС-1 is a code that deceives.
        for word in [code] if code.isupper() else _WORD.findall(code):
            letters: dict[str, list[str]] = {}
            for char in word:
                if script := _script(char):
                    letters.setdefault(script, []).append(char)
            if len(letters) > 1:
                rarer = min(letters.values(), key=len)
                if code.isupper():
                    # A code is meant to be of Latin letters; the others are those that deceive.
                    rarer = [char for char in word if _script(char) not in (None, "LATIN")]
                yield Mixed(
                    found.end(),
                    tuple(sorted(script.capitalize() for script in letters)),
                    tuple(dict.fromkeys(f"U+{ord(char):04X}" for char in rarer)),
                )
                break


def describe_mixed(text: str) -> str | None:
    """Say in words that letters of two scripts stand in one word; None if none do."""
    found = next(find_mixed(text), None)
    return str(found) if found else None


def mark_mixed(text: str) -> str:
    """The text with a word on each of its words that deceives, right after it."""
    marked, start = "", 0
    for found in find_mixed(text):
        marked += f"{text[start : found.end]} [{found}]"
        start = found.end
    return marked + text[start:]


@lru_cache(maxsize=10_000)
def looks(text: str) -> frozenset[str]:
    """The looks of a text in small letters and in capitals, without spaces.

    Texts that have one of them in common pass for one another. Н and H look alike, н and h do not;
    I and L do not, and i, l and 1 do in many hands.
    """
    import icu

    plain, checker = "".join(unicodedata.normalize("NFKC", text).split()), icu.SpoofChecker()
    plain = plain.translate(dict.fromkeys(map(ord, SHAPING)))
    small = str(checker.getSkeleton(0, plain.casefold())).casefold()
    return frozenset({f"a{small}", f"A{checker.getSkeleton(0, plain.upper())}"})


def look_alike(one: str, other: str) -> bool:
    """True if two texts pass for one another."""
    return not looks(one).isdisjoint(looks(other))


def _script(char: str) -> str | None:
    if char.isascii():
        return "LATIN" if char.isalpha() else None
    first = unicodedata.name(char, "").partition(" ")[0]
    return first if first in _SCRIPTS else None
