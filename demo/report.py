"""The summary of a demonstration: a table for people, `summary.json` for programs."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.stage import Step


def show(console: Console, steps: list[Step], figures: dict[str, Any]) -> None:
    """Print what was shown, chapter by chapter, with times and figures."""
    table = Table(title="What was shown", title_justify="left")
    table.add_column("chapter")
    table.add_column("steps", justify="right")
    table.add_column("passed", justify="right")
    table.add_column("seconds", justify="right")
    for chapter, group in groupby(steps, key=lambda step: step.chapter):
        members = list(group)
        passed = sum(step.ok for step in members)
        colour = "green" if passed == len(members) else "red"
        table.add_row(
            chapter,
            str(len(members)),
            f"[{colour}]{passed}",
            f"{sum(step.seconds for step in members):.1f}",
        )
    console.print(table)
    facts = Table(show_header=False)
    for name, value in figures.items():
        facts.add_row(name, str(value))
    console.print(facts)


def write(path: Path, steps: list[Step], figures: dict[str, Any]) -> None:
    """Write the summary as JSON."""
    document = {
        "passed": all(step.ok for step in steps),
        "figures": figures,
        "steps": [
            {
                "chapter": step.chapter,
                "title": step.title,
                "ok": step.ok,
                "seconds": round(step.seconds, 3),
                "detail": step.detail,
            }
            for step in steps
        ],
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
