"""The gate: coordinators and prosecutors who claim, approve, return and reject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.announce_correction import CorrectionReason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.claim import Claim, ClaimAct
from exchange_protocol.kinds.codes import Handling, RefusalGround, Tlp
from exchange_protocol.kinds.correct import Correct
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.trust.identity import Member
from tests.year.notes import ending
from tests.year.plan import GATE_HOURS, May
from tests.year.region import CENTRE, COORDINATORS, COUNTRY, PROSECUTOR_OF, PROSECUTORS

if TYPE_CHECKING:
    from tests.year.exchanges import Talk

ENDED_AT_THE_GATE = (Reason.CONSENT_MISSING, Reason.CONTENT_ERASED)
"""Reasons for which nobody approves a referral: what it rests on ended while it was held."""
REJECTIONS = (RefusalGround.CONTRARY_TO_LAW, RefusalGround.NO_DRUG_NEXUS)


def approvals_needed(
    initiator: str, recipient: str, kind: Kind, handling: Handling, tlp: Tlp, subjects: int
) -> int:
    """The number of approvals, as the agreement between the states says it."""
    if recipient == CENTRE or COUNTRY[initiator] == COUNTRY[recipient]:
        return 0
    is_grave = handling >= Handling.H2 or tlp is Tlp.RED or subjects > 50
    return 2 if is_grave or kind is Kind.URGENT_FREEZE_REQUEST else 1


def judges(initiator: str, recipient: str) -> tuple[Member, ...]:
    """The approvers: the centre's coordinators, or for the centre the state's prosecutors."""
    if initiator == CENTRE:
        return PROSECUTORS[PROSECUTOR_OF[COUNTRY[recipient]]]
    return COORDINATORS


def arrive(talk: Talk) -> None:
    """Note that new content is at the gate, or is released at once."""
    if talk.needed:
        talk.note.hold(talk.town.now)
    else:
        talk.note.release(talk.town.now)


async def pass_gate(talk: Talk) -> bool:
    """Go through the gate, if there is one; False if the recipient will never see it."""
    town, note, chance, needed = talk.town, talk.note, talk.chance, talk.needed
    while needed:
        first, *others = chance.draw.sample(judges(note.initiator, note.recipient), 2)
        await town.hours(chance.about(chance.of(GATE_HOURS)))
        if chance.happens(May.GATE_SLEEPS):
            return False
        await town.read(first, talk.awaited)
        await _claim(talk, first, others[0])
        if talk.may_change and chance.happens(May.CORRECT_WHILE_HELD):
            # What one approver saw of it counts no more.
            if needed == 2 and chance.happens(May.CLAIM):
                await _approved(talk, first)
            await talk.anew(Correct(talk.awaited.digest, CorrectionReason.FORM))
            note.hold(town.now)
            continue
        if not note.was_released and chance.happens(May.GATE_REJECTS):
            said = await talk.decided(first, Decision(Verdict.REJECT, chance.one(REJECTIONS)))
            note.reject(said.entry, ending(said.statement.body))
            return False
        if chance.happens(May.GATE_RETURNS):
            await talk.decided(first, Decision(Verdict.RETURN))
            note.send_back(town.now, by_recipient=False)
            if not await talk.answer_return():
                return False
            note.hold(town.now)
            continue
        if not await _approve(talk, needed, first, others[0]):
            said = await talk.decided(
                first, Decision(Verdict.REJECT, RefusalGround.CONTRARY_TO_LAW)
            )
            note.reject(said.entry, ending(said.statement.body))
            return False
        note.release(town.now)
        break
    return True


async def _claim(talk: Talk, first: Member, second: Member) -> None:
    chance, take = talk.chance, Claim(ClaimAct.TAKE)
    if chance.happens(May.CLAIM_RACE):
        letters = (talk.letter(first, take), talk.letter(second, take))
        outcomes = await talk.town.race(*letters)
        lost = [each for each in outcomes if isinstance(each, Reason)]
        assert lost == [Reason.ALREADY_CLAIMED], outcomes
        talk.town.notes.races["claim and claim: ALREADY_CLAIMED"] += 1
    elif chance.happens(May.CLAIM):
        await talk.decided(first, take)
        if chance.happens(May.GIVE_BACK):
            await talk.town.hours(chance.about(2))
            await talk.decided(first, Claim(ClaimAct.GIVE_BACK))


async def _approved(talk: Talk, who: Member) -> bool:
    """Let an approver approve; False if what it rests on ended meanwhile."""
    [said] = await talk.town.race(talk.letter(who, Decision(Verdict.APPROVE)))
    if not isinstance(said, Reason):
        return True
    assert said in ENDED_AT_THE_GATE, said
    talk.town.notes.races[f"approval after what it rests on ended: {said.name}"] += 1
    return False


async def _approve(talk: Talk, needed: int, first: Member, second: Member) -> bool:
    town, chance, approve = talk.town, talk.chance, Decision(Verdict.APPROVE)
    if needed == 1 and chance.happens(May.DECISION_RACE):
        letters = (talk.letter(first, approve), talk.letter(second, approve))
        outcomes = await town.race(*letters)
        lost = [each for each in outcomes if isinstance(each, Reason)]
        if len(lost) == len(letters):
            assert set(lost) <= set(ENDED_AT_THE_GATE), outcomes
            return False
        assert lost == [Reason.OUT_OF_ORDER], outcomes
        town.notes.races["decision and decision: OUT_OF_ORDER"] += 1
        return True
    if not await _approved(talk, first):
        return False
    if needed == 2:
        await town.hours(chance.about(chance.of(GATE_HOURS)))
        await town.read(second, talk.awaited)
        return await _approved(talk, second)
    return True
