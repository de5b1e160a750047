"""The actors' own notes: what each did on each leg, in plain words and with a calendar on the wall.

Nothing here asks the lifecycle, the clocks or the statistics of the project. An actor notes what it
has just done: `note.release(now)`, `note.answer(now, ...)`. From that follows where a leg stands,
what is due on it, and whether it was late.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Currency, LegState, Urgency
from exchange_protocol.kinds.involve_supervisor import InvolveSupervisor
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.rules.statements import Header, Statement
from tests.year.region import COUNTRY, PROSECUTOR_OF, after_working_days

UNANSWERED = (
    LegState.HELD,
    LegState.RETURNED,
    LegState.RELEASED,
    LegState.DELIVERED,
    LegState.ACKNOWLEDGED,
)
COPIED = frozenset(
    {
        Kind.INFORMATION_REQUEST, Kind.REFERRAL, Kind.ANALYSIS_REQUEST, Kind.ASSET_TRACE_REQUEST,
        Kind.URGENT_FREEZE_REQUEST, Kind.FREEZE_STATUS, Kind.ASSET_FINDINGS, Kind.ADVANCE_NOTICE,
        Kind.CLEARANCE, Kind.JOINT_CASE, Kind.INVITE, Kind.JOIN, Kind.DECLINE, Kind.LEAVE,
        Kind.CONTRIBUTE, Kind.TASK, Kind.COMPLETE_TASK, Kind.DRAFT_ANALYSIS, Kind.CORRECT,
        Kind.SUPPLEMENT, Kind.PARTIAL_REPLY, Kind.REPLY, Kind.ANALYSIS_PRODUCT, Kind.DECISION,
        Kind.REFUSE, Kind.RECALL, Kind.CLOSE, Kind.ERASE_NOTICE,
    }
)  # fmt: skip
"""What prosecutors get a copy of, as the agreement between the states lists it."""
OF_OTHERS = (Kind.DECISION, Kind.CLAIM, Kind.SUPERVISOR_COMMENT)
"""What neither end of a leg says: approvers and prosecutors do."""
WITHOUT_CASE = (Kind.CONNECTIVITY_TEST, Kind.CERTIFICATE_REQUEST)
"""Exchanges about no case: no published time runs in them, and no statistics count them."""


@dataclass
class LegNote:
    """One recipient's side of an exchange, as those who take part in it remember it."""

    exchange: str
    kind: Kind
    initiator: str
    recipient: str
    header: Header
    """Of the initial statement."""
    initiated: datetime
    initial: int
    """The time of the initial statement, and its entry."""
    opened: datetime
    entry: int
    """The same of what opened this leg: an invitation may come later."""
    asked: datetime | None = None
    """The time of the newest invitation of a member that had declined or left."""
    offences: tuple[OffenceType, ...] = ()
    state: LegState = LegState.RELEASED
    due: datetime | None = None
    due_by_rule: bool = False
    answer_due: datetime | None = None
    clocks: dict[str, tuple[datetime, bool]] = field(default_factory=dict)
    """Published times that run: their ends, and whether they are certain."""
    held_since: datetime | None = None
    holds: list[timedelta] = field(default_factory=list)
    was_held: bool = False
    was_released: bool = False
    was_returned: bool = False
    was_rejected: bool = False
    answered: datetime | None = None
    """The moment of the answer: a freeze that is imposed is one."""
    answer_entry: int | None = None
    late: bool = False
    missed: bool = False
    missed_for_judge: bool = False
    """A due time was over before the recipient extended it, or before the request went back."""
    given: datetime | None = None
    """When the recipient was last given it; None while it is not its turn."""
    judge_since: datetime | None = None
    """When the recipient first told that it waits for a judge, while it is to answer."""
    late_for_judge: bool = False
    end: LegState | None = None
    end_entry: int | None = None
    codes: tuple[str, ...] = ()
    """The codes of the statement that ended it."""
    tasks: dict[bytes, datetime] = field(default_factory=dict)

    @property
    def is_about_a_case(self) -> bool:
        """False for a test of the connection, and for a request for certificates."""
        return self.kind not in WITHOUT_CASE

    @property
    def urgent(self) -> bool:
        """True if it is urgent."""
        return self.header.urgency is Urgency.URGENT

    # --- What is done ---------------------------------------------------------------------------

    def hold(self, now: datetime) -> None:
        """It waits for coordinators, or for a prosecutor."""
        self.state, self.was_held = LegState.HELD, True
        self.held_since = self.held_since or now
        self.judge_since = None
        self._forget_rule()
        if not self.is_about_a_case:
            self.clocks = {}
        elif self.urgent:
            self.clocks = {"decision": (now + timedelta(hours=1), True)}
        else:
            judge = COUNTRY[self.recipient] if self.initiator == "caricc" else ""
            wall = after_working_days(now, 1, judge)
            self.clocks = {"decision": (wall.at, wall.is_certain)}

    def release(self, now: datetime) -> None:
        """The recipient may read it."""
        self.state, self.was_released = LegState.RELEASED, True
        self.judge_since, self.given = None, now
        if self.held_since is not None:
            self.holds.append(now - self.held_since)
            self.held_since = None
        self._forget_rule()
        if not self.is_about_a_case:
            self.clocks = {}
            return
        country = COUNTRY[self.recipient]
        soon = after_working_days(now, 1, country)
        days = 20 if country == "KG" else 30
        wall = after_working_days(now, days, country)
        rule = (now + timedelta(days=7), True) if self.urgent else (wall.at, wall.is_certain)
        self.clocks = {"acknowledgement": (soon.at, soon.is_certain), "limit": rule}
        if self.due is None and rule[1]:
            self.due, self.due_by_rule = rule[0], True
        self.answer_due = self.due

    def send_back(self, now: datetime, *, by_recipient: bool) -> None:
        """Its initiator has to say more, or has announced a correction."""
        if by_recipient:
            self.held_since = None
            self._miss(now)
        self.given = None
        self.state, self.was_returned, self.clocks = LegState.RETURNED, True, {}
        self.judge_since = None
        self._forget_rule()
        self.answer_due = self.due

    def reject(self, entry: int, codes: tuple[str, ...]) -> None:
        """A coordinator refused it."""
        self.was_rejected, self.held_since = True, None
        self._end(LegState.REJECTED, entry, codes)

    def recall(self, entry: int) -> None:
        """Its initiator took it back."""
        self.held_since = None
        self._end(LegState.RECALLED, entry, ())

    def read(self) -> None:
        """The recipient fetched it."""
        if self.state is LegState.RELEASED:
            self.state = LegState.DELIVERED

    def work(self) -> None:
        """The recipient said that it works on it, or how far it is."""
        self.state = LegState.ACKNOWLEDGED

    def wait_for_judge(self, now: datetime) -> None:
        """The recipient said that a judge has to decide first."""
        self.judge_since = self.judge_since or now
        self.work()

    def extend(self, now: datetime, until: datetime) -> None:
        """The answer comes later."""
        self._miss(now)
        self.due = self.answer_due = until
        self.due_by_rule = False
        self.work()

    def new_due(self, due: datetime | None) -> None:
        """New content named another due time."""
        if due is not None:
            self.due, self.due_by_rule = due, False

    def freeze(self, now: datetime, entry: int, until: datetime) -> None:
        """The assets are frozen until a time: that is the answer."""
        self._answer(now, entry)
        self.state, self.due, self.due_by_rule, self.clocks = LegState.FROZEN, until, False, {}

    def finish(
        self,
        now: datetime,
        entry: int,
        codes: tuple[str, ...],
        *,
        refused: bool = False,
        silent: bool = False,
    ) -> None:
        """The last word of the recipient, or of who records that there was none: `silent`."""
        if self.answered is None and not silent:
            self._answer(now, entry)
        self._end(LegState.REFUSED if refused else LegState.ANSWERED, entry, codes)
        if not refused and self.is_about_a_case:
            self.clocks = {"feedback": (now + timedelta(days=90), True)}

    def invite_again(self, now: datetime) -> None:
        """A member that declined or left is asked anew; what it answered before counts no more."""
        self.asked, self.answered, self.answer_entry = now, None, None
        self.end, self.end_entry, self.codes = None, None, ()
        self.late = self.late_for_judge = self.missed = self.missed_for_judge = False

    def join(self) -> None:
        """The agency takes part in the case."""
        self.state, self.clocks, self.due, self.due_by_rule = LegState.JOINED, {}, None, False

    def leave(self, entry: int) -> None:
        """The agency takes part no more."""
        self._end(LegState.LEFT, entry, ())
        self.tasks, self.due = {}, None

    def give_task(self, task: bytes, due: datetime) -> None:
        """The member has a task."""
        self.tasks[task] = due
        self.due = min(self.tasks.values())

    def end_task(self, task: bytes) -> None:
        """The member has one task less."""
        del self.tasks[task]
        self.due = min(self.tasks.values(), default=None)

    def close(self) -> None:
        """All is said."""
        self.state, self.clocks = LegState.CLOSED, {}

    def erase(self) -> None:
        """The content is forgotten."""
        self.state = LegState.ERASED

    # --- What follows ---------------------------------------------------------------------------

    def is_open(self) -> bool:
        """True if an answer is owed, or the permission to ask."""
        return self.state in UNANSWERED

    def is_overdue(self, at: datetime) -> bool:
        """True if something is owed that was due before."""
        owes = self.is_open() or self.state in (LegState.FROZEN, LegState.JOINED)
        return owes and self.due is not None and self.due < at

    def is_delayed(self, at: datetime) -> bool:
        """True if it is overdue and somebody is to blame: the recipient was given it in time."""
        return self.is_overdue(at) and not self._is_given_late()

    def _is_given_late(self) -> bool:
        with_recipient = self.state in UNANSWERED[2:]
        given, due = self.given, self.due
        return with_recipient and given is not None and due is not None and due < given

    def _miss(self, now: datetime) -> None:
        """The recipient's turn changes: what it has missed by now stays missed."""
        if self.is_delayed(now):
            self.missed = True
            self.missed_for_judge = self.missed_for_judge or self.waits_for_judge()

    def waits_for_judge(self) -> bool:
        """True if a judge is the reason why it is not answered in time."""
        told, due = self.judge_since, self.answer_due
        return self.is_open() and told is not None and due is not None and told <= due

    def running(self) -> dict[str, datetime]:
        """The clocks that run, by name."""
        ends = {name: at for name, (at, _) in self.clocks.items()}
        if self.state is LegState.ACKNOWLEDGED:
            ends.pop("acknowledgement", None)
        if self.due_by_rule:
            ends.pop("limit", None)
        owes = self.is_open() or self.state in (LegState.FROZEN, LegState.JOINED)
        if self.due is not None and owes:
            ends["freeze" if self.state is LegState.FROZEN else "answer"] = self.due
        return ends

    def _forget_rule(self) -> None:
        """The time for an answer runs only while the recipient can work."""
        if self.due_by_rule:
            self.due, self.due_by_rule = None, False

    def _answer(self, now: datetime, entry: int) -> None:
        self.answered, self.answer_entry = now, entry
        if self._is_given_late():
            self.answer_due = None
        is_after = self.answer_due is not None and self.answer_due < now
        self.late = is_after or self.missed
        self.late_for_judge = (is_after and self.waits_for_judge()) or self.missed_for_judge

    def _end(self, state: LegState, entry: int, codes: tuple[str, ...]) -> None:
        self.state = self.end = state
        self.end_entry, self.codes, self.clocks = entry, codes, {}


