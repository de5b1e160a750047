"""The plan: what happens how often, and the draw from it. One seed gives one year."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, Purpose, Tlp, Urgency
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import Member
from tests.year.region import COUNTRY, end_of_its_day

T = TypeVar("T")

KINDS: Final = {
    Kind.INFORMATION_REQUEST: 47,
    Kind.REFERRAL: 10,
    Kind.URGENT_FREEZE_REQUEST: 12,
    Kind.ASSET_TRACE_REQUEST: 8,
    Kind.ANALYSIS_REQUEST: 4,
    Kind.ADVANCE_NOTICE: 7,
    Kind.JOINT_CASE: 5,
    Kind.CONNECTIVITY_TEST: 4,
    Kind.CERTIFICATE_REQUEST: 3,
}
"""What is opened, in parts of a hundred."""

HANDLINGS: Final = {Handling.H0: 60, Handling.H1: 20, Handling.H2: 15, Handling.H3: 5}
TLPS: Final = {Tlp.GREEN: 15, Tlp.AMBER: 70, Tlp.AMBER_STRICT: 10, Tlp.RED: 5}
URGENCIES: Final = {Urgency.ROUTINE: 80, Urgency.URGENT: 20}
PURPOSES: Final = {Purpose.INVESTIGATION: 60, Purpose.INTELLIGENCE: 25, Purpose.PROSECUTION: 15}
SUBJECTS: Final = {1: 70, 4: 20, 30: 5, 60: 5}


class May:
    """Whatever may happen, and how often, in percent."""

    # At the opening
    SEVERAL_RECIPIENTS = 10
    NAME_A_DUE_TIME = 60
    NAME_A_DAY = 50
    WITHHOLD_A_COPY = 15
    SUPERVISOR_COMMENTS = 4
    INVOLVE = 12
    INVOLVE_AGAIN = 15
    ANSWER_RACES_INVOLVEMENT = 4
    # At the gate
    CLAIM = 30
    CLAIM_RACE = 4
    GIVE_BACK = 20
    GATE_RETURNS = 8
    GATE_REJECTS = 4
    GATE_SLEEPS = 1
    DECISION_RACE = 4
    CORRECT_WHILE_HELD = 4
    # Before the answer
    RECALL = 5
    CONFIRM_RECALL = 70
    NEVER_FETCHED = 2
    ACKNOWLEDGE = 65
    GIVE_NOTICE = 10
    INTERIM = 12
    PARTIAL = 10
    EXTEND = 12
    RETURN = 9
    ANNOUNCE_CORRECTION = 7
    RETURNED_IS_RECALLED = 12
    RETURNED_IS_FORGOTTEN = 4
    NEVER_ANSWERED = 4
    REMIND = 70
    REMIND_TOO_EARLY = 3
    ANSWER_RACES_RECALL = 3
    ANSWER_RACES_CORRECTION = 3
    ANSWER_RACES_REMINDER = 25
    REFUSE = 10
    REFUSE_UNRETURNED = 2
    # After it
    CORRECT_THE_ANSWER = 7
    CONSENT = 12
    FEEDBACK = 45
    CLOSE = 70
    ERASE = 30
    ERASE_ANSWER = 7
    # Freezes
    FREEZE_FAILS = 15
    FREEZE_PARTLY = 20
    FREEZE_EXTENDED = 40
    EXTENDED_TOO_LATE = 12
    EXPIRY_RACE = 20
    ASK_TO_LIFT = 20
    LIFT_RACE = 30
    # Joint cases
    DECLINE = 15
    INVITE_LATER = 50
    INVITE_AGAIN = 60
    LEAVE = 25
    LEAVE_RACE = 35
    ASK_A_MEMBER = 60
    ASK_A_MEMBER_WRONGLY = 30
    DECIDE_AT_LAST = 35


ANSWER_HOURS: Final = {20: 25, 90: 30, 300: 25, 700: 12, 1200: 8}
"""Hours that recipients work on an answer."""
JUDGE_HOURS: Final = 500
"""Hours after which a judge has decided, about."""
GATE_HOURS: Final = {0.5: 30, 3: 40, 12: 15, 40: 15}


@dataclass
class Chance:
    """A draw of one's own for each exchange, so that one changes no other."""

    draw: random.Random

    def happens(self, percent: float) -> bool:
        """True if it happens this time."""
        return self.draw.random() * 100 < percent

    def of(self, weights: Mapping[T, float]) -> T:
        """One of several, by weight."""
        [found] = self.draw.choices(list(weights), weights=list(weights.values()))
        return found

    def one(self, things: Sequence[T]) -> T:
        """One of several, each alike."""
        return self.draw.choice(things)

    def about(self, hours: float) -> float:
        """About so many hours."""
        return hours * self.draw.uniform(0.5, 1.5)

    def offences(self) -> tuple[OffenceType, ...]:
        """The offences of a case: none, one or two."""
        found = self.draw.sample(list(OffenceType)[:4], self.of({0: 20, 1: 55, 2: 25}))
        return tuple(sorted(found))

    def days(self, least: float, most: float) -> timedelta:
        """A length of time."""
        return timedelta(days=self.draw.uniform(least, most))


def due(chance: Chance, header: Header, at: datetime, author: Member) -> Header:
    """A header with a due time: a moment, or the day of its author in which that falls."""
    if not chance.happens(May.NAME_A_DAY):
        return replace(header, due_at=at)
    end, day = end_of_its_day(at, COUNTRY[author.agency])
    return replace(header, due_at=end, due_on=day)
