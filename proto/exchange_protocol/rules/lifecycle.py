"""The lifecycle of an exchange: one leg per recipient, moved by a table.

Theory of operation. One initial statement opens an exchange, which has one leg for each recipient.
A leg moves alone: another leg of the exchange may be in any other state. A leg holds:

    state        where the leg is: one `LegState`
    awaits       the digest of the one statement that the next one must answer
    gate         the approvals that are asked for, those given, and the statements that are
                 `hidden` from the recipient until then
    due time     the time at which its answer, its task or its freeze ends
    record       what was said by whom: consents, tasks, claims, clocks

A statement moves the leg by one row of its kind (`KindSpec.rows`): the row names the party that may
say it, the states before, the state after and the other effects. `moves` finds the row; what no row
allows is refused as OUT_OF_ORDER. `legs` applies it. The picture at the end of this file has every
move.

Two moves have no row, because nobody says them on the leg: the hub gives a statement to its
recipient (`deliver`), and an invitation begins a leg (`admit`).

The gate. Where the policy asks for approvals, new content makes the leg HELD, else RELEASED. A held
leg is released by `approvals_required` distinct members who approve what the leg awaits an answer
to. A supplement passes the gate again. A release shows all that was hidden, so `routing` asks the
policy about all that went before. A held supplement can be returned but not rejected: a rejection
would end, unseen, what the recipient still works on.

The chain. Each leg awaits an answer to one statement, by its digest. So an approval is bound to
exactly what was approved, and nobody can answer a request that has changed meanwhile.

Time moves no leg: "overdue" follows from the due time and is no state.

Assumed verified: the statement's signature, and that the policy permits the author to say it on
this leg; `LegRoute` is what the policy decided. Left to the caller: storing the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.days import moment_text
from exchange_protocol.kinds.offences import offences_of
from exchange_protocol.kinds.rows import Row, When
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.calendars import TimeRules
from exchange_protocol.rules.exchange import Exchange, Leg, LegChange, LegRoute
from exchange_protocol.rules.legs import first_leg, invited_leg, leg_after
from exchange_protocol.rules.moves import allowed_row
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId

NO_TIMES = TimeRules()
"""No published times, for callers that ask about states alone."""


def open_exchange(
    statement: Statement,
    routes: Iterable[LegRoute],
    *,
    at: datetime,
    times: TimeRules = NO_TIMES,
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Open an exchange by its initial statement, along the routes that the policy decided.

    `at` is the hub's time, at which the clocks of `times` begin; for a draft, its own.

    Raises:
        InvalidInput: if statements are held back from a recipient that would approve another leg.
    """
    exchange = Exchange(
        id=statement.exchange_id,
        kind=statement.kind,
        initiator=statement.author.agency,
        header=statement.header,
        offences=offences_of(statement.body),
        legs=(),
    )
    legs = tuple(first_leg(exchange, statement, route, times, at) for route in routes)
    exchange = exchange.with_legs(legs)
    _check_approvers_are_others(exchange)
    return exchange, tuple([_change(None, leg) for leg in legs])