Told = tuple[Kind, str, str]
"""A kind, an attribute of its body, and one of its codes; empty texts stand for the whole kind."""


@dataclass
class Notes:
    """All that was noted."""

    legs: list[LegNote] = field(default_factory=list)
    told: dict[Told, list[tuple[datetime, int]]] = field(default_factory=lambda: defaultdict(list))
    amounts: dict[tuple[Kind, str, str], list[tuple[datetime, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    copies: dict[tuple[str, str], list[tuple[datetime, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    copied: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Prosecutors that got a copy of something on a leg, by exchange and recipient."""
    involved: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Prosecutors that take part in a leg: they get all that either end says."""
    days: dict[tuple[str, datetime], date] = field(default_factory=dict)
    """The days that were given, by exchange and the moment of their end."""
    denials: list[tuple[datetime, str]] = field(default_factory=list)
    kinds: Counter[Kind] = field(default_factory=Counter)
    initiators: dict[str, str] = field(default_factory=dict)
    offences: dict[str, tuple[OffenceType, ...]] = field(default_factory=dict)
    """What each exchange was opened for."""
    opened: dict[str, tuple[Header, datetime, int]] = field(default_factory=dict)
    """Header, time and entry of the initial statement of each exchange."""
    uncounted: set[str] = field(default_factory=set)
    """Exchanges about no case: no statistics count them."""
    lapsed: int = 0
    """Approvals whose key was revoked before the release."""
    statements: int = 0
    deliveries: int = 0
    races: Counter[str] = field(default_factory=Counter)
    """What racing actors met, by who raced and the reason of the loser."""
    last: datetime | None = None
    """The time of the last entry."""

    def published(self, statement: Statement, entry: int, at: datetime) -> None:
        """The directory changed."""
        self.kinds[statement.kind] += 1
        self.statements += 1
        self.last = at

    def said(self, statement: Statement, entry: int, at: datetime) -> None:
        """A statement of an exchange was accepted."""
        self.statements += 1
        self.last = at
        kind, author = statement.kind, statement.author.agency
        self.kinds[kind] += 1
        initiator = self.initiators.setdefault(statement.exchange_id, author)
        header = statement.header
        if header.due_at is not None and header.due_on is not None:
            self.days[statement.exchange_id, header.due_at] = header.due_on
        if kind in WITHOUT_CASE:
            self.uncounted.add(statement.exchange_id)
        if statement.exchange_id in self.uncounted:
            return
        self.told[kind, "", ""].append((at, entry))
        codes = dict(_codes(statement.body))
        for name, given in codes.items():
            for code in given:
                self.told[kind, name, code_name(code)].append((at, entry))
        self._note_amount(kind, statement.body, codes, at)
        self._note_copies(statement, author, initiator, at, entry)

    def delivered(self, at: datetime) -> None:
        """Someone fetched something for the first time."""
        self.deliveries += 1
        self.last = at

    def refused(self, reason: Reason, at: datetime) -> None:
        """The hub refused something, and wrote that down."""
        self.denials.append((at, reason.name))
        self.last = at

    def open_leg(self, statement: Statement, recipient: str, entry: int, at: datetime) -> LegNote:
        """An exchange was opened, or a member invited."""
        kind = statement.kind if statement.id == statement.exchange_id else Kind.JOINT_CASE
        named = self.offences.setdefault(
            statement.exchange_id, getattr(statement.body, "offence_types", ())
        )
        note = LegNote(
            offences=named,
            exchange=statement.exchange_id,
            kind=kind,
            initiator=statement.author.agency,
            recipient=recipient,
            header=self.opened.setdefault(statement.exchange_id, (statement.header, at, entry))[0],
            initiated=self.opened[statement.exchange_id][1],
            initial=self.opened[statement.exchange_id][2],
            opened=at,
            entry=entry,
            due=statement.header.due_at,
            answer_due=statement.header.due_at,
        )
        self.legs.append(note)
        return note

    def _note_amount(
        self, kind: Kind, body: Any, codes: dict[str, list[IntEnum]], at: datetime
    ) -> None:
        amount = getattr(body, "amount", None)
        if amount is None:
            return
        if kind is Kind.FEEDBACK:
            outcome = codes["uses"][0]
        else:
            outcome = getattr(body, "outcome", None) or body.result
        [currency] = codes["currency"]
        self.amounts[kind, code_name(outcome), code_name(currency)].append((at, amount))

    def _note_copies(
        self, statement: Statement, author: str, initiator: str, at: datetime, entry: int
    ) -> None:
        recipients: Iterable[str] = statement.recipients
        is_of_an_end = statement.kind not in OF_OTHERS
        if is_of_an_end and author != initiator:
            # A recipient speaks on its own leg; what members of a case say is on the legs of all.
            recipients = [author, *(each for each in recipients if each != initiator)]
        legs = [(statement.exchange_id, each) for each in recipients]
        due_to: set[str] = set()
        if statement.kind in COPIED:
            states = {COUNTRY[author], COUNTRY[initiator]}
            due_to = {PROSECUTOR_OF[state] for state in states if state in PROSECUTOR_OF}
            due_to -= {author, initiator, *statement.recipients}
        if isinstance(statement.body, InvolveSupervisor):
            for leg in legs:
                self.involved[leg].add(statement.body.supervisor)
        if is_of_an_end:
            due_to |= {each for leg in legs for each in self.involved[leg]}
        for prosecutor in due_to:
            ground = ""
            if prosecutor in statement.header.withheld_from:
                assert statement.header.withholding_ground is not None
                ground = code_name(statement.header.withholding_ground)
            else:
                for leg in legs:
                    self.copied[leg].add(prosecutor)
            self.copies[author, ground].append((at, entry))


def code_name(code: IntEnum) -> str:
    """The name of a code with that of its list: two lists may use one number or one name."""
    return f"{type(code).__name__}.{code.name}"


def _codes(body: Any) -> list[tuple[str, list[IntEnum]]]:
    found = []
    for each in fields(body):
        value = getattr(body, each.name)
        values = value if isinstance(value, tuple) else (value,)
        codes = [one for one in values if isinstance(one, IntEnum)]
        if codes:
            found.append((each.name, codes))
    return found


def ending(body: Any, *, but: type[IntEnum] = Currency) -> tuple[str, ...]:
    """The codes of a body that say how a leg ended: a currency says nothing of that."""
    return tuple(
        code_name(code)
        for name, codes in _codes(body)
        for code in codes
        if not isinstance(code, but) and not isinstance(getattr(body, name), tuple)
    )
