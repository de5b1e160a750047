"""The picture beside report.json: how far every figure is from its goal, at first sight.

One bar for each goal. It goes from the goal to the right if the figure is better, and to the left
if it is worse, as long as the factor between them. The scale is logarithmic, so that twice too slow
and twice as fast as asked look alike.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks.goals import words_of

_MET, _MISSED = "#3f7f4f", "#b5541c"
_INCHES_A_ROW = 0.27
_MEASURED_AT, _GOAL_AT = 1.1, 1.2
"""The ends of the columns beside the bars; 1 is the right edge of the bars."""


def draw(report: dict[str, Any], file: Path) -> None:
    """Write the picture as SVG."""
    mpl.rcParams["svg.hashsalt"] = "exchange"  # the same figures give the same file
    goals: dict[str, Any] = report["goals"]
    parts = [(part, list(names)) for part, names in groupby(goals, key=lambda n: words_of(n)[0])]
    rows = len(goals) + len(parts)
    figure = Figure(figsize=(12, 1.8 + _INCHES_A_ROW * rows), layout="constrained")
    axes = figure.subplots()
    places: list[int] = []
    words: list[str] = []
    row = 0
    for part, names in parts:
        places.append(row)
        words.append(rf"$\bf{{{part.replace(' ', '~')}}}$")
        for name in names:
            row += 1
            places.append(row)
            words.append(words_of(name)[1])
            _draw_goal(axes, row, report[name], goals[name])
        row += 1
    axes.set_yticks(places, words)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(rows - 0.4, -0.8)
    _draw_scale(axes, [goal["share"] for goal in goals.values()])
    met = sum(goal["met"] for goal in goals.values())
    axes.set_title(f"{met} of {len(goals)} goals are met\n", loc="left", fontweight="bold")
    axes.legend(
        handles=[Patch(color=_MISSED, label="missed"), Patch(color=_MET, label="met")],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=2,
        frameon=False,
    )
    figure.supxlabel(_conditions(report), fontsize="small")
    figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})


def _draw_goal(axes: Axes, row: int, value: float, goal: dict[str, Any]) -> None:
    share = goal["share"]
    axes.barh(row, share - 1, left=1, height=0.7, color=_MET if goal["met"] else _MISSED)
    for text, place in ((_figure(value), _MEASURED_AT), (goal["goal"], _GOAL_AT)):
        axes.text(
            place,
            row,
            text,
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize="small",
        )


def _draw_scale(axes: Axes, shares: list[float]) -> None:
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_xlim(min(0.25, *shares) / 1.1, max(2, *shares) * 1.1)
    axes.xaxis.set_major_formatter(lambda share, _: _factor(share))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for text, place in (("measured", _MEASURED_AT), ("goal", _GOAL_AT)):
        axes.text(place, 1.005, text, transform=axes.transAxes, ha="right", fontweight="bold")
    for edge in ("top", "right", "left"):
        axes.spines[edge].set_visible(False)


def _factor(share: float) -> str:
    if share == 1:
        return "the goal"
    return f"{share:g} × better" if share > 1 else f"{1 / share:g} × worse"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _conditions(report: dict[str, Any]) -> str:
    machine = report["machine"]
    load = ", ".join(map(str, machine["load_average"]))
    return (
        f"{report['content_bytes']:,} bytes of content, fsync on; {machine['cores']} cores, "
        f"{machine['processor']}, {machine['system']}; load average {load}"
    )
