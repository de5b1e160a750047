"""Doubts about an entity: they are told to its sender, and it is sent as it stands.

A doubt is no fault: foreign and legacy identifiers exist, and what reads as if it was spoiled may
be what somebody wrote. The words name the property and never repeat the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from agency_client.content.characters import describe_mixed
from agency_client.content.spoiled import (
    doubt,
    has_absent_word,
    is_absent,
    is_cut,
    tells_nothing_apart,
)
from agency_client.content.values import has_format

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
_CONTACTS: Final = frozenset({"cryptoWallet", "email", "phone", "publicKey", "website"})
"""Properties that others are found or reached by, in letters as well as in digits."""
_KIND: Final = re.compile(r"(?:mailto|e-?mail|tel|phone|почта|тел)\.?:", re.IGNORECASE)
"""The name of its kind before an address; of a link, or of the heading of a column."""
_NAMES: Final = frozenset(
    {"address", "alias", "fatherName", "firstName", "lastName", "middleName", "name",
     "previousName", "weakAlias"}
)  # fmt: skip
_FROM_A_NUMBER: Final = re.compile(r"[A-Z]{1,4}[0-9]{6,}\.0")
"""An identifier to which a program has given the decimal of the numbers beside it."""
_NO_BIC: Final = (
    "it is no BIC of SWIFT, which has 8 or 11 letters and digits: others will not find the "
    "bank by a number of its own country (БИК, МФО)"
)
_FORMATS: Final = {
    "bic": ("bic", _NO_BIC),
    "iban": ("iban", "it fails its check digits"),
    "ibanMentioned": ("iban", "it fails its check digits"),
    "isin": ("isin", "it fails its check digits"),
    "leiCode": ("lei", "it fails its check digits"),
    "swiftBic": ("bic", _NO_BIC),
}
"""Properties whose form is one in all countries: that form, and the doubt of another."""
_ACCOUNTS: Final = frozenset({"accountId", "accountNumber", "iban", "ibanMentioned", "number"})
_IBAN_LENGTHS: Final = {
    "AE": 23, "AZ": 28, "BY": 28, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "EE": 20, "GB": 22,
    "GE": 22, "KZ": 20, "LT": 20, "LV": 21, "MD": 24, "PL": 28, "TR": 26, "UA": 29,
}  # fmt: skip
"""The lengths of IBANs where money of the region lies; an account of theirs is written as one."""
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_SEVERAL: Final = re.compile(r"[0-9]{5,}\s*[;,|/\n]\s*\S*[0-9]{5,}|[0-9]{8,}\s+[0-9]{8,}")
_DAY: Final = re.compile(
    r"[0-9]{1,2}[-. ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|янв|фев|мар"
    r"|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек)[a-zа-я]{0,5}\.?(?:[-. ][0-9]{2,4})?",
    re.IGNORECASE,
)
_WHOLE_DAY: Final = re.compile(
    r"[0-9]{2}\.[0-9]{2}\.[0-9]{4}(?: [0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?"
)
_LIKE_A_DAY: Final = "it reads like a day, as Excel makes of codes such as 1-3"
_SIGNS: Final = (
    (re.compile(r"[*\u2022\u25cf#]{2,}|(?i:x){4,}|(?i:х){4,}"),
     "it has signs in the place of digits, as banks mask them: others may read the same"),
    (re.compile(r"\.{3}|\u2026"), "it is cut: it has points in the place of what is left out"),
    (re.compile(r"['\"\u00ab\u201c\u201e].*['\"\u00bb\u201d\u201c]|.*[.,;:]|\(.*\)|\[.*\]|<.*>"),
     "it has signs around it that are none of its own"),
    (re.compile(r"[\u2010-\u2015\u2212]"), "it has a dash that is no hyphen: others write -"),
    (re.compile(r"[0-9]{1,3}(?:[\u00a0\u202f\u2009][0-9]{3}){2,}"),
     "it reads like a number whose thousands are parted"),
    (_DAY, _LIKE_A_DAY),
    (_WHOLE_DAY, _LIKE_A_DAY),
    (re.compile(r".*[0-9]\s+\((?=[^()]*[^\W\d_]{2})[^()]*\)", re.DOTALL),
     "it has a remark behind it, in brackets"),
    (re.compile(r"(?:№|(?i:иин|бин|инн|жсн|бсн|пинфл|жшшир|jshshir|pinfl|stir|iin|bin|inn|iban|iic|иик))"
                r"\W*[0-9].*"),
     "it begins with the name of its kind"),
)  # fmt: skip
"""Signs that an identifier may hold and that are no part of it."""
_ANYWHERE: Final = frozenset({0, 1, 3})
"""Places in `_SIGNS` of those that are looked for anywhere."""
_BETWEEN: Final = re.compile(r"[\s-]")
_LIKE_DIGITS: Final = re.compile(
    r"(?:[0-9]+[OoОоQIlІіЗзБбBSsЅ]|[OoОоQIlІіЗз])[0-9]*(?:[OoОоIlІіЗз][0-9]*)?"
)
"""Passports and licences begin with a B or an S; an O or an l at the beginning is a lost digit."""
_WITH_LETTER: Final = re.compile(r"[0-9]{8}[BQS]|[0-9]{9}B[0-9]{2}|[STFGM][0-9]{7}[A-Z]")
"""Numbers with a letter of their own, as Spain, the Netherlands and Singapore give them."""
_LEAST_DIGITS: Final = 8
_OTHER_DIGITS: Final = re.compile(r"(?![0-9])\d")
_EXACT_DIGITS: Final = 15
"""Digits of a number that a spreadsheet keeps; it writes zeros in the place of the others."""
_FAR: Final = re.compile(r"(?:1[0-7]|2[1-9])[0-9]{2}-[0-9]{2}(?:-[0-9]{2}.*)?")
"""Days before 1800 and after 2099; among other texts, such as a number of a file: 1450-05."""
_NO_DATES: Final = frozenset(
    {"0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1904-01-01", "1970-01-01",
     "2079-06-06", "9999-12-31"}
)  # fmt: skip
"""Days that programs write where there is no date."""
_PAST: Final = frozenset(
    {"birthDate", "date", "deathDate", "dissolutionDate", "incorporationDate", "modifiedAt"}
)
"""Days of what has happened; a spreadsheet reads 03.02.28 as one of 2028."""
_CURRENCY: Final = re.compile(r"[A-Z]{3,5}")
_AMOUNT: Final = re.compile(r"[+-]?[0-9]+(?:\.(?P<part>[0-9]+))?[ \u00a0]?(?P<unit>[^0-9]*)")
_MOST_DECIMALS: Final = 3
_THOUSANDTHS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies that have three decimals."""
_COINS: Final = {
    "BTC": 8, "LTC": 8, "DOGE": 8, "USDT": 18, "USDC": 18, "ETH": 18, "BNB": 18,
    "TRX": 6, "XMR": 12,
}  # fmt: skip
"""Decimals of virtual assets; a token has those of the chain that it is on, 18 at the most."""
_MULTIPLE: Final = re.compile(
    r"(?:тыс\w*|млн|млрд|мың|миң|минг|ming|mln|mlrd|bn|[kкmмdcдс]|dr|cr|дт|кт|dt|kt|db"
    r"|дебет|кредит|debit|credit|приход|расход|кіріс|шығыс|debet|kredit|kirim|chiqim)\.?",
    re.IGNORECASE,
)
_OF_DOLLARS: Final = frozenset({"USD", "AUD", "CAD", "HKD", "NZD", "SGD"})
_CODES: Final = frozenset(
    {
        *_THOUSANDTHS,
        "AED", "AFN", "AMD", "AUD", "AZN", "BGN", "BYN", "CAD", "CHF", "CNY", "CZK",
        "DKK", "EUR", "GBP", "GEL", "HKD", "HUF", "ILS", "INR", "IRR", "JPY", "KGS",
        "KRW", "KZT", "MAD", "MDL", "MNT", "NOK", "NZD", "PKR", "PLN", "QAR", "RON",
        "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TJS", "TMT", "TRY", "UAH", "USD",
        "UZS", *_COINS,
    }
)  # fmt: skip
"""Codes that are known in small letters too; of other words in such letters none is a code."""
_MONEY: Final = tuple(
    (re.compile(names), frozenset(codes.split()))
    for names, codes in (
        (r"₸|тг|tg|те[нң]ге\w*|tenge\w*", "KZT"),
        (r"₽|р|руб\w*|рубл\w*|rubl\w*|rur", "RUB BYN"),
        (r"(?:us)?\$|долл\w*|dollar\w*", " ".join(_OF_DOLLARS)),
        (r"€|евро|euros?", "EUR"),
        (r"₼|манат\w*|manat\w*", "AZN TMT"),
        (r"сомон\w*|somon\w*", "TJS"),
        (r"сом(?!он)\w*|som(?!on)\w*", "KGS UZS"),
        (r"сум(?!м)\w*|сўм\w*|sum(?!m)\w*|so'm\w*|soum\w*", "UZS"),
        (r"֏|драм\w*|dram\w*", "AMD"),
        (r"₾|лари|lari", "GEL"),
        (r"дирхам\w*|дирхем\w*|dirhams?|dhs?", "AED MAD"),
        (r"₺|лир\w?|lir\w?|tl", "TRY"),
        (r"₴|грн|грив[ен]\w*|hrn", "UAH"),
        (r"¥|元|юан\w*|yuan|rmb", "CNY"),
        (r"¥|円|[ий]ен\w?|yen", "JPY"),
        (r"£|фунт\w*|pounds?", "GBP"),
        (r"франк\w*|francs?", "CHF"),
        (r"₹|рупи\w*|rupees?", "INR PKR"),
    )
)
"""Names and signs of money after an amount, with the codes that they may stand for.

Uzbekistan's money is called som as well as sum, and so'm in its own letters.
"""
_APOSTROPHES: Final = re.compile("[\u2018\u2019\u02bb\u02bc`\u00b4]")
_COUNTED: Final = re.compile(
    r"(?<![^\W\d_])(?:тыс\w*|мың|миң|минг|ming|млн|млрд|миллион\w*|миллиард\w*|mln|mlrd|mio|mn|bn"
    r"|thousands?|millions?|billions?)(?![^\W\d_])|[x×*] ?1[ ,.]?000\b|'000|\b000s",
    re.IGNORECASE,
)
"""The words of a heading by which its amounts are to be multiplied."""
_WORD: Final = re.compile(r"[^\W\d_]+|[$€£¥\u20a0-\u20bf]")
_NO_MONEY: Final = frozenset({"sum", "sums", "som", "р", "dr", "tl"})
"""Words of headings that are names of money elsewhere."""
_IIN: Final = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[1-6][0-9]{5}")
_SENTENCE: Final = re.compile(
    r"[^\W\d_]{3,}\W*[:\s]\s*[^\W\d_]{2,}|\A\W*[^\W\d_]{4,}\s+[^\W_]{1,2}\Z"
)
"""Two words, of which the first is none of the short ones that documents begin with, or a word with
a number as a group of rows has it (`Отдел 1`), which is shorter than that of a container or a
policy (`MSCU 1234567`)."""
_FULL_LENGTH: Final = 12


