"""Values that were spoiled before they came here, by a spreadsheet or by a wrong encoding.

A mark that a spreadsheet shows in the place of a value, such as #REF!, is refused. A value that
only looks spoiled may be meant: it is told as a doubt, and sent as it stands.
"""

from __future__ import annotations

import re
from typing import Final

_ERROR: Final = re.compile(
    r"#(?:N/A|NV|Н/Д|GETTING_DATA|[A-ZА-ЯІЇЄҐ/'0-9 ]*[A-ZА-ЯІЇЄҐ/'0][!?])|#{3,}"
    r"|(?:Err|Ошибка|Ош):[0-9]{3}"
)
"""Errors of Excel and LibreOffice, in English, Russian and Ukrainian, and a cell that is too
narrow."""
_FORMULA: Final = re.compile(
    r"""\{?=\s*[+-]?\s*(?:
        ".*"                                # ="00123"
      | [^\W\d_][\w.]*\(.*                  # =SUM(A1)
      | \(.*
      | (?:[\w.]+!|'.+'!|\[.+\].*!)?\$?[A-Z]{1,3}\$?[0-9]{1,7}(?![\w]).*   # =A1, =Sheet1!$A$1
      | R\[?-?[0-9]*\]?C(?:\[?-?[0-9]+\]?)?(?![\w]).*                      # =R[-1]C
      | [0-9.,]+\s*[-+*/^&].*               # =1+1
    )\}?""",
    re.DOTALL | re.VERBOSE,
)
_APOSTROPHE: Final = re.compile(r"'\+?[0-9][0-9 ./-]*")
_STARTS: Final = ("#", "=", "'", "{=", "Err:", "Ошибка:", "Ош:")
_AS_NUMBER: Final = re.compile(r"[0-9]{6,}\.0+")
_ABSENT: Final = frozenset(
    {"null", "(null)", "<null>", "\\n", "none", "nan", "nat", "n/a", "н/д", "undefined", "-", "--",
     "–", "—"}
)  # fmt: skip
"""Words in the place of a value that a program or a person did not have."""
_LOST_LETTERS: Final = re.compile(r"\?{3,}|\?{2,}\W+\?{2,}")
_HTML: Final = re.compile(r"&(?:#[0-9]+|#x[0-9a-fA-F]+|amp|lt|gt|quot|apos|nbsp);")
_ESCAPED: Final = re.compile(
    r"(?:\\u0[0-9a-fA-F]{3}){2}|(?:%D[01]%[89A-B][0-9A-F]){2}|=\?utf-8\?[bq]\?|(?:=D[01]=[89AB][0-9A-F]){2}",
    re.IGNORECASE,
)
"""Cyrillic letters as JSON, addresses and electronic mail write them."""
_MISREAD: Final = ("cp1251", "cp1252", "cp866", "latin-1")
"""Encodings that text in UTF-8 is taken for."""


def spreadsheet_fault(text: str) -> str | None:
    """Say what was expected of a cell that a spreadsheet has spoiled; None for any other."""
    text = text.strip()
    if not text.startswith(_STARTS):
        return None
    if _ERROR.fullmatch(text):
        return "expected a value, got an error of a spreadsheet: mend the cell, or empty it"
    if _FORMULA.fullmatch(text):
        return "expected a value, got a formula of a spreadsheet: save the table with values alone"
    if _APOSTROPHE.fullmatch(text):
        return "expected a value, got the apostrophe of a spreadsheet before it: remove it"
    return None


def is_written_as_number(identifier: str) -> bool:
    """True if a program has taken an identifier for a number, as 790101300123.0."""
    return bool(_AS_NUMBER.fullmatch(identifier))


def is_absent(text: str) -> bool:
    """True if a text is a word in the place of a value that somebody did not have."""
    return text.strip().casefold() in _ABSENT


def doubt(text: str) -> str | None:
    """Say how a text reads as if it was spoiled; None where it does not."""
    if is_absent(text):
        return "it reads like a value that is absent, such as NULL or N/A: empty it"
    if _LOST_LETTERS.search(text):
        return "it has question marks where letters may have been lost"
    if _HTML.search(text):
        return "it has signs of HTML, such as &amp;"
    if _ESCAPED.search(text):
        return "it has signs of a program in the place of letters, such as \\u0410 or %D0%90"
    if not text.isascii() and (encoding := _misread_as(text)):
        return f"it reads like UTF-8 that was taken for {encoding}"
    return None


def _misread_as(text: str) -> str | None:
    for encoding in _MISREAD:
        try:
            meant = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if any(char.isalpha() and not char.isascii() for char in meant):
            return encoding
    return None
