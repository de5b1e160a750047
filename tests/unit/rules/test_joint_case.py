"""Joint cases where they race or are signed wrongly: what the hub itself refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.announce_correction import CorrectionReason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import TimeLimitRule
from exchange_protocol.kinds.complete_task import CompleteTask, TaskResult
from exchange_protocol.kinds.correct import Correct
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.invite import Invite
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.task import Task
from exchange_protocol.rules.access import kept_until
from exchange_protocol.rules.leg_record import decode_record, encode_record
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.refusals import refused
from tests.support.statements import (
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    OPERATOR,
    UZ_FIU,
    Hub,
    fictional_cast,
)

CONTRIBUTE = Kind.CONTRIBUTE.body()


@pytest.fixture
def hub() -> Hub:
    return Hub(fictional_cast())


def opened(hub: Hub, *members: Member) -> Statement:
    """A case that these have joined."""
    case = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=[each.agency for each in members])
    for each in members:
        if each is not KZ_FMA:
            hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=[each.agency], on=case)
        hub.deliver(each, case)
        hub.say(each, Kind.JOIN.body(), on=case)
    return case


def test_a_contribution_that_is_sealed_to_who_left_is_refused_and_said_anew(hub: Hub) -> None:
    case = opened(hub, KZ_FMA, UZ_FIU)
    stale = hub.sign(hub.compose(KZ_FMA, CONTRIBUTE, on=case))
    hub.say(UZ_FIU, Kind.LEAVE.body(), on=case)
    assert refused(hub.submit, stale).reason is Reason.MEMBERS_CHANGED
    said = hub.say(KZ_FMA, CONTRIBUTE, on=case)
    assert said.recipients == ("kz.mia",)


def test_a_contribution_that_lacks_who_joined_is_refused_too(hub: Hub) -> None:
    case = opened(hub, KZ_FMA)
    invited = hub.say(KZ_MIA, Invite(UZ_FIU.agency), on=case, to=["uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=case)
    hub.deliver(UZ_FIU, invited)
    early = hub.sign(hub.compose(KZ_MIA, CONTRIBUTE, on=case))
    late = hub.sign(hub.compose(KZ_FMA, CONTRIBUTE, on=case))
    assert hub.submit(early).statement.recipients == ("kz.fma",)
    hub.say(UZ_FIU, Kind.JOIN.body(), on=case)
    assert refused(hub.submit, late).reason is Reason.MEMBERS_CHANGED
    assert set(hub.say(KZ_FMA, CONTRIBUTE, on=case).recipients) == {"kz.mia", "uz.fiu"}


def test_a_member_cannot_contribute_after_it_left(hub: Hub) -> None:
    case = opened(hub, KZ_FMA, UZ_FIU)
    stale = hub.sign(hub.compose(UZ_FIU, CONTRIBUTE, on=case))
    hub.say(UZ_FIU, Kind.LEAVE.body(), on=case)
    assert refused(hub.submit, stale).reason is Reason.NOT_ACTIVE


def test_of_a_recall_and_a_join_the_first_counts(hub: Hub) -> None:
    case = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, case)
    join = hub.sign(hub.compose(KZ_FMA, Kind.JOIN.body(), on=case))
    recall = hub.sign(hub.compose(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=case))
    hub.submit(recall)
    assert refused(hub.submit, join).reason is Reason.OUT_OF_ORDER
    other = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, other)
    recall = hub.sign(hub.compose(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=other))
    hub.say(KZ_FMA, Kind.JOIN.body(), on=other)
    assert refused(hub.submit, recall).reason is Reason.OUT_OF_ORDER
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=other)


@pytest.mark.parametrize("to", [["kz.fma"], ["kz.fma", "uz.fiu", "kg.mia"], ["uz.fiu"]])
def test_who_is_addressed_is_nobodys_choice(hub: Hub, to: list[str]) -> None:
    case = opened(hub, KZ_FMA, UZ_FIU)
    signed = hub.sign(hub.compose(KZ_MIA, CONTRIBUTE, on=case))
    other = hub.sign(
        replace(
            hub.compose(KZ_MIA, CONTRIBUTE, on=case), recipients=tuple(AgencyId(one) for one in to)
        )
    )
    assert refused(hub.submit, other).reason is Reason.MEMBERS_CHANGED
    hub.submit(signed)


def test_a_part_that_lacks_a_reader_is_refused(hub: Hub) -> None:
    case = opened(hub, KZ_FMA, UZ_FIU)
    draft = hub.compose(KZ_MIA, CONTRIBUTE, on=case)
    [brief] = draft.parts
    fewer = replace(
        brief, wrapped_keys=tuple(key for key in brief.wrapped_keys if key.agency != "uz.fiu")
    )
    signed = hub.sign(replace(draft, parts=(fewer,)))
    assert refused(hub.submit, signed).reason is Reason.READERS_MISMATCH


def test_a_record_with_tasks_is_spelled_and_read_back(hub: Hub) -> None:
    case = opened(hub, KZ_FMA)
    task = hub.say(KZ_MIA, Task(KZ_FMA.agency), on=case)
    hub.say(KZ_FMA, CompleteTask(task.digest, TaskResult.DONE), on=case)
    hub.say(KZ_MIA, Task(KZ_FMA.agency), on=case)
    record = hub.leg(case, "kz.fma").record
    assert [each.is_open for each in record.tasks] == [False, True]
    assert decode_record(encode_record(record)) == record
    assert record.next_task is not None
    assert hub.leg(case, "kz.fma").due_at == record.next_task.due_at


def test_auditors_of_a_later_member_are_shown_what_they_were_before(hub: Hub) -> None:
    case = opened(hub, KZ_FMA)
    hub.say(KZ_MIA, Invite(KG_MIA.agency), on=case, to=["kg.mia"])
    assert hub.exchanges[case.exchange_id].ends == (("kz.mia", "kz.fma"),)


@pytest.mark.parametrize(("days", "is_over"), [(9, False), (10, True)])
def test_who_left_is_not_invited_again_after_its_content_was_forgotten(
    hub: Hub, days: int, is_over: bool
) -> None:
    hub.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=10))
    case = opened(hub, KZ_FMA, UZ_FIU)
    hub.say(KZ_FMA, Kind.LEAVE.body(), on=case)
    until = kept_until(hub.leg(case, "kz.fma"))
    assert until is not None
    hub.now = until - timedelta(days=10 - days)
    again = hub.sign(hub.compose(KZ_MIA, Invite(KZ_FMA.agency), on=case, to=["kz.fma"]))
    if is_over:
        assert refused(hub.submit, again).reason is Reason.TIME_IS_OVER
    else:
        hub.submit(again)
        assert kept_until(hub.leg(case, "kz.fma")) is None


def test_open_tasks_lapse_when_their_member_leaves(hub: Hub) -> None:
    case = opened(hub, KZ_FMA)
    hub.say(KZ_MIA, Task(KZ_FMA.agency), on=case)
    hub.say(KZ_FMA, Kind.LEAVE.body(), on=case)
    invited = hub.say(KZ_MIA, Invite(KZ_FMA.agency), on=case, to=["kz.fma"])
    hub.deliver(KZ_FMA, invited)
    hub.say(KZ_FMA, Kind.JOIN.body(), on=case)
    record = hub.leg(case, "kz.fma").record
    assert [each.is_open for each in record.tasks] == [False]
    assert record.next_task is None


def test_a_member_corrects_nothing_that_other_members_would_not_see_corrected(hub: Hub) -> None:
    """The correction would go to the lead alone, before the case is closed and after."""
    case = opened(hub, KZ_FMA, UZ_FIU)
    said = hub.say(KZ_FMA, CONTRIBUTE, on=case)
    correct = Correct(said.digest, CorrectionReason.FORM)
    assert refused(hub.say, KZ_FMA, correct, on=case).reason is Reason.OUT_OF_ORDER
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma", "uz.fiu"], on=case)
    assert refused(hub.say, KZ_FMA, correct, on=case).reason is Reason.OUT_OF_ORDER
