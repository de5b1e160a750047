"""One leg of an exchange from its opening to its end, for every kind but joint cases.

`Talk` is what initiator, recipient and approvers of a leg have in common: who they are, what was
said last, and the notes. The scripts say what they do one after the other.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.acknowledge import Acknowledge
from exchange_protocol.kinds.analysis_product import AnalysisProduct
from exchange_protocol.kinds.announce_correction import AnnounceCorrection, CorrectionReason
from exchange_protocol.kinds.answer_test import AnswerTest
from exchange_protocol.kinds.asset_findings import AssetFindings, AssetType, TraceResult
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.certificate_answer import CertificateAnswer
from exchange_protocol.kinds.clearance import Clearance, ClearanceResult
from exchange_protocol.kinds.close import Close
from exchange_protocol.kinds.codes import (
    Currency,
    LegState,
    Purpose,
    RefusalGround,
    WithholdingGround,
)
from exchange_protocol.kinds.confirm_recall import ConfirmRecall, RecallUse
from exchange_protocol.kinds.correct import Correct
from exchange_protocol.kinds.erase_answer import EraseAnswer
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.feedback import Feedback, FeedbackUse
from exchange_protocol.kinds.give_notice import GiveNotice, NoticeCode
from exchange_protocol.kinds.interim_reply import InterimReply
from exchange_protocol.kinds.partial_reply import PartialReply
from exchange_protocol.kinds.recall import Recall
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.remind import Remind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.return_for_information import ReturnForInformation
from exchange_protocol.kinds.supplement import Supplement
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.year.consents import ask_consent
from tests.year.enrolment import issue
from tests.year.freezes import freeze
from tests.year.gate import approvals_needed, arrive, pass_gate
from tests.year.involvement import involve, race_the_answer, supervisor_to_involve
from tests.year.notes import COPIED, WITHOUT_CASE, LegNote, ending
from tests.year.offices import comment
from tests.year.plan import (
    ANSWER_HOURS,
    HANDLINGS,
    JUDGE_HOURS,
    PURPOSES,
    SUBJECTS,
    TLPS,
    URGENCIES,
    Chance,
    May,
    due,
)
from tests.year.region import (
    ASKING,
    CENTRE,
    COUNTRY,
    OFFICER,
    PARALLEL,
    PROSECUTOR_OF,
    SYSTEM,
)
from tests.year.town import Letter, Said, Town

GROUNDS = (
    RefusalGround.SOVEREIGNTY_SECURITY,
    RefusalGround.CONTRARY_TO_LAW,
    RefusalGround.IMPEDES_INVESTIGATION,
    RefusalGround.DISPROPORTIONATE,
    RefusalGround.LEGAL_PRIVILEGE,
)
BASES = ("KZ-AML-18", "CIS-2007", "ART-7")

HELD = (FeedbackUse.FREEZE, FeedbackUse.SEIZURE, FeedbackUse.CONFISCATION)
"""Uses whose worth the feedback may tell."""


@dataclass
class Talk:
    """A leg as its parties have it before them."""

    town: Town
    chance: Chance
    note: LegNote
    opening: Said
    initiator: Member
    recipient: Member
    awaited: Said = field(init=False)
    """The newest content that the recipient is to read."""
    own: list[Said] = field(default_factory=list)
    """What the recipient said of its own."""
    may_change: bool = True
    """False while other legs rest on the same words."""
    colleague: Member | None = None
    """For whom the initiator asks for certificates; it goes on with them when it has them."""

    def __post_init__(self) -> None:
        self.awaited = self.opening

    def letter(self, who: Member, body: Body, **fields: Any) -> Letter:
        """Write on this leg, as anyone but the recipient."""
        to = [self.recipient.agency]
        return self.town.write(who, body, to=to, on=self.opening, **fields)

    def answer(self, body: Body, **fields: Any) -> Letter:
        """Write on this leg, as the recipient."""
        return self.town.write(self.recipient, body, on=self.opening, **fields)

    async def decided(self, who: Member, body: Body) -> Said:
        """Let an approver say something."""
        return await self.town.post(self.letter(who, body))

    async def asked(self, body: Body, **fields: Any) -> Said:
        """Let the initiator say something."""
        return await self.town.post(self.letter(self.initiator, body, **fields))

    async def told(self, body: Body, **fields: Any) -> Said:
        """Let the recipient say something."""
        said = await self.town.post(self.answer(body, **fields))
        self.own.append(said)
        return said

    async def anew(self, body: Body) -> None:
        """Let the initiator add content, now and then with another due time."""
        header = self.stricter()
        if self.chance.happens(30):
            until = self.town.now + self.chance.days(5, 40)
            header = due(self.chance, header, until, self.initiator)
        self.awaited = await self.asked(body, header=header)
        self.note.new_due(header.due_at)

    def stricter(self) -> Header:
        """A header that goes below nothing that was said."""
        return Header(handling=self.note.header.handling, tlp=self.note.header.tlp)

    async def answer_return(self) -> bool:
        """Let the initiator answer what was returned; False if it does not."""
        await self.town.hours(self.chance.about(40))
        if self.chance.happens(May.RETURNED_IS_FORGOTTEN):
            return False
        if self.chance.happens(May.RETURNED_IS_RECALLED):
            await recall(self)
            return False
        await self.anew(Supplement())
        return True

    def go_on_with(self, said: Said, author: Member, recipient: str) -> None:
        """Let an exchange that rests on this one go its own way."""
        note = self.town.notes.open_leg(said.statement, recipient, said.entry, said.at)
        begin(self.town, said, author, [note], said.statement.id)

    @property
    def needed(self) -> int:
        """Approvals that this leg needs."""
        header = self.note.header
        return approvals_needed(
            self.note.initiator,
            self.note.recipient,
            self.note.kind,
            header.handling,
            header.tlp,
            header.subject_count,
        )


# --- The opening ---------------------------------------------------------------------------------


async def open_exchange(town: Town, kind: Kind, seed: str) -> None:
    """Open an exchange of a kind, and let every leg go its own way."""
    chance = Chance(random.Random(seed))  # noqa: S311 -- the same year every time, no secret
    asker = chance.one(PARALLEL if chance.happens(92) else ASKING)
    author = OFFICER[asker] if chance.happens(30) else SYSTEM[asker]
    recipients = _recipients(chance, kind, asker)
    header = _header(chance, town, kind, author)
    body: Any = kind.body()
    if kind not in WITHOUT_CASE:
        body = replace(body, offence_types=chance.offences())
    supervisor = PROSECUTOR_OF.get(COUNTRY[asker], "")
    has_supervisor = kind in COPIED and supervisor not in ("", asker, *recipients)
    if author.role is Role.OFFICER and has_supervisor and chance.happens(May.WITHHOLD_A_COPY):
        header = _withheld(chance, header, supervisor)
    said = await town.say(author, body, to=recipients, header=header)
    notes = [town.notes.open_leg(said.statement, each, said.entry, said.at) for each in recipients]
    begin(town, said, author, notes, seed)
    if supervisor in said.statement.supervisors and chance.happens(May.SUPERVISOR_COMMENTS):
        town.start(comment(town, chance, SYSTEM[supervisor], SYSTEM[asker], said))


def begin(town: Town, said: Said, author: Member, notes: list[LegNote], seed: str) -> None:
    """Let every leg of an exchange go its own way."""
    for note in notes:
        draw = random.Random(f"{seed} {note.recipient}")  # noqa: S311 -- as above
        talk = Talk(town, Chance(draw), note, said, author, SYSTEM[note.recipient])
        town.start(leg(talk))


def _recipients(chance: Chance, kind: Kind, asker: str) -> list[str]:
    if kind in (Kind.ANALYSIS_REQUEST, Kind.CERTIFICATE_REQUEST):
        return [CENTRE]
    others = [each for each in PARALLEL if each != asker]
    if kind is not Kind.URGENT_FREEZE_REQUEST and chance.happens(5):
        return [CENTRE]
    several = kind is not Kind.CONNECTIVITY_TEST and chance.happens(May.SEVERAL_RECIPIENTS)
    return chance.draw.sample(others, 2 if several else 1)


def _header(chance: Chance, town: Town, kind: Kind, author: Member) -> Header:
    if kind is Kind.CONNECTIVITY_TEST:
        return Header(purpose=Purpose.ANALYSIS, legal_basis=BASES[0])
    if kind is Kind.CERTIFICATE_REQUEST:
        asked = Header(purpose=Purpose.INVESTIGATION, legal_basis=BASES[0])
        if chance.happens(May.NAME_A_DUE_TIME):
            asked = due(chance, asked, town.now + chance.days(2, 10), author)
        return asked
    until = town.now + chance.days(3, 40)
    names_due = kind is Kind.ADVANCE_NOTICE or chance.happens(May.NAME_A_DUE_TIME)
    header = Header(
        handling=chance.of(HANDLINGS),
        tlp=chance.of(TLPS),
        urgency=chance.of(URGENCIES),
        purpose=chance.of(PURPOSES),
        legal_basis=chance.one(BASES),
        subject_count=chance.of(SUBJECTS),
    )
    return due(chance, header, until, author) if names_due else header


def _withheld(chance: Chance, header: Header, supervisor: str) -> Header:
    ground = chance.one(list(WithholdingGround))
    return replace(header, withheld_from=(AgencyId(supervisor),), withholding_ground=ground)


# --- One leg -------------------------------------------------------------------------------------


async def leg(talk: Talk) -> None:
    """A leg from the opening to the end of the year, or of the matter."""
    arrive(talk)
    if await pass_gate(talk):
        await leg_after_the_gate(talk)
    elif talk.note.state in (LegState.REJECTED, LegState.RECALLED):
        await close(talk)


async def leg_after_the_gate(talk: Talk) -> None:
    """A leg from its release on."""
    if await _come_to_an_answer(talk):
        await _afterwards(talk)
    elif talk.note.state in (LegState.REJECTED, LegState.RECALLED):
        await close(talk)


async def _come_to_an_answer(talk: Talk) -> bool:
    """All until the answer; False if none comes."""
    town, note, chance = talk.town, talk.note, talk.chance
    await town.hours(chance.about(4))
    if chance.happens(May.RECALL / 2):
        await recall(talk)
        return False
    if chance.happens(May.NEVER_FETCHED):
        return await _silence(talk)
    await town.read(talk.recipient, talk.awaited)
    note.read()
    if note.kind is not Kind.CONNECTIVITY_TEST:
        while True:
            if not await _work(talk):
                return False
            if note.state is not LegState.RETURNED:
                break
            if not await _supplemented(talk):
                return False
    if chance.happens(May.NEVER_ANSWERED):
        return await _silence(talk)
    return await _answer(talk)


async def _work(talk: Talk) -> bool:
    """The recipient works; at the end the leg may be returned. False if it was recalled."""
    town, note, chance = talk.town, talk.note, talk.chance
    if chance.happens(May.ACKNOWLEDGE) and note.state is LegState.DELIVERED:
        await town.hours(chance.about(10))
        await talk.told(Acknowledge())
        note.work()
    if chance.happens(May.REMIND_TOO_EARLY) and not note.is_overdue(town.now):
        reason = await _refused(talk, talk.letter(talk.initiator, Remind()))
        assert reason is Reason.NOT_YET_DUE
    if chance.happens(May.GIVE_NOTICE):
        await _obstacle(talk)
    await town.hours(chance.about(chance.of(ANSWER_HOURS)) / 2)
    if chance.happens(May.RECALL):
        await recall(talk)
        return False
    if chance.happens(May.ANNOUNCE_CORRECTION):
        await talk.asked(AnnounceCorrection(chance.one(list(CorrectionReason))))
        note.send_back(town.now, by_recipient=True)
        return True
    if chance.happens(May.RETURN):
        await talk.told(ReturnForInformation())
        note.send_back(town.now, by_recipient=True)
        return True
    if chance.happens(May.INTERIM):
        await talk.told(InterimReply())
        note.work()
    if chance.happens(May.PARTIAL):
        await talk.told(PartialReply())
        note.work()
    if note.is_about_a_case and chance.happens(May.INVOLVE):
        await involve(talk)
    if chance.happens(May.EXTEND):
        until = max(town.now, note.due or town.now) + chance.days(5, 30)
        header = due(chance, talk.stricter(), until, talk.recipient)
        assert header.due_at is not None
        said = await talk.told(ExtendDeadline(chance.one(list(ExtensionGround))), header=header)
        note.extend(said.at, header.due_at)
    await town.hours(chance.about(chance.of(ANSWER_HOURS)) / 2)
    return True


async def _obstacle(talk: Talk) -> None:
    """The recipient tells of an obstacle; a judge takes time."""
    notice = talk.chance.one(list(NoticeCode))
    told = await talk.told(GiveNotice(notice))
    if notice is NoticeCode.AWAITING_JUDGE:
        talk.note.wait_for_judge(told.at)
        await talk.town.hours(talk.chance.about(JUDGE_HOURS))
    else:
        talk.note.work()


async def _supplemented(talk: Talk) -> bool:
    """Bring a returned request again, through the gate; False if it does not come."""
    if talk.chance.happens(40) and talk.note.state is LegState.RETURNED:
        await talk.town.hours(talk.chance.about(20))
        await talk.anew(Correct(talk.awaited.digest, CorrectionReason.WRONG_FACT))
    elif not await talk.answer_return():
        return False
    arrive(talk)
    if not await pass_gate(talk):
        return False
    await talk.town.hours(talk.chance.about(3))
    await talk.town.read(talk.recipient, talk.awaited)
    talk.note.read()
    return True


async def _silence(talk: Talk) -> bool:
    """No answer comes: reminders, and for a notice the record of silence."""
    town, note, chance = talk.town, talk.note, talk.chance
    if note.due is None:
        return False
    await town.until(note.due + timedelta(hours=chance.about(30)))
    if chance.happens(May.REMIND):
        await talk.asked(Remind())
    if note.kind is Kind.ADVANCE_NOTICE:
        said = await talk.asked(Clearance(ClearanceResult.NO_ANSWER))
        note.finish(town.now, said.entry, ending(said.statement.body), silent=True)
        return True
    return False


async def _answer(talk: Talk) -> bool:
    """The answer, perhaps after a reminder, perhaps in a race with something else."""
    town, note, chance = talk.town, talk.note, talk.chance
    overdue = note.due is not None and note.due < town.now
    if overdue and note.kind is not Kind.CONNECTIVITY_TEST and chance.happens(May.REMIND):
        await talk.asked(Remind())
        await town.hours(chance.about(20))
    if chance.happens(May.REFUSE_UNRETURNED) and not note.was_returned:
        refusal = Refuse(RefusalGround.INSUFFICIENT_REQUEST)
        assert await _refused(talk, talk.answer(refusal)) is Reason.RETURN_FIRST
    if note.kind is not Kind.CONNECTIVITY_TEST and chance.happens(May.REFUSE):
        ground = RefusalGround.INSUFFICIENT_REQUEST if note.was_returned else chance.one(GROUNDS)
        body: Body = Refuse(ground)
        if note.kind is Kind.ADVANCE_NOTICE:
            body = Clearance(ClearanceResult.OBJECTION, chance.one(GROUNDS))
        said = await talk.told(body)
        note.finish(town.now, said.entry, ending(body), refused=True)
        return True
    if note.kind is Kind.URGENT_FREEZE_REQUEST:
        return await freeze(talk)
    if note.kind is Kind.CERTIFICATE_REQUEST:
        await issue(talk)
    body = _answers(chance)[note.kind]()
    winner = await _race_the_answer(talk, body)
    if winner is None:
        return False
    talk.own.append(winner)
    note.finish(town.now, winner.entry, ending(body))
    return True


def _answers(chance: Chance) -> dict[Kind, Callable[[], Body]]:
    return {
        Kind.INFORMATION_REQUEST: lambda: Reply(chance.one(list(ReplyResult))),
        Kind.REFERRAL: lambda: Reply(chance.one(list(ReplyResult))),
        Kind.ASSET_TRACE_REQUEST: lambda: _findings(chance),
        Kind.ANALYSIS_REQUEST: AnalysisProduct,
        Kind.ADVANCE_NOTICE: lambda: Clearance(ClearanceResult.CLEARED),
        Kind.CONNECTIVITY_TEST: AnswerTest,
        Kind.CERTIFICATE_REQUEST: CertificateAnswer,
    }


def _findings(chance: Chance) -> AssetFindings:
    if chance.happens(40):
        return AssetFindings(TraceResult.NOT_FOUND, ())
    kinds = tuple(sorted(chance.draw.sample(list(AssetType), 2)))
    if chance.happens(30):
        return AssetFindings(TraceResult.FOUND, kinds)
    amount = chance.draw.randrange(1, 5_000_000)
    return AssetFindings(TraceResult.FOUND, kinds, amount, chance.one(list(Currency)))


async def _race_the_answer(talk: Talk, body: Body) -> Said | None:
    """The answer beside something that the initiator says at that moment; None if it lost."""
    town, note, chance = talk.town, talk.note, talk.chance
    supervisor = supervisor_to_involve(talk, talk.initiator.agency)
    if note.is_about_a_case and supervisor and chance.happens(May.ANSWER_RACES_INVOLVEMENT):
        return await race_the_answer(talk, body, supervisor)
    rivals: dict[str, tuple[float, Body]] = {
        "answer and recall": (May.ANSWER_RACES_RECALL, Recall()),
        "answer and correction announced": (
            May.ANSWER_RACES_CORRECTION,
            AnnounceCorrection(CorrectionReason.INCOMPLETE),
        ),
    }
    if note.due is not None and note.due < town.now:
        rivals["answer and reminder"] = (May.ANSWER_RACES_REMINDER, Remind())
    for name, (percent, rival) in rivals.items():
        if not chance.happens(percent):
            continue
        letters = [talk.answer(body), talk.letter(talk.initiator, rival)]
        rival_first = chance.happens(50)
        answers = await town.race(*(letters[::-1] if rival_first else letters))
        mine, theirs = answers[::-1] if rival_first else answers
        lost = next((each for each in answers if isinstance(each, Reason)), None)
        town.notes.races[f"{name}: {lost.name if lost else 'both stand'}"] += 1
        if isinstance(mine, Said):
            return mine
        assert isinstance(theirs, Said)
        if isinstance(rival, Recall):
            note.recall(theirs.entry)
            await _confirm(talk)
        else:
            note.send_back(town.now, by_recipient=True)
            if await _supplemented(talk) and await _answer(talk):
                await _afterwards(talk)
        return None
    return await town.post(talk.answer(body))


async def _refused(talk: Talk, letter: Letter) -> Reason:
    [reason] = await talk.town.race(letter)
    assert isinstance(reason, Reason)
    talk.town.notes.races[f"alone: {reason.name}"] += 1
    return reason


# --- Afterwards ----------------------------------------------------------------------------------


async def recall(talk: Talk) -> None:
    """The initiator takes it back."""
    said = await talk.asked(Recall())
    talk.note.recall(said.entry)
    if talk.note.was_released:
        await _confirm(talk)


async def _confirm(talk: Talk) -> None:
    if talk.chance.happens(May.CONFIRM_RECALL):
        await talk.town.hours(talk.chance.about(15))
        await talk.told(ConfirmRecall(talk.chance.one(list(RecallUse))))


async def close(talk: Talk) -> None:
    """The initiator closes it, and may have it erased."""
    town, chance = talk.town, talk.chance
    if not chance.happens(May.CLOSE):
        return
    await town.hours(chance.about(200))
    await talk.asked(Close())
    talk.note.close()
    if chance.happens(May.ERASE):
        await town.hours(chance.about(400))
        await talk.asked(EraseNotice(chance.one(list(ErasureGround))))
        talk.note.erase()


async def _afterwards(talk: Talk) -> None:
    """After the answer: corrections, consent, feedback, closing, erasing."""
    town, note, chance = talk.town, talk.note, talk.chance
    if note.kind is Kind.CONNECTIVITY_TEST:
        return
    await town.hours(chance.about(12))
    answer = talk.own[-1] if talk.own else None
    if note.state is LegState.ANSWERED and answer is not None:
        if talk.colleague is not None:
            talk.initiator = talk.colleague
        await town.read(talk.initiator, answer)
        if chance.happens(May.CORRECT_THE_ANSWER):
            await talk.told(Correct(answer.digest, CorrectionReason.INCOMPLETE))
        if note.is_about_a_case and chance.happens(May.CONSENT):
            await ask_consent(talk, answer)
        if note.is_about_a_case and chance.happens(May.FEEDBACK):
            await town.hours(chance.about(600))
            use = chance.one(list(FeedbackUse))
            given = Feedback(chance.draw.randrange(4), (use,))
            if use in HELD and chance.happens(70):
                worth = chance.draw.randrange(1, 9_000_000)
                given = replace(given, amount=worth, currency=chance.one(list(Currency)))
            await talk.asked(given)
            note.clocks.pop("feedback")
        if chance.happens(May.ERASE_ANSWER):
            await talk.told(EraseAnswer(chance.one(list(ErasureGround))))
    await close(talk)
