"""The cost of one agency's flood to another: its latency while nobody floods, and while one does.

In turn, in one run: a quiet agency sends one statement every 50 ms, first alone, then beside
another that keeps many calls in flight. The flood comes from a process of its own, on the same
cores; what that costs by itself is seen beside a flood of the bare echo, which asks nothing of the
hub.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict

import uvloop

from benchmarks.echo import METHOD as ECHO
from benchmarks.echo import EchoProcess
from benchmarks.flood import Flooded, flooding
from benchmarks.load import Latency, Line
from benchmarks.rounds import SUBMIT
from benchmarks.section import Load, Ratio, Run, Section
from tests.support.hub_process import HubFiles, HubProcess
from tests.support.statements import UZ_FIU

GOAL = 2.0
EVERY_SECONDS = 0.05
SETTLE_SECONDS = 0.5
"""Between a flood's beginning, or its end, and what is measured."""
FLOOD_PER_SECOND = 1500
"""Statements that are made for each second of flood; when they run out, they are sent again."""


def play(run: Run) -> Section:
    """Quiet, beside a flood of the echo, and flooded, in turn."""
    took, floods = uvloop.run(_play(run.hub("fairness"), run))
    quiet, elsewhere, flooded = (Latency.of(took[each]) for each in ("quiet", ECHO, SUBMIT))
    ratio = Ratio(round(flooded.p99_ms / quiet.p99_ms, 3), GOAL, at_most=True)
    per_second = sum(each.answered for each in floods) / sum(each.seconds for each in floods)
    [letter] = run.office.bulk(1)
    return Section(
        key="fairness",
        title=f"one statement every {EVERY_SECONDS * 1000:.0f} ms beside another agency's flood",
        headings=("", "quiet", "echo flooded", "hub flooded", "ratio", "goal"),
        rows=(
            (
                "p99",
                *(f"{each.p99_ms:.2f} ms" for each in (quiet, elsewhere, flooded)),
                f"{ratio.value:.2f}",
                str(ratio),
            ),
            (
                "p50",
                *(f"{each.p50_ms:.2f} ms" for each in (quiet, elsewhere, flooded)),
                f"{flooded.p50_ms / quiet.p50_ms:.2f}",
                "",
            ),
            ("the flood, statements a second", "", "", f"{per_second:,.0f}", "", ""),
        ),
        load=Load(len(letter.request(0)), run.in_flight),
        figures={
            "quiet": asdict(quiet),
            "echo_flooded": asdict(elsewhere),
            "hub_flooded": asdict(flooded),
            "samples": len(took["quiet"]),
            "flood_per_second": round(per_second, 1),
            "flood_refused": sum(each.refused for each in floods),
        },
        ratios={"fairness_ratio": ratio},
    )


async def _play(files: HubFiles, run: Run) -> tuple[dict[str, list[float]], list[Flooded]]:
    office = run.office
    rounds, singles = min(run.rounds, 3), max(run.singles, 100)
    seconds = singles * EVERY_SECONDS + SETTLE_SECONDS
    letters = office.bulk((rounds * 3 + 1) * singles, UZ_FIU)
    made = [one.request(0) for one in office.bulk(int(rounds * seconds * FLOOD_PER_SECOND))]
    took: dict[str, list[float]] = {"quiet": [], ECHO: [], SUBMIT: []}
    floods: list[Flooded] = []
    theirs = office.author_tls
    with (
        HubProcess(files) as hub,
        EchoProcess(files) as echo,
        flooding(files, echo.target, theirs, ECHO, made, run.in_flight) as of_echo,
        flooding(files, hub.target, theirs, SUBMIT, made, run.in_flight) as of_hub,
    ):
        async with Line(files, hub.target, office.tls_of(UZ_FIU)) as line:

            async def trickle(every: float = EVERY_SECONDS) -> list[float]:
                await asyncio.sleep(SETTLE_SECONDS)
                return await _trickle(
                    line, [next(letters).request(0) for _ in range(singles)], every
                )

            await trickle(EVERY_SECONDS / 5)
            for _ in range(rounds):
                took["quiet"] += await trickle()
                await of_echo.begin()
                took[ECHO] += await trickle()
                await of_echo.end()
                await of_hub.begin()
                took[SUBMIT] += await trickle()
                floods.append(await of_hub.end())
    return took, floods


async def _trickle(line: Line, requests: Sequence[bytes], every: float) -> list[float]:
    """Send one after the other at a steady pace; gives how long each took, in seconds."""
    took = []
    begin = time.perf_counter()
    for number, request in enumerate(requests):
        await asyncio.sleep(max(0.0, begin + number * every - time.perf_counter()))
        [seconds], _ = await line.one_by_one(SUBMIT, [request])
        took.append(seconds)
    return took
