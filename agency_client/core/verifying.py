"""Verify what a hub shows of an exchange: seven steps, one after another.

    1. The pinned log key signed the checkpoint; it extends the one held.    View.ask
    2. Every entry is in its tree, in log order, with its statement.         verify_proven_entries
    3. Every entry is of the exchange that was asked for.                    check_exchange
    4. The directory is as new as the newest entry counts.                   View.know_directory
    5. The rules allow every statement, and the agency may be shown it.      judge_view
    6. The agency's own statements are where receipts promised them.         own_receipts
    7. The hub's summary describes the initial statement.                    check_summary

`exchanges` fetches, and takes steps 1 to 4 as pages come. `verify_exchange` takes steps 5 to 7. The
list from which an exchange was picked is held to step 7 too. docs/threat-model.md says which lie
each of them catches.

Left to the caller: unsealing (`unsealing`). A hub can hide an exchange entirely; witnesses and
auditors see that.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from agency_client.core.own_receipts import check_receipts
from agency_client.core.partial_views import check_supervised, judge_one_by_one
from agency_client.core.summaries import take_summary
from agency_client.core.views import VerifiedExchange, VerifiedStatement
from agency_client.state.checkpoints import Head
from agency_client.state.kept_receipts import KeptReceipt
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import matches
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.record.entries import Entry, Event, verify_time_of
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.record.receipts import ProvenEntry
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.moves import is_row_of
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import exchange_service_pb2 as pb

ProvenEntries = Sequence[tuple[ProvenEntry, Entry]]
"""Entries in log order, each as it was proven and as it was read."""

_TO_THE_END: Final = sys.maxsize


@dataclass(frozen=True, slots=True)
class ShownExchange:
    """The hub's answer about one exchange, after steps 1 to 4."""

    id: str
    entries: ProvenEntries
    """All entries of it that the agency is shown; at least one."""
    head: Head
    summary: pb.ExchangeSummary
    """The hub's word, as it came."""


@dataclass(frozen=True, slots=True)
class JudgedView:
    """An exchange as far as an agency's view of it goes, judged."""

    party: Party
    exchange: Exchange | None
    """Its state; None to a supervisor, who sees none."""
    statements: tuple[VerifiedStatement, ...]
    entries: tuple[ProvenEntry, ...]
    """All entries that were judged."""
    replay: Replay | None
    """The replay that came to this state, to go on from here."""

    def is_of(self, entries: ProvenEntries) -> bool:
        """True if it judged the very entries with which these begin; their proofs may differ."""
        return len(self.entries) <= len(entries) and all(
            (old.index, old.opening) == (new.index, new.opening)
            for old, (new, _) in zip(self.entries, entries, strict=False)
        )


def verify_exchange(
    shown: ShownExchange,
    agency: AgencyId,
    *,
    fold: DirectoryFold,
    promised: Mapping[str, KeptReceipt],
    log: LogVerifier,
    known: JudgedView | None = None,
) -> tuple[VerifiedExchange, JudgedView]:
    """Take steps 5 to 7 for an exchange that an agency is shown.

    Args:
        shown: what the hub shows.
        agency: the agency that it is shown to.
        fold: the directory, up to the last entry.
        promised: the receipts that the agency held when it asked, by the statement's id.
        log: the pinned log.
        known: what was judged of the exchange a moment ago; it is used up.

    Raises:
        HubDishonest: if the hub broke a rule, or shows what does not verify.
        SignatureInvalid: if a statement's author or signature is not good.
        InvalidInput: DOCUMENT_INVALID, if a receipt in `promised` is damaged.
    """
    judged = judge_view(agency, shown.id, shown.entries, fold, known)
    verified = VerifiedExchange(
        id=shown.id,
        party=judged.party,
        exchange=judged.exchange,
        statements=judged.statements,
        deliveries=tuple(entry for _, entry in shown.entries if entry.event is Event.DELIVERY),
        entries=judged.entries,
        checkpoint=shown.head.checkpoint,
        note=shown.head.note,
        summary=take_summary(shown.summary),
    )
    check_receipts(promised, verified.statements, agency, log)
    check_summary(verified.summary, verified)
    return verified, judged


# --- Step 3 ---------------------------------------------------------------------------------------


def check_exchange(exchange_id: str, entries: ProvenEntries) -> None:
    """Check that every entry is of the exchange that was asked for; raises ENTRY_MISMATCH."""
    for proven, entry in entries:
        if entry.exchange_id != exchange_id:
            raise Reason.ENTRY_MISMATCH.error(
                f"expected entries of exchange {exchange_id}, "
                f"entry {proven.index} is of {entry.exchange_id or 'none'}"
            )


# --- Step 5 ---------------------------------------------------------------------------------------


