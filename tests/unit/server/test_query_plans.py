"""Queries of single exchanges find their rows by key, however much an agency sees."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, event

from exchange_protocol.kinds.codes import Party
from exchange_server.storage.exchange_rows import (
    ExchangeRow,
    PartyRow,
    insert_exchanges,
    insert_parties,
)
from exchange_server.storage.feed_rows import read_visible_entries
from exchange_server.storage.party_rows import Selection, list_seen, read_seen
from exchange_server.storage.statement_rows import find_accepted, log_indexes
from exchange_server.storage.tables import metadata
from tests.support.statements import START


def exchange(number: int) -> ExchangeRow:
    return ExchangeRow(
        exchange_id=f"00000000-0000-7000-8000-{number:012x}",
        initial_index=number,
        kind="information_request",
        initiator="kz.mia",
        initiated_at=START,
        updated_at=START,
        due_at=None,
        urgency=1,
        handling=1,
        due_on=None,
    )


@pytest.mark.parametrize("count", [1, 2, 50])
def test_exchanges_are_read_by_their_keys_alone(count: int) -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    asked: list[tuple[str, Any]] = []
    with engine.connect() as connection:
        insert_exchanges(connection, [exchange(number) for number in range(count)])

        @event.listens_for(engine, "before_cursor_execute")
        def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            asked.append((statement, parameters))

        read_seen(connection, "kz.fma", [exchange(number).exchange_id for number in range(count)])
        read_visible_entries(connection, "kz.fma", exchange(0).exchange_id, 0, 1000)
        event.remove(engine, "before_cursor_execute", note)
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [step.detail for step in plan]
            assert not [step for step in steps if step.startswith("SCAN")], steps
            parties = [step for step in steps if step.startswith("SEARCH parties")]
            assert all("initial_index=?" in step for step in parties), parties
    assert any("FROM parties" in statement for statement, _ in asked)


def test_lists_and_statements_are_found_by_indexes() -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    asked: list[str] = []
    with engine.connect() as connection:
        insert_exchanges(connection, [exchange(0)])
        insert_parties(connection, [PartyRow("kz.fma", 1, 0, "kz.fma", exchange(0).exchange_id)])
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(asked.append)
        list_seen(connection, Selection(agency="kz.fma"), 50)
        list_seen(connection, Selection(agency="kz.fma", states=(1,), before=7), 50)
        find_accepted(connection, [exchange(0).exchange_id])
        log_indexes(connection, [bytes(32)])
        driver.set_trace_callback(None)
        plans = {}
        for statement in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
            plans[statement] = [step.detail for step in plan]
    assert not [steps for steps in plans.values() if any("SCAN" in step for step in steps)], plans
    newest = [steps for statement, steps in plans.items() if "FROM parties \nWHERE" in statement]
    assert len(newest) == 2 * len(Party)
    # Nothing is sorted: the newest are the first that the key finds.
    for steps in newest:
        [step] = steps
        assert step.startswith("SEARCH parties USING PRIMARY KEY (agency=? AND party=?"), step
    text = str(plans)
    assert "uq_log_entries_statement_id_actor_agency (statement_id=?)" in text
    assert "ix_log_entries_payload_sha256 (payload_sha256=?)" in text
