"""An honest hub is not accused, though this machine or another one's clock is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agency_client import ExchangeClient
from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.kinds.announce_correction import AnnounceCorrection, CorrectionReason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, LegState, Purpose, TimeLimitRule
from exchange_protocol.kinds.confirm_recall import ConfirmRecall, RecallUse
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.correct import Correct
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.decline import Decline, DeclineReason
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.give_notice import GiveNotice, NoticeCode
from exchange_protocol.kinds.invite import Invite
from exchange_protocol.kinds.involve_supervisor import InvolveSupervisor
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.supervisor_comment import SupervisorComment, SupervisorWish
from exchange_protocol.record.entries import parse_entry
from exchange_protocol.rules.statements import Header, Statement
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.asking import new_exchange
from tests.support.changing_directories import POLICIES
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import (
    CARICC,
    CASE,
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    OPERATOR,
    PROSECUTOR,
    SECOND_COORDINATOR,
    SECOND_PROSECUTOR,
    UZ_FIU,
    Hub,
)


def answered(hub: InMemoryHub, folder: Path, *, days: int) -> str:
    """An exchange that was answered; its content is kept for so many days since."""
    hub.model.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=days))
    with hub.client(folder) as mia, hub.client(folder, KZ_FMA) as fma:
        exchange = new_exchange(mia, "kz.fma")
        fma.open(exchange)
        fma.reply(exchange)
    return exchange


def slow(hub: InMemoryHub, folder: Path, behind: timedelta) -> ExchangeClient:
    """A client on a machine whose clock is behind."""
    link = Connection(hub, KZ_MIA)
    return ExchangeClient(hub.profile(folder), link=link, clock=lambda: hub.now() - behind)


@pytest.mark.parametrize("behind", [timedelta(hours=2), timedelta(days=20)])
def test_content_whose_retention_has_ended_is_gone_for_a_slow_clock_too(
    hub: InMemoryHub, tmp_path: Path, behind: timedelta
) -> None:
    exchange = answered(hub, tmp_path, days=30)
    hub.model.now += timedelta(days=30, minutes=1)
    for _ in range(2):
        opened = slow(hub, tmp_path, behind).open(exchange)
        assert [each.is_erased for each in opened.statements] == [True, True]
        assert opened.verified.exchange is not None


def test_a_clock_that_the_log_itself_proves_slow_is_not_believed(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = answered(hub, tmp_path, days=30)
    hub.model.now += timedelta(days=90)
    hub.model.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=31))
    opened = slow(hub, tmp_path, timedelta(days=90)).open(exchange)
    assert [each.is_erased for each in opened.statements] == [True, True]


def test_hub_that_forgets_long_before_the_end_of_retention_is_caught(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = answered(hub, tmp_path, days=100)

    def forgets(*_: object) -> bytes:
        raise Reason.CONTENT_ERASED.error("its retention has ended")

    hub.fetch_part = forgets  # type: ignore[method-assign,assignment]
    with pytest.raises(HubDishonest, match="no signed notice says so") as caught:
        hub.client(tmp_path).open(exchange)
    assert caught.value.reason is Reason.RULE_BROKEN


def test_hub_that_forgets_early_is_not_excused_by_a_delivery_that_it_dates_itself(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    hub.model.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=100))
    with hub.client(tmp_path) as mia, hub.client(tmp_path, KZ_FMA) as fma:
        exchange = new_exchange(mia, "kz.fma", "kz.gpo")
        fma.reply(fma.open(exchange), brief="Вымышлено")
        asked, *_, reply = [each.statement for each in mia.get(exchange).statements]
    hub.model.now += timedelta(days=101)
    hub.model.deliver(KZ_GPO, asked)
    honest = hub.fetch_part

    def forgets(caller: Member, request: pb.FetchPartRequest) -> Iterator[bytes]:
        if request.payload_sha256 == reply.digest:
            raise Reason.CONTENT_ERASED.error("its retention has ended")
        return honest(caller, request)

    hub.fetch_part = forgets  # type: ignore[method-assign]
    with pytest.raises(HubDishonest, match="no signed notice says so"):
        slow(hub, tmp_path, timedelta(days=101)).open(exchange)


@pytest.mark.parametrize("reader", [KZ_MIA, KZ_FMA, KZ_GPO])
@pytest.mark.parametrize("is_whole", [False, True])
def test_content_that_is_gone_on_every_leg_is_gone_for_each_recipient(
    hub: InMemoryHub, tmp_path: Path, reader: Member, *, is_whole: bool
) -> None:
    """A recipient is not shown when the content on another leg ends, nor a copy's."""
    hub.model.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=100))
    with (
        hub.client(tmp_path) as mia,
        hub.client(tmp_path, KZ_FMA) as fma,
        hub.client(tmp_path, KZ_GPO) as gpo,
    ):
        exchange = new_exchange(mia, "kz.fma", "kz.gpo")
        fma.reply(fma.open(exchange), brief="Вымышлено")
        if is_whole:
            gpo.reply(gpo.open(exchange), brief="Вымышлено")
    hub.model.now += timedelta(days=101)
    opened = hub.client(tmp_path, reader).open(exchange)
    first, *replies = (each.is_erased for each in opened.statements)
    assert first is is_whole
    assert replies == [True] * len(replies)


