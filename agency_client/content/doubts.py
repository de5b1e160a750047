"""Doubts about an entity: they are told to its sender, and it is sent as it stands.

A doubt is no fault: foreign and legacy identifiers exist, and what reads as if it was spoiled may
be what somebody wrote. The words name the property and never repeat the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agency_client.content.characters import describe_mixed
from agency_client.content.spoiled import doubt

_COUNTRIES: Final = ("country", "jurisdiction", "nationality")
_NUMBERS: Final = frozenset({"registrationNumber", "taxNumber", "idNumber", "innCode"})
"""Properties that hold an IIN or a BIN."""
IDENTIFIERS: Final = frozenset(
    {
        *_NUMBERS, "accountId", "accountNumber", "iban", "ibanMentioned", "kppCode", "number",
        "ogrnCode", "okpoCode", "passportNumber", "personalNumber", "serialNumber",
        "socialSecurityNumber", "vatCode",
    }
)  # fmt: skip
"""Properties with identifiers of persons, companies and accounts, mostly of digits."""
_SEVERAL: Final = re.compile(r"[0-9]{5,}\s*[;,|/\n]\s*\S*[0-9]{5,}")
_OTHER_DIGITS: Final = re.compile(r"(?![0-9])\d")
_EXACT_DIGITS: Final = 15
"""Digits of a number that a spreadsheet keeps; it writes zeros in the place of the others."""
_NO_DATES: Final = frozenset({"1899-12-30", "1899-12-31", "1900-01-01", "1904-01-01", "9999-12-31"})
"""Days that programs write where there is no date."""
_CURRENCY: Final = re.compile(r"[A-Z]{3,5}")
_AMOUNT: Final = re.compile(r"[+-]?[0-9]+(?:\.(?P<part>[0-9]+))?[ \u00a0]?(?P<unit>[^0-9]*)")
_MOST_DECIMALS: Final = 3
_HUNDREDTHS: Final = frozenset(
    {"AED", "AZN", "BYN", "CNY", "EUR", "GBP", "KGS", "KZT", "RUB", "TJS", "TMT", "TRY", "UAH",
     "USD", "UZS"}
)  # fmt: skip
"""Currencies of the region and of its trade that have two decimals."""
_SENTENCE: Final = re.compile(r"[^\W\d_]{3,}\W*[:\s]\s*[^\W\d_]{2,}")
"""Two words, of which the first is none of the short ones that documents begin with."""
_FULL_LENGTH: Final = 12


def doubts(properties: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give the doubts about the properties of an entity: `property: what is doubtful`."""
    country = {value.lower() for key in _COUNTRIES for value in properties.get(key, ())}
    is_kazakh = "kz" in country
    for name, values in properties.items():
        for value in values if name in IDENTIFIERS else ():
            yield from _named(name, _of_identifier(name, value, is_kazakh=is_kazakh))
    for name, values in properties.items():
        for value in values:
            yield from _named(name, _of_text(value))
    yield from _named("birthDate", _of_days(properties.get("birthDate", ())))
    amounts, currencies = properties.get("amount", ()), properties.get("currency", ())
    yield from _named("amount", _of_amounts(amounts, currencies))
    yield from _named("currency", _of_currencies(currencies))


def _named(name: str, said: Iterator[str]) -> Iterator[str]:
    return (f"{name}: {words}" for words in said)


def _of_text(value: str) -> Iterator[str]:
    if value in _NO_DATES:
        yield "it is a day that programs write where there is no date"
    if not value.isascii() and (words := describe_mixed(value)):
        yield f"it has {words}"
    if words := doubt(value):
        yield words


def _of_identifier(name: str, value: str, *, is_kazakh: bool) -> Iterator[str]:
    if name == "iban" and not _is_iban(value):
        yield "it fails its check digits"
    if name in _NUMBERS and is_kazakh and value.isdecimal() and not is_kz_number(value):
        is_short = len(value) == _FULL_LENGTH - 1
        yield "it is no valid IIN or BIN" + (
            "; is the zero at its beginning missing?" if is_short else ""
        )
    if value != value.strip():
        yield "it has spaces around it"
    if _OTHER_DIGITS.search(value):
        yield "it has digits of another script"
    if _SEVERAL.search(value):
        yield "it holds several numbers: name `split` in the mapping"
    if _SENTENCE.search(value):
        yield "it reads like words, not like an identifier"
    digits = value.replace(" ", "")
    if len(digits) > _EXACT_DIGITS and digits.isdecimal() and not digits[_EXACT_DIGITS:].strip("0"):
        yield (
            f"it has only zeros after its {_EXACT_DIGITS}th digit, as a spreadsheet leaves them: "
            "compare it with the source"
        )


def _of_days(values: Sequence[str]) -> Iterator[str]:
    """Doubt days that exclude each other; 1979 and 1979-03-01 do not."""
    longest = max(values, key=len, default="")
    if any(not longest.startswith(value) for value in values):
        yield "it has days that exclude each other"


def _of_currencies(values: Sequence[str]) -> Iterator[str]:
    if any(not _CURRENCY.fullmatch(value) for value in values):
        yield "it is no code such as KZT or USD"
    if len(values) > 1:
        yield "it has several values, and nobody knows which is meant"


def _of_amounts(amounts: Sequence[str], currencies: Sequence[str]) -> Iterator[str]:
    if len(amounts) > 1:
        yield "it has several values, and nobody knows which is meant"
    for amount in amounts:
        found = _AMOUNT.fullmatch(amount)
        if found is None:
            continue
        unit, decimals = found["unit"], len(found["part"] or "")
        if not currencies and not unit:
            yield "it has no currency"
        if currencies and _CURRENCY.fullmatch(unit) and unit not in currencies:
            yield "it names another currency than the property currency"
        if decimals > _MOST_DECIMALS:
            yield f"it has more than {_MOST_DECIMALS} decimals, as a calculation leaves them"
        elif decimals == _MOST_DECIMALS and _HUNDREDTHS & {*currencies, unit}:
            yield "it has 3 decimals; if the point parts thousands, say so with --numbers"


def is_kz_number(text: str) -> bool:
    """True if a text is a Kazakh IIN or BIN with a good check digit."""
    if len(text) != _FULL_LENGTH or not text.isascii() or not text.isdecimal():
        return False
    digits = [int(char) for char in text]
    for weights in (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        check = sum(w * d for w, d in zip(weights, digits, strict=False)) % 11
        if check < 10:
            return check == digits[11]
    return False


def _is_iban(value: str) -> bool:
    from rigour.ids import get_identifier_format

    iban = get_identifier_format("iban")
    return iban is not None and iban.is_valid(value)
