"""Plays a year of so many exchanges, and hands over the town with its notes."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from exchange_protocol.kinds.catalogue import Kind
from tests.year import lapses, offices
from tests.year.cases import analyse, open_case
from tests.year.exchanges import open_exchange
from tests.year.plan import KINDS, Chance
from tests.year.region import END, START
from tests.year.town import Town

SEED = 2027


async def play(
    folder: Path, exchanges: int, each_turn: Callable[[Town], Awaitable[None]] | None = None
) -> Town:
    """Found the town and let a year pass, in which so many exchanges are opened by plan.

    Referrals of what was received, and the cases of the centre, come beside these.
    """
    town = await Town.found(folder)
    offices.begin(town)
    lapses.begin(town)
    chance = Chance(random.Random(f"{SEED} of {exchanges}"))  # noqa: S311 -- no secret
    for number in range(exchanges):
        at = START + timedelta(seconds=chance.draw.uniform(3600, (END - START).total_seconds()))
        kind, seed = chance.of(KINDS), f"{SEED} exchange {number}"
        if kind is Kind.JOINT_CASE:
            script = open_case(town, seed)
        elif kind is Kind.ANALYSIS_REQUEST and number % 2:
            script = analyse(town, seed)
        else:
            script = open_exchange(town, kind, seed)
        town.start(script, at)
    await town.pass_the_year((lambda: each_turn(town)) if each_turn else None)
    return town
