"""The acts that a person may do on an exchange now, as far as this side knows before the hub rules.

It follows the lifecycle of each kind, so that a new kind needs nothing here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agency_client.console.visits import Visit
from agency_client.console.words import act_words
from agency_client.core.views import UnsealedExchange
from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.spec import ConsentStep, Row, Stage, TaskStep, When
from exchange_protocol.rules.lifecycle import Exchange, Leg
from exchange_protocol.trust.identity import Role

WRITERS: Final = frozenset({Role.SYSTEM, Role.OFFICER})
"""The roles that write statements on cases."""
_AFTER: Final = {
    ConsentStep.GRANTS: ConsentStep.ASKS,
    ConsentStep.REFUSES: ConsentStep.ASKS,
    ConsentStep.REVOKES: ConsentStep.GRANTS,
}
"""The step that a step in the life of a consent follows."""


def initial_acts(visit: Visit) -> list[tuple[str, str]]:
    """The acts that open an exchange: name and words."""
    if visit.console.member.role not in WRITERS:
        return []
    return [
        (act.name, act_words(kind, act, visit.language))
        for kind in Kind
        if kind.stage is Stage.INITIAL
        for act in kind.spec.acts
    ]


def possible_acts(visit: Visit, opened: UnsealedExchange) -> list[tuple[str, str, bool]]:
    """The acts by which this agency may continue an exchange now.

    Returns:
        Name, words, and whether it is the answer that is owed: that stands out, no other does.
    """
    exchange = opened.verified.exchange
    if visit.console.member.role not in WRITERS or exchange is None:
        return []
    agency, party, now = visit.console.client.agency, opened.party, visit.console.now
    legs = [leg for leg in exchange.legs if party is not Party.RECIPIENT or leg.agency == agency]
    found = [
        (act.name, act_words(kind, act, visit.language), row.is_answer)
        for kind, row in ROWS
        if row.party is party
        and not kind.spec.decides
        and any(_applies(row, kind, exchange, leg, now) for leg in legs)
        for act in kind.spec.acts
        if row.code is None or row.code in act.fixed.values()
    ]
    return list(dict.fromkeys(found))


def _applies(row: Row, kind: Kind, exchange: Exchange, leg: Leg, now: datetime) -> bool:
    # An invitation may also begin a leg of its own: of one more member of a case.
    return (
        (leg.state in row.before or kind.spec.invites)
        and (not row.is_answer or kind.body is exchange.kind.spec.answer)
        and (not row.in_case or exchange.kind.spec.is_case)
        and not (row.while_unreleased and leg.was_released)
        and _is_time(row, leg, now)
        and _has_consent(row, leg)
        and (row.task is not TaskStep.ENDS or any(each.is_open for each in leg.record.tasks))
    )


def _is_time(row: Row, leg: Leg, now: datetime) -> bool:
    if row.when is When.AFTER_DUE:
        return leg.due_at is not None and now > leg.due_at
    return row.when is None or leg.due_at is None or now <= leg.due_at


def _has_consent(row: Row, leg: Leg) -> bool:
    """True if a consent waits for this step, or the row is none."""
    before = _AFTER.get(row.consent) if row.consent else None
    return before is None or any(
        each.step is before and each.asked_by is not row.party for each in leg.record.consents
    )