def judge_view(
    agency: AgencyId,
    exchange_id: str,
    entries: ProvenEntries,
    fold: DirectoryFold,
    known: JudgedView | None = None,
) -> JudgedView:
    """Judge what an agency is shown of an exchange, by the hub's own rules.

    1. Times do not go back along the log.
    2. Each statement is the one that its entry names.
    3. What is shown tells the agency's part in the exchange, and so how much it can judge:

       - initiator: the whole exchange is replayed;
       - recipient: it is replayed as far as its leg goes, with policy, gate and approvals. A
         release without enough coordinators' own signatures over that very payload breaks a rule;
       - member of a joint case: all of it is replayed, up to where the member left last;
       - approver: each statement on legs that are before it is judged, on the leg as that
         statement found it; of others, author and signature are verified;
       - supervisor: author, certificate and signature of each statement are verified.

    4. A recipient is shown nothing that is held back from it.

    Assumed verified: steps 1 to 4; `fold` holds the directory up to the last entry. `known` is
    what was judged before: statements that are shown again, byte for byte, are not judged again.

    Raises:
        HubDishonest, SignatureInvalid: as `verify_exchange` does.
    """
    if known is not None and not known.is_of(entries):
        known = None
    _check_times(entries, fold)
    statements = _statements_of(entries, known)
    party = _party_of(agency, statements)
    exchange: Exchange | None = None
    replay: Replay | None = None
    match party:
        case Party.SUPERVISOR:
            check_supervised(agency, statements, fold)
        case Party.APPROVER if not statements[0].statement.kind.spec.is_case:
            exchange = judge_one_by_one(agency, statements, fold)
        case Party.INITIATOR | Party.RECIPIENT | Party.APPROVER:
            replay = _replayed(_new_replay(agency, party, statements, fold), party, entries, known)
            exchange = replay.exchanges[exchange_id]
        case _:
            assert_never(party)
    if party is Party.RECIPIENT and exchange is not None:
        _check_released(agency, exchange, statements)
    return JudgedView(party, exchange, statements, tuple(each for each, _ in entries), replay)


def _check_times(entries: ProvenEntries, fold: DirectoryFold) -> None:
    """Check that times do not go back along the log, also from the directory's entries to these.

    Whoever is shown one entry of an exchange alone holds all of the directory beside it.
    """
    last: Entry | None = None
    for proven, entry in entries:
        fold.check_time(proven.index, entry)
        if last is not None and entry.hub_time < last.hub_time:
            raise Reason.RULE_BROKEN.error(
                f"entry {proven.index}: its time {entry.hub_time.isoformat()} is before that of "
                "the entry before it"
            )
        last = entry


def _statements_of(
    entries: ProvenEntries, known: JudgedView | None
) -> tuple[VerifiedStatement, ...]:
    """Take the statements out of their entries; those that are known are not read again."""
    before = {each.index: each for each in known.statements} if known else {}
    statements = tuple(
        replace(before[proven.index], proven=proven)
        if proven.index in before
        else _statement_of(proven, entry)
        for proven, entry in entries
        if entry.event is Event.STATEMENT
    )
    if not statements:
        # A view of none would be judged by nobody: no rule has anything to refuse in it.
        raise Reason.ENTRY_MISMATCH.error("the hub shows no statement of the exchange")
    return statements


def _statement_of(proven: ProvenEntry, entry: Entry) -> VerifiedStatement:
    """Take a statement out of its entry, which must name it, at a time that can be true."""
    signed = proven.opening.statement
    if signed is None:
        raise Reason.ENTRY_MISMATCH.error(f"entry {proven.index} comes without its statement")
    try:
        statement = parse_statement(signed.payload)
    except ExchangeError as error:
        raise Reason.ENTRY_MISMATCH.error(f"entry {proven.index}: {error}") from error
    if not entry.names(signed, statement):
        raise Reason.ENTRY_MISMATCH.error(
            f"entry {proven.index} names another author, certificate or exchange than its statement"
        )
    verify_time_of(entry, statement)
    return VerifiedStatement(proven.index, entry.hub_time, signed, statement, entry, proven)


def _party_of(agency: AgencyId, statements: Sequence[VerifiedStatement]) -> Party:
    """The part of an agency in an exchange, by what it is shown.

    An agency that is not shown the initial statement is taken for a supervisor. A hub gains nothing
    by leaving that statement out: `check_supervised` wants the agency named in each statement.
    """
    first = statements[0].statement
    # By its kind: a statement of another agency may have the id of the initial one.
    if first.kind.stage is not Stage.INITIAL:
        return Party.SUPERVISOR
    if first.author.agency == agency:
        return Party.INITIATOR
    invited = (each.statement for each in statements if each.statement.kind.spec.invites)
    if any(agency in each.recipients for each in (first, *invited)):
        return Party.RECIPIENT
    recorded = (each.entry.ruling for each in statements)
    if any(agency in leg.approvers for ruling in recorded if ruling for leg in ruling.legs):
        return Party.APPROVER
    return Party.SUPERVISOR


