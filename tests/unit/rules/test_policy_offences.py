"""A policy decides by the offences that the initial statement names (docs/rules.md#p25)."""

from __future__ import annotations

from itertools import combinations

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType, LegState, Tlp
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.information_request import InformationRequest
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.kinds.referral import Referral
from exchange_protocol.rules.policy import Policy
from exchange_protocol.trust.identity import Role
from tests.support.refusals import refused
from tests.support.statements import COORDINATOR, KG_MIA, KZ_MIA, POLICY, Hub, fictional_cast

TAX, DRUGS, FRAUD = OffenceType.TAX_CRIME, OffenceType.DRUG_TRAFFICKING, OffenceType.FRAUD
AT_ONCE = """
@id("two-neighbours-exchange-at-once")
permit (principal, action == Action::"ReleaseUnapproved", resource)
when { context.initiator.country == "KZ" && resource.country == "KG" };
"""
TAX_ALONE = """
@id("tax-alone-waits-for-the-coordinator")
forbid (principal, action == Action::"ReleaseUnapproved", resource)
when { context.offences == ["TAX_CRIME"] && context.initiator.country != resource.country };
"""
REFERRED = """
@id("no-referrals-without-a-drug-offence")
forbid (principal, action == Action::"Referral", resource)
unless { context.offences.contains("DRUG_TRAFFICKING") };
"""


@pytest.fixture
def hub() -> Hub:
    return Hub(fictional_cast(), policy=POLICY + AT_ONCE + TAX_ALONE)


@pytest.mark.parametrize(
    ("offences", "to", "state"),
    [
        ((TAX,), "kg.mia", LegState.HELD),
        ((), "kg.mia", LegState.RELEASED),
        ((TAX, DRUGS), "kg.mia", LegState.RELEASED),
        ((FRAUD,), "kg.mia", LegState.RELEASED),
        ((TAX,), "kz.fma", LegState.RELEASED),
    ],
)
@pytest.mark.parametrize("body", [InformationRequest, Referral])
def test_tax_offences_alone_cross_no_border_without_the_coordinator(
    hub: Hub,
    body: type[InformationRequest | Referral],
    offences: tuple[OffenceType, ...],
    to: str,
    state: LegState,
) -> None:
    asked = hub.say(KZ_MIA, body(offence_types=offences), to=[to])
    assert hub.leg(asked, to).state is state
    rules = hub.exchanges[asked.exchange_id].offences
    assert rules == tuple(sorted(offences))


def test_what_follows_is_judged_by_the_offences_of_the_initial_statement(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, InformationRequest(offence_types=(TAX,)), to=["kg.mia"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["kg.mia"], on=asked)
    hub.deliver(KG_MIA, asked)
    hub.say(KG_MIA, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["kg.mia"], on=asked)
    assert hub.leg(asked, "kg.mia").state is LegState.HELD


def test_a_refusal_names_the_rule() -> None:
    hub = Hub(fictional_cast(), policy=POLICY + REFERRED)
    bare = hub.sign(hub.compose(KZ_MIA, Referral(offence_types=(FRAUD,)), to=["kz.fma"]))
    error = refused(hub.submit, bare)
    assert error.reason is Reason.POLICY_DENIED
    assert "no-referrals-without-a-drug-offence" in error.message
    hub.say(KZ_MIA, Referral(offence_types=(FRAUD, DRUGS)), to=["kz.fma"])


def test_the_order_of_offences_changes_no_ruling(hub: Hub) -> None:
    bodies: list[Body] = [
        InformationRequest(offence_types=given) for given in ((TAX, DRUGS), (DRUGS, TAX))
    ]
    one, other = (hub.say(KZ_MIA, body, to=["kg.mia"]) for body in bodies)
    assert hub.leg(one, "kg.mia").state is hub.leg(other, "kg.mia").state


def test_a_rule_that_misspells_the_fact_is_refused() -> None:
    wrong = AT_ONCE.replace('context.initiator.country == "KZ"', "context.offence.isEmpty()")
    assert wrong != AT_ONCE
    assert refused(Policy.compile, POLICY + wrong).reason is Reason.POLICY_INVALID


def test_no_other_fact_bears_the_name_of_an_offence() -> None:
    """So a rule can tell an offence by a written text alone (`Reads.offence_class`)."""
    lists = [
        {each.name for each in OffenceType},
        {each.name for each in AgencyType},
        {each.name for each in Tlp},
        {each.value for each in Role},
        {kind.action for kind in Kind},
    ]
    for one, other in combinations(lists, 2):
        assert not one & other
    assert all(len(each.name) > 2 for each in OffenceType), "a country's code is shorter"
