"""The turns in an exchange: the party that is to act, and what it may do next.

The next steps follow from the rows of the kinds; a new kind's commands appear by themselves. Words
that are particular to a kind are in its spec (`KindSpec.steps`, `KindSpec.states`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, TypeAlias

from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.news import read_up_to, unread
from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.catalogue import ROWS, STATES_OF_ASKING, Kind
from exchange_protocol.kinds.codes import LegState, Party, TimeLimitRule
from exchange_protocol.kinds.rows import OWES, About, ConsentStep, Row, TaskStep, When
from exchange_protocol.record.listing import AskedConsent, ExchangeSummary, LegSummary
from exchange_protocol.rules.clocks import Clock, is_overdue
from exchange_protocol.rules.joint_case import OVER
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Code, Words

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
"""Parties that a leg may wait for, by its state."""
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
ENDS_BY_ITSELF: Final = frozenset({LegState.FROZEN})
"""States that end with the due time of the leg, whoever acts or not."""
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
_ENDED_IN_CASE: Final = frozenset({LegState.REJECTED, LegState.RECALLED})
"""States of a member of a joint case that is not invited again."""


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing for a party to do on a leg."""

    party: Party
    words: Label | Words
    one_leg: bool = False
    """True if closing is for this leg alone: the other members of the case go on."""
    is_over: bool = False
    """True if the time is over in which more could be done."""
    after_delay: bool = False
    """True if it is another's turn, whose time is over."""
    is_news: bool = False
    """True if it is another's turn, and something came that the person has not read."""


