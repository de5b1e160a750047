"""Making legs: the leg that a statement opens, and the leg after a statement by a row.

`lifecycle` chooses the row and refuses what no row allows. Here the row is applied: state, gate,
due time, record and clocks of the leg follow from it.

A leg has no statement of its own. So each function takes the leg before, what was said and the
route that the policy decided, and gives the leg after.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.days import moment_text
from exchange_protocol.kinds.rows import About, Due, Row
from exchange_protocol.rules.calendars import TimeRules
from exchange_protocol.rules.clocks import LegTimes, Turn, times_after
from exchange_protocol.rules.exchange import Exchange, Leg, LegRoute
from exchange_protocol.rules.leg_record import LegRecord, ShownLeg
from exchange_protocol.rules.recording import record_after
from exchange_protocol.rules.statements import Header, Statement
from exchange_protocol.trust.identity import parse_member

# --- A leg that begins --------------------------------------------------------------------------


def first_leg(
    exchange: Exchange, statement: Statement, route: LegRoute, rules: TimeRules, at: datetime
) -> Leg:
    """The leg of an exchange that its initial statement opens, made once with its clocks."""
    due_at = statement.header.due_at
    turn = _turn(exchange, route, _state_at_gate(route), due_at, due_at is not None)
    times, due_at = times_after(None, None, turn, rules, at)
    return _new_leg(statement, route, due_at, times)


def invited_leg(
    exchange: Exchange,
    was: Leg | None,
    statement: Statement,
    route: LegRoute,
    rules: TimeRules,
    at: datetime,
) -> Leg:
    """The leg of an agency that is invited to a joint case; `was` is its leg of before, if any.

    Raises:
        Conflict: TIME_IS_OVER, if the content of the leg of before is kept no more.
    """
    due_at = statement.header.due_at
    leg = _new_leg(statement, route, due_at)
    if was is not None:
        _check_kept(was, at, f"open another joint case with {was.agency}")
        leg = _invited_again(was, leg)
    after = _with_times(exchange, None, leg, None, due_at is not None, rules, at)
    return after if was is None else _with_shown(after, _shown_before(was))


def _new_leg(
    statement: Statement, route: LegRoute, due_at: datetime | None, times: LegTimes | None = None
) -> Leg:
    state = _state_at_gate(route)
    held = state is LegState.HELD
    return Leg(
        agency=route.agency,
        state=state,
        awaits=statement.digest,
        handling=statement.header.handling,
        tlp=statement.header.tlp,
        subject_count=statement.header.subject_count,
        was_released=not held,
        approvals_required=route.approvals_required,
        approvers=route.approvers,
        due_at=due_at,
        due_on=_day_of(due_at, statement.header),
        hidden=(statement.digest,) if held else (),
        record=LegRecord(
            from_initiator=(statement.digest,),
            supervisors=statement.supervisors,
            strictest_handling=statement.header.handling,
            strictest_tlp=statement.header.tlp,
            times=times,
        ),
    )


def _state_at_gate(route: LegRoute) -> LegState:
    return LegState.HELD if route.approvals_required > 0 else LegState.RELEASED


def _invited_again(was: Leg, leg: Leg) -> Leg:
    """The leg of an agency that declined or left and is invited again: what was said on it stays.

    Its open tasks lapsed when it left.
    """
    before, new = was.record, leg.record
    return replace(
        leg,
        handling=max(was.handling, leg.handling),
        tlp=max(was.tlp, leg.tlp),
        subject_count=was.subject_count + leg.subject_count,
        was_released=was.was_released or leg.was_released,
        hidden=(*was.hidden, *leg.hidden),
        record=replace(
            before,
            from_initiator=(*before.from_initiator, *new.from_initiator),
            supervisors=tuple(dict.fromkeys((*before.supervisors, *new.supervisors))),
            strictest_handling=max(before.strictest_handling, new.strictest_handling),
            strictest_tlp=max(before.strictest_tlp, new.strictest_tlp),
            tasks=tuple(replace(each, is_open=False) for each in before.tasks),
        ),
    )


def _check_kept(leg: Leg, at: datetime, instead: str) -> None:
    """Check that the content of a leg is kept: what is forgotten must not count as kept again."""
    until = leg.record.times.kept_until if leg.record.times else None
    if until is not None and until <= at:
        raise Reason.TIME_IS_OVER.error(
            f"the content of the leg of {leg.agency} was kept until {until.isoformat()}, and it is "
            f"{at.isoformat()} at the hub: {instead}"
        )


# --- A leg that moves ---------------------------------------------------------------------------


def leg_after(
    exchange: Exchange,
    leg: Leg,
    row: Row,
    statement: Statement,
    route: LegRoute | None,
    rules: TimeRules,
    at: datetime,
) -> Leg:
    """The leg after a statement by a row, at the hub's time; `route` is needed for new content."""
    if row.about is About.OWN and leg.state is LegState.CLOSED:
        _check_kept(leg, at, f"send {exchange.initiator} a referral")
    after = _step(exchange, leg, row, statement, route)
    record = record_after(leg, row, statement, after.state, at)
    if exchange.kind.spec.is_case and row.party is Party.APPROVER:
        # A member of a case is shown all that was said in it (`joint_case.said_in`), the decisions
        # at the gate included: without these it could not tell who else is a member.
        record = replace(record, from_approvers=(*record.from_approvers, statement.digest))
    after = replace(after, record=record)
    names_due = row.sets_due is not None or (
        row.adds_content and statement.header.due_at is not None
    )
    if after.state is LegState.JOINED:
        # A member owes its tasks and no answer. Its leg is due when the next of them is, and no
        # published time may stand in for that.
        task = record.next_task
        due_at, due_on = (task.due_at, task.due_on) if task else (None, None)
        after, names_due = replace(after, due_at=due_at, due_on=due_on), True
    after = _with_times(exchange, leg, after, row, names_due, rules, at)
    if not leg.was_released or statement.digest in after.hidden:
        return _with_shown(after, _shown_before(leg))
    return _with_shown(after, _shown_after(exchange, leg, row, names_due, rules, at))


