"""The cost of verifying a log anew: every signature, ruling and delivery.

Half of the entries are requests, each signed by its author and sealed to three readers, the other
half deliveries of them. The ledger itself made the log. A copy of the database is verified as
`agency audit verify --database` does it, the tables beside the log too: on one core, and on all.
Beside the rate stands the processor time of the process that replays, which other load on the
machine changes less; memory is that of all processes.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from agency_client.audit import verify_log
from agency_client.audit.ahead import usable_cores
from agency_client.audit.database import DatabaseCopy
from benchmarks.letters import CONTENT_BYTES
from benchmarks.load import peak_mib
from benchmarks.multiplying import sqlite_file
from benchmarks.section import Load, Ratio, Run, Section
from benchmarks.seeding import converse
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.merkle import CompactRange
from exchange_protocol.trust.certificates import TrustAnchors
from tests.support.hub_process import HubFiles

REPLAY_GOAL, TREE_GOAL, MEMORY_GOAL = 10_000, 200_000, 1.2
_AT_ONCE = 4096


@dataclass(frozen=True)
class Verified:
    """One verification of a whole log."""

    entries: int
    cores: int
    entries_per_second: float
    entries_per_cpu_second: float
    """By the processor time of the process that replays."""
    tree_only_per_second: float
    peak_mib: float
    """Of all processes."""


def play(run: Run) -> Section:
    """Verify a log of two sizes; the second is ten times the first."""
    files = run.hub("monitor")
    most = run.verified
    found = []
    for entries in (most // 10, most):
        uvloop.run(converse(files, run.office, entries))
        found += [_in_a_process(files, cores) for cores in sorted({1, usable_cores()})]
    # A short log is not worth a second process: what the log adds to memory is seen in one.
    small, large = (one for one in found if one.cores == 1)
    best = found[-1]
    ratios = {
        "monitor_entries_per_second": Ratio(best.entries_per_second, REPLAY_GOAL, at_most=False),
        "monitor_leaves_per_second": Ratio(best.tree_only_per_second, TREE_GOAL, at_most=False),
        "monitor_memory_ratio": Ratio(
            round(large.peak_mib / small.peak_mib, 3), MEMORY_GOAL, at_most=True
        ),
    }
    speedup = best.entries_per_cpu_second / large.entries_per_cpu_second
    return Section(
        key="monitor",
        title="the log is verified anew, with policy replay",
        headings=("entries", "cores", "a second", "a CPU second", "the tree alone", "peak memory"),
        rows=tuple(
            (
                f"{one.entries:,}",
                f"{one.cores}",
                f"{one.entries_per_second:,.0f}",
                f"{one.entries_per_cpu_second:,.0f}",
                f"{one.tree_only_per_second:,.0f}",
                f"{one.peak_mib:.0f} MiB",
            )
            for one in found
        ),
        load=Load(CONTENT_BYTES, in_flight=1, database="a copy, read only"),
        figures={
            "at_sizes": [asdict(one) for one in found],
            "second_core_speedup": round(speedup, 2),
        },
        ratios=ratios,
    )


def _in_a_process(files: HubFiles, cores: int) -> Verified:
    root = files.folder / "root.pem"
    root.write_bytes(files.root_pem)
    words = (sqlite_file(files), root, files.log_vkey, cores)
    command = [sys.executable, "-m", "benchmarks.monitor", *map(str, words)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return Verified(**json.loads(ended.stdout))


def verify(database: Path, root: Path, log_vkey: str, cores: int) -> Verified:
    """Verify a copy in this process; raises for a log that is not clean."""
    gc.freeze()  # as the command does
    anchors = TrustAnchors.from_pem(root.read_bytes())
    before = time.process_time()
    with closing(DatabaseCopy(database, LogVerifier(log_vkey))) as copy:
        report = verify_log(copy, anchors, auditor=None, cores=cores)
    took = time.process_time() - before
    if not report.is_clean:
        raise ValueError(f"expected a clean log, got {report.violations[0]}")
    beside = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Verified(
        entries=report.tree_size,
        cores=cores,
        entries_per_second=round(report.rate, 1),
        entries_per_cpu_second=round(report.tree_size / took, 1),
        tree_only_per_second=round(_tree_only(database, report.root), 1),
        peak_mib=round(peak_mib(os.getpid()) + beside, 1),
    )


def _tree_only(database: Path, root: bytes) -> float:
    started = time.perf_counter()
    compact_range = CompactRange()
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT leaf_hash FROM log_entries ORDER BY idx")
        while page := rows.fetchmany(_AT_ONCE):
            compact_range = compact_range.append_many([leaf_hash for (leaf_hash,) in page]).after
    if compact_range.root() != root:
        raise ValueError("expected the root of the checkpoint")
    return compact_range.size / (time.perf_counter() - started)


if __name__ == "__main__":
    database, root, log_vkey, cores = sys.argv[1:]
    print(json.dumps(asdict(verify(Path(database), Path(root), log_vkey, int(cores)))))
