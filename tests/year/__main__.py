"""The long form: `make year`, or `python -m tests.year --exchanges 5000`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.year.report import lines, live_through

EXCHANGES = 5000
PROVED_BY_EACH = 60


def _tell(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)


async def main(exchanges: int) -> int:
    """Play it, print the report; gives the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        year = await live_through(Path(folder), exchanges, PROVED_BY_EACH, _tell)
        for line in lines(year):
            print(line)
        await year.town.close()
    missing = [*map(str, year.missing_kinds), *year.missing_rows]
    if exchanges >= EXCHANGES and missing:
        print("expected a long year to have everything; missing:", ", ".join(missing))
        return 1
    return 1 if year.disagreements else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--exchanges", type=int, default=EXCHANGES)
    sys.exit(asyncio.run(main(parser.parse_args().exchanges)))