def admit(
    exchange: Exchange,
    statement: Statement,
    routes: Iterable[LegRoute],
    *,
    at: datetime,
    times: TimeRules = NO_TIMES,
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Open the leg of a new member of a joint case, whom the statement invites.

    An agency that declined or left before keeps its leg, which begins anew.

    Assumed verified: `joint_case.check_invitation`.

    Raises:
        InvalidInput: as `open_exchange`.
        Conflict: TIME_IS_OVER, if the content of the leg is kept no more.
    """
    legs, changes = {leg.agency: leg for leg in exchange.legs}, []
    for route in routes:
        was = legs.get(route.agency)
        leg = invited_leg(exchange, was, statement, route, times, at)
        legs[leg.agency] = leg
        changes.append(_change(was.state if was else None, leg))
    exchange = exchange.with_legs(tuple(legs.values()))
    _check_approvers_are_others(exchange)
    return exchange, tuple(changes)


def advance(
    exchange: Exchange,
    statement: Statement,
    agencies: Iterable[AgencyId],
    routes: Iterable[LegRoute] = (),
    *,
    at: datetime,
    times: TimeRules = NO_TIMES,
    partial: bool = False,
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Apply a continuing statement to the legs of `agencies`, or refuse it whole.

    Args:
        exchange: the state before it.
        statement: the statement.
        agencies: the legs on which it is said, each once, as `addressed_legs` gives them.
        routes: decided by the policy; needed for new content alone.
        at: the hub's time, by which due times are judged; for a draft, its own.
        times: the published times, whose clocks it starts and stops.
        partial: the caller sees one leg only. So two checks are left out: the approvers of other
            legs; and `answers`, where the row is one that may follow statements which are hidden
            from the caller.

    Raises:
        Conflict: OUT_OF_ORDER, STALE_ANSWER, ALREADY_DECIDED, NOT_YET_DUE, TIME_IS_OVER,
            ALREADY_CLAIMED, NOT_CLAIMED or RETURN_FIRST.
        NotPermitted: if the author has no such part in the exchange, or no such claim.
        NotFound: STATEMENT_UNKNOWN, if it names a statement that is not on the leg.
        InvalidInput: as `open_exchange`; for a due time that is not later than the leg's.
        ValueError: for an agency without a leg: `addressed_legs` names none.
    """
    if statement.kind.stage is not Stage.CONTINUING:
        raise Reason.OUT_OF_ORDER.error(f"expected a continuing statement, got {statement.kind}")
    by_agency = {route.agency: route for route in routes}
    changed: dict[AgencyId, Leg] = {}
    changes = []
    for agency in agencies:
        leg = exchange.leg(agency)
        if leg is None:
            raise ValueError(f"{agency} has no leg of exchange {exchange.id}")
        row = allowed_row(exchange, leg, statement, partial=partial)
        _check_answers(leg, row, statement, partial)
        _check_time(leg, row, statement, at)
        after = leg_after(exchange, leg, row, statement, by_agency.get(leg.agency), times, at)
        changed[leg.agency] = after
        changes.append(_change(leg.state, after))
    legs = tuple(changed.get(leg.agency, leg) for leg in exchange.legs)
    advanced = exchange.with_legs(legs)
    if statement.kind.spec.passes_gate and not partial:
        _check_approvers_are_others(advanced)
    return advanced, tuple(changes)


def deliver(exchange: Exchange, agency: AgencyId) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Record that a recipient is given a statement of its leg: RELEASED becomes DELIVERED.

    On a leg in another state, and for an agency without one, nothing changes.
    """
    leg = exchange.leg(agency)
    if leg is None or leg.state is not LegState.RELEASED:
        return exchange, ()
    after = replace(leg, state=LegState.DELIVERED)
    legs = tuple(after if one is leg else one for one in exchange.legs)
    return exchange.with_legs(legs), (_change(leg.state, after),)


# --- What a row does not say ---------------------------------------------------------------------


def _check_answers(leg: Leg, row: Row, statement: Statement, partial: bool) -> None:
    """Check that a statement answers what the leg awaits an answer to."""
    # A recipient is shown a recall even while statements before it are held back. It has no digest
    # of those, and does not know whether there are any: so it cannot check which one is answered,
    # in whatever state it knows its leg. The hub and auditors can.
    may_follow_hidden = partial and row.follows_unseen and LegState.HELD in row.before
    if statement.answers != leg.awaits and not may_follow_hidden:
        # The digest of what is held back from a recipient is not for it, and neither is why it
        # waits: it is told to wait for what it will be shown.
        is_hidden = row.party is Party.RECIPIENT and leg.awaits in leg.hidden
        awaits = "another one" if is_hidden else leg.awaits.hex()
        wait = ". If it shows nothing new, say it once it does" if is_hidden else ""
        raise Reason.STALE_ANSWER.error(
            f"expected an answer to {awaits}, the latest statement on the leg of {leg.agency}; got "
            f"one to {(statement.answers or b'').hex()}. Open the exchange again, and say it "
            f"anew{wait}",
            field="answers",
        )


def _check_time(leg: Leg, row: Row, statement: Statement, at: datetime) -> None:
    """Check, by the hub's time, that a row keeps to the due time that it waits for or ends with."""
    if row.when is None:
        return
    due = moment_text(leg.due_at, leg.due_on) if leg.due_at else "no due time"
    if row.when is When.AFTER_DUE and (leg.due_at is None or at <= leg.due_at):
        raise Reason.NOT_YET_DUE.error(
            f"{statement.kind} may be said on the leg of {leg.agency} after its due time alone; "
            f"it has {due}, and it is {at.isoformat()} at the hub"
        )
    if row.when is When.BEFORE_DUE and leg.due_at is not None and at > leg.due_at:
        raise Reason.TIME_IS_OVER.error(
            f"{statement.kind} came too late for the leg of {leg.agency}: its time ended at {due}, "
            f"and it is {at.isoformat()} at the hub"
        )


def _check_approvers_are_others(exchange: Exchange) -> None:
    """Check that no recipient of statements that are held back approves any leg.

    As approver it would read what the gate keeps from it, and two recipients could release to each
    other. The same holds where the statements were recalled before a release.
    """
    for leg in exchange.legs:
        if leg.hidden and any(leg.agency in one.approvers for one in exchange.legs):
            raise Reason.INVALID_FIELD.error(
                f"{leg.agency} cannot be a held recipient and an approver in one exchange; send it "
                "a separate request",
                field="recipients",
            )


def _change(before: LegState | None, leg: Leg) -> LegChange:
    return LegChange(leg.agency, before, leg.state, leg.approvals_required, leg.approvers)


# --- The picture --------------------------------------------------------------------------------
#
# Read a line as: from this state, to that state, when this party says one of these kinds.
# "the gate" stands for HELD or RELEASED, as the policy decides. `*` marks a kind that is said only
# as the answer to the initial kind (`KindSpec.answer`).
#
# The moves, as scripts/generate_client.py writes them from the rows: do not edit.
#
#   no leg yet   -> the gate      initiator: an initial kind, invite
#
#   HELD         -> the gate      initiator: correct
#                -> RETURNED      approver:  decision (RETURN)
#                -> REJECTED      approver:  decision (REJECT before a release)
#                -> RELEASED      approver:  decision (APPROVE)
#                -> RECALLED      initiator: recall
#
#   RETURNED     -> the gate      initiator: supplement, correct
#                -> RECALLED      initiator: recall
#
#   REJECTED     -> CLOSED        initiator: close
#
#   RELEASED     -> RETURNED      initiator: announce_correction
#                -> DELIVERED     the hub:   gives a statement to the recipient: `deliver`
#                -> ANSWERED      initiator: clearance* (NO_ANSWER after due)
#                -> RECALLED      initiator: recall
#
#   DELIVERED or ACKNOWLEDGED
#                -> RETURNED      recipient: return_for_information
#                -> RETURNED      initiator: announce_correction
#                -> ACKNOWLEDGED  recipient: interim_reply, partial_reply, extend_deadline,
#                                            give_notice
#                -> ANSWERED      recipient: reply*, analysis_product*,
#                                            freeze_status* (NOT_IMPOSED), asset_findings*,
#                                            clearance* (CLEARED), answer_test*,
#                                            certificate_answer*
#                -> ANSWERED      initiator: clearance* (NO_ANSWER after due)
#                -> REFUSED       recipient: refuse, clearance* (OBJECTION), decline
#                -> RECALLED      initiator: recall
#                -> FROZEN        recipient: freeze_status* (IMPOSED, PARTLY_IMPOSED)
#                -> JOINED        recipient: join*
#
#   DELIVERED    -> ACKNOWLEDGED  recipient: acknowledge
#
#   ANSWERED     -> CLOSED        initiator: close
#
#   REFUSED      -> the gate      initiator: invite
#                -> CLOSED        initiator: close
#
#   RECALLED     -> CLOSED        initiator: close
#
#   CLOSED       -> ERASED        initiator: erase_notice
#
#   FROZEN       -> ANSWERED      recipient: freeze_status* (CONVERTED, LIFTED, EXPIRED after due)
#                -> ANSWERED      initiator: freeze_status* (EXPIRED after due)
#                -> FROZEN        recipient: freeze_status* (EXTENDED before due)
#
#   JOINED       -> CLOSED        initiator: close
#                -> LEFT          recipient: leave
#
#   LEFT         -> the gate      initiator: invite
#                -> CLOSED        initiator: close
#
# Said without a move:
#
#   approver:                claim - HELD
#   initiator:               feedback - ANSWERED
#   initiator:               ask_to_lift - FROZEN
#   initiator:               task, draft_analysis - JOINED
#   initiator:               remind - RELEASED, DELIVERED, ACKNOWLEDGED, JOINED
#   initiator or recipient:  consent_request, consent_decision - DELIVERED, ACKNOWLEDGED, ANSWERED,
#                            CLOSED, FROZEN, JOINED, LEFT
#   initiator or recipient:  involve_supervisor - DELIVERED, ACKNOWLEDGED, ANSWERED, FROZEN
#   initiator or recipient:  contribute - JOINED
#   recipient:               erase_answer - ANSWERED, CLOSED, LEFT
#   recipient:               correct - DELIVERED, ACKNOWLEDGED, ANSWERED, CLOSED
#   recipient:               correct - FROZEN
#   recipient:               complete_task, member_consent_request - JOINED
#   recipient:               confirm_recall - RECALLED
#   supervisor:              supervisor_comment - any state
#
# End of the moves.
