"""Dependencies: which statements wait while an earlier one is put off.

A statement that is neither accepted nor refused is put off: it will be sent again. Later statements
that depend on it would be refused only because it is missing, so they are put off for the same
reason. The rest of its exchange depends on it. Everything depends on a statement to the directory,
such as the certificate that the next one is signed with. Hub and client keep to this alike.
"""

from __future__ import annotations

from typing import Final

from exchange_protocol.errors import ExchangeError
from exchange_protocol.rules.statements import Statement

DIRECTORY: Final = ""
"""The exchange of a statement that concerns none: it speaks to the directory."""


class DependencyTracker:
    """The exchanges that were put off so far, and why; threads may share it."""

    def __init__(self) -> None:
        self._put_off: dict[str, ExchangeError] = {}

    def put_off(self, statement: Statement, error: ExchangeError) -> None:
        """Make all that follows on a statement wait until that is settled."""
        self._put_off.setdefault(statement.exchange_id, error.detached())

    def why_put_off(self, statement: Statement) -> ExchangeError | None:
        """The reason to wait; None where nothing waits that the statement may follow on."""
        return self._put_off.get(DIRECTORY) or self._put_off.get(statement.exchange_id)

    def why_all_wait(self, most: int) -> ExchangeError | None:
        """A reason to let everything wait, once so many exchanges wait; None before."""
        if len(self._put_off) < most:
            return None
        # A copy is made at once: another thread may put off meanwhile.
        first, *_ = list(self._put_off.values())
        return first
