"""Names of attachments: as people write them in the seal, safe on every disk."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.file_names import (
    MAX_NAME_BYTES,
    check_file_names,
    encode_index,
    name_fault,
    parse_index,
    part_name,
    safe_file_name,
)
from exchange_protocol.errors import InvalidInput, Reason


@pytest.mark.parametrize(
    "name",
    [
        "выписка.pdf",
        "my scan.pdf",
        "Отчёт № 5 (копия).docx",
        "a",
        ".hidden",
        "a=b",
        "con",
        "写真.png",
    ],
)
def test_name_as_people_write_it_is_good(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "", " ", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "a\x00b", "a\nb", "a\tb", "a\rb",
        "evil\u202egpj.exe", "in\u200bvisible", "\ufeffa", "x" * 201, "я" * 121, ". .", 7, None,
        "half\ud800",
    ],
)  # fmt: skip
def test_name_that_leads_elsewhere_or_deceives_is_refused(name: object) -> None:
    assert name_fault(name)
    with pytest.raises(InvalidInput) as caught:
        check_file_names([name])  # type: ignore[list-item]
    assert caught.value.reason is Reason.INVALID_FIELD
    assert caught.value.field == "attachments"


@pytest.mark.parametrize(
    "names",
    [
        ["й.pdf", "и\u0306.pdf"],
        ["a.pdf", "A.PDF"],
        ["Выписка.pdf", "выписка.pdf"],
        ["a", "a."],
        ["a", "a "],
        ["a:b.txt", "a?b.txt"],
        ["con", "_con"],
        ["straße.txt", "STRASSE.txt"],
    ],
)
def test_two_names_that_are_one_to_a_reader_or_a_disk_are_refused(names: list[str]) -> None:
    with pytest.raises(InvalidInput, match="are the same to a reader, or where they are saved"):
        check_file_names(names)


def test_names_that_every_disk_keeps_apart_are_taken() -> None:
    check_file_names(["a.pdf", "a.txt", "a-2.pdf", "con", "aux.txt", ".a", "a b", "ab"])


def test_index_comes_back_as_it_was() -> None:
    names = {part_name(number): f"Имя {number}.pdf" for number in range(1, 4)}
    assert parse_index(encode_index(names), list(names)) == names


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b"\xff", b'{"attachments": {}}', b'{"attachments": [1]}',
        b'{"attachments": [{"part": "attachment.1"}]}',
        b'{"attachments": [{"part": "attachment.1", "name": ""}]}',
        b'{"attachments": [{"part": "attachment.1", "name": "a", "more": 1}]}',
        b'{"attachments": [{"part": "attachment.1", "name": "a"}], "more": 1}',
        b'{"attachments": [{"part": "attachment.2", "name": "a"}]}',
        b'{"attachments": [{"part": "attachment.1", "part": "attachment.1", "name": "a"}]}',
        b'{"attachments": [{"part": "attachment.1", "name": "a"},'
        b' {"part": "attachment.1", "name": "b"}]}',
        b'{"attachments": []}',
        json.dumps({"attachments": [{"part": "attachment.1", "name": "a" * 201}]}).encode(),
        b" " * 300_000,
    ],
)  # fmt: skip
def test_index_that_does_not_name_each_file_once_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_index(data, ["attachment.1"])
    assert caught.value.reason is Reason.DOCUMENT_INVALID


def test_two_files_of_one_name_are_refused() -> None:
    data = encode_index({"attachment.1": "a", "attachment.2": "a"})
    with pytest.raises(InvalidInput, match="name of its own"):
        parse_index(data, ["attachment.1", "attachment.2"])


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("выписка.pdf", "выписка.pdf"),
        ("my scan.pdf", "my scan.pdf"),
        ("../../profile.toml", ".._.._profile.toml"),
        ("/etc/passwd", "_etc_passwd"),
        ("a\\b:c*d?.txt", "a_b_c_d_.txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("console.txt", "console.txt"),
        ("name. . ", "name"),
        ("..", "file"),
        ("", "file"),
        ("a\u202eb\x00c\n", "a_b_c_"),
    ],
)
def test_name_is_made_safe_for_every_system(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


def test_names_are_kept_apart_also_where_case_and_accents_are_not_seen() -> None:
    taken: list[str] = []
    for name in ("a.pdf", "A.PDF", "a.pdf", "й", "и\u0306", "a-2.pdf", "brief.json"):
        taken.append(safe_file_name(name, taken))
    assert taken == ["a.pdf", "A-2.PDF", "a-3.pdf", "й", "й-2", "a-2-2.pdf", "brief.json"]


@given(st.lists(st.text(max_size=300), max_size=6))
def test_any_names_become_files_of_one_folder(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        safe = safe_file_name(name.encode("utf-8", "replace").decode(), taken)
        assert 0 < len(safe.encode()) <= MAX_NAME_BYTES
        assert not {*safe} & {*'/\\:*?"<>|\0\n'}
        assert safe not in (".", "..")
        assert safe == safe.strip(" ").rstrip(".")
        taken.append(safe)
    assert len({each.casefold() for each in taken}) == len(taken)
