"""Nobody convicts an honest hub, whatever is said, by whom and in what order.

A client that accuses an honest hub stops its agency's work, and teaches it not to believe the next
accusation. Each history is of exchanges of any kind under a directory that changes
(`tests.support.honest_histories`). After each act an agency judges its view, sometimes an auditor
or a witness theirs; at the end all do, and a court verifies evidence
(`tests.support.history_readers`).

`EXCHANGE_HISTORIES=FIRST:END` plays the histories of other seeds in the long test.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exchange_protocol.errors import ExchangeError
from tests.support.history_readers import Readers
from tests.support.honest_histories import EVERYONE, History
from tests.support.statements import AUDITOR, CENTRE_AUDITOR

ACTS = 40
SEEDS = (*range(40), 1165)
"""In the last one others become approvers of a joint case, unseen by the former one."""
MORE_SEEDS = range(*map(int, os.environ.get("EXCHANGE_HISTORIES", "1000:1400").split(":")))
"""Seeds of the long test, which takes some minutes."""


def play(seed: int, folder: Path) -> None:
    """Play a history and let all read it; a failure tells all that was done in it."""
    # Where the directory stays as it was, exchanges come further.
    history = History(seed, changes=0.15 if seed % 3 else 0)
    readers = Readers(history, folder)
    who = ""
    try:
        for number in range(ACTS):
            if not history.go_on():
                break
            agency = EVERYONE[(seed + number) % len(EVERYONE)]
            who = f"{agency}, bit by bit,"
            readers.look(agency)
            if (seed + number) % 13 == 0:
                who = "the witness"
                readers.cosign()
            if (seed + number) % 17 == 0:
                who = "the auditor of a state, bit by bit,"
                readers.go_on_auditing(AUDITOR)
        for agency in EVERYONE:
            who = agency
            readers.look_anew(agency)
        who = "an auditor"
        readers.audit()
        for auditor in (AUDITOR, CENTRE_AUDITOR):
            who = str(auditor)
            readers.go_on_auditing(auditor)
        who = "the witness"
        readers.cosign()
        for agency in EVERYONE[seed % 5 :: 5]:
            who = f"a court, by the bundle of {agency},"
            readers.export(agency, by_script=seed % 4 == 0)
    except ExchangeError as error:
        trail = "\n  ".join(history.trail)
        pytest.fail(f"seed {seed}: {who} convicts the hub: {error}\n  {trail}")


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_convicts_an_honest_hub(seed: int, tmp_path: Path) -> None:
    play(seed, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_nobody_convicts_an_honest_hub_in_more_histories(seed: int, tmp_path: Path) -> None:
    play(seed, tmp_path)
