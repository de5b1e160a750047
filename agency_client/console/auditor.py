"""The auditor's pages: verify the log with progress, read the findings, browse what was verified.

A run judges every entry anew, in a thread of its own. Entries can be browsed once they were judged:
the list shows what the library verified, with what the auditor may open. No content is opened.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from agency_client.audit import AuditReport, HubLog, Scope, verify_log
from agency_client.client import ExchangeClient
from agency_client.console.archive import zipped
from agency_client.console.context import Console
from agency_client.console.rules_text import Rule, rules
from agency_client.console.visits import Visit, as_download
from agency_client.presentation.countries import COUNTRIES, country
from agency_client.presentation.exchanges import who
from agency_client.presentation.faults import words_of
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.spoken import spoken
from agency_client.presentation.visible import mark_hidden
from agency_client.state.checkpoints import WitnessedHead
from agency_client.statistics import Gatherer, Period, Statistics, make_statistics
from agency_client.statistics.render import figure, heading, key, to_csv
from exchange_protocol.errors import Conflict, ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import Entry, Event
from exchange_protocol.record.folds import Applied

PAGE_ROWS: Final = 50
MOST_SHOWN: Final = 100
"""Findings, and readings of others, that the page has; the report that is saved has all."""
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
    witnessed: WitnessedHead | None = None
    """The newest state of the log that enough witnesses cosigned; None if there is none."""

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
            run.witnessed = _witnessed(client)
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
        except Exception as error:
            # A run that never ends would keep the next one from beginning.
            run.error = Reason.INTERNAL.error(f"the check stopped on {type(error).__name__}")
            raise


def _witnessed(client: ExchangeClient) -> WitnessedHead | None:
    if client.profile.witnesses is None:
        return None
    try:
        return client.witnessed_checkpoint()
    except Conflict:
        return None


def export(visit: Visit, auditor: Auditor) -> Response:
    """The report of the newest run, and its statistics as a workbook and as CSV, in one file."""
    run = auditor.run
    if run is None or run.report is None:
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    report = json.dumps(run.report.to_json(), ensure_ascii=False, indent=2)
    files = {"report.json": report.encode()}
    if run.statistics is not None:
        # Other pages need not wait until it is loaded.
        from agency_client.statistics.workbook import to_xlsx

        files["statistics.xlsx"] = to_xlsx(run.statistics, visit.language)
        files |= {
            f"statistics/{table.name}.csv": to_csv(table, visit.language).encode("utf-8-sig")
            for table in run.statistics.tables
        }
    return as_download(f"audit-{run.report.tree_size}.zip", zipped(files))


def show_audit(visit: Visit, auditor: Auditor) -> Response:
    """The state of the newest run: progress, findings, counts."""
    run, locale = auditor.run, visit.locale
    report = run.report if run else None
    return visit.show(
        "audit.html",
        run=run,
        percent=run.done * 100 // run.size if run and run.size else 0,
        fault=visit.explain(run.error) if run and run.error else None,
        facts=list(_facts(report, locale)) if report else [],
        findings=list(_findings(visit, run)) if run and report else [],
        found=len(report.violations) + len(report.faults) if report else 0,
        read=len(report.readings) if report else 0,
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
                locale.agency(each.agency),
                f"{each.inspected.start}–{each.inspected.end - 1}",
                each.inspected.opened,
            )
            for each in report.readings[-MOST_SHOWN:]
        ]
        if report
        else [],
        witnesses=_witnesses(visit, run) if run and report else [],
        has_witnesses=visit.console.client.profile.witnesses is not None,
        is_partial=report is not None and report.scope is Scope.PARTIAL,
        tables=list(_tables(run.statistics, locale)) if run and run.statistics else [],
    )


def _witnesses(visit: Visit, run: Run) -> list[tuple[str, str, str, int]]:
    """The witnesses, when each cosigned, how long ago that was, and how many entries it saw."""
    if run.witnessed is None:
        return []
    locale, now = visit.locale, visit.console.now
    return [
        (each.witness, locale.second(each.at), locale.span(now - each.at), run.witnessed.head.size)
        for each in run.witnessed.cosignatures
    ]


def _findings(visit: Visit, run: Run) -> Iterator[dict[str, Any]]:
    """The findings, each with its entry and the rules that the library names."""
    report = run.report
    found = (*report.violations, *report.faults) if report else ()
    texts = published_rules(visit)
    judged = {each.index: each for each in run.entries}
    for each in found[:MOST_SHOWN]:
        yield {
            "entry": _entry_words(judged[each.index], visit.locale) if each.index in judged else "",
            "index": "" if each.index is None else str(each.index),
            "fault": visit.explain(each.reason.error(spoken(each.message))),
            "rules": [
                (rule.id, rule.meaning(visit.language))
                for rule in texts.values()
                if re.search(rf"(?<![\w-]){re.escape(rule.id)}(?![\w-])", each.message)
            ],
        }


def _entry_words(judged: Judged, locale: Locale) -> str:
    """An entry on a line: when, who, what, and of which exchange."""
    entry = judged.entry
    what = locale.say(judged.kind.spec.words) if judged.kind else locale.say(entry.event)
    said = (locale.second(entry.hub_time), who(entry.actor, locale), what, entry.exchange_id)
    return " · ".join(mark_hidden(each) for each in said if each)


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
        text = "; ".join(f"{locale.agency(each)}: {number}" for each, number in found.items())
        yield say(label), text or say(Label.NONE)


def _tables(counted: Statistics, locale: Locale) -> Iterator[dict[str, Any]]:
    """The figures; each names the entries that it was counted from."""
    language = locale.language
    for table in counted.tables:
        names = [locale.say(each) for each in table.dimensions]
        names += [heading(column.heading, language) for column in table.columns]
        rows = []
        for each in table.rows:
            cells: list[tuple[str, Sequence[int]]] = [
                (_group(key(each_key, language), locale), ()) for each_key in each.keys
            ]
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
                "groups": len(table.dimensions),
                "rows": rows,
            }


def _group(name: str, locale: Locale) -> str:
    """A group of a table: a country, a reason, an agency, or what has its words already."""
    if not name:
        # A kind as a whole stands among its codes.
        return f"({locale.say(Label.IN_ALL)})"
    if name in Reason.__members__:
        return f"{name}: {locale.say(words_of(Reason[name]))}"
    return country(name, locale) if name.upper() in COUNTRIES else locale.agency(name)


def begin(visit: Visit, auditor: Auditor) -> Response:
    """Begin a verification."""
    auditor.start()
    return visit.go("/audit")


def published_rules(visit: Visit) -> dict[str, Rule]:
    """The rules of the policy that is in force, as the log has it."""
    policy = visit.console.client.directory.policy
    return rules(policy.text) if policy else {}


def show_rules(visit: Visit) -> Response:
    """The policy in force, rule by rule."""
    policy = visit.console.client.directory.policy
    return visit.show(
        "rules.html",
        rules=list(published_rules(visit).values()),
        digest=policy.digest.hex() if policy else "",
    )
