"""`python -m benchmarks`: measure the hub against a bare echo, and write benchmarks/report.json."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks import (
    batches,
    fairness,
    growth,
    mixture,
    monitor,
    opening,
    peers,
    plot,
    replicas,
    report,
    rounds,
    streams,
)
from benchmarks.letters import Office
from benchmarks.section import Run, Section

REPORT = Path(__file__).with_name("report.json")
PARTS: tuple[tuple[str, Callable[[Run], Section]], ...] = (
    ("echo and submit in turn", rounds.play),
    ("many statements in one call", batches.play),
    ("statements in streams", streams.play),
    ("statements that are not alike", mixture.play),
    ("one agency floods, another does not", fairness.play),
    ("a recipient opens", opening.play),
    ("the log grows", growth.play),
    ("two hubs on one database", replicas.play),
    ("the log is verified anew", monitor.play),
    ("other messaging", peers.play),
)
_QUICK = (10_000, 100_000)
_STANDARD = (10_000, 1_000_000)
_FULL = (*_STANDARD, 10_000_000)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="shorter logs: three minutes at most")
    size.add_argument("--full", action="store_true", help="of 10 million: 80 GB of disk")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of echo and hub")
    parser.add_argument("--burst", type=int, default=1500, help="calls in a round")
    parser.add_argument("--singles", type=int, default=100, help="calls alone, in a round")
    parser.add_argument("--in-flight", type=int, default=64, help="calls at a time")
    parser.add_argument(
        "--only",
        metavar="PART",
        action="append",
        choices=[play.__module__.rpartition(".")[2] for _, play in PARTS],
        help="run this part alone, such as fairness; may be given again",
    )
    parser.add_argument("--out", type=Path, default=REPORT, help="where to write the report")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="exchange-benchmark-") as name:
        run = Run(
            folder=Path(name),
            office=Office(),
            in_flight=arguments.in_flight,
            rounds=arguments.rounds,
            burst=arguments.burst,
            singles=arguments.singles,
            sizes=_QUICK if arguments.quick else _FULL if arguments.full else _STANDARD,
            verified=40_000 if arguments.quick else 60_000,
        )
        sections, seconds = [], []
        for title, play in PARTS:
            if arguments.only and play.__module__.rpartition(".")[2] not in arguments.only:
                continue
            console.print(f"[dim]{title} ...")
            started = time.monotonic()
            sections.append(play(run))
            seconds.append(time.monotonic() - started)
            report.show_section(sections[-1], console)
        made = report.as_json(run, sections, seconds)
    report.show_goals(made, console)
    report.write(made, arguments.out)
    plot.draw(made, arguments.out.with_suffix(".svg"))


if __name__ == "__main__":
    main()
