"""Many statements in one call under one signature, beside the bare unary echo and the floor.

Every result is verified when the clock has stopped, as the author's client does.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import uvloop

from benchmarks.echo import METHOD as ECHO
from benchmarks.echo import EchoProcess
from benchmarks.floor import KEEP
from benchmarks.letters import Letter
from benchmarks.load import Line
from benchmarks.rounds import median_ratio
from benchmarks.section import Load, Ratio, Run, Section
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.record.receipts import verify_receipt
from exchange_protocol.rules.signed_statements import encode_signed_statement
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.hub_process import HubFiles, HubProcess

GOAL, FLOOR_GOAL = 2.3, 0.5
STATEMENTS = 256
"""Statements of one call."""
CALLS = 8
"""Calls of a round."""
IN_FLIGHT = 4
METHOD = "/exchange_protocol.v1.ExchangeService/SubmitBatch"


def play(run: Run) -> Section:
    """Echo, floor and SubmitBatch in turn, after one round that warms all up."""
    echoes, floors, statements, call_bytes = uvloop.run(_play(run.hub("batches"), run))
    per_second = statistics.median(statements)
    judged = Ratio(median_ratio(statements, echoes), GOAL, at_most=False)
    to_floor = Ratio(median_ratio(statements, floors), FLOOR_GOAL, at_most=False)
    return Section(
        key="batches",
        title=f"SubmitBatch: {STATEMENTS} statements a call under one signature, beside "
        f"{run.in_flight} echoes in flight",
        headings=("a second", "bare", "hub, statements", "ratio", "goal"),
        rows=tuple(
            (
                name,
                f"{statistics.median(bare):,.0f}",
                f"{per_second:,.0f}",
                f"{ratio.value:.2f}",
                str(ratio),
            )
            for name, bare, ratio in (
                ("echo, calls", echoes, judged),
                ("the floor, statements", floors, to_floor),
            )
        ),
        load=Load(call_bytes, IN_FLIGHT),
        figures={
            "statements_per_call": STATEMENTS,
            "echoes_in_flight": run.in_flight,
            "echo_per_second": [round(each, 1) for each in echoes],
            "floor_per_second": [round(each, 1) for each in floors],
            "statements_per_second": [round(each, 1) for each in statements],
        },
        ratios={"batch_ratio": judged, "batch_floor_ratio": to_floor},
        rates={
            "the floor, statements": statistics.median(floors),
            "SubmitBatch, statements": per_second,
        },
    )


async def _play(files: HubFiles, run: Run) -> tuple[list[float], list[float], list[float], int]:
    echoes, floors, statements = [], [], []
    call_bytes = 0
    tls, _ = run.office.certificates
    with HubProcess(files) as hub, EchoProcess(files) as echo:
        async with Line(files, hub.target, tls) as to_hub, Line(files, echo.target, tls) as to_echo:
            for number in range(min(run.rounds, 3) + 1):
                single = [letter.request(0) for letter in run.office.letters(run.burst)]
                batches = [run.office.batch(STATEMENTS) for _ in range(CALLS)]
                requests = [request_of(batch) for batch in batches]
                call_bytes = len(requests[0])
                echoed = await to_echo.burst(ECHO, single, run.in_flight)
                kept = await to_echo.burst(KEEP, requests, IN_FLIGHT)
                submitted = await to_hub.burst(METHOD, requests, IN_FLIGHT)
                for batch, answer in zip(batches, submitted.answers, strict=True):
                    _verify(batch, answer, files.log_vkey)
                if number > 0:
                    echoes.append(echoed.per_second)
                    floors.append(kept.per_second * STATEMENTS)
                    statements.append(submitted.per_second * STATEMENTS)
    return echoes, floors, statements, call_bytes


def request_of(batch: Sequence[Letter]) -> bytes:
    """The bytes of the call that submits them together."""
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
