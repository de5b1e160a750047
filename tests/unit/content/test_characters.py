"""Characters that deceive: found, named, and left alone where they do not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.characters import (
    describe_mixed,
    find_hidden,
    is_hidden,
    look_alike,
    mark_mixed,
)


@pytest.mark.parametrize(
    "char",
    [
        "\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9b",  # control
        "\u202e", "\u202a", "\u2066", "\u200f", "\u061c",  # direction
        "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f",  # invisible
        "\ufffd", "\ufe0f", "\U000e0041", "\U000e0100", "\u180b", "\ufff9",
        "\u115f", "\u3164", "\uffa0", "\u2800",  # blanks that count as letters or symbols
        "\u2028", "\u2029", chr(0xD800), "\ue000", "\ufffe", "\uffff", "\u0378",
    ],
)  # fmt: skip
def test_character_that_no_text_needs_is_found_and_named(char: str) -> None:
    found = find_hidden(f"Имя{char}Name")
    assert found is not None
    assert found.offset == 3
    assert found.name.startswith(f"U+{ord(char):04X}")
    assert "character 4" in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "", "plain", "строка\nдругая\r\nтретья\tячейка", "Қасымова Әлия", "№ 5 — «Ромашка» ’ … €",
        "a\u00a0b\u202fc", "中文", "ქართული", "हिन्दी", "é e\u0301", "😀", "1\u2009000",
    ],
)  # fmt: skip
def test_text_of_people_is_left_alone(text: str) -> None:
    assert find_hidden(text) is None


@pytest.mark.parametrize("text", ["a\rb", "a\r", "\r\r\n"])
def test_carriage_return_that_ends_no_line_is_found(text: str) -> None:
    assert find_hidden(text) is not None


def test_marks_that_cover_a_letter_are_found() -> None:
    assert find_hidden("a" + "\u0301" * 4) is None
    assert find_hidden("a" + "\u0301" * 5) is not None


@given(st.text(max_size=50))
def test_quick_look_and_close_look_agree(text: str) -> None:
    lone = text.replace("\r\n", "")
    many_marks = re.search("[\u0300-\U0010ffff]{5}", text)
    if not many_marks:
        assert (find_hidden(text) is None) == (not any(map(is_hidden, lone)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("KZ-СРС-1", "U+0421, U+0420"),
        ("KZ.СРС", "Cyrillic and Latin"),
        ("Иванoв", "U+006F"),
        ("Pеter", "U+0435"),
        ("Ωmega", "Greek and Latin"),
    ],
)
def test_letters_of_two_scripts_in_one_word_are_told(text: str, says: str) -> None:
    words = describe_mixed(text)
    assert words is not None
    assert says in words
    assert mark_mixed(text) == f"{text} [{words}]"


@pytest.mark.parametrize(
    "text", ["Иванов", "Ivanov", "Ivanov Иванов", "SWIFT-код", "УПК-1", "KZ-CPC-1", "5кг", "中a"]
)
def test_words_of_one_script_pass(text: str) -> None:
    assert describe_mixed(text) is None
    assert mark_mixed(text) == text


def test_texts_that_look_alike_pass_for_one_another() -> None:
    for other in ("Witness", "wіtness", " witness", "wit ness", "ｗitness"):
        assert look_alike(other, "witness")
    assert not look_alike("suspect", "witness")
    assert not look_alike("подозреваемый", "свидетель")


@pytest.mark.parametrize(
    ("one", "other"), [("НЕТ", "HET"), ("ИИН", "ИИH"), ("ВАНК", "BAHK"), ("Тоо", "TOO")]
)
def test_capitals_that_look_alike_pass_for_one_another(one: str, other: str) -> None:
    """Their small letters do not look alike."""
    assert look_alike(one, other)
    assert not look_alike("WITNESS", "WLTNESS")
