"""The log as a hub shows it: an auditor that has read as much as it may an hour goes on later."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agency_client.audit import HubLog
from agency_client.cli.auditing import hub_log
from agency_client.core.log import LogLeaf
from agency_client.state.checkpoints import Head
from exchange_protocol.errors import LimitExceeded, Reason
from exchange_protocol.log.checkpoint import Checkpoint

SIZE = 7
HEAD = Head(b"", Checkpoint("exchange.example/log", SIZE, bytes(32)))


class Reluctant:
    """A hub that gives a few leaves at a time, and then says for a while that it was too much."""

    def __init__(self, reason: Reason, retry_after_seconds: float = 0.1, at_once: int = 2) -> None:
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        self.at_once = at_once
        self.refusals = 0

    def leaves(self, start: int, tree_size: int) -> Iterator[LogLeaf]:
        for index in range(start, min(start + self.at_once, tree_size)):
            yield LogLeaf(bytes([index]) * 32, None)
        if start + self.at_once < tree_size:
            self.refusals += 1
            error = self.reason.error("slower")
            assert isinstance(error, LimitExceeded)
            error.retry_after_seconds = self.retry_after_seconds
            raise error


def pauses_of(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the reading, which are not waited for; other threads sleep as ever."""
    pauses: list[float] = []
    monkeypatch.setattr("agency_client.audit.hub_log.time", SimpleNamespace(sleep=pauses.append))
    return pauses


def test_reading_goes_on_where_the_hub_said_that_it_was_too_much(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub = Reluctant(Reason.RATE_LIMITED)
    leaves = [each.leaf_hash[0] for each in hub_log(cast(Any, hub), HEAD).leaves(0)]
    assert leaves == list(range(SIZE))
    assert hub.refusals == 3
    assert capsys.readouterr().err.count("RATE_LIMITED: slower; going on in 0.1 s") == 3


def test_no_hub_makes_an_auditor_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = pauses_of(monkeypatch)
    hub = Reluctant(Reason.RATE_LIMITED, retry_after_seconds=1e9)
    assert len(list(HubLog(cast(Any, hub), HEAD).leaves(0))) == SIZE
    assert pauses == [60.0] * 3


@pytest.mark.parametrize("asked", [-5.0, 0.0, 3.0, 1e12])
def test_hub_that_says_so_for_ever_is_given_up(
    monkeypatch: pytest.MonkeyPatch, asked: float
) -> None:
    """Nothing was found, and that is said: a monitor that waits for ever would never accuse."""
    pauses = pauses_of(monkeypatch)
    hub = Reluctant(Reason.RATE_LIMITED, asked, at_once=0)
    with pytest.raises(LimitExceeded, match="slower"):
        list(HubLog(cast(Any, hub), HEAD).leaves(0))
    assert all(0 < pause <= 60 for pause in pauses)
    assert 800 < sum(pauses) <= 900


def test_another_limit_ends_the_reading() -> None:
    log = HubLog(cast(Any, Reluctant(Reason.TOO_LARGE)), HEAD)
    with pytest.raises(LimitExceeded, match="slower"):
        list(log.leaves(0))
