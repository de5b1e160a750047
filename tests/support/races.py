"""Statements that race: two are written at the same moment, and one outcome is documented.

Each race says what becomes of both in either order. What the log has first counts; what comes
second stands beside it, or is refused for the reason that docs/lifecycle.md names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.announce_correction import AnnounceCorrection, CorrectionReason
from exchange_protocol.kinds.ask_to_lift import AskToLift
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.claim import Claim, ClaimAct
from exchange_protocol.kinds.clearance import Clearance, ClearanceResult
from exchange_protocol.kinds.correct import Correct
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus
from exchange_protocol.kinds.involve_supervisor import InvolveSupervisor
from exchange_protocol.kinds.recall import Recall
from exchange_protocol.kinds.remind import Remind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member
from tests.support.statements import (
    COORDINATOR,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    SECOND_COORDINATOR,
    UZ_FIU,
    Hub,
)

REPLY = Reply(ReplyResult.INFORMATION)
EXTENDED = FreezeStatus(FreezeOutcome.EXTENDED)
EXPIRED = FreezeStatus(FreezeOutcome.EXPIRED)
STANDS = None
"""The second statement stands beside the first."""


class Word(NamedTuple):
    """A statement of the race: by whom, what, and to whom if it is not the other end of the leg."""

    author: Member
    body: Body | Callable[[Statement], Body]
    to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Race:
    """Two words on one exchange, and what becomes of each of them as the second."""

    begin: Callable[[Hub], Statement]
    one: Word
    other: Word
    one_second: Reason | None
    other_second: Reason | None


def held(hub: Hub) -> Statement:
    return hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])


def read(hub: Hub, kind: Kind = Kind.INFORMATION_REQUEST) -> Statement:
    asked = hub.say(KZ_MIA, kind.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    return asked


def overdue(hub: Hub, kind: Kind = Kind.ADVANCE_NOTICE) -> Statement:
    asked = read(hub, kind)
    hub.now += timedelta(days=8)
    return asked


def frozen(hub: Hub) -> Statement:
    asked = read(hub, Kind.URGENT_FREEZE_REQUEST)
    hub.say(KZ_FMA, FreezeStatus(FreezeOutcome.IMPOSED), on=asked)
    return asked


def frozen_too_long(hub: Hub) -> Statement:
    asked = frozen(hub)
    hub.now += timedelta(days=8)
    return asked


def half_joined(hub: Hub) -> Statement:
    """A joint case that kz.fma has joined, and uz.fiu has read."""
    asked = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma", "uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    for member in (KZ_FMA, UZ_FIU):
        hub.deliver(member, asked)
    hub.say(KZ_FMA, Kind.JOIN.body(), on=asked)
    return asked


def joint_case(hub: Hub) -> Statement:
    asked = half_joined(hub)
    hub.say(UZ_FIU, Kind.JOIN.body(), on=asked)
    return asked


def invited(hub: Hub) -> Statement:
    asked = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    return asked


def corrected(asked: Statement) -> Correct:
    return Correct(asked.digest, CorrectionReason.WRONG_FACT)


def sensitive(hub: Hub) -> Statement:
    """A freeze, which two persons approve."""
    return hub.say(KZ_MIA, Kind.URGENT_FREEZE_REQUEST.body(), to=["uz.fiu"])


FMA, UZ = ("kz.fma",), ("uz.fiu",)
APPROVE, RETURN = Decision(Verdict.APPROVE), Decision(Verdict.RETURN)
CORRECTION = AnnounceCorrection(CorrectionReason.WRONG_FACT)
TAKE = Claim(ClaimAct.TAKE)
INVOLVE = InvolveSupervisor(KZ_GPO.agency)
LATER, STALE = ExtendDeadline(ExtensionGround.VOLUME), Reason.STALE_ANSWER

RACES = {
    "claim and claim": Race(
        held,
        Word(COORDINATOR, TAKE, UZ),
        Word(SECOND_COORDINATOR, TAKE, UZ),
        Reason.ALREADY_CLAIMED,
        Reason.ALREADY_CLAIMED,
    ),
    "approval and return": Race(
        held,
        Word(COORDINATOR, APPROVE, UZ),
        Word(SECOND_COORDINATOR, RETURN, UZ),
        Reason.OUT_OF_ORDER,
        Reason.OUT_OF_ORDER,
    ),
    "approval and recall": Race(
        held,
        Word(COORDINATOR, APPROVE, UZ),
        Word(KZ_MIA, Recall(), UZ),
        Reason.OUT_OF_ORDER,
        STANDS,
    ),
    "approval and approval": Race(
        held,
        Word(COORDINATOR, APPROVE, UZ),
        Word(SECOND_COORDINATOR, APPROVE, UZ),
        Reason.OUT_OF_ORDER,
        Reason.OUT_OF_ORDER,
    ),
    "approval and approval where two are needed": Race(
        sensitive,
        Word(COORDINATOR, APPROVE, UZ),
        Word(SECOND_COORDINATOR, APPROVE, UZ),
        STANDS,
        STANDS,
    ),
    "approval and correction of what is held": Race(
        held,
        Word(COORDINATOR, APPROVE, UZ),
        Word(KZ_MIA, corrected, UZ),
        STALE,
        Reason.OUT_OF_ORDER,
    ),
    "involvement and involvement": Race(
        read,
        Word(KZ_MIA, INVOLVE, FMA),
        Word(KZ_MIA, INVOLVE, FMA),
        Reason.ALREADY_DECIDED,
        Reason.ALREADY_DECIDED,
    ),
    "involvement and acknowledgement": Race(
        read,
        Word(KZ_MIA, INVOLVE, FMA),
        Word(KZ_FMA, Kind.ACKNOWLEDGE.body()),
        STANDS,
        Reason.SUPERVISOR_MISSING,
    ),
    "correction announced and reply": Race(
        read,
        Word(KZ_MIA, CORRECTION, FMA),
        Word(KZ_FMA, REPLY),
        Reason.OUT_OF_ORDER,
        Reason.OUT_OF_ORDER,
    ),
    "recall and reply": Race(
        read,
        Word(KZ_MIA, Recall(), FMA),
        Word(KZ_FMA, REPLY),
        Reason.OUT_OF_ORDER,
        Reason.OUT_OF_ORDER,
    ),
    "silence recorded and clearance": Race(
        overdue,
        Word(KZ_MIA, Clearance(ClearanceResult.NO_ANSWER), FMA),
        Word(KZ_FMA, Clearance(ClearanceResult.CLEARED)),
        Reason.OUT_OF_ORDER,
        Reason.OUT_OF_ORDER,
    ),
    "reminder and answer": Race(
        overdue,
        Word(KZ_MIA, Remind(), FMA),
        Word(KZ_FMA, Clearance(ClearanceResult.CLEARED)),
        Reason.OUT_OF_ORDER,
        STANDS,
    ),
    "reminder and extension": Race(
        overdue,
        Word(KZ_MIA, Remind(), FMA),
        Word(KZ_FMA, LATER),
        Reason.NOT_YET_DUE,
        STANDS,
    ),
    "expiry and extension before the end": Race(
        frozen,
        Word(KZ_MIA, EXPIRED, FMA),
        Word(KZ_FMA, EXTENDED),
        STALE,
        STANDS,
    ),
    "expiry and extension after the end": Race(
        frozen_too_long,
        Word(KZ_MIA, EXPIRED, FMA),
        Word(KZ_FMA, EXTENDED),
        STANDS,
        Reason.OUT_OF_ORDER,
    ),
    "expiry and expiry": Race(
        frozen_too_long,
        Word(KZ_MIA, EXPIRED, FMA),
        Word(KZ_FMA, EXPIRED),
        Reason.OUT_OF_ORDER,
        Reason.OUT_OF_ORDER,
    ),
    "request to lift and extension": Race(
        frozen, Word(KZ_MIA, AskToLift(), FMA), Word(KZ_FMA, EXTENDED), STALE, STALE
    ),
    "leave and contribution": Race(
        joint_case,
        Word(UZ_FIU, Kind.LEAVE.body()),
        Word(KZ_FMA, Kind.CONTRIBUTE.body()),
        STANDS,
        Reason.MEMBERS_CHANGED,
    ),
    "leave and contribution of the same member": Race(
        joint_case,
        Word(UZ_FIU, Kind.LEAVE.body()),
        Word(UZ_FIU, Kind.CONTRIBUTE.body()),
        STANDS,
        Reason.NOT_ACTIVE,
    ),
    "joining and contribution": Race(
        half_joined,
        Word(UZ_FIU, Kind.JOIN.body()),
        Word(KZ_FMA, Kind.CONTRIBUTE.body()),
        STANDS,
        Reason.MEMBERS_CHANGED,
    ),
    "close and contribution of its member": Race(
        joint_case,
        Word(KZ_MIA, Kind.CLOSE.body(), UZ),
        Word(UZ_FIU, Kind.CONTRIBUTE.body()),
        STANDS,
        Reason.NOT_ACTIVE,
    ),
    "recall of an invitation and joining": Race(
        invited,
        Word(KZ_MIA, Recall(), FMA),
        Word(KZ_FMA, Kind.JOIN.body()),
        Reason.OUT_OF_ORDER,
        Reason.OUT_OF_ORDER,
    ),
}
REFUSED_FIRST = {
    ("expiry and extension before the end", "one"): Reason.NOT_YET_DUE,
    ("expiry and extension after the end", "other"): Reason.TIME_IS_OVER,
}
"""Races whose first word is refused too, because of the time: the second one counts."""


def letter(hub: Hub, asked: Statement, word: Word) -> SignedStatement:
    """A word of a race as its author signs it, who has not seen the other."""
    body = word.body(asked) if callable(word.body) else word.body
    return hub.sign(hub.compose(word.author, body, to=list(word.to), on=asked))


def outcome(name: str, first: str) -> dict[str, Reason | None]:
    """The refusal of each word, or None, if this one reaches the log first."""
    race, second = RACES[name], "other" if first == "one" else "one"
    met_first = REFUSED_FIRST.get((name, first))
    expected = race.other_second if second == "other" else race.one_second
    # If the first was refused, it is as if the other one had been alone.
    return {first: met_first, second: STANDS if met_first is not None else expected}
