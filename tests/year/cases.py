"""Joint cases, and the centre's analysis from what several agencies contribute to one."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.acknowledge import Acknowledge
from exchange_protocol.kinds.analysis_product import AnalysisProduct
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.close import Close
from exchange_protocol.kinds.codes import LegState, Purpose, Tlp
from exchange_protocol.kinds.complete_task import CompleteTask, TaskResult
from exchange_protocol.kinds.consent_decision import (
    ConsentDecision,
    ConsentGround,
    ConsentOutcome,
)
from exchange_protocol.kinds.contribute import Contribute
from exchange_protocol.kinds.decline import Decline, DeclineReason
from exchange_protocol.kinds.draft_analysis import DraftAnalysis
from exchange_protocol.kinds.erase_answer import EraseAnswer
from exchange_protocol.kinds.erase_notice import ErasureGround
from exchange_protocol.kinds.invite import Invite
from exchange_protocol.kinds.join import Join
from exchange_protocol.kinds.joint_case import JointCase
from exchange_protocol.kinds.leave import Leave
from exchange_protocol.kinds.task import Task
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId, Member
from tests.year.consents import Wish
from tests.year.exchanges import BASES, Talk
from tests.year.gate import arrive, pass_gate
from tests.year.members import after_a_leave, ask_a_member, decide_at_last
from tests.year.notes import ending
from tests.year.plan import Chance, May, due
from tests.year.region import CENTRE, PARALLEL, SYSTEM
from tests.year.town import Letter, Said, Town

CASE = Header(tlp=Tlp.AMBER, purpose=Purpose.INVESTIGATION, legal_basis=BASES[1], subject_count=1)
HOME_OF_ANALYSIS = (("kz.mia", "kz.fma"), ("uz.mia", "uz.fiu"), ("kz.fma", "tj.dca"))
"""Who contributes: a prosecutor of their state lets the centre ask them."""


@dataclass
class Case:
    """A joint case: its lead, and each member's side of it."""

    town: Town
    chance: Chance
    lead: Member
    opening: Said
    sides: dict[str, Talk] = field(default_factory=dict)
    given: dict[str, Said] = field(default_factory=dict)
    """What each contributed last."""
    wishes: list[Wish] = field(default_factory=list)
    """What members asked of each other."""

    def active(self) -> list[str]:
        """The members who take part now."""
        found = self.sides.items()
        return [name for name, talk in found if talk.note.state is LegState.JOINED]

    def letter(self, who: Member, body: Body, **fields: Any) -> Letter:
        """Write to all who take part."""
        return self.town.write(who, body, on=self.opening, **fields)

    async def to_all(self, who: Member, body: Body, **fields: Any) -> Said:
        """Say something to all who take part."""
        return await self.town.post(self.letter(who, body, **fields))

    def admit(self, said: Said, agency: str) -> None:
        """Someone is invited."""
        note = self.town.notes.open_leg(said.statement, agency, said.entry, said.at)
        side = Talk(self.town, self.chance, note, self.opening, self.lead, SYSTEM[agency])
        side.awaited, side.may_change = said, False
        self.sides[agency] = side
        arrive(side)

    async def invite_again(self, agency: str) -> None:
        """Someone who declined or left is asked anew."""
        side = self.sides[agency]
        body = Invite(AgencyId(agency))
        said = await self.town.say(self.lead, body, to=[agency], on=self.opening)
        side.awaited = said
        side.note.invite_again(said.at)
        arrive(side)
        await self.come_in(agency)

    async def come_in(self, agency: str) -> None:
        """Someone who is invited passes the gate, reads, and joins or declines."""
        town, side = self.town, self.sides[agency]
        if not await pass_gate(side):
            return
        await town.hours(self.chance.about(6))
        await town.read(side.recipient, side.awaited)
        side.note.read()
        if self.chance.happens(20):
            await side.told(Acknowledge())
            side.note.work()
        await town.hours(self.chance.about(30))
        if self.chance.happens(May.DECLINE):
            body = Decline(self.chance.one(list(DeclineReason)))
            said = await side.told(body)
            side.note.finish(town.now, said.entry, ending(body), refused=True)
        else:
            await side.told(Join())
            side.note.join()


async def open_case(town: Town, seed: str) -> None:
    """A case from its opening to its close."""
    chance = Chance(random.Random(seed))  # noqa: S311 -- the same year every time, no secret
    lead = chance.one(PARALLEL)
    invited = chance.draw.sample([each for each in PARALLEL if each != lead], chance.one([2, 3]))
    case = await _opened(town, chance, lead, invited)
    for agency in invited:
        await case.come_in(agency)
    outsider = next(each for each in PARALLEL if each not in (lead, *invited))
    if case.active():
        await _work_together(case)
        if chance.happens(May.INVITE_LATER):
            said = await town.say(
                case.lead, Invite(AgencyId(outsider)), to=[outsider], on=case.opening
            )
            case.admit(said, outsider)
            await case.come_in(outsider)
            await _work_together(case)
    if chance.happens(May.LEAVE) and case.active():
        await _leave(case)
    for agency, side in case.sides.items():
        gone = side.note.state in (LegState.REFUSED, LegState.LEFT)
        if gone and chance.happens(May.INVITE_AGAIN):
            await town.hours(chance.about(200))
            await case.invite_again(agency)
    await town.hours(chance.about(500))
    if chance.happens(May.CLOSE):
        await _close(case)
    await decide_at_last(case)


