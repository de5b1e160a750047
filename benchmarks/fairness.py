"""Cost of one agency's flood to another: its latency while nobody floods, and while one does.

In turn, in one run: a quiet agency sends one statement every 50 ms, first alone, then beside
another that floods the bare echo, and beside its floods of the hub: of unary calls, of batches, and
of streams. The flood comes from a process of its own, on the same cores; what that costs by itself
is seen beside the flood of the echo, which asks nothing of the hub.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict

import uvloop

from benchmarks.batches import METHOD as SUBMIT_BATCH
from benchmarks.batches import STATEMENTS, request_of
from benchmarks.echo import METHOD as ECHO
from benchmarks.echo import EchoProcess
from benchmarks.flood import Flooded, flooding
from benchmarks.load import Latency, Line
from benchmarks.rounds import SUBMIT
from benchmarks.section import Load, Ratio, Run, Section
from benchmarks.streams import METHOD as STREAM
from benchmarks.streams import STREAMS
from tests.support.hub_process import HubFiles, HubProcess
from tests.support.statements import UZ_FIU

GOAL = 2.0
QUIET, ECHOES = "quiet", "echoes"
CALLS, BATCHES, STREAMED = "unary calls", "batches", "streams"
FLOODS = (ECHOES, CALLS, BATCHES, STREAMED)
BATCHES_MADE = 16
BATCHES_IN_FLIGHT = 8
EVERY_SECONDS = 0.05
SETTLE_SECONDS = 0.5
"""Pause between a flood's beginning, or its end, and what is measured."""
FLOOD_PER_SECOND = 1500
"""Statements that are made for each second of flood; when they run out, they are sent again."""


def play(run: Run) -> Section:
    """Quiet, and beside each flood, in turn."""
    took, floods = uvloop.run(_play(run.hub("fairness"), run))
    latencies = {name: Latency.of(each) for name, each in took.items()}
    quiet = latencies[QUIET]
    ratios = {
        name: Ratio(round(latencies[name].p99_ms / quiet.p99_ms, 3), GOAL, at_most=True)
        for name in FLOODS
        if name != ECHOES
    }
    [letter] = run.office.bulk(1)
    return Section(
        key="fairness",
        title=f"one statement every {EVERY_SECONDS * 1000:.0f} ms beside another agency's flood",
        headings=("", "p50", "p99", "p99 to quiet", "goal", "calls or statements a second"),
        rows=tuple(
            (
                name,
                f"{each.p50_ms:.2f} ms",
                f"{each.p99_ms:.2f} ms",
                f"{each.p99_ms / quiet.p99_ms:.2f}",
                str(ratios[name]) if name in ratios else "",
                f"{_per_second(name, floods[name]):,.0f}" if name in floods else "",
            )
            for name, each in latencies.items()
        ),
        load=Load(len(letter.request(0)), run.in_flight),
        figures={
            "latencies": {name: asdict(each) for name, each in latencies.items()},
            "samples": len(took[QUIET]),
            "flood_per_second": {name: _per_second(name, each) for name, each in floods.items()},
            "flood_refused": {
                name: sum(one.refused for one in each) for name, each in floods.items()
            },
        },
        ratios={f"fairness_{name.replace(' ', '_')}_ratio": each for name, each in ratios.items()},
    )


def _per_second(name: str, floods: Sequence[Flooded]) -> float:
    answered = sum(each.answered for each in floods) * (STATEMENTS if name == BATCHES else 1)
    return round(answered / sum(each.seconds for each in floods), 1)


async def _play(
    files: HubFiles, run: Run
) -> tuple[dict[str, list[float]], dict[str, list[Flooded]]]:
    office = run.office
    rounds, singles = min(run.rounds, 3), max(run.singles, 100)
    seconds = singles * EVERY_SECONDS + SETTLE_SECONDS
    letters = office.bulk((rounds * (len(FLOODS) + 1) + 1) * singles, UZ_FIU)
    made = [one.request(0) for one in office.bulk(int(rounds * seconds * FLOOD_PER_SECOND))]
    batches = [request_of(office.batch(STATEMENTS)) for _ in range(BATCHES_MADE)]
    took: dict[str, list[float]] = {QUIET: [], **{name: [] for name in FLOODS}}
    floods: dict[str, list[Flooded]] = {name: [] for name in FLOODS}
    theirs = office.author_tls
    with HubProcess(files) as hub, EchoProcess(files) as echo, ExitStack() as stack:
        sources = {
            ECHOES: flooding(files, echo.target, theirs, ECHO, made, run.in_flight),
            CALLS: flooding(files, hub.target, theirs, SUBMIT, made, run.in_flight),
            BATCHES: flooding(files, hub.target, theirs, SUBMIT_BATCH, batches, BATCHES_IN_FLIGHT),
            STREAMED: flooding(files, hub.target, theirs, STREAM, made, STREAMS, is_stream=True),
        }
        begun = {name: stack.enter_context(source) for name, source in sources.items()}
        async with Line(files, hub.target, office.tls_of(UZ_FIU)) as line:

            async def trickle(every: float = EVERY_SECONDS) -> list[float]:
                await asyncio.sleep(SETTLE_SECONDS)
                return await _trickle(
                    line, [next(letters).request(0) for _ in range(singles)], every
                )

            await trickle(EVERY_SECONDS / 5)
            for _ in range(rounds):
                took[QUIET] += await trickle()
                for name, flood in begun.items():
                    await flood.begin()
                    took[name] += await trickle()
                    floods[name].append(await flood.end())
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
