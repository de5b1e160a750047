"""Grounds of refusal: those of FATF R.40 refuse nothing alone, beside another they may stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange_protocol.errors import Conflict, InvalidInput, Reason
from exchange_protocol.kinds.advance_notice import AdvanceNotice
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.clearance import Clearance, ClearanceResult
from exchange_protocol.kinds.codes import LegState, RefusalGround
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.grounds import NEVER_ALONE
from exchange_protocol.kinds.refuse import Refuse
from tests.support.listed_log import REQUEST, read_request
from tests.support.statements import CASE, COORDINATOR, KZ_FMA, KZ_MIA, Hub, fictional_cast

G = RefusalGround
ALONE = [ground for ground in RefusalGround if ground not in NEVER_ALONE]


def test_the_two_lists_share_the_grounds() -> None:
    assert len(NEVER_ALONE) == 4
    assert len(ALONE) == 7


@pytest.mark.parametrize("ground", NEVER_ALONE, ids=str)
def test_a_ground_that_r40_forbids_refuses_nothing_alone_nor_with_its_like(ground: G) -> None:
    hub = Hub(fictional_cast())
    asked = read_request(hub)
    others = tuple(each for each in NEVER_ALONE if each is not ground)
    for further in ((), others):
        with pytest.raises(InvalidInput) as refused:
            hub.say(KZ_FMA, Refuse(ground, further), on=asked)
        assert refused.value.reason is Reason.GROUND_NEVER_ALONE
        assert refused.value.field == "refuse.ground"
        assert "docs/rules.md#p26" in refused.value.message
        assert ground.name in refused.value.message
    assert hub.leg(asked, "kz.fma").state is LegState.DELIVERED
    hub.say(KZ_FMA, Refuse(ground, (G.CONTRARY_TO_LAW,)), on=asked)
    assert hub.leg(asked, "kz.fma").state is LegState.REFUSED


def test_it_may_stand_beside_another_in_either_order() -> None:
    hub = Hub(fictional_cast())
    for grounds in (
        (G.INQUIRY_UNDERWAY, (G.IMPEDES_INVESTIGATION,)),
        (G.IMPEDES_INVESTIGATION, (G.INQUIRY_UNDERWAY, G.BANK_SECRECY)),
    ):
        said = hub.say(KZ_FMA, Refuse(*grounds), on=read_request(hub))
        assert said.body == Refuse(*grounds)


def test_an_inquiry_under_way_is_told_the_ground_that_makes_it_one() -> None:
    hub = Hub(fictional_cast())
    with pytest.raises(InvalidInput, match="IMPEDES_INVESTIGATION"):
        hub.say(KZ_FMA, Refuse(G.INQUIRY_UNDERWAY), on=read_request(hub))


@pytest.mark.parametrize(
    "body",
    [
        Refuse(G.CONTRARY_TO_LAW, (G.CONTRARY_TO_LAW,)),
        Refuse(G.CONTRARY_TO_LAW, (G.BANK_SECRECY, G.BANK_SECRECY)),
    ],
    ids=["stated-twice", "further-twice"],
)
def test_a_ground_stands_once(body: Body) -> None:
    hub = Hub(fictional_cast())
    with pytest.raises(InvalidInput, match="once") as refused:
        hub.say(KZ_FMA, body, on=read_request(hub))
    assert refused.value.field == "refuse.further_grounds"


def test_a_rejection_at_the_gate_and_an_objection_keep_the_same_rule() -> None:
    hub = Hub(fictional_cast())
    held, to = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"]), ["uz.fiu"]
    alone = Decision(Verdict.REJECT, G.DIFFERENT_AUTHORITY)
    with pytest.raises(InvalidInput) as refused:
        hub.say(COORDINATOR, alone, to=to, on=held)
    assert refused.value.reason is Reason.GROUND_NEVER_ALONE
    approve = Decision(Verdict.APPROVE, None, (G.CONTRARY_TO_LAW,))
    with pytest.raises(InvalidInput, match="only beside a ground") as refused:
        hub.say(COORDINATOR, approve, to=to, on=held)
    assert refused.value.field == "decision.further_grounds"
    both = Decision(Verdict.REJECT, G.DIFFERENT_AUTHORITY, (G.NO_DRUG_NEXUS,))
    hub.say(COORDINATOR, both, to=to, on=held)
    assert hub.leg(held, "uz.fiu").state is LegState.REJECTED

    header = replace(CASE, due_at=hub.now + timedelta(days=2))
    told = hub.say(KZ_MIA, AdvanceNotice(), to=["kz.fma"], header=header)
    hub.deliver(KZ_FMA, told)
    with pytest.raises(InvalidInput) as refused:
        hub.say(KZ_FMA, Clearance(ClearanceResult.OBJECTION, G.FISCAL_MATTER), on=told)
    assert refused.value.reason is Reason.GROUND_NEVER_ALONE


def test_an_insufficient_request_is_returned_first_also_as_a_further_ground() -> None:
    hub = Hub(fictional_cast())
    asked = read_request(hub)
    with pytest.raises(Conflict) as refused:
        hub.say(KZ_FMA, Refuse(G.BANK_SECRECY, (G.INSUFFICIENT_REQUEST,)), on=asked)
    assert refused.value.reason is Reason.RETURN_FIRST
