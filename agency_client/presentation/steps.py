"""The turns in an exchange: the party that is to act, and what it may do next.

The next steps follow from the rows of the kinds; a new kind's commands appear by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from agency_client.core.views import ExchangeSummary, LegSummary
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.trust.identity import AgencyId

TURNS: Final[Mapping[LegState, Party | None]] = {
    LegState.HELD: Party.APPROVER,
    LegState.RETURNED: Party.INITIATOR,
    LegState.REJECTED: Party.INITIATOR,
    LegState.RELEASED: Party.RECIPIENT,
    LegState.DELIVERED: Party.RECIPIENT,
    LegState.ACKNOWLEDGED: Party.RECIPIENT,
    LegState.FROZEN: Party.RECIPIENT,
    LegState.JOINED: Party.RECIPIENT,
    LegState.LEFT: Party.INITIATOR,
    LegState.ANSWERED: Party.INITIATOR,
    LegState.REFUSED: Party.INITIATOR,
    LegState.RECALLED: Party.INITIATOR,
    LegState.CLOSED: None,
    LegState.ERASED: None,
}
"""For which party a leg waits, by its state."""
STEPS: Final[Mapping[LegState, Label]] = {
    LegState.HELD: Label.DECIDE,
    LegState.RETURNED: Label.SUPPLEMENT,
    LegState.REJECTED: Label.READ_WHY,
    LegState.RELEASED: Label.OPEN_IT,
    LegState.DELIVERED: Label.ANSWER,
    LegState.ACKNOWLEDGED: Label.ANSWER,
    LegState.FROZEN: Label.MIND_THE_FREEZE,
    LegState.JOINED: Label.TAKE_PART,
    LegState.LEFT: Label.CLOSE,
    LegState.ANSWERED: Label.READ_ANSWER,
    LegState.REFUSED: Label.READ_WHY,
    LegState.RECALLED: Label.CLOSE,
}
"""The step of the party for which a leg waits, by the state."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for an agency: legs of one exchange in one state."""

    summary: ExchangeSummary
    state: LegState
    legs: tuple[LegSummary, ...]
    party: Party
    """The part in which the agency is to act."""

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that may come next, without `agency` and the id."""
        return commands(self.summary.kind, self.party, self.state)


def commands(kind: Kind, party: Party, state: LegState) -> tuple[str, ...]:
    """List what a party may say on a leg, by kind of exchange and state, as commands."""
    answer = kind.spec.answer
    found = [
        act.command
        for each, row in ROWS
        if row.party is party and state in row.before and (not row.is_answer or each.body is answer)
        if not row.in_case or kind.spec.is_case
        for act in each.spec.acts
        if row.code is None or row.code in act.fixed.values()
    ]
    return ("show", *dict.fromkeys(found))


def waiting(summaries: Iterable[ExchangeSummary], party: Party, agency: AgencyId) -> list[Waiting]:
    """Select from a list what waits for an agency, as the party that it is in all of it."""
    found = []
    for summary in summaries:
        states: dict[LegState, list[LegSummary]] = {}
        for leg in summary.legs:
            is_own = party is not Party.RECIPIENT or leg.agency == agency
            if is_own and TURNS[leg.state] is party:
                states.setdefault(leg.state, []).append(leg)
        found += [Waiting(summary, state, tuple(legs), party) for state, legs in states.items()]
    return found


def turn_words(
    legs: Iterable[tuple[AgencyId, LegState]],
    initiator: AgencyId,
    party: Party,
    agency: AgencyId,
    locale: Locale,
) -> str:
    """For whom an exchange waits, in words; empty once it waits for nobody.

    Args:
        legs: agency and state of the legs that are known.
        initiator: who opened the exchange.
        party: the part that one's own agency has in it.
        agency: one's own agency.
        locale: how the person is told.
    """
    mine: dict[str, None] = {}
    others: dict[str, None] = {}
    for each, state in legs:
        turn = TURNS[state]
        if turn is party and (party is not Party.RECIPIENT or each == agency):
            mine[locale.say(STEPS[state])] = None
        elif turn is Party.RECIPIENT:
            others[each] = None
        elif turn is Party.INITIATOR:
            others[initiator] = None
        elif turn is not None:
            others[locale.say(Label.AN_APPROVER)] = None
    if mine:
        return locale.say(Label.YOUR_TURN, step="; ".join(mine))
    return locale.say(Label.WAITS_FOR, whom=", ".join(others)) if others else ""
