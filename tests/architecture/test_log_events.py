"""The events of the hub's own log have names that a program can look for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception"}


def logged() -> list[ast.expr]:
    """The first argument of every call of a module's `_log`."""
    return [
        node.args[0]
        for path in sorted((ROOT / "exchange_server").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and ast.unparse(node.func.value) == "_log"
    ]


def test_every_event_has_a_fixed_name_in_lower_case() -> None:
    names = [event.value if isinstance(event, ast.Constant) else None for event in logged()]
    assert names
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", str(name))] == []
