"""Many statements in one call under one signature, beside the bare unary echo.

Every result is verified when the clock has stopped, as the author's client does.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import uvloop

from benchmarks.echo import METHOD as ECHO
from benchmarks.echo import EchoProcess
from benchmarks.letters import Letter
from benchmarks.load import Line
from benchmarks.section import Load, Ratio, Run, Section
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.record.receipts import verify_receipt
from exchange_protocol.rules.statements import encode_signed_statement
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.hub_process import HubFiles, HubProcess

GOAL = 8
STATEMENTS = 256
"""In one call."""
CALLS = 8
"""In a round."""
IN_FLIGHT = 4
_METHOD = "/exchange_protocol.v1.ExchangeService/SubmitBatch"


def play(run: Run) -> Section:
    """Echo and SubmitBatch in turn, after one round that warms both up."""
    echoes, statements, call_bytes = uvloop.run(_play(run.hub("batches"), run))
    ratio = statistics.median(
        ours / ceiling for ours, ceiling in zip(statements, echoes, strict=True)
    )
    per_second = statistics.median(statements)
    judged = Ratio(round(ratio, 3), GOAL, at_most=False)
    return Section(
        key="batches",
        title=f"SubmitBatch: {STATEMENTS} statements a call under one signature, beside "
        f"{run.in_flight} echoes in flight",
        headings=("", "echo, calls", "hub, statements", "ratio", "goal"),
        rows=(
            (
                "per second",
                f"{statistics.median(echoes):,.0f}",
                f"{per_second:,.0f}",
                f"{judged.value:.2f}",
                str(judged),
            ),
        ),
        load=Load(call_bytes, IN_FLIGHT),
        figures={
            "statements_per_call": STATEMENTS,
            "echoes_in_flight": run.in_flight,
            "echo_per_second": [round(each, 1) for each in echoes],
            "statements_per_second": [round(each, 1) for each in statements],
        },
        ratios={"batch_ratio": judged},
        rates={"SubmitBatch, statements": per_second},
    )


async def _play(files: HubFiles, run: Run) -> tuple[list[float], list[float], int]:
    echoes, statements = [], []
    call_bytes = 0
    tls, _ = run.office.certificates
    with HubProcess(files) as hub, EchoProcess(files) as echo:
        async with Line(files, hub.target, tls) as to_hub, Line(files, echo.target, tls) as to_echo:
            for number in range(min(run.rounds, 3) + 1):
                single = [letter.request(0) for letter in run.office.letters(run.burst)]
                batches = [run.office.batch(STATEMENTS) for _ in range(CALLS)]
                requests = [_request(batch) for batch in batches]
                call_bytes = len(requests[0])
                echoed = await to_echo.burst(ECHO, single, run.in_flight)
                submitted = await to_hub.burst(_METHOD, requests, IN_FLIGHT)
                for batch, answer in zip(batches, submitted.answers, strict=True):
                    _verify(batch, answer, files.log_vkey)
                if number > 0:
                    echoes.append(echoed.per_second)
                    statements.append(submitted.per_second * STATEMENTS)
    return echoes, statements, call_bytes


def _request(batch: Sequence[Letter]) -> bytes:
    return pb.SubmitBatchRequest(
        submissions=[
            pb.Submission(
                statement=encode_signed_statement(letter.signed),
                parts=[
                    pb.InlinePart(name=name, sealed=made) for name, made in letter.parts.items()
                ],
            )
            for letter in batch
        ]
    ).SerializeToString()


def _verify(batch: Sequence[Letter], answer: bytes, log_vkey: str) -> None:
    log = LogVerifier(log_vkey)
    response = pb.SubmitBatchResponse.FromString(answer)
    for letter, result in zip(batch, response.results, strict=True):
        note = response.tree_heads[result.tree_head].checkpoint
        verify_receipt(result.entry, note, letter.statement, log)
