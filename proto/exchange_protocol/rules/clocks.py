"""Clocks: the questions about time, asked the same way by hub, lists, clients and auditors.

A leg's due time is `Leg.due_at`: the initiator names it, an extension moves it, and while a freeze
stands it is the time when the freeze expires. Where the initiator names none, the published time
for an answer sets it at the release (docs/rules.md, section Clocks). Where it names one, that one
holds, and the published time is told beside it. "Overdue" is no state of a leg; it follows from the
due time, the state and the moment of the question.

`LegTimes` is kept with a leg: the time at which its present turn began, the ends of the published
times that run, and since when a judge is awaited. `running` lists the clocks that follow from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from exchange_protocol.kinds.codes import LegState, Party, TimeLimitRule, Urgency
from exchange_protocol.kinds.rows import BEFORE_ANSWER, OPEN_TO_RECIPIENT, OWES
from exchange_protocol.rules.calendars import Deadline, TimeRules
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import NamedCode

REMINDERS: Final = (50, 80, 100)
"""Parts of a time, in percent, at which people are reminded."""
FREEZE_ALARMS: Final = (48, 24, 8)
"""Hours before a freeze expires at which people are warned."""

_BEFORE_RELEASE = frozenset({LegState.HELD})
_TO_ANSWER = OPEN_TO_RECIPIENT | {LegState.RELEASED}
_TURNS: Final = (
    _BEFORE_RELEASE,
    _TO_ANSWER,
    frozenset({LegState.RETURNED}),
    frozenset({LegState.FROZEN}),
    frozenset({LegState.ANSWERED}),
)
_ENDED: Final = frozenset(
    {
        LegState.ANSWERED,
        LegState.REFUSED,
        LegState.REJECTED,
        LegState.RECALLED,
        LegState.LEFT,
        LegState.CLOSED,
    }
)
"""States in which the time of retention runs; each of them begins it anew."""
_ENDS_WAIT: Final = frozenset({LegState.ANSWERED, LegState.REFUSED, LegState.FROZEN})
_RETENTION: Final = (TimeLimitRule.RETENTION,)
_REPLIES: Final = (TimeLimitRule.REPLY, TimeLimitRule.URGENT_REPLY)
_DECISIONS: Final = (TimeLimitRule.DECISION, TimeLimitRule.URGENT_DECISION)
_ANSWER_RULES: Final = {
    Urgency.ROUTINE: (
        TimeLimitRule.ACKNOWLEDGEMENT,
        TimeLimitRule.REPLY,
        TimeLimitRule.REPLY_AT_HAND,
    ),
    Urgency.URGENT: (
        TimeLimitRule.ACKNOWLEDGEMENT,
        TimeLimitRule.URGENT_REPLY,
        TimeLimitRule.URGENT_REPLY_AT_HAND,
        TimeLimitRule.URGENT_REPLY_INDIRECT,
    ),
}


class RuleEnd(NamedTuple):
    """The end of a published time."""

    rule: TimeLimitRule
    at: datetime
    unpublished: tuple[int, ...] = ()
    """Years that it was counted through without a published calendar."""


@dataclass(frozen=True, slots=True)
class LegTimes:
    """The times of a leg, as its entries on the log make them."""

    since: datetime
    """The hub's time at which the present turn began."""
    answer_due: datetime | None = None
    """The due time of its answer, also after the answer and while a freeze stands."""
    is_by_rule: bool = False
    """True if a published time set the due time, and not the initiator or an extension."""
    ends: tuple[RuleEnd, ...] = ()
    """The ends of the published times that run in the present turn."""
    judge_awaited_since: datetime | None = None
    """The hub's time of the first notice in the turn to answer that a judge is awaited, also after
    the answer; None if there was none."""

    def end(self, rules: Collection[TimeLimitRule]) -> RuleEnd | None:
        """The end of the time of one of these rules; None if none runs."""
        for each in self.ends:
            if each.rule in rules:
                return each
        return None

    @property
    def awaited_judge_when_due(self) -> bool:
        """True if a judge was awaited already when the answer was due.

        A notice that comes later does not explain why the time was exceeded.
        """
        since, due = self.judge_awaited_since, self.answer_due
        return since is not None and due is not None and since <= due

    @property
    def kept_until(self) -> datetime | None:
        """The time until which the content of the leg is kept; None while none is set."""
        retention = self.end(_RETENTION)
        return retention.at if retention else None


