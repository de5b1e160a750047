"""The writer's recent speed: how large a share of a batch may be, how long a wait lasts.

All figures are smoothed wall time in seconds, and start with those of a small machine. A share is
bounded by the time that it adds to a batch, not by a number: where a commit is slow, for instance
on a database that waits for its standby, more statements share it at little cost to others.

The time of a commit is measured at the commit alone. Whole batches would not tell: beside a flood
every batch takes longer, also that of a single request, because the flood's calls have the
interpreter. A share that follows from those would grow with the flood.
"""

from __future__ import annotations

from typing import Final

STRETCH: Final = 0.5
"""One agency's share makes a batch longer by at most this part of what its commit takes."""
LEAST_SHARE: Final = 2
MOST_SHARE: Final = 32
"""The fewest and the most places of a share."""
_UP, _DOWN = 0.02, 0.2
"""Smoothing of a commit's time. A busy machine makes it longer, so a short time counts more than a
long one."""
_SMOOTHING: Final = 0.1
_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 30.0


class Pace:
    """The measured speed; `record` learns from each batch."""

    def __init__(self) -> None:
        self._commit = 0.003
        self._work = 0.0005
        self._each = 0.001

    @property
    def share(self) -> int:
        """Places of a batch that one agency may fill while others are active too."""
        fitting = STRETCH * self._commit / max(self._work, 1e-6)
        return int(min(max(fitting, LEAST_SHARE), MOST_SHARE))

    def record(self, seconds: float, weight: int, commit_seconds: float | None) -> None:
        """Learn from a batch of so many places, and from its commit if it had one."""
        self._each += _SMOOTHING * (seconds / weight - self._each)
        if commit_seconds is None:
            return
        self._work += _SMOOTHING * (max(seconds - commit_seconds, 0.0) / weight - self._work)
        smoothing = _DOWN if commit_seconds < self._commit else _UP
        self._commit += smoothing * (commit_seconds - self._commit)

    def until_served(self, waiting: int, in_hand_seconds: float) -> float:
        """The seconds until so many waiting requests are written.

        Never less than the batch in hand has taken.
        """
        expected = max(waiting * self._each, in_hand_seconds)
        return min(max(expected, _SHORTEST_WAIT), _LONGEST_WAIT)
