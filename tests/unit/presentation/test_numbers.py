"""Numbers in phrases: written as each language writes them, with the form of the word beside."""

from __future__ import annotations

import re
from datetime import timedelta
from string import Formatter

import pytest
from babel import Locale as Cldr

from agency_client.console.words import Word
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.numbers import Count, filled
from agency_client.statistics.render import figure
from agency_client.statistics.values import Cell, Column
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Words

FORMS = {Language.EN: ("one", "other"), Language.RU: ("one", "few", "many"), Language.KK: ("one",)}
LANGUAGES = (Language.EN, Language.RU, Language.KK)
PHRASES = [*Word, *Label]


@pytest.mark.parametrize("language", [Language.EN, Language.RU])
def test_the_form_of_a_word_is_that_of_cldr(language: Language) -> None:
    """Nouns of Kazakh have one form after a number."""
    forms = FORMS[language]
    rule = Cldr.parse(language.name.lower()).plural_form
    for number in (*range(130), 1000, 1001, 1002, 1005, 1011, 21_121):
        assert f"{Count(number, language):{'|'.join(forms)}}" == rule(number)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.EN, ["1 entry", "2 entries", "5 entries", "12,345 entries"]),
        (Language.RU, ["1 запись", "2 записи", "5 записей", "12\u00a0345 записей"]),
        (Language.KK, ["1 жазба", "2 жазба", "5 жазба", "12\u00a0345 жазба"]),
    ],
)
def test_a_number_is_grouped_and_followed_by_its_word(language: Language, said: list[str]) -> None:
    locale = Locale(language)
    assert [locale.say(Label.NUMBER_ENTRIES, number=each) for each in (1, 2, 5, 12345)] == said


def test_a_number_that_is_a_name_stays_whole() -> None:
    """Somebody copies the number of an entry into a command."""
    assert filled("{entry}, {number}", Language.EN, {"entry": 12345, "number": 12345}) == (
        "12345, 12,345"
    )


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda each: f"{type(each).__name__}.{each.name}")
def test_a_phrase_has_each_form_that_its_language_needs(phrase: Word | Label) -> None:
    words: Words = phrase.value
    for language, text in zip(LANGUAGES, words, strict=True):
        for _, name, spec, _ in Formatter().parse(text):
            if name is not None and spec:
                assert len(spec.split("|")) == len(FORMS[language]), text
    # A noun in the plural right behind a number is wrong after 1, so it has its forms.
    assert re.findall(r"\{(?:number|size|count|exchanges|agencies)\} [a-z]+s\b", words.en) == []


@pytest.mark.parametrize(
    ("time", "en", "ru", "kk"),
    [
        (timedelta(0), "0 min", "0 мин", "0 мин"),
        (timedelta(minutes=42), "42 min", "42 мин", "42 мин"),
        (timedelta(hours=3, minutes=12), "3.2 h", "3,2 ч", "3,2 сағ"),
        (timedelta(days=2, hours=12), "2.5 d", "2,5 дн.", "2,5 күн"),
        (timedelta(days=1200), "1,200.0 d", "1\u00a0200,0 дн.", "1\u00a0200,0 күн"),
    ],
)
def test_a_length_of_time_is_no_zero_of_days(time: timedelta, en: str, ru: str, kk: str) -> None:
    column = Column("span", Words("time", "время", "уақыт"), "span")
    told = [figure(Cell(time, (1,)), column, each) for each in LANGUAGES]
    assert told == [en, ru, kk]


def test_a_share_is_written_as_its_language_does() -> None:
    column = Column("share", Words("share", "доля", "үлес"), "share")
    told = [figure(Cell(0.5, (1,)), column, each) for each in LANGUAGES]
    assert told == ["50%", "50\u00a0%", "50%"]