class Turn(NamedTuple):
    """A leg after a statement, as far as its clocks depend on it."""

    state: LegState
    due_at: datetime | None
    names_due: bool
    """True if the statement itself named the due time."""
    is_anew: bool
    """True if the turn begins anew although it is the same one: new content, a new expiry."""
    meets: TimeLimitRule | None
    """The rule that the statement meets: its clock stops."""
    awaits_judge: bool
    """True if the statement tells that a judge is awaited."""
    recipient: AgencyId
    initiator: AgencyId
    approvers: tuple[AgencyId, ...]
    urgency: Urgency
    is_counted: bool
    """False for an exchange without a case, such as a test of the connection."""


def times_after(
    times: LegTimes | None, before: LegState | None, turn: Turn, rules: TimeRules, at: datetime
) -> tuple[LegTimes, datetime | None]:
    """The times of a leg after a statement, and its due time.

    Args:
        times: the times of the leg before; None for a leg that begins.
        before: the state of the leg before.
        turn: the leg after the statement.
        rules: the published times.
        at: the hub's time of the statement.
    """
    if times is not None and not turn.is_anew and _turn(before) is _turn(turn.state):
        after, due_at = _in_same_turn(times, turn), turn.due_at
    else:
        after, due_at = _in_new_turn(times, turn, rules, at)
    if turn.awaits_judge and after.judge_awaited_since is None:
        after = replace(after, judge_awaited_since=at)
    if turn.state in BEFORE_ANSWER and after.answer_due != due_at:
        after = replace(after, answer_due=due_at)
    return _with_retention(after, times, before, turn, rules, at), due_at


def _in_same_turn(times: LegTimes, turn: Turn) -> LegTimes:
    """The times while a turn goes on: a clock that the statement meets stops, the others run."""
    ends = tuple(each for each in times.ends if each.rule is not turn.meets)
    return replace(times, ends=ends, is_by_rule=times.is_by_rule and not turn.names_due)


def _in_new_turn(
    times: LegTimes | None, turn: Turn, rules: TimeRules, at: datetime
) -> tuple[LegTimes, datetime | None]:
    """The times of a turn that begins, and the due time of the leg.

    The published time for an answer sets the due time where nobody named one.
    """
    ends = tuple(_ends(turn, rules, at)) if turn.is_counted and rules.limits else ()
    is_to_answer = turn.state in BEFORE_ANSWER
    due_at = turn.due_at
    if is_to_answer and times is not None and times.is_by_rule and not turn.names_due:
        # The time for an answer stops while the leg is not the recipient's turn.
        due_at = None
    reply = next((each for each in ends if each.rule in _REPLIES), None)
    is_by_rule = False
    if due_at is None and reply is not None and not reply.unpublished:
        due_at, is_by_rule = reply.at, True
    if is_to_answer or times is None:
        # The recipient tells anew whether a judge is awaited.
        answer_due, judge = due_at if is_to_answer else None, None
    else:
        answer_due, judge = times.answer_due, times.judge_awaited_since
    return LegTimes(at, answer_due, is_by_rule, ends, judge), due_at


def _with_retention(
    after: LegTimes,
    times: LegTimes | None,
    before: LegState | None,
    turn: Turn,
    rules: TimeRules,
    at: datetime,
) -> LegTimes:
    """The times with the end of retention: from the moment on at which the leg took its state."""
    runs = times.end(_RETENTION) if times else None
    if turn.state not in _ENDED:
        kept = None
    elif before is turn.state:
        kept = runs
    else:
        found = rules.deadline(TimeLimitRule.RETENTION, turn.initiator, at)
        kept = RuleEnd(TimeLimitRule.RETENTION, found.at) if found else None
    if kept is None and after.end(_RETENTION) is None:
        return after
    ends = tuple(each for each in after.ends if each.rule not in _RETENTION)
    return replace(after, ends=(*ends, kept) if kept else ends)


