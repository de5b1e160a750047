"""The input and the output of one part of the benchmark: figures for programs and for people.

A part is a function `play(run: Run) -> Section`, in a module of its own; `__main__.PARTS` lists
them in the order in which they run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import seeding
from benchmarks.letters import Office
from tests.support.hub_process import HubFiles, prepare_hub
from tests.support.statements import fictional_cast


@dataclass(frozen=True)
class Run:
    """One run of the benchmark: the same load for every part."""

    folder: Path
    """A folder for databases and keys; gone after the run."""
    office: Office
    in_flight: int
    """Calls at a time."""
    rounds: int
    """Times that what is compared is measured, in turn."""
    burst: int
    """Calls in a round, with many in flight."""
    singles: int
    """Calls in a round, one after the other."""
    sizes: tuple[int, ...]
    """Entries that the log is grown to."""
    verified: int
    """Entries of the log that is verified anew: each is made and signed for it."""

    def hub(self, name: str, **options: Any) -> HubFiles:
        """Make a hub's files, with the directory and the policy on its log (`prepare_hub`)."""
        files = prepare_hub(self.folder / name, authority=fictional_cast().authority, **options)
        uvloop.run(seeding.found(files, self.office))
        return files


SQLITE = "SQLite, WAL, synchronous=FULL"


@dataclass(frozen=True)
class Load:
    """The conditions of a part's figures."""

    payload_bytes: int
    """Size of one request; where nothing is sent, of the content."""
    in_flight: int
    """Calls at a time."""
    database: str = SQLITE
    """The database, and the setting that makes its commits durable."""
    fsync: bool = True

    def __str__(self) -> str:
        """The ratio as it stands under a table."""
        return (
            f"{self.payload_bytes:,} bytes a message, {self.in_flight} in flight; {self.database}; "
            f"fsync {'on' if self.fsync else 'off'}"
        )


@dataclass(frozen=True)
class Ratio:
    """A figure to judge by, with its goal."""

    value: float
    goal: float
    at_most: bool
    """True if the goal is an upper bound."""

    @property
    def is_met(self) -> bool:
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def share(self) -> float:
        """The figure beside its goal: 1 or more where the goal is met."""
        better, other = (self.goal, self.value) if self.at_most else (self.value, self.goal)
        return better / other if other else 0.0

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.goal:,g}"


@dataclass(frozen=True)
class Section:
    """The figures of a part."""

    key: str
    """Its name in report.json."""
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The table for people."""
    load: Load
    figures: Mapping[str, Any]
    """The table for programs."""
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    """Ratios by their name at the top of report.json."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Calls or statements a second."""
