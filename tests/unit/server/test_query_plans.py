"""Queries of single exchanges find their rows by key, however much an agency sees."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, event

from exchange_server.storage.exchange_rows import ExchangeRow, insert_exchanges
from exchange_server.storage.feed_rows import read_visible_entries
from exchange_server.storage.party_rows import read_seen
from exchange_server.storage.tables import metadata
from tests.support.statements import START


def exchange(number: int) -> ExchangeRow:
    return ExchangeRow(
        exchange_id=f"00000000-0000-7000-8000-{number:012x}",
        initial_index=number,
        initial_sha256=number.to_bytes(32, "big"),
        kind="information_request",
        initiator="kz.mia",
        initiated_at=START,
        updated_at=START,
        due_at=None,
        urgency=1,
        handling=1,
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
