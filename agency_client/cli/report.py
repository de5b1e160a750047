"""`agency report`: figures of the log, for those who answer for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agency_client.audit import AuditReport
from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.audit_report import print_report
from agency_client.cli.auditing import (
    EXIT_CODE_OF_VERDICT,
    ending_as_audit,
    verify_database,
    verify_shown,
)
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.options import CopyLogKey, CopyOfDatabase, CopyRoot
from agency_client.cli.output import heading, print_json, print_table, say
from agency_client.cli.session import Session, session_of
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.statistics import (
    DIMENSIONS,
    Gatherer,
    Period,
    Statistics,
    Table,
    check_question,
    make_statistics,
)
from agency_client.statistics.render import (
    heading as say_heading,
)
from agency_client.statistics.render import (
    preamble,
    table_rows,
    to_csv,
    to_html,
    to_json,
)
from exchange_files import check_new, make_folder, write_new_file
from exchange_protocol.errors import InvalidInput
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.trust.identity import Member, Role

_PUBLIC = 0o644
"""Statistics hold no content and no persons."""

report = typer.Typer(cls=MeaningGroup, no_args_is_help=True, help="Count what is on the log.")
app.add_typer(report, name="report", rich_help_panel="Audit")


def _dimensions(text: str) -> str:
    unknown = [each for each in text.split(",") if each not in DIMENSIONS]
    if unknown:
        raise typer.BadParameter(
            f"expected some of {', '.join(DIMENSIONS)}, with commas between; got {text[:64]!r}"
        )
    return text


@report.command()
def statistics(
    context: typer.Context,
    start: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day (UTC); else the log's.")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="DAY", help="Last day (UTC), included; else all to now."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            parser=_dimensions,
            metavar="NAME,...",
            help=f"Groups of the rows: {', '.join(DIMENSIONS)}.",
        ),
    ] = "state",
    database: CopyOfDatabase = None,
    root: CopyRoot = None,
    log_key: CopyLogKey = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write each table here as a CSV file.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page to print, here.")
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a workbook (XLSX) here.")
    ] = None,
    entries: Annotated[
        bool, typer.Option("--entries", help="Print the log entries behind each figure too.")
    ] = False,
) -> None:
    """Count exchanges, results, times and refusals, from the log alone.

    The log is verified from its start first, by every rule; a log that breaks one is not counted.
    Exchanges count by the time of their initial statement. With --json each figure comes with the
    log entries that it was counted from. No content is opened for it.
    """
    session = session_of(context)
    period = Period(
        None if start is None else _midnight(inputs.day(start, "--from")),
        None if end is None else _midnight(inputs.day(end, "--to")) + timedelta(days=1),
    )
    try:
        check_question(period, by.split(","))
    except InvalidInput as error:
        raise typer.BadParameter(error.message) from None
    gathered = Gatherer()
    if database is not None:
        with ending_as_audit(session):
            audit = verify_database(session, database, root, log_key, watch=gathered.take)
    elif root is None and log_key is None:
        with ending_as_audit(session), session.hub() as hub:
            check_auditor(hub.profile.tls.certificate.member)
            audit = verify_shown(hub, watch=gathered.take)
    else:
        raise typer.BadParameter("expected --root and --log-key with --database only")
    locale = session.locale(session.load_profile() if session.profile else None)
    if not audit.is_clean:
        refuse(session, audit, locale)
    counted = make_statistics(
        gathered,
        checkpoint=Checkpoint(audit.origin, audit.tree_size, audit.root),
        period=period,
        by=by.split(","),
        unopened=audit.tree_size - audit.opened,
    )
    _write(counted, csv, page, xlsx, locale)
    if session.as_json:
        print_json(to_json(counted))
    else:
        _print(counted, locale, with_entries=entries)


def check_auditor(member: Member) -> None:
    """Refuse to count what is hidden: to others than auditors the log opens next to nothing."""
    if member.role is not Role.AUDITOR:
        raise typer.BadParameter(
            f"expected the profile of an auditor, to whom the hub opens the log; this one is of "
            f"{member}. Name another with --profile, or a copy of the database with --database"
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def refuse(session: Session, audit: AuditReport, locale: Locale) -> NoReturn:
    """Print what an audit found, and end: nothing is counted or listed of such a log."""
    if session.as_json:
        print_json(audit.to_json())
    else:
        print_report(audit, locale)
    raise typer.Exit(EXIT_CODE_OF_VERDICT[audit.verdict])


def _write(
    counted: Statistics, csv: Path | None, page: Path | None, xlsx: Path | None, locale: Locale
) -> None:
    language = locale.language
    files = {}
    if csv is not None:
        files = {
            csv / f"{table.name}.csv": to_csv(table, language).encode("utf-8-sig")
            for table in counted.tables
        }
    if page is not None:
        today = datetime.now(UTC).date()
        files[page] = to_html(counted, language, today).encode()
    if xlsx is not None:
        # Other commands need not wait until it is loaded.
        from agency_client.statistics.workbook import to_xlsx

        files[xlsx] = to_xlsx(counted, language)
    if not files:
        return
    for folder in {path.parent for path in files}:
        make_folder(folder)
    check_new(*files)
    for path, data in files.items():
        write_new_file(path, data, mode=_PUBLIC)


def _print(counted: Statistics, locale: Locale, *, with_entries: bool) -> None:
    language = locale.language
    for name, text in preamble(counted, language):
        say(f"{name}: {text}" if name else text)
    for table in counted.tables:
        heading(locale.say(table.title))
        say(locale.say(table.definition))
        names = [locale.say(each) for each in table.dimensions]
        names += [say_heading(column.heading, language) for column in table.columns]
        print_table(names, table_rows(table, language), locale.say(Label.NOTHING))
        if with_entries:
            _print_entries(table, locale)


def _print_entries(table: Table, locale: Locale) -> None:
    rows = table_rows(table, locale.language)
    for row, said in zip(
        [*table.rows, *([table.total] if table.total else [])], rows, strict=False
    ):
        for column, cell in zip(table.columns, row.cells, strict=True):
            if cell.entries:
                keys = " ".join(said[: len(table.dimensions)])
                named = say_heading(column.heading, locale.language)
                say(f"{keys}, {named}: {', '.join(map(str, cell.entries))}")
