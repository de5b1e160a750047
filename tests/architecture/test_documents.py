"""The documents point at what is there, have one form, and leave nothing out of their lists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))
RULES = DOCS / "rules.md"
SOURCES = sorted(
    path
    for folder in (
        "agency_client",
        "certs",
        "demo",
        "exchange_server",
        "proto",
        "policies",
        "tests",
    )
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".cedar", ".proto", ".py"} and "_pb2" not in path.name
)
PARTS_OF_A_DECISION = ["Context", "Decision", "Consequences", "What else was looked at"]


def links(document: Path) -> list[str]:
    """The links of a document within the repository, without the part after a hash."""
    found = re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8"))
    return [link.partition("#")[0] for link in found if "://" not in link and link[0] != "#"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    assert [link for link in links(document) if not (document.parent / link).exists()] == []


def test_the_index_names_every_guide_once() -> None:
    guides = sorted(path.name for path in DOCS.glob("*.md") if path.name != "README.md")
    named = sorted(link for link in links(DOCS / "README.md") if "/" not in link)
    assert [link for link in named if link in guides and named.count(link) == 1] == guides


def test_readme_and_architecture_lead_to_the_index_and_the_glossary() -> None:
    for document in (ROOT / "README.md", ROOT / "ARCHITECTURE.md"):
        assert {"docs/README.md", "docs/glossary.md"} <= set(links(document))


def test_the_map_of_the_code_shows_what_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    tree = text.partition("```\n")[2].partition("```")[0]
    folder, found = ROOT, 0
    for line in tree.splitlines():
        indented = len(line) - len(line.lstrip())
        if indented > 2:  # goes on with the line before
            continue
        names = re.split(r"  +", line.strip())[0].split(", ")
        if indented == 0:
            folder = ROOT / names[0]
        else:
            assert [name for name in names if not (folder / name).exists()] == [], line
        assert folder.exists(), line
        found += 1
    assert found > 20


def test_every_path_in_the_table_of_changes_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Where a change goes")[2]
    paths = re.findall(r"`([a-z_/]+(?:\.[a-z]+|/))`", text)
    assert paths
    roots = (
        ROOT,
        ROOT / "proto" / "exchange_protocol",
        ROOT / "proto" / "exchange_protocol" / "v1",
    )
    assert [path for path in paths if not any((root / path).exists() for root in roots)] == []


# --- Decisions ------------------------------------------------------------------------------------


def test_the_list_of_decisions_names_each_of_them_once_and_in_order() -> None:
    assert links(DOCS / "adr" / "README.md") == [path.name for path in DECISIONS]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_decision_has_the_common_form(decision: Path) -> None:
    title, blank, status, *rest = decision.read_text("utf-8").splitlines()
    number = decision.name[:4]
    assert title.startswith(f"# {number} ")
    assert blank == ""
    assert re.fullmatch(r"Status: (accepted|superseded by \[\d{4}\]\(.+\))", status)
    assert [line[3:] for line in rest if line.startswith("## ")] == PARTS_OF_A_DECISION
    row = f"| [{number}]({decision.name}) | {title.removeprefix(f'# {number} ')} |"
    assert row in (DOCS / "adr" / "README.md").read_text("utf-8").splitlines()


# --- Rules of the field ---------------------------------------------------------------------------


def rules() -> dict[str, str]:
    """The rules of the field, by anchor."""
    _, *sections = re.split(r"^### ", RULES.read_text("utf-8"), flags=re.MULTILINE)
    return {section.splitlines()[0].lower(): section for section in sections}


def test_every_rule_has_a_source_and_what_enforces_it() -> None:
    assert {f"p{number}" for number in range(1, 17)} <= set(rules())
    for anchor, text in rules().items():
        assert "\n- Source: " in text, anchor
        assert "\n- Enforced by: " in text, anchor


def test_what_enforces_a_rule_is_there() -> None:
    policy = (ROOT / "policies" / "caricc.cedar").read_text("utf-8")
    for anchor, text in rules().items():
        enforced = text.partition("\n- Enforced by: ")[2]
        for path in re.findall(r"`([a-z_/]+\.(?:py|cedar|md))`", enforced):
            roots = (ROOT, ROOT / "proto" / "exchange_protocol")
            assert any((root / path).exists() for root in roots), (anchor, path)
        for rule in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", enforced):
            assert f'@id("{rule}")' in policy, (anchor, rule)


def test_every_rule_that_code_cites_is_there() -> None:
    cited = {
        (anchor, path)
        for path in [*SOURCES, *DOCUMENTS]
        for anchor in re.findall(r"rules\.md#([a-z0-9]+)", path.read_text("utf-8"))
        if anchor != "sources"
    }
    assert cited
    assert [each for each in cited if each[0] not in rules()] == []


def test_code_cites_documents_of_this_repository() -> None:
    """A number without a document is of no use to whoever reads the code."""
    for path in SOURCES:
        if path != Path(__file__).resolve():
            found = re.findall(r"[Rr]ule P\d|design, section", path.read_text("utf-8"))
            assert found == [], path
