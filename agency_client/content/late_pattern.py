"""Regular expressions that are compiled when they are first used.

The words of tables and reports in the languages of the region take 40 ms to compile. Every start of
a command loads them, and few commands read a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

Finder: TypeAlias = Callable[[str], re.Match[str] | None]


class LatePattern:
    """A regular expression, with the methods of `re.Pattern` that are used here."""

    def __init__(self, text: str, flags: int = 0) -> None:
        self._text = text
        self._flags = flags

    @cached_property
    def fullmatch(self) -> Finder:
        """Match a whole text."""
        return self._compiled.fullmatch

    @cached_property
    def search(self) -> Finder:
        """Find the first match in a text."""
        return self._compiled.search

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._text, self._flags)
