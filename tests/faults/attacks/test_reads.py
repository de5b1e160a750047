"""Attacks by reading: long exchanges and long lists, whose pages cost what they hold."""

from __future__ import annotations

import itertools
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agency_client import InformationRequest, Item, Sent
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.feedback import Feedback
from exchange_protocol.rules.statements import UUID_RANDOM_BYTES, Draft, Header, new_statement_id
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2
from exchange_server.storage.engine import open_engine, writing
from exchange_server.storage.exchange_rows import (
    ExchangeRow,
    LegRow,
    PartyRow,
    insert_exchanges,
    insert_parties,
    write_legs,
)
from tests.faults.attacks.scene import MIB, Scene, attacked
from tests.faults.load import FULL
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation

AUTHOR, READER = "kz.mia/system", "kg.mia"
SAID = 10_000 if FULL else 2_000
EXCHANGES = 100_000 if FULL else 20_000
IN_FLIGHT = 64
pytestmark = pytest.mark.timeout(1800 if FULL else 300)
"""To say 10,000 things takes minutes where other tests share the cores."""
GET_EXCHANGE = "/exchange_protocol.v1.ExchangeService/GetExchange"
LIST_EXCHANGES = "/exchange_protocol.v1.ExchangeService/ListExchanges"


def long_exchange(scene: Scene, said: int) -> str:
    """An answered exchange with so much feedback; gives its id."""
    with scene.town.client(AUTHOR) as author, scene.town.client("kz.fma/system") as other:
        sent = author.request_information(
            to=["kz.fma"], brief="fictional", request=InformationRequest(items=(Item.TRANSACTIONS,))
        )
        assert isinstance(sent, Sent)
        answered = other.reply(other.open(sent.exchange_id), brief="fictional")
        assert isinstance(answered, Sent)
        leg = author.get(sent.exchange_id).legs[0]
        for start in range(0, said, 1000):
            drafts = [
                Draft(
                    id=new_statement_id(now(), secrets.token_bytes(UUID_RANDOM_BYTES)),
                    exchange_id=sent.exchange_id,
                    author=author.member,
                    made_at=now(),
                    body=Feedback(0, ()),
                    answers=leg.awaits,
                    recipients=(leg.agency,),
                    header=Header(handling=leg.handling, tlp=leg.tlp),
                )
                for _ in range(min(1000, said - start))
            ]
            results = author.submit_statements([(draft, {}) for draft in drafts])
            assert all(isinstance(each, Sent) for each in results), results[0]
        return sent.exchange_id


def now() -> datetime:
    return datetime.now(UTC)


def test_long_exchange_that_is_read_without_pause_keeps_nobody_from_reading(
    foundation: Foundation, tmp_path: Path, database_url: str | None
) -> None:
    with attacked(foundation, tmp_path, database_url=database_url) as scene:
        exchange_id = long_exchange(scene, SAID)
        request = pb.GetExchangeRequest(exchange_id=exchange_id).SerializeToString()
        before = scene.memory()
        with scene.calls(AUTHOR, GET_EXCHANGE, itertools.repeat(request), IN_FLIGHT) as calls:
            time.sleep(1)
            figures = scene.innocent.verify_served()
            grown = scene.memory() - before
        print(f"{calls.ended}, {calls.bytes // MIB} MiB read, {grown // MIB} MiB more; {figures}")
        assert calls.ended["OK"] > 0
        assert grown < 100 * MIB
        assert calls.longest < 1.1 * MIB


def test_long_exchange_is_read_to_its_end_by_its_parties(
    foundation: Foundation, tmp_path: Path
) -> None:
    with attacked(foundation, tmp_path) as scene:
        exchange_id = long_exchange(scene, SAID)
        with scene.town.client("kz.fma/system") as reader:
            assert len(reader.get(exchange_id).statements) == SAID + 2


def fill_list(town: Deployment) -> None:
    """Many exchanges of the reader: rows, as if they had been logged."""
    engine = open_engine(town.files.database_url)
    at = now()
    indexes = range(1_000_000, 1_000_000 + EXCHANGES)
    ids = [f"{index:08}-0000-7000-8000-000000000000" for index in indexes]
    with writing(engine) as connection:
        insert_exchanges(
            connection,
            [
                ExchangeRow(each, index, "referral", READER, at, at, None, 1, 1, None)
                for each, index in zip(ids, indexes, strict=True)
            ],
        )
        leg = LegRow(
            "", "kz.gpo", 0, 1, bytes(32), 1, 1, 0, False, 0, None, (), (), (), "{}", None, None
        )
        write_legs(connection, [leg._replace(exchange_id=each) for each in ids])
        insert_parties(
            connection,
            [
                PartyRow(READER, Party.INITIATOR.number, index, "kz.gpo", each)
                for each, index in zip(ids, indexes, strict=True)
            ],
        )
    engine.dispose()


def test_lists_that_find_nothing_keep_nobody_from_reading(
    foundation: Foundation, tmp_path: Path, database_url: str | None
) -> None:
    with attacked(foundation, tmp_path, prepare=fill_list, database_url=database_url) as scene:
        request = pb.ListExchangesRequest(states=[log_pb2.LEG_STATE_ERASED]).SerializeToString()
        member = f"{READER}/system"
        with scene.calls(member, LIST_EXCHANGES, itertools.repeat(request), IN_FLIGHT) as calls:
            time.sleep(1)
            figures = scene.innocent.verify_served()
        print(f"{calls.ended}; {figures}")
        assert calls.ended["OK"] > 0
        with scene.town.client(member) as reader:
            listed = list(itertools.islice(reader.sent(), 1000))
        assert len({one.id for one in listed}) == 1000
