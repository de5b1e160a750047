"""The values that a property of FollowTheMoney can hold, told in words.

FollowTheMoney itself drops what it cannot read, takes a date's beginning for the whole of it, and
reads 1 000,50 as one hundred thousand and fifty. So a value is checked here more strictly, and is
never changed: what is good is kept as it was written, in its script.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from agency_client.content.characters import find_hidden
from agency_client.content.forms import (
    NUMBER_FORMS,
    PLAIN_NUMBER,
    date_forms_of,
    is_date,
    number_forms_of,
    shape,
)
from agency_client.content.schemata import EVENT_SCHEMATA
from agency_client.content.spoiled import cell_fault, identifier_fault, spreadsheet_fault
from exchange_protocol.errors import Reason

if TYPE_CHECKING:
    from followthemoney.property import Property
    from followthemoney.schema import Schema

MAX_VALUE_CHARACTERS: Final = 65_000
_FREE_TEXT: Final = "text"
"""FollowTheMoney's type of purposes, notes, reasons and summaries."""
_MOST_REMEMBERED: Final = 10_000
_MOST_CODES: Final = 12
_EXCEL_SERIAL: Final = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")
_ISO_SHAPE: Final = re.compile(
    r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?)?)?"
)
_SHORT_YEAR: Final = re.compile(
    r"[0-9]{1,2}([./ -])(?:[0-9]{1,2}|[^\W\d_]{3,9})\1[0-9]{2}(?:[ T].*)?"
)
_FOUR_DIGITS: Final = (
    'write the year with four digits, or say its century, such as --dates "DD.MM.(20)YY"'
)
_ZONE: Final = re.compile(r"[0-9].*:.*[0-9](?:Z| ?[+-][0-9]{2}(?::?[0-9]{2})?)")
_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")
_NEGATIVE: Final = re.compile(r"\(.*[0-9].*\)|.*[0-9]\s*[-\u2212]|[\u2010-\u2015\u2212].*[0-9].*")
"""A negative number in some way of its own, as with a dash."""
_NUMBERED: Final = ("Number", "Id", "Code")
"""Ends of the names of properties that hold identifiers as plain texts."""
_ID: Final = re.compile(r"[0-9a-zA-Z](?:[0-9a-zA-Z.-]*[0-9a-zA-Z])?")
_MOST_ID: Final = 200
ID_WORDS: Final = "expected an id of letters and digits of ASCII, points and hyphens, at most 200"
_WORDS: Final = {
    "phone": "a telephone number with + and the code of the country",
    "email": "an address of electronic mail",
    "url": "an address of the Web",
    "ip": "an address of the Internet Protocol",
    "language": "a language as a code of three letters, such as kaz or rus",
    "mimetype": "a media type such as application/pdf",
    "checksum": "a checksum of at most 40 characters",
    "country": "a country as FollowTheMoney's code, such as kz",
}


_OPTIONS: Final = re.compile(
    r": (?:name the form|if another form is meant|no form of --numbers|write the currency after).*"
)


class ValueCheck:
    """Checks values against FollowTheMoney's model, which is loaded once, when first needed."""

    def __init__(self) -> None:
        from followthemoney import model

        self._model = model
        self._good: dict[Property, set[str]] = {}
        self._ranges: dict[str, dict[str, str]] = {}

    def schema(self, name: str) -> Schema | None:
        """The schema of exactly that name, if entities may have it."""
        schema = self._model.get(name)
        return None if schema is None or schema.abstract else schema

    def link_ranges(self, schema: str) -> Mapping[str, str]:
        """The properties of a schema that are links, each with the schema that it leads to."""
        if schema not in self._ranges:
            found = self._model.get(schema)
            self._ranges[schema] = {
                name: each.range.name
                for name, each in (found.properties if found else {}).items()
                if each.type.name == "entity" and each.range is not None and not each.stub
            }
        return self._ranges[schema]

    def ends(self, schema: str) -> tuple[str, str] | None:
        """The two properties without which an entity of a schema links nothing; None for others.

        A payment has other ends beside these, and may have one alone.
        """
        found = self._model.get(schema)
        if found is None or not found.edge or schema in EVENT_SCHEMATA:
            return None
        if found.source_prop is None or found.target_prop is None:
            return None
        return found.source_prop.name, found.target_prop.name

    def is_a(self, schema: str, wanted: str) -> bool:
        """True if entities of a schema are entities of another too."""
        found = self._model.get(schema)
        return found is not None and found.is_a(wanted)

    def fault(self, prop: Property, value: str) -> str | None:
        """Say what was expected of a value, without the value; None if it is good."""
        good = self._good.setdefault(prop, set())
        # Currencies, countries and days repeat from payment to payment.
        if value in good:
            return None
        if found := _fault(prop, value):
            return found
        if len(good) < _MOST_REMEMBERED:
            good.add(value)
        return None


def without_options(words: str) -> str:
    """The same fault of a value where no option could tell of another form."""
    return _OPTIONS.sub("", words)


