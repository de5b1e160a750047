"""Two hubs on one PostgreSQL beside one hub on one: what it costs that writers take turns.

Each has a database of its own on the same server. They are loaded in turn, with the same statements
in flight: all to the one hub, or half to each of the two. Every receipt is verified when the clock
has stopped, and both logs at the end: as many entries as statements, and `fsck` finds nothing.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psycopg
import uvloop

from benchmarks.letters import Letter
from benchmarks.load import Line
from benchmarks.rounds import SUBMIT, checkpoint_of, median_ratio, verify_receipts
from benchmarks.section import Load, Ratio, Run, Section
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_server.ledger.fsck import fsck
from exchange_server.storage.engine import open_engine
from tests.support.hub_process import HubFiles, HubProcess
from tests.support.postgres import new_database, running_postgres

GOAL = 1.2
ROUNDS, BURST = 3, 1000
"""The most rounds, and statements of one: they last long enough to be measured."""
_SETTINGS = ("server_version", "fsync", "synchronous_commit")


@dataclass(frozen=True)
class _Deployment:
    """Hubs on one database, and a line to each."""

    files: HubFiles
    lines: Sequence[Line]

    async def burst(self, letters: Sequence[Letter], in_flight: int) -> float:
        """Submit letters, evenly over the hubs; gives statements a second."""
        known = await checkpoint_of(self.lines[0], self.files.log_vkey)
        count = len(self.lines)
        shares = [letters[place::count] for place in range(count)]
        requests = [[letter.request(known.size) for letter in share] for share in shares]
        started = time.perf_counter()
        bursts = await asyncio.gather(
            *(
                line.burst(SUBMIT, share, in_flight // count)
                for line, share in zip(self.lines, requests, strict=True)
            )
        )
        seconds = time.perf_counter() - started
        for share, burst in zip(shares, bursts, strict=True):
            verify_receipts(share, burst.answers, known, self.files.log_vkey)
        return len(letters) / seconds


def play(run: Run) -> Section:
    """Load one hub and two in turn, after one round that warms all up."""
    with running_postgres() as server:
        one, two = (
            run.hub(name, database_url=new_database(server, name)) for name in ("one", "two")
        )
        of_one, of_two = uvloop.run(_play(one, two, run))
        entries = _verified_entries(one, two)
        database = _settings(server)
    [letter] = run.office.bulk(1)
    judged = Ratio(median_ratio(of_two, of_one), GOAL, at_most=False)
    rates = {"Submit, one hub": statistics.median(of_one), "two hubs": statistics.median(of_two)}
    return Section(
        key="replicas",
        title="unary Submit to hubs on one PostgreSQL; in flight: all of them together",
        headings=("", "one hub", "two hubs", "ratio", "goal"),
        rows=(
            (
                "statements per second",
                *(f"{rate:,.0f}" for rate in rates.values()),
                f"{judged.value:.2f}",
                str(judged),
            ),
            ("entries of the log, fsck clean", f"{entries:,}", f"{entries:,}", "", ""),
        ),
        load=Load(len(letter.request(entries)), run.in_flight, f"PostgreSQL, {database}"),
        figures={
            "statements_per_round": _burst(run),
            "one_hub_per_second": [round(each, 1) for each in of_one],
            "two_hubs_per_second": [round(each, 1) for each in of_two],
            "entries": entries,
        },
        ratios={"replicas_ratio": judged},
        rates={f"PostgreSQL, {name}": rate for name, rate in rates.items()},
    )


async def _play(one: HubFiles, two: HubFiles, run: Run) -> tuple[list[float], list[float]]:
    of_one, of_two = [], []
    async with AsyncExitStack() as stack:
        alone = await _deploy(one, 1, run, stack)
        together = await _deploy(two, 2, run, stack)
        for number in range(min(run.rounds, ROUNDS) + 1):
            letters = list(run.office.bulk(2 * _burst(run)))
            by_one = await alone.burst(letters[::2], run.in_flight)
            by_two = await together.burst(letters[1::2], run.in_flight)
            if number > 0:
                of_one.append(by_one)
                of_two.append(by_two)
    return of_one, of_two


def _burst(run: Run) -> int:
    return min(run.burst, BURST)


async def _deploy(files: HubFiles, hubs: int, run: Run, stack: AsyncExitStack) -> _Deployment:
    tls, _ = run.office.certificates
    targets = [stack.enter_context(HubProcess(files)).target for _ in range(hubs)]
    lines = [await stack.enter_async_context(Line(files, target, tls)) for target in targets]
    return _Deployment(files, lines)


def _verified_entries(*deployments: HubFiles) -> int:
    """Count the entries of each log: as many as statements, none damaged, the same in all."""
    sizes = set()
    for files in deployments:
        engine = open_engine(files.database_url, read_only=True)
        try:
            report = fsck(engine, files.anchors, LogVerifier(files.log_vkey))
        finally:
            engine.dispose()
        if not report.is_clean or report.entries != report.statements:
            raise ValueError(f"expected one clean log of statements alone, got {report}")
        sizes.add(report.entries)
    [size] = sizes
    return size


def _settings(server: str) -> str:
    with psycopg.connect(server) as connection:
        return ", ".join(
            f"{name}={value}"
            for name in _SETTINGS
            for [value] in connection.execute(f"SHOW {name}")
        )
