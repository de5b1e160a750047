"""Statements that are not alike, beside the bare unary echo: many shapes, replies and decisions.

The other parts send one kind of request again and again, which the hub parses by one shape. Here
each of `SHAPES` requests has a header of its own: its shape is new to the hub in the first round,
and known in the next. Each request is then answered, or was held and is approved: statements that
are judged by the state of their exchange. Every receipt is verified when the clock has stopped.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import uvloop

from benchmarks.echo import METHOD as ECHO
from benchmarks.echo import EchoProcess
from benchmarks.letters import AUTHOR, CONTENT_BYTES, RECIPIENT, Letter
from benchmarks.load import Line
from benchmarks.rounds import SUBMIT, checkpoint_of, median_ratio, verify_receipts
from benchmarks.section import Load, Ratio, Run, Section
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Urgency
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.rules.statements import BRIEF, Statement
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from exchange_server.fairness.fair_queue import ACTIVE_SECONDS
from tests.support.hub_data import Clock, Correspondence
from tests.support.hub_process import HubFiles, HubProcess
from tests.support.statements import CASE, COORDINATOR

GOAL: Final = 0.50
SHAPES: Final = 500
ROUNDS: Final = 2
ECHOES: Final = 3
"""Times that the echo gets each message: once alone lasts an eighth of a second, too short."""
FETCH_PART: Final = "/exchange_protocol.v1.ExchangeService/FetchPart"
DELIVERED_AT_ONCE: Final = 8
HELD: Final = "uz.fiu"
"""The agency whose requests wait for an approval."""
KINDS: Final = ("requests of 500 shapes", "requests that are held", "replies", "decisions")
_CONTENT: Final = bytes(CONTENT_BYTES)


def play(run: Run) -> Section:
    """Echo and each kind of statement in turn, after one round in which every shape is new."""
    echoes, rates, size = uvloop.run(_play(run.hub("mixture"), run))
    ratios = {
        name: Ratio(median_ratio(rates[name][1:], echoes[name][1:]), GOAL, at_most=False)
        for name in KINDS
    }
    first = KINDS[0]
    new = Ratio(round(rates[first][0] / echoes[first][0], 3), GOAL, at_most=False)
    rows = [(name, statistics.median(rates[name][1:]), ratios[name]) for name in KINDS]
    rows.append(("the first, each shape new to the hub", rates[first][0], new))
    return Section(
        key="mixture",
        title="statements that are not alike, one a call",
        headings=("", "a second", "to the echo", "goal"),
        rows=tuple(
            (name, f"{rate:,.0f}", f"{ratio.value:.2f}", str(ratio)) for name, rate, ratio in rows
        ),
        load=Load(size, run.in_flight),
        figures={
            name: {
                "echo_per_second": [round(each, 1) for each in echoes[name]],
                "per_second": [round(each, 1) for each in rates[name]],
            }
            for name in KINDS
        },
        ratios={
            "mixture_requests_ratio": ratios[KINDS[0]],
            "mixture_new_shapes_ratio": new,
            "mixture_held_ratio": ratios[KINDS[1]],
            "mixture_replies_ratio": ratios[KINDS[2]],
            "mixture_decisions_ratio": ratios[KINDS[3]],
        },
    )


async def _play(
    files: HubFiles, run: Run
) -> tuple[dict[str, list[float]], dict[str, list[float]], int]:
    mail = _Mail()
    echoes: dict[str, list[float]] = {name: [] for name in KINDS}
    rates: dict[str, list[float]] = {name: [] for name in KINDS}
    size = 0
    with HubProcess(files) as hub, EchoProcess(files) as echo:
        async with (
            Line(files, echo.target, run.office.author_tls) as to_echo,
            Line(files, hub.target, run.office.author_tls) as author,
            Line(files, hub.target, run.office.recipient_tls) as recipient,
            Line(files, hub.target, run.office.tls_of(COORDINATOR)) as coordinator,
        ):
            lines = (author, author, recipient, coordinator)
            last = author
            for _ in range(ROUNDS):
                same = [letter.request(0) for letter in run.office.letters(SHAPES)]
                for name, line, letters in zip(KINDS, lines, mail.round(), strict=True):
                    if name == "replies":
                        # An author reads the statement before it answers it.
                        await recipient.fetch_all(FETCH_PART, mail.fetches, DELIVERED_AT_ONCE)
                    if line is not last:
                        # Else it would have a share of each batch, as while others are active.
                        await asyncio.sleep(ACTIVE_SECONDS)
                    last = line
                    known = await checkpoint_of(line, files.log_vkey)
                    requests = [letter.request(known.size) for letter in letters]
                    size = size or len(requests[0])
                    echoed = await to_echo.burst(ECHO, same * ECHOES, run.in_flight)
                    burst = await line.burst(SUBMIT, requests, run.in_flight)
                    verify_receipts(letters, burst.answers, known, files.log_vkey)
                    rates[name].append(burst.per_second)
                    echoes[name].append(echoed.per_second)
    return echoes, rates, size


class _Mail:
    """Writes what is said, by a model that follows."""

    def __init__(self) -> None:
        self._clock = Clock(utc_now())
        self._model = Correspondence(self._clock)
        self._delivered: list[Statement] = []

    @property
    def fetches(self) -> list[bytes]:
        """The calls by which the recipient takes delivery of what it answers."""
        return [
            pb.FetchPartRequest(payload_sha256=said.digest, part_name=BRIEF).SerializeToString()
            for said in self._delivered
        ]

    def round(self) -> Iterator[list[Letter]]:
        """The statements of each of `KINDS`; each is written once those before it are said."""
        asked = [self._ask(number, RECIPIENT.agency) for number in range(SHAPES)]
        yield [letter for letter, _ in asked]
        self._delivered = [said for _, said in asked]
        for said in self._delivered:
            self._model.fetched(RECIPIENT, said)
        held = [self._ask(number, HELD) for number in range(SHAPES)]
        yield [letter for letter, _ in held]
        answer = Reply(ReplyResult.INFORMATION)
        yield [self._say(RECIPIENT, answer, on=said)[0] for _, said in asked]
        approve = Decision(Verdict.APPROVE)
        yield [self._say(COORDINATOR, approve, to=(HELD,), on=said)[0] for _, said in held]

    def _ask(self, number: int, to: str) -> tuple[Letter, Statement]:
        urgency = Urgency.URGENT if number % 2 else Urgency.ROUTINE
        header = replace(CASE, subject_count=1 + number // 2, urgency=urgency)
        return self._say(AUTHOR, Kind.INFORMATION_REQUEST.body(), to=(to,), header=header)

    def _say(
        self,
        author: Member,
        body: Body,
        *,
        to: tuple[str, ...] = (),
        on: Statement | None = None,
        **fields: object,
    ) -> tuple[Letter, Statement]:
        self._clock.now = max(self._clock.now, utc_now())
        made = self._model.write(
            author, body, to=to, on=on, content=None if on else _CONTENT, **fields
        )
        return Letter(made.signed, dict(made.parts)), self._model.posted(made)
