"""An agency that speaks by the rules, and makes its counterparts take the hub for dishonest."""

from __future__ import annotations

from pathlib import Path

from agency_client import ExchangeClient, Queued
from agency_client.core.ports import reserved_id
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Party
from tests.support.asking import new_exchange
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import KZ_FMA, KZ_GPO, KZ_MIA


def test_reply_under_the_id_of_the_request_takes_nothing_from_its_author(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """An id is of an author and his statement; another agency may have the same one."""
    mia, fma = hub.client(tmp_path), hub.client(tmp_path, KZ_FMA)
    exchange = new_exchange(mia, "kz.fma")
    fma.open(exchange)
    with reserved_id(exchange):
        assert fma.reply(exchange).statement_id == exchange
    for client in (mia, fma):
        said = client.open(exchange)
        assert [each.statement.id for each in said.verified.statements] == [exchange, exchange]
        assert said.verified.initial is said.verified.statements[0]


def test_copy_under_the_id_of_its_exchange_is_not_taken_for_the_request(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """A supervisor that is shown the reply alone sees no request in it."""
    mia, fma = hub.client(tmp_path), hub.client(tmp_path, KZ_FMA)
    exchange = new_exchange(mia, "kz.fma")
    fma.open(exchange)
    with reserved_id(exchange):
        fma.reply(exchange)
    honest = hub.visible
    hub.visible = lambda agency, exchange_id: honest(agency, exchange_id)[-1:]  # type: ignore[method-assign]
    copy = hub.client(tmp_path, KZ_GPO).open(exchange)
    assert copy.party is Party.SUPERVISOR
    assert copy.initial is None


def test_statement_that_waits_is_taken_back_though_another_has_its_id(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    link = Connection(hub, KZ_MIA)
    mia = ExchangeClient(hub.profile(tmp_path), link=link, clock=hub.now)
    fma = hub.client(tmp_path, KZ_FMA)
    exchange = new_exchange(mia, "kz.fma")
    fma.open(exchange)
    known = mia.get(exchange)
    link.fails = [Reason.UNAVAILABLE.error("away")] * 3
    waiting = mia.recall(known)
    assert isinstance(waiting, Queued)
    with reserved_id(waiting.statement_id):
        fma.acknowledge(exchange)
    link.fails.clear()
    mia.withdraw(waiting.statement_id)
    assert not mia.outbox.pending()
