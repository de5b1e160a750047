"""`agency operator policy`, its confirmation, and what is done before: show, compare, rehearse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from agency_client.audit.rehearsal import (
    OtherRuling,
    Rehearsal,
    RuleChanges,
    compare_policies,
)
from agency_client.cli.auditing import ending_as_audit, verify_database, verify_shown
from agency_client.cli.failures import ExitCode
from agency_client.cli.operator import operator
from agency_client.cli.options import CopyLogKey, CopyOfDatabase, CopyRoot
from agency_client.cli.output import complain, print_json, put, say
from agency_client.cli.questions import ask
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.presentation.exchanges import who
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso
from exchange_files import read_given
from exchange_protocol.errors import Reason
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.policy import Policy

PolicyFile = Annotated[Path, typer.Argument(metavar="FILE.cedar", help="The whole policy.")]


@operator.command()
def policy(
    context: typer.Context,
    file: PolicyFile,
    is_agreed: Annotated[
        bool, typer.Option("--yes", help="Do not ask; without a terminal nobody is asked.")
    ] = False,
) -> None:
    """Propose a policy. Another operator confirms it; the first one of a log is in force at once.

    On a terminal it first shows what differs from the policy in force, and asks. Rehearse it
    before, with `rehearse-policy`.
    """
    session = session_of(context)
    new = _read(file)
    with session.hub() as hub:
        present = hub.sync().policy
        _check_other(present, new)
        if not is_agreed:
            if not session.as_json:
                _say_changes(compare_policies(present, new))
            ask("Publish it?" if present else "Publish it? It is in force at once, for everybody.")
        result = hub.publish_policy(new.text)
        locale = session.locale_of(hub)
    tell(session, result, "Proposed" if present else "Published", locale)
    if present and not session.as_json:
        say(f"In force once another operator runs: agency operator confirm-policy {file}")


@operator.command("show-policy")
def show_policy(
    context: typer.Context,
    is_proposal: Annotated[
        bool, typer.Option("--proposed", help="The one that waits for a second operator.")
    ] = False,
) -> None:
    """Print the text of the policy in force, or of the proposed one."""
    session = session_of(context)
    with session.hub() as hub:
        directory = hub.sync()
        locale = session.locale_of(hub)
    proposal = directory.proposal
    if is_proposal and proposal is None:
        raise Reason.PROPOSAL_UNKNOWN.error("no policy waits for a second operator")
    shown = proposal.policy if is_proposal and proposal else directory.policy
    if shown is None:
        raise Reason.POLICY_DENIED.error("no policy is published yet")
    if session.as_json:
        facts: dict[str, object] = {"sha256": shown.digest.hex(), "cedar": shown.text}
        if is_proposal and proposal:
            facts["proposed_by"] = proposal.author.uri
            facts["lapses_at"] = iso(proposal.lapses_at)
        print_json(facts)
    else:
        put(shown.text)
        if is_proposal and proposal:
            complain(
                f"proposed by {who(proposal.author, locale)}; it lapses on "
                f"{locale.minute(proposal.lapses_at)}. Another operator puts it into force: agency "
                "operator confirm-policy FILE.cedar"
            )


@operator.command("confirm-policy")
def confirm_policy(
    context: typer.Context,
    file: PolicyFile,
    is_agreed: Annotated[
        bool, typer.Option("--yes", help="Do not ask; without a terminal nobody is asked.")
    ] = False,
) -> None:
    """Put the policy into force that another operator proposed: this very text, no other.

    Take the text by `show-policy --proposed`, read it, and rehearse it. On a terminal it first
    shows what differs from the policy in force, and asks.
    """
    session = session_of(context)
    read = _read(file)
    with session.hub() as hub:
        directory = hub.sync()
        present = directory.policy
        _check_proposed(directory, read)
        _check_other(present, read)
        if not is_agreed:
            if not session.as_json:
                _say_changes(compare_policies(present, read))
            ask("Confirm it? It is in force at once, for everybody.")
        result = hub.confirm_policy(read.digest)
        locale = session.locale_of(hub)
    tell(session, result, "In force", locale)


@operator.command("compare-policy")
def compare_policy(context: typer.Context, file: PolicyFile) -> None:
    """Name the rules that a policy adds, takes away and changes; publishes nothing."""
    session = session_of(context)
    new = _read(file)
    with session.hub() as hub:
        changes = compare_policies(hub.sync().policy, new)
    if session.as_json:
        print_json(
            {
                "added": list(changes.added),
                "removed": list(changes.removed),
                "changed": list(changes.changed),
            }
        )
    else:
        _say_changes(changes)


@operator.command("rehearse-policy")
def rehearse_policy(
    context: typer.Context,
    file: PolicyFile,
    days: Annotated[int, typer.Option(min=1, metavar="N", help="Of the last so many days.")] = 30,
    database: CopyOfDatabase = None,
    root: CopyRoot = None,
    log_key: CopyLogKey = None,
) -> None:
    """List the statements on the log that a policy would have ruled otherwise; publishes nothing.

    The log is verified on the way. It takes an auditor's profile, to whom the hub opens the log, or
    a copy of the database. Each statement is asked about by itself, as things stood then. Refused
    statements are not on the log, so a policy that permits more shows less than it does. Exits with
    1 if there is any.
    """
    session = session_of(context)
    rehearsal = Rehearsal(_read(file), datetime.now(UTC) - timedelta(days=days))
    if database is not None:
        with ending_as_audit(session):
            audit = verify_database(session, database, root, log_key, watch=rehearsal.take)
    elif root is None and log_key is None:
        with ending_as_audit(session), session.hub() as hub:
            audit = verify_shown(hub, watch=rehearsal.take)
    else:
        raise typer.BadParameter("expected --root and --log-key with --database only")
    if not audit.is_clean:
        raise Reason.DOCUMENT_INVALID.error(
            "the log is not in order, so nothing was rehearsed: run `agency audit verify`"
        )
    if session.as_json:
        print_json(
            {"asked": rehearsal.asked, "otherwise": [_as_json(each) for each in rehearsal.other]}
        )
    else:
        for each in rehearsal.other:
            say(f"entry {each.index}  {iso(each.at)}  {each.kind} of {each.author}")
            for sentence in each.what:
                say(f"    {sentence}")
        say(f"{len(rehearsal.other)} of {rehearsal.asked} statements would be ruled otherwise.")
        if audit.tree_size > audit.opened:
            hidden = audit.tree_size - audit.opened
            say(f"{hidden} entries are not shown to this profile, and were not asked about.")
    if rehearsal.other:
        raise typer.Exit(ExitCode.REFUSED)


def _read(file: Path) -> Policy:
    try:
        return Policy.compile(read_given(file).decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        raise Reason.POLICY_INVALID.error(f"expected {file} to be text in UTF-8") from None


def _check_proposed(directory: Directory, read: Policy) -> None:
    """Refuse to confirm what does not wait: before its changes are shown as if they could come."""
    present, proposal = directory.policy, directory.proposal
    if proposal is not None and proposal.policy.digest == read.digest:
        return
    if proposal is None and present is not None and present.digest == read.digest:
        raise Reason.ALREADY_DECIDED.error("this very policy is in force already")
    if proposal is None:
        raise Reason.PROPOSAL_UNKNOWN.error(
            "no policy waits for a second operator: the first one proposes it by `agency operator "
            "policy`"
        )
    by = who(proposal.author, Locale())
    raise Reason.PROPOSAL_UNKNOWN.error(
        f"another policy waits, which {by} proposed: a newer proposal takes the place of an older "
        "one. `agency operator show-policy --proposed` prints its text"
    )


def _check_other(present: Policy | None, new: Policy) -> None:
    """Refuse a policy that changes no rule: two operators would have nothing to decide on."""
    if present is None:
        return
    if present.text == new.text:
        raise Reason.ALREADY_DECIDED.error("this very policy is in force already")
    if compare_policies(present, new).is_empty:
        raise Reason.ALREADY_DECIDED.error(
            "its rules are those of the policy in force, so nothing changes: add, change or take "
            "away a rule; comments and order do not count"
        )


def _say_changes(changes: RuleChanges) -> None:
    if changes.is_empty:
        say("The rules are those of the policy in force.")
    for what, ids in (
        ("adds", changes.added),
        ("takes away", changes.removed),
        ("changes", changes.changed),
    ):
        for rule_id in ids:
            say(f"{what} the rule {rule_id}")


def _as_json(ruling: OtherRuling) -> dict[str, object]:
    return {
        "index": ruling.index,
        "at": iso(ruling.at),
        "kind": ruling.kind.value,
        "author": str(ruling.author),
        "exchange_id": ruling.exchange_id,
        "what": list(ruling.what),
    }
