"""The lifecycle of an exchange: one leg per recipient, moved by a table.

Theory of operation. An exchange is opened by one statement and has one leg for each recipient. A
leg is in one `LegState`; `ROWS` says, for each kind of statement, who may speak it (`Party`), in
which states, and which state follows. What no row allows is refused: OUT_OF_ORDER. Time plays no
part: "overdue" follows from a leg's due date and is no state.

    HELD -> RELEASED -> DELIVERED -> ACKNOWLEDGED -> ANSWERED | REFUSED -> CLOSED
    HELD -> RETURNED -> HELD (supplemented)          HELD -> REJECTED -> CLOSED
    DELIVERED | ACKNOWLEDGED -> RETURNED (the recipient asks) -> HELD or RELEASED (supplemented)
    any state before the answer -> RECALLED -> CLOSED        CLOSED -> ERASED

`docs/lifecycle.md` shows it as a diagram and says what each kind is for.

Each leg names one statement, its `subject`, that the next statement on the leg must answer by
digest; so the statements of a leg form a hash chain, an approval is bound to exactly what was
approved, and nobody can answer a request that has changed meanwhile (STALE_ANSWER).

A gated leg is HELD until `approvals_required` distinct members have approved its subject. Until
then its statements are `hidden` from the recipient. A supplement goes through the gate again, with
its handling, TLP and number of subjects counted together with all that went before it on the leg:
a release shows all that was hidden, so the gate must be that of the whole.

No agency from whom statements on its own leg are held back (also where they were recalled before a
release) approves another leg of the same exchange: it would read as approver what it may not read
as recipient, and two recipients could release to each other.

Once something on a leg was released, the leg is `was_released`, and its recipient must learn how it
ends: a recall is shown to it even while a supplement is held, and a held supplement can be returned
but not rejected (a rejection would end, unseen, what the recipient still works on).

Assumed verified: the statement's signature, and that the policy permits the party to say it on
this leg; `Route` is what the policy decided. Left to the caller: storing the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Decision, Kind, Stage
from exchange_protocol.kinds.codes import Handling, Party, Tlp, Verdict
from exchange_protocol.rules.statements import Draft, Header, Statement
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import log_pb2 as pb


class LegState(IntEnum):
    """Where one recipient's side of an exchange stands."""

    HELD = pb.LEG_STATE_HELD
    RETURNED = pb.LEG_STATE_RETURNED
    REJECTED = pb.LEG_STATE_REJECTED
    RELEASED = pb.LEG_STATE_RELEASED
    DELIVERED = pb.LEG_STATE_DELIVERED
    ACKNOWLEDGED = pb.LEG_STATE_ACKNOWLEDGED
    ANSWERED = pb.LEG_STATE_ANSWERED
    REFUSED = pb.LEG_STATE_REFUSED
    RECALLED = pb.LEG_STATE_RECALLED
    CLOSED = pb.LEG_STATE_CLOSED
    ERASED = pb.LEG_STATE_ERASED


@dataclass(frozen=True, slots=True)
class LegRoute:
    """What the policy asks of a statement before this recipient may see it."""

    agency: AgencyId
    approvals_required: int
    approvers: tuple[AgencyId, ...]
    """Agencies that may approve, sorted; empty where no approval is required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One recipient's side of an exchange."""

    agency: AgencyId
    state: LegState
    awaits: bytes
    """Digest of the statement that the next one on this leg answers."""
    handling: Handling
    tlp: Tlp
    """The strictest that the initiator put on this leg; nothing on it goes below (rule P16)."""
    subject_count: int
    """Subjects of the initial statement and of the supplements on this leg, in all."""
    was_released: bool
    """Whether anything on this leg was ever released to the recipient."""
    approvals_required: int
    approvers: tuple[AgencyId, ...]
    approvals: tuple[str, ...] = ()
    """URIs of the members who approved the subject."""
    hidden: tuple[bytes, ...] = ()
    """Digests of the leg's statements that the recipient may not see yet."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The state of an exchange: what its statements, in log order, have made of it."""

    id: str
    kind: Kind
    initiator: AgencyId
    header: Header
    """Header of the initial statement."""
    legs: tuple[Leg, ...]

    def leg(self, agency: AgencyId) -> Leg | None:
        """The leg of that recipient, if it has one."""
        return next((leg for leg in self.legs if leg.agency == agency), None)

    def is_known_to(self, agency: AgencyId) -> bool:
        """Whether an agency takes part in the exchange and may know so."""
        return agency == self.initiator or any(
            agency in leg.approvers or (leg.was_released and agency == leg.agency)
            for leg in self.legs
        )


