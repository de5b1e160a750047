"""docs/adding-a-kind.md works: its blocks, applied to a copy, make a kind that speaks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exchange_protocol.kinds.catalogue import Kind

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "adding-a-kind.md").read_text("utf-8")
COPIED = (
    "agency_client",
    "proto",
    "policies",
    "scripts",
    "tests/__init__.py",
    "tests/support",
    "tests/scenarios",
    "docs/lifecycle.md",
)
CHECKS = (
    "tests/architecture/test_kinds.py",
    "tests/architecture/test_refusals.py",
    "tests/architecture/test_vocabulary.py",
)
ELSEWHERE = "provoked or exception or page"
"""Tests that need files which are not copied."""


COMMAND = """

from agency_client.cli.reference import help_of
text = help_of(("progress",))
assert "--expected-on" in text and "data-requested" in text and "--note" in text, text
import inspect
from agency_client import ExchangeClient
names = set(inspect.signature(ExchangeClient.report_progress).parameters)
assert {"stage", "expected_on", "note"} <= names, names
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)


def apply(diff: str, root: Path) -> None:
    """Apply a diff whose hunks are found by their text, since line numbers would rot."""
    head, *hunks = diff.split("@@\n")
    [name] = re.findall(r"^\+\+\+ b/(.+)$", head, flags=re.MULTILINE)
    text = (root / name).read_text("utf-8")
    for hunk in hunks:
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(old) == 1, f"{name} should hold this once:\n{old}"
        text = text.replace(old, new)
    (root / name).write_text(text, "utf-8")


def run(root: Path, *command: str) -> None:
    path = os.pathsep.join(map(str, (root, root / "proto", ROOT / "certs")))
    done = subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (*COPIED, *CHECKS):
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            # With what is compiled: each of the programs below would compile it all anew.
            shutil.copytree(source, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return tmp_path


def test_the_guide_adds_a_kind_that_speaks(copy: Path) -> None:
    assert "report_progress" not in {kind.value for kind in Kind}, "the guide needs another example"
    diffs = blocks("diff")
    assert len(diffs) == 4
    for diff in diffs:
        apply(diff, copy)
    [(name, module)] = re.findall(
        r"^```python new (\S+)\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL
    )
    (copy / name).write_text(module, "utf-8")
    for generator in ("generate_protocol", "generate_client"):
        run(copy, f"scripts/{generator}.py")
    [example] = blocks("python run")
    run(copy, "-c", example)
    pytest_words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib")
    run(copy, *pytest_words, "-k", f"not ({ELSEWHERE})", *CHECKS)
    run(copy, "-c", COMMAND)
    script = (copy / "agency_client/evidence/verify.py").read_text("utf-8")
    assert '"report_progress"' in script
    assert '"under review"' in script
    assert '("answer expected", {0: DAY})' in script
