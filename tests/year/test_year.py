"""The short form: a year of 200 exchanges, and everything that must agree at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange_protocol.kinds.codes import LegState
from tests.year.report import Year, lines, live_through

EXCHANGES = 200
PROVED_BY_EACH = 8


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """A year that is over; its hub is closed with the module."""
    folder: Path = tmp_path_factory.mktemp("year")
    loop = asyncio.new_event_loop()
    try:
        over = loop.run_until_complete(live_through(folder, EXCHANGES, PROVED_BY_EACH))
        yield over
        loop.run_until_complete(over.town.close())
    finally:
        loop.close()


@pytest.mark.parametrize(
    "comparison",
    [
        "statistics",
        "clocks of notes and audit",
        "clocks of hub and audit",
        "clocks of clients, hub and audit",
        "monitor",
        "auditor",
        "the hub's own check",
    ],
)
def test_nothing_disagrees_at_the_end_of_the_year(year: Year, comparison: str) -> None:
    assert year.wrong[comparison] == []


def test_everything_was_compared(year: Year) -> None:
    assert year.listed > len(year.town.notes.legs) > EXCHANGES
    assert year.proved.legs > 60
    assert year.proved.opened > 60
    assert year.monitor.rounds == 4
    assert any(each.late_for_judge for each in year.town.notes.legs)
    assert any(each.asked for each in year.town.notes.legs), "nobody was invited again"


def test_the_year_holds_every_kind_and_nearly_every_line_of_the_lifecycle(year: Year) -> None:
    assert year.missing_kinds == []
    # What is rare occurs in the long form; that one asks for every line.
    assert len(year.missing_rows) <= 8, year.missing_rows
    assert {each.state for each in year.town.notes.legs} >= {
        LegState.HELD,
        LegState.ACKNOWLEDGED,
        LegState.ANSWERED,
        LegState.CLOSED,
        LegState.ERASED,
    }
    assert len(year.town.notes.races) >= 8
    assert year.town.notes.lapsed == 4


def test_the_report_says_what_it_counted(year: Year) -> None:
    said = "\n".join(lines(year))
    assert "Disagreements: 0." in said
    assert f"{year.found.checkpoint.size} entries" in said
