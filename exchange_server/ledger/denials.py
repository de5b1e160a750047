"""How many refusals an agency may put on the log: a token bucket each.

Without a bound anyone with a certificate could fill the log with refusals. Beyond the bound they
are counted, and a warning says so once until the bucket has filled again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from exchange_protocol.trust.identity import AgencyId

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: datetime
    unlogged: int = 0


class DenialBudget:
    """The buckets of all agencies; used by one thread."""

    def __init__(self, per_hour: int) -> None:
        self._per_hour = per_hour
        self._buckets: dict[AgencyId, _Bucket] = {}

    def take(self, agency: AgencyId, now: datetime) -> bool:
        """Whether one more refusal of this agency is logged."""
        bucket = self._buckets.setdefault(agency, _Bucket(self._per_hour, now))
        gained = max(now - bucket.filled_at, timedelta()) / timedelta(hours=1) * self._per_hour
        bucket.tokens = min(self._per_hour, bucket.tokens + gained)
        bucket.filled_at = max(now, bucket.filled_at)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            if bucket.unlogged:
                _log.warning("denials_logged_again", agency=agency, unlogged=bucket.unlogged)
                bucket.unlogged = 0
            return True
        if not bucket.unlogged:
            _log.warning("denials_not_logged", agency=agency, per_hour=self._per_hour)
        bucket.unlogged += 1
        return False
