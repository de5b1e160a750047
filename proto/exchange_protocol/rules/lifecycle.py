"""The lifecycle of an exchange: one leg per recipient, moved by a table.

Theory of operation. One initial statement opens an exchange, which has one leg for each recipient.
A leg is in one `LegState`. Each kind's rows (`KindSpec.rows`) say which party may say it, in which
states, and which state follows. A statement that no row allows is refused: OUT_OF_ORDER. Two moves
have no row: `deliver`, which the hub makes, and `admit` of a member that is invited again. Time
moves no leg: "overdue" follows from a leg's due time and is no state. Some rows apply only before
or only after that time (`Row.when`), by the clock of the hub. The usual ways:

    HELD -> RELEASED -> DELIVERED -> ACKNOWLEDGED -> ANSWERED | REFUSED -> CLOSED
    HELD -> RETURNED -> HELD (supplemented)          HELD -> REJECTED -> CLOSED
    DELIVERED | ACKNOWLEDGED -> RETURNED (the recipient asks) -> HELD or RELEASED (supplemented)
    any state before the answer -> RECALLED -> CLOSED        CLOSED -> ERASED
    DELIVERED | ACKNOWLEDGED -> FROZEN (a freeze stands) -> ANSWERED
    DELIVERED | ACKNOWLEDGED -> JOINED (a member of a joint case) -> LEFT -> CLOSED

`docs/lifecycle.md` shows all ways as a diagram and says what each kind is for.

Each leg awaits an answer to one statement, by its digest. So the statements of a leg form a hash
chain, an approval is bound to exactly what was approved, and nobody can answer a request that has
changed meanwhile (STALE_ANSWER).

A gated leg is HELD until `approvals_required` distinct members have approved what it awaits an
answer to. Until then its statements are `hidden` from the recipient. New content (a supplement)
passes the gate again. Its handling, TLP and number of subjects are counted together with all that
went before it on the leg: a release shows all that was hidden, so the gate must be that of the
whole.

An agency may not approve another leg of an exchange while statements on its own leg are held back
(also where they were recalled before a release). As approver it would read what it may not read as
recipient, and two recipients could release to each other.

Once something on a leg was released, its recipient must learn how the leg ends: a recall is shown
to it even while a supplement is held, and a held supplement can be returned but not rejected (a
rejection would end, unseen, what the recipient still works on).

Assumed verified: the statement's signature, and that the policy permits the author to say it on
this leg; `LegRoute` is what the policy decided. Left to the caller: storing the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.days import moment_text
from exchange_protocol.kinds.offences import offences_of
from exchange_protocol.kinds.spec import Body, Due, Row, Stage, When, matches
from exchange_protocol.rules.calendars import TimeRules
from exchange_protocol.rules.clocks import LegTimes, Turn, times_after
from exchange_protocol.rules.exchange import Exchange, Leg, LegChange, LegRoute
from exchange_protocol.rules.joint_case import addressed_members
from exchange_protocol.rules.leg_record import LegRecord
from exchange_protocol.rules.recording import record_after
from exchange_protocol.rules.statements import Draft, Header, Statement
from exchange_protocol.trust.identity import AgencyId, parse_member

NO_TIMES = TimeRules()
"""For callers that ask about states alone."""


def open_exchange(
    statement: Statement,
    routes: Iterable[LegRoute],
    *,
    at: datetime | None = None,
    times: TimeRules = NO_TIMES,
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Open an exchange by its initial statement, along the routes that the policy decided.

    `at` is the hub's time, at which the clocks of `times` begin; the statement's own time stands in
    for it.

    Raises:
        InvalidInput: if statements are held back from a recipient that would approve another leg.
    """
    now = at or statement.made_at
    exchange = Exchange(
        id=statement.exchange_id,
        kind=statement.kind,
        initiator=statement.author.agency,
        header=statement.header,
        offences=offences_of(statement.body),
        legs=tuple(_first_leg(statement, route, times, now) for route in routes),
    )
    _check_approvers_are_others(exchange)
    return exchange, tuple(_change(None, leg) for leg in exchange.legs)


