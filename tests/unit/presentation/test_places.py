"""The places of a file's faults are told in three languages, and no sentence is forgotten."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from agency_client.content import (
    characters,
    encodings,
    entities,
    entity,
    fields_file,
    goaml,
    layout,
    links,
    mapping_file,
    mappings,
    source,
    spoiled,
    table_check,
    table_import,
    tables,
    values,
)
from agency_client.content.entities import read_entities
from agency_client.content.faults import FileInvalid
from agency_client.content.fields_file import read_fields
from agency_client.content.goaml import parsing, reading
from agency_client.content.table_import import entities_from_csv
from agency_client.presentation.faults import explain
from agency_client.presentation.locale import Locale
from agency_client.presentation.places import note_in_words, places_of, translated
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language

MODULES = (
    characters, entity, goaml, layout, links, mapping_file, mappings, parsing, reading, spoiled,
    table_check, table_import, tables, values,
)  # fmt: skip
OF_OPTIONS = (
    "expected one of the delimiters",
    "expected after",
)
"""Sentences on what a person typed at a command, and what Python's reader of tables says."""
SIGNS = re.compile(
    r"t\.csv|UTF-?8|utf-?16|Excel|Parquet|Arrow|SPSS|Stata|JSON|SWIFT|LibreOffice|Office|Word|Outlook|Numbers|Apple"
    r"|Concordance|dBase|winmail"
)
MAPPING = "entities: {p: {schema: Payment, keys: [n], properties: {amount: {column: amount}}}}"


def sentences(module: ModuleType) -> Iterator[str]:
    """The sentences of a module that say what was expected, U+1 for each thing that varies."""
    tree = ast.parse(inspect.getsource(module))
    inner = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for each in node.values
    }
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(each.value) if isinstance(each, ast.Constant) else "U+1" for each in node.values
            )


OTHER_FILES = sorted({each for each in sentences(encodings) if re.match(r"an? .+: .+", each)})
"""What the reader says of files that are no text, each with its way out."""


@pytest.mark.parametrize("module", MODULES, ids=lambda each: each.__name__.rpartition(".")[2])
def test_each_sentence_of_those_who_read_files_has_its_translation(module: ModuleType) -> None:
    found = [
        each
        for each in sentences(module)
        if each.startswith("expected ")
        and each not in ("expected U+1", "expected U+1U+1")
        and not each.startswith(OF_OPTIONS)
    ]
    for each in found:
        for language in (Language.RU, Language.KK):
            said = translated(each, language)
            assert said != each
            assert "expected" not in said


WHOLE = (parsing, encodings, entities, fields_file, goaml, source, table_check, tables)
OF_COMMANDS = ("expected one of the encodings", "expected one of the delimiters")
JOINED = ("U+1 is U+1, and give that", "U+1 U+1", "U+1: U+1", "U+1, line U+1: U+1")
"""Sentences whose words stand elsewhere; the tests below have them in full."""


