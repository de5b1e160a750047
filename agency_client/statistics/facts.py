"""Facts of legs: what the log tells of each recipient's side of each exchange.

A leg's facts, with the entries of its statements, take about 0.8 KiB in memory, so a million legs
need about 0.8 GiB.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from exchange_protocol.kinds.bodies import given_attributes
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import (
    Currency,
    Handling,
    LegState,
    Purpose,
    Urgency,
    WithholdingGround,
)
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.kinds.rows import BEFORE_ANSWER, ENDED, OPEN_TO_RECIPIENT
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import Event
from exchange_protocol.record.folds import Applied
from exchange_protocol.rules.clocks import LegTimes, is_late, is_missed, is_overdue
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.exchange import Leg, LegChange
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Code

INTERNATIONAL: Final = "int"
"""Stands for the state of an agency that belongs to none."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_ANSWERS: Final = frozenset({LegState.ANSWERED, LegState.REFUSED, LegState.FROZEN})


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry of the log, and the hub's time of it."""

    index: int
    at: datetime


class Moments:
    """Entries of the log with the hub's times of them, in 16 bytes each."""

    __slots__ = ("_indexes", "_times")

    def __init__(self) -> None:
        self._indexes = array("q")
        self._times = array("q")

    def __iter__(self) -> Iterator[Moment]:
        """Give them in the order in which they were taken."""
        for index, ticks in zip(self._indexes, self._times, strict=True):
            yield Moment(index, _EPOCH + ticks * _TICK)

    def add(self, moment: Moment, times: int = 1) -> None:
        """Take an entry, as often as it counts."""
        for _ in range(times):
            self._indexes.append(moment.index)
            self._times.append((moment.at - _EPOCH) // _TICK)


class CountedHeader(NamedTuple):
    """Terms of an initial statement's header that are counted."""

    urgency: Urgency
    handling: Handling
    purpose: Purpose | None
    legal_basis: str | None


@dataclass(slots=True, kw_only=True)
class CountedLeg:
    """One recipient's side of an exchange, up to the last entry that was taken."""

    exchange_id: str
    kind: Kind
    initiator: AgencyId
    recipient: AgencyId
    from_state: str
    """ISO 3166-1 alpha-2 of the initiator's state, in lower case; `INTERNATIONAL` for none."""
    to_state: str
    """The same of the recipient."""
    header: CountedHeader
    """Counted terms of the initial statement."""
    initiated: Moment
    """The initial statement of its exchange."""
    opened: Moment
    """The statement that opened the leg: the initial one, or a later invitation to a joint case."""
    asked: Moment
    """The statement that the present turn answers: `opened`, or the newest invitation of a member
    that had declined or left. The time to answer runs from it."""
    state: LegState
    offences: tuple[OffenceType, ...] = ()
    """Offences of the initial statement; empty if it states none."""
    due_at: datetime | None = None
    answer_due: datetime | None = None
    """The due time of the answer; where a freeze stands, `due_at` is its end."""
    reached: frozenset[LegState] = frozenset()
    """The states that the leg came into."""
    answered: Moment | None = None
    """The entry that answered it: a reply, a refusal, or the freeze that was asked for."""
    outcome: tuple[Code, ...] = ()
    """The codes of the statement that ended the leg, such as the result of a reply."""
    ended: Moment | None = None
    """The entry that ended it: answered, refused, rejected or recalled."""
    ended_as: LegState | None = None
    """The state that it ended in, also where it was closed or erased since."""
    held: Moment | None = None
    """The entry since which it is held at the gate; None while it is not."""
    holds: tuple[timedelta, ...] = ()
    """Times that it was held, one for each release."""
    was_late: bool = False
    """True if it was answered or refused after its due time, or after one that was missed."""
    was_missed: bool = False
    """True if a due time was over before the recipient extended it, or returned the request."""
    was_missed_for_judge: bool = False
    """True if `awaits_judge` held then."""
    was_given_late: bool = False
    """True if it was answered, and its due time was over before the recipient was given it."""
    since: datetime | None = None
    """The time at which the present turn began."""
    awaits_judge: bool = False
    """True if the recipient told, before the due time of its answer, that a judge is awaited."""
    was_late_for_judge: bool = False
    """True if `awaits_judge` held when it was answered late."""

    def is_overdue(self, at: datetime) -> bool:
        """True if it still owes its answer at a time after its due time.

        What was over before the recipient was given the request is nobody's delay.
        """
        return is_overdue(self.due_at, self.state, at) and not self._is_given_late

    @property
    def _is_given_late(self) -> bool:
        due, since = self.due_at, self.since
        is_with_recipient = self.state in OPEN_TO_RECIPIENT | {LegState.RELEASED}
        return is_with_recipient and due is not None and since is not None and due < since

    def begin_anew(self, moment: Moment) -> None:
        """Forget how it ended: its member is invited again, and is to answer that."""
        self.asked = moment
        self.answered = self.ended = self.ended_as = None
        self.outcome = ()
        self.was_late = self.was_late_for_judge = False
        self.was_missed = self.was_missed_for_judge = self.was_given_late = False

    def is_overdue_for_judge(self, at: datetime) -> bool:
        """True if it is overdue, and a judge is awaited; a freeze awaits none."""
        return self.awaits_judge and self.state in BEFORE_ANSWER and self.is_overdue(at)


class StatementCount(NamedTuple):
    """The key of a count of statements: a kind, and one of its codes."""

    kind: Kind
    code: Code | None
    """The code; None for the kind as a whole."""


class Amount(NamedTuple):
    """A key under which amounts are summed: a kind, an outcome and a currency."""

    kind: Kind
    outcome: Code
    currency: Code


_Value = TypeVar("_Value")
CopyKey: TypeAlias = tuple[AgencyId, WithholdingGround | None]
"""The author's agency, and the ground on which a copy was withheld; None if it was sent."""


class Gatherer:
    """Takes the entries of a replay, in log order, and keeps the facts of legs.

    Exchanges of a kind that is not counted, such as a test of the connection, leave no trace.
    """

    def __init__(self) -> None:
        self._legs: dict[tuple[str, AgencyId], CountedLeg] = {}
        self.statements: dict[StatementCount, Moments] = defaultdict(Moments)
        """Entries of statements, by kind and by each code of their bodies."""
        self.amounts: dict[Amount, list[tuple[Moment, int]]] = defaultdict(list)
        """Amounts in signed bodies, with the entries that state them."""
        self.copies: dict[CopyKey, Moments] = defaultdict(Moments)
        """Supervisors' copies of statements, by author's agency and the ground if withheld."""
        self.denials: dict[str, Moments] = defaultdict(Moments)
        """Entries of denials, by the reason."""
        self._offences: dict[str, tuple[OffenceType, ...]] = {}
        """Of the initial statements that state any, by exchange: a member who comes later to a
        joint case has a leg of its own."""
        self.events: Counter[Event] = Counter()
        self.last: Moment | None = None
        """The last entry that was taken."""
        self._initiated: dict[str, Moment] = {}
        self._shared: dict[Any, Any] = {}
        """Values that many legs have, each by itself: they are parsed anew with every entry."""
        self._directory = Directory()

    def __iter__(self) -> Iterator[CountedLeg]:
        """Give the facts of every leg, in the order in which they were opened."""
        return iter(self._legs.values())

    def take(self, applied: Applied) -> None:
        """Take the next entry, as a replay judged it."""
        entry = applied.entry
        moment = self.last = Moment(applied.index, entry.hub_time)
        self.events[entry.event] += 1
        if entry.event is Event.DENIAL:
            self.denials[entry.reason].add(moment)
        if applied.judgement is not None:
            self._directory = applied.judgement.directory
        if applied.exchange is None or not applied.exchange.kind.spec.is_counted:
            return
        self._count(applied, moment)
        if entry.ruling is None:
            return
        for change in entry.ruling.legs:
            self._move(applied, moment, change)

    def _count(self, applied: Applied, moment: Moment) -> None:
        statement = applied.statement
        if statement is None:
            return
        self.statements[StatementCount(statement.kind, None)].add(moment)
        author, header = statement.author.agency, statement.header
        self.copies[author, None].add(moment, len(statement.supervisors))
        self.copies[author, header.withholding_ground].add(moment, len(header.withheld_from))
        said = dict(given_attributes(statement.body))
        amount, currency = said.get("amount"), said.get("currency")
        outcome = statement.kind.spec.outcome_of_amount(statement.body)
        if amount is not None and isinstance(currency, Code) and outcome is not None:
            self.amounts[Amount(statement.kind, outcome, currency)].append((moment, amount))
        if statement.kind.stage is Stage.INITIAL and "offence_types" in said:
            self._offences[statement.exchange_id] = self._share(said["offence_types"])
        values = (
            each
            for value in said.values()
            for each in (value if isinstance(value, tuple) else (value,))
        )
        # A statement counts once for each code, in whichever attributes it stands.
        for code in dict.fromkeys(each for each in values if isinstance(each, Code)):
            self.statements[StatementCount(statement.kind, code)].add(moment)

    def _move(self, applied: Applied, moment: Moment, change: LegChange) -> None:
        exchange, statement = applied.exchange, applied.statement
        assert exchange is not None  # noqa: S101 -- `take` has looked
        key = (exchange.id, self._share(change.agency))
        facts = self._legs.get(key)
        if facts is None:
            facts = self._legs[key] = CountedLeg(
                exchange_id=exchange.id,
                kind=exchange.kind,
                initiator=self._share(exchange.initiator),
                recipient=key[1],
                from_state=self._share(self._state_of(exchange.initiator)),
                to_state=self._share(self._state_of(change.agency)),
                header=self._share(_counted(exchange.header)),
                initiated=self._initiated.setdefault(exchange.id, moment),
                opened=moment,
                asked=moment,
                state=change.after,
                offences=self._offences.get(exchange.id, ()),
            )
        if change.before in ENDED and change.after in BEFORE_ANSWER:
            facts.begin_anew(moment)
        leg = exchange.leg(change.agency)
        was = applied.before.leg(change.agency) if applied.before else None
        times, times_before = _times(leg), _times(was)
        # The initiator puts on record that no answer came: that is none, and so not a late one.
        is_answer = statement is not None and statement.author.agency != exchange.initiator
        if times is not None and is_answer:
            _note_delay(facts, change, times, times_before, moment.at)
        if was is not None and is_missed(times_before, change.before, was.due_at, moment.at):
            due_at = leg.due_at if leg else None
            if change.after is LegState.RETURNED or (
                change.after in BEFORE_ANSWER and due_at != was.due_at
            ):
                facts.was_missed = True
                facts.was_missed_for_judge |= facts.awaits_judge
        facts.awaits_judge = times is not None and times.awaited_judge_when_due
        facts.answer_due = times.answer_due if times and not facts.was_given_late else None
        facts.since = times.since if times else None
        facts.due_at = leg.due_at if leg else facts.due_at
        facts.state = change.after
        facts.reached = self._share(facts.reached | {change.after})
        _note_hold(facts, moment)
        # What the recipient says after the record of silence, such as a consent, is no answer.
        if change.before in BEFORE_ANSWER and change.after in _ANSWERS and is_answer:
            facts.answered = facts.answered or moment
        if change.after in ENDED and change.before is not change.after and statement is not None:
            facts.ended, facts.ended_as = moment, change.after
            facts.outcome = self._share(_codes(statement.body))

    def _share(self, value: _Value) -> _Value:
        """Give the first value that was equal, so that the others take no memory."""
        shared: _Value = self._shared.setdefault((type(value), value), value)
        return shared

    def _state_of(self, agency: AgencyId) -> str:
        enrolled = self._directory.agencies.get(agency)
        return enrolled.country.lower() if enrolled and enrolled.country else INTERNATIONAL


def _times(leg: Leg | None) -> LegTimes | None:
    return leg.record.times if leg else None


def _note_delay(
    facts: CountedLeg, change: LegChange, times: LegTimes, before: LegTimes | None, at: datetime
) -> None:
    """Note if the recipient answers late: after its due time, or after one that it had missed."""
    if not (change.before in BEFORE_ANSWER and change.after in _ANSWERS):
        return
    since, due = (before.since if before else None), times.answer_due
    facts.was_given_late = since is not None and due is not None and due < since
    is_after_due = is_late(due, change.before, change.after, at, since=since)
    if is_after_due or facts.was_missed:
        facts.was_late = True
        is_for_judge = is_after_due and times.awaited_judge_when_due
        facts.was_late_for_judge |= is_for_judge or facts.was_missed_for_judge


def _counted(header: Header) -> CountedHeader:
    return CountedHeader(header.urgency, header.handling, header.purpose, header.legal_basis)


def _note_hold(facts: CountedLeg, moment: Moment) -> None:
    if facts.state is LegState.HELD:
        facts.held = facts.held or moment
    elif facts.held is not None and facts.state is not LegState.RETURNED:
        if facts.state not in (LegState.REJECTED, LegState.RECALLED):
            facts.holds += (moment.at - facts.held.at,)
        facts.held = None


def _codes(body: Any) -> tuple[Code, ...]:
    # A currency says of what an amount is, and nothing of how a leg ended.
    return tuple(
        value
        for _, value in given_attributes(body)
        if isinstance(value, Code) and not isinstance(value, Currency)
    )
