"""What it costs to verify a log anew: every signature, ruling and delivery.

Half of the entries are requests, each signed by its author and sealed to three readers, the other
half deliveries of them, and one process verifies all. The ledger itself made the log. A copy of the
database is verified as `agency audit verify --database` does it, the tables beside the log too.
"""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from agency_client.audit import verify_log
from agency_client.audit.database import DatabaseCopy
from benchmarks.letters import CONTENT_BYTES
from benchmarks.load import peak_mib
from benchmarks.multiplying import sqlite_file
from benchmarks.section import Load, Ratio, Run, Section
from benchmarks.seeding import converse
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.merkle import Frontier
from exchange_protocol.trust.certificates import TrustAnchors
from tests.support.hub_process import HubFiles

REPLAY_GOAL, TREE_GOAL, MEMORY_GOAL = 5_000, 200_000, 1.2
_AT_ONCE = 4096


@dataclass(frozen=True)
class Verified:
    """One verification of a whole log."""

    entries: int
    entries_per_second: float
    tree_only_per_second: float
    peak_mib: float


def play(run: Run) -> Section:
    """Verify a log of two sizes; the second is ten times the first."""
    files = run.hub("monitor")
    most = run.verified
    found = []
    for entries in (most // 10, most):
        uvloop.run(converse(files, run.office, entries))
        found.append(_in_a_process(files))
    small, large = found
    ratios = {
        "monitor_entries_per_second": Ratio(large.entries_per_second, REPLAY_GOAL, at_most=False),
        "monitor_leaves_per_second": Ratio(large.tree_only_per_second, TREE_GOAL, at_most=False),
        "monitor_memory_ratio": Ratio(
            round(large.peak_mib / small.peak_mib, 3), MEMORY_GOAL, at_most=True
        ),
    }
    return Section(
        key="monitor",
        title="the log is verified anew, with policy replay; one process",
        headings=("entries", "entries a second", "the tree alone", "peak memory"),
        rows=tuple(
            (
                f"{one.entries:,}",
                f"{one.entries_per_second:,.0f}",
                f"{one.tree_only_per_second:,.0f}",
                f"{one.peak_mib:.0f} MiB",
            )
            for one in found
        ),
        load=Load(CONTENT_BYTES, in_flight=1, database="a copy, read only"),
        figures={"at_sizes": [asdict(one) for one in found]},
        ratios=ratios,
    )


def _in_a_process(files: HubFiles) -> Verified:
    root = files.folder / "root.pem"
    root.write_bytes(files.root_pem)
    command = [sys.executable, "-m", "benchmarks.monitor", sqlite_file(files), root, files.log_vkey]
    ended = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=True, env=os.environ
    )
    return Verified(**json.loads(ended.stdout))


def verify(database: Path, root: Path, log_vkey: str) -> Verified:
    """Verify a copy in this process; raises for a log that is not clean."""
    gc.freeze()  # as the command does
    anchors = TrustAnchors.from_pem(root.read_bytes())
    with closing(DatabaseCopy(database, LogVerifier(log_vkey))) as copy:
        report = verify_log(copy, anchors, auditor=None)
    if not report.is_clean:
        raise ValueError(f"expected a clean log, got {report.violations[0]}")
    return Verified(
        entries=report.tree_size,
        entries_per_second=round(report.rate, 1),
        tree_only_per_second=round(_tree_only(database, report.root), 1),
        peak_mib=peak_mib(os.getpid()),
    )


def _tree_only(database: Path, root: bytes) -> float:
    started = time.perf_counter()
    frontier = Frontier()
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT leaf_hash FROM log_entries ORDER BY idx")
        while page := rows.fetchmany(_AT_ONCE):
            frontier = frontier.append_many([leaf_hash for (leaf_hash,) in page]).after
    if frontier.root() != root:
        raise ValueError("expected the root of the checkpoint")
    return frontier.size / (time.perf_counter() - started)


if __name__ == "__main__":
    print(json.dumps(asdict(verify(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))))
