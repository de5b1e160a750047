"""Values that were spoiled before they came here, by a spreadsheet or by a wrong encoding.

A mark that a spreadsheet shows in the place of a value, such as #REF!, is refused, and so is a
formula. Only in free text outside a table a formula may be meant: a purpose may begin with =.
A value that only looks spoiled may be meant: it is told as a doubt, and sent as it stands.
"""

from __future__ import annotations

import base64
import re
from typing import Final

from agency_client.content.late_pattern import LatePattern

_ERROR: Final = LatePattern(
    r"# ?(?:N/A(?: .*)?|NV|N/D|YOK|Н/Д|GETTING_DATA"
    r"|[¡¿]?[^\W\d_][^\W_]*(?:[/' ][^\W_]+)*[!?])|#{3,}"
)
"""Errors of Excel and LibreOffice, in capitals of any language, and a cell that is too narrow."""
_ERROR_NUMBER: Final = LatePattern(r"(?:Err|Ошибка|Ош):[0-9]{3}|(?:Error|Ошибка) 20[0-9]{2}")
_FORMULA: Final = LatePattern(
    r"""\{?=\s*[+-]?\s*(?:
        ".*"                                # ="00123"
      | [^\W\d_][\w.]*\(.*                  # =SUM(A1)
      | \(.*
      | (?:[\w.]+!|'.+'!|\[.+\].*!)?\$?[A-Z]{1,3}\$?[0-9]{1,7}(?![\w]).*   # =A1, =Sheet1!$A$1
      | R\[?-?[0-9]*\]?C(?:\[?-?[0-9]+\]?)?(?![\w]).*                      # =R[-1]C
      | [0-9.,]+\s*(?:[-+*/^&].*)?          # =1+1, =+77011234567
      | [^\W\d_][\w.]*\|.*!'?(?:\$?[A-Za-z]{1,3}\$?[0-9]{1,7}|[Rr][0-9]+[Cc][0-9]+|')'?
                                            # =cmd|'/C calc'!A0, also !R1C1 and !''
    )\}?
    | @(?:SUM|AVERAGE|COUNT|IF|ROUND|VLOOKUP|INDIRECT|HYPERLINK|WEBSERVICE|CALL|EXEC|REGISTER)\(.*\)
    """,
    re.DOTALL | re.VERBOSE,
)
_APOSTROPHE: Final = LatePattern(r"'\+?[0-9][0-9 ./-]*")
_OTHER_APOSTROPHE: Final = LatePattern(r"[`\u00b4\u2018\u2019]\+?[0-9][0-9 ./-]*")
"""No spreadsheet writes these before a number: a person or a text program did."""
_STARTS: Final = ("#", "'", "Err", "Ош")
_STARTS_OF_FORMULAS: Final = ("=", "{=", "@")
_AS_NUMBER: Final = LatePattern(
    r"[0-9]{6,}[.,]0+|[0-9]{1,3}(?:,[0-9]{3}){2,}(?:\.[0-9]+)?|[0-9]{1,3}(?:['\u2019][0-9]{3}){2,}"
)
_SHORTENED: Final = LatePattern(
    r"[0-9](?:[.,][0-9]+)?[EeЕеＥｅ](?:\+?[0-9]{2,3}|\+[0-9])|[0-9][.,][0-9]+[EeЕеＥｅ][0-9]"
    r"|[0-9][.,][0-9]+ ?[*xх×·] ?10(?:\^|\*\*)?\+?[0-9]{1,3}"
)
"""A number as Excel, a program or one who types Cyrillic shortens it; its exponent is short."""
_ABSENT: Final = frozenset(
    {"null", "(null)", "<null>", "[null]", "nil", "\\n", "none", "nan",
     "nat", "<na>", "[]", "{}", "n/a", "н/д", "undefined", "unknown",
     "-", "--", "–", "—",
     "нет", "нет данных", "не указан", "не указано", "не указана", "неизвестно", "неизвестен",
     "неизвестна", "отсутствует", "б/н", "жоқ", "белгісіз", "жок", "белгисиз", "йўқ", "yo'q",
     "yoʻq", "номаълум", "noma'lum", "ýok"}
)  # fmt: skip
"""Words in the place of a value that a program or a person did not have."""
_ABSENT_WORD: Final = LatePattern(
    r"(?<!\w)(?:None|nan|NaN|NaT|null|undefined)(?!\w)|<NA>|\(null\)|(?:NULL\W+)+NULL"
)
"""The same within a text that a program put together of several values, as in its own letters."""
_ESCAPED_SIGN: Final = LatePattern(r"\\['\"]|(?<=[^\W\d_])''(?=[^\W\d_])")
"""An apostrophe as SQL and programs write it within a text."""
_DITTO: Final = LatePattern(
    r"[-\u2013\u2014/\s]*(?:[\"\u2033\u3003\u201c\u201d\u201e\u00ab\u00bb]|''|,,|//){1,2}[-\u2013\u2014/\s]*"
    r"|то же(?: самое)?|там же|см\.? выше|same as above|see above|as above|сол сияқты|шунинг ўзи",
    re.IGNORECASE,
)
"""The signs and phrases for a value that stands above."""
_DITTO_WORD: Final = LatePattern(r"ditto|idem|same|жоғарыдағыдай|жогорудагыдай", re.IGNORECASE)
"""One word for it: people and companies have such names, so that it is a doubt alone."""
_NO_LETTER: Final = LatePattern(r"[\W_]+")
_ZEROS: Final = LatePattern(r"[0\W_]{9,}")
"""Zeros as long as the number of a person or a company; fewer may begin a series."""
_LOST_LETTERS: Final = LatePattern(r"\?{3,}|\?{2,}\W+\?{2,}")
_HTML: Final = LatePattern(
    r"&(?:#[0-9]+|#x[0-9a-fA-F]+|[A-Za-z]{2,8});|</?(?:[abipu]|br|div|span|font|td|tr)(?:\s[^<>]*)?/?>"
)
_ESCAPED: Final = LatePattern(
    r"(?:[\\%]u0[0-9a-fA-F]{3}){2}|(?:%D[01]%[89A-B][0-9A-F]){2}|=\?utf-8\?[bq]\?|(?:=D[01]=[89AB][0-9A-F]){2}"
    r"|_x[0-9A-F]{4}_",
    re.IGNORECASE,
)
"""Letters as JSON, addresses, electronic mail and workbooks of Excel write them."""
_UTF_7: Final = re.compile(r"\+(B[BDE][A-Za-z0-9/+]{6,})")
"""Letters of Cyrillic as UTF-7 writes them among those of ASCII."""
_PROGRAM: Final = LatePattern(
    r"\[object \w+\]|System\.[A-Z][\w.]*(?:\[\])?|.*(?:\{\{.*\}\}|\$\{.*\}).*|%[sd]|b'.*'"
    r"|\[(['\"]).*\1\]|\{(['\"]).*\2:.*\}|<[\w. ]+ at 0x[0-9a-fA-F]+>"
    r"|(?:np\.\w+|datetime\.\w+|Decimal|Timestamp|UUID|array)\(.*\)"
    r"|(?:(?:\w+[.$])+[A-Z]\w*|\[+(?:[BCDFIJSZ]|L[\w.$]+;))@[0-9a-f]{5,8}",
    re.DOTALL,
)
"""Text of a program that was given a value of another kind, or of a form that it did not fill."""
_TRUTH: Final = frozenset({"TRUE", "FALSE", "True", "False", "ИСТИНА", "ЛОЖЬ"})
_LETTERS_OF_THE_WEST: Final = LatePattern(r"(?<![^\W\d_])[\u00c0-\u00ff]{4,}(?![^\W\d_])")
"""A word of letters with marks alone, which no language of the West has: Russian in cp1251."""
_TURNED_OVER: Final = LatePattern(r"(?<![^\W\d_])[а-я][А-Я]{4,}(?![^\W\d_])")
"""Russian in KOI8-R that was taken for cp1251, or typed with Caps Lock."""
_OF_THE_BALKANS: Final = LatePattern("[ЌќЋћЈјЅѕ]")
"""Letters that cp1251 has where KZ-1048 has the Kazakh Қ, Һ, Ә and Ң."""
_SHOWN: Final = LatePattern(r".*[^\W_](?:\.{3}|\u2026)", re.DOTALL)
"""A text as programs show a longer one; prose may end so too."""
_CUT: Final = frozenset({255, 32_767})
"""Characters at which drivers of spreadsheets and databases, and a cell of Excel, cut a text."""
_MISREAD: Final = ("cp1251", "cp1252", "cp866", "latin-1")
"""Encodings that text in UTF-8 is taken for."""


