"""Dates and numbers as a table writes them, read in the form that a person names and in no other.

A date is a prefix of YYYY-MM-DDThh:mm:ss, with T or a space before the time, as FollowTheMoney has
it, and so without a zone. A number is of digits, with a point before decimals, and a unit after it
where there is one. A value in that form is kept as it stands. All else is read only in a form that
was named, since 03.04.2024 is a day of March to one and of April to another, and 1,500 is one and a
half or fifteen hundred.

A form may hold the name of the month (DD-MMM-YYYY), and fractions of a second, which are left out
and told (ss.fff). A year of two digits is read in the century that the form names: DD.MM.(20)YY.
Hours of half days have AM behind them. A zone but Z is refused: the time would be that of another
moment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final

from exchange_protocol.errors import Reason

_ISO: Final = re.compile(
    r"(?P<Y>[12][0-9]{3})(?:-(?P<m>[0-9]{2})(?:-(?P<d>[0-9]{2})"
    r"(?:[T ](?P<H>[0-9]{2})(?::(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2}))?)?)?)?)?"
)
_MONTHS: Final = (
    "jan|january|янв|январь|января|қаң|қаңтар",
    "feb|february|фев|февр|февраль|февраля|ақп|ақпан",
    "mar|march|мар|март|марта|нау|наурыз",
    "apr|april|апр|апрель|апреля|сәу|сәуір",
    "may|май|мая|мам|мамыр",
    "jun|june|июн|июнь|июня|мау|маусым",
    "jul|july|июл|июль|июля|шіл|шілде",
    "aug|august|авг|август|августа|там|тамыз",
    "sep|sept|september|сен|сент|сентябрь|сентября|қыр|қыркүйек",
    "oct|october|окт|октябрь|октября|қаз|қазан",
    "nov|november|ноя|нояб|ноябрь|ноября|қар|қараша",
    "dec|december|дек|декабрь|декабря|жел|желтоқсан",
)
"""The names of the months, whole and shortened; no name is that of two."""
_NUMBERS_OF_MONTHS: Final = {
    name: f"{number:02}" for number, names in enumerate(_MONTHS, 1) for name in names.split("|")
}
_CENTURY: Final = re.compile(r"\((19|20)\)YY(?!Y)")
"""A year without its century, which the person says."""
_HALF_DAY: Final = "AM"
_HOURS_OF_HALF: Final = 12
_FRACTION: Final = re.compile(r"f{1,9}")
_IN_UTC: Final = re.compile(r"(?<=[msf0])(?:Z| ?[+\u2212-]00(?::?00)?)\Z")
"""The end of a form whose time is that of UTC, as dates are meant here."""
_OTHER_ZONE: Final = re.compile(
    r"(?:[hms]|\.[f0]+)\s?(?:[+\u2212-]\s?[0-9hm]|\(|(?i:utc|gmt|мск|msk)\b)"
)
"""A form whose time is that of a zone."""
_TOKENS: Final = {
    "YYYY": ("Y", "[12][0-9]{3}"),
    "MM": ("m", "[0-9]{2}"),
    "M": ("m", "[0-9]{1,2}"),
    "MMM": ("m", r"[^\W\d_]{3,9}\.?"),
    "DD": ("d", "[0-9]{2}"),
    "D": ("d", "[0-9]{1,2}"),
    "hh": ("H", "[0-9]{2}"),
    "h": ("H", "[0-9]{1,2}"),
    "mm": ("M", "[0-9]{2}"),
    "ss": ("S", "[0-9]{2}"),
}
_DIRECTIVES: Final = {
    "%Y": "YYYY", "%m": "M", "%b": "MMM", "%B": "MMM", "%d": "D", "%H": "h", "%M": "mm",
    "%S": "ss", "%f": "ffffff", "%%": "%",
}  # fmt: skip
_ORDER: Final = "YmdHMS"
_BETWEEN: Final = ("", "-", "-", "T", ":", ":")

_CYRILLIC: Final = {
    "ГГГГ": {
        "ГГГГ": "YYYY", "ММ": "MM", "М": "M", "ДД": "DD", "Д": "D",
        "чч": "hh", "ч": "h", "мм": "mm", "сс": "ss",
    },
    "ЖЖЖЖ": {"ЖЖЖЖ": "YYYY", "АА": "MM", "А": "M", "КК": "DD", "К": "D"},
}  # fmt: skip
"""Forms of dates as people write them in Russian and Kazakh, by the year."""

_GROUPINGS: Final = {"": "", " ": "[ \u00a0\u202f\u2009]", ",": ",", ".": r"\.", "'": "['\u2019]"}
_BLANKS: Final = " \u00a0\u202f\u2009"
"""Blanks that people do not tell apart: programs write another between a day and its time."""
_UNIT: Final = r"(?P<unit>[ \u00a0]?(?:[^\W\d_]+\.?|[%°$€£¥₸₽₼]))?"


_DASH: Final = "\u2212"
"""The minus of mathematics, which some programs write before a number."""
_MONEY: Final = r"[^\W\d_]{2,5}\.?|[$\u00a3\u00a5\u20a0-\u20bf]"
"""Money before a number; one letter there is more often meant for a digit, as l and O are."""
_BRACKETS: Final = re.compile(
    rf"((?:(?:{_MONEY})[{_BLANKS}]?)?)\((?=[^0-9()]*[0-9])([^()]*)\)([^0-9]*)", re.DOTALL
)
_SIGN_BEHIND: Final = re.compile(rf"(.*[0-9])[{_BLANKS}]?[-{_DASH}](|[{_BLANKS}]?(?:{_MONEY}))")
_MONEY_FIRST: Final = re.compile(
    rf"(?P<sign>[+-]?)(?P<money>{_MONEY})[{_BLANKS}]?(?P<rest>[-+]?[0-9].*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class DateForm:
    """A form in which a table writes dates."""

    name: str
    """The name that the person gave."""
    _pattern: re.Pattern[str] = field(repr=False)
    leaves_fractions: bool = False
    """True if fractions of a second are left out."""
    _century: str = ""
    """The century of years that are written with two digits."""

    @classmethod
    def parse(cls, name: str) -> DateForm:
        """Take a form such as DD.MM.YYYY or `YYYY-MM-DD hh:mm`; raises INVALID_FIELD."""
        return cls._of(name, name)

    @classmethod
    def parse_strptime(cls, name: str) -> DateForm:
        """Take a form as FollowTheMoney's mappings write it, such as %d.%m.%Y; raises likewise."""
        unknown = [each for each in re.findall(r"%.?", name) if each not in _DIRECTIVES]
        if unknown:
            more = ": two digits leave the century open" if unknown[0] == "%y" else ""
            raise _invalid(f"expected {', '.join(_DIRECTIVES)} in a format, got {unknown[0]}{more}")
        return cls._of(name, re.sub(r"%.", lambda found: _DIRECTIVES[found[0]], name))

    @classmethod
    def _of(cls, name: str, form: str) -> DateForm:
        # A blank at an end is seen by nobody, and dates are read without those around them.
        form = _in_latin(form.strip())
        in_utc = _IN_UTC.search(form)
        form, end = (form[: in_utc.start()], in_utc[0]) if in_utc else (form, "")
        if _OTHER_ZONE.search(form):
            raise _invalid(
                "expected a form without a zone, or with Z: the time would be that of another "
                f"moment; got {name!r}: give the times in UTC"
            )
        century = found[1] if (found := _CENTURY.search(form)) else ""
        form = _CENTURY.sub("YYYY", form, count=1)
        pattern, leaves_fractions, has_halves = "", False, False
        parts: list[str] = []
        # T stands for itself, as between the day and the hour.
        for piece in re.findall(r"[A-SU-Za-z]+|[^A-SU-Za-z]", form):
            if piece == _HALF_DAY and "H" in parts and not has_halves:
                pattern, has_halves = pattern + r"(?P<half>[AaPp])\.?[Mm]\.?", True
                continue
            is_sign = piece == "T" or not (piece.isascii() and piece.isalpha())
            words = [] if is_sign else [found[0] for found in re.finditer(r"(.)\1*", piece)]
            if len(words) > 1 and min(map(len, words)) == 1:
                raise _invalid(f"expected signs between D, M and h and what follows; got {name!r}")
            for word in words:
                if _FRACTION.fullmatch(word) and parts[-1:] == ["S"] and not leaves_fractions:
                    pattern, leaves_fractions = pattern + "[0-9]{1,9}", True
                    continue
                if word not in _TOKENS:
                    more = ": two digits leave the century open" if word == "YY" else ""
                    raise _invalid(
                        f"expected a form of YYYY, MM, DD, hh, mm and ss, such as DD.MM.YYYY; "
                        f"it has {word!r}{more}"
                    )
                part, digits = _TOKENS[word]
                digits = "[0-9]{2}" if part == "Y" and century else digits
                pattern += f"(?P<{part}>{digits})" if part not in parts else ""
                parts.append(part)
            if is_sign:
                pattern += f"[{_BLANKS}]" if piece in _BLANKS else re.escape(piece)
        if "".join(sorted(parts, key=_ORDER.index)) != _ORDER[: len(parts)] or not parts:
            raise _invalid(
                f"expected a form with the year, then the month, the day and the time as far as "
                f"they are known, each once; got {name!r}"
            )
        pattern += re.escape(end)
        return cls(name.strip(), re.compile(pattern), leaves_fractions, century)

    def read(self, text: str) -> str | None:
        """The date that a text in this form is, as FollowTheMoney writes it; None if it is none."""
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        given = found.groupdict()
        month = given.get("m", "")
        if not month[:1].isdigit() and month:
            given["m"] = _NUMBERS_OF_MONTHS.get(month.casefold().rstrip("."), "0")
        given["Y"] = f"{self._century}{given['Y']}"
        if half := given.pop("half", None):
            hour = int(given["H"])
            if not 1 <= hour <= _HOURS_OF_HALF:
                return None
            given["H"] = str(hour % _HOURS_OF_HALF + _HOURS_OF_HALF * (half in "Pp"))
        if not _exists(given):
            return None
        parts = [given[part] for part in _ORDER if part in given]
        return "".join(
            between + part.zfill(2) for between, part in zip(_BETWEEN, parts, strict=False)
        )