def _turn(state: LegState | None) -> frozenset[LegState] | None:
    return next((each for each in _TURNS if state in each), None)


def _ends(turn: Turn, rules: TimeRules, at: datetime) -> Iterator[RuleEnd]:
    """The ends of the published times that begin with a turn."""
    asked: dict[TimeLimitRule, Deadline | None] = {}
    if turn.state in _TO_ANSWER:
        asked = {
            rule: rules.deadline(rule, turn.recipient, at) for rule in _ANSWER_RULES[turn.urgency]
        }
    elif turn.state in _BEFORE_RELEASE:
        rule = _DECISIONS[turn.urgency is Urgency.URGENT]
        each = [rules.deadline(rule, agency, at) for agency in turn.approvers]
        # Any of them may decide: none is late before the last of their times ends.
        asked = {rule: max(filter(None, each), key=lambda end: end.at, default=None)}
    elif turn.state is LegState.ANSWERED:
        feedback = TimeLimitRule.FEEDBACK
        asked = {feedback: rules.deadline(feedback, turn.initiator, at)}
    for rule, end in asked.items():
        if end is not None:
            yield RuleEnd(rule, end.at, end.unpublished)


# --- Questions ----------------------------------------------------------------------------------


def is_overdue(due_at: datetime | None, state: LegState, at: datetime) -> bool:
    """True if a leg in this state still owes what was due, at a time after that."""
    return due_at is not None and due_at < at and state in OWES


def is_late(
    answer_due: datetime | None,
    before: LegState | None,
    after: LegState,
    at: datetime,
    *,
    since: datetime | None = None,
) -> bool:
    """True if a change at that time was an answer, a refusal or a freeze after its due time.

    A due time that was over before the turn began, at `since`, puts nobody in default: the gate or
    the initiator used it up.
    """
    return (
        answer_due is not None
        and answer_due < at
        and (since is None or answer_due >= since)
        and before in BEFORE_ANSWER
        and after in _ENDS_WAIT
    )


def is_missed(
    times: LegTimes | None, before: LegState | None, due_at: datetime | None, at: datetime
) -> bool:
    """True if a recipient's turn to answer went on beyond its due time, by a change at that time.

    `times` and `due_at` are those of the leg before the change.
    """
    return (
        times is not None
        and due_at is not None
        and before in _TO_ANSWER
        and times.since <= due_at < at
    )


def next_due(legs: Iterable[tuple[datetime | None, LegState]]) -> datetime | None:
    """The earliest due time of legs that still owe an answer; None if there is none."""
    return min(
        (due_at for due_at, state in legs if due_at is not None and state in OWES),
        default=None,
    )