def cell_fault(text: str) -> str | None:
    """Say what was expected of a cell of a table that a spreadsheet has spoiled, or None."""
    if _is_formula(text):
        return "expected a value, got a formula of a spreadsheet: save the table with values alone"
    return spreadsheet_fault(text)


def ditto_fault(text: str) -> str | None:
    """Say what was expected of a cell that repeats the one above by a sign; None for any other."""
    if _DITTO.fullmatch(text.strip()):
        return "expected a value, got a sign or a word for the value above: write that out"
    return None


def spreadsheet_fault(text: str) -> str | None:
    """Say what was expected of a value that a spreadsheet has spoiled; None for any other."""
    text = text.strip()
    if not text.startswith(_STARTS):
        return None
    if (_ERROR.fullmatch(text) and text == text.upper()) or _ERROR_NUMBER.fullmatch(text):
        return "expected a value, got an error of a spreadsheet: mend the cell, or empty it"
    if _APOSTROPHE.fullmatch(text):
        return "expected a value, got the apostrophe of a spreadsheet before it: remove it"
    return None


def identifier_fault(text: str) -> str | None:
    """Say what was expected of an identifier that was taken for a number; None for any other."""
    if is_shortened(text):
        return "expected an identifier, got one that Excel has shortened (as 7.9E+11)"
    if _AS_NUMBER.fullmatch(text.strip()):
        return "expected an identifier, got one that was taken for a number (as 790101300123.0)"
    return None