def raised_by(module: ModuleType) -> Iterator[str]:
    """The messages of a module's errors on a file, U+1 for each thing that varies."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = ast.unparse(node.func)
        if name not in ("_invalid", "Reason.DOCUMENT_INVALID.error"):
            continue
        given = node.args[0]
        if isinstance(given, ast.Constant):
            yield str(given.value)
        elif isinstance(given, ast.JoinedStr):
            yield "".join(
                str(each.value) if isinstance(each, ast.Constant) else "U+1"
                for each in given.values
            )


@pytest.mark.parametrize("module", WHOLE, ids=lambda each: each.__name__.rpartition(".")[2])
@pytest.mark.parametrize("language", [Language.RU, Language.KK])
def test_each_fault_of_a_whole_file_has_its_translation(
    module: ModuleType, language: Language
) -> None:
    found = [each for each in raised_by(module) if each not in JOINED]
    found = [each for each in found if not each.startswith(OF_COMMANDS)]
    assert found
    for each in found:
        said = explain(Reason.DOCUMENT_INVALID.error(each), Locale(language))
        assert len(said.places) == 1, each
        assert not said.has_places
        assert not re.search(r"expected|which|\bthe\b|\bfile\b", said.places[0]), said.places


@pytest.mark.parametrize("language", [Language.RU, Language.KK])
@pytest.mark.parametrize(
    "message",
    [
        *(f"t.csv is {each}, and give that" for each in OTHER_FILES),
        "t.csv is written in utf-16 without its mark: say --encoding utf-16, or save it as UTF-8",
        "t.csv is written in utf-16, the high byte first, without its mark: say --encoding utf-16, "
        "or save it as UTF-8",
        "t.csv holds zero bytes in its first line: it is no table of text; save the table as CSV",
        "t.csv: expected at least one entity, got none: it has no rows",
        "t.csv: expected at least one entity, got none: The mapping's filters left out 2 of 3 "
        "rows.; Without a key, left out as was said: lines 2, 3 and 4 more.",
    ],
)
def test_faults_whose_words_stand_elsewhere_are_told_in_full(
    message: str, language: Language
) -> None:
    [said] = explain(Reason.DOCUMENT_INVALID.error(message), Locale(language)).places
    assert not re.search(r"[a-zA-Z]{4,}", SIGNS.sub("", said)), said


@pytest.mark.parametrize("module", [links, reading, table_import])
@pytest.mark.parametrize("language", [Language.RU, Language.KK])
def test_each_note_on_how_a_file_was_read_has_its_translation(
    module: ModuleType, language: Language
) -> None:
    found = [each for each in sentences(module) if re.match(r"[A-Z](?!\+).* U\+1.*\.$", each)]
    found = [each for each in found if "\n" not in each]
    assert found
    for each in found:
        said = note_in_words(each.replace("(U+1)", "(found out)"), Locale(language))
        assert not re.search(r"[a-zA-Z]{3,}", said.replace("goAML", "").replace("YYYY-MM-DD", ""))
    assert note_in_words("What another wrote: x.", Locale(language)) == "What another wrote: x."


def test_a_whole_file_is_named_and_its_name_is_not_obeyed() -> None:
    error = Reason.DOCUMENT_INVALID.error("{0}\u202e.csv is written in utf-32: save it as UTF-8")
    [said] = explain(error, Locale(Language.RU)).places
    assert said == "{0}[U+202E].csv: файл в utf-32; сохраните его в UTF-8"
    [said] = explain(error, Locale(Language.EN)).places
    assert said.startswith("{0}[U+202E].csv is written in utf-32")


def invalid(path: Path, text: str, *, mapping: Path | None = None) -> FileInvalid:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileInvalid) as raised:
        entities_from_csv(path, mapping) if mapping else read_entities(path)
    return raised.value


@pytest.fixture
def table(tmp_path: Path) -> FileInvalid:
    """The fault of a table: an amount of its second row is none."""
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return invalid(tmp_path / "t.csv", "n,amount\n1,10.50\n2,1 000\n", mapping=mapping)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.EN, "line 3, column 'amount': expected a number such as 1000.50; got '0 000'"),
        (Language.RU, "строка 3, столбец 'amount': ожидается число вида 1000.50; получено '0 000'"),
        (Language.KK, "3-жол, 'amount' бағаны: 1000.50 түріндегі сан күтіледі; алынғаны '0 000'"),
    ],
)
def test_the_place_of_a_fault_in_a_table(table: FileInvalid, language: Language, said: str) -> None:
    [place] = places_of(table, Locale(language), {}).told
    assert place.startswith(said)
    explained = explain(table, Locale(language))
    assert explained.places == (place,)
    assert not explained.has_places
    # The message stays as it is for whoever is asked for help.
    assert "line 3, column 'amount': expected a number" in explained.detail


def test_faults_of_a_kind_are_told_together(tmp_path: Path) -> None:
    lines = '{"id": "p", "schema": "Persn", "properties": {}}\n' * 14
    error = invalid(tmp_path / "s.ftm.json", lines)
    [place] = places_of(error, Locale(Language.RU), {}).told
    assert place == (
        "строки 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 и ещё 4: "
        "ожидается схема FollowTheMoney, получено 'Persn'"
    )


def test_kinds_of_faults_beyond_the_first_are_counted(tmp_path: Path) -> None:
    lines = "".join(
        f'{{"id": "p", "schema": "None{number}", "properties": {{}}}}\n' for number in range(25)
    )
    places = places_of(invalid(tmp_path / "s.ftm.json", lines), Locale(Language.KK), {}).told
    assert len(places) == 21
    assert places[-1] == "және тағы қате: 5"


def test_the_place_of_a_fault_in_a_document(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text("a: 1\nb: !x 2\n", encoding="utf-8")
    with pytest.raises(FileInvalid) as raised:
        read_fields(path)
    [place] = places_of(raised.value, Locale(Language.RU), {}).told
    # What was expected there has no words of that language: the message says it.
    assert place == "строка 2, b"
    assert explain(raised.value, Locale(Language.RU)).has_places
    [place] = places_of(raised.value, Locale(Language.EN), {}).told
    assert place.startswith("line 2, b: a tag")


def test_a_hostile_heading_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING.replace("amount}", "'{0.x}\\u202e'}"), encoding="utf-8")
    error = invalid(tmp_path / "t.csv", "n,{0.__class__}\n1,2\n", mapping=mapping)
    for language in Language:
        places = places_of(error, Locale(language), {}).told
        assert any("{0.__class__}" in place for place in places)
        assert not any("\u202e" in place for place in places)


def test_a_sentence_without_a_translation_stays_as_it_is() -> None:
    for each in ("expected something else", "no such thing", "expected at most 3 characters"):
        assert translated(each, Language.RU) == each


def test_an_error_without_places_has_its_detail_open() -> None:
    found = explain(Reason.DOCUMENT_INVALID.error("no.csv is empty"), Locale(Language.RU))
    assert found.places == ()
    assert found.has_places
