"""A ledger on a database of each kind, in a test's own hands."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from exchange_protocol.kinds.confirm_policy import ConfirmPolicy
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member
from exchange_server.ledger import Accepted, Ledger, LedgerLimits, PartHandle, Reader
from exchange_server.ledger.fsck import fsck
from exchange_server.observer import CommitStep
from exchange_server.storage.engine import open_engine
from tests.support.hub_data import (
    Clock,
    Correspondence,
    Letter,
    caller,
    log_signer,
    log_verifier,
    revocations,
)
from tests.support.observers import AtSteps
from tests.support.postgres import emptied_database, shared_postgres
from tests.support.schema import Rows, put_rows, renew_schema, rows_of
from tests.support.statements import KZ_MIA, OPERATOR, SECOND_OPERATOR


@pytest.fixture(scope="session")
def postgres() -> str:
    """A PostgreSQL of this process's own; gives the URI of its first database."""
    return shared_postgres()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, unless the test asks for an engine, which has a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    server: str = request.getfixturevalue("postgres")
    return server if "engine" in request.fixturenames else emptied_database(server)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated database."""
    made = open_engine(database_url)
    renew_schema(made, database_url)
    yield made
    made.dispose()


# Many times what a commit takes, since machines are busy.
HOLD_SECONDS = 60


@dataclass
class Office:
    """A ledger and its reader, with a correspondence that keeps step with them."""

    engine: Engine
    mail: Correspondence = field(default_factory=Correspondence)
    limits: LedgerLimits = field(default_factory=LedgerLimits)
    on_step: Callable[[CommitStep], None] = lambda step: None
    signer: LogSigner = field(default_factory=log_signer)
    witnesses: WitnessPolicy | None = None
    witnesses_at_start: int = 0
    _open: tuple[Ledger, Reader] | None = None

    @property
    def ledger(self) -> Ledger:
        assert self._open is not None
        return self._open[0]

    @property
    def reader(self) -> Reader:
        assert self._open is not None
        return self._open[1]

    @property
    def clock(self) -> Clock:
        return self.mail.clock

    async def open(self) -> None:
        ledger = await Ledger.open(
            self.engine,
            anchors=self.mail.cast.anchors,
            signer=self.signer,
            clock=self.clock,
            revocations=revocations,
            limits=self.limits,
            observer=AtSteps(lambda step: self.on_step(step)),
            witnesses=self.witnesses,
            witnesses_at_start=self.witnesses_at_start,
        )
        self._open = ledger, Reader(self.engine, directory=lambda: ledger.directory, threads=2)

    async def close(self) -> None:
        if self._open is not None:
            await self.ledger.close()
            await self.reader.close()
            self._open = None

    async def reopen(self) -> None:
        await self.close()
        await self.open()

    async def found(self) -> None:
        """Enrol the region; the writer keeps the order of what one agency has put, no other."""
        for _, letters in groupby(self.mail.founding(), lambda letter: letter.call[0].agency):
            await asyncio.gather(*(self.ledger.submit(*letter.call) for letter in letters))

    async def post(self, letter: Letter) -> Accepted:
        """Submit, and let the model follow."""
        accepted = await self.ledger.submit(*letter.call)
        self.mail.posted(letter)
        return accepted

    async def say(self, author: Member, body: Any, **fields: Any) -> Statement:
        """Write and post."""
        letter = self.mail.write(author, body, **fields)
        await self.post(letter)
        return letter.statement

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the writer in the commit of one more entry; it takes what comes meanwhile after."""
        reached, go_on, on_step = threading.Event(), threading.Event(), self.on_step

        def hold(step: CommitStep) -> None:
            reached.set()
            assert go_on.wait(HOLD_SECONDS)

        self.on_step = hold
        posting = asyncio.create_task(self.post(self.mail.ask(KZ_MIA, ["kz.fma"])))
        try:
            assert await asyncio.to_thread(reached.wait, HOLD_SECONDS)
            yield
        finally:
            self.on_step = on_step
            go_on.set()
        await posting

    async def until_waiting(self, requests: int) -> None:
        """Wait until so many requests wait for the writer."""
        async with asyncio.timeout(HOLD_SECONDS):
            while self.ledger.waiting() < requests:  # noqa: ASYNC110 -- none tells
                await asyncio.sleep(0)

    async def until_upkeep_rests(self) -> None:
        """Wait until the upkeep has looked through its tables, as it does at each start."""
        # Its tasks put what they want as they begin; the hub's own are served in order.
        await asyncio.sleep(0)
        await self.ledger._writer.run(lambda connection: None)

    async def change_policy(self, cedar: str) -> None:
        """Propose a policy and confirm it, by two operators."""
        second = self.mail.cast.signers[SECOND_OPERATOR]
        await self.say(OPERATOR, PublishCertificate(second.certificate))
        await self.say(OPERATOR, PublishPolicy(cedar))
        await self.say(SECOND_OPERATOR, ConfirmPolicy(hashlib.sha256(cedar.encode()).digest()))

    async def fetch(self, reader: Member, said: Statement, name: str = "brief") -> PartHandle:
        """Take delivery, and let the model follow."""
        handle = await self.ledger.deliver(caller(reader), said.digest, name)
        self.mail.fetched(reader, said)
        return handle

    async def content_of(self, handle: PartHandle, offset: int = 0) -> bytes:
        return b"".join([chunk async for chunk in self.reader.part_chunks(handle, offset)])


@pytest.fixture
async def bare_office(engine: Engine) -> AsyncIterator[Office]:
    """A ledger with an empty log; whatever a test does, its database is the replay of its log."""
    office = Office(engine)
    await office.open()
    yield office
    await _close_whole(office)


_founded: list[Rows] = []
"""The rows of the first database of this process in which the region was enrolled."""


@pytest.fixture
async def office(engine: Engine) -> AsyncIterator[Office]:
    """A ledger with the region enrolled; its database is the replay of its log at the end, too."""
    office = Office(engine)
    if _founded:
        put_rows(engine, _founded[0])
        await office.open()
    else:
        await office.open()
        await office.found()
        _founded.append(rows_of(engine))
    yield office
    await _close_whole(office)


async def _close_whole(office: Office) -> None:
    await office.close()
    anchors = office.mail.cast.anchors
    report = fsck(office.engine, anchors, log_verifier(), now=office.clock.now)
    assert report.findings == ()
