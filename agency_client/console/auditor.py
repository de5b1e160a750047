"""The auditor's pages: verify the log with progress, read the findings, browse what was verified.

A run judges every entry anew, in a thread of its own. Entries can be browsed once they were judged:
the list shows what the library verified, with what the auditor may open. No content is opened.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from agency_client.audit import AuditReport, HubLog, Scope, verify_log
from agency_client.console.context import Console
from agency_client.console.visits import Visit
from agency_client.presentation.exchanges import who
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.statistics import Gatherer, Period, Statistics, make_statistics
from agency_client.statistics.render import figure, heading, key
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import Entry, Event
from exchange_protocol.record.folds import Applied

PAGE_ROWS: Final = 50
MOST_ENTRIES: Final = 200_000
"""Judged entries that are kept to be browsed; of a longer log these are the newest."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry that was judged anew."""

    index: int
    entry: Entry
    kind: Kind | None


@dataclass(slots=True)
class Run:
    """One verification of the log."""

    started: datetime
    size: int = 0
    done: int = 0
    report: AuditReport | None = None
    error: ExchangeError | None = None
    entries: deque[Judged] = field(default_factory=lambda: deque(maxlen=MOST_ENTRIES), repr=False)
    statistics: Statistics | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        """True until it ended, well or not."""
        return self.report is None and self.error is None


class Auditor:
    """Runs verifications for one console, one at a time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self.run: Run | None = None

    def start(self) -> None:
        """Begin a run, unless one is under way."""
        with self._lock:
            if self.run is not None and self.run.is_running:
                return
            self.run = Run(self._console.now)
            threading.Thread(target=self._verify, args=(self.run,), daemon=True).start()

    def _verify(self, run: Run) -> None:
        client = self._console.client
        gatherer = Gatherer()

        def watch(applied: Applied) -> None:
            gatherer.take(applied)
            kind = applied.statement.kind if applied.statement else None
            run.entries.append(Judged(applied.index, applied.entry, kind))

        def advance(done: int, of: int) -> None:
            run.done, run.size = done, of

        try:
            report = verify_log(
                HubLog(client),
                client.profile.anchors,
                auditor=client.profile.tls.certificate.member,
                progress=advance,
                watch=watch,
            )
            if report.is_clean:
                run.statistics = make_statistics(
                    gatherer,
                    checkpoint=Checkpoint(report.origin, report.tree_size, report.root),
                    period=Period(None, None),
                    by=("state",),
                    unopened=report.tree_size - report.opened,
                )
            run.report = report
        except ExchangeError as error:
            run.error = error


def show_audit(visit: Visit, auditor: Auditor) -> Response:
    """The state of the newest run: progress, findings, counts."""
    run, locale = auditor.run, visit.locale
    report = run.report if run else None
    return visit.show(
        "audit.html",
        run=run,
        percent=run.done * 100 // run.size if run and run.size else 0,
        error_text=locale.visible(run.error.message) if run and run.error else "",
        facts=list(_facts(report, locale)) if report else [],
        findings=[
            (
                "" if each.index is None else str(each.index),
                each.reason.name,
                locale.visible(each.message),
            )
            for each in (*report.violations, *report.faults)
        ]
        if report
        else [],
        counts=[
            (locale.say(Event[name.upper()]), name.upper(), count)
            for name, count in report.by_event.items()
        ]
        if report
        else [],
        readings=[
            (
                each.index,
                locale.minute(each.at),
                each.agency,
                f"{each.inspected.start}–{each.inspected.end - 1}",
                each.inspected.opened,
            )
            for each in report.readings
        ]
        if report
        else [],
        is_partial=report is not None and report.scope is Scope.PARTIAL,
        tables=list(_tables(run.statistics, locale)) if run and run.statistics else [],
    )


def _facts(report: AuditReport, locale: Locale) -> Iterator[tuple[str, str]]:
    say = locale.say
    yield say(Label.LOG), report.origin
    yield (
        say(Label.CHECKPOINT),
        say(Label.TREE, size=report.tree_size, root=report.root.hex()),
    )
    yield say(Label.OPENED), say(Label.OPENED_OF, opened=report.opened, size=report.tree_size)
    yield (
        say(Label.REPLAYED),
        say(Label.EXCHANGES_AGENCIES, exchanges=report.exchanges, agencies=report.agencies),
    )
    yield say(Label.LAST_ENTRY), locale.second(report.last_time)
    for label, found in (
        (Label.OVERDUE, report.overdue),
        (Label.ANSWERED_LATE, report.answered_late),
    ):
        text = ", ".join(f"{agency}: {number}" for agency, number in found.items())
        yield say(label), text or say(Label.NONE)


def _tables(counted: Statistics, locale: Locale) -> Iterator[dict[str, Any]]:
    """The figures; each names the entries that it was counted from."""
    language = locale.language
    for table in counted.tables:
        names = [locale.say(each) for each in table.dimensions]
        names += [heading(column.heading, language) for column in table.columns]
        rows = []
        for each in table.rows:
            cells: list[tuple[str, Sequence[int]]] = [(key(k, language), ()) for k in each.keys]
            cells += [
                (figure(cell, column, language), cell.entries[:20])
                for cell, column in zip(each.cells, table.columns, strict=True)
            ]
            rows.append(cells)
        if rows:
            yield {
                "title": locale.say(table.title),
                "definition": locale.say(table.definition),
                "heads": names,
                "rows": rows,
            }


def begin(visit: Visit, auditor: Auditor) -> Response:
    """Begin a verification."""
    auditor.start()
    return visit.go("/audit")


def show_log(visit: Visit, auditor: Auditor) -> Response:
    """The judged entries, the newest first, under the filters of the address."""
    event, agency, entry = visit.query("event"), visit.query("agency"), visit.query("entry")
    page = int(visit.query("page")) if visit.query("page").isdecimal() else 0
    run, locale = auditor.run, visit.locale
    judged = list(run.entries) if run and run.report else []
    found = [
        each
        for each in reversed(judged)
        if (not event or each.entry.event.name == event)
        and (not agency or each.entry.actor.agency == agency)
        and (not entry or str(each.index) == entry)
    ]
    shown = found[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    given = {"event": event, "agency": agency}
    address = urlencode({name: value for name, value in given.items() if value})
    return visit.show(
        "log.html",
        rows=[_row(each, locale) for each in shown],
        total=len(found),
        page=page,
        pages=-(-len(found) // PAGE_ROWS),
        address=f"/log?{address}&page=" if address else "/log?page=",
        events=[(each.name, locale.say(each), each.name == event) for each in Event],
        agencies=sorted({each.entry.actor.agency for each in judged}),
        agency=agency,
        is_verified=bool(judged),
    )


def _row(judged: Judged, locale: Locale) -> dict[str, Any]:
    entry = judged.entry
    changes = [
        f"{each.agency}: {f'{locale.say(each.before)} → ' if each.before else '→ '}"
        f"{locale.say(each.after)}"
        for each in (entry.ruling.legs if entry.ruling else ())
        if each.before is not each.after
    ]
    return {
        "index": judged.index,
        "at": locale.second(entry.hub_time),
        "event": locale.say(entry.event),
        "kind": locale.say(judged.kind.spec.words) if judged.kind else "",
        "who": who(entry.actor, locale),
        "exchange": entry.exchange_id,
        "reason": entry.reason,
        "changes": changes,
        "rules": ", ".join(entry.ruling.rule_ids) if entry.ruling else "",
        "digest": entry.payload_digest.hex(),
    }
