"""A list is kept as it came, sealed, and forgotten where it does not open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from agency_client.console.kept_lists import KeptList, KeptLists
from agency_client.console.listing import Listing
from exchange_protocol.errors import HubUnavailable, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, LegState, TimeLimitRule, Urgency
from exchange_protocol.record.listing import (
    ExchangeSummary,
    LegSummary,
    encode_summary,
    parse_summary,
)
from exchange_protocol.rules.clocks import LegTimes, RuleEnd
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_MIA

AT = datetime(2026, 11, 28, 10, 30, 0, 123456, tzinfo=UTC)
LAST_DAY = date(2026, 12, 5)
LAST = datetime(2026, 12, 5, 18, 59, 59, tzinfo=UTC)
"""The end of that day in Almaty."""
HELD = LegSummary(
    agency=KZ_MIA.agency,
    state=LegState.HELD,
    approvals_required=2,
    approvals_given=1,
    due_at=LAST,
    claimed_by=COORDINATOR,
    claimed_at=AT + timedelta(minutes=1),
    due_on=LAST_DAY,
    times=LegTimes(
        since=AT,
        answer_due=AT + timedelta(days=7),
        is_by_rule=True,
        ends=(RuleEnd(TimeLimitRule.DECISION, AT + timedelta(days=2), (2027,)),),
        judge_awaited_since=AT + timedelta(days=1),
    ),
)
SUMMARY = ExchangeSummary(
    id="01900000-0000-7000-8000-000000000001",
    kind=Kind.INFORMATION_REQUEST,
    initiator=KZ_MIA.agency,
    initiated_at=AT,
    updated_at=AT + timedelta(hours=1),
    due_at=LAST,
    urgency=Urgency.URGENT,
    handling=Handling.H2,
    legs=(HELD, LegSummary(KZ_MIA.agency, LegState.CLOSED, 0, 0, None)),
    due_on=LAST_DAY,
)


def test_a_summary_comes_back_from_its_message_as_it_was() -> None:
    assert parse_summary(encode_summary(SUMMARY)) == SUMMARY


def test_a_list_is_kept_for_the_next_console_and_is_not_readable_on_disk(tmp_path: Path) -> None:
    with InMemoryHub().client(tmp_path, KZ_MIA) as client:
        profile = client.profile
        kept = KeptList(AT, (SUMMARY,))
        KeptLists(profile.state, profile.vault).keep("sent", kept)
        path = profile.state / "lists" / "sent"
        assert SUMMARY.id.encode() not in path.read_bytes()
        again = KeptLists(profile.state, profile.vault)
        assert again.read("sent") == kept
        assert again.read("inbox") is None
        # A list does not open under the name of another, and a damaged one is forgotten.
        path.rename(path.with_name("inbox"))
        assert KeptLists(profile.state, profile.vault).read("inbox") is None
        path.write_bytes(b"damaged")
        assert KeptLists(profile.state, profile.vault).read("sent") is None


def broken_off(*rows: ExchangeSummary) -> Iterator[ExchangeSummary]:
    """The rows of a hub that then goes away."""
    yield from rows
    raise Reason.UNAVAILABLE.error("the hub is away")


def test_a_list_ends_where_the_hub_went_away_and_says_so() -> None:
    listing = Listing(broken_off(SUMMARY), AT)
    before = listing.is_kept
    assert listing.take() == listing.take() == [SUMMARY]
    assert (before, listing.is_kept) == (False, True)


def test_a_list_of_which_nothing_came_is_none() -> None:
    with pytest.raises(HubUnavailable):
        Listing(broken_off(), AT).take(0, 1)
