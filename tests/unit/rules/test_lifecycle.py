"""The lifecycle table, cell by cell, and the ways around it that are closed."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.announce_correction import AnnounceCorrection, CorrectionReason
from exchange_protocol.kinds.answer_test import AnswerTest
from exchange_protocol.kinds.ask_to_lift import AskToLift
from exchange_protocol.kinds.asset_findings import AssetFindings, TraceResult
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.claim import Claim, ClaimAct
from exchange_protocol.kinds.clearance import Clearance, ClearanceResult
from exchange_protocol.kinds.codes import Handling, LegState, RefusalGround, Tlp
from exchange_protocol.kinds.complete_task import CompleteTask, TaskResult
from exchange_protocol.kinds.confirm_recall import ConfirmRecall, RecallUse
from exchange_protocol.kinds.contribute import Contribute
from exchange_protocol.kinds.correct import Correct
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.decline import Decline, DeclineReason
from exchange_protocol.kinds.erase_answer import EraseAnswer
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.feedback import Feedback
from exchange_protocol.kinds.freeze_status import (
    FreezeConversion,
    FreezeObstacle,
    FreezeOutcome,
    FreezeStatus,
)
from exchange_protocol.kinds.give_notice import GiveNotice, NoticeCode
from exchange_protocol.kinds.join import Join
from exchange_protocol.kinds.leave import Leave
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.remind import Remind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.kinds.task import Task
from exchange_protocol.rules.addressing import addressed_legs
from exchange_protocol.rules.exchange import Exchange, Leg, LegRoute
from exchange_protocol.rules.leg_record import GivenTask, LegRecord
from exchange_protocol.rules.lifecycle import advance, deliver, open_exchange
from exchange_protocol.rules.statements import Header, Statement
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.support.statements import (
    CARICC,
    CASE,
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    PROSECUTOR,
    SECOND_COORDINATOR,
    START,
    UNNAMED_COORDINATOR,
    UZ_FIU,
    agencies,
)

UZ, KG, CENTRE = agencies(["uz.fiu", "kg.mia", "caricc"])
S = LegState
_numbers = itertools.count(1)

FIRST = hashlib.sha256(b"first").digest()
ANSWER = hashlib.sha256(b"answer").digest()


def say(
    author: Member,
    body: Body,
    *,
    answers: bytes | None = None,
    to: tuple[AgencyId, ...] = (UZ,),
    header: Header = CASE,
) -> Statement:
    """A parsed statement whose signature is taken as verified."""
    return Statement(
        id="statement",
        exchange_id="exchange",
        author=author,
        made_at=START,
        body=body,
        answers=answers,
        recipients=to,
        header=header,
        digest=hashlib.sha256(b"%d" % next(_numbers)).digest(),
    )


def opened(
    *routes: LegRoute, kind: Kind = Kind.INFORMATION_REQUEST, header: Header = CASE
) -> tuple[Exchange, Statement]:
    statement = say(KZ_MIA, kind.body(), to=tuple(route.agency for route in routes), header=header)
    return open_exchange(statement, routes, at=statement.made_at)[0], statement


def in_state(state: LegState, kind: Kind, *, disclosed: bool = False) -> Exchange:
    """An exchange with one leg, put into a state by hand."""
    hidden = (FIRST,) if state in (S.HELD, S.RETURNED, S.REJECTED) and not disclosed else ()
    leg = Leg(
        agency=UZ,
        state=state,
        awaits=FIRST,
        handling=Handling.H0,
        tlp=Tlp.AMBER,
        subject_count=1,
        was_released=disclosed or not hidden,
        approvals_required=1,
        approvers=(CENTRE,),
        due_at=DUE,
        hidden=hidden,
        record=LegRecord(
            from_initiator=(FIRST,), from_recipient=(ANSWER,), tasks=(GivenTask(FIRST, DUE),)
        ),
    )
    return Exchange("exchange", kind, KZ_MIA.agency, CASE, (), (leg,))


def apply(
    exchange: Exchange, *statements: Statement, routes: tuple[LegRoute, ...] = ()
) -> Exchange:
    for statement in statements:
        legs = [leg.agency for leg in addressed_legs(exchange, statement)]
        exchange, _ = advance(exchange, statement, legs, routes, at=statement.made_at)
    return exchange


def leg_of(exchange: Exchange, agency: AgencyId = UZ) -> Leg:
    leg = exchange.leg(agency)
    assert leg is not None
    return leg


def gated(approvals: int = 1, agency: AgencyId = UZ) -> LegRoute:
    return LegRoute(agency, approvals, (CENTRE,))


def open_to(agency: AgencyId = UZ) -> LegRoute:
    return LegRoute(agency, 0, ())


def approve(exchange: Exchange, by: Member = COORDINATOR, *legs: AgencyId) -> Statement:
    to = legs or (UZ,)
    return say(by, Decision(Verdict.APPROVE), answers=leg_of(exchange, to[0]).awaits, to=to)


# --- The table ----------------------------------------------------------------------------------

SAYINGS: dict[str, Body] = {
    "approve": Decision(Verdict.APPROVE),
    "reject": Decision(Verdict.REJECT, RefusalGround.CONTRARY_TO_LAW),
    "return": Decision(Verdict.RETURN),
    "acknowledge": Kind.ACKNOWLEDGE.body(),
    "return_for_information": Kind.RETURN_FOR_INFORMATION.body(),
    "supplement": Kind.SUPPLEMENT.body(),
    "interim_reply": Kind.INTERIM_REPLY.body(),
    "partial_reply": Kind.PARTIAL_REPLY.body(),
    "reply": Reply(ReplyResult.NO_HIT),
    "analysis_product": Kind.ANALYSIS_PRODUCT.body(),
    "refuse": Refuse(RefusalGround.LEGAL_PRIVILEGE),
    "recall": Kind.RECALL.body(),
    "feedback": Feedback(3, ()),
    "close": Kind.CLOSE.body(),
    "erase_notice": EraseNotice(ErasureGround.RETENTION_ENDED),
    "extend_deadline": ExtendDeadline(ExtensionGround.VOLUME),
    "freeze imposed": FreezeStatus(FreezeOutcome.IMPOSED),
    "freeze not imposed": FreezeStatus(FreezeOutcome.NOT_IMPOSED, FreezeObstacle.NO_ASSET),
    "freeze extended": FreezeStatus(FreezeOutcome.EXTENDED),
    "freeze converted": FreezeStatus(
        FreezeOutcome.CONVERTED, conversion=FreezeConversion.COURT_ORDER
    ),
    "freeze lifted": FreezeStatus(FreezeOutcome.LIFTED),
    "freeze expired": FreezeStatus(FreezeOutcome.EXPIRED),
    "ask_to_lift": AskToLift(),
    "asset_findings": AssetFindings(TraceResult.NOT_FOUND, ()),
    "announce_correction": AnnounceCorrection(CorrectionReason.WRONG_FACT),
    "correct": Correct(FIRST, CorrectionReason.WRONG_FACT),
    "correct answer": Correct(ANSWER, CorrectionReason.WRONG_FACT),
    "remind": Remind(),
    "claim": Claim(ClaimAct.TAKE),
    "confirm_recall": ConfirmRecall(RecallUse.UNUSED),
    "erase_answer": EraseAnswer(ErasureGround.ORDERED),
    "give_notice": GiveNotice(NoticeCode.FORM_INCOMPLETE),
    "cleared": Clearance(ClearanceResult.CLEARED),
    "objection": Clearance(ClearanceResult.OBJECTION, RefusalGround.CONTRARY_TO_LAW),
    "no answer": Clearance(ClearanceResult.NO_ANSWER),
    "answer_test": AnswerTest(),
    "join": Join(),
    "decline": Decline(DeclineReason.NO_LINK),
    "leave": Leave(),
    "contribute": Contribute(),
    "task": Task(UZ),
    "complete_task": CompleteTask(FIRST, TaskResult.DONE),
}
ANSWERS = {
    "reply": (Kind.INFORMATION_REQUEST, Kind.REFERRAL),
    "analysis_product": (Kind.ANALYSIS_REQUEST,),
    "asset_findings": (Kind.ASSET_TRACE_REQUEST,),
    **dict.fromkeys(("cleared", "objection", "no answer"), (Kind.ADVANCE_NOTICE,)),
    "answer_test": (Kind.CONNECTIVITY_TEST,),
    "join": (Kind.JOINT_CASE,),
    "decline": (Kind.JOINT_CASE,),
    **dict.fromkeys(
        [saying for saying in SAYINGS if saying.startswith("freeze ")],
        (Kind.URGENT_FREEZE_REQUEST,),
    ),
}
"""Initial kinds that each of these may answer."""
DUE = START + timedelta(days=1)
TO_MEMBERS = (Contribute(), Task(UZ), CompleteTask(FIRST, TaskResult.DONE))
AFTER_DUE = ("freeze expired", "remind", "no answer")
"""What may be said after the due time alone."""

AT_RECIPIENT = (S.DELIVERED, S.ACKNOWLEDGED)
ALLOWED: dict[tuple[str, Member], dict[LegState, LegState]] = {
    ("approve", COORDINATOR): {S.HELD: S.RELEASED},
    ("reject", COORDINATOR): {S.HELD: S.REJECTED},
    ("return", COORDINATOR): {S.HELD: S.RETURNED},
    ("acknowledge", UZ_FIU): {S.DELIVERED: S.ACKNOWLEDGED},
    ("return_for_information", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.RETURNED),
    ("supplement", KZ_MIA): {S.RETURNED: S.HELD},
    ("interim_reply", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ACKNOWLEDGED),
    ("partial_reply", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ACKNOWLEDGED),
    ("extend_deadline", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ACKNOWLEDGED),
    ("reply", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ANSWERED),
    ("analysis_product", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ANSWERED),
    ("refuse", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.REFUSED),
    ("recall", KZ_MIA): dict.fromkeys((S.HELD, S.RETURNED, S.RELEASED, *AT_RECIPIENT), S.RECALLED),
    ("freeze imposed", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.FROZEN),
    ("freeze not imposed", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ANSWERED),
    ("freeze extended", UZ_FIU): {S.FROZEN: S.FROZEN},
    ("freeze converted", UZ_FIU): {S.FROZEN: S.ANSWERED},
    ("freeze lifted", UZ_FIU): {S.FROZEN: S.ANSWERED},
    ("freeze expired", UZ_FIU): {S.FROZEN: S.ANSWERED},
    ("freeze expired", KZ_MIA): {S.FROZEN: S.ANSWERED},
    ("ask_to_lift", KZ_MIA): {S.FROZEN: S.FROZEN},
    ("asset_findings", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ANSWERED),
    ("announce_correction", KZ_MIA): dict.fromkeys((S.RELEASED, *AT_RECIPIENT), S.RETURNED),
    ("correct", KZ_MIA): dict.fromkeys((S.HELD, S.RETURNED), S.HELD),
    ("correct answer", UZ_FIU): {
        state: state for state in (*AT_RECIPIENT, S.ANSWERED, S.FROZEN, S.CLOSED)
    },
    ("remind", KZ_MIA): {state: state for state in (S.RELEASED, *AT_RECIPIENT, S.JOINED)},
    ("claim", COORDINATOR): {S.HELD: S.HELD},
    ("confirm_recall", UZ_FIU): {S.RECALLED: S.RECALLED},
    ("erase_answer", UZ_FIU): {state: state for state in (S.ANSWERED, S.CLOSED, S.LEFT)},
    ("give_notice", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ACKNOWLEDGED),
    ("cleared", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ANSWERED),
    ("objection", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.REFUSED),
    ("no answer", KZ_MIA): dict.fromkeys((S.RELEASED, *AT_RECIPIENT), S.ANSWERED),
    ("answer_test", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.ANSWERED),
    ("feedback", KZ_MIA): {S.ANSWERED: S.ANSWERED},
    ("erase_notice", KZ_MIA): {S.CLOSED: S.ERASED},
    ("close", KZ_MIA): dict.fromkeys(
        (S.ANSWERED, S.REFUSED, S.REJECTED, S.RECALLED, S.JOINED, S.LEFT), S.CLOSED
    ),
    ("join", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.JOINED),
    ("decline", UZ_FIU): dict.fromkeys(AT_RECIPIENT, S.REFUSED),
    ("leave", UZ_FIU): {S.JOINED: S.LEFT},
    ("contribute", KZ_MIA): {S.JOINED: S.JOINED},
    ("contribute", UZ_FIU): {S.JOINED: S.JOINED},
    ("task", KZ_MIA): {S.JOINED: S.JOINED},
    ("complete_task", UZ_FIU): {S.JOINED: S.JOINED},
}
SPEAKERS = (KZ_MIA, UZ_FIU, COORDINATOR, KG_MIA)


@pytest.mark.parametrize("opening", [kind for kind in Kind if kind.stage is Stage.INITIAL])
@pytest.mark.parametrize("saying", SAYINGS)
def test_every_cell_of_the_table(saying: str, opening: Kind) -> None:
    answers_another_kind = opening not in ANSWERS.get(saying, (opening,))
    for speaker in SPEAKERS:
        allowed = ALLOWED.get((saying, speaker), {})
        if answers_another_kind:
            allowed = {}
        if saying == "correct answer" and opening is Kind.JOINT_CASE:
            # A correction would not reach the other members, who read what was said.
            allowed = {state: after for state, after in allowed.items() if state is not S.CLOSED}
        for state in LegState:
            exchange = in_state(state, opening)
            decides = isinstance(SAYINGS[saying], Decision | Claim)
            by_recipient = speaker is UZ_FIU and not decides
            to = (KZ_MIA.agency,) if by_recipient else (UZ,)
            later = replace(CASE, due_at=START + timedelta(days=14))
            statement = say(speaker, SAYINGS[saying], answers=FIRST, to=to, header=later)
            if saying in AFTER_DUE:
                statement = replace(statement, made_at=DUE + timedelta(seconds=1))
            where = f"{saying} by {speaker} on {state.name}"
            if state in allowed:
                after = apply(exchange, statement, routes=(gated(),))
                assert leg_of(after).state is allowed[state], where
            else:
                with pytest.raises(ExchangeError) as refused:
                    apply(exchange, statement, routes=(gated(),))
                expected = {Reason.OUT_OF_ORDER, Reason.NOT_A_PARTY, Reason.OWN_REQUEST}
                if SAYINGS[saying] in TO_MEMBERS:
                    expected.add(Reason.NOT_ACTIVE)
                if saying.startswith("correct"):
                    expected.add(Reason.STATEMENT_UNKNOWN)  # said by the other side
                assert refused.value.reason in expected, where


def test_every_state_but_erased_leads_on() -> None:
    leads_on = {state for cells in ALLOWED.values() for state in cells}
    assert leads_on == set(LegState) - {S.ERASED}


# --- The gate -----------------------------------------------------------------------------------


def test_a_domestic_leg_starts_released_and_a_gated_one_held() -> None:
    exchange, statement = opened(open_to(UZ), gated(1, KG))
    assert [leg.state for leg in exchange.legs] == [S.RELEASED, S.HELD]
    assert leg_of(exchange, UZ).hidden == ()
    assert leg_of(exchange, KG).hidden == (statement.digest,)


def test_two_coordinators_release_a_leg_that_needs_two_approvals() -> None:
    exchange, _ = opened(gated(2))
    exchange = apply(exchange, approve(exchange))
    assert leg_of(exchange).state is S.HELD
    exchange = apply(exchange, approve(exchange, SECOND_COORDINATOR))
    assert leg_of(exchange).state is S.RELEASED
    assert leg_of(exchange).hidden == ()


def test_one_coordinator_cannot_approve_twice() -> None:
    exchange, _ = opened(gated(2))
    exchange = apply(exchange, approve(exchange))
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, approve(exchange))
    assert refused.value.reason is Reason.ALREADY_DECIDED


def test_one_person_in_two_roles_cannot_approve_twice() -> None:
    exchange, _ = opened(gated(2))
    exchange = apply(exchange, approve(exchange))
    same_person = replace(COORDINATOR, role=Role.AUTHORISER)
    with pytest.raises(ExchangeError, match="another person") as refused:
        apply(exchange, approve(exchange, same_person))
    assert refused.value.reason is Reason.ALREADY_DECIDED


def test_four_eyes_need_named_coordinators() -> None:
    exchange, _ = opened(gated(2))
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, approve(exchange, UNNAMED_COORDINATOR))
    assert refused.value.reason is Reason.ROLE_NOT_PERMITTED
    alone, _ = opened(gated(1))
    assert leg_of(apply(alone, approve(alone, UNNAMED_COORDINATOR))).state is S.RELEASED


def test_an_approval_binds_exactly_what_was_approved() -> None:
    exchange, _ = opened(gated())
    stale = say(COORDINATOR, Decision(Verdict.APPROVE), answers=FIRST)
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, stale)
    assert refused.value.reason is Reason.STALE_ANSWER


def test_approvals_do_not_survive_a_supplement() -> None:
    exchange, _ = opened(gated(2))
    exchange = apply(exchange, approve(exchange))
    returned = say(SECOND_COORDINATOR, Decision(Verdict.RETURN), answers=leg_of(exchange).awaits)
    exchange = apply(exchange, returned)
    more = say(KZ_MIA, Kind.SUPPLEMENT.body(), answers=returned.digest)
    exchange = apply(exchange, more, routes=(gated(2),))
    assert leg_of(exchange).approvals == ()
    exchange = apply(exchange, approve(exchange, SECOND_COORDINATOR))
    assert leg_of(exchange).state is S.HELD


def test_the_opener_cannot_decide_what_it_asks() -> None:
    exchange, _ = opened(gated())
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, approve(exchange, KZ_MIA))
    assert refused.value.reason is Reason.OWN_REQUEST


@pytest.mark.parametrize("by", [UZ_FIU, KG_MIA, KZ_FMA, PROSECUTOR])
def test_only_approvers_of_the_leg_decide(by: Member) -> None:
    exchange, _ = opened(gated(1, UZ), LegRoute(KG, 1, (PROSECUTOR.agency,)))
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, approve(exchange, by, UZ))
    assert refused.value.reason is Reason.NOT_A_PARTY


def test_a_decision_on_several_legs_is_taken_whole_or_not_at_all() -> None:
    exchange, _ = opened(gated(1, UZ), gated(1, KG))
    both = approve(exchange, COORDINATOR, UZ, KG)
    assert {leg.state for leg in apply(exchange, both).legs} == {S.RELEASED}
    first = apply(exchange, approve(exchange, COORDINATOR, UZ))
    with pytest.raises(ExchangeError) as refused:
        apply(first, approve(exchange, SECOND_COORDINATOR, KG, UZ))
    assert refused.value.reason is Reason.OUT_OF_ORDER
    assert leg_of(first, KG).state is S.HELD


def test_a_decision_releases_each_leg_by_its_own_number_of_approvals() -> None:
    exchange, _ = opened(gated(1, UZ), gated(2, KG))
    decision = approve(exchange, COORDINATOR, UZ, KG)
    exchange = apply(exchange, decision)
    assert leg_of(exchange, UZ).state is S.RELEASED
    assert leg_of(exchange, KG).state is S.HELD
    assert decision.digest in leg_of(exchange, KG).hidden


def test_the_centre_as_a_recipient_answers_on_its_own_leg() -> None:
    exchange, _ = opened(open_to(CENTRE), gated(1, UZ))
    exchange, _ = deliver(exchange, CENTRE)
    subject = leg_of(exchange, CENTRE).awaits
    reply = say(CARICC, Kind.ACKNOWLEDGE.body(), answers=subject, to=(KZ_MIA.agency,))
    assert leg_of(apply(exchange, reply), CENTRE).state is S.ACKNOWLEDGED
    elsewhere = say(CARICC, Kind.ACKNOWLEDGE.body(), answers=subject, to=(UZ,))
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, elsewhere)
    assert refused.value.reason is Reason.INVALID_FIELD


def test_a_recipient_that_waits_approves_no_other_leg() -> None:
    with pytest.raises(ExchangeError) as refused:
        opened(LegRoute(CENTRE, 1, (PROSECUTOR.agency,)), gated(1, UZ))
    assert refused.value.reason is Reason.INVALID_FIELD
    exchange, _ = opened(open_to(CENTRE), gated(1, UZ))
    exchange, _ = deliver(exchange, CENTRE)
    back = say(
        CARICC, Kind.RETURN_FOR_INFORMATION.body(), answers=leg_of(exchange, CENTRE).awaits,
        to=(KZ_MIA.agency,),
    )  # fmt: skip
    exchange = apply(exchange, back)
    more = say(KZ_MIA, Kind.SUPPLEMENT.body(), answers=back.digest, to=(CENTRE,))
    waits = LegRoute(CENTRE, 1, (PROSECUTOR.agency,))
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, more, routes=(waits,))
    assert refused.value.reason is Reason.INVALID_FIELD


def test_who_was_never_shown_a_recalled_request_does_not_come_to_read_it_as_approver() -> None:
    exchange, _ = opened(LegRoute(CENTRE, 1, (PROSECUTOR.agency,)), open_to(UZ))
    exchange, _ = deliver(exchange, UZ)
    recalled = say(
        KZ_MIA, Kind.RECALL.body(), answers=leg_of(exchange, CENTRE).awaits, to=(CENTRE,)
    )
    asked = say(
        UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), answers=leg_of(exchange).awaits,
        to=(KZ_MIA.agency,),
    )  # fmt: skip
    exchange = apply(exchange, recalled, asked)
    more = say(KZ_MIA, Kind.SUPPLEMENT.body(), answers=asked.digest)
    with pytest.raises(
        ExchangeError, match="cannot be a held recipient and an approver"
    ) as refused:
        apply(exchange, more, routes=(gated(1, UZ),))
    assert refused.value.reason is Reason.INVALID_FIELD
    assert leg_of(apply(exchange, more, routes=(open_to(UZ),))).state is S.RELEASED


# --- What stays hidden, and what may not --------------------------------------------------------


def disclosed_then_supplemented(approvals: int = 1) -> tuple[Exchange, Statement]:
    """A leg whose recipient asked back, and whose supplement is held."""
    exchange, _ = opened(gated())
    exchange = apply(exchange, approve(exchange))
    exchange, _ = deliver(exchange, UZ)
    asked = say(
        UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), answers=leg_of(exchange).awaits,
        to=(KZ_MIA.agency,),
    )  # fmt: skip
    exchange = apply(exchange, asked)
    more = say(KZ_MIA, Kind.SUPPLEMENT.body(), answers=asked.digest)
    return apply(exchange, more, routes=(gated(approvals),)), more


def test_a_supplement_after_the_recipients_question_passes_the_gate_again() -> None:
    exchange, more = disclosed_then_supplemented()
    assert leg_of(exchange).state is S.HELD
    assert leg_of(exchange).hidden == (more.digest,)
    exchange = apply(exchange, approve(exchange, SECOND_COORDINATOR))
    assert leg_of(exchange).state is S.RELEASED
    assert leg_of(exchange).hidden == ()


def test_a_recall_of_what_was_never_released_stays_hidden() -> None:
    exchange, _ = opened(gated())
    recall = say(KZ_MIA, Kind.RECALL.body(), answers=leg_of(exchange).awaits)
    exchange = apply(exchange, recall)
    closed = say(KZ_MIA, Kind.CLOSE.body(), answers=recall.digest)
    exchange = apply(exchange, closed)
    assert leg_of(exchange).state is S.CLOSED
    assert {recall.digest, closed.digest} < set(leg_of(exchange).hidden)
    assert not exchange.is_known_to(UZ)


def test_a_recipient_learns_of_a_recall_while_a_supplement_is_held() -> None:
    exchange, more = disclosed_then_supplemented()
    recall = say(KZ_MIA, Kind.RECALL.body(), answers=more.digest)
    exchange = apply(exchange, recall)
    close = say(KZ_MIA, Kind.CLOSE.body(), answers=recall.digest)
    exchange = apply(exchange, close)
    assert leg_of(exchange).hidden == (more.digest,)


def test_a_held_supplement_of_a_known_request_is_returned_not_rejected() -> None:
    exchange, more = disclosed_then_supplemented()
    no = Decision(Verdict.REJECT, RefusalGround.CONTRARY_TO_LAW)
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, say(COORDINATOR, no, answers=more.digest))
    assert refused.value.reason is Reason.OUT_OF_ORDER
    assert "decision (RETURN)" in refused.value.message
    returned = apply(exchange, say(COORDINATOR, Decision(Verdict.RETURN), answers=more.digest))
    assert leg_of(returned).state is S.RETURNED
    assert more.digest in leg_of(returned).hidden


def test_a_leg_counts_what_its_supplements_add() -> None:
    exchange, _ = opened(gated(), header=replace(CASE, subject_count=40))
    returned = say(COORDINATOR, Decision(Verdict.RETURN), answers=leg_of(exchange).awaits)
    exchange = apply(exchange, returned)
    header = replace(CASE, subject_count=30, handling=Handling.H2, tlp=Tlp.RED)
    more = say(KZ_MIA, Kind.SUPPLEMENT.body(), answers=returned.digest, header=header)
    leg = leg_of(apply(exchange, more, routes=(gated(2),)))
    assert leg.hidden == (returned.answers, returned.digest, more.digest)
    assert (leg.subject_count, leg.handling, leg.tlp) == (70, Handling.H2, Tlp.RED)


def test_reading_moves_only_a_released_leg() -> None:
    exchange, _ = opened(open_to(UZ), gated(1, KG))
    read, changes = deliver(exchange, UZ)
    assert leg_of(read, UZ).state is S.DELIVERED
    assert [change.agency for change in changes] == [UZ]
    for agency in (KG, UZ, CENTRE):
        assert deliver(read, agency) == (read, ())


# --- Addressing ---------------------------------------------------------------------------------


def test_a_statement_must_name_its_legs() -> None:
    exchange, _ = opened(open_to())
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, say(KZ_MIA, Kind.RECALL.body(), answers=FIRST, to=()))
    assert refused.value.reason is Reason.MISSING_FIELD


def test_an_agency_without_a_leg_cannot_be_addressed() -> None:
    exchange, _ = opened(open_to())
    with pytest.raises(ExchangeError) as refused:
        apply(exchange, say(KZ_MIA, Kind.RECALL.body(), answers=FIRST, to=(KG,)))
    assert refused.value.reason is Reason.NOT_A_PARTY


def test_an_opening_statement_does_not_continue_an_exchange() -> None:
    exchange, _ = opened(open_to())
    said = say(KZ_MIA, Kind.REFERRAL.body())
    with pytest.raises(ExchangeError) as refused:
        advance(exchange, said, [UZ], at=said.made_at)
    assert refused.value.reason is Reason.OUT_OF_ORDER


def test_who_may_know_of_an_exchange() -> None:
    exchange, _ = opened(open_to(UZ), gated(1, KG))
    assert all(exchange.is_known_to(agency) for agency in (KZ_MIA.agency, UZ, CENTRE))
    assert not exchange.is_known_to(KG)
    assert not exchange.is_known_to(KZ_FMA.agency)


# --- Due times ----------------------------------------------------------------------------------


def due(days: int) -> Header:
    return replace(CASE, due_at=START + timedelta(days=days))


def extend(exchange: Exchange, days: int) -> Statement:
    body = ExtendDeadline(ExtensionGround.VOLUME)
    awaited = leg_of(exchange).awaits
    return say(UZ_FIU, body, answers=awaited, to=(KZ_MIA.agency,), header=due(days))


def test_an_extension_moves_the_due_time_of_its_own_leg_alone() -> None:
    exchange, _ = opened(open_to(UZ), open_to(KG), header=due(7))
    exchange, _ = deliver(exchange, UZ)
    exchange = apply(exchange, extend(exchange, 14))
    assert leg_of(exchange).due_at == due(14).due_at
    assert leg_of(exchange).state is S.ACKNOWLEDGED
    assert leg_of(exchange, KG).due_at == due(7).due_at


def test_a_leg_without_a_due_time_gets_one_by_an_extension() -> None:
    exchange, _ = opened(open_to(UZ))
    exchange, _ = deliver(exchange, UZ)
    assert leg_of(exchange).due_at is None
    assert leg_of(apply(exchange, extend(exchange, 3))).due_at == due(3).due_at


@pytest.mark.parametrize("days", [-1, 0, 6, 7])
def test_an_extension_to_a_time_that_is_not_later_is_refused(days: int) -> None:
    exchange, _ = opened(open_to(UZ), header=due(7))
    exchange, _ = deliver(exchange, UZ)
    with pytest.raises(ExchangeError, match="expected a due time after") as refused:
        apply(exchange, extend(exchange, days))
    assert (refused.value.reason, refused.value.field) == (Reason.DUE_TIME_NOT_LATER, "due_at")


def test_a_supplement_keeps_the_due_time_unless_it_names_another() -> None:
    for header, expected in ((CASE, 7), (due(21), 21)):
        exchange, _ = opened(open_to(UZ), header=due(7))
        exchange, _ = deliver(exchange, UZ)
        returned = say(
            UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), answers=leg_of(exchange).awaits,
            to=(KZ_MIA.agency,),
        )  # fmt: skip
        more = say(KZ_MIA, Kind.SUPPLEMENT.body(), answers=returned.digest, header=header)
        exchange = apply(exchange, returned, more, routes=(open_to(UZ),))
        assert leg_of(exchange).due_at == due(expected).due_at
