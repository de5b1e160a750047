"""Verify what a hub shows of an exchange (design, section 8).

 1. The checkpoint is signed by the pinned log key and extends the one held (`Core.ask`).
 2. Every entry is in the tree of that checkpoint, in log order, with the statement that it names.
 3. Every entry is of the exchange that was asked for.
 4. The directory is as new as the newest entry counts; a hub that hides some of it is caught.
 5. Statements are judged anew with the hub's own rules, against the directory at their place:
    - initiator: the whole exchange is replayed;
    - recipient: replayed as far as its leg goes, with policy, gate and approvals: what was released
      without enough coordinators' own signatures over that very payload breaks a rule, and what
      is shown while it is held lacks its approvals;
    - approver: it does not see what the recipients say, so each statement that it sees is judged on
      the leg as that statement found it; decisions must answer the statement that waits;
    - supervisor: it sees single statements; each must name it as one, and author, certificate and
      signature are verified.
 6. Everything that the agency itself said, and for which it held a receipt when it asked, is shown,
    at its index.
 7. The hub's summary, and the list from which the exchange was picked, describe its opening.

Left to the caller: unsealing (`reading`). What a hub hides entirely, witnesses and auditors see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from agency_client.core.calls import Operation
from agency_client.core.core import Core, call
from agency_client.core.summaries import parse_summary
from agency_client.core.views import ExchangeSummary, VerifiedExchange, VerifiedStatement
from agency_client.state.checkpoints import Head
from exchange_protocol.errors import ExchangeError, NotFound, Reason
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.fields import parse_uuid
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import Entry, Event, verify_time_of
from exchange_protocol.record.receipts import (
    ProvenEntry,
    parse_proven_entry,
    verify_proven_entries,
)
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.judgement import authenticate, judge
from exchange_protocol.rules.lifecycle import Exchange
from exchange_protocol.rules.statements import parse_statement
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import exchange_service_pb2 as pb

_Entries = list[tuple[ProvenEntry, Entry]]


class HasId(Protocol):
    """Anything that stands for an exchange: a summary, a verified or an opened one."""

    @property
    def id(self) -> str:
        """The id of the exchange."""


class Verifying(Core):
    """Fetches an exchange and believes nothing of it that is not proven."""

    def get(self, exchange: str | HasId) -> Operation[VerifiedExchange]:
        """Fetch an exchange and verify all that the hub shows of it; nothing is unsealed.

        Raises:
            HubDishonest: if the hub broke a rule, or shows what does not verify.
            SignatureInvalid: if a statement's author or signature is not good.
            NotFound: EXCHANGE_UNKNOWN.
        """
        exchange_id = parse_uuid(id_of(exchange), "exchange_id")
        # Before it is asked: what another process of this agency says meanwhile, the answer lacks.
        promised = self.ports.outbox.receipts(exchange_id)
        try:
            answer, head = yield from self.ask(
                "ExchangeService/GetExchange",
                lambda size: pb.GetExchangeRequest(exchange_id=exchange_id, known_tree_size=size),
                pb.GetExchangeResponse,
                lambda answer: answer.tree_head,
            )
        except NotFound as error:
            _check_unknown(promised, error)
            raise
        entries = yield from self._pages(exchange_id, answer, head.checkpoint)
        yield from self._check_entries(exchange_id, entries)
        verified = self._judged(exchange_id, entries, answer.summary, head)
        _check_receipts(promised, verified)
        _check_summary(verified.summary, verified)
        if isinstance(exchange, ExchangeSummary):
            _check_summary(exchange, verified)
        return verified

    def _pages(
        self, exchange_id: str, page: pb.GetExchangeResponse, checkpoint: Checkpoint
    ) -> Operation[_Entries]:
        """Verify the first page, fetch and verify those after it, all against one checkpoint."""
        entries: _Entries = []
        while True:
            start = entries[-1][0].index + 1 if entries else 0
            proven = [parse_proven_entry(each) for each in page.entries]
            end = proven[-1].index + 1 if proven else 0
            # Every page has something new, so there is an end to them.
            if (proven and proven[0].index < start) or page.next_index not in (0, end):
                raise Reason.ENTRY_MISMATCH.error(
                    f"expected a page of entries from {start} on, and the next after it; got the "
                    f"entries {[each.index for each in proven]}, the next from {page.next_index} on"
                )
            verified = verify_proven_entries(proven, checkpoint)
            _check_exchange(exchange_id, verified)
            entries += verified
            if not page.next_index:
                return entries
            page = yield from call(
                "ExchangeService/GetExchange",
                pb.GetExchangeRequest(
                    exchange_id=exchange_id, start_index=page.next_index, tree_size=checkpoint.size
                ),
                pb.GetExchangeResponse,
            )

    def _check_entries(self, exchange_id: str, entries: _Entries) -> Operation[None]:
        if not entries:
            raise Reason.ENTRY_MISMATCH.error(f"the hub shows no entry of exchange {exchange_id}")
        yield from self.know_directory(max(entry.directory_size for _, entry in entries))

    def _judged(
        self, exchange_id: str, entries: _Entries, summary: pb.ExchangeSummary, head: Head
    ) -> VerifiedExchange:
        fold = self.ports.directory.fold
        party, state, statements = judge_view(self.agency, exchange_id, entries, fold)
        return VerifiedExchange(
            id=exchange_id,
            party=party,
            exchange=state,
            statements=statements,
            deliveries=tuple(entry for _, entry in entries if entry.event is Event.DELIVERY),
            entries=tuple(proven for proven, _ in entries),
            checkpoint=head.checkpoint,
            note=head.note,
            summary=parse_summary(summary),
        )


def judge_view(
    agency: AgencyId,
    exchange_id: str,
    entries: Sequence[tuple[ProvenEntry, Entry]],
    fold: DirectoryFold,
) -> tuple[Party, Exchange | None, tuple[VerifiedStatement, ...]]:
    """Step 5: judge what an agency is shown of an exchange, as far as its view goes.

    Assumed verified: steps 1 to 4; `fold` holds the directory up to the last entry.

    Raises:
        HubDishonest, SignatureInvalid: as `get` does.
    """
    statements = tuple(
        _verified_statement(proven, entry)
        for proven, entry in entries
        if entry.event is Event.STATEMENT
    )
    party = _party_of(agency, exchange_id, statements)
    state: Exchange | None = None
    match party:
        case Party.INITIATOR:
            state = _replayed(exchange_id, entries, Replay(fold))
        case Party.RECIPIENT:
            state = _replayed(exchange_id, entries, Replay(fold, view=agency))
            _check_released(agency, state, statements)
        case Party.APPROVER:
            state = _approvers_view(statements, fold)
        case Party.SUPERVISOR:
            for each in statements:
                _check_supervised(agency, each, fold)
    return party, state, statements


def _party_of(agency: AgencyId, exchange_id: str, statements: Sequence[VerifiedStatement]) -> Party:
    first = statements[0].statement if statements else None
    if first is None or first.id != exchange_id:
        return Party.SUPERVISOR
    if first.author.agency == agency:
        return Party.INITIATOR
    if agency in first.recipients:
        return Party.RECIPIENT
    recorded = (each.entry.ruling for each in statements)
    if any(agency in leg.approvers for ruling in recorded if ruling for leg in ruling.legs):
        return Party.APPROVER
    return Party.SUPERVISOR


def _check_released(
    agency: AgencyId, state: Exchange, statements: Sequence[VerifiedStatement]
) -> None:
    """Refuse what is recorded as held, and shown to its recipient all the same."""
    leg = state.leg(agency)
    for each in statements:
        if leg is not None and each.statement.digest in leg.hidden:
            raise Reason.APPROVAL_MISSING.error(
                f"entry {each.index} waits for {leg.approvals_required} approval(s) by "
                f"{' or '.join(leg.approvers)}, and {len(leg.approvals)} are given: "
                "it must not be read"
            )


def _replayed(
    exchange_id: str, entries: Sequence[tuple[ProvenEntry, Entry]], replay: Replay
) -> Exchange:
    for proven, _ in entries:
        replay.apply(proven.index, proven.opening)
    return replay.exchanges[exchange_id]


def _approvers_view(statements: Sequence[VerifiedStatement], fold: DirectoryFold) -> Exchange:
    exchange: Exchange | None = None
    for each in statements:
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
    if exchange is None:
        raise Reason.ENTRY_MISMATCH.error("the hub shows no statement of the exchange")
    return exchange


def _check_supervised(agency: AgencyId, each: VerifiedStatement, fold: DirectoryFold) -> None:
    # Without this, a hub that leaves the initial statement out could pass a recipient off as a
    # supervisor, who needs no approvals, and have it open what is held.
    if agency not in (*each.statement.supervisors, each.author.agency):
        raise Reason.ENTRY_MISMATCH.error(
            f"expected the initial statement of exchange {each.statement.exchange_id}, or "
            f"statements that name {agency} as a supervisor; entry {each.index} is neither"
        )
    try:
        authenticate(
            each.signed, each.statement, fold.before(each.index), fold.anchors, each.hub_time
        )
    except ExchangeError as error:
        raise Reason.PEER_SIGNATURE_INVALID.error(
            f"entry {each.index}, by {each.author}: {error}"
        ) from error


def _check_exchange(exchange_id: str, entries: _Entries) -> None:
    for proven, entry in entries:
        if entry.exchange_id != exchange_id:
            raise Reason.ENTRY_MISMATCH.error(
                f"expected entries of exchange {exchange_id}, "
                f"entry {proven.index} is of {entry.exchange_id or 'none'}"
            )


def id_of(exchange: object) -> str:
    """The id of an exchange, given as text or as anything that has one; raises INVALID_FIELD."""
    found = exchange if isinstance(exchange, str) else getattr(exchange, "id", None)
    if not isinstance(found, str):
        raise Reason.INVALID_FIELD.error(
            f"expected an exchange or its id, got {type(exchange).__name__}", field="exchange"
        )
    return found


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

    What recipients said in between, an approver does not see: state and subject of a leg are those
    that the statement names. Not so for a decision: it must answer what the approver saw waiting.
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


def _check_unknown(promised: Mapping[str, pb.Receipt], error: NotFound) -> None:
    """What the hub gave a receipt for, it cannot say that it never heard of."""
    for statement_id, receipt in promised.items():
        raise Reason.RECEIPT_MISMATCH.error(
            f"the hub gave a receipt for statement {statement_id} as entry "
            f"{receipt.entry.index}, and now says of its exchange: {error.message}"
        ) from error


def _check_receipts(promised: Mapping[str, pb.Receipt], verified: VerifiedExchange) -> None:
    """A statement that the hub acknowledged and does not show was dropped, or never kept."""
    shown = {each.statement.id: each for each in verified.statements}
    for statement_id, receipt in promised.items():
        each = shown.get(statement_id)
        if each is None or each.index != receipt.entry.index:
            raise Reason.RECEIPT_MISMATCH.error(
                f"the hub gave a receipt for statement {statement_id} as entry "
                f"{receipt.entry.index}, and does not show it there"
            )


def _check_summary(summary: ExchangeSummary, verified: VerifiedExchange) -> None:
    """Who picked an exchange from a list must get the one that the list described."""
    opening = verified.opening
    if opening is None:
        return
    said = opening.statement
    header = said.header
    listed = (summary.id, summary.kind, summary.initiator, summary.urgency, summary.handling)
    logged = (verified.id, said.kind, said.author.agency, header.urgency, header.handling)
    if (*listed, summary.due_at) != (*logged, header.due_at):
        raise Reason.ENTRY_MISMATCH.error(
            f"the hub lists {summary.kind} {summary.id} of {summary.initiator} "
            f"({summary.urgency.name}, {summary.handling.name}, due {summary.due_at}); entry "
            f"{opening.index} is {said.kind} {verified.id} of {said.author.agency} "
            f"({header.urgency.name}, {header.handling.name}, due {header.due_at})"
        )


def _broken(each: VerifiedStatement, why: str) -> ExchangeError:
    return Reason.RULE_BROKEN.error(f"entry {each.index}: {why}")
