"""The console speaks three languages, and its templates none of their own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

from agency_client.console.forms import _label
from agency_client.console.rendering import environment
from agency_client.console.rules_text import rules
from agency_client.console.words import FIELD_WORDS, VERBS, Word, act_words
from agency_client.core.acts import ACTS
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Words
from tests.support.hub_process import REPOSITORY

CONSOLE = REPOSITORY / "agency_client" / "console"
PRESENTATION = REPOSITORY / "agency_client" / "presentation"
TEMPLATES = sorted(environment().list_templates(extensions=["html"]))
_TEMPLATE_PARTS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_TAGS = re.compile(r"<[^>]*>")
_SPOKEN = re.compile(r'(?:title|placeholder|alt|aria-label|label)="([^"]*)"')
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@pytest.mark.parametrize("word", Word, ids=lambda word: word.name)
def test_a_word_is_said_in_all_languages_with_the_same_places(word: Word) -> None:
    places = [
        {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        for text in word.value
    ]
    assert all(text.strip() for text in word.value)
    assert places[0] == places[1] == places[2]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_no_text_of_its_own(name: str) -> None:
    source, _, _ = environment().loader.get_source(environment(), name)  # type: ignore[union-attr]
    bare = _TEMPLATE_PARTS.sub("", source)
    spoken = [_TAGS.sub(" ", bare).replace("&nbsp;", ""), *_SPOKEN.findall(bare)]
    assert [found for text in spoken for found in _LETTERS.findall(text)] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_names_words_that_exist_and_trusts_no_text(name: str) -> None:
    source, _, _ = environment().loader.get_source(environment(), name)  # type: ignore[union-attr]
    assert set(re.findall(r"words\.([A-Z_]+)", source)) <= {*Word.__members__, *Label.__members__}
    for way in ("|safe", "| safe", "autoescape", "<style", " style=", "onclick", "javascript:"):
        assert way not in source


def test_every_verb_is_of_an_act_and_said_in_all_languages() -> None:
    assert set(VERBS) <= set(ACTS)
    for words in (*VERBS.values(), *FIELD_WORDS.values()):
        assert all(text.strip() for text in words)


@pytest.mark.parametrize("language", Language)
def test_no_two_acts_have_one_name(language: Language) -> None:
    named = [act_words(kind, act, language) for kind, act in ACTS.values()]
    assert sorted(named) == sorted(set(named))


def test_every_rule_of_the_demonstration_says_what_it_means_in_all_languages() -> None:
    found = rules((REPOSITORY / "policies" / "caricc.cedar").read_text("utf-8"))
    assert len(found) > 20
    for rule in found.values():
        assert {"id", "en", "ru", "kk"} == set(rule.meanings), rule.id
        assert len({rule.meaning(language) for language in Language}) == len(Language)


@pytest.mark.parametrize("act", ACTS)
def test_a_field_for_a_number_or_a_time_has_words_in_all_languages(act: str) -> None:
    """The console's own, or else those of the kind: a new kind brings them along."""
    kind, asked = ACTS[act]
    for name in set(asked.codes) & set(kind.spec.names):
        told = [_label(name, Locale(language), kind.spec.names) for language in Language]
        assert len(set(told)) == len(told)
        assert all(each[0].isupper() for each in told)


def test_a_field_that_only_its_kind_names_is_called_by_the_kind() -> None:
    names = {"visit_on": Words("day of the visit", "день визита", "сапар күні")}
    told = {_label("visit_on", Locale(language), names) for language in Language}
    assert told == {"Day of the visit", "День визита", "Сапар күні"}


def test_no_word_of_the_presentation_is_written_again() -> None:
    """One word has one source: a twin is corrected in one place and stays wrong in the other."""
    written: dict[tuple[str, ...], list[str]] = {}
    for path in (CONSOLE / "words.py", PRESENTATION / "labels.py", PRESENTATION / "documents.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Words":
                said = [each.value for each in node.args if isinstance(each, ast.Constant)]
                if len(said) == len(Language):
                    key = tuple(str(each).casefold() for each in said)
                    written.setdefault(key, []).append(path.name)
    twins = {key for key, places in written.items() if len(places) > 1 and "words.py" in places}
    # A sheet is shut, and an exchange is ended.
    assert twins == {("close", "закрыть", "жабу")}


def test_no_name_is_of_two_words() -> None:
    """A template asks by the name alone, and would get one of the two."""
    assert not set(Word.__members__) & set(Label.__members__)


def test_every_word_is_said_somewhere() -> None:
    sources = [*CONSOLE.glob("*.py"), *(CONSOLE / "templates").glob("*.html")]
    said = Counter(re.findall(r"\b[A-Z][A-Z0-9_]+\b", "\n".join(map(_text, sources))))
    assert [name for name in Word.__members__ if said[name] < 2] == []


def _text(path: Path) -> str:
    return path.read_text("utf-8")