def step_of(
    kind: Kind,
    state: LegState,
    *,
    case_goes_on: bool = False,
    is_over: bool = False,
    is_due: bool = False,
) -> Step | None:
    """The next step on a leg; None if nothing waits there.

    Args:
        kind: the kind of the exchange.
        state: the state of the leg.
        case_goes_on: it is a joint case in which another member takes part, or may still do so.
        is_over: the due time of the leg is over.
        is_due: the leg has a due time.
    """
    party = TURNS[state]
    if party is None:
        return None
    if case_goes_on and state is LegState.LEFT:
        return None  # The lead closes a case once it has ended, and not when a member leaves.
    if case_goes_on and state is LegState.REFUSED:
        return Step(party, Label.READ_WHY_OF_MEMBER, one_leg=True)
    if is_over and state in ENDS_BY_ITSELF:
        return Step(party, Label.RECORD_EXPIRY, is_over=True)
    if is_due and state is LegState.JOINED:
        return Step(party, Label.DO_THE_TASK)
    words = kind.spec.steps.get(state, STEPS[state])
    return Step(party, words, one_leg=case_goes_on and state in _ENDED_IN_CASE)


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
    may_say: Callable[[Kind], bool] | None = field(default=None, compare=False)
    """True if the person who lists may say a kind there; None where nobody asks."""

    @property
    def is_for_others(self) -> bool:
        """True if something is to be done, and by others of the agency: this person may not."""
        return are_for_others(self._all_commands(), self.may_say)

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that may come next, without `agency` and the id."""
        return tuple(each for each in self._all_commands() if _is_for(each, self.may_say))

    def _all_commands(self) -> tuple[str, ...]:
        if self.consent is not None:
            return ("show", *_CONSENT_COMMANDS)
        if self.step.is_news:
            return ("show", *self._letting_take_part())
        claimed = {leg.claimed_by is not None for leg in self.legs}
        found = commands(
            self.summary.kind,
            self.party,
            self.state,
            is_claimed=claimed.pop() if len(claimed) == 1 else None,
            is_over=self.step.is_over or self.step.after_delay,
            only_after_due=self.step.after_delay,
            has_task=any(leg.due_at is not None for leg in self.legs),
        )
        if not self.step.one_leg:
            return found
        legs = " ".join(f"--leg {leg.agency}" for leg in self.legs)
        return tuple(f"{each} {legs}" if each == _CLOSE else each for each in found)

    def _letting_take_part(self) -> tuple[str, ...]:
        """The commands by which a supervisor whose comment came may be let take part."""
        if not any(leg.newest and leg.newest.kind.spec.supervises for leg in self.legs):
            return ()
        if self.summary.kind.spec.is_case:
            if all(leg.state in OVER for leg in self.summary.legs):
                return ()  # Nobody is invited to a case that is closed.
            return tuple(
                act.command for kind in Kind if kind.spec.invites for act in kind.spec.acts
            )
        return tuple(
            act.command
            for kind, row in ROWS
            if row.involves and row.party is self.party and self.state in row.before
            for act in kind.spec.acts
        )


def are_for_others(commands: Sequence[str], may_say: Callable[[Kind], bool] | None) -> bool:
    """True if something may be done by these commands, and only by others than this person."""
    acting = [each for each in commands if each != _SHOW]
    return bool(acting) and not any(_is_for(each, may_say) for each in acting)


def _is_for(command: str, may_say: Callable[[Kind], bool] | None) -> bool:
    """True if a person may give a command; `may_say` is None where nobody asks."""
    kinds = _KINDS_OF.get(command.partition(" ")[0])
    return may_say is None or kinds is None or any(map(may_say, kinds))


_SHOW: Final = "show"
_CLOSE: Final = "close"
_KINDS_OF: Final = {
    act.command: tuple(each for each in Kind if act in each.spec.acts)
    for kind in Kind
    for act in kind.spec.acts
}
"""The kinds that a command says; `show` says none."""
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


def commands(
    kind: Kind,
    party: Party,
    state: LegState,
    *,
    is_claimed: bool | None = None,
    is_over: bool = False,
    only_after_due: bool = False,
    has_task: bool = True,
) -> tuple[str, ...]:
    """List the commands that take a leg further, by kind of exchange and state.

    Three things that may be said at any time are left out: consents, which wait by themselves, the
    correction of one's own words, and the help of a supervisor.

    Args:
        kind: the kind of the exchange.
        party: who speaks.
        state: the state of the leg.
        is_claimed: whether an approver has the leg in hand; None if that is not known.
        is_over: the due time of the leg is over.
        only_after_due: leave out what could be said before it.
        has_task: the member of a joint case has a task to end.
    """
    untimely = When.BEFORE_DUE if is_over else When.AFTER_DUE
    answer = kind.spec.answer
    found = [
        act.command
        for each, row in ROWS
        if row.party is party and state in row.before and (not row.is_answer or each.body is answer)
        if not row.in_case or kind.spec.is_case
        if row.consent is None or row.consent is ConsentStep.ASKS_FOR_SOURCES
        if row.when is not untimely
        if not only_after_due or row.when is When.AFTER_DUE
        if not row.involves and not _corrects_answer(row)
        if has_task or row.task is not TaskStep.ENDS
        # A kind that carries no case asks for no feedback.
        if kind.spec.is_counted or row.meets is not TimeLimitRule.FEEDBACK
        if row.claims is None or is_claimed is None or row.claims is not is_claimed
        for act in each.spec.acts
        if row.code is None or _says(act, row.code)
    ]
    return ("show", *dict.fromkeys(found))


def commands_of(kind: str, code: str | None) -> tuple[str, ...]:
    """The commands that say a kind, by its name and the name of the code that its row is for."""
    return tuple(
        dict.fromkeys(
            f"agency {act.command}"
            for each, row in ROWS
            if each.value == kind and (row.code.name if row.code else None) == code
            for act in each.spec.acts
            if row.code is None or _says(act, row.code)
        )
    )


def _rows_in(state: LegState) -> list[Row]:
    return [row for _, row in ROWS if state in row.before]


def _corrects_answer(row: Row) -> bool:
    """True for the correction of what a recipient said before: nothing waits for it."""
    return row.about is About.OWN and row.party is Party.RECIPIENT


def _says(act: Act, code: Code) -> bool:
    """True if an act says a code of its body: it sets it, or lets its author choose it."""
    fixed = [each for each in act.fixed.values() if isinstance(each, type(code))]
    return code in fixed if fixed else True


def states_asked(party: Party) -> tuple[LegState, ...]:
    """The states in which a leg may wait for a party.

    These are the states of its turn, of others' delay, and those in which others ask it something:
    the other end, or a supervisor, who may speak at any time. Of what is closed only the newest are
    worth asking for (`STATES_AFTER_ALL`): all that a body ever closed would be too much.
    """
    turns = [state for state, turn in TURNS.items() if turn is party]
    others = (*_STATES_OF_DELAY.get(party, ()), *STATES_OF_ASKING.get(party, ()))
    supervised = _STATES_OF_SUPERVISION if party in _ENDS else ()
    return tuple(dict.fromkeys((*turns, *others, *supervised)))


def waiting(
    summaries: Iterable[ExchangeSummary],
    party: Party,
    agency: AgencyId,
    now: datetime,
    marks: Mapping[str, int] | None = None,
) -> list[Waiting]:
    """Select from a list what waits for an agency, as the party that it is in all of it.

    Where it is another's turn and the time is over, it may say so. With `marks`, which say up to
    which entry a person has read each exchange, what came since waits to be read.
    """
    found = []
    for summary in summaries:
        read = None if marks is None else read_up_to(marks, summary.id)
        groups: dict[tuple[LegState, Step], list[LegSummary]] = {}
        goes_on = case_goes_on(summary.kind, (leg.state for leg in summary.legs))
        for leg in summary.legs:
            if party is Party.RECIPIENT and leg.agency != agency:
                continue
            is_over = is_overdue(leg.due_at, leg.state, now)
            step = step_of(
                summary.kind,
                leg.state,
                case_goes_on=goes_on,
                is_over=is_over,
                is_due=leg.due_at is not None,
            )
            if is_over and TURNS[leg.state] is not party:
                step = _step_after_delay(party, leg.state)
            asked = _asked_of(party, leg, is_over=is_over)
            if asked is not None:
                step = asked
            elif (step is None or step.party is not party) and _has_news(party, leg, read):
                step = Step(party, Label.READ_WHAT_CAME, is_news=True)
            if step is not None and step.party is party:
                groups.setdefault((leg.state, step), []).append(leg)
        found += [
            Waiting(summary, state, tuple(legs), party, step)
            for (state, step), legs in groups.items()
        ]
    return found


_STATES_OF_DELAY: Final = {
    party: tuple(
        state
        for state in LegState
        if TURNS[state] is not party
        if any(row.party is party and row.when is When.AFTER_DUE for row in _rows_in(state))
    )
    for party in (Party.INITIATOR, Party.RECIPIENT)
}
"""States in which a party may say that another's time is over."""
_STATES_OF_SUPERVISION: Final = tuple(
    state
    for state in LegState
    if TURNS[state] is not None
    if any(kind.spec.supervises and state in row.before for kind, row in ROWS)
)
"""States of a leg that goes on, in which a supervisor may speak."""


