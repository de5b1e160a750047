"""Names that people read in the directory: visible, in one spelling, in one script a word.

Two agencies must not look alike, and a name must not hide a part of itself. The rules are those of
Unicode's security mechanisms (UTS 39) as far as a name of an authority needs them. They rest on
fixed ranges, and a replay gives the same answer on a machine of any Unicode version:

- Only characters of Unicode 14 in new names (`intake`). Whether a newer one is a letter, and which
  spelling of it is NFC, depends on the machine, so in an old name it counts as a sign (`assigned`).
- No control, format, private-use or default-ignorable character, no line break, no blank but the
  plain space, not at an end and not twice in a row.
- Normalization form NFC, so one name has one encoding.
- A word mixes no Latin, Cyrillic and Greek letters: they have look-alikes of each other.
"""

from __future__ import annotations

import re
import unicodedata

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.assigned import is_assigned

_HIDDEN = re.compile(
    "["
    "\\x00-\\x1f\\x7f-\\xa0\\xad"  # controls, no-break space, soft hyphen
    "\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f"
    "\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164"
    "\\ud800-\\uf8ff\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\uffff"
    "\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff"
    "\\U000f0000-\\U0010ffff"
    "]"
)
_LATIN = re.compile("[A-Za-z\\u00c0-\\u024f\\u1e00-\\u1eff]")
_GREEK = re.compile("[\\u0370-\\u03ff\\u1f00-\\u1fff]")
_CYRILLIC = re.compile("[\\u0400-\\u052f\\u1c80-\\u1c8f\\u2de0-\\u2dff\\ua640-\\ua69f]")
_WORD = re.compile(r"\w+")
_NEWER = "\N{REPLACEMENT CHARACTER}"
"""Stands for a newer character: no letter, and no part of another one's spelling."""


def parse_name(text: str, most: int, where: str) -> str:
    """Check a name of at most `most` characters.

    Raises:
        InvalidInput: INVALID_FIELD, naming the character or the word at fault.
    """
    if not 0 < len(text) <= most:
        raise Reason.INVALID_FIELD.error(
            f"expected 1 to {most} characters, got {len(text)}", field=where
        )
    hidden = _HIDDEN.search(text)
    if hidden:
        raise Reason.INVALID_FIELD.error(
            f"expected visible characters, got U+{ord(hidden[0]):04X} at place "
            f"{hidden.start() + 1}; type the name anew without it",
            field=where,
        )
    known = "".join(char if is_assigned(char) else _NEWER for char in text)
    if text != " ".join(text.split(" ")).strip() or "  " in text or not _WORD.search(known):
        raise Reason.INVALID_FIELD.error(
            "expected words with one space between them and none at an end", field=where
        )
    if not unicodedata.is_normalized("NFC", known):
        raise Reason.INVALID_FIELD.error(
            "expected the composed spelling of each letter (Unicode NFC)", field=where
        )
    for word in _WORD.findall(known):
        scripts = [each for each in (_LATIN, _CYRILLIC, _GREEK) if each.search(word)]
        if len(scripts) > 1:
            raise Reason.INVALID_FIELD.error(
                f"expected one script in a word, got {word[:64]!r}, which mixes look-alike letters "
                "of Latin, Cyrillic or Greek",
                field=where,
            )
    return text


def check_assigned(text: str, where: str) -> None:
    """Check that a new name holds no character that Unicode 14 does not assign.

    Raises:
        InvalidInput: INVALID_FIELD, naming the character.
    """
    for place, char in enumerate(text, 1):
        if not is_assigned(char):
            raise Reason.INVALID_FIELD.error(
                f"expected characters of Unicode 14, got U+{ord(char):04X} at place {place}: "
                "an older machine cannot show it; type the name anew without it",
                field=where,
            )