def doubts(properties: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give the doubts about the properties of an entity: `property: what is doubtful`."""
    country = {value.lower() for key in _COUNTRIES for value in properties.get(key, ())}
    is_kazakh = "kz" in country
    for name, values in properties.items():
        for value in values if name in IDENTIFIERS else ():
            yield from _named(name, _of_identifier(name, value, is_kazakh=is_kazakh))
    for name in _CONTACTS & properties.keys():
        if any(value != value.strip() for value in properties[name]):
            yield f"{name}: it has spaces around it"
        if any(_KIND.match(value) for value in properties[name]):
            yield f"{name}: it begins with the name of its kind"
    for name in _NAMES & properties.keys():
        if any(is_cut(value) for value in properties[name]):
            yield f"{name}: it ends in points, as programs show what they cut: is it whole?"
        if any(has_absent_word(value) for value in properties[name]):
            yield (
                f"{name}: it holds a word that programs write where they have no value, such as "
                "None: was it put together of several?"
            )
    for name, (form, words) in _FORMATS.items():
        if name in properties and any(not has_format(value, form) for value in properties[name]):
            yield f"{name}: {words}"
    for name, values in properties.items():
        is_day, is_identifier = name in _days(), name in IDENTIFIERS
        for value in values:
            if is_day:
                yield from _named(name, _of_day(value, is_past=name in _PAST))
            else:
                yield from _named(name, _of_text(value, is_identifier=is_identifier))
    yield from _named("birthDate", _of_days(properties.get("birthDate", ())))
    if is_kazakh:
        yield from _named("idNumber", _of_birth(properties))
    if len({day[:10] for day in properties.get("date", ())}) > 1:
        yield "date: it has several values, and nobody knows which is meant"
    amounts, currencies = properties.get("amount", ()), properties.get("currency", ())
    yield from _named("amount", _of_amounts(amounts, currencies))
    yield from _named("currency", _of_currencies(currencies))


@cache
def _days() -> frozenset[str]:
    """The properties of FollowTheMoney that hold days; a name of one is a day in every schema."""
    from followthemoney import model

    return frozenset(
        name
        for schema in model
        for name, prop in schema.properties.items()
        if prop.type.name == "date"
    )


def _tomorrow() -> str:
    """The day after this one, in UTC: somewhere it has begun."""
    return f"{datetime.now(UTC).date() + timedelta(days=1):%Y-%m-%d}"


def _named(name: str, said: Iterator[str]) -> Iterator[str]:
    return (f"{name}: {words}" for words in said)


def _of_day(value: str, *, is_past: bool) -> Iterator[str]:
    if value[:10] in _NO_DATES:
        yield "it is a day that programs write where there is no date"
    elif _FAR.fullmatch(value):
        yield "it is a day long past or far ahead: is it of another calendar?"
    elif is_past and value[:10] > _tomorrow():
        yield "it is a day that has not come yet: was a year of two digits read so?"


def _of_text(value: str, *, is_identifier: bool) -> Iterator[str]:
    if not value.isascii() and (words := describe_mixed(value)):
        yield f"it has {words}"
    if words := doubt(value):
        yield words
    if not is_identifier and _DAY.fullmatch(value):
        yield _LIKE_A_DAY


def _of_identifier(name: str, value: str, *, is_kazakh: bool) -> Iterator[str]:
    digits = _BETWEEN.sub("", value)
    if name in _NUMBERS and is_kazakh and digits.isdecimal() and not is_kz_number(digits):
        is_short = len(digits) == _FULL_LENGTH - 1
        yield "it is no valid IIN or BIN" + (
            "; is the zero at its beginning missing?" if is_short else ""
        )
    elif name in _NUMBERS and _lacks_zeros(digits):
        yield "it reads like an IIN whose zero at the beginning is missing"
    if value != value.strip():
        yield "it has spaces around it"
    if _FROM_A_NUMBER.fullmatch(value):
        yield "it ends in .0, as an identifier that was taken for a number"
    if _OTHER_DIGITS.search(value):
        yield "it has digits of another script"
    if name in _ACCOUNTS:
        yield from _of_account(name, value)
    if _SEVERAL.search(value):
        yield "it holds several numbers: name `split` in the mapping"
    if _SENTENCE.search(value):
        yield "it reads like words, not like an identifier"
    is_long = len(value) > _LEAST_DIGITS
    if is_long and _LIKE_DIGITS.fullmatch(value) and not _WITH_LETTER.fullmatch(value):
        yield (
            "it has a letter among its digits that looks like a digit: if its paper has it so, "
            "leave it"
        )
    for number, (sign, words) in enumerate(_SIGNS):
        if sign.search(value) if number in _ANYWHERE else sign.fullmatch(value):
            yield words
    if tells_nothing_apart(value) and not is_absent(value):
        yield "it is of signs or zeros alone"
    if len(digits) > _EXACT_DIGITS and digits.isdecimal() and not digits[_EXACT_DIGITS:].strip("0"):
        yield (
            f"it has only zeros after its {_EXACT_DIGITS}th digit, as a spreadsheet leaves them: "
            "compare it with the source"
        )


def _of_account(name: str, value: str) -> Iterator[str]:
    """Doubt an account that is written as an IBAN, whatever property it stands in."""
    together = "".join(value.split())
    if len(together) != _IBAN_LENGTHS.get(together[:2]) or not _IBAN.fullmatch(together):
        return
    if name not in _FORMATS and not has_format(together, "iban"):
        yield "it reads like an IBAN, and fails its check digits"


def _of_birth(properties: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Doubt an IIN that begins with another day than that of birth."""
    days = {day[2:10].replace("-", "") for day in properties.get("birthDate", ()) if len(day) >= 10}
    numbers = [_BETWEEN.sub("", each) for each in properties.get("idNumber", ())]
    # A BIN has 4 to 6 in the fifth place, where an IIN has the first digit of a day.
    born = {each[:6] for each in numbers if is_kz_number(each) and each[4] < "4"}
    if days and born and not days & born:
        yield "it is an IIN of another day of birth than birthDate"


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
        if unit and _MULTIPLE.fullmatch(unit):
            yield "its unit counts thousands or says the side of an account: write the whole number"
        codes = _codes_of(unit.rstrip("."), currencies)
        if unit and codes is None and not _MULTIPLE.fullmatch(unit):
            # A letter that looks like a digit is such a unit too, as in 100O.
            yield "its unit is none of money: is it a share, a weight or a shortened number?"
        if currencies and codes and codes.isdisjoint(map(str.upper, currencies)):
            yield "it names another currency than the property currency"
        named = {*map(str.upper, currencies), unit.upper()}
        most = max((_COINS[each] for each in named & _COINS.keys()), default=_MOST_DECIMALS)
        if decimals > most:
            yield f"it has more than {most} decimals, as a calculation leaves them"
        elif decimals == _MOST_DECIMALS and not named & (_THOUSANDTHS | _COINS.keys()):
            yield "it has 3 decimals; if the point parts thousands, say so with --numbers"


def _codes_of(unit: str, currencies: Sequence[str]) -> frozenset[str] | None:
    """The codes that a unit of money may stand for; None for what is none of money."""
    code = unit.upper()
    name = _APOSTROPHES.sub("'", unit.casefold())
    codes = [each for names, each in _MONEY if names.fullmatch(name)]
    if _CURRENCY.fullmatch(unit) or code in _CODES or code in currencies:
        codes.append(frozenset({code}))
    return frozenset().union(*codes) if codes else None


def counts_thousands(heading: str) -> bool:
    """True if a heading says that its numbers count thousands, millions or more."""
    return bool(_COUNTED.search(heading))


def money_named_in(heading: str) -> frozenset[str]:
    """The codes of the money that a heading of amounts names; none where it names none."""
    codes: set[str] = set()
    for word in _WORD.findall(heading):
        name = word.casefold()
        if word in _CODES:
            codes.add(word)
        elif name not in _NO_MONEY:
            codes.update(*(each for names, each in _MONEY if names.fullmatch(name)))
    return frozenset(codes)


def _lacks_zeros(digits: str) -> bool:
    """True for an IIN that a spreadsheet took for a number: with its zeros it is a good one.

    It begins with a day of birth, and the digit after it says the century and the sex.
    """
    if len(digits) not in (_FULL_LENGTH - 2, _FULL_LENGTH - 1) or not digits.isascii():
        return False
    full = digits.zfill(_FULL_LENGTH)
    return bool(_IIN.fullmatch(full)) and is_kz_number(full)


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