STATES_AFTER_ALL: Final = (LegState.CLOSED,)
"""States of a leg on which nothing is to be done, but of which something may still be said: by a
supervisor, or on a consent. What is erased has nothing left to read."""


def _step_after_delay(party: Party, state: LegState) -> Step | None:
    if state not in _STATES_OF_DELAY.get(party, ()):
        return None
    words = Label.RECORD_EXPIRY if state in ENDS_BY_ITSELF else Label.NO_ANSWER_CAME
    if state is LegState.JOINED:
        words = Label.TASK_NOT_DONE
    return Step(party, words, after_delay=True)


_ENDS: Final = (Party.INITIATOR, Party.RECIPIENT)


def _asked_of(party: Party, leg: LegSummary, *, is_over: bool) -> Step | None:
    """The step that the other end asks of an end of a leg, until it is answered."""
    if leg.asks is None or leg.state not in STATES_OF_ASKING.get(party, ()):
        return None
    words = leg.asks.spec.asks
    if words is None:
        return None
    return None if is_over and leg.state in ENDS_BY_ITSELF else Step(party, words)


def _has_news(party: Party, leg: LegSummary, read: int | None) -> bool:
    if party not in _ENDS or read is None:
        return False
    if leg.state in STATES_AFTER_ALL and leg.newest is not None and leg.newest.is_answered:
        return False  # What came before one's own last word is done with.
    # Nothing is to be done when a member leaves a case that goes on, but the lead must learn of it.
    if party is Party.INITIATOR and leg.state is LegState.LEFT and leg.newest is not None:
        return leg.newest.index > read
    return unread(leg, read) is not None


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
    """A leg, as far as it is known, to tell whose turn it is."""

    agency: AgencyId
    state: LegState
    consents_asked_of: tuple[Party, ...] = ()
    """The ends of the leg that are to decide on a request for consent."""
    due_at: datetime | None = None
    due_on: date | None = None
    """The day whose end is the due time, where its author gave a day."""
    clocks: tuple[Clock, ...] = ()
    """The times that run on it."""
    asked: Party | None = None
    """The end of which something is asked that the leg awaits an answer to."""
    asks: Words | None = None
    """The words of its question."""
    approvers: tuple[AgencyId, ...] = ()
    """The agencies that may decide on it while it is held, as far as that is known."""


