"""Token buckets of agencies, of which all workers of a hub spend.

A bucket fills evenly up to a bound, and each worker keeps its own view of it. Each shows the
others what it has spent in all (`counts`); what they spent since the last look is taken out of the
view. A view that begins late, as after a restart, begins with the least that another's has left.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.trust.identity import AgencyId
from exchange_server.fairness.counts import ALONE, Cell, Counts

_GIVEN, _AT = 1, 2
"""The cells after that of what was spent: what was ever given by a view, and when that was so."""


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float
    spent: float
    """Amount spent by this worker."""
    spent_by_others: float
    """Amount spent by the other workers, as of the last look."""


class Buckets:
    """The buckets of all agencies for one kind of amount; used by one thread."""

    def __init__(self, per_second: float, most: float, cell: Cell, counts: Counts = ALONE) -> None:
        """Fill each bucket at a rate, up to `most`."""
        self._per_second = per_second
        self._most = most
        self._cell = cell
        self._counts = counts
        self._buckets: dict[AgencyId, _Bucket] = {}

    def left(self, agency: AgencyId, now: float) -> float:
        """The rest that an agency may spend, below zero after more; `now` is in seconds."""
        return self._filled(agency, now).left

    def spend(self, agency: AgencyId, amount: float, now: float) -> float:
        """Take an amount out of a bucket, which may go below zero; gives the rest."""
        bucket = self._filled(agency, now)
        bucket.left -= amount
        bucket.spent += amount
        given = bucket.left + bucket.spent + bucket.spent_by_others
        self._counts.set(agency, self._cell + _GIVEN, given)
        self._counts.set(agency, self._cell + _AT, bucket.filled_at)
        self._counts.set(agency, self._cell, bucket.spent)
        return bucket.left

    def _filled(self, agency: AgencyId, now: float) -> _Bucket:
        others = sum(self._counts.others(agency, self._cell))
        bucket = self._buckets.get(agency)
        if bucket is None:
            spent = self._counts.own(agency, self._cell)
            left = self._first(agency, spent + others, now)
            bucket = self._buckets[agency] = _Bucket(left, now, spent, others)
        gained = max(now - bucket.filled_at, 0.0) * self._per_second
        bucket.left = min(self._most, bucket.left + gained) - (others - bucket.spent_by_others)
        bucket.filled_at = max(now, bucket.filled_at)
        bucket.spent_by_others = others
        return bucket

    def _first(self, agency: AgencyId, spent_by_all: float, now: float) -> float:
        cells = (self._counts.others(agency, self._cell + each) for each in (0, _GIVEN, _AT))
        left = (
            given + max(now - at, 0.0) * self._per_second - spent_by_all
            for spent, given, at in zip(*cells, strict=True)
            if spent
        )
        return min(left, default=self._most)