async def _opened(town: Town, chance: Chance, lead: str, invited: list[str]) -> Case:
    said = await town.say(SYSTEM[lead], JointCase(chance.offences()), to=invited, header=CASE)
    case = Case(town, chance, SYSTEM[lead], said)
    for agency in invited:
        case.admit(said, agency)
    return case


async def _work_together(case: Case) -> None:
    town, chance = case.town, case.chance
    for name in (*case.active(), case.lead.agency):
        await town.hours(chance.about(40))
        if chance.happens(60):
            case.given[name] = await case.to_all(SYSTEM[name], Contribute())
    if chance.happens(May.ASK_A_MEMBER):
        await ask_a_member(case)
    assignee = case.sides[chance.one(case.active())]
    header = due(chance, Header(tlp=Tlp.AMBER), town.now + chance.days(3, 20), case.lead)
    given = await case.to_all(case.lead, Task(assignee.recipient.agency), header=header)
    assert header.due_at is not None
    assignee.note.give_task(given.digest, header.due_at)
    await town.hours(chance.about(300))
    if chance.happens(75):
        done = CompleteTask(given.digest, chance.one(list(TaskResult)))
        await case.to_all(assignee.recipient, done)
        assignee.note.end_task(given.digest)


async def _leave(case: Case) -> None:
    town, chance = case.town, case.chance
    leaver = case.sides[chance.one(case.active())]
    others = [each for each in case.active() if each != leaver.note.recipient]
    leave = leaver.answer(Leave())
    if chance.happens(May.LEAVE_RACE):
        author = SYSTEM[chance.one(others)] if others else case.lead
        words = case.letter(author, Contribute())
        left, given = await town.race(leave, words)
        assert isinstance(left, Said)
        lost = given.name if isinstance(given, Reason) else "both stand"
        town.notes.races[f"leave and contribute: {lost}"] += 1
    else:
        left = await town.post(leave)
    leaver.note.leave(left.entry)
    [late] = await town.race(case.letter(leaver.recipient, Contribute()))
    assert late is Reason.NOT_ACTIVE, late
    town.notes.races["alone: NOT_ACTIVE"] += 1
    await after_a_leave(case, leaver)
    if chance.happens(40):
        await leaver.told(EraseAnswer(ErasureGround.RETENTION_ENDED))


async def _close(case: Case) -> None:
    closable = (LegState.JOINED, LegState.LEFT, LegState.REFUSED, LegState.REJECTED)
    for side in case.sides.values():
        if side.note.state in (*closable, LegState.RECALLED):
            await side.asked(Close())
            side.note.close()


# --- Analysis ------------------------------------------------------------------------------------


async def analyse(town: Town, seed: str) -> None:
    """A request for analysis, a case of the centre, contributions, clearances, the product."""
    chance = Chance(random.Random(seed))  # noqa: S311 -- as above
    contributors = chance.one(HOME_OF_ANALYSIS)
    asker = chance.one([each for each in PARALLEL if each not in contributors])
    body = Kind.ANALYSIS_REQUEST.body()
    asked = await town.say(SYSTEM[asker], body, to=[CENTRE], header=CASE)
    note = town.notes.open_leg(asked.statement, CENTRE, asked.entry, asked.at)
    talk = Talk(town, chance, note, asked, SYSTEM[asker], SYSTEM[CENTRE])
    note.release(town.now)
    await town.hours(chance.about(10))
    await town.read(SYSTEM[CENTRE], asked)
    note.read()
    await talk.told(Acknowledge())
    note.work()
    case = await _opened(town, chance, CENTRE, list(contributors))
    for agency in contributors:
        await case.come_in(agency)
    sources = {}
    for agency in case.active():
        await town.hours(chance.about(50))
        sources[agency] = await case.to_all(SYSTEM[agency], Contribute())
    if not sources:
        return
    cleared = await _cleared(case, asker, sources)
    used = [sources[agency].digest for agency in cleared]
    product = AnalysisProduct(tuple(used), tuple(each.digest for each in cleared.values()))
    whole = tuple(each.digest for each in sources.values())
    if len(cleared) < len(sources):
        greedy = AnalysisProduct(whole, product.consents)
        [reason] = await town.race(talk.answer(greedy, header=_for_use(talk)))
        assert reason is Reason.CONSENT_MISSING, reason
        town.notes.races["analysis with what was not cleared: CONSENT_MISSING"] += 1
    said = await talk.told(product, header=_for_use(talk))
    note.finish(town.now, said.entry, ())
    await town.read(SYSTEM[asker], said)


async def _cleared(case: Case, asker: str, sources: dict[str, Said]) -> dict[str, Said]:
    """Ask each contributor to clear its data for who asked."""
    town, chance = case.town, case.chance
    digests = tuple(each.digest for each in sources.values())
    draft = DraftAnalysis(digests, AgencyId(asker), Purpose.INVESTIGATION)
    shown = await case.to_all(case.lead, draft)
    cleared = {}
    for agency in sources:
        await town.hours(chance.about(30))
        if chance.happens(25):
            refusal = ConsentDecision(
                shown.digest, ConsentOutcome.REFUSED, ground=ConsentGround.IMPAIRS_INVESTIGATION
            )
            await case.sides[agency].told(refusal)
            continue
        expires = town.now + timedelta(days=60)
        grant = ConsentDecision(shown.digest, ConsentOutcome.GRANTED, expires_at=expires)
        cleared[agency] = await case.sides[agency].told(grant)
    return cleared


def _for_use(talk: Talk) -> Header:
    header = talk.note.header
    return Header(handling=header.handling, tlp=header.tlp, purpose=Purpose.INVESTIGATION)
