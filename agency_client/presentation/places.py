"""The places of a file's faults in the reader's language: the row, the column, what was expected.

The modules that read files say in English what they expected; `sentences` finds a sentence by its
form. The tables of sentences stand in `file_faults`, `table_faults`, `value_faults` and
`entity_faults`. A message without a form is told in English, beside a place in the reader's
language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agency_client.content.faults import FileInvalid, FilePlace, Spot, SpotKind
from agency_client.presentation.entity_faults import ENTITY_FAULTS
from agency_client.presentation.file_faults import (
    MAPPINGS,
    OTHER_SCHEMA,
    WHOLE_FILES,
    WITHIN,
)
from agency_client.presentation.locale import Locale
from agency_client.presentation.sentences import Forms
from agency_client.presentation.table_faults import TABLE_FAULTS
from agency_client.presentation.value_faults import EXPECTED, EXPECTED_ALONE, VALUE_FAULTS
from agency_client.presentation.words import say
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Words

_SHAPE: Final = re.compile("([0-9]+) characters")
_SHAPE_WORDS: Final = Words("{} characters", "знаков: {}", "таңба саны: {}")
_FAULTS: Final = Forms(
    (*MAPPINGS, *TABLE_FAULTS, *VALUE_FAULTS, *ENTITY_FAULTS, EXPECTED, OTHER_SCHEMA)
)
_WHOLE: Final = (EXPECTED, EXPECTED_ALONE)
"""Sentences that are translated only with what stands in them."""
_NAMED: Final = (
    Words("{}, line {}: {}", "{}, строка {}: {}", "{}, {}-жол: {}"),
    Words("{}: {}", "{}: {}", "{}: {}"),
)
"""A file, and what was expected there; tried last."""
_WITHIN: Final = Forms(WITHIN)
_WHOLE_FILES: Final = Forms((*WHOLE_FILES, *_NAMED))
_LINE: Final = Words("line {lines}", "строка {lines}", "{lines}-жол")
_LINES: Final = Words("lines {lines}", "строки {lines}", "жолдар: {lines}")
_LINES_MORE: Final = Words(
    "lines {lines} and {rest} more",
    "строки {lines} и ещё {rest}",
    "жолдар: {lines} және тағы {rest}",
)
_SPOTS: Final = {
    SpotKind.COLUMN: Words("column {name}", "столбец {name}", "{name} бағаны"),
    SpotKind.HEADING: Words(
        "heading of column {name}", "заголовок столбца {name}", "{name}-бағанның тақырыбы"
    ),
    SpotKind.PROPERTY: Words("property {name}", "свойство {name}", "{name} қасиеті"),
}
_REST: Final = Words("and {rest} more faults", "и ещё ошибок: {rest}", "және тағы қате: {rest}")


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a file's faults, in words."""

    told: tuple[str, ...] = ()
    """One each: the lines, where in them, what was expected."""
    is_whole: bool = False
    """False if what was expected at one of them stands in the English message alone."""


def places_of(error: ExchangeError, locale: Locale, names: Mapping[str, Words]) -> Places:
    """Put the places of a file's faults into words; there are none if the error has none.

    Args:
        error: the error.
        locale: how the person is told.
        names: names of fields, by the last part of their dotted path.
    """
    if not isinstance(error, FileInvalid):
        return _whole_file(error, locale)
    told, is_whole = [], True
    for place in error.places:
        words = translated(place.expected, locale.language)
        is_known = words != place.expected or locale.language is Language.EN
        is_whole = is_whole and is_known
        spots = [_where(each, locale, names) for each in place.spots]
        where = ", ".join(each for each in (_lines(place, locale), *spots) if each)
        if said := ": ".join(each for each in (where, words if is_known else "") if each):
            told.append(locale.visible(said))
    if error.rest:
        told.append(locale.say(_REST, rest=error.rest))
    return Places(tuple(told), is_whole)


def _whole_file(error: ExchangeError, locale: Locale) -> Places:
    """A fault of a file as a whole, which the message alone tells."""
    if error.reason is not Reason.DOCUMENT_INVALID:
        return Places()
    for words, varying in _WHOLE_FILES.find(error.message):
        inner = [_inner(each, locale.language) for each in varying]
        is_foreign = locale.language is not Language.EN
        if words in _NAMED and is_foreign and inner[-1] == varying[-1]:
            continue  # The fault has no words in that language.
        return Places((locale.visible(say(words, locale.language).format(*inner)),), True)
    return Places()


def note_in_words(note: str, locale: Locale) -> str:
    """A note on how a file was read, in words; as its author has it where it has no form."""
    return locale.visible(_inner(note, locale.language))


def _inner(text: str, language: Language) -> str:
    """A part of a sentence on a whole file: a name, a number, or why nothing is left."""
    if language is Language.EN:
        return text
    for words, varying in _WITHIN.find(text):
        return say(words, language).format(*(_inner(each, language) for each in varying))
    return translated(text, language)


def _where(spot: Spot, locale: Locale, names: Mapping[str, Words]) -> str:
    """The place within a line: a column by its heading, or the field of a document."""
    if words := _SPOTS.get(spot.kind):
        return locale.say(words, name=repr(spot.name))
    return field_in_words(str(spot.name), locale, names) or str(spot)


def field_in_words(path: str, locale: Locale, names: Mapping[str, Words]) -> str:
    """The field that a dotted path leads to; empty if none of its parts has a word."""
    for name in reversed(path.replace("[", ".").split(".")):
        if name in names:
            return locale.say(names[name])
    return ""


def _lines(place: FilePlace, locale: Locale) -> str:
    lines = ", ".join(map(str, place.lines))
    if place.count > len(place.lines) > 0:
        return locale.say(_LINES_MORE, lines=lines, rest=place.count - len(place.lines))
    return locale.say(_LINE if len(place.lines) == 1 else _LINES, lines=lines) if lines else ""


def translated(text: str, language: Language) -> str:
    """A sentence of those who read files, in another language; as it is where it has no form."""
    if language is Language.EN:
        return text
    if shape := _SHAPE.fullmatch(text):
        return say(_SHAPE_WORDS, language).format(shape[1])
    for words, varying in _FAULTS.find(text):
        inner = [translated(each, language) for each in varying]
        # A sentence of two languages is worse than one in English.
        if words in _WHOLE and inner == list(varying):
            continue
        return say(words, language).format(*inner)
    return text
