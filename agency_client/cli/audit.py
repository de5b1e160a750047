"""`agency audit`: is the log whole and signed, who vouches for it, and were the rules kept?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from agency_client.audit import AuditReport
from agency_client.audit.clock import disagreement
from agency_client.audit.collector import calm_collector
from agency_client.cli.app import app
from agency_client.cli.audit_follow import follow as follow_log
from agency_client.cli.audit_report import print_clock, print_report
from agency_client.cli.auditing import (
    EXIT_CODE_OF_VERDICT,
    ending_as_audit,
    newest_witnessed,
    place_of,
    verify_database,
    verify_shown,
    witnessed_json,
    witnesses_of,
)
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.options import (
    CopyLogKey,
    CopyOfDatabase,
    CopyRoot,
    is_given,
    refuse_alone,
)
from agency_client.cli.output import complain, print_json, print_table, put, say
from agency_client.cli.session import Session, session_of
from agency_client.presentation.labels import Label
from agency_client.state.checkpoints import WitnessedHead

audit = typer.Typer(cls=MeaningGroup, no_args_is_help=True, help="Check the log and the hub.")
app.add_typer(audit, name="audit", rich_help_panel="Audit")


@audit.command()
def verify(
    context: typer.Context,
    database: CopyOfDatabase = None,
    root: CopyRoot = None,
    log_key: CopyLogKey = None,
    at_least: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="With --database: the log has N entries or more; a copy of fewer is incomplete.",
        ),
    ] = 1,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="With --database: a checkpoint that the hub signed, as `audit checkpoint` or a "
            "witness shows it; the copy must hold its tree. Repeatable.",
        ),
    ] = None,
    witnessed: Annotated[
        bool,
        typer.Option(
            "--witnessed",
            help="Demand cosignatures: check up to the newest checkpoint that the profile's "
            "witnesses signed, and refuse if there is none. Checks from the start.",
        ),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Watch on: check what is new, until stopped.")
    ] = False,
    interval_seconds: Annotated[
        float, typer.Option(min=0.1, help="How long --follow waits between two looks.")
    ] = 60,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Check again what was checked before.")
    ] = False,
) -> None:
    """Replay the log up to its newest checkpoint, and check every rule on it.

    From the hub it sees what this profile's auditor may open, and that it read this is put on the
    log. It keeps its place: the next run checks what is new since. With --database it opens every
    entry of a copy and also checks the tables beside the log; the file is only read. A copy accuses
    the hub by what the hub signed alone; what else is wrong in it may be damage of the copy.

    Exits with 0 if every rule was kept; 1 for a violation, or with --witnessed if nothing was
    witnessed; 2 if this profile, its place or the file does not let it check: a copy that is torn
    or lacks entries among them; 3 if the hub is not reachable or cannot serve now; 6 if this
    version cannot check it. With --follow it goes on until a violation (1) or Ctrl-C (130),
    and waits longer and longer for a hub that is away.
    """
    session = session_of(context)
    if not follow:
        refuse_alone(context, needs="--follow", interval_seconds="--interval-seconds")
    if database is not None and (witnessed or follow or from_start):
        raise typer.BadParameter(
            "expected --database without --witnessed, --follow or --from-start: a copy has no "
            "witnesses, does not grow and is always checked from its start"
        )
    if database is None and (root or log_key or checkpoints or is_given(context, "at_least")):
        raise typer.BadParameter(
            "expected --root, --log-key, --at-least and --checkpoint with --database only"
        )
    if witnessed and follow:
        raise typer.BadParameter("expected --witnessed or --follow, not both")
    vouched: WitnessedHead | None = None
    calm_collector()
    with ending_as_audit(session):
        if database is not None:
            report = verify_database(
                session, database, root, log_key, at_least=at_least, checkpoints=checkpoints or ()
            )
        elif follow:
            follow_log(session, interval_seconds, from_start=from_start)
        elif witnessed:
            with session.hub() as hub:
                vouched = hub.witnessed_checkpoint()
                report = verify_shown(hub, vouched.head)
        else:
            with session.hub() as hub, place_of(hub) as place:
                report = verify_shown(hub, place=place, from_start=from_start)
    _tell_verdict(session, report, vouched, is_copy=database is not None)


def _tell_verdict(
    session: Session, report: AuditReport, vouched: WitnessedHead | None, *, is_copy: bool
) -> None:
    """Print a report, and end with the exit code of its verdict."""
    clock = disagreement(report, datetime.now(UTC), is_copy=is_copy)
    if session.as_json:
        about = {
            "witnessed": witnessed_json(vouched),
            "clock": None if clock is None else clock.to_json(),
        }
        print_json(report.to_json() | about)
    else:
        locale = session.locale(session.load_profile() if session.profile else None)
        print_report(report, locale)
        if vouched is not None:
            say(witnesses_of(vouched, locale))
        if clock is not None:
            print_clock(clock, locale)
    if not report.is_clean:
        raise typer.Exit(EXIT_CODE_OF_VERDICT[report.verdict])


@audit.command()
def checkpoint(context: typer.Context) -> None:
    """Print the newest checkpoint, verified to extend the last one seen.

    Where the profile names witnesses, it also tells (on stderr) how much of the log enough of them
    have cosigned.
    """
    session = session_of(context)
    with session.hub() as hub:
        head = hub.checkpoint()
        vouched = newest_witnessed(hub)
        has_witnesses = hub.profile.witnesses is not None
        locale = session.locale_of(hub)
    if session.as_json:
        print_json(
            {
                "origin": head.checkpoint.origin,
                "tree_size": head.size,
                "root": head.checkpoint.root.hex(),
                "note": head.note.decode(),
                "witnessed": witnessed_json(vouched),
            }
        )
        return
    put(head.note.decode())
    if vouched is not None:
        complain(witnesses_of(vouched, locale))
    elif has_witnesses:
        complain(locale.say(Label.NOT_WITNESSED))


@audit.command()
def receipts(context: typer.Context) -> None:
    """List your receipts, and whether the profile's witnesses vouch for the entries."""
    session = session_of(context)
    with session.hub() as hub:
        kept = sorted(hub.outbox.all_receipts(), key=lambda each: each.index)
        vouched = newest_witnessed(hub)
        locale = session.locale_of(hub)
    size = vouched.head.size if vouched else 0
    if session.as_json:
        print_json(
            {
                "witnessed": witnessed_json(vouched),
                "receipts": [
                    {
                        "index": receipt.index,
                        "exchange_id": receipt.exchange_id,
                        "statement_id": receipt.statement_id,
                        "witnessed": receipt.index < size,
                    }
                    for receipt in kept
                ],
            }
        )
        return
    columns = (Label.ENTRY, Label.EXCHANGE, Label.STATEMENT, Label.WITNESSED)
    not_yet = Text(locale.say(Label.NOT_YET), style="yellow")
    print_table(
        [locale.say(each) for each in columns],
        [
            (
                str(receipt.index),
                receipt.exchange_id or "-",
                receipt.statement_id,
                locale.say(Label.YES) if receipt.index < size else not_yet,
            )
            for receipt in kept
        ],
        locale.say(Label.RECEIPTS_NONE),
    )
