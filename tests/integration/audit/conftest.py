"""A real hub's database, and a copy of it in the auditor's hands."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member
from exchange_server.ledger import Ledger, LedgerLimits
from exchange_server.storage.engine import open_engine
from tests.support.hub_data import Correspondence, caller, log_signer, revocations
from tests.support.schema import make_schema


@dataclass
class Region:
    """A hub's ledger on SQLite, and what the fictional region says to it."""

    file: Path
    engine: Engine
    ledger: Ledger
    mail: Correspondence = field(default_factory=Correspondence)

    async def say(self, author: Member, body: Any, **fields: Any) -> Statement:
        letter = self.mail.write(author, body, **fields)
        await self.ledger.submit(*letter.call)
        self.mail.posted(letter)
        return letter.statement

    async def fetch(self, reader: Member, said: Statement) -> None:
        await self.ledger.deliver(caller(reader), said.digest, "brief")
        self.mail.fetched(reader, said)

    async def copy(self, to: Path) -> Path:
        """Close the hub in good order, and copy its file."""
        await self.ledger.close()
        self.engine.dispose()
        return Path(shutil.copy(self.file, to))


@pytest.fixture
async def region(tmp_path: Path) -> AsyncIterator[Region]:
    """An enrolled region."""
    file = tmp_path / "hub.db"
    engine = open_engine(f"sqlite:///{file}")
    make_schema(engine)
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
    yield Region(file, engine, ledger, mail)
    await ledger.close()
    engine.dispose()
