"""The kinds that an agency may say on an exchange now, by the lifecycle, to offer the next step.

It says what the rows of the kinds allow. `judgement` says whether a certain statement is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.rows import ConsentStep, Row, TaskStep, When
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.joint_case import OVER
from exchange_protocol.rules.moves import applies
from exchange_protocol.trust.identity import AgencyId

_AFTER: Final = {
    ConsentStep.GRANTS: ConsentStep.ASKS,
    ConsentStep.REFUSES: ConsentStep.ASKS,
    ConsentStep.REVOKES: ConsentStep.GRANTS,
}
"""The step that a step in the life of a consent follows."""


def possible_rows(
    exchange: Exchange, agency: AgencyId, party: Party, at: datetime
) -> Iterator[tuple[Kind, Row]]:
    """The rows by which an agency may continue an exchange, on at least one leg.

    Args:
        exchange: the exchange, as far as the agency knows it.
        agency: the agency.
        party: its part in the exchange; a recipient speaks on its own leg alone.
        at: the present time.
    """
    legs = [leg for leg in exchange.legs if party is not Party.RECIPIENT or leg.agency == agency]
    for kind, row in ROWS:
        if row.party is party and any(_is_possible(row, kind, exchange, leg, at) for leg in legs):
            yield kind, row


def _is_possible(row: Row, kind: Kind, exchange: Exchange, leg: Leg, at: datetime) -> bool:
    # An invitation is said on no leg that is there: it begins one, of a new member.
    if kind.spec.invites:
        is_closed = all(each.state in OVER for each in exchange.legs)
        return exchange.kind.spec.is_case and not is_closed
    return (
        applies(row, kind, exchange, leg)
        and _is_time(row, leg, at)
        and _has_consent(row, leg)
        and (row.task is not TaskStep.ENDS or any(each.is_open for each in leg.record.tasks))
    )


def _is_time(row: Row, leg: Leg, at: datetime) -> bool:
    if row.when is When.AFTER_DUE:
        return leg.due_at is not None and at > leg.due_at
    return row.when is None or leg.due_at is None or at <= leg.due_at


def _has_consent(row: Row, leg: Leg) -> bool:
    """True if a consent waits for this step, or the row is no step of a consent."""
    before = _AFTER.get(row.consent) if row.consent else None
    return before is None or any(
        each.step is before and each.asked_by is not row.party for each in leg.record.consents
    )
