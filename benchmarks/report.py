"""The report: what was measured, on what machine, with which versions; JSON and tables."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.goals import words_of
from benchmarks.letters import CONTENT_BYTES
from benchmarks.section import Run, Section

_PACKAGES = ("grpcio", "protobuf", "cryptography", "sqlalchemy", "uvloop", "cedarpy")


def as_json(run: Run, sections: Sequence[Section], seconds: Sequence[float]) -> dict[str, Any]:
    """The report as it is written, ratios first; `seconds` are those that each section took."""
    ratios = {name: ratio for section in sections for name, ratio in section.ratios.items()}
    return {
        **{name: ratio.value for name, ratio in ratios.items()},
        "goals": {
            name: {"goal": str(ratio), "met": ratio.is_met, "share": round(ratio.share, 4)}
            for name, ratio in ratios.items()
        },
        "content_bytes": CONTENT_BYTES,
        "in_flight": run.in_flight,
        "fsync_ms": _fsync_ms(run.folder),
        "seconds": round(sum(seconds), 1),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
            "architecture": platform.machine(),
            "system": f"{platform.system()} {platform.release()}",
            "load_average": [round(load, 2) for load in os.getloadavg()],
        },
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in _PACKAGES},
        },
        **{
            section.key: {**asdict(section.load), **section.figures, "seconds": round(took, 1)}
            for section, took in zip(sections, seconds, strict=True)
        },
    }


def write(report: dict[str, Any], file: Path) -> None:
    """Write the report for programs."""
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def show_section(section: Section, console: Console) -> None:
    """Print one part's table."""
    table = Table(title=section.title, title_justify="left", caption=str(section.load))
    table.caption_justify = "left"
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
        is_met = "yes" if goal["met"] else "no"
        table.add_row(": ".join(words_of(name)), f"{report[name]:,.2f}", goal["goal"], is_met)
    console.print(table)
    machine = report["machine"]
    console.print(
        f"{machine['cores']} cores, {machine['processor']}, {machine['memory_mib']:,} MiB of memory"
    )
    load = ", ".join(f"{one:.1f}" for one in report["machine"]["load_average"])
    console.print(
        f"{report['seconds']:.0f} s in all; an fsync takes {report['fsync_ms']} ms; "
        f"load average {load}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


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