@dataclass(frozen=True, slots=True)
class LegChange:
    """What a statement or a delivery did to one leg; `before` is None for a new leg."""

    agency: AgencyId
    before: LegState | None
    after: LegState
    approvals_required: int
    approvers: tuple[AgencyId, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the lifecycle: `party` may say `kind` in any state of `before`."""

    kind: Kind
    party: Party
    before: frozenset[LegState]
    after: LegState | None
    """The state that follows; None leaves it as it is."""
    verdict: Verdict | None = None
    openings: frozenset[Kind] | None = None
    """Kinds of exchange that the line applies to; None is every kind."""
    becomes_awaited: bool = False
    """Whether the next statement on the leg answers this one."""
    unreleased: bool = False
    """Whether the line applies only while nothing on the leg was released."""
    told: bool = False
    """Whether a recipient of a was_released leg sees it even while other statements are hidden."""


def _states(*states: LegState) -> frozenset[LegState]:
    return frozenset(states)


_S = LegState
_OPEN_TO_RECIPIENT = _states(_S.DELIVERED, _S.ACKNOWLEDGED)
BEFORE_ANSWER = _states(_S.HELD, _S.RETURNED, _S.RELEASED, _S.DELIVERED, _S.ACKNOWLEDGED)
"""States of a leg that still owes an answer, or the permission to ask for one."""
_ENDED = _states(_S.ANSWERED, _S.REFUSED, _S.REJECTED, _S.RECALLED)
_REQUESTS = frozenset({Kind.INFORMATION_REQUEST, Kind.REFERRAL})
_ANALYSES = frozenset({Kind.ANALYSIS_REQUEST})

ROWS: tuple[Row, ...] = (
    Row(Kind.DECISION, Party.APPROVER, _states(_S.HELD), _S.RELEASED, verdict=Verdict.APPROVE),
    Row(
        Kind.DECISION, Party.APPROVER, _states(_S.HELD), _S.REJECTED,
        verdict=Verdict.REJECT, becomes_awaited=True, unreleased=True,
    ),
    Row(
        Kind.DECISION, Party.APPROVER, _states(_S.HELD), _S.RETURNED,
        verdict=Verdict.RETURN, becomes_awaited=True,
    ),
    Row(
        Kind.RETURN_FOR_INFORMATION, Party.RECIPIENT, _OPEN_TO_RECIPIENT, _S.RETURNED,
        becomes_awaited=True,
    ),
    # Where a supplement leads depends on the gate: see `_supplement`.
    Row(
        Kind.SUPPLEMENT, Party.INITIATOR, _states(_S.RETURNED), _S.RELEASED,
        becomes_awaited=True,
    ),
    Row(Kind.ACKNOWLEDGE, Party.RECIPIENT, _states(_S.DELIVERED), _S.ACKNOWLEDGED),
    Row(Kind.INTERIM_REPLY, Party.RECIPIENT, _OPEN_TO_RECIPIENT, _S.ACKNOWLEDGED),
    Row(Kind.PARTIAL_REPLY, Party.RECIPIENT, _OPEN_TO_RECIPIENT, _S.ACKNOWLEDGED),
    Row(
        Kind.REPLY, Party.RECIPIENT, _OPEN_TO_RECIPIENT, _S.ANSWERED,
        openings=_REQUESTS, becomes_awaited=True,
    ),
    Row(
        Kind.ANALYSIS_PRODUCT, Party.RECIPIENT, _OPEN_TO_RECIPIENT, _S.ANSWERED,
        openings=_ANALYSES, becomes_awaited=True,
    ),
    Row(Kind.REFUSE, Party.RECIPIENT, _OPEN_TO_RECIPIENT, _S.REFUSED, becomes_awaited=True),
    Row(
        Kind.RECALL, Party.INITIATOR, BEFORE_ANSWER, _S.RECALLED,
        becomes_awaited=True, told=True,
    ),
    Row(Kind.FEEDBACK, Party.INITIATOR, _states(_S.ANSWERED), None),
    Row(Kind.CLOSE, Party.INITIATOR, _ENDED, _S.CLOSED, told=True),
    Row(Kind.ERASE_NOTICE, Party.INITIATOR, _states(_S.CLOSED), _S.ERASED, told=True),
)  # fmt: skip


def open_exchange(
    statement: Statement, routes: Iterable[LegRoute]
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Open an exchange by its initial statement, along the routes that the policy decided.

    Raises:
        InvalidInput: if statements are held back from a recipient that would approve another leg.
    """
    legs = tuple(_new_leg(statement, route) for route in routes)
    exchange = Exchange(
        statement.exchange_id, statement.kind, statement.author.agency, statement.header, legs
    )
    _check_approvers_are_others(exchange)
    return exchange, tuple(_change(None, leg) for leg in legs)


def addressed_legs(exchange: Exchange, statement: Draft) -> tuple[Leg, ...]:
    """The legs that a continuing statement speaks on.

    A recipient speaks on its own leg and addresses the initiator alone; everyone else names the
    legs as recipients.

    Raises:
        NotPermitted: NOT_A_PARTY, if a named agency has no leg.
        InvalidInput: if the addressees do not fit the party.
    """
    author = statement.author.agency
    own = exchange.leg(author)
    if own is not None and author != exchange.initiator and statement.kind is not Kind.DECISION:
        if statement.recipients != (exchange.initiator,):
            raise Reason.INVALID_FIELD.error(
                f"expected the initiator {exchange.initiator} alone, "
                f"got {list(statement.recipients)}",
                field="recipients",
            )
        return (own,)
    if not statement.recipients:
        raise Reason.MISSING_FIELD.error(
            "expected the legs' agencies, got none", field="recipients"
        )
    legs = []
    for agency in statement.recipients:
        leg = exchange.leg(agency)
        if leg is None:
            raise Reason.NOT_A_PARTY.error(
                f"expected agencies with a leg of exchange {exchange.id}, got {agency}",
                field="recipients",
            )
        legs.append(leg)
    return tuple(legs)


def party_on(exchange: Exchange, leg: Leg, statement: Draft) -> Party:
    """As what the statement's author speaks on a leg.

    Raises:
        NotPermitted: OWN_REQUEST for a decision on what one's own agency asked; NOT_A_PARTY for an
            agency that is neither initiator, recipient nor approver.
    """
    author = statement.author.agency
    if statement.kind is Kind.DECISION:
        if author == exchange.initiator:
            raise Reason.OWN_REQUEST.error(
                f"expected a decision by another agency than {author}, which opened the exchange"
            )
        if author in leg.approvers:
            return Party.APPROVER
    elif author == exchange.initiator:
        return Party.INITIATOR
    elif author == leg.agency:
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
    partial: bool = False,
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Apply a continuing statement to the legs of `agencies`, or refuse it whole.

    `agencies` are those of `addressed_legs`; `routes` is needed for a supplement alone. With
    `partial`, statements of the leg may be hidden from who applies this one, so a recall need not
    answer the subject that it knows.

    Raises:
        Conflict: OUT_OF_ORDER, STALE_ANSWER or ALREADY_DECIDED.
        NotPermitted: if the author has no such part in the exchange.
        InvalidInput: as `open_exchange`.
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
        if statement.answers != leg.awaits and not (partial and row.kind is Kind.RECALL):
            raise Reason.STALE_ANSWER.error(
                f"expected an answer to {leg.awaits.hex()}, the latest statement on the leg of "
                f"{leg.agency}; got one to {(statement.answers or b'').hex()}",
                field="answers",
            )
        after = _step(leg, row, statement, by_agency.get(leg.agency))
        changed[leg.agency] = after
        changes.append(_change(leg.state, after))
    legs = tuple(changed.get(leg.agency, leg) for leg in exchange.legs)
    advanced = replace(exchange, legs=legs)
    if statement.kind is Kind.SUPPLEMENT and not partial:
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


def _check_approvers_are_others(exchange: Exchange) -> None:
    for leg in exchange.legs:
        if leg.hidden and any(leg.agency in one.approvers for one in exchange.legs):
            raise Reason.INVALID_FIELD.error(
                f"expected {leg.agency}, from whom statements are held back, to approve no other "
                "leg; address it in an exchange of its own",
                field="recipients",
            )


def _row(exchange: Exchange, leg: Leg, statement: Statement) -> Row:
    party = party_on(exchange, leg, statement)
    verdict = statement.body.verdict if isinstance(statement.body, Decision) else None
    for row in ROWS:
        if (
            row.kind is statement.kind
            and row.party is party
            and row.verdict is verdict
            and _applies(row, exchange, leg)
        ):
            return row
    said = statement.kind if verdict is None else f"{statement.kind} ({verdict.name})"
    raise Reason.OUT_OF_ORDER.error(
        f"{said} by the {party.value} is not allowed on a leg of {exchange.kind} that is "
        f"{leg.state.name}; allowed there: {_allowed(exchange, leg, party)}"
    )


def _applies(row: Row, exchange: Exchange, leg: Leg) -> bool:
    return (
        leg.state in row.before
        and (row.openings is None or exchange.kind in row.openings)
        and not (row.unreleased and leg.was_released)
    )


def _allowed(exchange: Exchange, leg: Leg, party: Party) -> str:
    kinds = {
        row.kind.value if row.verdict is None else f"{row.kind} ({row.verdict.name})"
        for row in ROWS
        if row.party is party and _applies(row, exchange, leg)
    }
    return ", ".join(sorted(kinds)) or "nothing"


def _step(leg: Leg, row: Row, statement: Statement, route: LegRoute | None) -> Leg:
    if row.kind is Kind.SUPPLEMENT:
        return _supplement(leg, statement, route)
    if row.verdict is Verdict.APPROVE:
        return _approve(leg, statement)
    return replace(
        leg,
        state=leg.state if row.after is None else row.after,
        awaits=statement.digest if row.becomes_awaited else leg.awaits,
        hidden=leg.hidden
        if not leg.hidden or (row.told and leg.was_released)
        else (*leg.hidden, statement.digest),
    )


def _approve(leg: Leg, statement: Statement) -> Leg:
    if statement.author.uri in leg.approvals:
        raise Reason.ALREADY_DECIDED.error(
            f"expected an approval by another coordinator, got a second one by {statement.author}"
        )
    if leg.approvals_required > 1 and statement.author.name is None:
        # Whoever holds the unnamed certificate may be one of those who hold a named one.
        raise Reason.ROLE_NOT_PERMITTED.error(
            "expected an approval by a named coordinator where more than one is required, "
            f"got one by {statement.author}"
        )
    approvals = (*leg.approvals, statement.author.uri)
    if len(approvals) < leg.approvals_required:
        return replace(leg, approvals=approvals, hidden=(*leg.hidden, statement.digest))
    return replace(leg, state=LegState.RELEASED, was_released=True, approvals=approvals, hidden=())


def _supplement(leg: Leg, statement: Statement, route: LegRoute | None) -> Leg:
    """New content passes the gate anew, or an approval would cover what came after it."""
    if route is None:
        raise ValueError(f"no route for the leg of {leg.agency}")
    new = _new_leg(statement, route)
    return replace(
        new,
        handling=max(leg.handling, new.handling),
        tlp=max(leg.tlp, new.tlp),
        subject_count=leg.subject_count + new.subject_count,
        was_released=leg.was_released or new.was_released,
        hidden=(*leg.hidden, *new.hidden) if new.hidden else (),
    )


def _new_leg(statement: Statement, route: LegRoute) -> Leg:
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
        hidden=(statement.digest,) if held else (),
    )


def _change(before: LegState | None, leg: Leg) -> LegChange:
    return LegChange(leg.agency, before, leg.state, leg.approvals_required, leg.approvers)
