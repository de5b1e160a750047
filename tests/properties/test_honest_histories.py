"""Nobody convicts an honest hub, whatever is said in an exchange, by whom and in what order.

A client that accuses an honest hub stops its agency's work, and teaches it not to believe the next
accusation. Each history is of one exchange of any kind (`tests.support.honest_histories`). After
each act one agency judges its view of it; at the end all do, and an auditor replays the log.

`EXCHANGE_HISTORIES=FIRST:END` plays the histories of other seeds in the long test.
"""

from __future__ import annotations

import os

import pytest

from exchange_protocol.errors import ExchangeError
from tests.support.honest_histories import EVERYONE, History

ACTS = 30
SEEDS = range(40)
MORE_SEEDS = range(*map(int, os.environ.get("EXCHANGE_HISTORIES", "1000:1400").split(":")))
"""Seeds of the long test, which takes two minutes."""


def play(seed: int) -> History:
    """Play a history, with its views; a failure tells all that was done in it."""
    history = History(seed)
    agency = None
    try:
        for number in range(ACTS):
            if not history.go_on():
                break
            agency = EVERYONE[(seed + number) % len(EVERYONE)]
            history.judge(agency)
        for agency in EVERYONE:
            history.judge(agency, anew=True)
        agency = None
        history.audit()
    except ExchangeError as error:
        trail = "\n  ".join(history.trail)
        pytest.fail(f"seed {seed}: {agency or 'an auditor'} convicts the hub: {error}\n  {trail}")
    return history


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_convicts_an_honest_hub(seed: int) -> None:
    play(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_nobody_convicts_an_honest_hub_in_more_histories(seed: int) -> None:
    play(seed)
