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
_FULL_LENGTH: Final = 12


def doubts(properties: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give the doubts about the properties of an entity, each with its property."""
    country = {value.lower() for key in _COUNTRIES for value in properties.get(key, ())}
    for name, values in properties.items():
        for value in values if name in IDENTIFIERS else ():
            for said in _of_identifier(name, value, is_kazakh="kz" in country):
                yield f"{name} {said}"
    for name, values in properties.items():
        for value in values:
            if value in _NO_DATES:
                yield f"{name}: a day that programs write where there is no date"
            if not value.isascii() and (words := describe_mixed(value)):
                yield f"{name}: {words}"
            if words := doubt(value):
                yield f"{name}: {words}"
    if "amount" in properties:
        yield from _of_money(properties["amount"], properties.get("currency", []))


def _of_identifier(name: str, value: str, *, is_kazakh: bool) -> Iterator[str]:
    if name == "iban" and not _is_iban(value):
        yield "fails its check digits"
    if name in _NUMBERS and is_kazakh and value.isdecimal() and not is_kz_number(value):
        is_short = len(value) == _FULL_LENGTH - 1
        yield "is no valid IIN or BIN" + (
            ": is the zero at its beginning missing?" if is_short else ""
        )
    if value != value.strip():
        yield "has spaces around it"
    if _OTHER_DIGITS.search(value):
        yield "has digits of another script"
    if _SEVERAL.search(value):
        yield "holds several numbers in one value: name `split` in the mapping"
    digits = value.replace(" ", "")
    if len(digits) > _EXACT_DIGITS and digits.isdecimal() and not digits[_EXACT_DIGITS:].strip("0"):
        yield (
            f"has only zeros after its {_EXACT_DIGITS}th digit, as a spreadsheet leaves them: "
            "compare it with the source"
        )


def _of_money(amounts: Sequence[str], currencies: Sequence[str]) -> Iterator[str]:
    for currency in currencies:
        if not _CURRENCY.fullmatch(currency):
            yield "currency is no code such as KZT or USD"
    for amount in amounts:
        found = _AMOUNT.fullmatch(amount)
        if found is None:
            continue
        unit = found["unit"]
        if not currencies and not unit:
            yield "amount has no currency"
        if currencies and _CURRENCY.fullmatch(unit) and unit not in currencies:
            yield "amount names another currency than the property currency"
        if found["part"] and len(found["part"]) > _MOST_DECIMALS:
            yield f"amount has more than {_MOST_DECIMALS} decimals, as a calculation leaves them"


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
