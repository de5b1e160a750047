"""What the documents point at is there, and no decision or guide is left out of its list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def links(document: Path) -> list[str]:
    """Where a document leads within the repository, without the part after a hash."""
    found = re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8"))
    return [link.partition("#")[0] for link in found if "://" not in link and link[0] != "#"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    assert [link for link in links(document) if not (document.parent / link).exists()] == []


def test_the_list_of_decisions_names_each_of_them_once_and_in_order() -> None:
    decisions = sorted(path.name for path in (DOCS / "adr").glob("[0-9]*.md"))
    assert links(DOCS / "adr" / "README.md") == decisions


def test_the_readme_names_every_guide() -> None:
    guides = {f"docs/{path.name}" for path in DOCS.glob("*.md")}
    assert guides <= set(links(ROOT / "README.md"))
