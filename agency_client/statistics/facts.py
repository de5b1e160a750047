"""Facts of legs: what the log tells of each recipient's side of each exchange.

A leg's facts take about 1 KiB in memory, so a million legs need about 1 GiB.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Currency, LegState, WithholdingGround
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.kinds.spec import BEFORE_ANSWER, ENDED, Stage, body_codes
from exchange_protocol.record.entries import Event
from exchange_protocol.record.folds import Applied
from exchange_protocol.rules.clocks import is_late, is_overdue
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Code

INTERNATIONAL: Final = "int"
"""Stands for the state of an agency that belongs to none."""
_ANSWERS: Final = frozenset({LegState.ANSWERED, LegState.REFUSED, LegState.FROZEN})


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry of the log, and the hub's time of it."""

    index: int
    at: datetime


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
    header: Header
    """Of the initial statement."""
    initiated: Moment
    """The initial statement of its exchange."""
    opened: Moment
    """The statement that opened the leg: the initial one, or a later invitation to a joint case."""
    state: LegState
    offences: tuple[OffenceType, ...] = ()
    """Of the initial statement; empty if it states none."""
    due_at: datetime | None = None
    answer_due: datetime | None = None
    """The due time of the answer; where a freeze stands, `due_at` is its end."""
    reached: dict[LegState, Moment] = field(default_factory=dict)
    """The first entry at which the leg came into each state."""
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
    holds: list[timedelta] = field(default_factory=list)
    """For how long it was held, once for each release."""
    was_late: bool = False
    """True if it was answered or refused after its due time."""
    awaits_judge: bool = False
    """True if the recipient told, before the due time of its answer, that a judge is awaited."""
    was_late_for_judge: bool = False
    """True if `awaits_judge` held when it was answered late."""

    def is_overdue(self, at: datetime) -> bool:
        """True if it still owes its answer at a time after its due time."""
        return is_overdue(self.due_at, self.state, at)

    def is_overdue_for_judge(self, at: datetime) -> bool:
        """True if it is overdue, and a judge is awaited; a freeze awaits none."""
        return self.awaits_judge and self.state in BEFORE_ANSWER and self.is_overdue(at)


class StatementCount(NamedTuple):
    """The key of a count of statements: a kind, and one of its codes."""

    kind: Kind
    code: Code | None
    """None for the kind as a whole."""


class Amount(NamedTuple):
    """A key under which amounts are summed: a kind, an outcome and a currency."""

    kind: Kind
    outcome: Code
    currency: Code


CopyKey: TypeAlias = tuple[AgencyId, WithholdingGround | None]
"""The author's agency, and the ground on which a copy was withheld; None if it was sent."""


class Gatherer:
    """Takes the entries of a replay, in log order, and keeps the facts of legs.

    Exchanges of a kind that is not counted, such as a test of the connection, leave no trace.
    """

    def __init__(self) -> None:
        self._legs: dict[tuple[str, AgencyId], CountedLeg] = {}
        self.statements: dict[StatementCount, list[Moment]] = defaultdict(list)
        """Entries of statements, by kind and by each code of their bodies."""
        self.amounts: dict[Amount, list[tuple[Moment, int]]] = defaultdict(list)
        """Amounts in signed bodies, with the entries that state them."""
        self.copies: dict[CopyKey, list[Moment]] = defaultdict(list)
        """Supervisors' copies of statements, by author's agency and the ground if withheld."""
        self.denials: dict[str, list[Moment]] = defaultdict(list)
        """Entries of denials, by the reason."""
        self._offences: dict[str, tuple[OffenceType, ...]] = {}
        """Of the initial statements that state any, by exchange: a member who comes later to a
        joint case has a leg of its own."""
        self.events: Counter[Event] = Counter()
        self.last: Moment | None = None
        """The last entry that was taken."""
        self._initiated: dict[str, Moment] = {}
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
            self.denials[entry.reason].append(moment)
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
        self.statements[StatementCount(statement.kind, None)].append(moment)
        author, header = statement.author.agency, statement.header
        self.copies[author, None] += [moment] * len(statement.supervisors)
        self.copies[author, header.withholding_ground] += [moment] * len(header.withheld_from)
        said = dict(body_codes(statement.body))
        amount, currency = said.get("amount"), said.get("currency")
        outcome = next(
            (each for each in said.values() if isinstance(each, Code) and each is not currency),
            None,
        )
        if amount is not None and isinstance(currency, Code) and outcome is not None:
            self.amounts[Amount(statement.kind, outcome, currency)].append((moment, amount))
        if statement.kind.stage is Stage.INITIAL and "offence_types" in said:
            self._offences[statement.exchange_id] = said["offence_types"]
        values = (
            each
            for value in said.values()
            for each in (value if isinstance(value, tuple) else (value,))
        )
        # A statement counts once for each code, in whichever attributes it stands.
        for code in dict.fromkeys(each for each in values if isinstance(each, Code)):
            self.statements[StatementCount(statement.kind, code)].append(moment)

    def _move(self, applied: Applied, moment: Moment, change: LegChange) -> None:
        exchange, statement = applied.exchange, applied.statement
        assert exchange is not None  # noqa: S101 -- `take` has looked
        key = (exchange.id, change.agency)
        facts = self._legs.get(key)
        if facts is None:
            facts = self._legs[key] = CountedLeg(
                exchange_id=exchange.id,
                kind=exchange.kind,
                initiator=exchange.initiator,
                recipient=change.agency,
                from_state=self._state_of(exchange.initiator),
                to_state=self._state_of(change.agency),
                header=exchange.header,
                initiated=self._initiated.setdefault(exchange.id, moment),
                opened=moment,
                state=change.after,
                offences=self._offences.get(exchange.id, ()),
            )
        leg = exchange.leg(change.agency)
        times = leg.record.times if leg else None
        if times and is_late(times.answer_due, change.before, change.after, moment.at):
            facts.was_late = True
            facts.was_late_for_judge |= times.awaited_judge_when_due
        facts.awaits_judge = times is not None and times.awaited_judge_when_due
        facts.answer_due = times.answer_due if times else None
        facts.due_at = leg.due_at if leg else facts.due_at
        facts.state = change.after
        facts.reached.setdefault(change.after, moment)
        _note_hold(facts, moment)
        if change.after in _ANSWERS:
            facts.answered = facts.answered or moment
        if change.after in ENDED and change.before is not change.after and statement is not None:
            facts.ended, facts.ended_as = moment, change.after
            facts.outcome = _codes(statement.body)

    def _state_of(self, agency: AgencyId) -> str:
        enrolled = self._directory.agencies.get(agency)
        return enrolled.country.lower() if enrolled and enrolled.country else INTERNATIONAL


def _note_hold(facts: CountedLeg, moment: Moment) -> None:
    if facts.state is LegState.HELD:
        facts.held = facts.held or moment
    elif facts.held is not None and facts.state is not LegState.RETURNED:
        if facts.state not in (LegState.REJECTED, LegState.RECALLED):
            facts.holds.append(moment.at - facts.held.at)
        facts.held = None


def _codes(body: Any) -> tuple[Code, ...]:
    # A currency says of what an amount is, and nothing of how a leg ended.
    return tuple(
        value
        for _, value in body_codes(body)
        if isinstance(value, Code) and not isinstance(value, Currency)
    )
