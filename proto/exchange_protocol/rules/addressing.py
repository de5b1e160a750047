"""Addressing: the legs that a continuing statement speaks on, and its author's part there.

A statement names agencies. This says which legs are meant, and whether its author speaks on each as
initiator, recipient or approver. A supervisor who comments speaks by the rules of `supervision`.
"""

from __future__ import annotations

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Party
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.joint_case import addressed_members
from exchange_protocol.rules.statements import Draft
from exchange_protocol.trust.identity import AgencyId


def addressed_legs(
    exchange: Exchange, statement: Draft, view: AgencyId | None = None
) -> tuple[Leg, ...]:
    """The legs that a continuing statement speaks on; with `view`, that agency's leg alone.

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