def _in_latin(form: str) -> str:
    """A form as it is written in Russian or Kazakh (ДД.ММ.ГГГГ, КК.АА.ЖЖЖЖ), in Latin letters."""
    for year, others in _CYRILLIC.items():
        if year in form:
            for own, latin in others.items():
                form = re.sub(rf"(?<![^\W\d_]){own}(?![^\W\d_])", latin, form)
    return form


def is_date(text: str) -> bool:
    """True if a text is a date as FollowTheMoney writes it, and one of the calendar."""
    found = _ISO.fullmatch(text)
    return found is not None and _exists(found.groupdict())


def _exists(given: Mapping[str, str | None]) -> bool:
    parts = {name: int(text) for name, text in given.items() if text is not None}
    try:
        datetime(  # noqa: DTZ001 - only whether the calendar and the clock have it
            parts["Y"],
            parts.get("m", 1),
            parts.get("d", 1),
            parts.get("H", 0),
            parts.get("M", 0),
            parts.get("S", 0),
        )
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class NumberForm:
    """A form in which a table writes numbers."""

    name: str
    _pattern: re.Pattern[str] = field(repr=False)
    _ways: frozenset[str] = frozenset()
    """The ways in which the example shows a sign or the money."""

    @classmethod
    def parse(cls, name: str) -> NumberForm:
        """Take a form by its example, one of `NUMBER_FORMS`; raises INVALID_FIELD.

        The example may show how the table writes negative numbers, and money before the number:
        (1 000,50), 1 000,50-, $1,000.50.
        """
        name = re.sub(f"[{_BLANKS}]", " ", name.strip()).replace("\u2019", "'")
        bare, ways = _bare(name)
        example = re.sub(rf"\A-|{_UNIT}\Z", "", bare) if ways else name
        if example not in NUMBER_FORMS:
            shown = (*NUMBER_FORMS, *SIGNED_FORMS)
            raise _invalid(f"expected one of the examples {' | '.join(shown)}")
        grouping, decimal = example[1:-6], example[-3]
        group = _GROUPINGS[grouping]
        whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if group else "[0-9]+"
        # Orders for payment have 1500-00, 1500=00 and 1500=; 1500-2000 is two numbers.
        part = "(?:[-=](?P<part>[0-9]{2})|=)?"
        if decimal != "-":
            part = rf"(?:{re.escape(decimal)}(?P<part>[0-9]+))?"
        # Banks write a blank after the sign; a value that is kept as it stands has none.
        blank = "" if example == NUMBER_FORMS[0] else f"[{_BLANKS}]?"
        pattern = rf"(?:(?P<sign>[+-]){blank})?(?P<whole>{whole}){part}"
        return cls(name, re.compile(pattern + _UNIT), ways)

    def read(self, text: str) -> str | None:
        """The number that a text in this form is, with a point and ungrouped; None if none."""
        found = self._pattern.fullmatch(text)
        if found is None and self._ways:
            bare, ways = _bare(text)
            found = self._pattern.fullmatch(bare) if ways <= self._ways else None
        if found is None:
            return None
        whole = re.sub(r"[^0-9]", "", found["whole"])
        part = f".{found['part']}" if found["part"] else ""
        return f"{found['sign'] or ''}{whole}{part}{found['unit'] or ''}"