def test_content_that_is_gone_accuses_no_hub_before_an_approver(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    hub.model.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=100))
    asked = new_exchange(hub.client(tmp_path), "kg.mia")
    approver = hub.client(tmp_path, COORDINATOR)
    approver.approve(approver.open(asked))
    with hub.client(tmp_path, KG_MIA) as recipient:
        recipient.reply(recipient.open(asked), brief="Вымышлено")
    hub.model.now += timedelta(days=101)
    assert approver.open(asked).statements[0].is_erased


def test_recipient_that_supervises_another_leg_reads_its_own_comment(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """Copies of what was said on the other leg are no part of its view as a party."""
    model = hub.model
    asked = model.say(KZ_FMA, Kind.INFORMATION_REQUEST.body(), to=["kz.mia", "kz.gpo"])
    for reader in (KZ_MIA, KZ_GPO):
        model.deliver(reader, asked)
    model.say(KZ_MIA, Reply(ReplyResult.NO_HIT), on=asked)
    comment = SupervisorComment(KZ_MIA.agency, SupervisorWish.EXPLANATION)
    model.say(KZ_GPO, comment, to=["kz.mia"], on=asked)
    for reader in (KZ_FMA, KZ_MIA, KZ_GPO):
        kinds = [
            each.kind for each in hub.client(tmp_path, reader).get(asked.exchange_id).statements
        ]
        assert (Kind.SUPERVISOR_COMMENT in kinds) == (reader is not KZ_FMA)


def test_member_invited_to_a_case_that_approves_anothers_leg_follows_all_of_it(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """An approver is shown what every member says, though its own leg waits for it to join."""
    model = hub.model
    case = model.say(KG_MIA, Kind.JOINT_CASE.body(), to=["kz.fma", "caricc"])
    for coordinator in (COORDINATOR, SECOND_COORDINATOR):
        if model.leg(case, "kz.fma").was_released:
            break
        model.say(coordinator, Decision(Verdict.APPROVE), to=["kz.fma"], on=case)
    model.deliver(KZ_FMA, case)
    model.say(KZ_FMA, Kind.JOIN.body(), on=case)
    model.say(KZ_FMA, Kind.CONTRIBUTE.body(), on=case)
    for reader in (KG_MIA, KZ_FMA, CARICC):
        seen = hub.client(tmp_path, reader).get(case.exchange_id)
        assert seen.statements[-1].kind is Kind.CONTRIBUTE


@pytest.mark.parametrize("by_recipient", [True, False])
def test_approver_follows_what_a_supervisor_reads_who_was_let_take_part_unseen(
    hub: InMemoryHub, tmp_path: Path, by_recipient: bool
) -> None:
    """It is not shown that the recipient let its prosecutor take part, and decides all the same."""
    model = hub.model
    asker, asked_of = (KG_MIA, KZ_MIA) if by_recipient else (KZ_MIA, UZ_FIU)
    to = [asked_of.agency]
    asked = model.say(asker, Kind.INFORMATION_REQUEST.body(), to=to)
    approve(model, asked, to)
    model.deliver(asked_of, asked)
    model.say(asked_of, Kind.PARTIAL_REPLY.body(), on=asked)
    model.say(KZ_MIA, InvolveSupervisor(KZ_GPO.agency), to=[] if by_recipient else to, on=asked)
    model.say(asked_of, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    for _ in range(2):
        supplement = model.say(asker, Kind.SUPPLEMENT.body(), to=to, on=asked)
        assert KZ_GPO.agency in supplement.supervisors
        hub.client(tmp_path, COORDINATOR).get(asked.exchange_id)
        approve(model, asked, to)
        hub.client(tmp_path, COORDINATOR).get(asked.exchange_id)
        model.deliver(asked_of, supplement)
        model.say(asked_of, Kind.RETURN_FOR_INFORMATION.body(), on=asked)


def approve(model: Hub, asked: Statement, to: list[AgencyId]) -> None:
    for coordinator in (COORDINATOR, SECOND_COORDINATOR):
        if model.leg(asked, to[0]).state is LegState.HELD:
            model.say(coordinator, Decision(Verdict.APPROVE), to=to, on=asked)


def test_recipient_gets_copies_of_a_leg_whose_release_it_is_not_shown(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    model = hub.model
    asked = model.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kg.mia", "kz.gpo"])
    approve(model, asked, [KG_MIA.agency])
    model.deliver(KG_MIA, asked)
    copy = model.say(KG_MIA, Reply(ReplyResult.NO_HIT), on=asked)
    assert KZ_GPO.agency in copy.supervisors
    for reader in (KZ_MIA, KG_MIA, KZ_GPO):
        seen = hub.client(tmp_path, reader).get(asked.exchange_id)
        assert seen.statements[-1].statement.digest == copy.digest


def test_approver_follows_the_correction_of_a_statement_that_it_cannot_judge(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """A reminder rests on a due time that the recipient may have moved, unseen by the approver."""
    model, to = hub.model, [UZ_FIU.agency]
    due = replace(CASE, due_at=model.now + timedelta(days=2))
    asked = model.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=to, header=due)
    approve(model, asked, to)
    model.now += timedelta(days=3)
    reminder = model.say(KZ_MIA, Kind.REMIND.body(), to=to, on=asked)
    model.say(KZ_MIA, AnnounceCorrection(CorrectionReason.FORM), to=to, on=asked)
    correction = Correct(reminder.digest, CorrectionReason.FORM)
    said = model.say(KZ_MIA, correction, to=to, on=asked)
    for reader in (KZ_MIA, COORDINATOR):
        seen = hub.client(tmp_path, reader).get(asked.exchange_id)
        assert seen.statements[-1].statement.digest == said.digest


def supplement_held(model: Hub) -> tuple[Statement, Statement]:
    """A request, and a supplement to it that waits for approval; a prosecutor has copies of both.

    The recipient let its own prosecutor take part.
    """
    to = [KZ_MIA.agency]
    asked = model.say(KG_MIA, Kind.INFORMATION_REQUEST.body(), to=to)
    approve(model, asked, to)
    model.deliver(KZ_MIA, asked)
    model.say(KZ_MIA, Kind.PARTIAL_REPLY.body(), on=asked)
    model.say(KZ_MIA, InvolveSupervisor(KZ_GPO.agency), on=asked)
    model.say(KG_MIA, AnnounceCorrection(CorrectionReason.FORM), to=to, on=asked)
    held = model.say(KG_MIA, Kind.SUPPLEMENT.body(), to=to, on=asked)
    assert model.leg(asked, "kz.mia").hidden == (held.digest,)
    assert KZ_GPO.agency in held.supervisors
    return asked, held


def test_supervisor_tells_no_recipient_of_what_is_held_back_from_it(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    model = hub.model
    asked, held = supplement_held(model)
    comment = SupervisorComment(KZ_MIA.agency, SupervisorWish.NONE)
    to = [KZ_MIA.agency]
    with pytest.raises(ExchangeError) as refused:
        model.say(KZ_GPO, comment, to=to, on=asked, answers=held.digest)
    assert (refused.value.reason, refused.value.field) == (Reason.STATEMENT_UNKNOWN, "answers")
    assert "kz.mia may see" in refused.value.message
    with pytest.raises(ExchangeError, match=r"kz\.gpo got a copy of"):
        model.say(KZ_GPO, comment, to=to, on=asked, answers=asked.digest)
    approve(model, asked, to)
    said = model.say(KZ_GPO, comment, to=to, on=asked, answers=held.digest)
    seen = hub.client(tmp_path, KZ_MIA).get(asked.exchange_id)
    assert seen.statements[-1].statement.digest == said.digest


def test_old_comment_on_what_is_held_back_accuses_no_hub(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = hub.model
    asked, held = supplement_held(model)
    comment = SupervisorComment(KZ_MIA.agency, SupervisorWish.NONE)
    monkeypatch.setattr("tests.support.statements.check_intake", lambda *_, **__: None)
    said = model.say(KZ_GPO, comment, to=[KZ_MIA.agency], on=asked, answers=held.digest)
    seen = hub.client(tmp_path, KZ_MIA).get(asked.exchange_id)
    assert seen.statements[-1].statement.digest == said.digest


def test_recipient_names_no_statement_that_is_held_back_from_it(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    model = hub.model
    asked, held = supplement_held(model)
    model.say(KG_MIA, Kind.RECALL.body(), to=[KZ_MIA.agency], on=asked)
    model.say(KG_MIA, Kind.CLOSE.body(), to=[KZ_MIA.agency], on=asked)
    request = ConsentRequest(held.digest, KZ_FMA.agency, Purpose.INVESTIGATION)
    with pytest.raises(ExchangeError) as refused:
        model.say(KZ_MIA, request, on=asked)
    with pytest.raises(ExchangeError) as unknown:
        model.say(KZ_MIA, replace(request, about=bytes(32)), on=asked)
    assert refused.value.reason is unknown.value.reason is Reason.STATEMENT_UNKNOWN
    said_of_none = str(unknown.value).replace(bytes(32).hex(), held.digest.hex())
    assert str(refused.value) == said_of_none
    model.say(KZ_MIA, replace(request, about=asked.digest), on=asked)
    hub.client(tmp_path, KZ_MIA).get(asked.exchange_id)


def test_approver_that_supervises_a_recipient_follows_a_correction_of_what_it_is_not_shown(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    model = hub.model
    asked = model.say(CARICC, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    assert KZ_GPO.agency in model.leg(asked, "kz.fma").approvers
    for approver in (PROSECUTOR, SECOND_PROSECUTOR):
        if model.leg(asked, "kz.fma").state is LegState.HELD:
            model.say(approver, Decision(Verdict.APPROVE), to=["kz.fma"], on=asked)
    model.deliver(KZ_FMA, asked)
    unseen = model.say(KZ_FMA, Kind.INTERIM_REPLY.body(), on=asked)
    assert KZ_GPO.agency not in unseen.supervisors
    model.say(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked)
    correction = Correct(unseen.digest, CorrectionReason.WRONG_FACT)
    said = model.say(KZ_FMA, correction, on=asked)
    seen = hub.client(tmp_path, KZ_GPO).get(asked.exchange_id)
    assert seen.statements[-1].kind is Kind.CORRECT
    # One by an agency that has no part in it is no such correction.
    forged = model.sign(
        model.compose(KG_MIA, correction, on=asked, to=["kz.fma"], supervisors=said.supervisors)
    )
    entry = replace(
        parse_entry(hub.log[-1].entry),
        actor=KG_MIA,
        certificate_sha256=forged.certificate_sha256,
        payload_digest=forged.digest,
        signature_digest=forged.signature_digest,
    )
    model.spoken[forged.digest] = replace(model.spoken[said.digest], digest=forged.digest)
    model.record(entry, forged)
    with pytest.raises(HubDishonest, match="the hub accepted what the rules refuse"):
        hub.client(tmp_path, KZ_GPO).get(asked.exchange_id)


def test_member_gets_the_copy_of_an_invitation_of_one_that_it_does_not_know_to_have_left(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """It supervises the lead, and has not joined."""
    model = hub.model
    case = model.say(KZ_FMA, Kind.JOINT_CASE.body(), to=["kz.mia", "kz.gpo"])
    model.deliver(KZ_MIA, case)
    model.say(KZ_MIA, Decline(DeclineReason.NO_CAPACITY), on=case)
    again = model.say(KZ_FMA, Invite(KZ_MIA.agency), to=["kz.mia"], on=case)
    assert KZ_GPO.agency in again.supervisors
    seen = hub.client(tmp_path, KZ_GPO).get(case.exchange_id)
    assert seen.statements[-1].statement.digest == again.digest


def test_recipient_follows_what_comes_after_the_recall_of_a_stricter_supplement(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """The gate of the supplement stays on the leg, and it was never shown that."""
    model, to = hub.model, [KG_MIA.agency]
    asked = model.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=to)
    approve(model, asked, to)
    model.say(KZ_MIA, AnnounceCorrection(CorrectionReason.FORM), to=to, on=asked)
    strict = Header(handling=Handling.H2)
    model.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=to, on=asked, header=strict)
    assert model.leg(asked, "kg.mia").approvals_required == 2
    model.say(KZ_MIA, Kind.RECALL.body(), to=to, on=asked, header=strict)
    model.say(KG_MIA, ConfirmRecall(RecallUse.UNUSED), on=asked, header=strict)
    model.say(KZ_MIA, Kind.CLOSE.body(), to=to, on=asked, header=strict)
    model.say(KZ_MIA, EraseNotice(ErasureGround.UNLAWFUL), to=to, on=asked, header=strict)
    seen = hub.client(tmp_path, KG_MIA).get(asked.exchange_id)
    assert seen.statements[-1].kind is Kind.ERASE_NOTICE


def test_member_that_declined_follows_the_recall_of_an_invitation_that_it_was_not_shown(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    model, to = hub.model, [UZ_FIU.agency]
    case = model.say(KZ_MIA, Kind.JOINT_CASE.body(), to=to)
    approve(model, case, to)
    model.deliver(UZ_FIU, case)
    model.say(UZ_FIU, Decline(DeclineReason.NO_CAPACITY), on=case)
    model.say(KZ_MIA, Invite(UZ_FIU.agency), to=to, on=case)
    assert model.leg(case, "uz.fiu").state is LegState.HELD
    model.say(KZ_MIA, Kind.RECALL.body(), to=to, on=case)
    seen = hub.client(tmp_path, UZ_FIU).get(case.exchange_id)
    assert seen.statements[-1].kind is Kind.RECALL


def test_member_that_has_not_joined_follows_who_reads_what_it_says(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """An approver of another's membership is let into the case, and it is not shown that."""
    model = hub.model
    case = model.say(KZ_FMA, Kind.JOINT_CASE.body(), to=["kz.mia"])
    model.deliver(KZ_MIA, case)
    model.say(KZ_FMA, Invite(UZ_FIU.agency), to=["uz.fiu"], on=case)
    declined = model.say(KZ_MIA, Decline(DeclineReason.NO_CAPACITY), on=case)
    model.deliver(CARICC, declined)
    hub.client(tmp_path, KZ_MIA).get(case.exchange_id)


def test_approver_follows_copies_of_what_rests_on_what_it_got_no_copy_of(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """The prosecutor decides what the centre asks, and supervises who answers it."""
    model, to = hub.model, [KZ_MIA.agency]
    asked = model.say(CARICC, Kind.INFORMATION_REQUEST.body(), to=to)
    for prosecutor in (PROSECUTOR, SECOND_PROSECUTOR):
        if model.leg(asked, "kz.mia").state is LegState.HELD:
            model.say(prosecutor, Decision(Verdict.APPROVE), to=to, on=asked)
    model.deliver(KZ_MIA, asked)
    noticed = model.say(KZ_MIA, GiveNotice(NoticeCode.OTHER_MEASURES), on=asked)
    corrected = model.say(KZ_MIA, Correct(noticed.digest, CorrectionReason.FORM), on=asked)
    assert KZ_GPO.agency not in noticed.supervisors
    assert KZ_GPO.agency in corrected.supervisors
    comment = SupervisorComment(KZ_MIA.agency, SupervisorWish.NONE)
    model.say(KZ_GPO, comment, to=to, on=asked, answers=corrected.digest)
    seen = hub.client(tmp_path, KZ_GPO).get(asked.exchange_id)
    assert seen.statements[-1].kind is Kind.SUPERVISOR_COMMENT
    model.say(KZ_MIA, InvolveSupervisor(KZ_GPO.agency), on=asked)
    noticed = model.say(KZ_MIA, GiveNotice(NoticeCode.OTHER_MEASURES), on=asked)
    assert KZ_GPO.agency in noticed.supervisors
    hub.client(tmp_path, KZ_GPO).get(asked.exchange_id)


def test_recipient_that_approves_another_leg_follows_who_else_does_so_by_now(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """Another policy put the other leg before others too, by a statement on that leg alone."""
    model, held = hub.model, [KZ_MIA.agency]
    asked = model.say(UZ_FIU, Kind.INFORMATION_REQUEST.body(), to=["kz.mia", "caricc"])
    approve(model, asked, held)
    model.change_policy(POLICIES["prosecutors, too, decide"])
    model.say(UZ_FIU, AnnounceCorrection(CorrectionReason.FORM), to=held, on=asked)
    said = model.say(UZ_FIU, Kind.SUPPLEMENT.body(), to=held, on=asked)
    decision = model.say(PROSECUTOR, Decision(Verdict.APPROVE), to=held, on=asked)
    model.deliver(COORDINATOR, said)
    for reader in (CARICC, PROSECUTOR, KZ_MIA):
        seen = hub.client(tmp_path, reader).get(asked.exchange_id)
        assert seen.statements[-1].statement.digest == decision.digest


def test_recipient_that_came_to_approve_another_leg_reads_what_was_said_there(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    model, held = hub.model, [UZ_FIU.agency]
    asked = model.say(KZ_FMA, Kind.INFORMATION_REQUEST.body(), to=["kz.gpo", "uz.fiu"])
    approve(model, asked, held)
    model.change_policy(POLICIES["prosecutors decide"])
    announced = model.say(KZ_FMA, AnnounceCorrection(CorrectionReason.FORM), to=held, on=asked)
    assert KZ_GPO.agency not in announced.supervisors
    model.say(KZ_FMA, Kind.SUPPLEMENT.body(), to=held, on=asked)
    model.deliver(PROSECUTOR, announced)
    for reader in (KZ_GPO, KZ_FMA, PROSECUTOR):
        seen = hub.client(tmp_path, reader).get(asked.exchange_id)
        assert seen.deliveries[-1].actor == PROSECUTOR


def test_approver_follows_what_is_said_on_a_leg_that_others_approve(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """It approves on one leg by a policy that is no more, and is a supervisor of the other."""
    model = hub.model
    asked = model.say(UZ_FIU, Kind.INFORMATION_REQUEST.body(), to=["kz.fma", "kz.mia"])
    model.say(COORDINATOR, Decision(Verdict.RETURN), to=["kz.mia"], on=asked)
    model.change_policy(POLICIES["prosecutors decide"])
    model.say(UZ_FIU, Kind.SUPPLEMENT.body(), to=["kz.mia"], on=asked)
    model.change_policy(POLICIES["as founded"])
    approve(model, asked, [KZ_FMA.agency])
    model.deliver(KZ_FMA, asked)
    model.say(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked)
    comment = SupervisorComment(KZ_FMA.agency, SupervisorWish.INVOLVEMENT)
    said = model.say(KZ_GPO, comment, to=["kz.fma"], on=asked)
    for reader in (KZ_FMA, KZ_GPO):
        seen = hub.client(tmp_path, reader).get(asked.exchange_id)
        assert seen.statements[-1].statement.digest == said.digest
