"""The policy is asked ahead of the writer, once for statements that ask it the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Urgency
from exchange_protocol.rules.routing import ask_ahead
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_server.fairness.slices import Slices, SliceScheduler
from exchange_server.ledger.routes import Routes
from tests.support.statements import KZ_FMA, KZ_MIA, Hub, fictional_cast


async def test_a_question_is_asked_once_of_each_rulebook(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(fictional_cast())
    asked = 0

    def ask(*question: Any) -> Iterator[None]:
        nonlocal asked
        asked += 1
        return ask_ahead(*question)

    def said(urgency: Urgency = Urgency.ROUTINE) -> Statement:
        draft = hub.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=[KZ_FMA.agency])
        header = replace(draft.header, urgency=urgency)
        return parse_statement(hub.sign(replace(draft, header=header)).payload)

    monkeypatch.setattr("exchange_server.ledger.routes.ask_ahead", ask)
    there = Routes()
    async with Slices(SliceScheduler(), KZ_MIA.agency) as slices:
        await there.prepare(hub.directory, said(), slices)
        await there.prepare(hub.directory, said(), slices)
        assert asked == 1
        await there.prepare(hub.directory, said(Urgency.URGENT), slices)
        assert asked == 2
        left = {
            agency: each
            for agency, each in hub.directory.agencies.items()
            if agency in (KZ_MIA.agency, KZ_FMA.agency)
        }
        fewer = replace(hub.directory, agencies=left)
        assert fewer.rulebook is not hub.directory.rulebook
        await there.prepare(fewer, said(), slices)
        assert asked == 3
