"""Supervision: what a supervisor may say of what it was given a copy of, and to whom.

A supervisor has no leg. It speaks to one agency that takes part, about a statement of its exchange,
if it was named as a supervisor there (`LegRecord.supervisors`). The policy says that the agency is
one of its own state. Nobody else is shown what it says, so nothing changes in what others compute.

An end of a leg may let a supervisor of its own state take part in it. The supervisor then reads
every part of what either end says from then on (`LegRecord.involved`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.statements import Draft
from exchange_protocol.trust.identity import AgencyId


def check_comment(exchange: Exchange, statement: Draft, *, partial: bool = False) -> AgencyId:
    """Check that a supervisor may say it; gives the agency that it speaks to.

    `partial`: the caller sees one leg only. It is not shown what is held back there, and logs have
    comments on that (`intake` refuses new ones): so it cannot check which statement is answered.

    Raises:
        NotFound: EXCHANGE_UNKNOWN, for an agency that is no supervisor of it; STATEMENT_UNKNOWN,
            if it answers no statement of that agency's leg.
        NotPermitted: NOT_A_PARTY, for an agency that does not take part or may not know yet.
        InvalidInput: INVALID_FIELD, for other recipients.
    """
    agency, author = comment_on(statement), statement.author.agency
    if not any(author in leg.record.supervisors for leg in exchange.legs):
        raise Reason.EXCHANGE_UNKNOWN.error(
            f"expected an exchange that {author} supervises, got {exchange.id}"
        )
    legs = [
        leg
        for leg in exchange.legs
        if author in leg.record.supervisors
        and (agency == exchange.initiator or (agency == leg.agency and leg.was_released))
    ]
    if not legs:
        raise Reason.NOT_A_PARTY.error(
            f"expected an agency whose part in the exchange {author} supervises, got {agency}",
            field="agency",
        )
    if statement.recipients != (agency,):
        raise Reason.INVALID_FIELD.error(
            f"expected the agency {agency} alone, got {list(statement.recipients)}",
            field="recipients",
        )
    if not partial and not any(statement.answers in leg.record.all_said for leg in legs):
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement of the exchange with {agency}, "
            f"got {(statement.answers or b'').hex()}",
            field="answers",
        )
    return agency


def comment_on(statement: Draft) -> AgencyId:
    """The agency to which a supervisor speaks; nothing is checked."""
    body: Any = statement.body
    agency: AgencyId = body.agency
    return agency


def check_involved(directory: Directory, statement: Draft) -> None:
    """Check that an agency involves a supervisor of its own state; raises NOT_A_PARTY."""
    body: Any = statement.body
    supervisor, own = directory.agency(body.supervisor), directory.agency(statement.author.agency)
    if not own.country or supervisor.country != own.country:
        raise Reason.NOT_A_PARTY.error(
            f"expected a supervisor of {own.country or 'a state'}, the state of "
            f"{statement.author.agency}; got {body.supervisor} of {supervisor.country or 'none'}",
            field="supervisor",
        )


def involved_in(
    exchange: Exchange, statement: Draft, agencies: Iterable[AgencyId]
) -> frozenset[AgencyId]:
    """The supervisors that take part in the legs of these agencies, also by this statement.

    An approver's statement about a leg is no word of either end.
    """
    spec, author = statement.kind.spec, statement.author.agency
    if spec.supervises or not (author == exchange.initiator or exchange.leg(author)):
        return frozenset()
    legs = (exchange.leg(agency) for agency in agencies)
    involved = {each for leg in legs if leg is not None for each in leg.record.involved}
    body: Any = statement.body
    return frozenset(involved | ({body.supervisor} if spec.involves else set()))
