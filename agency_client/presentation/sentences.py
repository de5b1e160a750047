"""Sentences that are found by their form, to be told in another language.

The modules that read files say in English what they expected. Each of their sentences stands in a
table with its translations, and with `{}` for what varies: a column, a number, the name of a
property. A text is looked up in the table; what stood in the place of `{}` is given back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from exchange_protocol.words import Words


class Forms:
    """The forms of many sentences, tried in their order."""

    def __init__(self, sentences: Iterable[Words]) -> None:
        self._sentences = tuple(sentences)

    @cached_property
    def _forms(self) -> list[tuple[re.Pattern[str], Words]]:
        # Some hundred patterns take 20 ms to compile, and most commands look for none.
        return [(_pattern(words), words) for words in self._sentences]

    def find(self, text: str) -> Iterator[tuple[Words, tuple[str, ...]]]:
        """The sentences whose form a text has, the first one first, each with what varies in it."""
        for pattern, words in self._forms:
            if found := pattern.fullmatch(text):
                yield words, found.groups()


def _pattern(words: Words) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, words.en.split("{}"))), re.DOTALL)
