"""`agency audit`: is the log whole and signed, who vouches for it, and were the rules kept?"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from rich.text import Text

from agency_client.audit import AuditReport, HubLog, Verdict, verify_log
from agency_client.audit.ahead import usable_cores
from agency_client.audit.collector import calm_collector
from agency_client.audit.database import DatabaseCopy
from agency_client.audit.monitor_state import MonitorState
from agency_client.cli.app import app, tell_failure
from agency_client.cli.audit_report import print_report, round_line
from agency_client.cli.failures import AWAY, ExitCode, describe, exit_code_of
from agency_client.cli.options import CopyLogKey, CopyOfDatabase, CopyRoot
from agency_client.cli.output import (
    complain,
    print_json,
    print_json_line,
    print_table,
    progress,
    say,
)
from agency_client.cli.session import Session, session_of
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso
from agency_client.state.checkpoints import Head, TrustStore, WitnessedHead
from exchange_files import read_given
from exchange_protocol.errors import (
    ExchangeError,
    HubDishonest,
    Reason,
)
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.record.folds import Applied
from exchange_protocol.trust.certificates import TrustAnchors

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

_MOST_DOUBLINGS = 4
"""Doublings of the interval while a hub is away: at most 16 intervals pass between two looks."""
_LONGEST_WAIT_SECONDS = 900.0
"""Longest wait of --follow for a hub that is away, unless the interval itself is longer."""

audit = typer.Typer(no_args_is_help=True, help="Check the log and the hub.")
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
    vouched: WitnessedHead | None = None
    if database is not None and (witnessed or follow or from_start):
        raise typer.BadParameter(
            "expected --database without --witnessed, --follow or --from-start: a copy has no "
            "witnesses, does not grow and is always checked from its start"
        )
    if database is None and (root or log_key or checkpoints or at_least != 1):
        raise typer.BadParameter(
            "expected --root, --log-key, --at-least and --checkpoint with --database only"
        )
    if witnessed and follow:
        raise typer.BadParameter("expected --witnessed or --follow, not both")
    calm_collector()
    with ending_as_audit(session):
        if follow:
            _follow(session, interval_seconds, from_start=from_start)
        if database is not None:
            report = verify_database(
                session, database, root, log_key, at_least=at_least, checkpoints=checkpoints or ()
            )
        elif witnessed:
            report, vouched = _verify_witnessed(session)
        else:
            with session.hub() as hub, _place_of(hub) as place:
                report = verify_shown(hub, place=place, from_start=from_start)
    if session.as_json:
        print_json(report.to_json() | {"witnessed": witnessed_json(vouched)})
    else:
        locale = session.locale(session.load_profile() if session.profile else None)
        print_report(report, locale)
        if vouched is not None:
            say(witnesses_of(vouched, locale))
    if not report.is_clean:
        raise typer.Exit(EXIT_CODE_OF_VERDICT[report.verdict])


EXIT_CODE_OF_VERDICT: Final = {
    Verdict.VIOLATIONS: ExitCode.REFUSED,
    Verdict.TORN_COPY: ExitCode.INPUT,
    Verdict.INCOMPLETE: ExitCode.INPUT,
}
"""Of every command that audits first: 1 is the hub's fault alone."""


@contextmanager
def ending_as_audit(session: Session) -> Iterator[None]:
    """Tell a failure of the block, and end with the exit code that it has for an audit."""
    try:
        yield
    except ExchangeError as error:
        tell_failure(error, as_json=session.as_json)
        raise typer.Exit(exit_code_of(error, is_audit=True)) from None


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
    typer.echo(head.note.decode(), nl=False)
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


def newest_witnessed(hub: ExchangeClient) -> WitnessedHead | None:
    """The newest checkpoint that enough witnesses cosigned; None if there is none yet."""
    if hub.profile.witnesses is None:
        return None
    try:
        return hub.witnessed_checkpoint()
    except ExchangeError as error:
        if error.reason is Reason.NOT_WITNESSED:
            return None
        raise


def witnesses_of(vouched: WitnessedHead, locale: Locale) -> str:
    """Say which witnesses cosigned how much of the log, and when."""
    names = [f"{each.witness} ({locale.second(each.at)})" for each in vouched.cosignatures]
    return locale.say(Label.WITNESSED_BY, size=vouched.head.size, names=", ".join(names))


def witnessed_json(vouched: WitnessedHead | None) -> dict[str, Any] | None:
    """A witnessed checkpoint as plain values."""
    if vouched is None:
        return None
    return {
        "tree_size": vouched.head.size,
        "root": vouched.head.checkpoint.root.hex(),
        "note": vouched.head.note.decode(),
        "cosignatures": [
            {"witness": each.witness, "at": iso(each.at)} for each in vouched.cosignatures
        ],
    }


def hub_log(hub: ExchangeClient, head: Head | None = None) -> HubLog:
    """The log as the hub shows it to this profile; where reading has to wait, that is told."""
    return HubLog(hub, head, on_pause=_tell_pause)


