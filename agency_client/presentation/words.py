"""Words for codes, and the codes of a statement's body, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from exchange_protocol.kinds.codes import Language
from exchange_protocol.kinds.spec import Body, body_codes
from exchange_protocol.words import Code, NamedCode, Words

ATTRIBUTES: Final[Mapping[str, Words]] = {
    "amount": Words("amount", "сумма", "сома"),
    "usefulness": Words("usefulness", "полезность", "пайдалылығы"),
}
"""Names of attributes that are numbers or times, which say nothing without their name. One that is
not here bears the name that it has in the contract."""


def say(words: Words, language: Language) -> str:
    """The word of one language."""
    return {Language.EN: words.en, Language.RU: words.ru, Language.KK: words.kk}[language]


def say_code(code: Code | NamedCode, language: Language) -> str:
    """The word of a code in one language."""
    return say(code.words, language)


def body_words(body: Body, language: Language, zone: tzinfo = UTC) -> list[str]:
    """The codes of a body in words, in the order of its fields; one word or number each.

    Times are those of `zone`.
    """
    said: list[str] = []
    for name, value in body_codes(body):
        for each in value if isinstance(value, tuple) else (value,):
            said.append(_say_value(name, each, language, zone))
    return said


def body_json(body: Body) -> dict[str, Any]:
    """The codes of a body as plain values, by the name of the field.

    A code is its name, a time is ISO 8601, bytes are hex.
    """
    return {name: _plain(value) for name, value in body_codes(body)}


def _say_value(name: str, value: Any, language: Language, zone: tzinfo) -> str:
    if isinstance(value, Code | NamedCode):
        return say_code(value, language)
    named = say(ATTRIBUTES[name], language) if name in ATTRIBUTES else name.replace("_", " ")
    if isinstance(value, datetime):
        return f"{named} {value.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    plain = _plain(value)
    return plain if isinstance(plain, str) else f"{named} {plain}"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Code):
        return value.name
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value