class ClockKind(NamedCode):
    """Clocks that run on a leg."""

    DECISION = "decision", "decision at the gate", "решение о выдаче", "беру туралы шешім"
    ACKNOWLEDGEMENT = "acknowledgement", "acknowledgement", "подтверждение", "растау"
    ANSWER = "answer", "answer due", "срок ответа", "жауап мерзімі"
    LIMIT = "limit", "published time for an answer", "нормативный срок", "белгіленген мерзім"
    FREEZE = "freeze", "end of the freeze", "окончание замораживания", "қатырудың аяқталуы"
    FEEDBACK = "feedback", "feedback", "отзыв", "кері байланыс"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that runs on a leg: for whom, since when, and until when."""

    kind: ClockKind
    party: Party
    """The party whose turn it is."""
    since: datetime
    at: datetime
    """The end of the time."""
    unpublished: tuple[int, ...] = ()
    """Years whose calendar is not published: only Saturdays and Sundays were left out."""
    judge_awaited_since: datetime | None = None
    """The time since which a judge is awaited, of a time for an answer; it moves no end."""
    day: date | None = None
    """The day whose end is the end of the time, where a person gave a day."""

    @property
    def binds(self) -> bool:
        """True if its end puts somebody in default: not while a calendar is missing."""
        return not self.unpublished

    def is_over(self, now: datetime) -> bool:
        """True if its time is over, so that somebody is in default."""
        return now > self.at and self.binds

    def used(self, now: datetime) -> int:
        """The part of the time that is over, in whole percent; 100 at its end, and never more."""
        if now >= self.at:
            return REMINDERS[-1]
        whole = self.at - self.since
        return max(0, min(REMINDERS[-1] - 1, (now - self.since) * 100 // whole)) if whole else 0

    def reminder(self, now: datetime) -> int | None:
        """The last of `REMINDERS` that is reached; None before the first."""
        return max((each for each in REMINDERS if each <= self.used(now)), default=None)

    def alarm(self, now: datetime) -> int | None:
        """The last of `FREEZE_ALARMS` that is reached, of a freeze; None before the first."""
        if self.kind is not ClockKind.FREEZE:
            return None
        left = self.at - now
        return min((each for each in FREEZE_ALARMS if left <= timedelta(hours=each)), default=None)


def running(
    state: LegState, times: LegTimes | None, due_at: datetime | None, due_on: date | None
) -> tuple[Clock, ...]:
    """The clocks that run on a leg in a state, the most pressing first."""
    if times is None:
        return ()
    found: list[Clock] = []
    judge = times.judge_awaited_since if state in _TO_ANSWER else None
    if due_at is not None and state in OWES:
        # The time for an answer is never an approver's: it has the time for its decision.
        party = Party.INITIATOR if state is LegState.RETURNED else Party.RECIPIENT
        kind = ClockKind.FREEZE if state is LegState.FROZEN else ClockKind.ANSWER
        found.append(Clock(kind, party, times.since, due_at, judge_awaited_since=judge, day=due_on))
    for end in times.ends:
        known = _CLOCK_OF.get(end.rule)
        is_met = known is ClockKind.ACKNOWLEDGEMENT and state is LegState.ACKNOWLEDGED
        is_told = known is ClockKind.LIMIT and times.is_by_rule
        if known is not None and not is_met and not is_told:
            party = _PARTY_OF_CLOCK.get(known, Party.RECIPIENT)
            awaited = judge if known is ClockKind.LIMIT else None
            found.append(Clock(known, party, times.since, end.at, end.unpublished, awaited))
    return tuple(sorted(found, key=lambda clock: clock.at))


_PARTY_OF_CLOCK: Final = {
    ClockKind.DECISION: Party.APPROVER,
    ClockKind.FEEDBACK: Party.INITIATOR,
}
_CLOCK_OF: Final = {
    TimeLimitRule.DECISION: ClockKind.DECISION,
    TimeLimitRule.URGENT_DECISION: ClockKind.DECISION,
    TimeLimitRule.ACKNOWLEDGEMENT: ClockKind.ACKNOWLEDGEMENT,
    TimeLimitRule.REPLY: ClockKind.LIMIT,
    TimeLimitRule.URGENT_REPLY: ClockKind.LIMIT,
    TimeLimitRule.FEEDBACK: ClockKind.FEEDBACK,
}
"""The other rules are aims: the recipient alone knows which of them applies."""


# --- Their form in tables -----------------------------------------------------------------------


def encode_times(times: LegTimes) -> list[Any]:
    """Times as plain values for JSON."""
    return [
        times.since.isoformat(),
        times.answer_due.isoformat() if times.answer_due else None,
        times.is_by_rule,
        [[int(end.rule), end.at.isoformat(), *end.unpublished] for end in times.ends],
        *([times.judge_awaited_since.isoformat()] if times.judge_awaited_since else []),
    ]


def decode_times(fields: list[Any]) -> LegTimes:
    """Times from what `encode_times` made."""
    since, answer_due, is_by_rule, ends, *judge = fields
    return LegTimes(
        since=datetime.fromisoformat(since),
        answer_due=datetime.fromisoformat(answer_due) if answer_due else None,
        is_by_rule=is_by_rule,
        ends=tuple(
            RuleEnd(TimeLimitRule(rule), datetime.fromisoformat(at), tuple(years))
            for rule, at, *years in ends
        ),
        judge_awaited_since=datetime.fromisoformat(judge[0]) if judge else None,
    )
