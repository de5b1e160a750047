"""Additions of the acts: due times, briefs that nobody gave, references of one's own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agency_client import Brief, ExtensionGround, InvalidInput, LegState, Sent
from exchange_protocol.kinds.catalogue import Kind
from tests.support.asking import new_exchange
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_GPO, UZ_FIU

REQUEST = {"items": ["STR"]}


def test_a_deadline_is_extended_and_the_leg_follows(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path), due="7d")
    fma, mia = hub.client(tmp_path, KZ_FMA), hub.client(tmp_path)
    opened = fma.open(exchange)
    asked = opened.legs[0].due_at
    assert asked is not None
    sent = fma.extend_deadline(
        opened, ExtensionGround.AWAITING_THIRD_PARTY, explanation="Банк молчит", due="21d"
    )
    assert isinstance(sent, Sent)
    for reader in (fma, mia):
        [leg] = reader.open(exchange).legs
        assert leg.state is LegState.ACKNOWLEDGED
        assert leg.due_at is not None
        assert leg.due_at - asked > timedelta(days=13)
    said = mia.open(exchange).statements[-1]
    assert said.brief == Brief(
        summary="Deadline extended: a third party has not answered", explanation="Банк молчит"
    )
    body: Any = said.statement.body
    assert body.ground is ExtensionGround.AWAITING_THIRD_PARTY
    assert mia.get(exchange).initial is not None


@pytest.mark.parametrize("due", ["1h", "7d"])
def test_a_deadline_is_not_moved_back(hub: InMemoryHub, tmp_path: Path, due: str) -> None:
    exchange = new_exchange(hub.client(tmp_path), due="14d")
    fma = hub.client(tmp_path, KZ_FMA)
    opened = fma.open(exchange)
    with pytest.raises(InvalidInput, match="expected a due time after"):
        fma.extend_deadline(opened, "VOLUME", explanation="Банк молчит", due=due)
    assert fma.outbox.pending() == []


def test_an_extension_says_until_when(hub: InMemoryHub, tmp_path: Path) -> None:
    fma = hub.client(tmp_path, KZ_FMA)
    with pytest.raises(TypeError, match="due"):
        fma.extend_deadline("x", "VOLUME", explanation="-")  # type: ignore[call-arg] # what is refused


def test_a_supervisor_gets_a_brief_where_none_was_given(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path))
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(exchange)
    fma.reply(exchange, result="NO_HIT")
    seen = hub.client(tmp_path, KZ_GPO).open(exchange).statements[-1]
    assert seen.kind is Kind.REPLY
    assert seen.brief == Brief(summary="Answered: nothing found")


def test_no_brief_is_made_where_nobody_reads_it(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path))
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(exchange)
    fma.acknowledge(exchange)
    assert hub.client(tmp_path).open(exchange).statements[-1].brief is None


def test_words_of_an_act_stand_in_its_field_of_the_brief(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path))
    fma, mia = hub.client(tmp_path, KZ_FMA), hub.client(tmp_path)
    fma.open(exchange)
    fma.return_for_information(exchange, question="Какой период?")
    assert mia.open(exchange).statements[-1].brief == Brief(
        summary="Returned for information", question="Какой период?"
    )
    mia.recall(exchange)
    assert mia.open(exchange).statements[-1].brief == Brief(
        summary="Recalled", reasons="The initiator withdraws the request."
    )


def test_ones_own_reference_is_sealed_in_the_brief(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path), own_reference="ДЕЛО-1")
    fma = hub.client(tmp_path, KZ_FMA)
    assert fma.open(exchange).statements[0].brief == Brief(
        summary="Вымышлено", own_reference="ДЕЛО-1"
    )
    fma.reply(exchange, result="NO_HIT", own_reference="ФМ-2")
    assert hub.client(tmp_path).open(exchange).statements[-1].brief == Brief(
        summary="Answered: nothing found", own_reference="ФМ-2"
    )


def test_a_document_of_another_type_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path))
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(exchange)
    with pytest.raises(InvalidInput, match="ReplyDocument"):
        fma.reply(exchange, document=Brief(summary="x"))  # type: ignore[arg-type] # what is refused
    assert hub.client(tmp_path, UZ_FIU).outbox.pending() == []
