"""The comparisons at the end of the year: statistics, clocks, replay, and the rules that were used.

Each gives what does not agree, as lines of text; nothing given is what is wanted.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from agency_client import ExchangeClient
from agency_client.audit import AuditReport, HubLog, verify_log
from agency_client.audit.database import DatabaseCopy
from agency_client.audit.monitor_state import MonitorState
from agency_client.statistics import Gatherer, Period, Statistics, make_statistics
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row, matches
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import Event
from exchange_protocol.record.folds import Applied
from exchange_protocol.record.listing import ExchangeSummary, LegSummary
from exchange_protocol.rules.clocks import Clock, ClockKind, running
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.trust.identity import AgencyId
from exchange_server.ledger.fsck import fsck
from tests.support.divided import dividing
from tests.support.hub_data import log_verifier
from tests.year.counts import Count, Figures
from tests.year.line import client_of
from tests.year.notes import code_name
from tests.year.region import AGENCIES, AUDITOR, SYSTEM, cast
from tests.year.town import Town

PAGE: Final = 200


@dataclass
class Audit:
    """The result of an auditor's replay of the whole log."""

    checkpoint: Checkpoint
    gathered: Gatherer
    exchanges: dict[str, Exchange]
    rows: set[tuple[Kind, int]]
    """Lines of the lifecycle that were taken, by kind and place."""
    seconds: float
    findings: list[str] = field(default_factory=list)


def audit(database: Path, copy: Path) -> Audit:
    """Replay a copy of the database with SQL alone, as an auditor does."""
    back_up(database, copy)
    gathered, exchanges = Gatherer(), dict[str, Exchange]()
    rows: set[tuple[Kind, int]] = set()

    def take(applied: Applied) -> None:
        gathered.take(applied)
        before = exchanges.get(applied.entry.exchange_id)
        rows.update(_rows_taken(applied, before))
        if applied.exchange is not None:
            exchanges[applied.exchange.id] = applied.exchange

    region = cast()
    with closing(DatabaseCopy(copy, log_verifier())) as source:
        began = time.perf_counter()
        report = verify_log(source, region.anchors, auditor=None, watch=take)
        seconds = time.perf_counter() - began
        checkpoint = source.checkpoint
        with dividing() as said:
            verify_log(source, region.anchors, auditor=None, cores=2)
    findings = [str(each) for each in report.violations]
    if [each and replace(each, seconds=0.0) for each in said] != [replace(report, seconds=0.0)]:
        findings.append("the replay that is divided by exchange does not say the same")
    return Audit(checkpoint, gathered, exchanges, rows, seconds, findings)


def back_up(database: Path, copy: Path) -> None:
    """Take a copy of a database that is in use."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _rows_taken(applied: Applied, before: Exchange | None) -> Iterator[tuple[Kind, int]]:
    statement, ruling = applied.statement, applied.entry.ruling
    if statement is None or ruling is None or before is None or applied.entry.event is Event.DENIAL:
        if statement is not None and statement.kind is Kind.SUPERVISOR_COMMENT:
            yield statement.kind, 0
        return
    if statement.kind is Kind.SUPERVISOR_COMMENT or statement.kind is Kind.INVITE:
        yield statement.kind, 0
    author = statement.author.agency
    for change in ruling.legs:
        party = Party.RECIPIENT
        if statement.kind.spec.decides:
            party = Party.APPROVER
        elif author == before.initiator:
            party = Party.INITIATOR
        for place, row in enumerate(statement.kind.spec.rows):
            if row.party is party and change.before in row.before and matches(row, statement.body):
                yield statement.kind, place


# --- Statistics ----------------------------------------------------------------------------------


def statistics(town: Town, found: Audit, period: Period, by: Sequence[str]) -> list[str]:
    """Compare every figure of every table, and its entries, with the actors' count."""
    made = make_statistics(found.gathered, checkpoint=found.checkpoint, period=period, by=tuple(by))
    expected = Count(town.notes, period.start, period.end).tables(by)
    wrong = []
    for name, figures in _figures(made).items():
        if name not in expected:
            wrong.append(f"{name}: no count of the actors")
            continue
        wrong += [f"{name} {line}" for line in _differences(expected[name], figures)]
    return wrong


def _figures(made: Statistics) -> dict[str, dict[Any, dict[str, Any]]]:
    tables = {}
    for table in made.tables:
        figures: dict[Any, dict[str, Any]] = {}
        rows = [*table.rows, *([table.total] if table.total else [])]
        for row in rows:
            keys = tuple(_text(key) for key in row.keys)
            figures[keys] = {
                column.name: cell for column, cell in zip(table.columns, row.cells, strict=True)
            }
        tables[table.name] = figures
    return tables


def _text(key: Any) -> str:
    if isinstance(key, IntEnum):
        return code_name(key)
    return str(getattr(key, "en", key))