def _new_replay(
    agency: AgencyId, party: Party, statements: Sequence[VerifiedStatement], fold: DirectoryFold
) -> Replay:
    """The replay that judges as much as a party is shown."""
    if party is Party.INITIATOR:
        return Replay(fold)
    return Replay(fold, view=agency, insider_until=_insider_until(agency, statements))


def _replayed(
    replay: Replay, party: Party, entries: ProvenEntries, known: JudgedView | None
) -> Replay:
    """Apply entries to a new replay; or to the known one, those that are new to it."""
    new = entries
    if known and known.party is party and known.replay and known.replay.judges_as(replay):
        replay, new = known.replay, entries[len(known.entries) :]
    for proven, entry in new:
        replay.apply(proven.index, proven.opening, entry)
    return replay


def _insider_until(agency: AgencyId, statements: Sequence[VerifiedStatement]) -> int:
    """The index before which an agency was shown all of a joint case; 0 if it never was.

    An approver is shown every statement of a case, also one that is invited itself. By another
    policy others may approve later, and it is shown no more: so it is sure of what was said up to
    the last statement that it is shown. A member that joins is shown all earlier statements, also
    those of its absence.
    """
    if not statements[0].kind.spec.is_case:
        return 0
    until, has_joined, approved = 0, False, set[AgencyId]()
    for each in statements:
        was_inside = has_joined or bool(approved)
        for change in each.entry.ruling.legs if each.entry.ruling else ():
            if change.agency == agency:
                has_joined = change.after is LegState.JOINED
            if agency in change.approvers:
                approved.add(change.agency)
            else:
                approved.discard(change.agency)
        if has_joined:
            until = _TO_THE_END
        elif approved or was_inside:
            until = each.index + 1
    return until


def _check_released(
    agency: AgencyId, exchange: Exchange, statements: Sequence[VerifiedStatement]
) -> None:
    """Check that no statement is shown to its recipient while it is held back from it.

    Raises:
        HubDishonest: APPROVAL_MISSING; RULE_BROKEN, if its statements give the agency no leg.
    """
    leg = exchange.leg(agency)
    if leg is None:
        raise Reason.RULE_BROKEN.error(f"what the hub shows gives {agency} no leg of the exchange")
    for each in statements:
        if each.statement.digest in leg.hidden:
            raise Reason.APPROVAL_MISSING.error(
                f"entry {each.index} waits for {leg.approvals_required} approval(s) by "
                f"{' or '.join(leg.approvers)}, and {len(leg.approvals)} are given: "
                "it must not be read"
            )


# --- Step 7 ---------------------------------------------------------------------------------------


def check_summary(summary: ExchangeSummary, verified: VerifiedExchange) -> None:
    """Check that a summary describes the initial statement of an exchange.

    Where the agency is shown no initial statement, the statements that it is shown must be such as
    can be said in an exchange of that kind and that initiator. More cannot be checked there.

    Raises:
        HubDishonest: ENTRY_MISMATCH.
    """
    first = verified.initial
    if first is None:
        for each in verified.statements:
            _check_fits(summary, each)
        return
    said = first.statement
    header = said.header
    listed = (summary.id, summary.kind, summary.initiator, summary.urgency, summary.handling)
    logged = (verified.id, said.kind, said.author.agency, header.urgency, header.handling)
    # A list that was kept by an earlier version names no day; it says the moment all the same.
    is_day = summary.due_on in (None, header.due_on)
    if (*listed, summary.due_at) != (*logged, header.due_at) or not is_day:
        raise Reason.ENTRY_MISMATCH.error(
            f"the hub lists {summary.kind} {summary.id} of {summary.initiator} "
            f"({summary.urgency.name}, {summary.handling.name}, due {summary.due_at}); entry "
            f"{first.index} is {said.kind} {verified.id} of {said.author.agency} "
            f"({header.urgency.name}, {header.handling.name}, due {header.due_at})"
        )


def _check_fits(summary: ExchangeSummary, each: VerifiedStatement) -> None:
    """Check that a statement can be one of an exchange of the kind and initiator of a summary."""
    said = each.statement
    rows = [row for row in each.kind.spec.rows if matches(row, said.body)]
    parties = {row.party for row in rows}
    is_its_initiators = True
    if parties == {Party.INITIATOR}:
        is_its_initiators = each.author.agency == summary.initiator
    elif parties == {Party.RECIPIENT}:
        is_its_initiators = summary.initiator in said.recipients
    can_be_said = [row for row in rows if is_row_of(row, each.kind, summary.kind)]
    if not is_its_initiators or (rows and not can_be_said):
        raise Reason.ENTRY_MISMATCH.error(
            f"the hub lists {summary.kind} {summary.id} of {summary.initiator}; entry "
            f"{each.index}, {each.kind} by {each.author.agency} to {', '.join(said.recipients)}, "
            "is of another"
        )
