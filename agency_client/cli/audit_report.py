"""The report of an audit, for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from rich.text import Text

from agency_client.audit import AuditReport, Reading, Scope, Verdict
from agency_client.audit.clock import Clock, Disagreement
from agency_client.cli.output import alarm, heading, print_fields, print_table, say
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.record.entries import Event

_OF_CLOCK: Final = {
    Clock.BEHIND: Label.CLOCK_BEHIND,
    Clock.AHEAD: Label.CLOCK_AHEAD,
    Clock.QUIET: Label.CLOCK_QUIET,
}


def print_report(report: AuditReport, locale: Locale) -> None:
    """Print what was checked and what was found."""
    _print_scope(report, locale)
    _print_entries(report, locale)
    if report.readings:
        _print_readings(report, locale)
    _print_findings(report, locale)


def _print_scope(report: AuditReport, locale: Locale) -> None:
    """Print which log was checked, how far, and what it says of due times."""
    opened = locale.say(Label.OPENED_OF, opened=report.opened, size=report.tree_size)
    if report.scope is Scope.PARTIAL:
        opened = locale.say(Label.OPENED_PARTLY, opened=opened)
    print_fields(
        [
            (locale.say(Label.LOG), report.origin),
            (
                locale.say(Label.CHECKPOINT),
                locale.say(Label.TREE, size=report.tree_size, root=report.root.hex()),
            ),
            (locale.say(Label.THIS_RUN), _range(report, locale)),
            (locale.say(Label.OPENED), opened),
            (
                locale.say(Label.REPLAYED),
                locale.say(
                    Label.EXCHANGES_AGENCIES,
                    exchanges=report.exchanges,
                    agencies=report.agencies,
                ),
            ),
            (locale.say(Label.LAST_ENTRY), locale.second(report.last_time)),
            (locale.say(Label.OVERDUE), _by_agency(report.overdue, locale)),
            (locale.say(Label.ANSWERED_LATE), _by_agency(report.answered_late, locale)),
            (
                locale.say(Label.TOOK),
                locale.say(Label.RATE, seconds=f"{report.seconds:.2f}", rate=f"{report.rate:.0f}"),
            ),
        ]
    )


def _print_entries(report: AuditReport, locale: Locale) -> None:
    """Print how many entries there are of each event and kind."""
    heading(locale.say(Label.ENTRIES))
    event, kind = locale.say(Label.EVENT), locale.say(Label.KIND)
    counts = [(event, locale.say(Event[name.upper()]), n) for name, n in report.by_event.items()]
    counts += [(kind, _kind(name, locale), n) for name, n in report.by_kind.items()]
    print_table(
        ("", "", locale.say(Label.COUNT)),
        [(what, name, str(count)) for what, name, count in counts],
        locale.say(Label.NOTHING),
    )


def _print_readings(report: AuditReport, locale: Locale) -> None:
    """Print who else has read the log as an auditor."""
    heading(locale.say(Label.READINGS))
    columns = (Label.ENTRY, Label.WHEN, Label.AUDITORS_OF, Label.ENTRIES_READ, Label.OPENED)
    print_table(
        [locale.say(each) for each in columns],
        [_reading(each, locale) for each in report.readings],
        locale.say(Label.NOTHING),
    )


def _print_findings(report: AuditReport, locale: Locale) -> None:
    """Print that all rules were kept, or what broke one, or why the copy tells too little."""
    if report.is_clean:
        kept = Label.CLEAN_PARTLY if report.scope is Scope.PARTIAL else Label.CLEAN
        say(Text(f"\n{locale.say(kept)}", "green"))
        if report.known_size == 1:
            say(locale.say(Label.SIZE_UNKNOWN))
    if report.violations:
        heading(locale.say(Label.VIOLATIONS).upper())
        for each in report.violations:
            say(alarm(f"{each.reason.name}: {each.message}"))
        size, root = report.tree_size, report.root.hex()
        say(locale.say(Label.WHAT_CONVICTS, size=size, root=root))
        say(locale.say(Label.TO_DO_WITH_VIOLATIONS))
    if report.faults:
        heading(locale.say(Label.FAULTS_OF_COPY))
        for each in report.faults:
            say(f"{each.reason.name}: {each.message}")
    if report.verdict is Verdict.TORN_COPY:
        say(Text(f"\n{locale.say(Label.TORN_COPY)} {locale.say(Label.TAKE_AGAIN)}", "yellow"))
    elif report.verdict is Verdict.INCOMPLETE:
        said = locale.say(Label.INCOMPLETE, size=report.tree_size, known=report.known_size)
        say(Text(f"\n{said} {locale.say(Label.TAKE_AGAIN)}", "yellow"))


def print_clock(found: Disagreement, locale: Locale) -> None:
    """Print that this computer's clock and the log's last entry do not fit together."""
    said = locale.say(
        _OF_CLOCK[found.clock], now=locale.second(found.now), at=locale.second(found.last_time)
    )
    say(Text(said, "yellow"))


def round_line(report: AuditReport, at: datetime, locale: Locale) -> str:
    """A clean round of `--follow` as a line."""
    said = locale.say(
        Label.ROUND,
        first=report.first,
        size=report.tree_size,
        overdue=sum(report.overdue.values()),
        late=sum(report.answered_late.values()),
    )
    return f"{locale.second(at)}  {said}"


def _range(report: AuditReport, locale: Locale) -> str:
    """Say the entries that this run checked: it goes on where the last one ended."""
    if report.first == 0:
        return locale.say(Label.EVERY_ENTRY)
    if report.first == report.tree_size:
        return locale.say(Label.NOTHING_NEW)
    return locale.say(Label.ENTRIES_FROM, first=report.first)


def _kind(name: str, locale: Locale) -> str:
    """Name what is counted: a kind, or an event with more on it, such as "denial: TOO_LARGE"."""
    event, colon, more = name.partition(": ")
    if event == "withheld":
        return f"{locale.say(Label.COPY_WITHHELD)}: {more}"
    if colon:
        return f"{locale.say(Event[event.upper()])}: {more}"
    return locale.say(parse_kind(name).spec.words)


def _reading(reading: Reading, locale: Locale) -> tuple[str, ...]:
    page = reading.inspected
    return (
        str(reading.index),
        locale.second(reading.at),
        reading.agency,
        locale.say(Label.PERIOD, start=page.start, end=page.end - 1),
        str(page.opened),
    )


def _by_agency(counts: Mapping[str, int], locale: Locale) -> str:
    """Say which agencies are or were late, and how often; the due times are the initiators' own."""
    told = ", ".join(f"{agency} {count}" for agency, count in counts.items())
    return told or locale.say(Label.NONE)
