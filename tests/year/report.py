"""The report of a year: what happened, that everything agrees, and size and speed of the hub."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Final

from agency_client.statistics import DIMENSIONS, Period
from exchange_protocol.kinds.catalogue import Kind
from tests.year import checks
from tests.year.region import AGENCIES, START
from tests.year.simulation import play
from tests.year.town import Town

QUARTERS: Final = tuple(datetime(START.year, month, 1, tzinfo=UTC) for month in (4, 7, 10))
PERIODS: Final = (Period(None, None), Period(QUARTERS[0], QUARTERS[1]))
GROUPINGS: Final = (
    *((name,) for name in DIMENSIONS),
    ("agency", "kind", "urgency"),
    ("state", "purpose", "handling", "offence", "month"),
)
NEVER: Final = {
    Kind.PUBLISH_LOG_KEY: "a hub changes its log key while it is stopped; "
    "tests/integration/ledger/test_log_keys.py does that",
    Kind.REQUIRE_POST_QUANTUM: "members sign by one key here; "
    "tests/unit/rules/test_post_quantum.py has those who sign by two",
}
"""Kinds that do not occur, each with the reason."""


@dataclass
class Year:
    """A year that is over, with all that was compared at its end."""

    town: Town
    found: checks.Audit
    proved: checks.Proved
    monitor: checks.QuarterlyMonitor
    seconds: float
    """What the simulation took, hub and actors together."""
    tables: int
    """Tables that were compared."""
    listed: int
    """Legs that were compared as the hub lists them."""
    database: int
    """Bytes of the database."""
    wrong: dict[str, list[str]] = field(default_factory=dict)
    """What does not agree, by the name of the comparison."""

    @property
    def disagreements(self) -> list[str]:
        """Everything that does not agree."""
        return [f"{name}: {line}" for name, lines in self.wrong.items() for line in lines]

    @property
    def missing_kinds(self) -> list[Kind]:
        """Kinds that were to occur and did not."""
        return [kind for kind in Kind if kind not in self.town.notes.kinds and kind not in NEVER]

    @property
    def missing_rows(self) -> list[str]:
        """Lines of the lifecycle that nobody took."""
        return checks.missing_rows(self.found, but=NEVER)


def _silent(text: str) -> None:
    """Say nothing."""


async def live_through(
    folder: Path, exchanges: int, clients: int, tell: Callable[[str], None] = _silent
) -> Year:
    """Play a year of so many exchanges, then compare; a client proves about `clients` of them."""
    monitor = checks.QuarterlyMonitor(folder, QUARTERS, tell)
    began = time.perf_counter()
    town = await play(folder, exchanges, monitor.look)
    seconds = time.perf_counter() - began
    await monitor.run(town)
    tell(f"the year is over after {seconds:.0f} s")
    found = checks.audit(town.database, folder / "copy.db")
    wrong = {"monitor": monitor.findings, "auditor": found.findings}
    wrong["statistics"] = [
        line
        for period, by in product(PERIODS, GROUPINGS)
        for line in checks.statistics(town, found, period, by)
    ]
    tell(f"statistics: {len(wrong['statistics'])} disagree")
    wrong["clocks of notes and audit"] = checks.audited_clocks(town, found)
    wrong["clocks of hub and audit"], listed = await checks.listed_clocks(town, found)
    tell(f"clocks: {[len(each) for each in wrong.values()]} disagree")
    wrong["the hub's own check"] = checks.hub_check(town)
    database = (folder / "copy.db").stat().st_size
    proved = await checks.proved_clocks(town, found, folder, clients)
    wrong["clocks of clients, hub and audit"] = proved.wrong
    tables = len(PERIODS) * len(GROUPINGS) * 8
    return Year(town, found, proved, monitor, seconds, tables, listed, database, wrong)


def lines(year: Year) -> Iterator[str]:
    """The report, line by line."""
    notes, found, proved = year.town.notes, year.found, year.proved
    entries = found.checkpoint.size
    yield f"A year of {len(AGENCIES)} agencies: {len(found.exchanges)} exchanges with "
    yield f"  {len(notes.legs)} legs; {notes.statements} statements, {notes.deliveries} "
    yield f"  deliveries, {len(notes.denials)} refusals; {entries} entries of the log."
    yield f"Kinds that occurred: {len(notes.kinds)} of {len(Kind)}."
    for kind, reason in NEVER.items():
        yield f"  Not {kind.value}: {reason}."
    missing = year.missing_rows
    yield f"Lines of the lifecycle that nobody took: {', '.join(missing) or 'none'}."
    states = Counter(each.state.name for each in notes.legs)
    yield "Legs at the end: " + ", ".join(
        f"{name} {count}" for name, count in sorted(states.items())
    )
    again = sum(each.asked is not None for each in notes.legs)
    yield f"Members that were invited again: {again}; each is counted by its newest invitation."
    yield f"Approvals that lapsed with a revoked key: {notes.lapsed}."
    yield "Races and refusals:"
    for race, count in sorted(notes.races.items()):
        yield f"  {race}: {count}"
    yield f"Compared: {year.tables} tables of statistics, each figure with its entries; "
    yield f"  {len(notes.legs)} legs of the notes and {year.listed} legs that the hub lists with "
    yield f"  the audit; {proved.exchanges} exchanges with {proved.legs} legs that clients proved; "
    yield f"  {len(notes.days)} days that were given, of which the log shows those that run;"
    yield f"  {proved.opened} statements unsealed; {year.monitor.rounds} rounds of the monitor."
    yield f"Disagreements: {len(year.disagreements)}."
    yield from (f"  {line}" for line in year.disagreements[:40])
    hub = year.town.hub_seconds
    written = notes.statements + notes.deliveries
    each = year.database / notes.statements
    yield f"Size: {year.database / 2**20:.0f} MiB, {each:,.0f} bytes of database a statement, with "
    yield f"  its sealed brief, and {entries / notes.statements:.2f} entries."
    yield f"Speed: the year took {year.seconds:.0f} s, {hub:.0f} s of them the hub, one call after "
    yield f"  the other: {written / hub:,.0f} statements and deliveries a second. The auditor "
    yield f"  replayed {entries / found.seconds:,.0f} entries a second; a client proved "
    yield f"  {proved.exchanges / proved.seconds:,.0f} exchanges a second."
