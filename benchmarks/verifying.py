"""Verifies a copy of a database in a process of its own, as `agency audit verify` does it.

It loads no more than the command, of which the processes beside it are forks.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from agency_client.audit import verify_log
from agency_client.audit.collector import calm_collector
from agency_client.audit.database import DatabaseCopy
from agency_client.audit.shards import begun
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.merkle import CompactRange
from exchange_protocol.trust.certificates import TrustAnchors

_AT_ONCE = 4096


@dataclass(frozen=True)
class Verified:
    """One verification of a whole log."""

    entries: int
    cores: int
    entries_per_second: float
    entries_per_cpu_second: float
    """Entries a second of processor time, of all processes."""
    tree_only_per_second: float
    peak_mib: float
    """The most memory of all processes together."""


def verify(database: Path, root: Path, log_vkey: str, cores: int) -> Verified:
    """Verify a copy in this process; raises for a log that is not clean."""
    calm_collector()  # as the command does
    anchors = TrustAnchors.from_pem(root.read_bytes())
    before = time.process_time()
    with begun(cores) as early, closing(DatabaseCopy(database, LogVerifier(log_vkey))) as copy:
        report = verify_log(copy, anchors, auditor=None, cores=cores, early=early)
    beside = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = time.process_time() - before + beside.ru_utime + beside.ru_stime
    if not report.is_clean:
        raise ValueError(f"expected a clean log, got {report.violations[0]}")
    # That of the largest process beside, as often as there is one.
    peak = peak_mib() + (cores * beside.ru_maxrss / 1024 if cores > 1 else 0)
    return Verified(
        entries=report.tree_size,
        cores=cores,
        entries_per_second=round(report.rate, 1),
        entries_per_cpu_second=round(report.tree_size / took, 1),
        tree_only_per_second=round(_tree_only(database, report.root), 1),
        peak_mib=round(peak, 1),
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


def peak_mib() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    database, root, log_vkey, cores = sys.argv[1:]
    print(json.dumps(asdict(verify(Path(database), Path(root), log_vkey, int(cores)))))
