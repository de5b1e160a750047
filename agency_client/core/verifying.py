"""The judgement of what a hub shows of an exchange: pure checks of fetched entries.

Steps (docs/threat-model.md says which lie each of them catches):

 1. The checkpoint is signed by the pinned log key and extends the one held (`View.ask`).
 2. Every entry is in the tree of that checkpoint, in log order, with the statement that it names.
 3. Every entry is of the exchange that was asked for.
 4. The directory is as new as the newest entry counts; a hub that hides some of it is caught.
 5. Statements are judged anew with the hub's own rules, against the directory at their place:
    - initiator: the whole exchange is replayed;
    - active member of a joint case: all of it is replayed, up to where the member left last;
    - recipient: the exchange is replayed as far as its leg goes, with policy, gate and approvals.
      A release without enough coordinators' own signatures over that very payload breaks a rule; a
      held statement that is shown lacks its approvals;
    - approver: it does not see what the recipients say, so each statement that it sees is judged on
      the leg as that statement found it; decisions must answer the statement that waits. It cannot
      judge what rests on a statement or a due time of the recipient (a consent, a reminder, the end
      of a freeze): author and signature are verified, and auditors judge the rest;
    - supervisor: it sees single statements; each must name it as one, and author, certificate and
      signature are verified.
 6. Everything that the agency itself said, and for which it held a receipt when it asked, is shown,
    at its index.
 7. The hub's summary, and the list from which the exchange was picked, describe its initial
    statement.

`exchanges` fetches, and does steps 1 to 4. Left to the caller: unsealing (`unsealing`). A hub can
hide an exchange entirely; witnesses and auditors see that.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from agency_client.core.views import (
    VerifiedExchange,
    VerifiedStatement,
)
from agency_client.state.kept_receipts import KeptReceipt
from exchange_protocol.errors import ExchangeError, NotFound, Reason
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import About, When, matches
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.merkle import verify_inclusion
from exchange_protocol.record.entries import (
    Entry,
    Event,
    entry_leaf_hash,
    parse_entry,
    verify_time_of,
)
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.record.receipts import ProvenEntry
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.judgement import authenticate, judge
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId

_TO_THE_END: Final = sys.maxsize


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

    def is_of(self, entries: Sequence[tuple[ProvenEntry, Entry]]) -> bool:
        """True if it judged the very entries with which these begin; their proofs may differ."""
        return len(self.entries) <= len(entries) and all(
            (old.index, old.opening) == (new.index, new.opening)
            for old, (new, _) in zip(self.entries, entries, strict=False)
        )


def judge_view(
    agency: AgencyId,
    exchange_id: str,
    entries: Sequence[tuple[ProvenEntry, Entry]],
    fold: DirectoryFold,
    known: JudgedView | None = None,
) -> JudgedView:
    """Step 5: judge what an agency is shown of an exchange, as far as its view goes.

    Assumed verified: steps 1 to 4; `fold` holds the directory up to the last entry. A statement
    that was judged before, and is shown again byte for byte, is not judged twice: `known` is used
    up.

    Raises:
        HubDishonest, SignatureInvalid: as `get` does.
    """
    if known is not None and not known.is_of(entries):
        known = None
    judged = len(known.entries) if known else 0
    before = {each.index: each for each in known.statements} if known else {}
    statements = tuple(
        replace(before[proven.index], proven=proven)
        if proven.index in before
        else _verified_statement(proven, entry)
        for proven, entry in entries
        if entry.event is Event.STATEMENT
    )
    if not statements:
        # A view of none would be judged by nobody: no rule has anything to refuse in it.
        raise Reason.ENTRY_MISMATCH.error("the hub shows no statement of the exchange")
    party = _party_of(agency, statements)
    state: Exchange | None = None
    replay: Replay | None = None
    match party:
        case Party.INITIATOR:
            replay = Replay(fold)
        case Party.RECIPIENT:
            replay = Replay(fold, view=agency, insider_until=_insider_until(agency, statements))
        case Party.APPROVER if statements[0].statement.kind.spec.is_case:
            # It is shown every statement, so it judges as auditors do.
            replay = Replay(fold, view=agency, insider_until=_TO_THE_END)
        case Party.APPROVER:
            state = _approvers_view(statements, fold)
        case Party.SUPERVISOR:
            for each in statements:
                _check_supervised(agency, each, fold)
        case _:
            assert_never(party)
    if replay is not None:
        if known and known.party is party and known.replay and known.replay.judges_as(replay):
            replay = known.replay
        else:
            judged = 0
        for proven, entry in entries[judged:]:
            replay.apply(proven.index, proven.opening, entry)
        state = replay.exchanges[exchange_id]
    if party is Party.RECIPIENT and state is not None:
        _check_released(agency, state, statements)
    return JudgedView(party, state, statements, tuple(proven for proven, _ in entries), replay)


def _party_of(agency: AgencyId, statements: Sequence[VerifiedStatement]) -> Party:
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


def _insider_until(agency: AgencyId, statements: Sequence[VerifiedStatement]) -> int:
    """The index before which an agency was shown all of a joint case; 0 if it never joined.

    A member that joins is shown all earlier statements, also those of its absence.
    """
    until = 0
    for each in statements:
        for change in each.entry.ruling.legs if each.entry.ruling else ():
            if change.agency != agency:
                continue
            if change.after is LegState.JOINED:
                until = _TO_THE_END
            elif change.before is LegState.JOINED:
                until = each.index + 1
    return until


def _check_released(
    agency: AgencyId, state: Exchange, statements: Sequence[VerifiedStatement]
) -> None:
    """Refuse a statement that is recorded as held and shown to its recipient all the same."""
    leg = state.leg(agency)
    for each in statements:
        if leg is not None and each.statement.digest in leg.hidden:
            raise Reason.APPROVAL_MISSING.error(
                f"entry {each.index} waits for {leg.approvals_required} approval(s) by "
                f"{' or '.join(leg.approvers)}, and {len(leg.approvals)} are given: "
                "it must not be read"
            )


def _approvers_view(statements: Sequence[VerifiedStatement], fold: DirectoryFold) -> Exchange:
    exchange: Exchange | None = None
    for each in statements:
        if exchange is not None and _rests_on_unseen(each.statement):
            _check_author(each, fold)
            exchange = _as_recorded(exchange, each)
            continue
        found = exchange and _as_found(exchange, each)
        try:
            judgement = judge(
                each.signed,
                each.statement,
                directory=fold.before(each.index),
                exchange=found,
                anchors=fold.anchors,
                at=each.hub_time,
            )
        except ExchangeError as error:
            raise _broken(each, f"the hub accepted what the rules refuse: {error}") from error
        if judgement.ruling != each.entry.ruling:
            raise _broken(each, f"expected {judgement.ruling}, it records {each.entry.ruling}")
        exchange = judgement.exchange
    assert exchange is not None  # noqa: S101 -- for the type checker: a view has a statement
    return exchange


def _check_supervised(agency: AgencyId, each: VerifiedStatement, fold: DirectoryFold) -> None:
    # A supervisor needs no approvals. Without this check a hub could leave the initial statement
    # out, pass a recipient off as a supervisor, and have it open what is held.
    if agency not in (*each.statement.supervisors, each.author.agency):
        raise Reason.ENTRY_MISMATCH.error(
            f"expected the initial statement of exchange {each.statement.exchange_id}, or "
            f"statements that name {agency} as a supervisor; entry {each.index} is neither"
        )
    _check_author(each, fold)


def _check_author(each: VerifiedStatement, fold: DirectoryFold) -> None:
    try:
        authenticate(
            each.signed, each.statement, fold.before(each.index), fold.anchors, each.hub_time
        )
    except ExchangeError as error:
        raise Reason.PEER_SIGNATURE_INVALID.error(
            f"entry {each.index}, by {each.author}: {error}"
        ) from error


def check_exchange(exchange_id: str, entries: Sequence[tuple[ProvenEntry, Entry]]) -> None:
    """Step 3: check that every entry is of the exchange that was asked for."""
    for proven, entry in entries:
        if entry.exchange_id != exchange_id:
            raise Reason.ENTRY_MISMATCH.error(
                f"expected entries of exchange {exchange_id}, "
                f"entry {proven.index} is of {entry.exchange_id or 'none'}"
            )


def _verified_statement(proven: ProvenEntry, entry: Entry) -> VerifiedStatement:
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


def _as_found(exchange: Exchange, each: VerifiedStatement) -> Exchange:
    """The exchange as a statement found it, as far as an approver can know.

    An approver does not see the recipients' statements in between. So the state of a leg, and what
    it awaits an answer to, are taken from the statement. A decision must answer the statement that
    the approver saw waiting.
    """
    if each.statement.kind.spec.decides or each.entry.ruling is None:
        return exchange
    before = {change.agency: change.before for change in each.entry.ruling.legs}
    return replace(
        exchange,
        legs=tuple(
            replace(leg, state=state, awaits=each.statement.answers or b"")
            if (state := before.get(leg.agency)) is not None
            else leg
            for leg in exchange.legs
        ),
    )


def _rests_on_unseen(statement: Statement) -> bool:
    """True if only who sees what the recipient said can judge a statement of the initiator."""
    return any(
        row.about is About.OTHERS or row.when is When.AFTER_DUE
        for row in statement.kind.spec.rows
        if row.party is Party.INITIATOR and matches(row, statement.body)
    )


def _as_recorded(exchange: Exchange, each: VerifiedStatement) -> Exchange:
    """The exchange with its legs in the states that the hub recorded after a statement."""
    changes = each.entry.ruling.legs if each.entry.ruling else ()
    after = {change.agency: change.after for change in changes}
    legs = (replace(leg, state=after.get(leg.agency, leg.state)) for leg in exchange.legs)
    return replace(exchange, legs=tuple(legs))


def check_unknown(
    promised: Mapping[str, KeptReceipt], error: NotFound, agency: AgencyId, log: LogVerifier
) -> None:
    """Step 6: refuse a hub that says an exchange is unknown, and gave a receipt on it."""
    for statement_id, receipt in promised.items():
        _verify_kept(receipt, agency, log)
        raise Reason.RECEIPT_MISMATCH.error(
            f"the hub gave a receipt for statement {statement_id} as entry "
            f"{receipt.index}, and now says of its exchange: {error.message}"
        ) from error


def check_receipts(
    promised: Mapping[str, KeptReceipt],
    verified: VerifiedExchange,
    agency: AgencyId,
    log: LogVerifier,
) -> None:
    """Step 6: refuse a hub that gave a receipt for a statement and does not show it there."""
    # An id is its author's: another agency may have said something under the same one.
    shown = {
        each.statement.id: each for each in verified.statements if each.author.agency == agency
    }
    for statement_id, receipt in promised.items():
        each = shown.get(statement_id)
        if each is None or each.index != receipt.index:
            digest = _verify_kept(receipt, agency, log)
            if (receipt.index, digest) in {(s.index, s.statement.digest) for s in shown.values()}:
                raise _not_a_receipt(receipt, "it is for another statement")
            raise Reason.RECEIPT_MISMATCH.error(
                f"the hub gave a receipt for statement {statement_id} as entry "
                f"{receipt.index}, and does not show it there"
            )


def _verify_kept(receipt: KeptReceipt, agency: AgencyId, log: LogVerifier) -> bytes:
    """Verify a receipt that was kept, before it accuses; gives the digest of its statement.

    Raises:
        InvalidInput: DOCUMENT_INVALID, if the log did not sign it: its file was changed.
    """
    proven = receipt.proven
    try:
        checkpoint = log.verify(receipt.note)
        leaf = entry_leaf_hash(proven.opening.entry, proven.opening.nonce)
        verify_inclusion(
            leaf, proven.index, checkpoint.size, proven.inclusion_proof, checkpoint.root
        )
        entry = parse_entry(proven.opening.entry)
    except ExchangeError as error:
        raise _not_a_receipt(receipt, error.message) from None
    if entry.actor.agency != agency or entry.exchange_id != receipt.exchange_id:
        raise _not_a_receipt(receipt, "it is of another agency or exchange")
    return entry.payload_digest


def _not_a_receipt(receipt: KeptReceipt, why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(
        f"the receipt kept for statement {receipt.statement_id} is damaged, or of another log, and "
        f"says nothing of the hub: {why}. Move its file away, from the folder receipts of the "
        "profile's state"
    )


def check_summary(summary: ExchangeSummary, verified: VerifiedExchange) -> None:
    """Step 7: check that an exchange is the one that a list described."""
    first = verified.initial
    if first is None:
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


def _broken(each: VerifiedStatement, why: str) -> ExchangeError:
    return Reason.RULE_BROKEN.error(f"entry {each.index}: {why}")
