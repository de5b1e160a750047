"""`python -m benchmarks`: measure the hub against a bare echo, and write benchmarks/report.json."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks import growth, opening, report, rounds, seeding
from benchmarks.letters import Office
from tests.support.hub_process import HubFiles, prepare_hub
from tests.support.statements import fictional_cast

REPORT = Path(__file__).with_name("report.json")
SIZES = (10_000, 100_000)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="pairs of echo and submit")
    parser.add_argument("--burst", type=int, default=1500, help="calls in a round")
    parser.add_argument("--singles", type=int, default=100, help="calls alone, in a round")
    parser.add_argument("--in-flight", type=int, default=64, help="calls at a time")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES, help="entries to grow the log to"
    )
    parser.add_argument("--openings", type=int, default=30, help="exchanges to open")
    parser.add_argument("--out", type=Path, default=REPORT, help="where to write the report")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="exchange-benchmark-") as name:
        folder = Path(name)
        office = Office()
        files = _hub(folder / "rounds", office)
        console.print("[dim]echo and submit in turn ...")
        throughput = uvloop.run(
            rounds.play(
                files,
                office,
                rounds=arguments.rounds,
                burst=arguments.burst,
                singles=arguments.singles,
                in_flight=arguments.in_flight,
            )
        )
        console.print("[dim]a recipient opens ...")
        opened = opening.play(folder / "opening", arguments.openings)
        console.print("[dim]the log grows ...")
        files = _hub(folder / "growth", office)
        grown = uvloop.run(growth.play(files, office, arguments.sizes, arguments.singles))
        results = report.Results(arguments.in_flight, throughput, grown, opened)
        made = report.as_json(results, folder)
    report.write(made, arguments.out)
    report.show(results, made, console)


def _hub(folder: Path, office: Office) -> HubFiles:
    files = prepare_hub(folder, authority=fictional_cast().authority)
    uvloop.run(seeding.found(files, office))
    return files


main()
