"""Words for codes, and the codes of a statement's body, for people and for programs."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import Language
from exchange_protocol.kinds.spec import Body, body_codes
from exchange_protocol.words import Code, NamedCode, Words


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
            said.append(_say_value(kind_of(body), name, each, language, zone))
    return said


def body_json(body: Body) -> dict[str, Any]:
    """The codes of a body as plain values, by the name of the field.

    A code is its name, a time is ISO 8601, bytes are hex.
    """
    return {name: _plain(value) for name, value in body_codes(body)}


def _say_value(kind: Kind, name: str, value: Any, language: Language, zone: tzinfo) -> str:
    if isinstance(value, Code | NamedCode):
        return say_code(value, language)
    names = kind.spec.names
    # Directory statements are for operators and auditors, who know the names of the contract.
    named = say(names[name], language) if name in names else name.replace("_", " ")
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
