"""A hub that opens entries to an auditor, and is not true on its log about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    Event,
    InspectedRange,
    parse_entry,
)
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from tests.support.deployment import AUDITOR
from tests.support.dishonest_hub import Region, caught, convicted, member, only_for

KZ_AUDITOR = "kz.gpo/auditor/auditor1"


def inspections(region: Region) -> list[Entry]:
    parsed = [parse_entry(each.opening.entry) for each in region.entries()]
    return [entry for entry in parsed if entry.event is Event.INSPECTION]


def test_openings_that_are_not_on_the_log_are_caught_by_their_reader(region: Region) -> None:
    region.ask("kz.fma")
    region.lies.skips.add("inspect")
    for auditor in (AUDITOR, KZ_AUDITOR):
        error = caught(partial(region.audit, auditor), Reason.RULE_BROKEN)
        assert "shows no entry of the log that says so" in error.message
    assert inspections(region) == []


def test_entry_that_is_kept_from_the_reader_is_caught(region: Region) -> None:
    """The hub logs the reading, and does not show that it did: the reader cannot know better."""
    region.ask("kz.fma")

    def without_receipt(_: Any, said: audit_pb.ListOpeningsResponse) -> Any:
        said.ClearField("inspection")
        return said

    region.lies.answers["ListOpenings"] = without_receipt
    caught(region.audit, Reason.RULE_BROKEN)
    assert len(inspections(region)) == 1


def test_entry_of_an_earlier_reading_does_not_stand_for_a_new_one(region: Region) -> None:
    region.ask("kz.fma")
    auditor = region.client(AUDITOR)
    size = auditor.checkpoint().size
    shown: list[audit_pb.ListOpeningsResponse] = []

    def as_before(_: Any, said: audit_pb.ListOpeningsResponse) -> Any:
        if shown:
            said.inspection.CopyFrom(shown[0].inspection)
            said.tree_head.checkpoint = shown[0].tree_head.checkpoint
        shown.append(said)
        return said

    region.lies.answers["ListOpenings"] = as_before
    assert len(list(auditor.leaves(0, size))) == size
    region.lies.skips.add("inspect")
    error = caught(lambda: list(auditor.leaves(0, size)), Reason.RECEIPT_MISMATCH)
    assert "expected a new entry of this reading" in error.message
    assert len(inspections(region)) == 1


@pytest.mark.parametrize(
    "lie",
    [
        lambda entry: replace(entry, actor=member(KZ_AUDITOR)),
        lambda entry: replace(entry, certificate_sha256=bytes(32)),
        lambda entry: replace(entry, inspected=InspectedRange(0, 5, 5)),
        lambda entry: replace(
            entry, inspected=replace(entry.inspected, opened=entry.inspected.opened - 1)
        ),
        lambda entry: replace(entry, event=Event.DENIAL, ruling=None, inspected=None, reason="NO"),
    ],
    ids=["another reader", "another channel", "another page", "fewer opened", "a denial"],
)
def test_entry_that_says_something_else_is_caught_by_the_reader(
    region: Region, lie: Callable[[Entry], Entry]
) -> None:
    region.ask("kz.fma")
    region.lies.entry = lambda entry: lie(entry) if entry.event is Event.INSPECTION else entry
    caught(region.audit, Reason.RECEIPT_MISMATCH)


def test_openings_that_are_withheld_after_they_were_counted_are_missed(region: Region) -> None:
    """The log says that the national auditor was shown an exchange; it was not."""
    exchange = region.ask("uz.fiu")
    [at] = _of(region, exchange)

    def without(request: Any, said: audit_pb.ListOpeningsResponse) -> Any:
        said.leaves[at - request.start_index].ClearField("opening")
        return said

    region.lies.answers["ListOpenings"] = only_for("kz.gpo", without)
    caught(partial(region.audit, KZ_AUDITOR), Reason.RECEIPT_MISMATCH)
    assert region.audit().is_clean


def test_exchange_that_is_kept_from_a_national_auditor_convicts_by_the_count(
    region: Region,
) -> None:
    """The log says truly how little that auditor was shown, and so convicts."""
    region.ask("kz.fma")
    exchange = region.ask("uz.fiu")
    hidden = _of(region, exchange)

    def without(start: int, openings: list[CommitmentOpening | None]) -> None:
        openings[:] = [None if at in hidden else each for at, each in enumerate(openings, start)]

    at = len(region.entries())
    region.lies.page = without
    report = region.audit(KZ_AUDITOR)
    assert report.is_clean, "it may not see everything, and so cannot tell"
    assert report.exchanges == 1
    region.lies.page = None
    for found in (region.audit(), region.audit_copy()):
        assert "the policy opens" in convicted(found, Reason.RULE_BROKEN, at)


def test_entry_that_the_policy_does_not_open_convicts_by_the_count(region: Region) -> None:
    region.ask("kz.fma")
    exchange = region.ask("kg.mia", by="uz.fiu/system")
    foreign = _of(region, exchange)

    def more(start: int, openings: list[CommitmentOpening | None]) -> None:
        for at, each in foreign.items():
            openings[at - start] = each

    at = len(region.entries())
    region.lies.page = more
    assert region.audit(KZ_AUDITOR).exchanges == 2
    region.lies.page = None
    assert "the policy opens" in convicted(region.audit(), Reason.RULE_BROKEN, at)


def _of(region: Region, exchange: str) -> dict[int, CommitmentOpening]:
    return {
        each.index: each.opening
        for each in region.entries()
        if parse_entry(each.opening.entry).exchange_id == exchange
    }


@pytest.mark.parametrize(
    ("reader", "why"),
    [("kz.mia/system", "ROLE_NOT_PERMITTED"), ("kg.none/auditor/auditor1", "AGENCY_NOT_ENROLLED")],
)
def test_reading_by_one_who_has_no_right_to_it_convicts(
    region: Region, reader: str, why: str
) -> None:
    region.ask("kz.fma")
    at = len(region.entries())
    region.lies.entry = lambda entry: (
        replace(entry, actor=member(reader)) if entry.event is Event.INSPECTION else entry
    )
    caught(region.audit, Reason.RECEIPT_MISMATCH)
    region.lies.entry = None
    assert why in convicted(region.audit_copy(), Reason.RULE_BROKEN, at)


def test_reading_under_a_rule_that_the_policy_does_not_have_convicts(region: Region) -> None:
    def by_whim(entry: Entry) -> Entry:
        if entry.event is not Event.INSPECTION or entry.ruling is None:
            return entry
        return replace(entry, ruling=replace(entry.ruling, rule_ids=("because-i-say-so",)))

    region.ask("kz.fma")
    at = len(region.entries())
    region.lies.entry = by_whim
    assert region.audit(KZ_AUDITOR).is_clean, "the entry came after what it read"
    region.lies.entry = None
    for report in (region.audit(KZ_AUDITOR), region.audit(), region.audit_copy()):
        assert "because-i-say-so" in convicted(report, Reason.RULE_BROKEN, at)
