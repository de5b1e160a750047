"""Retention: the sealed content of a leg is forgotten when its published time has ended.

The time is data on the log (`publish_time_limit`, rule RETENTION) and is fixed by the statement
that ends the leg (`rules/clocks.py`). From then on nothing of it is delivered, by hub and replay
alike. The hub removes the bytes soon after, and adds nothing to the log: what is due follows from
what stands there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from exchange_protocol.rules.access import is_erased
from exchange_protocol.rules.exchange import Exchange
from exchange_server.storage.exchange_rows import find_ended, load_exchanges
from exchange_server.storage.part_rows import erase_parts
from exchange_server.storage.statement_rows import statements_with_parts

MOST_AT_ONCE: Final = 100
"""Legs of one transaction: the writer is soon free again."""


def remove_due(
    connection: Connection, after: tuple[datetime, str] | None, now: datetime
) -> tuple[int, tuple[datetime, str] | None]:
    """Forget the content of some legs whose time has ended, the longest ended first.

    `after` is the place of the last of them before. Gives how many statements lost their content,
    and the place of the last leg; None if there was none left.
    """
    found = find_ended(connection, after, now, MOST_AT_ONCE)
    stored = load_exchanges(connection, sorted({exchange_id for _, exchange_id in found}))
    removed = sum(forget_content(connection, each.exchange, now) for each in stored.values())
    return removed, (found[-1] if found else None)


def forget_content(connection: Connection, exchange: Exchange, at: datetime) -> int:
    """Forget the sealed parts of an exchange that are erased by then; how many statements' it was.

    The statements stay.
    """
    said = statements_with_parts(connection, exchange.id)
    gone = [index for index, each in said if is_erased(exchange, each, at)]
    erase_parts(connection, gone)
    return len(gone)
