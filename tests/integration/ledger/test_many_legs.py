"""The list of an exchange with many legs tells of each leg what a search of every entry finds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Engine, event, insert, text

from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.record.entries import Event
from exchange_protocol.record.listing import NewestStatement
from exchange_protocol.trust.identity import AgencyId
from exchange_server.storage import newest_rows, party_rows
from exchange_server.storage.exchange_rows import PartyRow, insert_exchanges, insert_parties
from exchange_server.storage.party_rows import read_seen
from exchange_server.storage.tables import feed, legs, log_entries
from tests.unit.server.test_query_plans import exchange

MIA = "kz.mia"
LEGS = 12
AGENCIES = [f"aa.r{number}" for number in range(LEGS)]


class Said(NamedTuple):
    """An entry: who made it, its kind (none: it is no statement), and the legs that it names."""

    by: str
    kind: str | None
    legs: tuple[str, ...]
    is_seen: bool = True


@pytest.fixture(autouse=True)
def _entries_have_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entries here are empty."""

    class Timed(NamedTuple):
        hub_time: Any = exchange(0).initiated_at

    monkeypatch.setattr(party_rows, "parse_entry", lambda _: Timed())


def fill(connection: Connection, number: int, said: Sequence[Said], count: int = LEGS) -> str:
    """Store an exchange with so many legs, and what was said in it; gives its id."""
    first = 1_000_000 * (number + 1)
    one = exchange(number)._replace(initial_index=first)
    insert_exchanges(connection, [one])
    for position, agency in enumerate(AGENCIES[:count]):
        row = dict.fromkeys(("approvers", "approvals", "hidden"), ()) | {
            "exchange_id": one.exchange_id,
            "agency": agency,
            "position": position,
            "state": int(LegState.DELIVERED),
            "awaits": bytes(32),
            "handling": 1,
            "tlp": 1,
            "subject_count": 1,
            "was_released": True,
            "approvals_required": 0,
            "record": "{}",
        }
        connection.execute(insert(legs), row)
        parties = [(MIA, Party.INITIATOR.number), (agency, Party.RECIPIENT.number)]
        insert_parties(
            connection,
            [PartyRow(who, party, first, agency, one.exchange_id) for who, party in parties],
        )
    entries, seen = [], []
    for index, each in enumerate(said, first):
        entries.append(
            {
                "idx": index,
                "leaf_hash": bytes(32),
                "nonce": bytes(32),
                "event": int(Event.STATEMENT if each.kind else Event.DENIAL),
                "actor_agency": each.by,
                "exchange_id": one.exchange_id,
                "payload_sha256": index.to_bytes(32, "big"),
                "entry": b"",
                "statement_id": f"00000000-0000-7000-8000-{index:012x}" if each.kind else None,
                "kind": each.kind,
                "urgency": 1 if each.kind else None,
                "legs": each.legs if each.kind else None,
                "supervisors": () if each.kind else None,
                "certificate_sha256": bytes(32) if each.kind else None,
                "signature": b"" if each.kind else None,
                "payload": b"" if each.kind else None,
            }
        )
        if each.is_seen:
            seen.append((index, one.exchange_id))
    connection.execute(insert(log_entries), entries)
    rows = [
        {"agency": MIA, "position": index, "entry_index": index, "exchange_id": id_, "role": "X"}
        for index, id_ in seen
    ]
    connection.execute(insert(feed), rows)
    return one.exchange_id


def expected(number: int, said: Sequence[Said], leg: str) -> NewestStatement | None:
    """By the definition, entry after entry."""
    found, first = None, 1_000_000 * (number + 1)
    for index, each in enumerate(said, first):
        # What a supervisor says to the initiator is news of every leg.
        named = {leg, MIA} if each.by != MIA else {leg}
        if each.kind is None or not each.is_seen or named.isdisjoint(each.legs):
            continue
        if each.by != MIA:
            found = NewestStatement(
                parse_kind(each.kind), AgencyId(each.by), index, is_answered=False
            )
        elif found is not None:
            found = NewestStatement(found.kind, found.agency, found.index, is_answered=True)
    return found


def talk(rng: random.Random, count: int) -> list[Said]:
    """Words of parties who talk much; on some legs nobody does."""
    quiet = set(rng.sample(AGENCIES, 3))
    said = [Said(MIA, "information_request", tuple(AGENCIES))]
    for _ in range(count):
        leg = rng.choice([each for each in AGENCIES if each not in quiet])
        by = rng.choice([MIA, leg, leg, "kz.gpo"])
        kind = rng.choice(["reply", "reply", "supplement", None])
        named = (leg, rng.choice(AGENCIES)) if by == MIA and rng.random() < 0.3 else (leg,)
        if by == "kz.gpo" and rng.random() < 0.3:
            named = (MIA,)
        said.append(Said(by, kind, tuple(dict.fromkeys(named)), is_seen=rng.random() < 0.9))
    return said


@pytest.mark.parametrize("seed", range(4))
def test_newest_of_each_leg_is_found(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(newest_rows, "_OLDER", newest_rows._OLDER.limit(16))
    monkeypatch.setattr(newest_rows, "READ_AT_ONCE", 16)
    rng = random.Random(seed)  # noqa: S311 - repeatable
    with engine.begin() as connection:
        spoken = [talk(rng, rng.choice([0, 15, 16, 17, 150])) for _ in range(3)]
        ids = [fill(connection, number, said) for number, said in enumerate(spoken)]
        seen = {each.summary.id: each.summary for each in read_seen(connection, MIA, ids)}
        for number, (id_, said) in enumerate(zip(ids, spoken, strict=True)):
            assert [leg.agency for leg in seen[id_].legs] == AGENCIES
            for leg in seen[id_].legs:
                assert leg.newest == expected(number, said, leg.agency), leg.agency


def queries(engine: Engine, who: str, count: int) -> list[tuple[str, Any]]:
    """The queries that read an exchange of so many legs."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    with engine.begin() as connection:
        said = [Said(MIA, "information_request", tuple(AGENCIES))]
        id_ = fill(connection, 0, said, count)
        event.listen(engine, "before_cursor_execute", note)
        read_seen(connection, who, [id_])
        event.remove(engine, "before_cursor_execute", note)
    return asked


def older(asked: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [each for each in asked if each[0].startswith("SELECT feed.entry_index, ")]


@pytest.mark.parametrize(("who", "count"), [(MIA, 1), (MIA, 8), (AGENCIES[-1], LEGS)])
def test_few_legs_and_ones_own_take_no_further_query(engine: Engine, who: str, count: int) -> None:
    assert older(queries(engine, who, count)) == []


def test_entries_are_read_by_the_index_of_their_exchange(engine: Engine) -> None:
    [(statement, parameters)] = older(queries(engine, MIA, LEGS))
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [step.detail for step in plan]
            assert "SEARCH feed USING COVERING INDEX ix_feed_exchange_id_agency_entry_index" in str(
                steps
            )
            assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step], steps
        else:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            steps = [step[0] for step in plan]
            assert "ix_feed_exchange_id_agency_entry_index" in str(steps), steps
            assert not [step for step in steps if "Seq Scan" in step], steps
