"""Limits of the ledger: a hub is not configured to accept what auditors would convict it for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from exchange_protocol.errors import InvalidInput, Reason
from exchange_protocol.record.entries import MOST_AHEAD, MOST_BEHIND
from exchange_server.ledger import LedgerLimits


def test_tolerance_of_clocks_may_be_as_wide_as_auditors_allow() -> None:
    LedgerLimits(future_skew=MOST_AHEAD, past_skew=MOST_BEHIND)


@pytest.mark.parametrize(
    "limits",
    [
        {"future_skew": MOST_AHEAD + timedelta(seconds=1)},
        {"past_skew": MOST_BEHIND + timedelta(seconds=1)},
    ],
)
def test_wider_tolerance_is_refused(limits: dict[str, timedelta]) -> None:
    with pytest.raises(InvalidInput) as refused:
        LedgerLimits(**limits)  # type: ignore[arg-type]
    assert refused.value.reason is Reason.CONFIG_INVALID