def _step(
    exchange: Exchange, leg: Leg, row: Row, statement: Statement, route: LegRoute | None
) -> Leg:
    """The leg after a row."""
    if row.approves:
        return _approve(leg, row, statement)
    if row.adds_content:
        return _add_content(leg, statement, route)
    awaits = exchange.initial_digest if row.awaits_initial else leg.awaits
    due_at, due_on = _due(leg, row, statement) if row.sets_due else (leg.due_at, leg.due_on)
    brings = statement.kind.spec.to_members and leg.agency != statement.author.agency
    return replace(
        leg,
        state=leg.state if row.after is None else row.after,
        awaits=statement.digest if row.becomes_awaited else awaits,
        subject_count=leg.subject_count + (statement.header.subject_count if brings else 0),
        due_at=due_at,
        due_on=due_on,
        hidden=_hidden_after(leg, row, statement.digest),
    )


def _hidden_after(leg: Leg, row: Row, digest: bytes) -> tuple[bytes, ...]:
    """Statements hidden from the recipient after one that brings no new content."""
    if not leg.hidden or (row.shown_while_hidden and leg.was_released):
        return leg.hidden
    if row.party is Party.RECIPIENT:
        return leg.hidden  # It said that itself.
    return (*leg.hidden, digest)


def _approve(leg: Leg, row: Row, statement: Statement) -> Leg:
    author = statement.author
    approved = [parse_member(uri) for uri in leg.approvals]
    # One person in two roles is one pair of eyes.
    if any((each.agency, each.name) == (author.agency, author.name) for each in approved):
        raise Reason.ALREADY_DECIDED.error(
            f"expected an approval by another person, got a second one by {author}"
        )
    if leg.approvals_required > 1 and author.name is None:
        # The holder of the unnamed certificate may be one of those who hold a named one.
        raise Reason.ROLE_NOT_PERMITTED.error(
            "expected an approval by a named coordinator where more than one is required, "
            f"got one by {author}"
        )
    approvals = (*leg.approvals, author.uri)
    if len(approvals) < leg.approvals_required:
        return replace(leg, approvals=approvals, hidden=(*leg.hidden, statement.digest))
    after = leg.state if row.after is None else row.after
    return replace(leg, state=after, was_released=True, approvals=approvals, hidden=())


