"""Characters that deceive: found, named, and left alone where they do not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.characters import (
    SHAPING,
    describe_mixed,
    find_hidden,
    is_hidden,
    look_alike,
    mark_mixed,
)
from agency_client.content.file_names import name_fault, safe_file_name
from agency_client.content.folding import name_keys
from agency_client.presentation.visible import mark_hidden

SEEN = (
    "می\u200cرود", "گزارش\u200cها", "خواسته\u200cاند", "علی\u200cرضا", "چه\u064e\u200cها",
    "शर्\u200dमा", "क्\u200cष", "ශ්\u200dරී",  # India, Sri Lanka
    "۱۳۷۰ ه\u200d.ش", "ه\u200d ق", "م\u064e\u200d", "র\u200d্যাব", "ৰ\u200d্যা", "ರ\u200d್ಕ",
    "Айдос ❤\ufe0f", "☎\ufe0f 77011234567", "👨\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈", "👩🏽\u200d🚒",
    "3\ufe0f\u20e3", "❤\ufe0f\u200d🔥",
)  # fmt: skip
"""Texts in scripts of Iran, India and Sri Lanka and with pictures: what has no form gives one."""
UNSEEN = (
    "کار\u200cها", "\u200cمی", "می\u200c", "می\u200c\u200cرود", "می\u200c رود", "Ali\u200cReza",
    "Ив\u200dан", "ع\u200dل", "1\ufe0f", "a\ufe0f", "😀\ufe0f", "❤\ufe0f\ufe0f", "❤\u200d",
    "ا\u200d.ش", "ه\u200d\u200d.ش", "র\u200dক", "क\u200d्ष", "\u200dه",
    "\u200d❤", "❤\u200d\u200d🔥", "👨\u200dA", "KZ\u200d1",
)  # fmt: skip
"""Texts that look the same without it."""


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


@pytest.mark.parametrize("text", SEEN)
def test_joiner_that_changes_what_is_seen_is_text(text: str) -> None:
    assert find_hidden(text) is None
    assert mark_hidden(text) == text
    assert name_fault(f"{text}.pdf") is None
    assert safe_file_name(f"{text}.pdf") == f"{text}.pdf"


@pytest.mark.parametrize("text", UNSEEN)
def test_joiner_that_nobody_sees_is_found_and_shown(text: str) -> None:
    found = find_hidden(text)
    assert found is not None
    assert found.name.startswith(f"U+{ord(text[found.offset]):04X}")
    assert text[found.offset] in SHAPING
    assert f"[U+{ord(text[found.offset]):04X}]" in mark_hidden(text)
    assert name_fault(f"{text}.pdf") is not None
    assert "_" in safe_file_name(f"{text}.pdf")


def test_name_is_found_with_a_joiner_and_without() -> None:
    assert name_keys("علی\u200cرضا") == name_keys("علیرضا")
    assert look_alike("علی\u200cرضا", "علیرضا")


@given(st.text(st.sampled_from("میرک اA1❤😀👨🏽\u20e3\u094dর\u09cd" + SHAPING), max_size=12))
def test_texts_that_look_the_same_do_not_differ_in_joiners(text: str) -> None:
    """Text that passes has no two such characters in a row, and none at its beginning."""
    if find_hidden(text) is None:
        assert not re.search(rf"\A[{SHAPING}]|[\u200c\u200d][{SHAPING}]|\ufe0f\ufe0f", text)


@given(st.text(max_size=50))
def test_quick_look_and_close_look_agree(text: str) -> None:
    lone = text.replace("\r\n", "")
    many_marks = re.search("[\u0300-\U0010ffff]{5}", text)
    if not many_marks and not {*text} & {*SHAPING}:
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
