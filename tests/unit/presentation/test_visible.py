"""Text of others is shown with nothing unseen in it, and with a word on what deceives."""

from __future__ import annotations

import pytest

from agency_client.presentation.visible import mark_hidden, one_line, shortened, visible
from exchange_protocol.kinds.codes import Language


def test_text_of_others_cannot_steer_a_terminal() -> None:
    shown = visible("a\x1b[2Jb\r\u202ec\u00a0d\te\nЫ\0")
    assert shown == "a[U+001B][2Jb[U+000D][U+202E]c d e\nЫ[U+0000]"


@pytest.mark.parametrize(
    "char",
    ["\u034f", "\u3164", "\u2800", "\ufe0f", "\u200b", "\u115f", "\u2066", "\u00ad", "\ud800"],
)
def test_character_that_nobody_sees_is_shown(char: str) -> None:
    assert visible(f"A{char}B") == f"A[U+{ord(char):04X}]B"


def test_marks_that_would_cover_the_lines_around_are_shown() -> None:
    assert visible("й" + "\u0301" * 6) == "й" + "\u0301" * 4 + "[U+0301][U+0301]"
    assert visible("Қасымова Ә.; ё; 中文; é") == "Қасымова Ә.; ё; 中文; é"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, "Cyrillic and Latin letters in one word: U+0421, U+0420"),
        (Language.RU, "кириллические и латинские буквы в одном слове: U+0421, U+0420"),
        (Language.KK, "бір сөзде кирилл және латын әріптері: U+0421, U+0420"),
    ],
)
def test_code_of_two_scripts_is_told_in_the_language(language: Language, words: str) -> None:
    said = visible("KZ-СРС-1, SWIFT-код, Иванов", language)
    assert said == f"KZ-СРС-1 [{words}], SWIFT-код, Иванов"


def test_marks_once_marked_stay_as_they_are() -> None:
    once = visible("a\u202eb\nc")
    assert mark_hidden(once) == once


def test_line_of_a_list_has_no_other_lines_in_it() -> None:
    assert one_line(" a\r\n b\t\tc\n\x0bd ") == "a b c [U+000B]d"


def test_long_text_is_cut_at_a_word() -> None:
    assert shortened("Счета и переводы", 40) == "Счета и переводы"
    assert shortened("Счета и переводы", 12) == "Счета и…"
    assert shortened("Достопримечательность", 8) == "Достопр…"