def _add_content(leg: Leg, statement: Statement, route: LegRoute | None) -> Leg:
    """New content passes the gate anew, or an approval would cover what came after it."""
    if route is None:
        raise ValueError(f"no route for the leg of {leg.agency}")
    new = _new_leg(statement, route, statement.header.due_at)
    return replace(
        new,
        record=leg.record,
        handling=max(leg.handling, new.handling),
        tlp=max(leg.tlp, new.tlp),
        subject_count=leg.subject_count + new.subject_count,
        was_released=leg.was_released or new.was_released,
        due_at=new.due_at or leg.due_at,
        due_on=new.due_on if new.due_at else leg.due_on,
        hidden=(*leg.hidden, *new.hidden) if new.hidden else (),
    )


def _due(leg: Leg, row: Row, statement: Statement) -> tuple[datetime, date | None]:
    """The due time that a statement sets: later than itself, and than the leg's if it extends.

    With the day whose end it is, where its author gave a day.
    """
    due_at, due_on = statement.header.due_at, statement.header.due_on
    least, day = statement.made_at, None
    if row.sets_due is Due.LATER and leg.due_at is not None and leg.due_at > least:
        least, day = leg.due_at, leg.due_on
    if due_at is None or due_at <= least:
        raise Reason.DUE_TIME_NOT_LATER.error(
            f"expected a due time after {moment_text(least, day)}, "
            f"got {moment_text(due_at, due_on) if due_at else 'none'}",
            field="due_at",
        )
    return due_at, due_on


# --- What its recipient knows of it -----------------------------------------------------------


def _with_shown(leg: Leg, shown: ShownLeg | None) -> Leg:
    """The leg with what its recipient knows of it, where something is hidden from it."""
    kept = shown if leg.hidden else None
    if leg.record.shown == kept:
        return leg
    return replace(leg, record=replace(leg.record, shown=kept))


def _shown_before(leg: Leg) -> ShownLeg | None:
    """The leg that a recipient goes on to know, where the next statement is hidden from it."""
    if leg.hidden or not leg.was_released:
        return leg.record.shown
    return ShownLeg(
        state=leg.state,
        approvals_required=leg.approvals_required,
        approvals_given=len(leg.approvals),
        due_at=leg.due_at,
        due_on=leg.due_on,
        times=leg.record.times,
    )


def _shown_after(
    exchange: Exchange, leg: Leg, row: Row, names_due: bool, rules: TimeRules, at: datetime
) -> ShownLeg | None:
    """The leg that a recipient knows after a statement that it sees, such as a recall."""
    shown = leg.record.shown
    if shown is None:
        return None
    before = replace(
        leg,
        state=shown.state,
        due_at=shown.due_at,
        due_on=shown.due_on,
        record=replace(leg.record, times=shown.times),
    )
    moved = replace(before, state=before.state if row.after is None else row.after)
    after = _with_times(exchange, before, moved, row, names_due, rules, at)
    return replace(
        shown,
        state=after.state,
        due_at=after.due_at,
        due_on=after.due_on,
        times=after.record.times,
    )


# --- Its clocks ---------------------------------------------------------------------------------


def _with_times(
    exchange: Exchange,
    before: Leg | None,
    leg: Leg,
    row: Row | None,
    names_due: bool,
    rules: TimeRules,
    at: datetime,
) -> Leg:
    """The leg with its clocks after a statement."""
    turn = _turn(exchange, leg, leg.state, leg.due_at, names_due, row)
    known, state = (before.record.times, before.state) if before else (None, None)
    times, due_at = times_after(known, state, turn, rules, at)
    return replace(
        leg,
        due_at=due_at,
        due_on=_day_of(due_at, leg),
        record=replace(leg.record, times=times),
    )


def _turn(
    exchange: Exchange,
    end: Leg | LegRoute,
    state: LegState,
    due_at: datetime | None,
    names_due: bool,
    row: Row | None = None,
) -> Turn:
    """The facts that the clocks of a leg depend on; `row` is None for a leg that begins."""
    return Turn(
        state=state,
        due_at=due_at,
        names_due=names_due,
        is_anew=row is not None and (row.adds_content or row.limited_by is not None),
        meets=row.meets if row else None,
        awaits_judge=row is not None and row.awaits_judge,
        recipient=end.agency,
        initiator=exchange.initiator,
        approvers=end.approvers,
        urgency=exchange.header.urgency,
        is_counted=exchange.kind.spec.is_counted,
    )


def _day_of(due_at: datetime | None, said: Leg | Header) -> date | None:
    """The day of a leg's due time; none where a published time took the place of its own."""
    return said.due_on if due_at == said.due_at else None
