"""Errors in the reader's language."""

from __future__ import annotations

import re

import pytest

from agency_client.console.words import FIELD_WORDS
from agency_client.presentation.documents import FIELDS
from agency_client.presentation.faults import REASONS, explain
from agency_client.presentation.locale import Locale
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language

_LATIN = re.compile(r"[A-Za-z]{3,}")
NAMES = {**FIELDS, **FIELD_WORDS}


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_every_reason_is_a_sentence_in_every_language(reason: Reason) -> None:
    words = REASONS[reason]
    for text in (words.en, words.ru, words.kk):
        assert text == text.strip()
        assert text.endswith(".")
        assert text[0].isupper()
    assert not _LATIN.search(words.ru)
    assert not _LATIN.search(words.kk)
    assert words.ru != words.kk


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("brief.summary", "суть"),
        ("request.items[2]", "запрошенные сведения"),
        ("to[0]", "кому"),
        ("strange.path", ""),
        (None, ""),
    ],
)
def test_a_field_is_called_by_its_words(path: str | None, said: str) -> None:
    error = Reason.INVALID_FIELD.error("expected a text", field=path)
    found = explain(error, Locale(Language.RU), NAMES)
    assert found.field.lower() == said
    assert (path or "") in found.detail


def test_the_detail_is_the_message_with_its_unseen_characters_shown() -> None:
    found = explain(Reason.TOO_MANY.error("a\u202eb"), Locale(Language.KK))
    assert "[U+202E]" in found.detail
    assert found.reason == "TOO_MANY"
    assert not found.has_places
    assert explain(Reason.DOCUMENT_INVALID.error("line 2"), Locale(Language.KK)).has_places
