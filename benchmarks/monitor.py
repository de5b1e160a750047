"""The cost of verifying a log anew: every signature, ruling and delivery.

Half of the entries are requests, each signed by its author and sealed to three readers, the other
half deliveries of them. The ledger itself made the log. A copy of the database is verified as
`agency audit verify --database` does it, the tables beside the log too: on one core, and on all.
Beside the rate stands the processor time of all processes, which other load on the machine changes
less; memory is that of all processes too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict

import uvloop

from agency_client.audit.ahead import usable_cores
from benchmarks.letters import CONTENT_BYTES
from benchmarks.multiplying import sqlite_file
from benchmarks.section import Load, Ratio, Run, Section
from benchmarks.seeding import converse
from benchmarks.verifying import Verified
from tests.support.hub_process import HubFiles

REPLAY_GOAL, TREE_GOAL, MEMORY_GOAL = 10_000, 200_000, 1.2


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
    speedup = best.entries_per_second / large.entries_per_second
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
    command = [sys.executable, "-m", "benchmarks.verifying", *map(str, words)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return Verified(**json.loads(ended.stdout))
