"""The plot beside report.json: rates, and latency while the log grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.section import Section

_BAR, _LINES = "#2c5f8a", ("#2c5f8a", "#b5541c", "#4d7f3f")


def draw(report: dict[str, Any], sections: Sequence[Section], file: Path) -> None:
    """Write the plot as SVG."""
    mpl.rcParams["svg.hashsalt"] = "exchange"  # the same figures give the same file
    figure = Figure(figsize=(12, 5.5), layout="constrained")
    rates, growth = figure.subplots(1, 2)
    named = {
        f"{name}\n{section.load.in_flight} in flight": rate
        for section in sections
        for name, rate in section.rates.items()
    }
    bars = rates.barh(list(named), list(named.values()), color=_BAR)
    rates.bar_label(bars, fmt="{:,.0f}", padding=3)
    rates.invert_yaxis()
    rates.margins(x=0.15)
    rates.set_title("calls or statements a second")
    at_sizes = report["growth"]["at_sizes"]
    entries = [at["entries"] for at in at_sizes]
    for name, colour in zip(("submit", "inclusion_proof", "inbox"), _LINES, strict=True):
        growth.plot(
            entries,
            [at[name]["p50_ms"] for at in at_sizes],
            marker="o",
            color=colour,
            label=name.replace("_", " "),
        )
    growth.set_xscale("log")
    growth.set_ylim(bottom=0)
    growth.set_xlabel("entries of the log")
    growth.set_ylabel("p50, ms")
    growth.set_title("calls alone, while the log grows")
    growth.legend()
    machine = report["machine"]
    figure.supxlabel(
        f"{report['content_bytes']:,} bytes of content, fsync on; "
        f"{machine['cores']} cores, {machine['processor']}, {machine['system']}",
        fontsize="small",
    )
    figure.savefig(file, format="svg", metadata={"Date": None})
