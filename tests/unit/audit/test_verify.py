"""An audit of a fictional log: clean where the hub was honest, and exact about where it was not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agency_client.audit import AuditedLeaf, AuditReport, Scope
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.record.entries import (
    encode_entry,
    parse_entry,
)
from exchange_protocol.trust.identity import Member, Role
from tests.support.divided import verify_both_ways
from tests.support.listed_log import REQUEST, ListedLog, domestic_exchange, gated_exchange
from tests.support.statements import (
    AUDITOR,
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    POLICY,
    UZ_FIU,
    Hub,
    fictional_cast,
    member,
)

CENTRE = member("caricc", Role.AUDITOR)
PROSECUTOR = member("kz.gpo", Role.AUDITOR)


def audit(log: ListedLog, auditor: Member | None = None) -> AuditReport:
    """The findings of an auditor; the whole replay and the divided one find the same."""
    return verify_both_ways(log, fictional_cast().anchors, auditor=auditor)


@pytest.fixture
def hub() -> Hub:
    return Hub(fictional_cast())


def test_honest_log_is_clean_and_counted(hub: Hub) -> None:
    domestic_exchange(hub)
    gated_exchange(hub)
    hub.deny(KG_MIA, Reason.NOT_A_PARTY)
    hub.inspect(AUDITOR)
    hub.inspect(AUDITOR)
    report = audit(ListedLog(hub.log))
    assert report.is_clean
    assert report.scope is Scope.COMPLETE
    assert report.tree_size == report.opened == len(hub.log)
    assert report.exchanges == 2
    assert report.by_event["delivery"] == 3
    assert report.by_kind["reply"] == 2
    assert report.by_kind["denial: NOT_A_PARTY"] == 1
    assert report.by_event["inspection"] == report.by_kind["inspection: kz.gpo"] == 2
    size, certificate = len(hub.log), fictional_cast().signers[AUDITOR].fingerprint
    [_, reading] = report.to_json()["readings"]
    del reading["at"]
    assert reading == {
        "entry": size - 1,
        "agency": "kz.gpo",
        "certificate_sha256": certificate.hex(),
        "start": 0,
        "end": size - 1,
        "opened": report.readings[1].inspected.opened,
    }
    assert report.to_json()["clean"] is True


def test_reasons_that_a_hub_makes_up_are_counted_as_one(hub: Hub) -> None:
    for number in range(3):
        hub.deny(KZ_FMA, Reason.NOT_A_PARTY)
        entry = replace(parse_entry(hub.log[-1].entry), reason=f"FICTIONAL_{number}")
        hub.log[-1] = replace(hub.log[-1], entry=encode_entry(entry))
    hub.deny(KZ_FMA, Reason.NOT_A_PARTY)
    report = audit(ListedLog(hub.log))
    denials = {kind: n for kind, n in report.by_kind.items() if kind.startswith("denial")}
    assert denials == {"denial: NOT_A_PARTY": 1, "denial: another reason": 3}


def test_empty_log_is_clean() -> None:
    assert audit(ListedLog([])).is_clean


def test_altered_entry_is_named(hub: Hub) -> None:
    domestic_exchange(hub)
    source = ListedLog(hub.log)
    leaves = source.leaves(0)
    at = len(leaves) - 2
    opening = leaves[at].opening
    assert opening is not None
    entry = bytearray(opening.entry)
    entry[5] ^= 1
    leaves[at] = AuditedLeaf(leaves[at].leaf_hash, replace(opening, entry=bytes(entry)))
    source.leaves = lambda start: leaves  # type: ignore[method-assign]
    report = audit(source)
    assert [(each.index, each.reason) for each in report.violations] == [
        (at, Reason.ENTRY_MISMATCH)
    ]


def test_leaf_hash_that_was_not_signed_breaks_the_root(hub: Hub) -> None:
    domestic_exchange(hub)
    source = ListedLog(hub.log)
    source.root = bytes(32)
    [violation] = audit(source).violations
    assert violation.reason is Reason.PROOF_INVALID
    assert violation.index is None


def test_missing_leaves_are_found(hub: Hub) -> None:
    source = ListedLog(hub.log)
    source.size += 1
    [violation] = audit(source).violations
    assert violation.reason is Reason.PROOF_INVALID


def test_delivery_before_the_approval_is_a_broken_rule(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    held = hub.exchanges[asked.exchange_id]
    legs = tuple(replace(leg, state=LegState.RELEASED, hidden=()) for leg in held.legs)
    hub.exchanges[asked.exchange_id] = replace(held, legs=legs)
    hub.deliver(UZ_FIU, asked)
    [violation] = audit(ListedLog(hub.log)).violations
    assert violation.reason is Reason.RULE_BROKEN
    assert violation.index == len(hub.log) - 1
    assert str(violation.index) in violation.message


def test_ruling_that_skips_the_supervisor_is_a_broken_rule(hub: Hub) -> None:
    hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    last = hub.log[-1]
    entry = parse_entry(last.entry)
    assert entry.ruling is not None
    forged = replace(entry, ruling=replace(entry.ruling, supervisors=()))
    hub.log[-1] = replace(last, entry=encode_entry(forged))
    [violation] = audit(ListedLog(hub.log)).violations
    assert (violation.reason, violation.index) == (Reason.RULE_BROKEN, len(hub.log) - 1)


def test_time_that_runs_back_is_a_broken_rule(hub: Hub) -> None:
    hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.now -= timedelta(hours=1)
    hub.deny(KG_MIA, Reason.NOT_A_PARTY)
    [violation] = audit(ListedLog(hub.log)).violations
    assert (violation.reason, violation.index) == (Reason.RULE_BROKEN, len(hub.log) - 1)


def test_centre_is_told_of_an_entry_that_is_withheld_from_it(hub: Hub) -> None:
    domestic_exchange(hub)
    hub.deny(KG_MIA, Reason.NOT_A_PARTY)
    withheld = len(hub.log) - 1
    report = audit(ListedLog(hub.log, shown=range(withheld)), CENTRE)
    assert [(each.reason, each.index) for each in report.violations] == [
        (Reason.ENTRY_MISMATCH, withheld)
    ]


def test_entry_that_a_newer_policy_closes_is_not_withheld(hub: Hub) -> None:
    """The policy was replaced between the checkpoint and the reading: the hub must obey it."""
    domestic_exchange(hub)
    log = ListedLog(list(hub.log), shown=range(len(hub.log) - 1))
    centre_sees_nothing = POLICY.replace("the-centre-audits-everything", "nobody-audits").replace(
        'principal.role == "auditor" &&\n  principal.agency.agencyType == "COORDINATION_CENTRE"',
        "false",
    )
    assert centre_sees_nothing != POLICY
    hub.change_policy(centre_sees_nothing)
    log.directory = hub.directory
    report = audit(log, CENTRE)
    assert (report.is_clean, report.scope) == (True, Scope.PARTIAL)


def test_withheld_approval_does_not_pass_unseen(hub: Hub) -> None:
    start = len(hub.log)
    gated_exchange(hub)
    shown = [index for index in range(len(hub.log)) if index != start + 2]
    report = audit(ListedLog(hub.log, shown=shown), PROSECUTOR)
    assert report.violations[0].reason is Reason.RULE_BROKEN


def test_state_auditor_checks_the_tree_and_its_own_exchanges(hub: Hub) -> None:
    domestic_exchange(hub)
    start = len(hub.log)
    asked = hub.say(UZ_FIU, REQUEST, to=["kg.mia"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["kg.mia"], on=asked)
    report = audit(ListedLog(hub.log, shown=range(start)), PROSECUTOR)
    assert report.is_clean
    assert report.scope is Scope.PARTIAL
    assert report.tree_size - report.opened == 2
    assert report.exchanges == 1


def test_member_who_is_no_auditor_is_not_told_that_entries_were_withheld(hub: Hub) -> None:
    start = len(hub.log)
    domestic_exchange(hub)
    report = audit(ListedLog(hub.log, shown=range(start)), member("caricc"))
    assert report.is_clean
    assert report.scope is Scope.PARTIAL


def test_withheld_delivery_is_met_by_the_next_entry(hub: Hub) -> None:
    start = len(hub.log)
    domestic_exchange(hub)
    shown = [index for index in range(len(hub.log)) if index != start + 1]
    report = audit(ListedLog(hub.log, shown=shown), PROSECUTOR)
    assert [(each.reason, each.index) for each in report.violations] == [
        (Reason.RULE_BROKEN, start + 2)
    ]


def test_unreadable_opening_is_named(hub: Hub) -> None:
    source = ListedLog(hub.log)
    leaves = source.leaves(0)
    fault = Reason.MALFORMED.error("expected exactly one signature, got 2")
    leaves[4] = AuditedLeaf(leaves[4].leaf_hash, None, fault)
    source.leaves = lambda start: leaves  # type: ignore[method-assign]
    [violation] = audit(source).violations
    assert (violation.index, violation.reason) == (4, Reason.MALFORMED)