def admit(
    exchange: Exchange,
    statement: Statement,
    routes: Iterable[LegRoute],
    *,
    at: datetime | None = None,
    times: TimeRules = NO_TIMES,
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Open the leg of a new member of a joint case, whom the statement invites.

    An agency that declined or left before keeps its leg, which begins anew.

    Assumed verified: `joint_case.check_invitation`.

    Raises:
        InvalidInput: as `open_exchange`.
        Conflict: TIME_IS_OVER, if the content of the leg is kept no more.
    """
    now, names_due = at or statement.made_at, statement.header.due_at is not None
    legs, changes = {leg.agency: leg for leg in exchange.legs}, []
    for route in routes:
        was, leg = legs.get(route.agency), _new_leg(statement, route, statement.header.due_at)
        if was is not None:
            _check_kept(was, now)
            leg = _invited_again(was, leg)
        leg = _with_times(exchange, None, leg, None, names_due, times, now)
        legs[leg.agency] = leg
        changes.append(_change(was.state if was else None, leg))
    exchange = replace(exchange, legs=tuple(legs.values()))
    _check_approvers_are_others(exchange)
    return exchange, tuple(changes)


def addressed_legs(
    exchange: Exchange, statement: Draft, view: AgencyId | None = None
) -> tuple[Leg, ...]:
    """The legs that a continuing statement speaks on; with `view`, out of that agency's own.

    A recipient speaks on its own leg and addresses the initiator alone, or also the members of a
    joint case whose request for consent it answers. Everyone else names the legs as recipients.
    A statement to all members of a joint case speaks on the legs of all.

    Raises:
        NotPermitted: NOT_A_PARTY, if a named agency has no leg.
        InvalidInput: if the addressees do not fit the author's part.
    """
    if statement.kind.spec.to_members:
        return addressed_members(exchange, statement)
    author = statement.author.agency
    own = exchange.leg(author)
    if own is not None and author != exchange.initiator and not statement.kind.spec.decides:
        expected = (exchange.initiator, *own.record.askers(statement.body))
        if statement.recipients != expected:
            raise Reason.INVALID_FIELD.error(
                f"expected the recipients {', '.join(expected)}, got {list(statement.recipients)}",
                field="recipients",
            )
        return (own,)
    if not statement.recipients:
        raise Reason.MISSING_FIELD.error(
            "expected the legs' agencies, got none", field="recipients"
        )
    legs = []
    for agency in statement.recipients:
        if view not in (None, agency):
            continue
        leg = exchange.leg(agency)
        if leg is None:
            raise Reason.NOT_A_PARTY.error(
                f"expected agencies with a leg of exchange {exchange.id}, got {agency}",
                field="recipients",
            )
        legs.append(leg)
    return tuple(legs)


def party_on(exchange: Exchange, leg: Leg, statement: Draft) -> Party:
    """The part that the statement's author has on a leg.

    Raises:
        NotPermitted: OWN_REQUEST for a decision on a request of one's own agency; NOT_A_PARTY for
            an agency that is neither initiator, recipient nor approver.
    """
    author = statement.author.agency
    if statement.kind.spec.decides:
        if author == exchange.initiator:
            raise Reason.OWN_REQUEST.error(
                f"expected a decision by another agency than the initiator {author}"
            )
        if author in leg.approvers:
            return Party.APPROVER
    elif author == exchange.initiator:
        return Party.INITIATOR
    elif author == leg.agency or (statement.kind.spec.to_members and exchange.leg(author)):
        return Party.RECIPIENT
    raise Reason.NOT_A_PARTY.error(
        f"expected an agency entitled to say {statement.kind} on the leg of {leg.agency}, "
        f"got {author}"
    )


def advance(
    exchange: Exchange,
    statement: Statement,
    agencies: Iterable[AgencyId],
    routes: Iterable[LegRoute] = (),
    *,
    at: datetime | None = None,
    times: TimeRules = NO_TIMES,
    partial: bool = False,
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Apply a continuing statement to the legs of `agencies`, or refuse it whole.

    `agencies` are those of `addressed_legs`; `routes` is needed for new content alone. `at` is the
    hub's time, by which due times are judged; by default the statement's own time. `times` are the
    published times, whose clocks it starts and stops.
    `partial`: the caller sees one leg only. It may lack the statement before; `answers` is then not
    checked.

    Raises:
        Conflict: OUT_OF_ORDER, STALE_ANSWER, ALREADY_DECIDED, NOT_YET_DUE, TIME_IS_OVER,
            ALREADY_CLAIMED, NOT_CLAIMED or RETURN_FIRST.
        NotPermitted: if the author has no such part in the exchange, or no such claim.
        NotFound: STATEMENT_UNKNOWN, if it names a statement that is not on the leg.
        InvalidInput: as `open_exchange`; for a due time that is not later than the leg's.
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
        row = _row(exchange, leg, statement)
        follows_hidden = partial and row.follows_unseen and LegState.HELD in row.before
        if statement.answers != leg.awaits and not follows_hidden:
            raise Reason.STALE_ANSWER.error(
                f"expected an answer to {leg.awaits.hex()}, the latest statement on the leg of "
                f"{leg.agency}; got one to {(statement.answers or b'').hex()}",
                field="answers",
            )
        now = at or statement.made_at
        _check_time(leg, row, statement, now)
        after = _step(exchange, leg, row, statement, by_agency.get(leg.agency))
        record = record_after(leg, row, statement, after.state, now)
        if exchange.kind.spec.is_case and row.party is Party.APPROVER:
            record = replace(record, from_approvers=(*record.from_approvers, statement.digest))
        after = replace(after, record=record)
        names_due = row.sets_due is not None or (
            row.adds_content and statement.header.due_at is not None
        )
        if after.state is LegState.JOINED:
            task = record.next_task
            due_at, due_on = (task.due_at, task.due_on) if task else (None, None)
            after, names_due = replace(after, due_at=due_at, due_on=due_on), True
        after = _with_times(exchange, leg, after, row, names_due, times, now)
        changed[leg.agency] = after
        changes.append(_change(leg.state, after))
    legs = tuple(changed.get(leg.agency, leg) for leg in exchange.legs)
    advanced = replace(exchange, legs=legs)
    if statement.kind.spec.passes_gate and not partial:
        _check_approvers_are_others(advanced)
    return advanced, tuple(changes)


def deliver(exchange: Exchange, agency: AgencyId) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Record that a recipient is given a statement of its leg: RELEASED becomes DELIVERED."""
    leg = exchange.leg(agency)
    if leg is None or leg.state is not LegState.RELEASED:
        return exchange, ()
    after = replace(leg, state=LegState.DELIVERED)
    legs = tuple(after if one is leg else one for one in exchange.legs)
    return replace(exchange, legs=legs), (_change(leg.state, after),)


def row_for(exchange: Exchange, leg: Leg, body: Body, party: Party) -> Row | None:
    """The row by which a party may say a body on a leg now; None if there is none."""
    kind = kind_of(body)
    for row in kind.spec.rows:
        if row.party is party and matches(row, body) and applies(row, kind, exchange, leg):
            return row
    return None


def _row(exchange: Exchange, leg: Leg, statement: Statement) -> Row:
    party = party_on(exchange, leg, statement)
    row = row_for(exchange, leg, statement.body, party)
    if row is not None:
        return row
    code = next(
        (each.code for each in statement.kind.spec.rows if matches(each, statement.body)), None
    )
    said = f"{statement.kind} ({code.name})" if code else statement.kind
    raise Reason.OUT_OF_ORDER.error(
        f"{said} by the {party.value} is not allowed on a leg of {exchange.kind} that is "
        f"{leg.state.name}; allowed there: {_allowed(exchange, leg, party)}{_first(leg, party)}"
    )


def applies(row: Row, kind: Kind, exchange: Exchange, leg: Leg) -> bool:
    """True if a row of a kind may be said on a leg in its present state."""
    return (
        leg.state in row.before
        and (not row.is_answer or exchange.kind.spec.answer is kind.body)
        and (not row.in_case or exchange.kind.spec.is_case)
        and not (row.while_unreleased and leg.was_released)
        # Nobody speaks as recipient of what it was never shown.
        and (leg.was_released or row.party is not Party.RECIPIENT)
    )


def _allowed(exchange: Exchange, leg: Leg, party: Party) -> str:
    kinds = {
        kind.value if row.code is None else f"{kind} ({row.code.name})"
        for kind in Kind
        for row in kind.spec.rows
        if row.party is party and applies(row, kind, exchange, leg)
    }
    return ", ".join(sorted(kinds)) or "nothing"


def _first(leg: Leg, party: Party) -> str:
    """Advice to a recipient that has to do something else first."""
    if party is Party.RECIPIENT and leg.state is LegState.RELEASED:
        return ". Open the exchange first: nobody answers what it has not been given"
    return ""


def _step(
    exchange: Exchange, leg: Leg, row: Row, statement: Statement, route: LegRoute | None
) -> Leg:
    """The leg after a row."""
    if row.approves:
        return _approve(leg, row, statement)
    if row.adds_content:
        return _add_content(leg, statement, route)
    awaits = exchange.opening if row.awaits_opening else leg.awaits
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


def _check_time(leg: Leg, row: Row, statement: Statement, at: datetime) -> None:
    """A row that waits for the due time, or ends with it, keeps to the hub's time."""
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


def _first_leg(statement: Statement, route: LegRoute, rules: TimeRules, at: datetime) -> Leg:
    """The leg of an exchange that its initial statement opens, made once with its clocks."""
    header = statement.header
    turn = Turn(
        state=LegState.HELD if route.approvals_required > 0 else LegState.RELEASED,
        due_at=header.due_at,
        names_due=header.due_at is not None,
        is_anew=False,
        meets=None,
        awaits_judge=False,
        recipient=route.agency,
        initiator=statement.author.agency,
        approvers=route.approvers,
        urgency=header.urgency,
        is_counted=statement.kind.spec.is_counted,
    )
    times, due_at = times_after(None, None, turn, rules, at)
    return _new_leg(statement, route, due_at, times)


def _new_leg(
    statement: Statement, route: LegRoute, due_at: datetime | None, times: LegTimes | None = None
) -> Leg:
    held = route.approvals_required > 0
    return Leg(
        agency=route.agency,
        state=LegState.HELD if held else LegState.RELEASED,
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


def _check_kept(leg: Leg, at: datetime) -> None:
    """Check that a leg may begin anew: what was forgotten must not count as kept again."""
    until = leg.record.times.kept_until if leg.record.times else None
    if until is not None and until <= at:
        raise Reason.TIME_IS_OVER.error(
            f"the content of the leg of {leg.agency} was kept until {until.isoformat()}, and it is "
            f"{at.isoformat()} at the hub: open another joint case with {leg.agency}"
        )


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
    turn = Turn(
        state=leg.state,
        due_at=leg.due_at,
        names_due=names_due,
        is_anew=row is not None and (row.adds_content or row.limited_by is not None),
        meets=row.meets if row else None,
        awaits_judge=row is not None and row.awaits_judge,
        recipient=leg.agency,
        initiator=exchange.initiator,
        approvers=leg.approvers,
        urgency=exchange.header.urgency,
        is_counted=exchange.kind.spec.is_counted,
    )
    known, state = (before.record.times, before.state) if before else (None, None)
    times, due_at = times_after(known, state, turn, rules, at)
    return replace(
        leg,
        due_at=due_at,
        due_on=_day_of(due_at, leg),
        record=replace(leg.record, times=times),
    )


def _day_of(due_at: datetime | None, said: Leg | Header) -> date | None:
    """The day of a leg's due time; none where a published time took the place of its own."""
    return said.due_on if due_at == said.due_at else None


def _check_approvers_are_others(exchange: Exchange) -> None:
    for leg in exchange.legs:
        if leg.hidden and any(leg.agency in one.approvers for one in exchange.legs):
            raise Reason.INVALID_FIELD.error(
                f"{leg.agency} cannot be a held recipient and an approver in one exchange; send it "
                "a separate request",
                field="recipients",
            )


def _change(before: LegState | None, leg: Leg) -> LegChange:
    return LegChange(leg.agency, before, leg.state, leg.approvals_required, leg.approvers)