def _bare(text: str) -> tuple[str, frozenset[str]]:
    """A number with a hyphen before it and its money behind it, and how the text has them else."""
    ways = set()
    is_negative = False
    if text.startswith(_DASH):
        ways.add(_DASH)
        is_negative, text = True, text[1:].lstrip(_BLANKS)
    elif found := _BRACKETS.fullmatch(text):
        ways.add("()")
        is_negative, text = True, found[1] + found[2].strip(_BLANKS) + found[3]
    elif found := _SIGN_BEHIND.fullmatch(text):
        ways.add("-")
        is_negative, text = True, found[1] + found[2]
    if found := _MONEY_FIRST.fullmatch(text):
        ways.add("$")
        text = f"{found['sign']}{found['rest']} {found['money']}"
    if is_negative:
        text = f"-{text}"  # With a sign of its own it has two, and no form reads that.
    return text, frozenset(ways)


NUMBER_FORMS: Final = (
    "1000.50",
    "1000,50",
    "1 000.50",
    "1 000,50",
    "1,000.50",
    "1.000,50",
    "1'000.50",
    "1000-50",
    "1 000-50",
)
"""Forms that a person may name; the first needs no naming."""
SIGNED_FORMS: Final = ("(1 000,50)", "(1,000.50)", "1 000,50-", "1,000.50-", "$1,000.50")
"""Some of them with a sign or money as bookkeepers write these; each form may have each."""
PLAIN_NUMBER: Final = NumberForm.parse(NUMBER_FORMS[0])
_DAYS: Final = ("DD{0}MM{0}YYYY", "MM{0}DD{0}YYYY", "YYYY{0}MM{0}DD")
_TIMES: Final = ("", " hh:mm", " hh:mm:ss", "Thh:mm:ss", " г.")
_NAMED: Final = tuple(f"DD{sign}MMM{sign}YYYY" for sign in ("-", " ", ".", ""))
"""Days with the names of their months, as programs of banks write them."""
_FINE: Final = tuple(
    f"YYYY-MM-DD{between}hh:mm:ss{end}" for between in " T" for end in (".fff", ".fffZ", "Z")
)
"""Moments as databases write them."""
_SIGNS: Final = (".", "/", "-")