def is_id(text: str) -> bool:
    """True if a text can be the id of an entity, as FollowTheMoney has them in links."""
    return len(text) <= _MOST_ID and bool(_ID.fullmatch(text))


def check_format(prop: Property, name: str) -> None:
    """Check that a mapping's `format` is one of that property's type; raises INVALID_FIELD."""
    from rigour.ids import get_identifier_format

    if prop.type.name != "identifier" or get_identifier_format(name) is None:
        raise Reason.INVALID_FIELD.error(
            f"a format is taken for dates, such as %d.%m.%Y, and for identifiers that "
            f"FollowTheMoney knows, such as iban; not for {prop.name!r}"
        )


def has_format(value: str, name: str) -> bool:
    """True if an identifier is good by the check of its format, such as iban."""
    from rigour.ids import get_identifier_format

    found = get_identifier_format(name)
    return found is not None and bool(found.is_valid(value))


def _fault(prop: Property, value: str) -> str | None:
    kind = prop.type.name
    if hidden := find_hidden(value):
        return str(hidden)
    # A purpose that a person types may begin with =; a number of an account may not.
    if spoiled := (spreadsheet_fault if kind == _FREE_TEXT else cell_fault)(value):
        return spoiled
    match kind:
        case "date":
            return None if is_date(value) else _date_words(value)
        case "number":
            return None if PLAIN_NUMBER.read(value) else number_words(value, NUMBER_FORMS[0])
        case "entity":
            return None if is_id(value) else ID_WORDS
        case "country" | "topic" | "gender" | "language":
            if value.lower() in prop.type.codes:  # type: ignore[attr-defined]
                return None
            around = ", with no spaces around" if value != value.strip() else ""
            return f"expected {_codes(prop)}{around}"
    most = min(prop.type.max_length, MAX_VALUE_CHARACTERS)
    if len(value) > most:
        return f"expected at most {most} characters, got {len(value)}"
    if kind == "identifier":
        return identifier_fault(value)
    if kind == "string" and prop.name.endswith(_NUMBERED) and (words := identifier_fault(value)):
        return words
    is_dialled = kind != "phone" or not _OTHER_DIGIT.search(value)
    if not (is_dialled and prop.type.validate(value, format=prop.format)):
        return f"expected {_WORDS.get(kind, f'a {kind} that FollowTheMoney can read')}"
    return None


def _codes(prop: Property) -> str:
    codes = sorted(prop.type.codes)  # type: ignore[attr-defined]
    if prop.type.name in _WORDS:
        return _WORDS[prop.type.name]
    if len(codes) <= _MOST_CODES:
        return f"one of {', '.join(codes)}"
    return f"a code of FollowTheMoney's list {prop.type.name!r}"


def _date_words(value: str) -> str:
    words = "expected a date as YYYY-MM-DD, YYYY-MM, YYYY or YYYY-MM-DDThh:mm:ss"
    if _OTHER_DIGIT.search(value):
        return f"{words}; got digits of another script: write 0 to 9"
    if _ISO_SHAPE.fullmatch(value):
        return f"{words}; got one that no calendar or clock has"
    if _EXCEL_SERIAL.fullmatch(value):
        return f"{words}; got a number, as Excel counts days: format the column as dates first"
    if forms := date_forms_of(value):
        return f"{words}; got {shape(value)}: name the form, --dates {_either(forms)}"
    if _ZONE.fullmatch(value):
        return f"{words} in UTC, without a zone"
    if _SHORT_YEAR.fullmatch(value):
        return f"{words}; got {shape(value)}: {_FOUR_DIGITS}"
    return f"{words}; got {shape(value)}"


def got_date(value: str) -> str:
    """Say what stands where a date of another form was expected, as far as it is known."""
    if _EXCEL_SERIAL.fullmatch(value):
        return "got a number, as Excel counts days: format the column as dates first"
    if forms := date_forms_of(value):
        return f"got {shape(value)}: name its form too, --dates {_either(forms)}"
    if _SHORT_YEAR.fullmatch(value):
        return f"got {shape(value)}: {_FOUR_DIGITS}"
    return f"got {shape(value)}"


def number_words(value: str, example: str) -> str:
    """Say what was expected of a number, whose form is that of an example."""
    if _OTHER_DIGIT.search(value):
        return f"expected a number such as {example}; got digits of another script: write 0 to 9"
    words = f"expected a number such as {example}; got {shape(value)}"
    if forms := number_forms_of(value):
        return f"{words}: if another form is meant, name it, --numbers {_either(forms)}"
    if _NEGATIVE.fullmatch(value):
        return f"{words}: no form of --numbers has its sign there; write -1000.50"
    return f"{words}: no form of --numbers reads it; write 1000.50"


def _either(forms: Sequence[str]) -> str:
    """Forms as a person would type them at a command."""
    return " | ".join(f'"{each}"' if {*each} & {*" '()"} else _quoted(each) for each in forms)


def _quoted(form: str) -> str:
    """A form in quotes where a shell would take a part of it for a variable."""
    return f"'{form}'" if "$" in form else form
