"""The turns in an exchange: the party that is to act, and what it may do next.

The next steps follow from the rows of the kinds; a new kind's commands appear by themselves. Words
that are particular to a kind are in its spec (`KindSpec.steps`, `KindSpec.states`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agency_client.core.views import AskedConsent, ExchangeSummary, LegSummary
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.spec import ConsentStep
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words

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
"""For which party a leg may wait, by its state."""
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
"""The step of the party for which a leg waits, by the state; a kind may have another."""
_GOES_ON: Final = frozenset(
    {
        LegState.HELD,
        LegState.RETURNED,
        LegState.RELEASED,
        LegState.DELIVERED,
        LegState.ACKNOWLEDGED,
        LegState.JOINED,
    }
)
"""States of a member of a joint case that takes part, or may still do so."""
_READ_WHY_IN_CASE: Final = frozenset({LegState.REFUSED, LegState.REJECTED})


@dataclass(frozen=True, slots=True)
class Step:
    """What a party is to do next on a leg."""

    party: Party
    words: Label | Words
    one_leg: bool = False
    """True if closing is for this leg alone: the other members of the case go on."""


def step_of(kind: Kind, state: LegState, *, case_goes_on: bool = False) -> Step | None:
    """The next step on a leg; None if nothing waits there.

    Args:
        kind: the kind of the exchange.
        state: the state of the leg.
        case_goes_on: it is a joint case in which another member takes part, or may still do so.
    """
    party = TURNS[state]
    if party is None:
        return None
    if case_goes_on and state is LegState.LEFT:
        return None  # The lead closes a case once it has ended, and not when a member leaves.
    if case_goes_on and state in _READ_WHY_IN_CASE:
        return Step(party, Label.READ_WHY_OF_MEMBER, one_leg=True)
    words = kind.spec.steps.get(state, STEPS[state])
    return Step(party, words, one_leg=case_goes_on and state is LegState.RECALLED)


def case_goes_on(kind: Kind, states: Iterable[LegState]) -> bool:
    """True if it is a joint case that a member takes part in, or may still do so."""
    return kind.spec.is_case and not _GOES_ON.isdisjoint(states)


def state_words(kind: Kind, state: LegState) -> LegState | Words:
    """The words for a leg's state: those of the kind where the general ones would mislead."""
    return kind.spec.states.get(state, state)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for an agency: legs of one exchange in one state, or a consent."""

    summary: ExchangeSummary
    state: LegState
    legs: tuple[LegSummary, ...]
    party: Party
    """The part in which the agency is to act."""
    step: Step
    consent: AskedConsent | None = None
    """The request for consent that waits for the agency's decision, if that is what waits."""

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that may come next, without `agency` and the id."""
        if self.consent is not None:
            return ("show", *_CONSENT_COMMANDS)
        found = commands(self.summary.kind, self.party, self.state)
        if not self.step.one_leg:
            return found
        legs = " ".join(f"--leg {leg.agency}" for leg in self.legs)
        return tuple(f"{each} {legs}" if each == _CLOSE else each for each in found)


_CLOSE: Final = "close"
_CONSENT_COMMANDS: Final = tuple(
    dict.fromkeys(
        act.command
        for kind, row in ROWS
        if row.consent in (ConsentStep.GRANTS, ConsentStep.REFUSES)
        for act in kind.spec.acts
        if row.code in act.fixed.values()
    )
)
"""The commands that decide on a request for consent."""


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
        goes_on = case_goes_on(summary.kind, (leg.state for leg in summary.legs))
        for leg in summary.legs:
            is_own = party is not Party.RECIPIENT or leg.agency == agency
            if is_own and TURNS[leg.state] is party:
                states.setdefault(leg.state, []).append(leg)
        for state, legs in states.items():
            step = step_of(summary.kind, state, case_goes_on=goes_on)
            if step is not None:
                found.append(Waiting(summary, state, tuple(legs), party, step))
    return found


def waiting_consents(summaries: Iterable[ExchangeSummary], agency: AgencyId) -> list[Waiting]:
    """Select from a list the requests for consent that wait for an agency's decision."""
    found = []
    for summary in summaries:
        party = Party.INITIATOR if summary.initiator == agency else Party.RECIPIENT
        step = Step(party, Label.DECIDE_ON_CONSENT)
        found += [
            Waiting(summary, leg.state, (leg,), party, step, consent)
            for leg in summary.legs
            for consent in leg.consents
        ]
    return found


@dataclass(frozen=True, slots=True)
class LegTurn:
    """What is known of whose turn it is on a leg."""

    agency: AgencyId
    state: LegState
    consents_asked_of: tuple[Party, ...] = ()
    """The ends of the leg that are to decide on a request for consent."""


def turn_words(
    kind: Kind,
    legs: Sequence[LegTurn],
    initiator: AgencyId,
    party: Party,
    agency: AgencyId,
    locale: Locale,
) -> str:
    """For whom an exchange waits, in words; empty once it waits for nobody.

    Args:
        kind: the kind of the exchange.
        legs: the legs that are known.
        initiator: who opened the exchange.
        party: the part that one's own agency has in it.
        agency: one's own agency.
        locale: how the person is told.
    """
    mine: dict[str, None] = {}
    others: dict[str, None] = {}
    goes_on = case_goes_on(kind, (leg.state for leg in legs))
    for leg in legs:
        step = step_of(kind, leg.state, case_goes_on=goes_on)
        turns = [Step(each, Label.DECIDE_ON_CONSENT) for each in leg.consents_asked_of]
        for each in (*([step] if step else []), *turns):
            if each.party is party and (party is not Party.RECIPIENT or leg.agency == agency):
                mine[locale.say(each.words)] = None
            elif each.party is Party.RECIPIENT:
                others[leg.agency] = None
            elif each.party is Party.INITIATOR:
                others[initiator] = None
            else:
                others[locale.say(Label.AN_APPROVER)] = None
    if mine:
        return locale.say(Label.YOUR_TURN, step="; ".join(mine))
    return locale.say(Label.WAITS_FOR, whom=", ".join(others)) if others else ""
