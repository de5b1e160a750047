"""Text of others as people may see it: nothing in it is unseen, and nothing passes for another.

A character that no text needs (`content.characters` lists them) would steer a terminal, turn a line
around or hide a difference. Its code point stands in its place: `[U+202E]`. A word with letters of
two scripts is followed by a word on it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from agency_client.content.characters import find_mixed, is_hidden_at
from agency_client.presentation.labels import Label
from agency_client.presentation.words import say
from exchange_protocol.kinds.codes import Language

_MOST_MARKS: Final = 4
"""Marks on one letter (UTS 39, 5.4); more of them cover the lines around."""
_MOST_LETTERS: Final = 8
_PLAIN: Final = re.compile(r"[\n -~\u0400-\u0482\u048a-\u052f]*")
"""Texts of these letters alone need no closer look."""
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_SCRIPTS: Final = {
    "Latin": Label.LATIN,
    "Cyrillic": Label.CYRILLIC,
    "Greek": Label.GREEK,
    "Armenian": Label.ARMENIAN,
    "Cherokee": Label.CHEROKEE,
}


def visible(text: str, language: Language = Language.EN) -> str:
    """The text with every unseen character and every deceiving word marked; lines stay lines."""
    return _mark_mixed(mark_hidden(text), language)


def one_line(text: str, language: Language = Language.EN) -> str:
    """The same on one line, for lists."""
    return visible(_BLANKS.sub(" ", text).strip(), language)


def shortened(text: str, most: int) -> str:
    """The beginning of a text, to its last whole word within so many characters."""
    if len(text) <= most:
        return text
    return f"{text[: most - 1].rpartition(' ')[0] or text[: most - 1]}…"


def mark_hidden(text: str) -> str:
    """The text with the code point of each unseen character in its place; other blanks are spaces.

    Text that was marked before stays as it is.
    """
    text = text.replace("\r\n", "\n")
    if _PLAIN.fullmatch(text):
        return text
    shown, marks = "", 0
    for offset, char in enumerate(text):
        marks = marks + 1 if unicodedata.category(char) == "Mn" else 0
        if is_hidden_at(text, offset) or marks > _MOST_MARKS:
            shown += f"[U+{ord(char):04X}]"
        elif char.isspace() and char != "\n":
            shown += " "
        else:
            shown += char
    return shown


def _mark_mixed(text: str, language: Language) -> str:
    marked, start = "", 0
    for found in find_mixed(text):
        letters = ", ".join(found.letters[:_MOST_LETTERS])
        scripts = [say(_SCRIPTS[each].value, language) for each in found.scripts]
        words = say(Label.MIXED_LETTERS.value, language).format(
            scripts=f" {say(Label.AND.value, language)} ".join(scripts), letters=letters
        )
        marked += f"{text[start : found.end]} [{words}]"
        start = found.end
    return marked + text[start:]
