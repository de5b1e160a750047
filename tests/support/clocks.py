"""Clocks in a test's hands."""

from __future__ import annotations


class Time:
    """Seconds that pass only when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now
