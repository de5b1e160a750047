"""Access: the readers of a statement, and the role of each.

One rule serves the hub (what it shows and hands out), the client (whom it seals to) and the auditor
(whether a delivery was in order):

- the author's agency sees what it said;
- the initiator sees everything on its exchange;
- a recipient sees the statements on its own leg, once they are released (`Leg.hidden`);
- an approver sees what the initiator and other approvers say on the legs that it decides;
- a supervisor sees the statements that name it; what it says itself, the one agency that it
  speaks to sees, and nobody else;
- of a joint case, active members and approvers see every statement, and an invited agency the
  initial one, once its own leg is released.

A decision on what another member of a joint case asked is that member's to see and to read, too.

Sealed parts are narrower. Approvers and supervisors are readers of the brief alone. A statement to
all members of a joint case is sealed to those who were active then, and to no approver.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, ReaderRole
from exchange_protocol.rules.exchange import Exchange, Leg, LegChange
from exchange_protocol.rules.joint_case import insiders, said_in
from exchange_protocol.rules.lifecycle import deliver
from exchange_protocol.rules.statements import BRIEF, Statement
from exchange_protocol.trust.identity import AgencyId


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """The facts of a statement that access needs; nothing else of it is kept between entries."""

    digest: bytes
    exchange_id: str
    author: AgencyId
    kind: Kind
    legs: tuple[AgencyId, ...]
    """Agencies of the legs that it speaks on."""
    supervisors: tuple[AgencyId, ...]


def spoken(exchange: Exchange, statement: Statement) -> StatementFacts:
    """Reduce a statement of an exchange to what access depends on."""
    author, legs = statement.author.agency, statement.recipients
    kind = statement.kind
    spec = kind.spec
    if spec.to_members:
        members = dict.fromkeys((*legs, author))
        legs = tuple(each for each in members if each != exchange.initiator)
    is_addressed = spec.to_members or spec.supervises or spec.decides
    if author != exchange.initiator and not is_addressed:
        legs = (author, *(each for each in legs if each != exchange.initiator))
    return StatementFacts(
        digest=statement.digest,
        exchange_id=exchange.id,
        author=author,
        kind=kind,
        legs=legs,
        supervisors=statement.supervisors,
    )


def role_of(agency: AgencyId, exchange: Exchange, said: StatementFacts) -> ReaderRole | None:
    """The role in which an agency may see a statement now; None if it may not."""
    return _role_of(agency, exchange, said, _legs(exchange, said))


def _role_of(
    agency: AgencyId, exchange: Exchange, said: StatementFacts, legs: Sequence[Leg]
) -> ReaderRole | None:
    if agency == said.author:
        return ReaderRole.AUTHOR
    if said.kind.spec.supervises:
        return ReaderRole.RECIPIENT if agency in said.legs else None
    if agency == exchange.initiator:
        return ReaderRole.RECIPIENT
    for leg in legs:
        if leg.agency == agency and said.digest not in leg.hidden:
            return ReaderRole.RECIPIENT
    if said.author == exchange.initiator or said.kind.spec.decides:
        for leg in legs:
            if agency in leg.approvers:
                return ReaderRole.APPROVER
    if agency in said.supervisors:
        return ReaderRole.SUPERVISOR
    return _role_in_case(agency, exchange, said)


def _role_in_case(agency: AgencyId, exchange: Exchange, said: StatementFacts) -> ReaderRole | None:
    """The role in a joint case of an agency that the statement itself does not concern."""
    if not exchange.kind.spec.is_case:
        return None
    own = exchange.leg(agency)
    if own is not None and own.was_released and said.digest == exchange.initial_digest:
        return ReaderRole.RECIPIENT
    if agency not in insiders(exchange):
        return None
    return ReaderRole.APPROVER if own is None else ReaderRole.RECIPIENT


class Shown(NamedTuple):
    """A statement that an agency may see from now on, though it was said before."""

    agency: AgencyId
    digest: bytes
    role: ReaderRole


def shown_anew(before: Exchange | None, after: Exchange) -> tuple[Shown, ...]:
    """The earlier statements that a statement lets agencies see, by what it made of the exchange.

    A release shows a recipient what was held back. A new member of a joint case, and a new approver
    in one, is shown all that was said in it. In another exchange a new approver of a leg is shown
    all that the initiator said on that leg.
    """
    if before is None:
        return ()
    shown = {(each.agency, each.digest): each for each in _shown_by_release(before, after)}
    for each in (*_shown_by_entering(before, after), *_shown_by_approving(before, after)):
        shown.setdefault((each.agency, each.digest), each)
    return tuple(shown.values())


def _shown_by_release(before: Exchange, after: Exchange) -> Iterator[Shown]:
    """The statements that recipients see since their legs were released."""
    for leg in after.legs:
        was = before.leg(leg.agency)
        for digest in was.hidden if was else ():
            if digest not in leg.hidden:
                yield Shown(leg.agency, digest, ReaderRole.RECIPIENT)
        is_first = leg.was_released and not (was and was.was_released)
        if is_first and leg.record.from_initiator[0] != after.initial_digest:
            # Its leg was begun by an invitation: the initial statement is shown with that.
            yield Shown(leg.agency, after.initial_digest, ReaderRole.RECIPIENT)


def _shown_by_entering(before: Exchange, after: Exchange) -> Iterator[Shown]:
    """The statements of a joint case that its new members and approvers have not seen."""
    for agency in sorted(insiders(after) - insiders(before) - {after.initiator}):
        own = after.leg(agency)
        seen = own.record.all_said if own is not None and own.was_released else ()
        role = ReaderRole.APPROVER if own is None else ReaderRole.RECIPIENT
        for digest in said_in(after):
            if digest not in seen:
                yield Shown(agency, digest, role)


def _shown_by_approving(before: Exchange, after: Exchange) -> Iterator[Shown]:
    """The statements on legs that new content puts before other approvers than before.

    Another policy may be in force by then. Without the initial statement an approver would not know
    what it decides on, nor whether the hub may ask it.
    """
    if after.kind.spec.is_case:
        return
    for leg in after.legs:
        was = before.leg(leg.agency)
        for agency in leg.approvers:
            if was is not None and agency not in was.approvers:
                for digest in leg.record.from_initiator:
                    yield Shown(agency, digest, ReaderRole.APPROVER)


def deliver_to(
    agency: AgencyId, exchange: Exchange, said: StatementFacts, at: datetime
) -> tuple[Exchange, tuple[LegChange, ...]]:
    """Apply the delivery of a statement to a reader, at the hub's time.

    When a recipient reads what its leg waits for (the initial statement, or the supplement that
    came after it), the leg is delivered. Reading anything else moves nothing.

    Raises:
        NotPermitted: NOT_A_PARTY, if the agency may not see the statement.
        NotFound: CONTENT_ERASED.
    """
    role = role_of(agency, exchange, said)
    if is_erased(exchange, said, at):
        raise Reason.CONTENT_ERASED.error(
            f"the content of statement {said.digest.hex()} was erased, as a party to it asked or "
            "since its retention ended"
        )
    if role is None:
        raise Reason.NOT_A_PARTY.error(f"{agency} may not see statement {said.digest.hex()}")
    leg = exchange.leg(agency)
    if leg is not None and said.digest == leg.awaits:
        return deliver(exchange, agency)
    return exchange, ()


def is_erased(exchange: Exchange, said: StatementFacts, at: datetime | None = None) -> bool:
    """True if the sealed parts of a statement are forgotten.

    Every leg that it speaks on is erased, or its author had there erased what it said. With a time
    of the hub, legs whose retention has ended by then count as erased. A notice to erase is no
    content: its own brief says why, and stays.
    """
    if said.kind.spec.erases or not said.legs:
        return False
    is_whole = True
    for leg in _legs(exchange, said) or exchange.legs:
        if said.digest in leg.record.erased:
            return True
        is_whole = is_whole and (leg.state is LegState.ERASED or _is_over(leg, at))
    return is_whole


def is_told_of_erasure(agency: AgencyId, exchange: Exchange, said: StatementFacts) -> bool:
    """True if a party is shown statements without which the content of another is not erased.

    A recipient is shown those on its own leg, an approver none of them. In a joint case a member is
    shown all of them while it takes part. Afterwards it is shown no more than those on its own leg,
    so it cannot tell whether another member has erased what it gave.
    """
    if agency == exchange.initiator:
        return True
    if exchange.kind.spec.is_case:
        return agency in insiders(exchange) or set(said.legs) <= {agency}
    return agency in said.legs


def is_erased_to(
    agency: AgencyId, exchange: Exchange, said: StatementFacts, at: datetime | None = None
) -> bool:
    """True if a statement is forgotten as far as a party can tell that `is_told_of_erasure`.

    A recipient knows when the content on its own leg ends, and not when that on others does.
    """
    own = None if exchange.kind.spec.is_case else exchange.leg(agency)
    return is_erased(replace(exchange, legs=(own,)) if own else exchange, said, at)


def kept_until(leg: Leg) -> datetime | None:
    """The time until which the content of a leg is kept; None while none is set."""
    return leg.record.times.kept_until if leg.record.times else None


def _is_over(leg: Leg, at: datetime | None) -> bool:
    until = kept_until(leg)
    return at is not None and until is not None and until <= at


def viewers(exchange: Exchange, said: StatementFacts) -> dict[AgencyId, ReaderRole]:
    """Every agency that may see a statement now, with its role."""
    legs = _legs(exchange, said)
    candidates = {said.author, exchange.initiator, *said.legs, *said.supervisors}
    candidates |= insiders(exchange)
    for leg in legs:
        candidates.update(leg.approvers)
    roles = {}
    for agency in sorted(candidates):
        role = _role_of(agency, exchange, said, legs)
        if role is not None:
            roles[agency] = role
    return roles


def readers(exchange: Exchange, said: StatementFacts, part_name: str) -> dict[AgencyId, ReaderRole]:
    """Every agency that a part must be sealed to, no more and no fewer, with its role.

    A recipient is a reader from the start: what is held is sealed to it, though not yet shown.
    """
    if said.kind.spec.supervises:
        agencies = dict.fromkeys(said.legs, ReaderRole.RECIPIENT)
        return agencies | {said.author: ReaderRole.AUTHOR}
    spec, legs = said.kind.spec, _legs(exchange, said)
    is_brief = part_name == BRIEF
    # Where an agency has several roles, the last of these is the one that it reads in.
    roles: dict[AgencyId, ReaderRole] = {}
    involved = {each for leg in legs for each in leg.record.involved}
    for supervisor in said.supervisors:
        if is_brief or supervisor in involved:
            roles[supervisor] = ReaderRole.SUPERVISOR
    is_for_approval = said.author == exchange.initiator and not spec.to_members
    if is_brief and (spec.decides or is_for_approval):
        for leg in legs:
            roles.update(dict.fromkeys(leg.approvers, ReaderRole.APPROVER))
    roles.update(dict.fromkeys(_addressed(exchange, said), ReaderRole.RECIPIENT))
    roles[said.author] = ReaderRole.AUTHOR
    return roles


def _addressed(exchange: Exchange, said: StatementFacts) -> tuple[AgencyId, ...]:
    """The agencies that a statement speaks to; its author may be among them."""
    if said.kind.spec.to_members or said.author in said.legs:
        # To all members, or a recipient's: other legs are those of members that it answers.
        return (exchange.initiator, *said.legs)
    return said.legs if said.author == exchange.initiator else (exchange.initiator,)


def _legs(exchange: Exchange, said: StatementFacts) -> list[Leg]:
    return [leg for leg in exchange.legs if leg.agency in said.legs]
