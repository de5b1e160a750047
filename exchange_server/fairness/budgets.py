"""Budgets of unsigned entries that an agency may cause in an hour: a token bucket for each agency.

Without a bound every holder of a certificate could fill the log with refusals or inspections.
Beyond the bound, refusals are only counted, and inspections are refused.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from exchange_protocol.trust.identity import AgencyId

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: datetime


class HourlyBudget:
    """The buckets of all agencies; used by one thread."""

    def __init__(self, per_hour: int) -> None:
        self.per_hour = per_hour
        self._buckets: dict[AgencyId, _Bucket] = {}

    def take(self, agency: AgencyId, now: datetime) -> bool:
        """True if this agency may cause one more entry."""
        bucket = self._buckets.setdefault(agency, _Bucket(self.per_hour, now))
        gained = max(now - bucket.filled_at, timedelta()) / timedelta(hours=1) * self.per_hour
        bucket.tokens = min(self.per_hour, bucket.tokens + gained)
        bucket.filled_at = max(now, bucket.filled_at)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


class DenialBudget:
    """The budget of refusals; those that are not logged are counted."""

    def __init__(self, per_hour: int) -> None:
        self._budget = HourlyBudget(per_hour)
        self._unlogged: Counter[AgencyId] = Counter()

    def take(self, agency: AgencyId, now: datetime) -> bool:
        """True if one more refusal of this agency is logged."""
        if self._budget.take(agency, now):
            if unlogged := self._unlogged.pop(agency, 0):
                _log.warning("denials_logged_again", agency=agency, unlogged=unlogged)
            return True
        if not self._unlogged[agency]:
            _log.warning("denials_not_logged", agency=agency, per_hour=self._budget.per_hour)
        self._unlogged[agency] += 1
        return False
