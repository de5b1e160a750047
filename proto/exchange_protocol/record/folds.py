"""Folds: figures that are counted from a log, entry after entry.

A replay judges each entry and hands it on as `Applied`. A fold counts what it is asked for, and
nothing else: no fold judges, and none changes what another one sees. The state of a fold is a
mapping of names to whole numbers, so a monitor keeps every fold in the same form, by name and
version. A new figure is a new class here and no new file format. Figures are sums: the counts of
exchanges that were replayed apart are added.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import Entry, Event
from exchange_protocol.rules.clocks import is_late
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.judgement import Judgement
from exchange_protocol.rules.statements import Statement


@dataclass(frozen=True, slots=True)
class Applied:
    """An entry as the replay took it."""

    index: int
    """Its index in the log."""
    entry: Entry
    judgement: Judgement | None = None
    """The judgement of its statement; None for another event, or after a broken rule."""
    exchange: Exchange | None = None
    """Its exchange after the entry; None where it concerns none."""
    before: Exchange | None = None
    """Its exchange before the entry; None where there was none."""

    @property
    def statement(self) -> Statement | None:
        """The statement of the entry, if it was judged."""
        return None if self.judgement is None else self.judgement.statement


class Fold(ABC):
    """One figure, or a few that belong together."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Goes up when the same log gives other counts: a kept state of before is then of no use."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        """Begin, or go on from the counts that were kept."""
        self.counts: Counter[str] = Counter(counts)

    @abstractmethod
    def apply(self, applied: Applied) -> None:
        """Count the next entry."""


_EVENT_NAMES: Final = {event: event.name.lower() for event in Event}


class EventCounts(Fold):
    """The entries, by event."""

    name, version = "events", 1

    def apply(self, applied: Applied) -> None:
        """Count the next entry."""
        self.counts[_EVENT_NAMES[applied.entry.event]] += 1


class KindCounts(Fold):
    """Statements by kind, copies withheld, denials by reason, inspections by agency."""

    name, version = "kinds", 2

    def apply(self, applied: Applied) -> None:
        """Count the next entry."""
        entry, statement = applied.entry, applied.statement
        if statement is not None:
            self.counts[str(statement.kind)] += 1
            header = statement.header
            if header.withholding_ground is not None:
                key = f"withheld: {entry.actor.agency}: {header.withholding_ground.name}"
                self.counts[key] += len(header.withheld_from)
        elif entry.event is Event.DENIAL:
            # Nobody signs a refusal: a hub may make up reasons without end, which are not all kept.
            reason = entry.reason if entry.reason in Reason.__members__ else "another reason"
            self.counts[f"denial: {reason}"] += 1
        elif entry.event is Event.INSPECTION:
            self.counts[f"inspection: {entry.actor.agency}"] += 1


class LateAnswers(Fold):
    """Legs that were answered, refused or frozen after their due time, by the leg's agency.

    A due time that was over before the recipient was given the request counts for nobody.
    """

    name, version = "answered late", 3

    def apply(self, applied: Applied) -> None:
        """Count the next entry."""
        entry, exchange, statement = applied.entry, applied.exchange, applied.statement
        if (
            statement is None
            or exchange is None
            or entry.ruling is None
            or statement.kind.stage is not Stage.CONTINUING
        ):
            return
        for change in entry.ruling.legs:
            leg = exchange.leg(change.agency)
            times = leg.record.times if leg else None
            was = applied.before.leg(change.agency) if applied.before else None
            began = was.record.times.since if was and was.record.times else None
            if times and is_late(
                times.answer_due, change.before, change.after, entry.hub_time, since=began
            ):
                self.counts[change.agency] += 1


FOLDS: Final[tuple[type[Fold], ...]] = (EventCounts, KindCounts, LateAnswers)
"""The figures that an audit counts and a monitor keeps."""
