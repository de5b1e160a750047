"""Statements of SQL that are compiled once in a process, for all engines of one dialect.

SQLAlchemy and `storage.rows` keep what they have compiled for each engine, and most tests have an
engine of their own: a quarter of the work of a short ledger was to compile the same statements.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import Any, Final

from sqlalchemy import util
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine

from exchange_server.ledger import Ledger, LedgerLimits
from exchange_server.storage.engine import open_engine
from tests.support.hub_data import Correspondence, caller, log_signer, revocations
from tests.support.schema import make_schema
from tests.support.statements import KZ_FMA, KZ_MIA

_COMPILED: Final[Any] = util.LRUCache(4096)


def share_compiled() -> None:
    """Let dialects of one kind be equal, and engines keep together what they compile."""
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        kind.__eq__ = _is_same  # type: ignore[method-assign]
        kind.__hash__ = _hash  # type: ignore[method-assign, assignment]
    # Each engine sets it to a memory of its own.
    Engine._compiled_cache = property(lambda _: _COMPILED, lambda _, own: None)  # type: ignore[assignment]


def compile_a_hub() -> None:
    """Compile what a hub on SQLite asks and writes: enrol the region at one, and read there."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/hub.db")
        make_schema(engine)
        asyncio.run(_run_a_hub(engine))
        engine.dispose()


async def _run_a_hub(engine: Engine) -> None:
    mail = Correspondence()
    ledger = await Ledger.open(
        engine,
        anchors=mail.cast.anchors,
        signer=log_signer(),
        clock=mail.clock,
        revocations=revocations,
        limits=LedgerLimits(),
    )
    for letter in mail.founding():
        await ledger.submit(*letter.call)
    letter = mail.ask(KZ_MIA, ["kz.fma"])
    await ledger.submit(*letter.call)
    mail.posted(letter)
    await ledger.deliver(caller(KZ_FMA), letter.statement.digest, "brief")
    await ledger.close()


def _form(dialect: Any) -> tuple[Any, ...]:
    """The facts that a statement's text depends on."""
    return type(dialect), dialect.paramstyle, getattr(dialect, "server_version_info", None)


def _is_same(one: Any, other: object) -> bool:
    return one is other or (type(one) is type(other) and _form(one) == _form(other))


def _hash(dialect: Any) -> int:
    # The version is not known before the first connection.
    return hash(type(dialect))
