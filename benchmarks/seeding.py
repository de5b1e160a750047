"""Fills a hub's log fast: through the ledger itself, in its batches, without the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.letters import RECIPIENT, Office
from exchange_protocol.rules.statements import BRIEF
from exchange_server.bootstrap import load_credentials, utc_now
from exchange_server.caller import Caller
from exchange_server.ledger import Ledger
from exchange_server.storage.engine import open_engine
from tests.support.hub_process import HubFiles

_AT_ONCE = 256


async def found(files: HubFiles, office: Office) -> None:
    """Put the directory and the policy on an empty log."""
    async with _ledger(files) as ledger:
        for caller, signed in office.founding():
            await ledger.submit(caller, signed, {}, 0)


async def grow(files: HubFiles, office: Office, entries: int) -> None:
    """Add exchanges until the log has so many entries."""
    async with _ledger(files) as ledger:
        letters = office.bulk(entries - ledger.tree_size)

        async def work() -> None:
            for letter in letters:
                await ledger.submit(office.caller, letter.signed, letter.parts, 0)

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


async def converse(files: HubFiles, office: Office, entries: int) -> None:
    """Add requests, and the delivery of each, until the log has so many entries."""
    reader = Caller(RECIPIENT, office.recipient_tls.fingerprint)
    async with _ledger(files) as ledger:
        letters = office.bulk((entries - ledger.tree_size) // 2)

        async def work() -> None:
            for letter in letters:
                await ledger.submit(office.caller, letter.signed, letter.parts, 0)
                await ledger.deliver(reader, letter.statement.digest, BRIEF)

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


@asynccontextmanager
async def _ledger(files: HubFiles) -> AsyncIterator[Ledger]:
    credentials = load_credentials(files.config, {}, utc_now)
    engine = open_engine(files.database_url)
    ledger = await Ledger.open(
        engine,
        anchors=credentials.anchors,
        signer=credentials.signer,
        clock=utc_now,
        revocations=credentials.revocations,
    )
    try:
        yield ledger
    finally:
        await ledger.close()
        engine.dispose()
