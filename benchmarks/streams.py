"""Statements in streams, signed each or in batches, beside the bare unary echo.

Several streams at a time, as many statements unanswered as echoes are in flight. Every receipt is
verified when the clock has stopped.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence

import uvloop

from benchmarks.batches import STATEMENTS
from benchmarks.echo import METHOD as ECHO
from benchmarks.echo import EchoProcess
from benchmarks.letters import Letter
from benchmarks.load import Line, cpu_seconds
from benchmarks.rounds import median_ratio
from benchmarks.section import Load, Ratio, Run, Section
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.record.receipts import verify_receipt
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.hub_process import HubFiles, HubProcess

OWN_GOAL, BATCH_GOAL, CORE_GOAL = 0.80, 0.95, 3000
STREAMS = 4
METHOD = "/exchange_protocol.v1.ExchangeService/SubmitStream"
OWN, TOGETHER = "a signature each", f"a signature for {STATEMENTS}"


def play(run: Run) -> Section:
    """Echo, and streams that are signed each or together, in turn, after one round to warm up."""
    echoes, rates, per_core, request_bytes = uvloop.run(_play(run.hub("streams"), run))
    own = Ratio(median_ratio(rates[OWN], echoes), OWN_GOAL, at_most=False)
    together = Ratio(median_ratio(rates[TOGETHER], echoes), BATCH_GOAL, at_most=False)
    of_core = Ratio(round(statistics.median(per_core), 1), CORE_GOAL, at_most=False)
    return Section(
        key="streams",
        title=f"SubmitStream: {STREAMS} streams, beside {run.in_flight} unary echoes in flight",
        headings=("a second", "echo, calls", "hub, statements", "ratio", "goal"),
        rows=(
            *(
                (
                    name,
                    f"{statistics.median(echoes):,.0f}",
                    f"{statistics.median(rates[name]):,.0f}",
                    f"{ratio.value:.2f}",
                    str(ratio),
                )
                for name, ratio in ((OWN, own), (TOGETHER, together))
            ),
            (f"and core of the hub, {TOGETHER}", "", f"{of_core.value:,.0f}", "", str(of_core)),
        ),
        load=Load(request_bytes, run.in_flight),
        figures={
            "streams": STREAMS,
            "echo_per_second": [round(each, 1) for each in echoes],
            "per_second": {name: [round(each, 1) for each in rate] for name, rate in rates.items()},
        },
        ratios={
            "stream_ratio": own,
            "stream_batch_signed_ratio": together,
            "stream_per_core": of_core,
        },
        rates={f"SubmitStream, {name}": statistics.median(rate) for name, rate in rates.items()},
    )


async def _play(
    files: HubFiles, run: Run
) -> tuple[list[float], dict[str, list[float]], list[float], int]:
    office, echoes, per_core = run.office, [], []
    rates: dict[str, list[float]] = {OWN: [], TOGETHER: []}
    count = run.burst // STATEMENTS * STATEMENTS or STATEMENTS
    request_bytes = 0
    with HubProcess(files) as hub, EchoProcess(files) as echo:
        tls, _ = office.certificates
        async with Line(files, hub.target, tls) as to_hub, Line(files, echo.target, tls) as to_echo:
            for number in range(min(run.rounds, 3) + 1):
                made = {
                    OWN: office.letters(count),
                    TOGETHER: [
                        one for _ in range(count // STATEMENTS) for one in office.batch(STATEMENTS)
                    ],
                }
                requests = [letter.request(0) for letter in made[OWN]]
                request_bytes = len(requests[0])
                echoed = await to_echo.burst(ECHO, requests, run.in_flight)
                for name, letters in made.items():
                    used = cpu_seconds(hub.pid)
                    rate = await _stream(to_hub, letters, run.in_flight, files.log_vkey)
                    if number > 0:
                        rates[name].append(rate)
                        if name is TOGETHER:
                            per_core.append(count / (cpu_seconds(hub.pid) - used))
                if number > 0:
                    echoes.append(echoed.per_second)
    return echoes, rates, per_core, request_bytes


async def _stream(line: Line, letters: Sequence[Letter], in_flight: int, log_vkey: str) -> float:
    """Submit letters, evenly over the streams; gives statements a second."""
    shares = [letters[place::STREAMS] for place in range(STREAMS)]
    requests = [[letter.request(0) for letter in share] for share in shares]
    started = time.perf_counter()
    bursts = await asyncio.gather(
        *(line.streamed(METHOD, share, in_flight // STREAMS) for share in requests)
    )
    seconds = time.perf_counter() - started
    log = LogVerifier(log_vkey)
    for share, burst in zip(shares, bursts, strict=True):
        for letter, answer in zip(share, burst.answers, strict=True):
            receipt = pb.SubmitStreamResponse.FromString(answer).receipt
            verify_receipt(receipt.entry, receipt.tree_head.checkpoint, letter.statement, log)
    return len(letters) / seconds
