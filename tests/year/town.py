"""The town: a real ledger on a real database, a clock that the test moves, and a pen for everyone.

    town = await Town.found(folder)
    asked = await town.say(SYSTEM["kz.mia"], InformationRequest(), to=["uz.fiu"])
    await town.read(SYSTEM["uz.fiu"], asked)
    outcomes = await town.race(one, other)      # two letters that were written at the same moment

Every statement is signed, and its brief sealed to its readers, for real. A model in memory composes
what an author should say and follows what the ledger accepted; whatever the ledger refuses, the
model must refuse for the same reason.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.record.entries import Entry
from exchange_protocol.rules.access import readers, spoken
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import BRIEF, Draft, Statement
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.certificates import Revocations
from exchange_protocol.trust.identity import Member
from exchange_server.caller import Caller
from exchange_server.ledger import Ledger, Reader
from exchange_server.storage.engine import open_engine
from tests.support.hub_data import Clock, log_signer, sealed
from tests.support.refusals import reason_or_none
from tests.support.schema import make_schema
from tests.support.statements import OPERATOR, Hub
from tests.year.notes import Notes
from tests.year.region import AGENCIES, END, MEMBERS, START, calendars, cast, limits, tls_of


class Model(Hub):
    """The rules' hub in memory, by a clock from outside; it keeps what it has not yet handed on."""

    def record(self, entry: Entry, signed: SignedStatement | None = None) -> None:
        """Keep a statement for the ledger; the model needs no log of its own."""
        if signed is not None:
            self.outbox.append(signed)

    @property
    def outbox(self) -> list[SignedStatement]:
        """Statements that the model took and the ledger was not given yet."""
        kept: list[SignedStatement] = self.__dict__.setdefault("_outbox", [])
        return kept

    def _addressed(self, draft: Draft, exchange: Exchange | None) -> Draft:
        draft = super()._addressed(draft, exchange)
        if exchange is None or not draft.kind.spec.supervises:
            return draft
        # A supervisor moves no leg, so the lifecycle cannot say who reads it.
        said = spoken(exchange, parse_statement(encode_statement(draft)))
        return replace(draft, parts=(self.part(BRIEF, readers(exchange, said, BRIEF)),))


class RevocationFile:
    """The authority's revocation list at the hub; the authority publishes it anew in time."""

    def renew(self, now: datetime) -> None:
        """Publish it anew."""
        region = cast()
        region.authority.refresh_crl(now=now)
        self._now = Revocations.from_pem(region.authority.crl_pem(), region.anchors)

    def __call__(self) -> Revocations:
        """Give the newest list."""
        return self._now


@dataclass(frozen=True)
class Said:
    """An accepted statement and its place in the log."""

    statement: Statement
    entry: int
    at: datetime

    @property
    def digest(self) -> bytes:
        """The digest of its payload."""
        return self.statement.digest


@dataclass(frozen=True)
class Letter:
    """A signed statement with its sealed parts, not handed in yet."""

    caller: Caller
    signed: SignedStatement
    parts: dict[str, bytes]


