"""Echo, submit, echo, submit: what else the machine does meets both alike; ratios are per round.

Every receipt is verified when the clock has stopped: signature of the checkpoint, inclusion of the
entry, the statement that it names, and that the log only grew.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import uvloop

from benchmarks.echo import METHOD as ECHO
from benchmarks.echo import EchoProcess
from benchmarks.floor import lone_call_ms
from benchmarks.letters import Letter
from benchmarks.load import Latency, Line, cpu_seconds, peak_mib
from benchmarks.section import Load, Ratio, Run, Section
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.merkle import verify_consistency
from exchange_protocol.record.receipts import verify_receipt
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.hub_process import HubFiles, HubProcess

SUBMIT = "/exchange_protocol.v1.ExchangeService/Submit"
UNARY_GOAL, LATENCY_GOAL, FLOOR_GOAL, CORE_GOAL = 0.50, 3.0, 1.8, 1400
GET_CHECKPOINT = "/exchange_protocol.v1.AuditService/GetCheckpoint"


@dataclass(frozen=True)
class Throughput:
    """The result of the rounds."""

    echo_per_second: list[float]
    submit_per_second: list[float]
    echo_latency: Latency
    submit_latency: Latency
    unary_ratio: float
    """Median over the rounds of submits per second by echoes per second."""
    latency_ratio: float
    """Median over the rounds of the two median latencies."""
    request_bytes: int
    receipts_verified: int
    per_core: float
    """Statements a second and core that the hub used, median over the rounds."""
    lone_floor_ms: float
    """The floor of a call alone (`floor.lone_call_ms`)."""
    hub_peak_mib: float
    client_peak_mib: float


def play(run: Run) -> Section:
    """Load an empty hub and the echo in turn, after one round that warms both up."""
    found = uvloop.run(_play(run.hub("rounds"), run))
    rates = {
        "echo": statistics.median(found.echo_per_second),
        "Submit": statistics.median(found.submit_per_second),
    }
    unary = Ratio(found.unary_ratio, UNARY_GOAL, at_most=False)
    alone = Ratio(found.latency_ratio, LATENCY_GOAL, at_most=True)
    per_core = Ratio(found.per_core, CORE_GOAL, at_most=False)
    echo, submit = found.echo_latency, found.submit_latency
    above_floor = Ratio(round(submit.p50_ms / found.lone_floor_ms, 3), FLOOR_GOAL, at_most=True)
    return Section(
        key="throughput",
        title="unary Submit, many calls in flight and calls alone",
        headings=("", "echo", "hub", "ratio", "goal"),
        rows=(
            (
                "calls per second",
                *(f"{rate:,.0f}" for rate in rates.values()),
                f"{unary.value:.2f}",
                str(unary),
            ),
            (
                "alone, p50",
                f"{echo.p50_ms:.2f} ms",
                f"{submit.p50_ms:.2f} ms",
                f"{alone.value:.2f}",
                str(alone),
            ),
            (
                "alone, p50, beside its floor",
                f"{found.lone_floor_ms:.2f} ms",
                f"{submit.p50_ms:.2f} ms",
                f"{above_floor.value:.2f}",
                str(above_floor),
            ),
            (
                "statements a second and core of the hub",
                "",
                f"{per_core.value:,.0f}",
                "",
                str(per_core),
            ),
            ("alone, p99", f"{echo.p99_ms:.2f} ms", f"{submit.p99_ms:.2f} ms", "", ""),
            (
                "peak memory: load generator, hub",
                f"{found.client_peak_mib:.0f} MiB",
                f"{found.hub_peak_mib:.0f} MiB",
                "",
                "",
            ),
            ("receipts verified", "", f"{found.receipts_verified:,}", "", ""),
        ),
        load=Load(found.request_bytes, run.in_flight),
        figures={**asdict(found), "calls_per_round": run.burst},
        ratios={
            "unary_ratio": unary,
            "latency_ratio": alone,
            "latency_floor_ratio": above_floor,
            "unary_per_core": per_core,
        },
        rates=rates,
    )


async def _play(files: HubFiles, run: Run) -> Throughput:
    office, burst, in_flight = run.office, run.burst, run.in_flight
    echo_rates, submit_rates, per_core = [], [], []
    echo_took: list[list[float]] = []
    submit_took: list[list[float]] = []
    request_bytes = verified = 0
    with HubProcess(files) as hub, EchoProcess(files) as echo:
        tls, _ = office.certificates
        async with Line(files, hub.target, tls) as to_hub, Line(files, echo.target, tls) as to_echo:
            for number in range(run.rounds + 1):
                letters = office.letters(burst + run.singles)
                known = await checkpoint_of(to_hub, files.log_vkey)
                requests = [letter.request(known.size) for letter in letters]
                request_bytes = len(requests[0])
                echoed = await to_echo.burst(ECHO, requests[:burst], in_flight)
                used = cpu_seconds(hub.pid)
                submitted = await to_hub.burst(SUBMIT, requests[:burst], in_flight)
                used = cpu_seconds(hub.pid) - used
                echo_singly, _ = await to_echo.one_by_one(ECHO, requests[burst:])
                hub_singly, answers = await to_hub.one_by_one(SUBMIT, requests[burst:])
                verify_receipts(letters, submitted.answers + answers, known, files.log_vkey)
                verified += len(letters)
                if number > 0:
                    echo_rates.append(echoed.per_second)
                    submit_rates.append(submitted.per_second)
                    per_core.append(burst / used)
                    echo_took.append(echo_singly)
                    submit_took.append(hub_singly)
        hub_peak = peak_mib(hub.pid)
    echo_latency = Latency.of([one for took in echo_took for one in took])
    return Throughput(
        echo_per_second=[round(rate, 1) for rate in echo_rates],
        submit_per_second=[round(rate, 1) for rate in submit_rates],
        echo_latency=echo_latency,
        submit_latency=Latency.of([one for took in submit_took for one in took]),
        unary_ratio=median_ratio(submit_rates, echo_rates),
        latency_ratio=median_ratio(
            [statistics.median(took) for took in submit_took],
            [statistics.median(took) for took in echo_took],
        ),
        request_bytes=request_bytes,
        receipts_verified=verified,
        per_core=round(statistics.median(per_core), 1),
        lone_floor_ms=round(lone_call_ms(run.folder, echo_latency.p50_ms), 3),
        hub_peak_mib=hub_peak,
        client_peak_mib=peak_mib(os.getpid()),
    )


def verify_receipts(
    letters: Sequence[Letter], answers: Sequence[bytes], known: Checkpoint, log_vkey: str
) -> None:
    """Verify every receipt, as the author's client does; raises for the first that is wrong."""
    log = LogVerifier(log_vkey)
    for letter, answer in zip(letters, answers, strict=True):
        receipt = pb.SubmitResponse.FromString(answer).receipt
        head = receipt.tree_head
        verified = verify_receipt(receipt.entry, head.checkpoint, letter.statement, log)
        now = verified.checkpoint
        verify_consistency(
            known.size, now.size, tuple(head.consistency_proof), known.root, now.root
        )


async def checkpoint_of(line: Line, log_vkey: str) -> Checkpoint:
    """The newest checkpoint that a hub shows."""
    request = audit_pb.GetCheckpointRequest().SerializeToString()
    [answer] = (await line.one_by_one(GET_CHECKPOINT, [request]))[1]
    note = audit_pb.GetCheckpointResponse.FromString(answer).tree_head.checkpoint
    return LogVerifier(log_vkey).verify(note)


def median_ratio(ours: Sequence[float], ceiling: Sequence[float]) -> float:
    """The median over the rounds of one figure by the other."""
    return round(statistics.median(a / b for a, b in zip(ours, ceiling, strict=True)), 3)
