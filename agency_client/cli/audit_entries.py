"""`agency audit entries`: the judged entries of the log, by time, agency and exchange.

It answers who did what when, and who approved: each statement with its codes, the person who signed
it, and what it did to each leg by which rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Annotated, Any

import typer
from rich.text import Text

from agency_client.cli import inputs
from agency_client.cli.audit import audit
from agency_client.cli.auditing import ending_as_audit, verify_database, verify_shown
from agency_client.cli.options import CopyLogKey, CopyOfDatabase, CopyRoot
from agency_client.cli.output import Column, print_json, print_table, say
from agency_client.cli.report import check_auditor, refuse
from agency_client.cli.session import session_of
from agency_client.presentation.exchanges import who, with_short_digests
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso, leg_change_json
from agency_client.presentation.steps import state_words
from agency_client.presentation.words import body_json, due_json, statement_words
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.record.entries import Event
from exchange_protocol.record.folds import Applied
from exchange_protocol.rules.statements import Header


@dataclass(frozen=True, slots=True)
class Filter:
    """The entries that are asked for."""

    since: datetime | None
    until: datetime | None
    agency: str | None
    exchange: str | None
    event: Event | None
    kind: Kind | None

    def lets_through(self, applied: Applied) -> bool:
        """True if an entry is asked for."""
        entry, statement = applied.entry, applied.statement
        if self.since is not None and entry.hub_time < self.since:
            return False
        if self.until is not None and entry.hub_time >= self.until:
            return False
        if self.agency is not None and self.agency not in _agencies(applied):
            return False
        if self.exchange is not None and not entry.exchange_id.startswith(self.exchange):
            return False
        if self.event is not None and entry.event is not self.event:
            return False
        return self.kind is None or (statement is not None and statement.kind is self.kind)


def _agencies(applied: Applied) -> Iterator[str]:
    """The agencies that an entry concerns: its author, its recipients, the legs that it moved."""
    yield applied.entry.actor.agency
    if applied.statement is not None:
        yield from applied.statement.recipients
    if applied.entry.ruling is not None:
        yield from (leg.agency for leg in applied.entry.ruling.legs)


@audit.command()
def entries(
    context: typer.Context,
    start: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day, in your time zone.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day, included.")
    ] = None,
    agency: Annotated[
        str | None,
        typer.Option(
            parser=inputs.agency, metavar="AGENCY", help="Only what this agency did or received."
        ),
    ] = None,
    exchange: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only this exchange: its id, or a beginning of it."),
    ] = None,
    event: Annotated[
        Event | None,
        typer.Option(
            parser=inputs.one_of(Event), metavar=inputs.codes(Event), help="Only this event."
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only this kind, such as decision.")
    ] = None,
    database: CopyOfDatabase = None,
    root: CopyRoot = None,
    log_key: CopyLogKey = None,
) -> None:
    """List the entries of the log with who did what, and who approved.

    The log is verified from its start first, by every rule; of a log that breaks one, the findings
    are shown and no list. Entries that this auditor may not open are not listed.
    """
    session = session_of(context)
    chosen = None if kind is None else _kind(kind)
    found: list[Applied] = []

    def taking(zone: tzinfo) -> Callable[[Applied], None]:
        asked = Filter(
            None if start is None else _midnight(start, "--from", zone),
            None if end is None else _midnight(end, "--to", zone) + timedelta(days=1),
            agency,
            exchange.strip().lower() if exchange else None,
            event,
            chosen,
        )
        return lambda applied: found.append(applied) if asked.lets_through(applied) else None

    locale = session.locale(session.load_profile() if session.profile else None)
    if database is not None:
        with ending_as_audit(session):
            report = verify_database(session, database, root, log_key, watch=taking(locale.zone))
    elif root is None and log_key is None:
        with ending_as_audit(session), session.hub() as hub:
            check_auditor(hub.profile.tls.certificate.member)
            hub.sync()  # It says the time zone in which the days begin.
            locale = session.locale_of(hub)
            report = verify_shown(hub, watch=taking(locale.zone))
    else:
        raise typer.BadParameter("expected --root and --log-key with --database only")
    if not report.is_clean:
        refuse(session, report, locale)
    unopened = report.tree_size - report.opened
    if session.as_json:
        print_json({"entries": [_entry_json(each) for each in found], "unopened": unopened})
        return
    columns = (Label.ENTRY, Label.WHEN, Label.EXCHANGE, Label.WHO, Label.WHAT, Label.LEGS)
    print_table(
        [
            *(Column(locale.say(each), wraps=each in _WRAPPED) for each in columns),
            Column(locale.say(Label.RULES), wraps=True, gives_way=1),
        ],
        [_row(each, locale) for each in found],
        locale.say(Label.NOTHING),
    )
    if unopened:
        say(locale.say(Label.NOT_OPENED, number=unopened))


_WRAPPED = frozenset({Label.WHO, Label.WHAT, Label.LEGS})


def _row(applied: Applied, locale: Locale) -> tuple[str | Text, ...]:
    entry, statement = applied.entry, applied.statement
    what = locale.say(entry.event)
    if statement is not None:
        codes = statement_words(statement, locale.language, locale.zone)
        what = with_short_digests(", ".join((locale.say(statement.kind.spec.words), *codes)))
    if entry.reason:
        what = f"{what}, {entry.reason}"
    legs = entry.ruling.legs if entry.ruling else ()
    kind = applied.exchange.kind if applied.exchange else None

    def state(each: LegState) -> str:
        return locale.say(state_words(kind, each) if kind else each)

    moved = [
        f"{each.agency}: {state(each.before)} → {state(each.after)}"
        if each.before is not None
        else f"{each.agency}: {state(each.after)}"
        for each in legs
        if each.before is not each.after
    ]
    return (
        str(applied.index),
        locale.second(entry.hub_time),
        entry.exchange_id,
        who(entry.actor, locale),
        what,
        Text("\n").join(Text(line) for line in moved),
        ", ".join(entry.ruling.rule_ids) if entry.ruling else "",
    )


def _entry_json(applied: Applied) -> dict[str, Any]:
    entry, statement = applied.entry, applied.statement
    ruling = entry.ruling
    kind = applied.exchange.kind if applied.exchange else None
    header = statement.header if statement else Header()
    return {
        "index": applied.index,
        "at": iso(entry.hub_time),
        "event": entry.event.name,
        "exchange_id": entry.exchange_id or None,
        "actor": entry.actor.uri,
        "kind": statement.kind.value if statement else None,
        "codes": body_json(statement.body) if statement else {},
        **due_json(header.due_at, header.due_on),
        "statement_id": statement.id if statement else None,
        "digest": entry.payload_digest.hex() or None,
        "recipients": list(statement.recipients) if statement else [],
        "legs": [leg_change_json(leg, kind) for leg in ruling.legs] if ruling else [],
        "rule_ids": list(ruling.rule_ids) if ruling else [],
        "reason": entry.reason or None,
    }


def _kind(text: str) -> Kind:
    names = {each.value: each for each in Kind}
    found = names.get(text.strip().lower().replace("-", "_"))
    if found is None:
        raise typer.BadParameter(
            f"expected a kind such as {', '.join(list(names)[:4])}; got {text[:64]!r}",
            param_hint="--kind",
        )
    return found


def _midnight(day: str, option: str, zone: tzinfo) -> datetime:
    return datetime.combine(inputs.day(day, option), time(), zone)
