"""Statements that race: two are written at the same moment, and one outcome is documented.

Each race is run in both orders. What the log has first counts; what comes second stands beside it,
or is refused for the reason that docs/lifecycle.md names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.announce_correction import AnnounceCorrection, CorrectionReason
from exchange_protocol.kinds.ask_to_lift import AskToLift
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.claim import Claim, ClaimAct
from exchange_protocol.kinds.clearance import Clearance, ClearanceResult
from exchange_protocol.kinds.codes import Purpose
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentOutcome
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus
from exchange_protocol.kinds.recall import Recall
from exchange_protocol.kinds.referral import Referral
from exchange_protocol.kinds.remind import Remind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.spec import Body
from exchange_protocol.rules.statements import Header, SignedStatement, Statement
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.refusals import reason_or_none
from tests.support.statements import (
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
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
    body: Body
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


def joint_case(hub: Hub) -> Statement:
    asked = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma", "uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    for member in (KZ_FMA, UZ_FIU):
        hub.deliver(member, asked)
        hub.say(member, Kind.JOIN.body(), on=asked)
    return asked


def invited(hub: Hub) -> Statement:
    asked = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    return asked


FMA, UZ = ("kz.fma",), ("uz.fiu",)
APPROVE, REJECT = Decision(Verdict.APPROVE), Decision(Verdict.RETURN)
CORRECTION = AnnounceCorrection(CorrectionReason.WRONG_FACT)
TAKE = Claim(ClaimAct.TAKE)
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
        Word(SECOND_COORDINATOR, REJECT, UZ),
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
"""Where the first word is refused too, because of the time, the second is what counts."""
REFUSED_FIRST = {
    ("expiry and extension before the end", "one"): Reason.NOT_YET_DUE,
    ("expiry and extension after the end", "other"): Reason.TIME_IS_OVER,
}


def letter(hub: Hub, asked: Statement, word: Word) -> SignedStatement:
    return hub.sign(hub.compose(word.author, word.body, to=list(word.to), on=asked))


@pytest.mark.parametrize("order", ["one", "other"])
@pytest.mark.parametrize("name", RACES)
def test_of_two_statements_that_race_one_outcome_is_documented(name: str, order: str) -> None:
    race, hub = RACES[name], Hub.founded()
    asked = race.begin(hub)
    letters = {"one": letter(hub, asked, race.one), "other": letter(hub, asked, race.other)}
    second = "other" if order == "one" else "one"
    met_first = reason_or_none(lambda: hub.submit(letters[order]))
    assert met_first is REFUSED_FIRST.get((name, order))
    met_second = reason_or_none(lambda: hub.submit(letters[second]))
    expected = race.other_second if second == "other" else race.one_second
    if met_first is not None:
        expected = STANDS  # Then it is as if the other one had been alone.
    assert met_second is expected


@pytest.mark.parametrize("revoked_first", [True, False])
def test_of_a_referral_and_the_revocation_of_its_consent_the_first_counts(
    revoked_first: bool,
) -> None:
    hub = Hub.founded()
    asked = read(hub)
    answer = hub.say(KZ_FMA, REPLY, on=asked)
    to, use = AgencyId(KG_MIA.agency), Purpose.PROSECUTION
    wish = hub.say(KZ_MIA, ConsentRequest(answer.digest, to, use), to=FMA, on=asked)
    expires = hub.now + timedelta(days=3)
    grant = ConsentDecision(wish.digest, ConsentOutcome.GRANTED, expires_at=expires)
    consent = hub.say(KZ_FMA, grant, on=asked)
    header = Header(purpose=use, legal_basis="KZ-AML-18", subject_count=1)
    passed_on = Referral(sources=(answer.digest,), consents=(consent.digest,))
    referral = hub.sign(hub.compose(KZ_MIA, passed_on, to=[to], header=header))
    revoked = ConsentDecision(wish.digest, ConsentOutcome.REVOKED)
    revocation = hub.sign(hub.compose(KZ_FMA, revoked, on=asked))
    first, second = (revocation, referral) if revoked_first else (referral, revocation)
    assert reason_or_none(lambda: hub.submit(first)) is None
    met = reason_or_none(lambda: hub.submit(second))
    assert met is (Reason.CONSENT_MISSING if revoked_first else None)
