"""YAML and JSON: what stands there is read, and what cannot be is refused with its place."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.fields_file import MAX_DEPTH, MAX_DOCUMENT_BYTES, read_fields
from agency_client.content.source import HeldFile
from agency_client.content.strict_json import parse_json
from exchange_protocol.errors import InvalidInput, Reason

pytestmark = pytest.mark.long

SECRET = "Тайный (вымышлен)"


def read(folder: Path, data: str | bytes, name: str = "f.yaml") -> object:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_fields(path).values


def refused_file(folder: Path, data: str | bytes, name: str = "f.yaml") -> str:
    with pytest.raises(InvalidInput) as caught:
        read(folder, data, name)
    assert caught.value.reason is Reason.DOCUMENT_INVALID
    assert name in caught.value.message
    assert SECRET not in str(caught.value)
    return caught.value.message


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "0012", "1_000", "12:30", "1e5", "0x1F", ".inf", "2020-01-01", "=", "5.50"],
)
def test_scalar_of_yaml_is_the_text_that_stands_there(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f"a: {text}\n") == {"a": text}
    assert read(tmp_path, f"a: [{text}]\n") == {"a": [text]}


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_nothing_is_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f"a: {text}\n") == {"a": None}
    assert read(tmp_path, f"a: '{text}'\n") == {"a": text}


@pytest.mark.parametrize("text", ["NULL", "Null"])
def test_word_that_yaml_takes_for_nothing_is_refused(tmp_path: Path, text: str) -> None:
    message = refused_file(tmp_path, f"a: 1\nb: {text}\n")
    assert "line 2, b: expected quotes around the word, or no value at all" in message
    assert read(tmp_path, f"b: '{text}'\n") == {"b": text}


@given(
    st.dictionaries(
        st.text("abc", min_size=1),
        st.recursive(
            st.text(
                st.characters(
                    codec="utf-8",
                    categories=["L", "N", "P", "Zs"],
                    # Letters that are invisible: such input is refused.
                    exclude_characters="\u115f\u1160\u3164\uffa0",
                )
            ),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz"), inner),
            max_leaves=8,
        ),
        min_size=1,
    )
)
def test_every_value_comes_in_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("f")
    assert read(folder, json.dumps(values), "f.json") == values
    assert read(folder, yaml.safe_dump(values, default_style='"', allow_unicode=True)) == values


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 1, column 1", "line 3, column 1"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", "line 2, column 3", "line 4, column 3"),
        ("a: [{b: 1, b: 2}]\n", "line 1, column 6", "line 1, column 12"),
        ("'a': 1\n\"a\": 2\n", "line 1, column 1", "line 2, column 1"),
    ],
)
def test_name_that_stands_twice_in_yaml_is_refused_with_both_places(
    tmp_path: Path, text: str, first: str, second: str
) -> None:
    message = refused_file(tmp_path, text)
    assert first in message
    assert second in message


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ('{"a": 1, "a": 2}', "line 1, column 2", "line 1, column 10"),
        ('{"a":\n{"b": [1, {"c": 2,\n"c": 3}]}}', "line 2, column 12", "line 3, column 1"),
        ('{"a": "}{][,:", "\\u0061": 2}', "line 1, column 2", "line 1, column 17"),
    ],
)
def test_name_that_stands_twice_in_json_is_refused_with_both_places(
    tmp_path: Path, text: str, first: str, second: str
) -> None:
    message = refused_file(tmp_path, text, "f.json")
    assert first in message
    assert second in message


def test_all_faults_of_a_file_are_told_at_once_and_the_rest_counted(tmp_path: Path) -> None:
    message = refused_file(tmp_path, "".join(f"a{n}: &x{n} 1\n" for n in range(30)))
    assert "line 1, a0" in message
    assert "line 20, a19" in message
    assert "line 21" not in message
    assert message.endswith("and 10 more")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("NaN", "NaN is no JSON"),
        ("-Infinity", "-Infinity is no JSON"),
        ('["NaN", Infinity]', "Infinity is no JSON"),
        ("-" + "9" * 5000, "a number is too long"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    ],
    ids=["NaN", "-Infinity", "Infinity", "long", "deep"],
)
def test_what_json_does_not_have_is_told_by_its_line(tmp_path: Path, value: str, says: str) -> None:
    text = f'{{\n "a": ["NaN", 1.5],\n "b":\n  {value}\n}}'
    assert refused_file(tmp_path, text, "f.json").endswith(
        f"f.json, line 4: expected YAML or JSON in UTF-8, it does not parse: {says}"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x 1\n", "anchor"),
        ("a: 1\nb: *x\n", "line 2"),
        ("a: &x 1\nb: *x\n", "alias"),
        ("a: {<<: {b: 1}}\n", "merging"),
        ("a: !!python/object:os.system 1\n", "tag"),
        ("a: !!str 1\n", "tag"),
        ("? [a, b]\n: 1\n", "name of a field"),
        (
            "a: 1\n---\nb: 2\n",
            "line 2: expected YAML or JSON in UTF-8, it does not parse: expected one document",
        ),
        (f"a: {'[' * (MAX_DEPTH + 1)}{']' * (MAX_DEPTH + 1)}\n", "nested too deeply"),
        ("[" * 50_000, "does not parse"),
    ],
)
def test_what_a_person_cannot_see_through_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused_file(tmp_path, text)


def test_few_bytes_do_not_stand_for_many(tmp_path: Path) -> None:
    bomb = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12)
    )
    start = time.thread_time()
    assert "alias" in refused_file(tmp_path, bomb)
    assert time.thread_time() - start < 1


@pytest.mark.parametrize(
    "text", ["a: Case #5\n", "a: [x #5\n]\n", "a: Case\t#5\n", "b: 1\na: Case #5"]
)
def test_number_sign_that_would_cut_a_text_is_refused(tmp_path: Path, text: str) -> None:
    assert "comment" in refused_file(tmp_path, text)


def test_comments_and_number_signs_apart_are_read(tmp_path: Path) -> None:
    text = "# head\na: Case#5  # tail\nb: 'Case #5' # tail\nc: # tail\n  d: 1\n"
    assert read(tmp_path, text) == {"a": "Case#5", "b": "Case #5", "c": {"d": "1"}}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_file_as_notepad_saves_it_is_read(tmp_path: Path, end: str, mark: str) -> None:
    text = f"{mark}a: 1{end}b: два{end}"
    assert read(tmp_path, text) == {"a": "1", "b": "два"}
    assert read(tmp_path, f'{mark}{{"a": "1",{end}"b": "два"}}', "f.json") == {"a": "1", "b": "два"}


@pytest.mark.parametrize("name", ["f.yaml", "f.json"])
@pytest.mark.parametrize("encoding", ["cp1251", "utf-16", "utf-16-le", "utf-32"])
def test_other_encoding_is_refused_with_what_to_do(
    tmp_path: Path, name: str, encoding: str
) -> None:
    data = f'{{"a": "1",\n"b": "{SECRET}"}}'.encode(encoding)
    message = refused_file(tmp_path, data, name)
    assert "UTF-8" in message or "U+0000" in message


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        ("a: 1\nb: x\u202ey\n", "f.yaml", "line 2: expected visible text; character 5 is U+202E"),
        ('a: "x\\0y"\n', "f.yaml", "line 1, a: expected visible text; character 2 is U+0000"),
        ('a: ["x", "\\u200b"]\n', "f.yaml", "line 1, a.1"),
        ('{"a": "\\ud800"}', "f.json", "line 1, a: expected visible text; character 1 is U+D800"),
        ('{"a\\u0000": 1}', "f.json", "a name has U+0000"),
        ("a: 1 \x1b[2J\n", "f.yaml", "U+001B"),
        ("# \u202e\na: 1\n", "f.yaml", "line 1"),
    ],
)
def test_characters_that_deceive_are_refused_with_their_place(
    tmp_path: Path, data: str, name: str, says: str
) -> None:
    assert says in refused_file(tmp_path, data, name)


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        ("", "f.yaml", "is empty"),
        ("  \n\n", "f.yaml", "is empty"),
        ("", "f.json", "is empty"),
        ("# only a comment\n", "f.yaml", "holds no fields"),
        ("null", "f.json", "holds no fields"),
        ("- a\n", "f.yaml", "expected fields with names, got a list"),
        ("text", "f.yaml", "expected fields with names, got text"),
        ("5", "f.json", "expected fields with names, got a number"),
        ('{"a": NaN}', "f.json", "NaN"),
        ('{"a": 1' + "0" * 5000 + "}", "f.json", "too long"),
        (f"a: 1\nb: [{SECRET}", "f.yaml", "does not parse"),
        (f"a: {SECRET}: b", "f.yaml", "line 1"),
        ('{"a": 1,\n"b": }', "f.json", "line 2"),
    ],
)
def test_what_is_no_document_is_refused_in_words(
    tmp_path: Path, data: str, name: str, says: str
) -> None:
    assert says in refused_file(tmp_path, data, name)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("f")
    for name in ("f.yaml", "f.json"):
        (folder / name).write_bytes(data)
        try:
            read_fields(folder / name)
        except InvalidInput as error:
            assert error.reason is Reason.DOCUMENT_INVALID  # noqa: PT017 - either is well


def test_json_keeps_pairs_of_surrogates() -> None:
    assert parse_json(b'{"a": "\\ud83d\\ude00"}') == ({"a": "😀"}, None)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\3\4" + bytes(26) + b"xl/workbook.xml", "a workbook of Excel"),
        (b"\x1f\x8b\x08", "a compressed file"),
    ],
)
def test_a_file_of_another_program_is_told_by_its_kind(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    path = tmp_path / "d.yaml"
    path.write_bytes(data)
    for file in (path, HeldFile("d.yaml", data)):
        with pytest.raises(InvalidInput, match=f"it does not parse: it is {kind}$"):
            read_fields(file)


def test_a_document_that_is_held_is_read_as_its_file(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text('{"a": {"b": "c"}}', "utf-8")
    held = read_fields(HeldFile("d.json", path.read_bytes()))
    assert held.values == read_fields(path).values
    with pytest.raises(InvalidInput, match="expected at most 1048576 bytes"):
        read_fields(HeldFile("d.yaml", bytes(MAX_DOCUMENT_BYTES + 1)))
