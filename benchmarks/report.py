"""The report: what was measured, on what machine, with which versions; as JSON and as a table."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.growth import AtSize
from benchmarks.letters import CONTENT_BYTES
from benchmarks.load import Latency
from benchmarks.rounds import Throughput

UNARY_GOAL, LATENCY_GOAL, GROWTH_GOAL = 0.70, 2.5, 1.2
_PACKAGES = ("grpcio", "protobuf", "cryptography", "sqlalchemy", "uvloop", "cedarpy")


@dataclass(frozen=True)
class Results:
    """Everything that one run measured."""

    in_flight: int
    throughput: Throughput
    growth: Sequence[AtSize]
    opening: Latency


def as_json(results: Results, folder: Path) -> dict[str, Any]:
    """The report as it is written; ratios first."""
    throughput = results.throughput
    return {
        "unary_ratio": throughput.unary_ratio,
        "latency_ratio": throughput.latency_ratio,
        "growth_ratio": growth_ratio(results.growth),
        "goals": {
            "unary_ratio": UNARY_GOAL,
            "latency_ratio": LATENCY_GOAL,
            "growth_ratio": GROWTH_GOAL,
        },
        "content_bytes": CONTENT_BYTES,
        "request_bytes": throughput.request_bytes,
        "concurrency": results.in_flight,
        "database": "SQLite, WAL, synchronous=FULL",
        "fsync": True,
        "fsync_ms": _fsync_ms(folder),
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
        "throughput": asdict(throughput),
        "growth": [asdict(each) for each in results.growth],
        "opening": asdict(results.opening),
    }


def write(report: dict[str, Any], file: Path) -> None:
    """Write the report for programs."""
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def growth_ratio(growth: Sequence[AtSize]) -> float | None:
    """Median latency of a submit over the largest log, by that over the smallest."""
    if len(growth) < 2:
        return None
    return round(growth[-1].submit.p50_ms / growth[0].submit.p50_ms, 3)


def show(results: Results, report: dict[str, Any], console: Console) -> None:
    """Print the report for people."""
    found = results.throughput
    table = Table(title=f"{CONTENT_BYTES} bytes of content, {results.in_flight} in flight")
    for heading in ("", "echo", "hub", "ratio", "goal"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_row(
        "calls per second",
        f"{statistics.median(found.echo_per_second):,.0f}",
        f"{statistics.median(found.submit_per_second):,.0f}",
        f"{found.unary_ratio:.2f}",
        f"≥ {UNARY_GOAL:.2f}",
    )
    table.add_row(
        "alone, p50",
        f"{found.echo_latency.p50_ms:.2f} ms",
        f"{found.submit_latency.p50_ms:.2f} ms",
        f"{found.latency_ratio:.2f}",
        f"≤ {LATENCY_GOAL:.2f}",
    )
    table.add_row(
        "alone, p99",
        f"{found.echo_latency.p99_ms:.2f} ms",
        f"{found.submit_latency.p99_ms:.2f} ms",
    )
    table.add_row("fetch, verify and open, p50", "", f"{results.opening.p50_ms:.1f} ms")
    table.add_row("peak memory (load generator, hub)", _mib(found.client_peak_mib),
                  _mib(found.hub_peak_mib))  # fmt: skip
    console.print(table)
    grown = Table(title="while the log grows, p50")
    for heading in ("entries", "submit", "inclusion proof", "inbox"):
        grown.add_column(heading, justify="right")
    for at in results.growth:
        each = (at.submit, at.inclusion_proof, at.inbox)
        grown.add_row(f"{at.entries:,}", *(f"{one.p50_ms:.2f} ms" for one in each))
    console.print(grown)
    load = ", ".join(f"{one:.1f}" for one in report["machine"]["load_average"])
    console.print(
        f"{found.receipts_verified} receipts verified; an fsync takes {report['fsync_ms']} ms; "
        f"load average {load}"
    )


def _mib(amount: float) -> str:
    return f"{amount:.0f} MiB"


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
