"""Routes of initial statements, planned in small steps.

A leg asks the policy of every agency, and a statement has many legs. So it is asked in slices of
the event loop, in the turn of the caller's agency. The rulebook remembers its answers: the
writer, which judges for everyone, has nothing left to ask. A question that was asked of a rulebook
lately is not asked again; should the rulebook have forgotten it, the writer asks.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from typing import Final

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.routing import Planned, Route, ask_ahead, plan_initial, planned_of
from exchange_protocol.rules.rulebook import Rulebook
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member
from exchange_server.fairness.slices import Slices

_MOST_ASKED: Final = 1024
"""Far fewer than the rulebook remembers."""


async def plan_in_slices(
    directory: Directory,
    author: Member,
    planned: Planned,
    slices: Slices,
) -> Route:
    """Plan an initial statement; raises as `plan_initial`."""
    await _ask_in_slices(directory, author, planned, slices)
    return plan_initial(directory, author, planned)


class Routes:
    """Asks the policy ahead of the writer; for one event loop."""

    def __init__(self) -> None:
        self._rulebook: Rulebook | None = None
        self._asked: set[Hashable] = set()

    async def prepare(self, directory: Directory, statement: Statement, slices: Slices) -> None:
        """Ask what the writer will ask for this statement, unless that was asked lately."""
        if statement.kind.stage is not Stage.INITIAL or directory.policy is None:
            return
        author, planned, header = statement.author, planned_of(statement), statement.header
        rulebook = directory.rulebook
        if rulebook is not self._rulebook or len(self._asked) >= _MOST_ASKED:
            self._rulebook, self._asked = rulebook, set()
        # A question that is missing here costs the writer time, and the statement is judged all the
        # same.
        question = (
            author.agency,
            author.role,
            planned.kind,
            planned.recipients,
            planned.offences,
            header.handling,
            header.tlp,
            header.urgency,
            header.subject_count,
        )
        if question not in self._asked:
            await _ask_in_slices(directory, author, planned, slices)
            self._asked.add(question)


async def _ask_in_slices(
    directory: Directory,
    author: Member,
    planned: Planned,
    slices: Slices,
) -> None:
    """Ask what a plan will ask; the plan, here or in the writer, says what is wrong."""
    with suppress(ExchangeError):
        for _ in ask_ahead(directory, author, planned):
            await slices.yield_if_due()
