"""docs/configuration.md names every key of the configuration, with its default, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from exchange_server.config import Config

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_the_document_lists_every_key_with_its_default() -> None:
    documented: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## \[(\w+)\]", line):
            section = documented.setdefault(heading[1], {})
        elif row := re.match(r"\| `(\w+)` \| ([^|]+) \|", line):
            section[row[1]] = row[2].strip("` ").replace(",", "")

    expected: dict[str, dict[str, str]] = {}
    for name, field in Config.model_fields.items():
        model = field.annotation
        assert model is not None
        expected[name] = {
            key: "required"
            if each.is_required()
            else "none"
            if each.default in (None, (), {})
            else str(each.default).lower()
            for key, each in model.model_fields.items()
        }
    assert documented == expected
