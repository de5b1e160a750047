"""The facts that rules read, by example; a rulebook answers as if it remembered nothing."""

from __future__ import annotations

import json

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType, Handling, Tlp, Urgency
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.policy_reads import FACTS, PolicyReads, Reads
from exchange_protocol.rules.rulebook import Agency, PolicyContext, Rulebook
from exchange_protocol.trust.identity import AgencyId, Role
from tests.support.statements import AGENCIES, POLICY

DECISION = Kind.DECISION.action
TAX, FRAUD, FIRST = OffenceType.TAX_CRIME, OffenceType.FRAUD, next(iter(OffenceType))


def reads(condition: str, *, head: str = "principal, action, resource") -> Reads:
    text = f'@id("x") permit({head}) when {{ {condition} }};'
    rules = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    return PolicyReads(rules).of(DECISION)


@pytest.mark.parametrize(
    ("condition", "facts"),
    [
        ("true", ()),
        ('principal.role == "system"', ()),
        ("context.handling > 2 || context.urgent", ("handling", "urgent")),
        ('context["tlp"] == "RED"', ("tlp",)),
        ("context has exchangeKind", ("exchangeKind",)),
        ("context.initiator.country == resource.country", ("initiator", "resource")),
        ('resource in Agency::"kz.mia"', ("resource",)),
        ('{Var: context.kind} == {Var: "x"}', ("kind",)),
        ("{a: context} == {a: context}", tuple(FACTS)),
        ("[context].contains(context)", tuple(FACTS)),
        ("if context.urgent then principal == context.author else false", ("urgent", "author")),
    ],
)
def test_facts_that_a_condition_reads(condition: str, facts: tuple[str, ...]) -> None:
    assert reads(condition).facts == frozenset(facts)


def test_scope_of_a_rule_reads_too_and_says_to_which_actions_it_applies() -> None:
    named = 'principal, action == Action::"Decision", resource == Agency::"kz.mia"'
    assert reads("true", head=named).facts == {"resource"}
    other = 'principal, action in [Action::"Reply", Action::"Refuse"], resource'
    assert reads("context.urgent", head=other) == Reads()


