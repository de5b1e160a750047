"""A lie that a hub tells in its log is convicted, but for those of which nobody can know.

Honest histories (`tests.support.honest_histories`) get one false place each time (`support.lies`).
Whoever is shown all of the log replays it; the initiator replays its own exchange. What may pass
(`Lie.may_pass`) is in docs/threat-model.md.

A recipient is shown what is held back from it, with the rest or some of it left out: it never
takes that for released.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agency_client.core.verifying import judge_view
from exchange_protocol.errors import ExchangeError
from exchange_protocol.record.entries import verify_statement_of
from exchange_protocol.record.receipts import ProvenEntry
from exchange_protocol.record.replay import DirectoryFold, Replay
from tests.support.history_readers import Readers
from tests.support.honest_histories import History
from tests.support.lies import Lie, lies_in, views_of_held

ACTS = 40
LIES = 25
SEEDS = range(6)
MORE_SEEDS = range(*map(int, os.environ.get("EXCHANGE_HISTORIES", "5000:5060").split(":")))


def is_convicted(history: History, lie: Lie) -> bool:
    """True if a replay of the whole log convicts the hub."""
    known = {each.statement for each in history.hub.log if each.statement is not None}
    replay = Replay(DirectoryFold(history.hub.cast.anchors), verified=known)
    try:
        for index, opening in enumerate(lie.log):
            replay.apply(index, opening)
    except ExchangeError:
        return True
    return False


def is_missed_by_its_initiator(history: History, readers: Readers, lie: Lie) -> bool:
    """True if the initiator of an exchange is shown an altered entry, and convicts nobody."""
    exchange = history.hub.exchanges[history.exchange_of(lie.index)]
    shown = history.shown_to(exchange.initiator)[exchange.id]
    if lie.index not in shown:
        return False  # A supervisor speaks to one agency alone.
    try:
        entries = [
            (ProvenEntry(index, lie.log[index], ()), verify_statement_of(lie.log[index]))
            for index in shown
        ]
        judge_view(exchange.initiator, exchange.id, entries, readers.directories)
    except ExchangeError:
        return False
    return True


def tell(seed: int, folder: Path) -> None:
    """Let the hub lie in a history; nobody may take a lie of a statement for the truth."""
    history = History(seed)
    for _ in range(ACTS):
        history.go_on()
    readers = Readers(history, folder)
    for lie in lies_in(history, LIES):
        if lie.may_pass:
            continue
        assert is_convicted(history, lie), lie.words
        if lie.is_altered and history.exchange_of(lie.index):
            assert not is_missed_by_its_initiator(history, readers, lie), lie.words
    for view in views_of_held(history):
        with pytest.raises(ExchangeError):
            judge_view(view.agency, view.exchange_id, view.entries, readers.directories)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lie_about_a_statement_is_convicted(seed: int, tmp_path: Path) -> None:
    tell(seed, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_a_lie_about_a_statement_is_convicted_in_more_histories(seed: int, tmp_path: Path) -> None:
    tell(seed, tmp_path)
