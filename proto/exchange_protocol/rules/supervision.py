"""Supervision: what a supervisor may say of what it was given a copy of, and to whom.

A supervisor has no leg. It speaks to one agency that takes part, about a statement of its exchange,
if it was named as a supervisor there (`LegRecord.supervisors`). That the agency is one of its own
state, the policy says. Nobody else is shown it, so it changes nothing that others compute.
"""

from __future__ import annotations

from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.rules.lifecycle import Exchange
from exchange_protocol.rules.statements import Draft
from exchange_protocol.trust.identity import AgencyId


def check_comment(exchange: Exchange, statement: Draft) -> AgencyId:
    """Check that a supervisor may say it; gives the agency that it speaks to.

    Raises:
        NotFound: EXCHANGE_UNKNOWN, for who is no supervisor of it; STATEMENT_UNKNOWN, if it answers
            no statement of that agency's leg.
        NotPermitted: NOT_A_PARTY, for an agency that does not take part or may not know yet.
        InvalidInput: INVALID_FIELD, for other recipients.
    """
    body: Any = statement.body
    agency: AgencyId = body.agency
    author = statement.author.agency
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
    if not any(statement.answers in leg.record.all_said for leg in legs):
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement of the exchange with {agency}, "
            f"got {(statement.answers or b'').hex()}",
            field="answers",
        )
    return agency