@cache
def _usual_dates() -> tuple[tuple[DateForm, ...], ...]:
    """Forms of dates that tables have, and the same without zeros before a single digit."""
    days = [form.format(sign) for sign in (*_SIGNS, "") for form in _DAYS]
    full = [*(day + time for day in days for time in _TIMES), *(f"MM{s}YYYY" for s in _SIGNS)]
    full += [*(day + time for day in _NAMED for time in _TIMES), *_FINE]
    parted = [form.format(sign) for sign in _SIGNS for form in _DAYS]
    loose = [day + time for day in parted for time in _TIMES]
    for long, short in (("DD", "D"), ("MM", "M"), ("hh", "h")):
        loose = [form.replace(long, short) for form in loose]
    named = [day.replace("DD", "D") for day in _NAMED[:-1]]
    named += ["MMM D, YYYY", "MMM D YYYY"]
    loose += [day + time.replace("hh", "h") for day in named for time in _TIMES]
    loose += [f"{day} h:mm{end} AM" for day in ("D/M/YYYY", "M/D/YYYY") for end in (":ss", "")]
    return tuple(map(DateForm.parse, full)), tuple(map(DateForm.parse, loose))


def date_forms_of(text: str) -> list[str]:
    """The usual forms of dates by which a text is a day; none for another text."""
    for forms in _usual_dates():
        if found := [form.name for form in forms if form.read(text) is not None]:
            return found
    return []


def number_forms_of(text: str) -> list[str]:
    """The examples of forms by which a text is a number, one for each number that it could be."""
    bare, ways = _bare(text)
    found: dict[str, str] = {}
    for example in NUMBER_FORMS:
        number = NumberForm.parse(example).read(bare)
        if number is not None:
            found.setdefault(number, _shown(example, ways))
    return list(found.values())


def _shown(example: str, ways: frozenset[str]) -> str:
    """An example with its sign and its money in these ways."""
    example = f"${example}" if "$" in ways else example
    if "()" in ways:
        return f"({example})"
    return f"{_DASH if _DASH in ways else ''}{example}{'-' if '-' in ways else ''}"


def shape(text: str) -> str:
    """The form of a text, without its content: digits as 0, letters as a."""
    if len(text) > 32:
        return f"{len(text)} characters"
    digits = re.sub(r"\d", "0", text)
    return repr(re.sub(r"[^\W\d_]", "a", digits))


def _invalid(why: str) -> Exception:
    return Reason.INVALID_FIELD.error(why)
