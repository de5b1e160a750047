"""Inspections: what auditors may open, and what their reading comes to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from exchange_protocol.errors import NotPermitted, Reason
from exchange_protocol.rules.directory import EMPTY_DIRECTORY, Directory
from exchange_protocol.rules.inspection import (
    AuditorScope,
    EntryScope,
    judge_inspection,
    verify_cited,
)
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.policy import Policy
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.support.statements import (
    AUDITOR,
    CENTRE_AUDITOR,
    KZ_MIA,
    POLICY,
    Hub,
    fictional_cast,
    member,
)

MIA, FMA, UZ, KG = (AgencyId(name) for name in ("kz.mia", "kz.fma", "uz.fiu", "kg.mia"))
PUBLIC = EntryScope(is_public=True)
DOMESTIC = EntryScope(ends=((MIA, FMA),))
CROSSING = EntryScope(ends=((KG, UZ), (KG, FMA)))
FOREIGN = EntryScope(ends=((KG, UZ),))
REFUSED_THERE = EntryScope(ends=((KG, UZ),), actor=MIA)
STRANGER = EntryScope(actor=AgencyId("tj.none"))
READ_BY_US = EntryScope(actor=AUDITOR.agency, is_inspection=True)
READ_THERE = EntryScope(actor=UZ, is_inspection=True)
UZ_AUDITOR = member("uz.fiu", Role.AUDITOR)


@pytest.fixture(scope="module")
def directory() -> Directory:
    return Hub(fictional_cast()).directory


@pytest.mark.parametrize(
    ("reader", "sees"),
    [
        (AUDITOR, [PUBLIC, DOMESTIC, CROSSING, REFUSED_THERE, READ_BY_US]),
        (UZ_AUDITOR, [PUBLIC, CROSSING, FOREIGN, REFUSED_THERE, READ_THERE]),
        (
            CENTRE_AUDITOR,
            [
                PUBLIC, DOMESTIC, CROSSING, FOREIGN, REFUSED_THERE, STRANGER, READ_BY_US,
                READ_THERE,
            ],
        ),
        (KZ_MIA, [PUBLIC]),
        (member("tj.none", Role.AUDITOR), [PUBLIC]),
    ],
    ids=["the state", "another state", "the centre", "no auditor", "not enrolled"],
)  # fmt: skip
def test_each_sees_what_concerns_it(
    directory: Directory, reader: Member, sees: list[EntryScope]
) -> None:
    sight = AuditorScope(directory, reader)
    every = [
        PUBLIC, DOMESTIC, CROSSING, FOREIGN, REFUSED_THERE, STRANGER, READ_BY_US, READ_THERE,
    ]  # fmt: skip
    assert [scope for scope in every if sight.through(scope) is not None] == sees


def test_what_is_for_everyone_and_inspections_are_no_disclosure(directory: Directory) -> None:
    sight = AuditorScope(directory, CENTRE_AUDITOR)
    assert {sight.through(each) for each in (PUBLIC, READ_BY_US, READ_THERE)} == {frozenset()}
    assert sight.through(CROSSING) == frozenset(CROSSING.ends)
    assert AuditorScope(directory, AUDITOR).through(CROSSING) == frozenset({(KG, FMA)}), (
        "by its own state's leg"
    )


def test_before_there_is_a_policy_only_what_is_for_everyone_is_open(directory: Directory) -> None:
    without = replace(directory, policy=None)
    assert AuditorScope(without, CENTRE_AUDITOR).through(DOMESTIC) is None
    assert AuditorScope(EMPTY_DIRECTORY, CENTRE_AUDITOR).through(PUBLIC) == frozenset()
    with pytest.raises(NotPermitted) as refused:
        judge_inspection(without, CENTRE_AUDITOR, {DOMESTIC: 1})
    assert refused.value.reason is Reason.POLICY_DENIED


def test_reading_counts_what_is_opened_and_cites_what_opens_it(directory: Directory) -> None:
    page = Counter({PUBLIC: 5, DOMESTIC: 2, CROSSING: 1, FOREIGN: 7, READ_BY_US: 3, READ_THERE: 4})
    opened, ruling = judge_inspection(directory, AUDITOR, page)
    assert directory.policy is not None
    assert opened == 5 + 2 + 1 + 3
    expected = Ruling(directory.policy.digest, ("a-state-audits-its-own-events",), (), ())
    assert ruling == expected
    verify_cited(directory, AUDITOR, ruling)


def test_rules_are_cited_together_where_several_open_a_page(directory: Directory) -> None:
    more = '@id("a-friend-looks-in") permit(principal, action == Action::"Audit", resource) when '
    more += '{ principal.role == "auditor" && resource == Agency::"uz.fiu" };'
    directory = replace(directory, policy=Policy.compile(POLICY + more))
    _, ruling = judge_inspection(directory, AUDITOR, Counter([DOMESTIC, FOREIGN]))
    assert ruling.rule_ids == ("a-friend-looks-in", "a-state-audits-its-own-events")
    # Neither rule opens the agency's own events alone: the search goes on until both were met.
    verify_cited(directory, AUDITOR, ruling)


@pytest.mark.parametrize(
    ("reader", "scope", "reason"),
    [
        (KZ_MIA, DOMESTIC, Reason.ROLE_NOT_PERMITTED),
        (member("tj.none", Role.AUDITOR), DOMESTIC, Reason.AGENCY_NOT_ENROLLED),
        (AUDITOR, FOREIGN, Reason.POLICY_DENIED),
        (AUDITOR, PUBLIC, Reason.POLICY_DENIED),
        (AUDITOR, READ_BY_US, Reason.POLICY_DENIED),
    ],
)
def test_who_is_disclosed_nothing_reads_nothing(
    directory: Directory, reader: Member, scope: EntryScope, reason: Reason
) -> None:
    with pytest.raises(NotPermitted) as refused:
        judge_inspection(directory, reader, {scope: 1})
    assert refused.value.reason is reason