def _tell_pause(error: ExchangeError, seconds: float) -> None:
    complain(f"agency: {error}; going on in {seconds:g} s")


def verify_database(
    session: Session,
    path: Path,
    root: Path | None,
    log_key: str | None,
    *,
    at_least: int = 1,
    checkpoints: Sequence[Path] = (),
    watch: Callable[[Applied], None] | None = None,
) -> AuditReport:
    """Audit a copy of the database; the trust comes from the options, or from the profile.

    `watch` is called with every entry that was judged.
    """
    seen = []
    if root is not None and log_key is not None:
        anchors, log = TrustAnchors.from_pem(read_given(root)), LogVerifier(log_key)
    elif root is None and log_key is None and session.profile:
        profile = session.load_profile()
        anchors, log = profile.anchors, profile.log
        head = TrustStore(profile.state, profile.log_keys, lambda: datetime.now(UTC)).head()
        seen += [head.checkpoint] if head else []
    else:
        raise typer.BadParameter(
            "expected --root and --log-key together, or neither and a profile that has both"
        )
    seen += [_signed_checkpoint(each, log) for each in checkpoints]
    with closing(DatabaseCopy(path, log)) as copy, progress("entries") as advance:
        return verify_log(
            copy,
            anchors,
            auditor=None,
            seen=seen,
            at_least=at_least,
            progress=advance,
            cores=usable_cores(),
            watch=watch,
        )


def _signed_checkpoint(path: Path, log: LogVerifier) -> Checkpoint:
    """A checkpoint of a file; one that another key signed accuses nobody."""
    try:
        return log.verify(read_given(path))
    except HubDishonest as error:
        raise Reason.DOCUMENT_INVALID.error(
            f"expected in {path} a checkpoint that the log {log.origin} signed: {error.message}"
        ) from None


def _verify_witnessed(session: Session) -> tuple[AuditReport, WitnessedHead]:
    with session.hub() as hub:
        vouched = hub.witnessed_checkpoint()
        return verify_shown(hub, vouched.head), vouched


def verify_shown(
    hub: ExchangeClient,
    head: Head | None = None,
    *,
    place: MonitorState | None = None,
    from_start: bool = False,
    watch: Callable[[Applied], None] | None = None,
) -> AuditReport:
    """Audit what the hub shows to this profile, up to a head or the newest one.

    It begins at the kept `place`, or at the start of the log where there is none or `from_start`
    asks for it. `watch` is called with every entry that was judged.
    """
    source = hub_log(hub, head)
    with progress("entries") as advance:
        return verify_log(
            source,
            hub.profile.anchors,
            auditor=hub.profile.tls.certificate.member,
            place=place,
            from_start=from_start,
            progress=advance,
            cores=usable_cores(),
            watch=watch,
        )


@contextmanager
def _place_of(hub: ExchangeClient) -> Iterator[MonitorState]:
    profile = hub.profile
    path = profile.state / "monitor.db"
    with closing(MonitorState(path, profile.anchors, profile.tls.certificate.member)) as place:
        yield place


def _follow(session: Session, interval_seconds: float, *, from_start: bool) -> NoReturn:
    """Verify what is new, round after round, until a rule was broken or a signal ends it.

    A round that is cut short is not kept, so it may end at any time.
    """
    reached: int | None = None
    failures = 0
    with session.hub() as hub, _place_of(hub) as place:
        while True:
            try:
                report = verify_shown(hub, place=place, from_start=from_start)
            except AWAY as error:
                failures += 1
                wait = _wait_seconds(interval_seconds, failures)
                _tell_away(session, error, wait)
            else:
                if failures or report.tree_size != reached or not report.is_clean:
                    _tell_round(session, hub, report)
                failures, from_start, wait = 0, False, interval_seconds
                reached = report.tree_size
                if not report.is_clean:
                    raise typer.Exit(ExitCode.REFUSED)
            time.sleep(wait)


def _wait_seconds(interval_seconds: float, failures: int) -> float:
    """Longer with every failure in a row, never shorter than the interval.

    A part of it is chance: monitors should not come back together.
    """
    doubled = interval_seconds * 2.0 ** min(failures, _MOST_DOUBLINGS)
    wait = min(doubled, _LONGEST_WAIT_SECONDS)
    return max(wait * random.uniform(0.5, 1), interval_seconds)  # noqa: S311 -- no secret


def _tell_away(session: Session, error: ExchangeError, wait_seconds: float) -> None:
    if session.as_json:
        again = round(wait_seconds, 1)
        print_json_line({"error": describe(error), "again_in_seconds": again})
    else:
        complain(f"agency: {error}; trying again in {wait_seconds:.1f} s")


def _tell_round(session: Session, hub: ExchangeClient, report: AuditReport) -> None:
    """One line for a round; everything where something was found."""
    if session.as_json:
        print_json_line(report.to_json())
    elif report.is_clean:
        say(round_line(report, datetime.now(UTC), session.locale_of(hub)))
    else:
        print_report(report, session.locale_of(hub))
