"""The picture beside report.json: how far every figure is from its goal, at first sight.

One bar for each goal, as long as the figure is good: where it crosses the line, the goal is met.
The scale is logarithmic, so that twice too slow and twice too fast look alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

_MET, _MISSED = "#3f7f4f", "#b5541c"
_INCHES_A_BAR = 0.34


def draw(report: dict[str, Any], file: Path) -> None:
    """Write the picture as SVG."""
    mpl.rcParams["svg.hashsalt"] = "exchange"  # the same figures give the same file
    goals = report["goals"]
    figure = Figure(figsize=(11, 1.6 + _INCHES_A_BAR * len(goals)), layout="constrained")
    axes = figure.subplots()
    shares = [goal["share"] for goal in goals.values()]
    bars = axes.barh(
        [name.removesuffix("_ratio").replace("_", " ") for name in goals],
        shares,
        color=[_MET if goal["met"] else _MISSED for goal in goals.values()],
    )
    axes.bar_label(
        bars,
        [f"{report[name]:,.4g}  (goal {goal['goal']})" for name, goal in goals.items()],
        padding=4,
        fontsize="small",
    )
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_xlim(min(0.25, *shares) / 1.2, max(2, *shares) * 4)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:g}")
    axes.invert_yaxis()
    axes.set_xlabel("of the goal; from 1 on it is met")
    met = sum(goal["met"] for goal in goals.values())
    axes.set_title(f"{met} of {len(goals)} goals are met", loc="left")
    machine = report["machine"]
    load = ", ".join(map(str, machine["load_average"]))
    figure.supxlabel(
        f"{report['content_bytes']:,} bytes of content, fsync on; {machine['cores']} cores, "
        f"{machine['processor']}, {machine['system']}; load average {load}",
        fontsize="small",
    )
    figure.savefig(file, format="svg", metadata={"Date": None})