@dataclass
class Town:
    """A hub, the notes of all its actors, and the hours that pass."""

    engine: Engine
    ledger: Ledger
    reader: Reader
    clock: Clock
    model: Model
    database: Path
    revocations: RevocationFile
    notes: Notes = field(default_factory=Notes)
    hub_seconds: float = 0.0
    """What the ledger took for all that it was asked."""
    _waiting: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _turns: int = 0
    _at_rest: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _failed: BaseException | None = None

    @classmethod
    async def found(cls, folder: Path) -> Town:
        """An empty database, the region enrolled, calendars and times published."""
        database, clock = folder / "hub.db", Clock(START)
        engine = open_engine(f"sqlite:///{database}")
        make_schema(engine)
        region, lists = cast(), RevocationFile()
        lists.renew(START)
        ledger = await Ledger.open(
            engine,
            anchors=region.anchors,
            signer=log_signer(),
            clock=clock,
            revocations=lists,
        )
        reader = Reader(engine, directory=lambda: ledger.directory, threads=2)
        model = Model(region, now=START, agencies=AGENCIES, members=MEMBERS)
        town = cls(engine, ledger, reader, clock, model, database, lists)
        await town._hand_on()
        for body in (*limits(), *calendars(START.year)):
            await town.publish(OPERATOR, body)
        return town

    async def close(self) -> None:
        """End the ledger; the database stays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ledger.close()
        await self.reader.close()
        self.engine.dispose()

    @property
    def now(self) -> datetime:
        """The time at the hub and everywhere."""
        return self.clock.now

    # --- The hours -----------------------------------------------------------------------------

    def start(self, script: Coroutine[Any, Any, None], at: datetime | None = None) -> None:
        """Let someone begin at a time, by default now; after the year nobody begins."""

        def begin() -> None:
            task = asyncio.ensure_future(script)
            self._tasks.add(task)
            task.add_done_callback(self._ended)

        at = at or self.now
        if at >= END:
            script.close()
        else:
            self._wait(at, begin)

    async def until(self, at: datetime) -> None:
        """Wait until a time; forever if it is after the year."""
        woken = asyncio.get_running_loop().create_future()
        if at < END:
            self._wait(at, lambda: woken.set_result(None))
        self._at_rest.set()
        await woken

    async def hours(self, hours: float) -> None:
        """Wait for some hours."""
        await self.until(self.now + timedelta(hours=hours))

    async def pass_the_year(self, each_turn: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let everyone act in their order until the year is over, one at a time."""
        while self._waiting and self._waiting[0][0] < END:
            at, _, wake = heapq.heappop(self._waiting)
            self.clock.now = max(self.clock.now, at)
            self._at_rest.clear()
            wake()
            await self._at_rest.wait()
            if self._failed is not None:
                raise self._failed
            if each_turn is not None:
                await each_turn()

    def _wait(self, at: datetime, wake: Callable[[], None]) -> None:
        self._turns += 1
        heapq.heappush(self._waiting, (at, self._turns, wake))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failed = task.exception()
        self._at_rest.set()

    # --- The pen -------------------------------------------------------------------------------

    def write(
        self, author: Member, body: Body, *, to: Sequence[str] = (), on: Said | None = None,
        **fields: Any,
    ) -> Letter:  # fmt: skip
        """Compose, seal and sign what an author says now; nothing is handed in."""
        self.model.now = self.now
        about = on.statement if on else None
        draft = self.model.compose(author, body, to=to, on=about, **fields)
        parts: dict[str, bytes] = {}
        if draft.part(BRIEF) is not None:
            draft, parts[BRIEF] = sealed(self.model.cast, draft, BRIEF, _words(draft))
        caller = Caller(author, tls_of(author).fingerprint)
        return Letter(caller, self.model.sign(draft), parts)

    async def say(self, author: Member, body: Body, **where: Any) -> Said:
        """Say something that the hub must accept."""
        return await self.post(self.write(author, body, **where))

    async def post(self, letter: Letter) -> Said:
        """Hand in a letter that the hub must accept."""
        [said] = await self.race(letter)
        if isinstance(said, Reason):
            statement = parse_statement(letter.signed.payload)
            raise AssertionError(f"{statement.author} was refused {statement.body}: {said}")
        return said

    async def refused(self, author: Member, body: Body, **where: Any) -> Reason:
        """Say something that the hub must refuse; gives its reason."""
        [said] = await self.race(self.write(author, body, **where))
        assert isinstance(said, Reason), f"{author} was allowed {body}"
        return said

    async def race(self, *letters: Letter) -> list[Said | Reason]:
        """Hand in letters at the same moment; gives what became of each."""
        began = time.perf_counter()
        answers = await asyncio.gather(
            *(self.ledger.submit(one.caller, one.signed, one.parts, 0) for one in letters),
            return_exceptions=True,
        )
        self.hub_seconds += time.perf_counter() - began
        outcomes: dict[int, Said | Reason] = {}
        # The loser of a race was judged before or after the winner.
        self.model.now = self.now
        before = [self._reason_against(one) for one in letters if len(letters) > 1] or [None]

        def place(i: int) -> int:
            return getattr(answers[i], "index", 1 << 62)

        for i in sorted(range(len(letters)), key=place):
            outcomes[i] = self._follow(letters[i], answers[i], before[i])
        return [outcomes[i] for i in range(len(letters))]

    def _follow(self, letter: Letter, answer: Any, before: Reason | None) -> Said | Reason:
        if isinstance(answer, ExchangeError):
            after = self._reason_against(letter)
            assert answer.reason in (before, after), f"{answer}; by the rules {before} or {after}"
            self.notes.refused(answer.reason, self.now)
            return answer.reason
        if isinstance(answer, BaseException):
            raise answer
        statement = self.model.submit(letter.signed).statement
        self.model.outbox.clear()
        said = Said(statement, answer.index, self.now)
        self.notes.said(statement, answer.index, self.now)
        return said

    def _reason_against(self, letter: Letter) -> Reason | None:
        return reason_or_none(lambda: self.model.judge(letter.signed))

    async def publish(self, author: Member, body: Body) -> None:
        """Change the directory."""
        self.model.now = self.now
        self.model.say(author, body)
        await self._hand_on()

    async def _hand_on(self) -> None:
        for signed in self.model.outbox:
            statement = parse_statement(signed.payload)
            caller = Caller(statement.author, tls_of(statement.author).fingerprint)
            accepted = await self.ledger.submit(caller, signed, {}, 0)
            self.notes.published(statement, accepted.index, self.now)
        self.model.outbox.clear()

    def is_released(self, opening: Said, agency: str) -> bool:
        """True if the recipient may see something on its leg."""
        return self.model.leg(opening.statement, agency).was_released

    async def read(self, reader: Member, said: Said) -> None:
        """Fetch the brief of a statement; the first time the hub puts the delivery on the log."""
        size, began = self.ledger.tree_size, time.perf_counter()
        caller = Caller(reader, tls_of(reader).fingerprint)
        await self.ledger.deliver(caller, said.digest, BRIEF)
        self.hub_seconds += time.perf_counter() - began
        if self.ledger.tree_size > size:
            self.model.now = self.now
            self.model.deliver(reader, said.statement)
            self.notes.delivered(self.now)


def _words(draft: Draft) -> bytes:
    return b'{"document": "brief", "summary": "%s (fictional)"}' % draft.kind.value.encode()
