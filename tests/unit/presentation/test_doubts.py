"""Doubts about what a person gives are told in three languages, and none is forgotten."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from agency_client.content import doubts, entity, layout, links, spoiled, table_check, table_import
from agency_client.content.table_import import entities_from_csv
from agency_client.presentation.doubts import doubt_in_words
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.codes import Language

OTHERS = (Language.RU, Language.KK)
SIGNS = re.compile(
    r"BIC|IBAN|SWIFT|Excel|kz1048|KZ-1048|HTML|UTF-8|cp1251|KZT|USD|NULL|split|currency|birthDate|numbers|amp"
    r"|\$\{name\}"
)
"""What stays as it is in every language."""


def sentences(node: ast.AST) -> Iterator[str]:
    """The sentences within a piece of code, with a number for each thing that varies."""
    inner = {
        id(each)
        for found in ast.walk(node)
        if isinstance(found, ast.JoinedStr)
        for each in found.values
    }
    for each in ast.walk(node):
        if id(each) in inner:
            continue
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
        elif isinstance(each, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "7" for part in each.values
            )


def function(module: ModuleType, name: str) -> ast.AST:
    tree = ast.parse(inspect.getsource(module))
    return next(each for each in ast.walk(tree) if getattr(each, "name", "") == name)


def told() -> Iterator[str]:
    for module in (doubts, spoiled):
        for each in sentences(ast.parse(inspect.getsource(module))):
            if each.startswith(("it ", "its ")) and each != "it has 7":
                yield f"name: {each}"
    yield "name: it has Cyrillic and Latin letters in one word: U+0061, U+0062"
    yield "name: it is no valid IIN or BIN; is the zero at its beginning missing?"
    for module, name in ((layout, "layout_doubt"), (links, "doubts_of_links")):
        for each in sentences(function(module, name)):
            if " " in each and not each.startswith(("Say", "Doubt")):
                yield each
    yield from (
        each for each in sentences(function(table_check, "unmet")) if each.startswith("of ")
    )
    yield from (
        each for each in sentences(function(table_import, "_unused")) if each.startswith("the ")
    )
    for module, name, start in (
        (table_check, "cut", "the table"),
        (table_check, "_note", "7 has no"),
        (entity, "Spellings", "7: it"),
    ):
        yield from (
            re.sub("^7:", "name:", each)
            for each in sentences(function(module, name))
            if each.startswith(start)
        )
    yield "and 7 more"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("doubt", sorted({*told()}))
def test_each_doubt_has_its_translation(doubt: str, language: Language) -> None:
    locale = Locale(language)
    assert doubt_in_words(doubt, Locale(Language.EN)) == doubt
    for lines in ("", "line 3: ", "lines 3, 5: ", "lines 3, 5, 7 and 12 more: "):
        said = doubt_in_words(lines + doubt, locale)
        assert not re.search("line|more", said)
        assert (not lines) or "3" in said
        rest = SIGNS.sub("", said.removeprefix("name: ").replace("name: ", ""))
        assert not re.search("[A-Za-z]{3,}", rest), said


@pytest.mark.parametrize("language", OTHERS)
def test_a_value_among_the_notes_of_a_report_is_told(language: Language) -> None:
    doubt = (
        "line 3: nationality1: expected a country as FollowTheMoney's code, such as kz; it stands "
        "among the notes, where nobody searches for it"
    )
    said = doubt_in_words(doubt, Locale(language))
    assert "nationality1: " in said
    assert not re.search(r"expected|stands|country", said)


def test_a_doubt_of_another_stays_as_it_is_and_shows_no_hidden_character() -> None:
    said = doubt_in_words("what another\u202e said", Locale(Language.RU))
    assert said == "what another[U+202E] said"


def test_the_doubts_of_a_table_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,name,more\n1,Ивaн,x\n2,NULL,y\n", "utf-8")
    (tmp_path / "m.yaml").write_text(
        "entities: {p: {schema: Person, keys: [id], properties: {name: {column: name}}}}", "utf-8"
    )
    read = entities_from_csv(tmp_path / "t.csv", tmp_path / "m.yaml")
    assert [doubt_in_words(each, Locale(Language.RU)) for each in read.warnings] == [
        "столбцы, которых нет в сопоставлении: 'more'",
        "строка 2: name: буквы двух письменностей (кириллица и латиница) в одном слове: U+0061",
        "строка 3: name: похоже на отсутствующее значение, как NULL или N/A: очистите",
    ]
