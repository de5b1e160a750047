"""The client's core stays in parts: no class knows everything."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from pathlib import Path

import pytest

from agency_client import ExchangeClient

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "agency_client" / "core"
MOST_LINES = 250


@cache
def classes(path: Path) -> list[ast.ClassDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


@pytest.mark.parametrize("path", sorted(CORE.glob("*.py")), ids=lambda path: path.stem)
def test_a_class_of_the_core_is_read_in_one_sitting(path: Path) -> None:
    for each in classes(path):
        assert each.end_lineno is not None
        assert each.end_lineno - each.lineno < MOST_LINES, each.name


@pytest.mark.parametrize("path", sorted(CORE.glob("*.py")), ids=lambda path: path.stem)
def test_the_core_is_composed_and_not_inherited(path: Path) -> None:
    own = {each.name for other in CORE.glob("*.py") for each in classes(other)}
    for each in classes(path):
        assert not own & {ast.unparse(base) for base in each.bases}, each.name


def test_operations_touch_no_network() -> None:
    for path in CORE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] not in ("grpc", "socket", "asyncio", "ssl"), path


def test_every_method_that_makes_a_statement_says_what_it_raises() -> None:
    silent = [
        name
        for name, method in inspect.getmembers(ExchangeClient, inspect.isfunction)
        if "Sent | Queued" in str(inspect.signature(method).return_annotation)
        and "Raises:" not in (inspect.getdoc(method) or "")
    ]
    assert silent == []