@pytest.mark.parametrize(
    ("condition", "classes"),
    [
        # The number of subjects: each class of 0 to 6 by its least number.
        ("context.urgent", [0, 0, 0, 0, 0, 0, 0]),
        ("context.subjectCount > 3", [0, 0, 0, 3, 4, 4, 4]),
        ("2 <= context.subjectCount || context.subjectCount == 4", [0, 0, 2, 3, 4, 5, 5]),
        ("-1 < context.subjectCount", [0, 0, 0, 0, 0, 0, 0]),
        # Not a comparison with a number: every number is a class of its own.
        ("context.subjectCount > 3 && context.subjectCount * 2 > 9", [0, 1, 2, 3, 4, 5, 6]),
        ("context.subjectCount == context.handling", [0, 1, 2, 3, 4, 5, 6]),
        ("[3].contains(context.subjectCount)", [0, 1, 2, 3, 4, 5, 6]),
        ("{n: context.subjectCount} == {n: 3}", [0, 1, 2, 3, 4, 5, 6]),
        ("context == context", [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_classes_of_the_number_of_subjects(condition: str, classes: list[int]) -> None:
    found = reads(condition)
    assert [found.subject_class(count) for count in range(7)] == classes


@pytest.mark.parametrize(
    ("condition", "given", "found"),
    [
        ("context.urgent", (TAX, FRAUD), ()),
        ("context.offences.isEmpty()", (), ()),
        ("context.offences.isEmpty()", (TAX, FRAUD), (FIRST,)),
        ('context.offences.contains("FRAUD")', (FRAUD,), (FRAUD,)),
        ('context.offences.contains("FRAUD")', (TAX, FRAUD), (FIRST, FRAUD)),
        ('context.offences == ["FRAUD"] && context.tlp == "RED"', (TAX,), (FIRST,)),
    ],
)
def test_offences_that_no_rule_names_are_one(
    condition: str, given: tuple[OffenceType, ...], found: tuple[OffenceType, ...]
) -> None:
    assert reads(condition).offence_class(tuple(sorted(given))) == tuple(sorted(found))


def test_offences_stay_as_they_are_where_a_rule_names_all() -> None:
    named = ", ".join(f'"{each.name}"' for each in OffenceType)
    every = tuple(OffenceType)
    assert reads(f"context.offences.containsAny([{named}])").offence_class(every) == every


READING_ALL = """
@id("all") permit(principal, action, resource);
@id("tlp") forbid(principal, action == Action::"ReleaseUnapproved", resource)
  when { context.tlp == "RED" || context.subjectCount >= 7 };
@id("own") forbid(principal, action == Action::"Decision", resource)
  when { context.handling > 1 && principal.role == "authoriser" && context.subjectCount != 3 };
@id("state") forbid(principal, action == Action::"Supervise", resource)
  when { principal.country != context.author.country || !context.urgent ||
         resource == Agency::"uz.fiu" };
@id("kinds") forbid(principal, action == Action::"ReleaseOnOneApproval", resource)
  when { context.exchangeKind == "Referral" && context.subjectCount + 1 > 9 };
@id("tax") forbid(principal, action == Action::"ReleaseUnapproved", resource)
  when { context.offences == ["TAX_CRIME"] || context.offences.containsAll(["FRAUD", "PIRACY"]) };
@id("drugs") forbid(principal, action == Action::"Referral", resource)
  unless { ["DRUG_TRAFFICKING", "FRAUD"].containsAll(context.offences) };
@id("own-words") forbid(principal, action == Action::"Supervise", resource)
  when { context.offences.contains(context.kind) || context.offences.isEmpty() };
"""


def book(text: str) -> Rulebook:
    agencies = {
        AgencyId(name): Agency(AgencyId(name), title, country, AgencyType(kind), "UTC")
        for name, (title, country, kind) in AGENCIES.items()
    }
    return Rulebook(Policy.compile(text), agencies)


BOOKS = {name: book(text) for name, text in (("caricc", POLICY), ("all", READING_ALL))}
MEMBERS = st.sampled_from([AgencyId(name) for name in AGENCIES])
SAID = st.builds(
    PolicyContext,
    author=MEMBERS,
    role=st.sampled_from(Role),
    kind=st.sampled_from([kind for kind in Kind if kind.stage is not Stage.DIRECTORY]),
    exchange_kind=st.sampled_from([kind for kind in Kind if kind.stage is Stage.INITIAL]),
    initiator=MEMBERS,
    recipient=MEMBERS,
    handling=st.sampled_from(Handling),
    tlp=st.sampled_from(Tlp),
    urgency=st.sampled_from(Urgency),
    subject_count=st.integers(0, 60),
    offences=st.sets(st.sampled_from(OffenceType)).map(lambda found: tuple(sorted(found))),
)


@pytest.mark.thorough
@pytest.mark.parametrize("name", BOOKS)
@given(said=SAID)
def test_answer_is_that_of_a_rulebook_that_remembers_nothing(
    name: str, said: PolicyContext
) -> None:
    kept = BOOKS[name]

    def unread(what: str) -> object:
        fresh = Rulebook(kept.policy, kept._agencies)
        every = Reads(FACTS, only_compares=False, texts=frozenset(OffenceType.__members__))
        fresh._deciding_reads = fresh._gate_reads = fresh._supervising_reads = every
        fresh._reads = dict.fromkeys(fresh._reads, every)
        return result(fresh, what, said)

    for what in ("check_permitted", "gate", "supervisors"):
        assert result(kept, what, said) == unread(what)


def result(rulebook: Rulebook, what: str, said: PolicyContext) -> object:
    ask = getattr(rulebook, what)
    try:
        found: object = ask(said)
    except ExchangeError as error:
        return str(error)
    return found
