"""Whether cost stays flat while the log grows: one hub, measured at each size of its log."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.letters import Office
from benchmarks.load import Latency, Line
from benchmarks.rounds import SUBMIT
from benchmarks.seeding import grow
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.hub_process import HubFiles, HubProcess

_PROOF = "/exchange_protocol.v1.AuditService/GetInclusionProof"
_LIST = "/exchange_protocol.v1.ExchangeService/ListExchanges"
_WARM_UP = 20
_INBOX_PAGE = 50


@dataclass(frozen=True)
class AtSize:
    """Latencies over a log of so many entries."""

    entries: int
    submit: Latency
    inclusion_proof: Latency
    inbox: Latency


async def play(files: HubFiles, office: Office, sizes: Sequence[int], calls: int) -> list[AtSize]:
    """Grow the log to each size and measure there, one call after the other."""
    measured = []
    for entries in sizes:
        await grow(files, office, entries)
        measured.append(await _measure(files, office, entries, calls))
    return measured


async def _measure(files: HubFiles, office: Office, entries: int, calls: int) -> AtSize:
    author, recipient = office.certificates
    pick = random.Random(entries)  # noqa: S311 -- which entries are proven, the same in each run
    submits = [letter.request(entries) for letter in office.letters(calls + _WARM_UP)]
    proofs = [
        audit_pb.GetInclusionProofRequest(
            index=pick.randrange(entries), tree_size=entries
        ).SerializeToString()
        for _ in range(calls + _WARM_UP)
    ]
    inbox = pb.ListExchangesRequest(box=pb.BOX_INBOX, page_size=_INBOX_PAGE).SerializeToString()
    with HubProcess(files) as hub:
        async with (
            Line(files, hub.target, author) as line,
            Line(files, hub.target, recipient) as theirs,
        ):
            submit_took, _ = await line.one_by_one(SUBMIT, submits)
            proof_took, _ = await line.one_by_one(_PROOF, proofs)
            inbox_took, _ = await theirs.one_by_one(_LIST, [inbox] * (calls + _WARM_UP))
        hub.stop()
    return AtSize(
        entries,
        Latency.of(submit_took[_WARM_UP:]),
        Latency.of(proof_took[_WARM_UP:]),
        Latency.of(inbox_took[_WARM_UP:]),
    )
