"""Routes of initial statements, planned in small steps.

A leg asks the policy of every agency, and a statement has many legs. So it is asked in slices of
the event loop, in the turn of the caller's agency. The rulebook remembers its answers: the
writer, which judges for everyone, has nothing left to ask.
"""

from __future__ import annotations

from contextlib import suppress

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.routing import Planned, Route, ask_ahead, plan_initial, planned_of
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member
from exchange_server.fairness.slices import Slices


async def plan_in_slices(
    directory: Directory,
    author: Member,
    planned: Planned,
    slices: Slices,
) -> Route:
    """Plan an initial statement; raises as `plan_initial`."""
    await _ask_in_slices(directory, author, planned, slices)
    return plan_initial(directory, author, planned)


async def prepare_route(directory: Directory, statement: Statement, slices: Slices) -> None:
    """Ask the policy ahead of the writer what it will ask for this statement."""
    if statement.kind.stage is Stage.INITIAL:
        await _ask_in_slices(directory, statement.author, planned_of(statement), slices)


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