def _differences(expected: Figures, got: dict[Any, dict[str, Any]]) -> Iterator[str]:
    for keys in sorted({*expected, *got}):
        mine, theirs = expected.get(keys), got.get(keys)
        if mine is None or theirs is None:
            yield f"{keys}: the actors count {mine}, the statistics {theirs}"
            continue
        for column in sorted({*mine, *theirs}):
            one, other = mine.get(column), theirs.get(column)
            if one is None or other is None:
                yield f"{keys} {column}: the actors count {one}, the statistics {other}"
            elif not _is_same(one.value, other.value):
                yield f"{keys} {column}: the actors count {one.value}, statistics {other.value}"
            elif one.entries and one.entries != other.entries:
                yield f"{keys} {column}: other entries, {set(one.entries) ^ set(other.entries)}"


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, (int, float)):
        return abs(one - other) < 1e-9
    return bool(one == other)


# --- Clocks --------------------------------------------------------------------------------------


def audited_clocks(town: Town, found: Audit) -> list[str]:
    """Compare the state and the clocks of every leg, as the audit has them, with the notes."""
    wrong = []
    for note in town.notes.legs:
        leg = found.exchanges[note.exchange].leg(AgencyId(note.recipient))
        assert leg is not None
        who = f"{note.kind.value} {note.exchange} to {note.recipient}"
        if leg.state is not note.state:
            wrong.append(f"{who}: {note.state.name} in the notes, {leg.state.name} by the log")
            continue
        clocks = {_NAMES[each.kind]: each.at for each in _running(leg)}
        if clocks != note.running():
            wrong.append(f"{who} {leg.state.name}: clocks {note.running()}, by the log {clocks}")
        days = {each.at: each.day for each in _running(leg) if each.kind in _GIVEN}
        noted_days = {at: town.notes.days.get((note.exchange, at)) for at in days}
        if note.due_by_rule:
            noted_days = dict.fromkeys(days)
        if days != noted_days:
            wrong.append(f"{who} {leg.state.name}: days {noted_days}, by the log {days}")
        told = {each.judge_awaited_since for each in _running(leg) if each.kind in _FOR_ANSWER}
        noted = {note.judge_since if note.is_open() else None} if told else set()
        if told != noted:
            wrong.append(f"{who} {leg.state.name}: a judge awaited {noted}, by the log {told}")
    return wrong


_GIVEN: Final = (ClockKind.ANSWER, ClockKind.FREEZE)
_FOR_ANSWER: Final = (ClockKind.ANSWER, ClockKind.LIMIT)
_NAMES: Final = {
    ClockKind.DECISION: "decision",
    ClockKind.ACKNOWLEDGEMENT: "acknowledgement",
    ClockKind.ANSWER: "answer",
    ClockKind.LIMIT: "limit",
    ClockKind.FREEZE: "freeze",
    ClockKind.FEEDBACK: "feedback",
}


def _as_recipient(leg: Leg) -> Leg:
    """The leg of an audit as its recipient knows it: without what is hidden from it."""
    shown = leg.record.shown
    if not leg.hidden or shown is None:
        return leg
    record = replace(leg.record, times=shown.times)
    return replace(leg, state=shown.state, due_at=shown.due_at, due_on=shown.due_on, record=record)


def _running(leg: Leg) -> tuple[Clock, ...]:
    return running(leg.state, leg.record.times, leg.due_at, leg.due_on)


async def listed(town: Town, agency: str) -> AsyncIterator[ExchangeSummary]:
    """Every exchange that the hub lists for an agency."""
    token = ""
    while True:
        rows, token = await town.reader.list_exchanges(AgencyId(agency), None, (), (), PAGE, token)
        for row in rows:
            yield row
        if not token:
            return


async def listed_clocks(town: Town, found: Audit) -> tuple[list[str], int]:
    """Compare every leg that the hub lists for anyone with the audit; gives how many were."""
    wrong, compared = [], 0
    for agency in AGENCIES:
        async for row in listed(town, agency):
            exchange = found.exchanges[row.id]
            for leg in row.legs:
                known = exchange.leg(leg.agency)
                if known is None or leg.times is None:
                    continue
                compared += 1
                if agency == leg.agency:
                    known = _as_recipient(known)
                shown = running(leg.state, leg.times, leg.due_at, leg.due_on)
                is_same = (leg.due_at, leg.due_on) == (known.due_at, known.due_on)
                if not is_same or (leg.state, shown) != (known.state, _running(known)):
                    wrong.append(
                        f"{row.id} to {leg.agency}, as {agency} is shown: "
                        f"{leg.state.name} {leg.due_at} {shown}; audited {known.state.name} "
                        f"{known.due_at} {_running(known)}"
                    )
    return wrong, compared


@dataclass
class Proved:
    """The proofs that clients made for themselves."""

    exchanges: int = 0
    legs: int = 0
    opened: int = 0
    """Statements that were unsealed."""
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def proved_clocks(town: Town, found: Audit, folder: Path, each: int) -> Proved:
    """Let the client of every agency list, fetch and prove exchanges; compare their clocks.

    An initiator knows all legs of its exchange, a recipient its own. At last each unseals some:
    reading is a delivery, so that comes after everything else.
    """
    proved = Proved()
    for agency in AGENCIES:
        client = client_of(town, folder, SYSTEM[agency])
        await asyncio.to_thread(_prove, client, found, each, proved)
    for agency in AGENCIES:
        client = client_of(town, folder, SYSTEM[agency])
        await asyncio.to_thread(_unseal, client, proved)
    return proved


