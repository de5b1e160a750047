"""Words for codes, and the codes of a statement's body, for people and for programs."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final

from agency_client.presentation.labels import Label
from agency_client.presentation.numbers import grouped
from exchange_protocol.kinds.bodies import Body, given_attributes
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import Language
from exchange_protocol.kinds.days import in_zone_of_day
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.statements import Header, Statement
from exchange_protocol.words import Code, NamedCode, Words

_TO_THE_END = Words("to the end of", "до конца дня", "күн соңына дейін:")
_DUE = Words("due", "срок", "мерзімі")


def say(words: Words, language: Language) -> str:
    """The word of one language."""
    return {Language.EN: words.en, Language.RU: words.ru, Language.KK: words.kk}[language]


def say_code(code: Code | NamedCode, language: Language) -> str:
    """The word of a code in one language."""
    return say(code.words, language)


def body_words(body: Body, language: Language, zone: tzinfo = UTC) -> list[str]:
    """The codes of a body in words, in the order of its fields; one word or number each.

    Times are those of `zone`. A time that is the end of a day is told by that day, and in the zone
    of its author: every reader sees the day that was given.
    """
    said: list[str] = []
    days = kind_of(body).spec.days
    for name, value in given_attributes(body):
        if name in days.values():
            continue  # Told in the place of the moment that is its end.
        day = getattr(body, days[name]) if name in days else None
        if day is not None:
            said.append(f"{_name(kind_of(body), days[name], language)} {day_words(day, value)}")
            continue
        for each in value if isinstance(value, tuple) else (value,):
            said.append(_say_value(kind_of(body), name, each, language, zone))
        if name == "currency" and len(said) > 1:
            # It stands beside its amount, which comes before it.
            said[-2:] = [f"{said[-2]} {said[-1]}"]
    return said


def body_json(body: Body) -> dict[str, Any]:
    """The codes of a body as plain values, by the name of the field.

    A code is its name, a time and a day are ISO 8601, bytes are hex. A time that is the end of a
    day is in the zone of its author.
    """
    codes = dict(given_attributes(body))
    for name, day_name in kind_of(body).spec.days.items():
        if name in codes:
            codes[name] = in_zone_of_day(codes[name], codes.get(day_name))
    return {name: _plain(value) for name, value in codes.items()}


def day_words(day: date, end: datetime) -> str:
    """A day with the zone in which it ends, such as `2026-12-01 (UTC+05:00)`."""
    return f"{day.isoformat()} ({_offset(in_zone_of_day(end, day))})"


_MONTHS: Final = tuple(
    Words(*each)
    for each in (
        ("January", "января", "қаңтар"),
        ("February", "февраля", "ақпан"),
        ("March", "марта", "наурыз"),
        ("April", "апреля", "сәуір"),
        ("May", "мая", "мамыр"),
        ("June", "июня", "маусым"),
        ("July", "июля", "шілде"),
        ("August", "августа", "тамыз"),
        ("September", "сентября", "қыркүйек"),
        ("October", "октября", "қазан"),
        ("November", "ноября", "қараша"),
        ("December", "декабря", "желтоқсан"),
    )
)
_DATE: Final = Words("{day} {month} {year}", "{day} {month} {year} г.", "{year} ж. {day} {month}")


def date_words(day: date, end: datetime, language: Language, zone: tzinfo) -> str:
    """A day in words for a list, such as `1 December 2026`.

    Its zone stands beside it where it is not that of the reader: then its end is another time.
    """
    month = say(_MONTHS[day.month - 1], language)
    said = say(_DATE, language).format(day=day.day, month=month, year=day.year)
    given = in_zone_of_day(end, day)
    is_own = given.utcoffset() == end.astimezone(zone).utcoffset()
    return said if is_own else f"{said} ({_offset(given)})"


def end_words(day: date, end: datetime, language: Language) -> str:
    """A day with its zone, as the time until which something lasts."""
    return f"{say(_TO_THE_END, language)} {day_words(day, end)}"


def due_words(header: Header, language: Language, zone: tzinfo = UTC) -> str:
    """The due time of a header: a day as it was given, or a moment of `zone`; "" for none."""
    if header.due_at is None:
        return ""
    if header.due_on is not None:
        return end_words(header.due_on, header.due_at, language)
    return f"{header.due_at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def due_json(at: datetime | None, day: date | None) -> dict[str, str | None]:
    """A due time as plain values, in the zone of its day where its author gave a day."""
    return end_json("due_at", at, "due_on", day)


def end_json(
    at_name: str, at: datetime | None, day_name: str, day: date | None
) -> dict[str, str | None]:
    """A moment and the day whose end it is as plain values, under two names."""
    return {
        at_name: in_zone_of_day(at, day).isoformat().replace("+00:00", "Z") if at else None,
        day_name: day.isoformat() if day else None,
    }


def statement_words(statement: Statement, language: Language, zone: tzinfo = UTC) -> list[str]:
    """The codes of a statement in words, the due time that it sets, and whose copy is withheld."""
    said = body_words(statement.body, language, zone)
    if statement.kind.stage is Stage.CONTINUING and statement.header.due_at is not None:
        due = statement.kind.spec.names.get("due_at", _DUE)
        said.append(f"{say(due, language)} {due_words(statement.header, language, zone)}")
    if withheld := withheld_words(statement.header, language):
        said.append(f"{say(Label.COPY_WITHHELD.value, language)}: {withheld}")
    return said


def withheld_words(header: Header, language: Language) -> str:
    """From whom the copy of a statement is withheld, and on which ground; "" for none."""
    if header.withholding_ground is None:
        return ""
    return f"{', '.join(header.withheld_from)}: {say_code(header.withholding_ground, language)}"


def _offset(at: datetime) -> str:
    return f"UTC{at.isoformat()[-6:]}"


def _say_value(kind: Kind, name: str, value: Any, language: Language, zone: tzinfo) -> str:
    if isinstance(value, Code | NamedCode):
        return say_code(value, language)
    named = _name(kind, name, language)
    if isinstance(value, datetime):  # Before `date`, of which it is a kind.
        return f"{named} {value.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    plain = _plain(value)
    if isinstance(value, date):
        return f"{named} {plain}"
    if name == "amount":
        return f"{named} {grouped(str(value), language)}"
    return plain if isinstance(plain, str) else f"{named} {plain}"


def _name(kind: Kind, name: str, language: Language) -> str:
    names = kind.spec.names
    # Directory statements are for operators and auditors, who know the names of the contract.
    return say(names[name], language) if name in names else name.replace("_", " ")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Code):
        return value.name
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value
