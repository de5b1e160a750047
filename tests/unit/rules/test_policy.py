"""The policy policies/caricc.cedar in the fictional region, and the texts that are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, LegState, Tlp, Urgency
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.rules.exchange import LegRoute
from exchange_protocol.rules.policy import MAX_DEPTH, Policy
from exchange_protocol.rules.routing import Route, plan_route
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.support.refusals import refusal
from tests.support.statements import (
    CARICC,
    CASE,
    COORDINATOR,
    FOREIGN_COORDINATOR,
    KG_MIA,
    KZ_GPO,
    KZ_MIA,
    OBSERVER,
    OPERATOR,
    POLICY,
    PROSECUTOR,
    SECOND_COORDINATOR,
    SECOND_PROSECUTOR,
    UZ_FIU,
    Hub,
    fictional_cast,
    member,
)

REQUEST = Kind.INFORMATION_REQUEST.body()
ANALYSIS = Kind.ANALYSIS_REQUEST.body()


def plan(hub: Hub, author: Member, *to: str, body: Body = REQUEST, header: Header = CASE) -> Route:
    return plan_route(hub.directory, hub.compose(author, body, to=to, header=header))


def test_domestic_flows_at_once_with_the_prosecutor_as_supervisor(hub: Hub) -> None:
    route = plan(hub, KZ_MIA, "kz.fma")
    assert route.legs == (LegRoute(AgencyId("kz.fma"), 0, ()),)
    assert route.supervisors == ("kz.gpo",)
    assert route.rule_ids == (
        "domestic-flows-at-once",
        "open-between-competent-agencies",
        "prosecutor-supervises-its-own-state",
    )
    assert route.policy_digest == Policy.compile(POLICY).digest


def test_the_prosecutor_is_no_supervisor_of_what_it_says_or_receives(hub: Hub) -> None:
    assert plan(hub, KZ_GPO, "kz.fma").supervisors == ()
    assert plan(hub, KZ_MIA, "kz.gpo").supervisors == ()


@pytest.mark.parametrize("kind", [Kind.CONNECTIVITY_TEST, Kind.CERTIFICATE_REQUEST])
def test_no_supervisor_gets_a_copy_of_what_has_no_data_of_a_case(hub: Hub, kind: Kind) -> None:
    to = "uz.fiu" if kind is Kind.CONNECTIVITY_TEST else "caricc"
    asked = hub.say(KZ_MIA, kind.body(), to=[to])
    assert asked.supervisors == ()
    if kind is Kind.CONNECTIVITY_TEST:
        approval = hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=[to], on=asked)
        assert approval.supervisors == ()
    hub.deliver(UZ_FIU if to == "uz.fiu" else CARICC, asked)
    if kind is Kind.CONNECTIVITY_TEST:
        hub.say(UZ_FIU, Kind.ANSWER_TEST.body(), on=asked)
        closed = hub.say(KZ_MIA, Kind.CLOSE.body(), to=[to], on=asked)
        assert closed.supervisors == ()
    else:
        assert hub.say(KZ_MIA, Kind.RECALL.body(), to=[to], on=asked).supervisors == ()


def test_cross_border_waits_for_one_approval_of_the_centre(hub: Hub) -> None:
    route = plan(hub, KZ_MIA, "uz.fiu")
    assert route.legs == (LegRoute(AgencyId("uz.fiu"), 1, (AgencyId("caricc"),)),)
    assert route.supervisors == ("kz.gpo",)


@pytest.mark.parametrize(
    "header",
    [
        replace(CASE, handling=Handling.H2),
        replace(CASE, handling=Handling.H3),
        replace(CASE, tlp=Tlp.RED),
        replace(CASE, subject_count=51),
        replace(CASE, tlp=Tlp.RED, urgency=Urgency.URGENT),
    ],
    ids=["H2", "H3", "RED", "bulk", "urgent RED"],
)
def test_sensitive_or_bulk_waits_for_four_eyes(hub: Hub, header: Header) -> None:
    assert [leg.approvals_required for leg in plan(hub, KZ_MIA, "uz.fiu", header=header).legs] == [
        2
    ]
    assert [leg.approvals_required for leg in plan(hub, KZ_MIA, "kz.fma", header=header).legs] == [
        0
    ]


@pytest.mark.parametrize(
    "header",
    [
        replace(CASE, handling=Handling.H1),
        replace(CASE, tlp=Tlp.AMBER_STRICT),
        replace(CASE, subject_count=50),
    ],
    ids=["H1", "AMBER+STRICT", "50 subjects"],
)
def test_just_below_four_eyes_one_approval_does(hub: Hub, header: Header) -> None:
    assert [leg.approvals_required for leg in plan(hub, KZ_MIA, "uz.fiu", header=header).legs] == [
        1
    ]


def test_each_leg_gets_its_own_gate(hub: Hub) -> None:
    route = plan(hub, KZ_MIA, "kz.fma", "uz.fiu", "kg.mia")
    assert [leg.approvals_required for leg in route.legs] == [0, 1, 1]


@pytest.mark.parametrize("kind", [Kind.ANALYSIS_REQUEST, Kind.REFERRAL, Kind.INFORMATION_REQUEST])
def test_what_is_sent_to_the_centre_flows_at_once(hub: Hub, kind: Kind) -> None:
    route = plan(hub, UZ_FIU, "caricc", body=kind.body())
    assert [leg.approvals_required for leg in route.legs] == [0]
    assert "what-is-sent-to-the-centre-flows-at-once" in route.rule_ids


def test_analysis_is_asked_of_the_centre_alone(hub: Hub) -> None:
    assert refusal(plan, hub, KZ_MIA, "kz.fma", body=ANALYSIS) is Reason.POLICY_DENIED
    assert refusal(plan, hub, KZ_MIA, "caricc", "kz.fma", body=ANALYSIS) is Reason.POLICY_DENIED


def test_what_the_centre_asks_is_decided_by_the_prosecutor_of_the_state_asked(hub: Hub) -> None:
    asked = hub.say(CARICC, REQUEST, to=["kz.fma"])
    assert hub.leg(asked, "kz.fma").approvers == ("kz.gpo",)
    hub.say(PROSECUTOR, Decision(Verdict.APPROVE), to=["kz.fma"], on=asked)
    assert hub.leg(asked, "kz.fma").state is LegState.RELEASED


def test_the_centre_asks_a_state_without_a_prosecutor_in_vain(hub: Hub) -> None:
    assert refusal(plan, hub, CARICC, "uz.fiu") is Reason.NO_APPROVER


def test_a_coordinator_of_the_centre_cannot_decide_what_the_centre_asks(hub: Hub) -> None:
    asked = hub.say(CARICC, REQUEST, to=["kz.fma"])
    with pytest.raises(ExchangeError) as refused:
        hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["kz.fma"], on=asked)
    assert refused.value.reason is Reason.OWN_REQUEST


def test_a_coordinator_of_a_national_body_decides_nothing_abroad(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["kg.mia"])
    for outsider in (FOREIGN_COORDINATOR, PROSECUTOR, SECOND_PROSECUTOR):
        with pytest.raises(ExchangeError) as refused:
            hub.say(outsider, Decision(Verdict.APPROVE), to=["kg.mia"], on=asked)
        assert refused.value.reason is Reason.EXCHANGE_UNKNOWN


def test_an_approving_agency_decides_through_its_coordinators_alone(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    with pytest.raises(ExchangeError) as refused:
        hub.say(CARICC, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    assert refused.value.reason is Reason.POLICY_DENIED


def test_two_prosecutors_give_four_eyes_to_the_centres_request(hub: Hub) -> None:
    asked = hub.say(CARICC, REQUEST, to=["kz.fma"], header=replace(CASE, handling=Handling.H3))
    hub.say(PROSECUTOR, Decision(Verdict.APPROVE), to=["kz.fma"], on=asked)
    assert hub.leg(asked, "kz.fma").state is LegState.HELD
    hub.say(SECOND_PROSECUTOR, Decision(Verdict.APPROVE), to=["kz.fma"], on=asked)
    assert hub.leg(asked, "kz.fma").state is LegState.RELEASED


def test_observers_neither_ask_nor_are_asked(hub: Hub) -> None:
    assert refusal(plan, hub, OBSERVER, "kz.fma") is Reason.POLICY_DENIED
    assert refusal(plan, hub, KZ_MIA, "eu.obs") is Reason.POLICY_DENIED


@pytest.mark.parametrize("author", [COORDINATOR, PROSECUTOR, FOREIGN_COORDINATOR])
def test_coordinators_open_nothing(hub: Hub, author: Member) -> None:
    assert refusal(plan, hub, author, "kz.fma") is Reason.POLICY_DENIED


def test_an_unknown_agency_cannot_be_addressed(hub: Hub) -> None:
    assert refusal(plan, hub, KZ_MIA, "kz.tax") is Reason.AGENCY_UNKNOWN


def test_a_supplement_cannot_lower_the_gate_by_a_smaller_number(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, subject_count=60))
    assert hub.leg(asked, "uz.fiu").approvals_required == 2
    hub.say(COORDINATOR, Decision(Verdict.RETURN), to=["uz.fiu"], on=asked)
    hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    assert hub.leg(asked, "uz.fiu").approvals_required == 2


def test_bulk_cannot_be_split_over_supplements(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, subject_count=40))
    assert hub.leg(asked, "uz.fiu").approvals_required == 1
    hub.say(COORDINATOR, Decision(Verdict.RETURN), to=["uz.fiu"], on=asked)
    more = replace(CASE, subject_count=11)
    hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked, header=more)
    assert hub.leg(asked, "uz.fiu").approvals_required == 2
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    hub.say(SECOND_COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    assert hub.leg(asked, "uz.fiu").state is LegState.RELEASED


def test_a_decision_is_about_the_subjects_of_the_leg_not_its_own() -> None:
    some = POLICY.replace(
        'principal.role == "coordinator"\n',
        'principal.role == "coordinator" &&\n  context.subjectCount == 7\n',
    )
    assert some != POLICY
    hub = Hub(fictional_cast(), policy=some)
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, subject_count=7))
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    assert hub.leg(asked, "uz.fiu").state is LegState.RELEASED


def test_who_audits_what(hub: Hub) -> None:
    kz, uz, kg = AgencyId("kz.mia"), AgencyId("uz.fiu"), AgencyId("kg.mia")
    rulebook = hub.directory.rulebook
    assert rulebook.may_audit(AgencyId("kz.gpo"), kz, uz)
    assert rulebook.may_audit(uz, kz, uz)
    assert not rulebook.may_audit(kg, kz, uz)
    assert rulebook.may_audit(AgencyId("caricc"), kz, AgencyId("kz.fma"))
    assert not rulebook.may_audit(AgencyId("eu.obs"), AgencyId("caricc"), AgencyId("caricc"))


def never(*actions: str) -> str:
    """Rules that name actions, and never apply."""
    return "".join(
        f'@id("never-{action}") permit(principal, action == Action::"{action}", resource)'
        " when { false };"
        for action in actions
    )


def test_without_a_rule_that_applies_nothing_is_permitted() -> None:
    hub = Hub(fictional_cast(), policy=never("InformationRequest", "ReleaseUnapproved"))
    assert refusal(plan, hub, KZ_MIA, "kz.fma") is Reason.POLICY_DENIED


def test_without_a_release_rule_that_applies_nothing_is_released() -> None:
    rule = '@id("x") permit(principal, action == Action::"InformationRequest", resource);'
    hub = Hub(fictional_cast(), policy=rule + never("ReleaseUnapproved"))
    assert refusal(plan, hub, KZ_MIA, "kz.fma") is Reason.POLICY_DENIED


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "an initial statement"),
        (never("Audit", "ReleaseUnapproved"), "an initial statement"),
        (never("InformationRequest", "Audit"), "a release"),
        (
            '@id("none") forbid(principal, action, resource);' + never("ReleaseUnapproved"),
            "an initial statement",
        ),
    ],
)
def test_policy_that_locks_everyone_out_is_refused(text: str, what: str) -> None:
    with pytest.raises(ExchangeError, match=f"expected a rule that permits {what}") as refused:
        Policy.compile(text)
    assert refused.value.reason is Reason.POLICY_INVALID


def test_a_rule_that_cannot_be_evaluated_refuses() -> None:
    overflow = """
        @id("all") permit(principal, action, resource);
        @id("sum") forbid(principal, action == Action::"InformationRequest", resource)
          when { context.subjectCount * 9223372036854775807 > 0 };
    """
    hub = Hub(fictional_cast(), policy=overflow)
    header = replace(CASE, subject_count=2)
    with pytest.raises(ExchangeError) as refused:
        plan(hub, KZ_MIA, "kz.fma", header=header)
    assert refused.value.reason is Reason.POLICY_DENIED
    assert "could not be evaluated" in refused.value.message


def test_neither_end_of_a_leg_approves_whatever_the_policy_says() -> None:
    lax = """
        @id("all") permit(principal, action, resource);
        @id("gate") forbid(principal, action == Action::"ReleaseUnapproved", resource);
    """
    hub = Hub(fictional_cast(), policy=lax)
    [leg] = plan(hub, KZ_MIA, "uz.fiu").legs
    assert set(leg.approvers) == set(hub.directory.agencies) - {"kz.mia", "uz.fiu"}


ALL = "permit(principal, action, resource)"
DECEIVING = '(")" == ")" && ' * 100 + "true" + ")" * 100
BAD_POLICIES = {
    "empty rule": "permit",
    "unparseable": '@id("x") permit(principal, action, resource) when { ',
    "no id": "permit(principal, action, resource);",
    "empty id": '@id("") permit(principal, action, resource);',
    "id of two words": '@id("two words") permit(principal, action, resource);',
    "id that steers a terminal": '@id("a\\u{1b}[2J") permit(principal, action, resource);',
    "id too long": f'@id("{"x" * 129}") permit(principal, action, resource);',
    "id without text": "@id permit(principal, action, resource);",
    "one id twice": '@id("x") permit(principal, action, resource);' * 2,
    "template": '@id("x") permit(principal == ?principal, action, resource);',
    "unknown action": '@id("x") permit(principal, action == Action::"Wiretap", resource);',
    "unknown attribute": '@id("x") permit(principal, action, resource) when { context.secret };',
    "wrong type": '@id("x") permit(principal, action, resource) when { context.tlp > 3 };',
    "not Cedar": "Кто угодно может всё.",
    "deeply nested": '@id("x") permit(principal, action, resource) when { ' + "(" * 60_000,
    "deeply negated": '@id("x") permit(principal, action, resource) when { '
    + "!" * 60_000
    + "true };",
    "brackets that would end the process": f'@id("x") {ALL} when {{ {"(" * 300}true{")" * 300} }};',
    "sets in sets": f'@id("x") {ALL} when {{ {"[" * 300}1{"]" * 300} == [1] }};',
    "brackets after texts that close them": f'@id("x") {ALL} when {{ {DECEIVING} }};',
    "a long chain": f'@id("x") {ALL} when {{ {" && ".join(["true"] * 1000)} }};',
    "a chain of conditions": f'@id("x") {ALL} when {{ {"if true then " * 400}true }};',
    "too many rules": "".join(f'@id("{n}") {ALL};' for n in range(257)),
    "rule ids that fill an entry of the log": "".join(
        f'@id("{n:03}{"x" * 120}") {ALL};' for n in range(100)
    ),
}


@pytest.mark.parametrize("text", BAD_POLICIES.values(), ids=BAD_POLICIES)
def test_a_bad_policy_is_refused(text: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        Policy.compile(text)
    assert refused.value.reason is Reason.POLICY_INVALID


@given(
    st.lists(
        st.sampled_from(
            ["(", ")", "[", "]", "{", "}", "!", "&&", "true", "if", '"', "//", "\r", ";"]
        ),
        max_size=400,
    )
)
def test_text_of_whatever_brackets_is_compiled_or_refused(signs: list[str]) -> None:
    """In this very process, which must live on."""
    with pytest.raises(ExchangeError) as refused:
        Policy.compile(f'@id("x") {ALL} when {{ {" ".join(signs)}')
    assert refused.value.reason is Reason.POLICY_INVALID


def test_the_deepest_policy_that_is_taken_is_evaluated() -> None:
    depth = MAX_DEPTH - 1  # one more are the braces
    text = f'@id("x") {ALL} when {{ {"(" * depth}true{")" * depth} }};'
    assert Policy.compile(text).text == text


def test_a_bad_policy_is_refused_on_the_log_and_the_old_one_stays(hub: Hub) -> None:
    before = hub.directory.policy
    with pytest.raises(ExchangeError) as refused:
        hub.say(OPERATOR, PublishPolicy("permit(principal, action, resource);"))
    assert refused.value.reason is Reason.POLICY_INVALID
    assert hub.directory.policy == before


def test_kg_police_answers_and_its_own_coordinator_cannot(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["kg.mia"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["kg.mia"], on=asked)
    hub.deliver(KG_MIA, asked)
    acknowledge = hub.compose(KG_MIA, Kind.ACKNOWLEDGE.body(), on=asked)
    coordinator = member("kg.mia", Role.COORDINATOR)
    exchange = hub.exchanges[asked.exchange_id]
    with pytest.raises(ExchangeError) as refused:
        plan_route(hub.directory, replace(acknowledge, author=coordinator), exchange)
    assert refused.value.reason is Reason.POLICY_DENIED
    hub.submit(hub.sign(acknowledge))
    assert hub.leg(asked, "kg.mia").state is LegState.ACKNOWLEDGED
