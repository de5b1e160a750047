"""Echo, submit, echo, submit: what else the machine does meets both alike; ratios are per round.

Every receipt is verified when the clock has stopped: signature of the checkpoint, inclusion of the
entry, the statement that it names, and that the log only grew.
"""

from __future__ import annotations

import resource
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.echo import METHOD as ECHO
from benchmarks.echo import EchoProcess
from benchmarks.letters import Letter, Office
from benchmarks.load import Latency, Line
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.merkle import verify_consistency
from exchange_protocol.log.receipts import verify_receipt
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.hub_process import HubFiles, HubProcess

SUBMIT = "/exchange_protocol.v1.ExchangeService/Submit"
GET_CHECKPOINT = "/exchange_protocol.v1.AuditService/GetCheckpoint"


@dataclass(frozen=True)
class Throughput:
    """What the rounds came to."""

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
    hub_peak_mib: float
    client_peak_mib: float


async def play(
    files: HubFiles, office: Office, *, rounds: int, burst: int, singles: int, in_flight: int
) -> Throughput:
    """Load an empty hub and the echo in turn, after one round that warms both up."""
    echo_rates, submit_rates = [], []
    echo_took: list[list[float]] = []
    submit_took: list[list[float]] = []
    request_bytes = verified = 0
    with HubProcess(files) as hub, EchoProcess(files) as echo:
        tls, _ = office.certificates
        async with Line(files, hub.target, tls) as to_hub, Line(files, echo.target, tls) as to_echo:
            for number in range(rounds + 1):
                letters = office.letters(burst + singles)
                known = await _checkpoint(to_hub, files.log_vkey)
                requests = [letter.request(known.size) for letter in letters]
                request_bytes = len(requests[0])
                echoed = await to_echo.burst(ECHO, requests[:burst], in_flight)
                submitted = await to_hub.burst(SUBMIT, requests[:burst], in_flight)
                echo_singly, _ = await to_echo.one_by_one(ECHO, requests[burst:])
                hub_singly, answers = await to_hub.one_by_one(SUBMIT, requests[burst:])
                verify_receipts(letters, submitted.answers + answers, known, files.log_vkey)
                verified += len(letters)
                if number > 0:
                    echo_rates.append(echoed.per_second)
                    submit_rates.append(submitted.per_second)
                    echo_took.append(echo_singly)
                    submit_took.append(hub_singly)
        hub_peak = _peak_mib(hub.pid)
    return Throughput(
        echo_per_second=[round(rate, 1) for rate in echo_rates],
        submit_per_second=[round(rate, 1) for rate in submit_rates],
        echo_latency=Latency.of([one for took in echo_took for one in took]),
        submit_latency=Latency.of([one for took in submit_took for one in took]),
        unary_ratio=_median_ratio(submit_rates, echo_rates),
        latency_ratio=_median_ratio(
            [statistics.median(took) for took in submit_took],
            [statistics.median(took) for took in echo_took],
        ),
        request_bytes=request_bytes,
        receipts_verified=verified,
        hub_peak_mib=hub_peak,
        client_peak_mib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
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


async def _checkpoint(line: Line, log_vkey: str) -> Checkpoint:
    request = audit_pb.GetCheckpointRequest().SerializeToString()
    [answer] = (await line.one_by_one(GET_CHECKPOINT, [request]))[1]
    note = audit_pb.GetCheckpointResponse.FromString(answer).tree_head.checkpoint
    return LogVerifier(log_vkey).verify(note)


def _median_ratio(ours: Sequence[float], ceiling: Sequence[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, ceiling, strict=True)), 3)


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return round(int(peak.split()[1]) / 1024, 1)