def _prove(client: ExchangeClient, found: Audit, each: int, proved: Proved) -> None:
    with client:
        summaries = list(client.exchanges())
        step = max(1, len(summaries) // each)
        began = time.perf_counter()
        for summary in summaries[::step]:
            try:
                verified = client.get(summary)
            except ExchangeError as error:
                proved.wrong.append(f"{client.agency} finds {summary.kind} {summary.id}: {error}")
                continue
            proved.exchanges += 1
            audited, own = found.exchanges[verified.id], client.agency
            listed_legs = {leg.agency: leg for leg in summary.legs}
            for leg in verified.legs:
                if verified.party is Party.INITIATOR or leg.agency == own:
                    proved.legs += 1
                    proved.wrong += _compared(leg, audited, listed_legs[leg.agency], own)
        proved.seconds += time.perf_counter() - began


def _unseal(client: ExchangeClient, proved: Proved) -> None:
    with client:
        summaries = list(client.exchanges())
        for summary in summaries[:: max(1, len(summaries) // 3)][:3]:
            for statement in client.open(summary).statements:
                if statement.role is not None and not statement.is_erased:
                    proved.opened += 1
                    if statement.brief is None:
                        proved.wrong.append(f"{client.agency} cannot read a brief of {summary.id}")


def _compared(leg: Leg, audited: Exchange, listed_leg: LegSummary, viewer: str) -> Iterator[str]:
    known = audited.leg(leg.agency)
    assert known is not None
    clocks = _running(known)
    who = f"{audited.kind.value} {audited.id} to {leg.agency}, as {viewer}"
    if viewer == leg.agency and known.hidden:
        # It is not told of what is hidden from it: the hub lists what its client makes of the rest.
        proved = (leg.state, leg.due_at, _running(leg))
        shown = (listed_leg.state, listed_leg.due_at, listed_leg.clocks)
        if shown != proved or leg.state is LegState.HELD:
            yield f"{who}: shown {shown} of a leg that hides something, proved {proved}"
        return
    if (leg.state, leg.due_at, _running(leg)) != (known.state, known.due_at, clocks):
        yield (
            f"{who} proved: {leg.state.name} {leg.due_at} {_running(leg)}; audited "
            f"{known.state.name} {known.due_at} {clocks}"
        )
    if (listed_leg.state, listed_leg.clocks) != (known.state, clocks):
        yield f"{who} lists: {listed_leg.state.name} {listed_leg.clocks}; audited {clocks}"


# --- Replay --------------------------------------------------------------------------------------


class QuarterlyMonitor:
    """The centre's auditor: each quarter it goes on where it ended the quarter before.

    It asks the hub over its own line, and each page that it is shown is an entry of the log.
    """

    def __init__(
        self, folder: Path, quarters: Sequence[datetime], tell: Callable[[str], None]
    ) -> None:
        """Work in a folder; `tell` is told of each round."""
        self._folder, self._tell = folder, tell
        self._left = list(quarters)
        self.rounds = 0
        self.findings: list[str] = []

    async def look(self, town: Town) -> None:
        """Look if a quarter has ended."""
        if self._left and town.now >= self._left[0]:
            self._left.pop(0)
            await self.run(town)

    async def run(self, town: Town) -> None:
        """Verify what is new on the log."""
        size = town.ledger.tree_size
        client = client_of(town, self._folder / "auditor", AUDITOR)
        report = await asyncio.to_thread(self._verify, client)
        self.rounds += 1
        self._tell(f"{town.now:%d %B}: the monitor verified {size} entries")
        self.findings += [str(each) for each in report.violations]
        if town.ledger.tree_size > size:
            town.notes.last = town.now

    def _verify(self, client: ExchangeClient) -> AuditReport:
        anchors = cast().anchors
        path, verify = self._folder / "place", log_verifier().verify
        with client, closing(MonitorState(path, anchors, AUDITOR, verify)) as place:
            return verify_log(HubLog(client), anchors, auditor=AUDITOR, place=place)


def hub_check(town: Town) -> list[str]:
    """Let the hub check its own tables by a replay of its log."""
    report = fsck(town.engine, cast().anchors, log_verifier())
    return [f"{each.what}: {each.first}: {each.detail}" for each in report.findings]


# --- Coverage ------------------------------------------------------------------------------------


def missing_rows(found: Audit, but: Collection[Kind]) -> list[str]:
    """The lines of the lifecycle that nobody took, but for those of some kinds."""
    return [
        _named(kind, row)
        for kind, row in ROWS
        if kind not in but and (kind, kind.spec.rows.index(row)) not in found.rows
    ]


def _named(kind: Kind, row: Row) -> str:
    code = f" ({row.code.name})" if row.code else ""
    return f"{kind.value}{code} by the {row.party.value}"
