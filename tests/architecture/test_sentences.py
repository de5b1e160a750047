"""Sentences have the form that CONTRIBUTING.md asks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "agency_client",
    "benchmarks",
    "certs",
    "demo",
    "exchange_server",
    "proto",
    "scripts",
    "tests",
)
QUESTION_WORDS = frozenset(
    ("How", "What", "When", "Where", "Whether", "Which", "Who", "Whoever", "Whose", "Why")
)
_CANDIDATE = re.compile(rf"[\"'\\]\s*(?:{'|'.join(sorted(QUESTION_WORDS))})\b")
"""A text that could be such a docstring."""


def docstrings(source: str) -> Iterator[str]:
    """The docstrings of a module, its classes and its functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def questions(source: str) -> list[str]:
    """The docstrings that begin with a question word."""
    if not _CANDIDATE.search(source):
        return []  # To parse it takes a hundred times as long.
    return [text for text in docstrings(source) if text.partition(" ")[0] in QUESTION_WORDS]


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstring_begins_with_a_noun_or_a_verb(folder: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): asked
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "_pb2" not in path.name
        if (asked := questions(path.read_text("utf-8")))
    }
    assert found == {}


def test_docstring_that_begins_with_a_question_word_is_found() -> None:
    source = 'class Line:\n    """A line."""\n\n    def end(self):\n        """Where it ends."""\n'
    assert questions(source) == ["Where it ends."]