def is_shortened(text: str) -> bool:
    """True if a program has shortened a number, so that others read the same."""
    return bool(_SHORTENED.fullmatch(text.strip()))


def is_absent(text: str) -> bool:
    """True if a text stands in the place of a value that somebody did not have."""
    return text.strip().casefold() in _ABSENT


def has_absent_word(text: str) -> bool:
    """True if a name or an address holds such a word among others; people are called Null too."""
    return bool(_ABSENT_WORD.search(text)) and not is_absent(text) and not text.islower()


def tells_nothing_apart(key: str) -> bool:
    """True if a key is one that things have that have none: empty, absent, or zeros alone."""
    if not key.strip() or is_absent(key):
        return True
    return bool(_NO_LETTER.fullmatch(key) or _ZEROS.fullmatch(key))


def doubt(text: str) -> str | None:
    """Say how a text reads as if it was spoiled; None where it does not."""
    if is_absent(text):
        return "it reads like a value that is absent, such as NULL or N/A: empty it"
    if _DITTO.fullmatch(text.strip()) or _DITTO_WORD.fullmatch(text.strip()):
        return "it reads like a sign or a word for a value that stands elsewhere: write that out"
    if _LOST_LETTERS.search(text):
        return "it has question marks where letters may have been lost"
    if _HTML.search(text):
        return "it has signs of HTML, such as &amp;"
    if _ESCAPED.search(text) or is_utf_7(text):
        return "it has signs of a program in the place of letters, such as \\u0410 or %D0%90"
    if _ESCAPED_SIGN.search(text):
        return "it has apostrophes or quotes as programs write them within a text: is it so?"
    if _OTHER_APOSTROPHE.fullmatch(text.strip()):
        return "it begins with an apostrophe before a number, as spreadsheets write: is it meant?"
    if _is_formula(text):
        return "it reads like a formula of a spreadsheet, and is sent as text: is it meant?"
    if text in _TRUTH or _PROGRAM.fullmatch(text):
        return "it reads like what a program writes in the place of a value, such as ${name}"
    if not text.isascii() and (encoding := _misread_as(text)):
        return f"it reads like UTF-8 that was taken for {encoding}"
    if _LETTERS_OF_THE_WEST.search(text):
        return "it reads like Russian in cp1251 that was taken for an encoding of the West"
    if _OF_THE_BALKANS.search(text):
        return "it has letters of Serbian or Macedonian: is it Kazakh in kz1048, taken for cp1251?"
    if len(text) in _CUT:
        return f"it has exactly {len(text)} characters, at which programs cut: is it whole?"
    if _TURNED_OVER.search(text):
        return "its small and capital letters are turned over, as by a wrong encoding"
    return None


def is_cut(name: str) -> bool:
    """True if a name ends as programs show a longer one."""
    return bool(_SHOWN.fullmatch(name.strip()))


def is_utf_7(text: str) -> bool:
    """True if letters stand in a text as UTF-7 writes them: all is ASCII there."""
    for found in _UTF_7.finditer(text):
        data = base64.b64decode(found[1][: len(found[1]) // 4 * 4])
        letters = data[: len(data) // 2 * 2].decode("utf-16-be", "replace")
        if all("\u0400" <= each <= "\u04ff" for each in letters):
            return True
    return False


def _is_formula(text: str) -> bool:
    text = text.strip()
    return text.startswith(_STARTS_OF_FORMULAS) and bool(_FORMULA.fullmatch(text))


def _misread_as(text: str) -> str | None:
    for encoding in _MISREAD:
        try:
            meant = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if any(char.isalpha() and "\u00bf" < char < "\u0530" for char in meant):
            return encoding
    return None
