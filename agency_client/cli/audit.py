"""`agency audit`: is the log whole and signed, who vouches for it, and were the rules kept?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from agency_client.audit import AuditedLeaf, AuditReport, Scope, Violation, verify_log
from agency_client.audit.database import DatabaseCopy
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.output import (
    complain,
    heading,
    instant,
    iso,
    print_fields,
    print_json,
    print_table,
    progress,
    say,
)
from agency_client.cli.session import Session, session_of
from agency_client.trust import Head, TrustStore, WitnessedHead
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.entries import parse_opening
from exchange_protocol.rules.lifecycle import Exchange
from exchange_protocol.trust.certificates import TrustAnchors

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

audit = typer.Typer(no_args_is_help=True, help="Check the log and the hub.")
app.add_typer(audit, name="audit", rich_help_panel="Audit")


@audit.command()
def verify(
    context: typer.Context,
    database: Annotated[
        Path | None,
        typer.Option(metavar="FILE.db", help="Check this copy of the hub's SQLite database."),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Root certificate for --database; else the profile's.")
    ] = None,
    log_key: Annotated[
        str | None,
        typer.Option(metavar="VKEY", help="Log key for --database; else the profile's."),
    ] = None,
    witnessed: Annotated[
        bool,
        typer.Option(
            "--witnessed",
            help="Demand cosignatures: check up to the newest checkpoint that the profile's "
            "witnesses signed, and refuse if there is none.",
        ),
    ] = False,
) -> None:
    """Replay the whole log, up to its newest checkpoint, and check every rule on it.

    From the hub it sees what this profile's auditor may open. With --database it opens every entry
    of the copy and also checks the tables beside the log; the file is only read.
    """
    session = session_of(context)
    vouched: WitnessedHead | None = None
    if witnessed and database is not None:
        raise typer.BadParameter("expected --witnessed without --database: a copy has no witnesses")
    if database is not None:
        report = verify_database(session, database, root, log_key)
    elif root is not None or log_key is not None:
        raise typer.BadParameter("expected --root and --log-key with --database only")
    else:
        report, vouched = _verify_hub(session, witnessed=witnessed)
    if session.as_json:
        print_json(report.to_json() | {"witnessed": witnessed_json(vouched)})
    else:
        _print_report(report)
        if vouched is not None:
            say(f"Witnessed: {witnesses_of(vouched)}")
    if not report.is_clean:
        raise typer.Exit(ExitCode.REFUSED)


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
        complain(f"Witnessed: {witnesses_of(vouched)}")
    elif has_witnesses:
        complain("Not witnessed yet: too few of the profile's witnesses have cosigned.")


@audit.command()
def receipts(context: typer.Context) -> None:
    """List your receipts, and whether the profile's witnesses vouch for the entries."""
    session = session_of(context)
    with session.hub() as hub:
        kept = sorted(hub.outbox.all_receipts(), key=lambda each: each[2].entry.index)
        vouched = newest_witnessed(hub)
    size = vouched.head.size if vouched else 0
    if session.as_json:
        print_json(
            {
                "witnessed": witnessed_json(vouched),
                "receipts": [
                    {
                        "index": receipt.entry.index,
                        "exchange_id": exchange_id,
                        "statement_id": statement_id,
                        "witnessed": receipt.entry.index < size,
                    }
                    for exchange_id, statement_id, receipt in kept
                ],
            }
        )
        return
    print_table(
        ("ENTRY", "EXCHANGE", "STATEMENT", "WITNESSED"),
        [
            (
                str(receipt.entry.index),
                exchange_id or "-",
                statement_id,
                "yes" if receipt.entry.index < size else Text("not yet", style="yellow"),
            )
            for exchange_id, statement_id, receipt in kept
        ],
        "No receipts.",
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


def witnesses_of(vouched: WitnessedHead) -> str:
    """Who cosigned how much of the log, and when."""
    names = ", ".join(f"{each.witness} ({instant(each.at)})" for each in vouched.cosignatures)
    return f"the first {vouched.head.size} entries, by {names}"


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


class HubLog:
    """The log as the hub shows it to this profile; a `LogSource`."""

    def __init__(self, hub: ExchangeClient, head: Head | None = None) -> None:
        """Audit up to a head that was verified, or else up to the newest."""
        self._hub = hub
        # Verified: signed by the pinned key, and an extension of the last one seen.
        self._head = head or hub.checkpoint()

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint to audit up to."""
        return self._head.checkpoint

    def leaves(self) -> Iterator[AuditedLeaf]:
        """Every leaf, page by page."""
        for leaf in self._hub.leaves(0, self._head.size):
            try:
                opening = parse_opening(leaf.opening) if leaf.HasField("opening") else None
            except ExchangeError as error:
                yield AuditedLeaf(leaf.leaf_hash, None, error)
            else:
                yield AuditedLeaf(leaf.leaf_hash, opening)

    def check_rest(self, exchanges: Mapping[str, Exchange] | None) -> Iterable[Violation]:
        """Nothing: the hub shows no more than its log."""
        return ()


def verify_database(
    session: Session, path: Path, root: Path | None, log_key: str | None
) -> AuditReport:
    """Audit a copy of the database; the trust comes from the options, or from the profile."""
    if root is not None and log_key is not None:
        anchors, log = TrustAnchors.from_pem(root.read_bytes()), LogVerifier(log_key)
        seen = None
    elif root is None and log_key is None and session.profile:
        profile = session.load_profile()
        anchors, log = profile.anchors, profile.log
        head = TrustStore(profile.state, log, lambda: datetime.now(UTC)).head()
        seen = head.checkpoint if head else None
    else:
        raise typer.BadParameter(
            "expected --root and --log-key together, or neither and a profile that has both"
        )
    copy = DatabaseCopy(path, log)
    try:
        with progress("entries", copy.checkpoint.size) as advance:
            return verify_log(copy, anchors, auditor=None, seen=seen, progress=advance)
    finally:
        copy.close()


def _verify_hub(session: Session, *, witnessed: bool) -> tuple[AuditReport, WitnessedHead | None]:
    with session.hub() as hub:
        vouched = hub.witnessed_checkpoint() if witnessed else None
        source = HubLog(hub, vouched.head if vouched else None)
        with progress("entries", source.checkpoint.size) as advance:
            report = verify_log(
                source,
                hub.profile.anchors,
                auditor=hub.profile.tls.certificate.member,
                progress=advance,
            )
    return report, vouched


def _print_report(report: AuditReport) -> None:
    opened = f"{report.opened} of {report.tree_size} entries"
    if report.scope is Scope.PARTIAL:
        opened += " (what this auditor may open; the tree was checked as a whole)"
    print_fields(
        [
            ("log", report.origin),
            ("checkpoint", f"{report.tree_size} entries, root {report.root.hex()}"),
            ("opened", opened),
            ("replayed", f"{report.exchanges} exchanges, {report.agencies} agencies"),
            ("last entry", instant(report.last_time)),
            ("took", f"{report.seconds:.2f} s, {report.rate:.0f} entries a second"),
        ]
    )
    heading("Entries")
    counts = [("event", *each) for each in report.by_event.items()]
    counts += [("kind", *each) for each in report.by_kind.items()]
    print_table(
        ("", "", "COUNT"), [(what, name, str(count)) for what, name, count in counts], "None."
    )
    if report.is_clean:
        kept = "every rule was kept"
        if report.scope is Scope.PARTIAL:
            kept += " on the entries that were opened"
        say(Text(f"\nClean: the log is whole and signed, and {kept}.", "green"))
        return
    heading("VIOLATIONS")
    for each in report.violations:
        say(Text(f"{each.reason.name}: {each.message}", style="bold red"))
