"""Joint cases: who is active, who is told of what, and what may be said to all.

A joint case is an exchange whose initial kind says so (`KindSpec.is_case`): its initiator is the
lead, and each leg is a member. A leg that is JOINED is an active member. Three things differ from
other exchanges:

- A statement to all (`KindSpec.to_members`) speaks on the legs of all active members. Its author
  names exactly the others as recipients, so everyone can check from the log who could read it.
- Lead, active members, and the approvers of any leg are shown every statement of the case, also
  those from before they took part. So each computes the same members. Parts are sealed to the
  members that were active when they were said; nothing opens them to later members.
- An invitation (`KindSpec.invites`) opens one more leg, behind the gate of the policy; or once more
  that of an agency which declined or left. An agency that left is shown nothing new meanwhile. When
  it joins again, it is shown all that was said in its absence, so that it computes the same members
  again.

Hub, client and auditor compute all of this from the same statements.
"""

from __future__ import annotations

from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, ConsentStep, TaskStep
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.statements import Draft
from exchange_protocol.trust.identity import AgencyId

_AGAIN = frozenset({LegState.REFUSED, LegState.LEFT})
OVER = frozenset({LegState.CLOSED, LegState.ERASED})
"""States of a leg that nothing moves on: a case in which all are so is closed."""


def active_members(exchange: Exchange) -> tuple[Leg, ...]:
    """The legs of the active members, in the order of their invitations."""
    return tuple(leg for leg in exchange.legs if leg.state is LegState.JOINED)


def insiders(exchange: Exchange) -> frozenset[AgencyId]:
    """The agencies that are shown every statement of a joint case; none of another exchange."""
    if not exchange.kind.spec.is_case:
        return frozenset()
    members = {leg.agency for leg in active_members(exchange)}
    return frozenset(members.union(*(leg.approvers for leg in exchange.legs)))


def said_in(exchange: Exchange) -> tuple[bytes, ...]:
    """Digests of all that was said in a joint case, each once."""
    digests: dict[bytes, None] = {}
    for leg in exchange.legs:
        digests |= dict.fromkeys(leg.record.all_said)
    return tuple(digests)


def addressed_members(exchange: Exchange, statement: Draft) -> tuple[Leg, ...]:
    """The legs of a statement to all active members; its author's own is one of them.

    Raises:
        NotPermitted: NOT_ACTIVE, if the author is neither the lead nor an active member.
        Conflict: OUT_OF_ORDER without active members; MEMBERS_CHANGED, if the recipients are not
            exactly the others; ASSIGNEE_NOT_ACTIVE.
        NotFound: STATEMENT_UNKNOWN, for a source of a draft that no active member contributed, or
            a request about what no other active member said.
    """
    author, active = statement.author.agency, active_members(exchange)
    own = exchange.leg(author)
    if author != exchange.initiator and (own is None or own.state is not LegState.JOINED):
        is_now = "no member" if own is None else own.state.name
        if own is not None and own.state in OPEN_TO_RECIPIENT:
            is_now += f". Join first: agency join {exchange.id}"
        raise Reason.NOT_ACTIVE.error(
            f"{statement.kind} is for the lead and the active members of a joint case to say; "
            f"{author} is {is_now}"
        )
    if not active:
        raise Reason.OUT_OF_ORDER.error(
            f"{statement.kind} needs an active member of a joint case to read it; none has joined"
        )
    expected = set(recipients_of(exchange, author))
    if set(statement.recipients) != expected:
        raise Reason.MEMBERS_CHANGED.error(
            f"expected the recipients {', '.join(sorted(expected))}, who are the active members "
            f"and the lead now; got {', '.join(sorted(statement.recipients)) or 'none'}: say it "
            "anew",
            field="recipients",
        )
    for row in statement.kind.spec.rows:
        if row.task is TaskStep.GIVES:
            _check_assignee(active, statement)
        if row.consent is ConsentStep.ASKS_FOR_SOURCES:
            _check_sources(active, statement)
        if row.consent is ConsentStep.ASKS_MEMBER:
            _check_others(active, statement)
    return active


def recipients_of(exchange: Exchange, author: AgencyId) -> tuple[AgencyId, ...]:
    """The recipients of a statement to all: the lead and the active members, without its author."""
    everyone = (exchange.initiator, *(leg.agency for leg in active_members(exchange)))
    return tuple(agency for agency in everyone if agency != author)


def check_invitation(exchange: Exchange, statement: Draft) -> AgencyId:
    """Check that a statement may invite; gives the agency that it invites.

    Raises:
        NotPermitted: NOT_THE_LEAD.
        InvalidInput: LEAD_INVITED, or INVALID_FIELD for another recipient than the member.
        Conflict: OUT_OF_ORDER, if it is no joint case or is closed; ALREADY_MEMBER; STALE_ANSWER.
    """
    body: Any = statement.body
    member: AgencyId = body.member
    if not exchange.kind.spec.is_case:
        raise Reason.OUT_OF_ORDER.error(
            f"{statement.kind} is for joint cases; {exchange.id} is of kind {exchange.kind}"
        )
    if statement.author.agency != exchange.initiator:
        raise Reason.NOT_THE_LEAD.error(
            f"expected the lead {exchange.initiator} to invite, got {statement.author.agency}"
        )
    if member == exchange.initiator:
        raise Reason.LEAD_INVITED.error(
            f"expected another agency than {member}, which leads the case", field="member"
        )
    leg = exchange.leg(member)
    if leg is not None and leg.state not in _AGAIN:
        raise Reason.ALREADY_MEMBER.error(
            f"{member} was invited to this case, and its leg is {leg.state.name}: an agency is "
            "invited again after it declined or left alone",
            field="member",
        )
    if all(leg.state in OVER for leg in exchange.legs):
        raise Reason.OUT_OF_ORDER.error("the joint case is closed; open another one")
    if statement.recipients != (member,):
        raise Reason.INVALID_FIELD.error(
            f"expected the member {member} alone, got {list(statement.recipients)}",
            field="recipients",
        )
    if statement.answers != exchange.initial_digest:
        raise Reason.STALE_ANSWER.error(
            f"expected an answer to the initial statement {exchange.initial_digest.hex()}, "
            f"got one to {(statement.answers or b'').hex()}",
            field="answers",
        )
    return member


def _check_assignee(active: tuple[Leg, ...], statement: Draft) -> None:
    body: Any = statement.body
    if all(leg.agency != body.assignee for leg in active):
        raise Reason.ASSIGNEE_NOT_ACTIVE.error(
            f"expected an active member, got {body.assignee}; active are "
            f"{', '.join(leg.agency for leg in active)}",
            field="assignee",
        )


def _check_sources(active: tuple[Leg, ...], statement: Draft) -> None:
    body: Any = statement.body
    if not body.sources:
        raise Reason.MISSING_FIELD.error(
            "expected the contributions on which the draft rests, got none", field="sources"
        )
    given = {digest for leg in active for digest in leg.record.from_recipient}
    for i, source in enumerate(body.sources):
        if source not in given:
            raise Reason.STATEMENT_UNKNOWN.error(
                f"expected a statement of an active member, got {source.hex()}",
                field=f"sources[{i}]",
            )


def _check_others(active: tuple[Leg, ...], statement: Draft) -> None:
    body: Any = statement.body
    author = statement.author.agency
    if not any(body.about in leg.record.from_recipient for leg in active if leg.agency != author):
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement of another active member, got {body.about.hex()}; what the lead "
            "said is asked of it by `agency ask-consent`",
            field="about",
        )
