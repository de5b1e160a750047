"""The map at the head of a package names its modules, and no module that is gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = ("proto/exchange_protocol/kinds", "proto/exchange_protocol/v1")
"""A kind finds its module by its name; the modules of the wire are generated."""
ENTRY = re.compile(r"(?: {4})?((?:[a-z_]+(?:\.py)?(?:, )?)+)(?:\s{2,}\S|$)")
"""A line of a map: names of modules, and after two blanks or more what they hold."""


def packages() -> Iterator[Path]:
    """The packages whose head is a map."""
    for root in ("agency_client", "exchange_server", "proto/exchange_protocol"):
        for face in sorted((ROOT / root).rglob("__init__.py")):
            name = face.parent.relative_to(ROOT).as_posix()
            if name in LEFT_OUT or name in ("agency_client", "proto/exchange_protocol"):
                continue
            if len(modules(face.parent)) > 1 and "migrations" not in name:
                yield face


def modules(folder: Path) -> set[str]:
    """The modules and packages of a folder, by name."""
    files = {each.stem for each in folder.glob("*.py")} - {"__init__", "__main__"}
    return files | {each.parent.name for each in folder.glob("*/__init__.py")}


def head(face: Path) -> str:
    return ast.get_docstring(ast.parse(face.read_text(encoding="utf-8")), clean=False) or ""


def named(text: str) -> set[str]:
    """The modules that the lines of a map begin with."""
    found: set[str] = set()
    for line in text.splitlines()[1:]:
        entry = ENTRY.match(line)
        if entry is not None and (line[:4] == "    " or re.match(r"[a-z_, ]+?\s{2,}\S", line)):
            found.update(each.removesuffix(".py") for each in entry[1].split(", "))
    return found


@pytest.mark.parametrize(
    "face", list(packages()), ids=lambda face: face.parent.relative_to(ROOT).as_posix()
)
def test_map_of_a_package_names_each_of_its_modules_and_no_other(face: Path) -> None:
    text = head(face)
    there = modules(face.parent)
    assert named(text) - there == set()
    assert there - set(re.findall(r"[a-z0-9_]+", text)) == set()


def test_line_of_a_map_is_told_from_a_sentence() -> None:
    text = "Head.\n\n    one, two   what they hold\n    three\n            more\nplain words\n"
    assert named(text) == {"one", "two", "three"}