MaySay: TypeAlias = Callable[[Kind, AgencyId], bool]
"""Tells whether a person may say a kind on the leg of an agency."""


def turn_words(
    kind: Kind,
    legs: Sequence[LegTurn],
    initiator: AgencyId,
    party: Party,
    agency: AgencyId,
    locale: Locale,
    now: datetime,
    may_say: MaySay | None = None,
) -> str:
    """For whom an exchange waits and until when, in words; empty once it waits for nobody.

    Where another's time is over, it says also what the agency may do about it. A step that the
    role of the person does not permit is named as one for others of the agency, as in `todo`.

    Args:
        kind: the kind of the exchange.
        legs: the legs that are known.
        initiator: who opened the exchange.
        party: the part that one's own agency has in it.
        agency: one's own agency.
        locale: how the person is told.
        now: the present time.
        may_say: whether the person may say a kind on the leg of an agency; None if nobody asks.
    """
    mine: dict[str, None] = {}
    others: dict[str, list[tuple[datetime, str]]] = {}
    delays: dict[str, None] = {}
    goes_on = case_goes_on(kind, (leg.state for leg in legs))
    for leg in legs:
        is_over = is_overdue(leg.due_at, leg.state, now)
        step = step_of(
            kind,
            leg.state,
            case_goes_on=goes_on,
            is_over=is_over,
            is_due=leg.due_at is not None,
        )
        # Asked of one who has no turn, it is told to that one alone: the exchange waits as before.
        is_for_all = step is None or step.party is leg.asked or leg.asked is party
        if leg.asked and leg.asks and is_for_all and not (is_over and leg.state in ENDS_BY_ITSELF):
            step = Step(leg.asked, leg.asks)
        turns = [Step(each, Label.DECIDE_ON_CONSENT) for each in leg.consents_asked_of]
        for each in (*([step] if step else []), *turns):
            if each.party is party and (party is not Party.RECIPIENT or leg.agency == agency):
                mine[_own_step(kind, leg, each, locale, may_say)] = None
                continue
            until = None if each in turns else _until(leg, each.party, locale, now)
            whom = {
                Party.RECIPIENT: locale.agency(leg.agency),
                Party.INITIATOR: locale.agency(initiator),
            }.get(each.party) or _approvers(leg, locale)
            others.setdefault(whom, []).extend([until] if until else [])
            if is_over and each is step and (delay := _step_after_delay(party, leg.state)):
                delays[locale.say(delay.words)] = None
    if mine:
        return locale.say(Label.YOUR_TURN, step="; ".join(mine))
    if not others:
        return ""
    # Names of agencies may have commas.
    between = "; " if locale.names else ", "
    whom = between.join(
        f"{each} ({min(ends)[1]})" if ends else each for each, ends in others.items()
    )
    return "; ".join((locale.say(Label.WAITS_FOR, whom=whom), *delays))


def _own_step(kind: Kind, leg: LegTurn, step: Step, locale: Locale, may_say: MaySay | None) -> str:
    """A step of one's own agency in words; one that the person's role does not permit says so."""
    said = locale.say(step.words)
    if may_say is None:
        return said
    found: tuple[str, ...] = _CONSENT_COMMANDS
    if step.words is not Label.DECIDE_ON_CONSENT:
        found = commands(kind, step.party, leg.state, is_over=step.is_over)
    is_for_others = are_for_others(found, lambda each: may_say(each, leg.agency))
    return locale.say(Label.FOR_OTHERS_OF_YOURS, step=said) if is_for_others else said


def _approvers(leg: LegTurn, locale: Locale) -> str:
    known = f" {locale.say(Label.OR)} ".join(map(locale.agency, leg.approvers))
    return known or locale.say(Label.AN_APPROVER)


def _until(
    leg: LegTurn, party: Party, locale: Locale, now: datetime
) -> tuple[datetime, str] | None:
    """The time until which a leg waits for a party, and in words; None where none runs."""
    is_end = leg.state in ENDS_BY_ITSELF
    at, day, is_late = leg.due_at, leg.due_on, is_overdue(leg.due_at, leg.state, now)
    clock = min(
        (each for each in leg.clocks if each.party is party), key=lambda each: each.at, default=None
    )
    if clock is not None:
        at, day, is_late = clock.at, clock.day, clock.is_over(now)
    elif party is not Party.RECIPIENT or leg.state not in OWES or at is None:
        return None
    return at, locale.due(at, day, now, is_overdue=is_late, is_end=is_end)
