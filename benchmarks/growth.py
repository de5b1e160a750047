"""True if cost stays flat while the log grows: one hub, measured at each size of its log."""

from __future__ import annotations

import os
import random
from dataclasses import asdict, dataclass

import uvloop

from benchmarks.letters import Office
from benchmarks.load import Latency, Line, peak_mib
from benchmarks.multiplying import Template, sqlite_file
from benchmarks.rounds import SUBMIT
from benchmarks.section import Load, Ratio, Run, Section
from benchmarks.seeding import grow
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import statement_pb2
from exchange_server.bootstrap import load_credentials, utc_now
from tests.support.hub_process import HubFiles, HubProcess

GOAL = 1.2
WORK = ("submit", "inclusion_proof", "inbox", "exchange", "audit")
"""Figures that are measured at each size, each judged by itself."""
_PROOF = "/exchange_protocol.v1.AuditService/GetInclusionProof"
_GET = "/exchange_protocol.v1.ExchangeService/GetExchange"
_OPENINGS = "/exchange_protocol.v1.AuditService/ListOpenings"
_LIST = "/exchange_protocol.v1.ExchangeService/ListExchanges"
_COPIED = 1000
_WARM_UP = 20
_INBOX_PAGE = 50
_PAGE = 50


@dataclass(frozen=True)
class AtSize:
    """Latencies over a log of so many entries, and the hub's peak memory."""

    entries: int
    submit: Latency
    inclusion_proof: Latency
    inbox: Latency
    exchange: Latency
    """One exchange with its proofs: `GetExchange`."""
    audit: Latency
    """A page of leaves with what an agency may open of it: `ListOpenings`."""
    hub_peak_mib: float


def play(run: Run) -> Section:
    """Grow the log to each size and measure there, one call after the other."""
    files = run.hub("growth")
    uvloop.run(grow(files, run.office, _COPIED))
    signer = load_credentials(files.config, {}, utc_now).signer
    database = sqlite_file(files)
    template = Template(database, run.folder / "template.db")
    measured = []
    for entries in run.sizes:
        template.multiply(database, signer, entries)
        uvloop.run(grow(files, run.office, entries))
        # Gigabytes that the kernel still writes would be measured as the hub's.
        os.sync()
        measured.append(uvloop.run(_measure(files, run.office, entries, run.singles)))
    database.unlink()
    [letter] = run.office.letters(1)
    return _section(measured, Load(len(letter.request(run.sizes[-1])), in_flight=1))


def _section(measured: list[AtSize], load: Load) -> Section:
    first, last = measured[0], measured[-1]
    ratios = {
        **{
            f"growth_{name}_ratio": getattr(last, name).p50_ms / getattr(first, name).p50_ms
            for name in WORK
        },
        "growth_memory_ratio": last.hub_peak_mib / first.hub_peak_mib,
    }
    return Section(
        key="growth",
        title="while the log grows: p50 of calls alone, and the hub's peak memory",
        headings=("entries", *(name.replace("_", " ") for name in WORK), "hub"),
        rows=tuple(
            (
                f"{at.entries:,}",
                *(f"{getattr(at, name).p50_ms:.2f} ms" for name in WORK),
                f"{at.hub_peak_mib:.0f} MiB",
            )
            for at in measured
        ),
        load=load,
        figures={"at_sizes": [asdict(at) for at in measured]},
        ratios={name: Ratio(round(value, 3), GOAL, at_most=True) for name, value in ratios.items()},
    )


async def _measure(files: HubFiles, office: Office, entries: int, calls: int) -> AtSize:
    author, recipient = office.certificates
    pick = random.Random(entries)  # noqa: S311 -- which entries are proven, the same in each run
    letters = office.letters(calls + _WARM_UP)
    submits = [letter.request(entries) for letter in letters]
    exchanges = [
        pb.GetExchangeRequest(
            exchange_id=letter.statement.exchange_id, known_tree_size=entries
        ).SerializeToString()
        for letter in letters
    ]
    pages = [
        audit_pb.ListOpeningsRequest(
            start_index=pick.randrange(entries - _PAGE), page_size=_PAGE, tree_size=entries
        ).SerializeToString()
        for _ in letters
    ]
    proofs = [
        audit_pb.GetInclusionProofRequest(
            index=pick.randrange(entries), tree_size=entries
        ).SerializeToString()
        for _ in range(calls + _WARM_UP)
    ]
    inbox = pb.ListExchangesRequest(
        party=statement_pb2.PARTY_RECIPIENT, page_size=_INBOX_PAGE
    ).SerializeToString()
    with HubProcess(files) as hub:
        async with (
            Line(files, hub.target, author) as line,
            Line(files, hub.target, recipient) as theirs,
        ):
            submit_took, _ = await line.one_by_one(SUBMIT, submits)
            proof_took, _ = await line.one_by_one(_PROOF, proofs)
            inbox_took, _ = await theirs.one_by_one(_LIST, [inbox] * (calls + _WARM_UP))
            exchange_took, _ = await theirs.one_by_one(_GET, exchanges)
            audit_took, _ = await line.one_by_one(_OPENINGS, pages)
        peak = peak_mib(hub.pid)
        hub.stop()
    return AtSize(
        entries,
        Latency.of(submit_took[_WARM_UP:]),
        Latency.of(proof_took[_WARM_UP:]),
        Latency.of(inbox_took[_WARM_UP:]),
        Latency.of(exchange_took[_WARM_UP:]),
        Latency.of(audit_took[_WARM_UP:]),
        peak,
    )
