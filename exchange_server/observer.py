"""Observers of the hub: for metrics, traces and tests.

An observer is called from several threads in the midst of the work, so it must be quick and safe to
share. It should not raise. If it raises at a step of a commit, the batch fails at that step: tests
inject faults in this way.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Final


class CommitStep(Enum):
    """The steps of a batch, in order; the numbers are those of `exchange_server.ledger`."""

    BEGUN = "begun"
    """Step 2 is done: the transaction has the lock on the head of the log."""
    JUDGED = "judged"
    """Step 3 is done."""
    ROWS = "rows"
    TILES = "tiles"
    HEAD = "head"
    """Step 4 is done: everything is written, nothing is committed."""
    COMMITTED = "committed"
    """Step 5 is done: the batch is durable, nobody is answered."""


PHASES: Final = {
    CommitStep.BEGUN: "lock",
    CommitStep.JUDGED: "judge",
    CommitStep.ROWS: "rows",
    CommitStep.TILES: "tiles",
    CommitStep.HEAD: "head",
    CommitStep.COMMITTED: "commit",
}
"""The name of the phase that each step ends; "lock" is waiting for its turn."""


class Observer:
    """Hears what the hub does, and ignores it; a subclass overrides what it needs."""

    def call_ended(
        self, method: str, outcome: str, seconds: float, request_bytes: int, response_bytes: int
    ) -> None:
        """An RPC ended: "ok", "cancelled", "aborted" or the name of a reason."""

    def commit_reached(self, step: CommitStep) -> None:
        """The batch in hand came to a step."""

    def batch_ended(self, requests: int, seconds: float, *, committed: bool) -> None:
        """A batch was committed, or failed as a whole."""

    def request_waited(self, seconds: float) -> None:
        """A request came to its turn at the writer after so long."""

    def request_refused(self, reason: str) -> None:
        """The writer refused a request; the name of the reason."""

    def transaction_ended(self, seconds: float, *, writes: bool, succeeded: bool) -> None:
        """A transaction of the database ended."""

    def cosigned(self, witness: str, at: datetime) -> None:
        """A configured witness cosigned this log at that time of its own clock."""


NO_OBSERVER: Final = Observer()


class Together(Observer):
    """Several observers as one."""

    def __init__(self, *observers: Observer) -> None:
        """Tell each of these, in order."""
        self._observers = observers

    def call_ended(
        self, method: str, outcome: str, seconds: float, request_bytes: int, response_bytes: int
    ) -> None:
        """Tell each."""
        for each in self._observers:
            each.call_ended(method, outcome, seconds, request_bytes, response_bytes)

    def commit_reached(self, step: CommitStep) -> None:
        """Tell each."""
        for each in self._observers:
            each.commit_reached(step)

    def batch_ended(self, requests: int, seconds: float, *, committed: bool) -> None:
        """Tell each."""
        for each in self._observers:
            each.batch_ended(requests, seconds, committed=committed)

    def request_waited(self, seconds: float) -> None:
        """Tell each."""
        for each in self._observers:
            each.request_waited(seconds)

    def request_refused(self, reason: str) -> None:
        """Tell each."""
        for each in self._observers:
            each.request_refused(reason)

    def transaction_ended(self, seconds: float, *, writes: bool, succeeded: bool) -> None:
        """Tell each."""
        for each in self._observers:
            each.transaction_ended(seconds, writes=writes, succeeded=succeeded)

    def cosigned(self, witness: str, at: datetime) -> None:
        """Tell each."""
        for each in self._observers:
            each.cosigned(witness, at)
