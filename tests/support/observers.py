"""Observers for tests: they do something at a step of a commit."""

from __future__ import annotations

from collections.abc import Callable

from exchange_server.observer import CommitStep, Observer


class AtSteps(Observer):
    """Calls a function at each step of each commit; what it raises fails the batch."""

    def __init__(self, act: Callable[[CommitStep], None] = lambda step: None) -> None:
        self.act = act

    def commit_reached(self, step: CommitStep) -> None:
        self.act(step)
