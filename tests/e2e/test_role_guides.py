"""docs/guides, as they stand there: one day of five people, its commands and what they print.

`EXCHANGE_GUIDES=write` puts what the commands print into the guides, to be read and committed.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import REPOSITORY

GUIDES = REPOSITORY / "docs" / "guides"
MEMBERS = {
    "officer": "kz.mia/officer/officer0",
    "coordinator": "caricc/coordinator/coordinator1",
    "fiu-analyst": "uz.fiu/system",
    "prosecutor": "kz.gpo/system",
    "auditor": "caricc/auditor/auditor1",
}
DAY = (
    ("officer", "In the morning"),
    ("officer", "Ask"),
    ("officer", "Keep it with its case"),
    ("officer", "Correct what you sent"),
    ("coordinator", "What waits"),
    ("coordinator", "Take it in hand"),
    ("coordinator", "Read and decide"),
    ("fiu-analyst", "What waits"),
    ("fiu-analyst", "Do we know them?"),
    ("fiu-analyst", "Confirm, and give a part at once"),
    ("fiu-analyst", "Say that it takes longer"),
    ("prosecutor", "Ask to take part"),
    ("officer", "Let your prosecutor take part"),
    ("fiu-analyst", "Answer"),
    ("officer", "Read the answer"),
    ("officer", "Use it as its author allows"),
    ("officer", "Find it again"),
    ("officer", "Say what it was good for, and close"),
    ("officer", "If a deadline passes"),
    ("coordinator", "At the end of the day"),
    ("prosecutor", "What goes on"),
    ("prosecutor", "One exchange: who approved, and what came of it"),
    ("prosecutor", "For the file"),
    ("auditor", "Is the log whole, and were the rules kept?"),
    ("auditor", "Who did what, and who approved"),
    ("auditor", "Figures of a quarter"),
)
"""The sections in the order in which they happen."""
BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHANGES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "ID"),
    (re.compile(r"\b[0-9a-f]{16,}\b|\b[0-9a-f]{12}…"), "DIGEST"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?( UTC| [+-]\d\d)?"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DAY"),
    (re.compile(r"\d+([.,]\d+)? ?(s|seconds|entries a second|/s|ms)\b"), "TIME"),
    (re.compile(r"\b(13|20) days\b"), "DAYS"),
    (re.compile(r"\b(entry|log of|checkpoint|directory|opened|of) +\d+"), r"\1 N"),
    (re.compile(r"^\d+(?= )|(?<= )\d+$", re.MULTILINE), "N"),
    (re.compile(r"\d+ (?=exchanges|agencies)"), "N "),
    (re.compile(r"\s+"), " "),
)
"""What differs from run to run, or with the agencies of the test; words and states must agree."""


@dataclass
class Day:
    """The hub, and what was said until now."""

    town: Deployment
    capsys: pytest.CaptureFixture[str]
    values: dict[str, str] = field(default_factory=dict)

    def perform(self, command: str) -> str:
        """Run a command of a guide; gives what it printed."""
        for name, value in self.values.items():
            command = command.replace(f"${name}", value)
        words, _, target = command.partition(" > ")
        program, *arguments = shlex.split(words)
        assert program == "agency"
        code, out, err = run(self.capsys, *arguments)
        printed = out + err
        assert (code != 0) == printed.startswith("agency: "), printed
        if target:
            Path(target).write_text(out, "utf-8")
            printed = err
        if arguments[0] == "send":
            found = re.search(r"^exchange +(\S{36})$", printed, re.MULTILINE)
            assert found is not None, printed
            self.values["EXCHANGE"] = found[1]
            with self.town.client(MEMBERS["officer"]) as client:
                [first] = client.get(found[1]).statements
            self.values["STATEMENT"] = first.statement.digest.hex()
        return printed


def sections(text: str) -> dict[str, str]:
    """The sections of a guide by their titles."""
    return {
        title.strip(): body
        for title, _, body in (each.partition("\n") for each in text.split("\n## ")[1:])
    }


def played(block: str, day: Day) -> Iterator[tuple[str, str, str]]:
    """Each command of a block, what stands below it, and what it printed."""
    for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = piece.partition("\n")
        yield command, expected, day.perform(command)


def plain(printed: str) -> str:
    """The part of an output that must be the same in every run."""
    for pattern, word in CHANGES:
        printed = pattern.sub(word, printed)
    return printed.strip()


def test_every_section_has_its_hour() -> None:
    found = {
        (guide, title)
        for guide in MEMBERS
        for title, body in sections((GUIDES / f"{guide}.md").read_text("utf-8")).items()
        if "```" in body
    }
    assert found == set(DAY)
    assert {each.stem for each in GUIDES.glob("*.md")} == set(MEMBERS)


def test_a_day_goes_as_the_guides_say(
    foundation: Foundation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = {guide: (GUIDES / f"{guide}.md").read_text("utf-8") for guide in MEMBERS}
    fresh = dict(texts)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with foundation.serving(tmp_path / "hub") as (town, _):
        day = Day(town, capsys)
        for guide in MEMBERS:
            (tmp_path / guide).mkdir()
        for guide, title in DAY:
            monkeypatch.chdir(tmp_path / guide)
            monkeypatch.setenv("EXCHANGE_PROFILE", str(town.profile(MEMBERS[guide])))
            for kind, name, block in BLOCK.findall(sections(texts[guide])[title]):
                if name:
                    Path(name).write_text(block, "utf-8")
                    continue
                assert kind == "console"
                done = list(played(block, day))
                new = "".join(f"$ {command}\n{printed}" for command, _, printed in done)
                before, heading, rest = fresh[guide].partition(f"\n## {title}\n")
                fresh[guide] = before + heading + rest.replace(block, new, 1)
                if "EXCHANGE_GUIDES" not in os.environ:
                    for command, expected, printed in done:
                        assert plain(printed) == plain(expected), f"{guide}: {command}"
    if os.environ.get("EXCHANGE_GUIDES") == "write":
        for guide, text in fresh.items():
            (GUIDES / f"{guide}.md").write_text(text, "utf-8")
