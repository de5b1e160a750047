"""Fixtures that the audits of this folder share."""

from __future__ import annotations

import multiprocessing

import pytest

from agency_client.audit import ahead
from agency_client.audit.ahead import SignaturesAhead
from tests.support.warm_start import FORKING

SECONDS = 30
CHUNK = 8


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process beside be worth it for a short log, and be waited for."""
    monkeypatch.setattr(ahead, "CHUNK", CHUNK)
    monkeypatch.setattr(ahead, "LEAD", 1)
    monkeypatch.setattr(ahead, "WORTHWHILE", 1)
    hear = SignaturesAhead._hear

    def wait(self: SignaturesAhead) -> None:
        if self._connection is not None and self._asked is not None:
            self._connection.poll(SECONDS)
        hear(self)

    monkeypatch.setattr(SignaturesAhead, "_hear", wait)


@pytest.fixture
def beside_at_once(beside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be forked from a process that has its modules; how it begins is not what is tested."""
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: FORKING)
