"""The clock of an auditor's computer, beside the log: what is said where they disagree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from agency_client.audit.clock import Clock, disagreement
from agency_client.audit.report import AuditReport, Scope

NOW = datetime(2031, 5, 4, 12, tzinfo=UTC)


class Said:
    """The two facts of a report that count here."""

    def __init__(self, last_time: datetime | None, scope: Scope = Scope.COMPLETE) -> None:
        self.last_time = last_time
        self.scope = scope


def found(said: Said, **named: Any) -> Clock | None:
    wrong = disagreement(cast(AuditReport, said), NOW, **named)
    return None if wrong is None else wrong.clock


@pytest.mark.parametrize(
    ("ago", "clock"),
    [
        (timedelta(days=-400), Clock.BEHIND),
        (timedelta(minutes=-6), Clock.BEHIND),
        (timedelta(minutes=-4), None),
        (timedelta(days=30), None),
        (timedelta(days=32), Clock.QUIET),
    ],
)
def test_last_entry_is_compared_with_the_clock(ago: timedelta, clock: Clock | None) -> None:
    assert found(Said(NOW - ago)) is clock


def test_entry_between_two_looks_shows_a_clock_that_is_ahead() -> None:
    looked_at = NOW - timedelta(minutes=1)
    assert found(Said(NOW - timedelta(hours=2)), looked_at=looked_at) is Clock.AHEAD
    assert found(Said(NOW - timedelta(minutes=30)), looked_at=looked_at) is None
    # Two hours behind: the same disagreement from the other side.
    assert found(Said(NOW + timedelta(hours=2)), looked_at=looked_at) is Clock.BEHIND


def test_old_copy_and_closed_entries_say_nothing_of_the_clock() -> None:
    old = NOW - timedelta(days=900)
    assert found(Said(old), is_copy=True) is None
    assert found(Said(old, Scope.PARTIAL)) is None
    assert found(Said(old, Scope.PARTIAL), looked_at=NOW) is None
    assert found(Said(None)) is None
