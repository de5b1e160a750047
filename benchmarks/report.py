"""The report: what was measured, on what machine, with which versions; JSON, tables and a plot."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.letters import CONTENT_BYTES
from benchmarks.section import Run, Section

_PACKAGES = ("grpcio", "protobuf", "cryptography", "sqlalchemy", "uvloop", "cedarpy")


def as_json(run: Run, sections: Sequence[Section], seconds: float) -> dict[str, Any]:
    """The report as it is written; ratios first."""
    ratios = {name: ratio for section in sections for name, ratio in section.ratios.items()}
    return {
        **{name: ratio.value for name, ratio in ratios.items()},
        "goals": {
            name: {"goal": str(ratio), "met": ratio.is_met} for name, ratio in ratios.items()
        },
        "content_bytes": CONTENT_BYTES,
        "in_flight": run.in_flight,
        "database": "SQLite, WAL, synchronous=FULL, where a section says nothing else",
        "fsync": True,
        "fsync_ms": _fsync_ms(run.folder),
        "seconds": round(seconds, 1),
        "machine": {
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "system": f"{platform.system()} {platform.release()}",
            "load_average": [round(load, 2) for load in os.getloadavg()],
        },
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in _PACKAGES},
        },
        **{section.key: section.figures for section in sections},
    }


def write(report: dict[str, Any], file: Path) -> None:
    """Write the report for programs."""
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def show_section(section: Section, console: Console) -> None:
    """Print one part's table."""
    table = Table(title=section.title, title_justify="left")
    for heading in section.headings:
        table.add_column(heading, justify="right" if heading else "left")
    for row in section.rows:
        table.add_row(*row)
    console.print(table)


def show_goals(report: dict[str, Any], console: Console) -> None:
    """Print every ratio beside its goal."""
    table = Table(title=f"goals, {CONTENT_BYTES} bytes of content", title_justify="left")
    for heading in ("", "here", "goal", "met"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, goal in report["goals"].items():
        table.add_row(name, f"{report[name]:.2f}", goal["goal"], "yes" if goal["met"] else "no")
    console.print(table)
    load = ", ".join(f"{one:.1f}" for one in report["machine"]["load_average"])
    console.print(
        f"{report['seconds']:.0f} s in all; an fsync takes {report['fsync_ms']} ms; "
        f"load average {load}"
    )


def _fsync_ms(folder: Path) -> float:
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - started)
    return round(statistics.median(took) * 1000, 3)
