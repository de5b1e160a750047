"""Budgets of unsigned entries that an agency may cause in an hour: a token bucket for each agency.

Without a bound every holder of a certificate could fill the log with refusals or inspections.
Beyond the bound, refusals are only counted, and inspections are refused.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

import structlog

from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.buckets import Buckets
from exchange_server.fairness.counts import ALONE, Cell, Counts

_HOUR_SECONDS: Final = 3600

_log = structlog.get_logger(__name__)


class HourlyBudget:
    """The buckets of all agencies; used by one thread."""

    def __init__(self, per_hour: int, cell: Cell, counts: Counts = ALONE) -> None:
        self.per_hour = per_hour
        self._buckets = Buckets(per_hour / _HOUR_SECONDS, per_hour, cell, counts)

    def take(self, agency: AgencyId, now: datetime) -> bool:
        """True if this agency may cause one more entry."""
        if self._buckets.left(agency, now.timestamp()) < 1:
            return False
        self._buckets.spend(agency, 1, now.timestamp())
        return True

    def is_full(self, agency: AgencyId, now: datetime) -> bool:
        """True if nothing of the agency's budget is spent."""
        return self._buckets.left(agency, now.timestamp()) >= self.per_hour


class DenialBudget:
    """The budget of refusals; those that are not logged are counted.

    A spent budget is said once, and so is its end: that the bucket is full again. In between each
    token that comes back is spent at once, and to say so each time would be a flood of its own.
    """

    def __init__(self, per_hour: int, counts: Counts = ALONE) -> None:
        self._budget = HourlyBudget(per_hour, Cell.DENIALS, counts)
        self._unlogged: Counter[AgencyId] = Counter()

    def take(self, agency: AgencyId, now: datetime) -> bool:
        """True if one more refusal of this agency is logged."""
        if self._unlogged[agency] and self._budget.is_full(agency, now):
            _log.warning("denials_logged_again", agency=agency, unlogged=self._unlogged[agency])
            del self._unlogged[agency]
        if self._budget.take(agency, now):
            return True
        if not self._unlogged[agency]:
            _log.warning("denials_not_logged", agency=agency, per_hour=self._budget.per_hour)
        self._unlogged[agency] += 1
        return False
