"""The write path as the RPC layer sees it: every way to change the log, and nothing else.

Database work is done by the writer's thread; the event loop only checks forms and waits.

Assumed verified: who the caller is (`Caller`), and that it may call. Left to the caller: reading,
for which there is `Reader`.

Refusals: `submit`, `deliver` and `inspect` log their own. `deny` is for what was refused elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self, TypeAlias, TypeVar

import structlog
from sqlalchemy import Engine

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from exchange_protocol.log.cosignatures import Cosignature, WitnessPolicy
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.statements import SignedStatement
from exchange_protocol.trust.certificates import Revocations, TrustAnchors
from exchange_protocol.trust.identity import AgencyId
from exchange_server.caller import Caller
from exchange_server.fairness.budgets import DenialBudget, HourlyBudget
from exchange_server.fairness.slices import FairScheduler, Slices
from exchange_server.ledger import staging
from exchange_server.ledger.batch import BatchContext
from exchange_server.ledger.jobs import (
    SUBMIT,
    Delivery,
    Denial,
    Inspection,
    check_submission,
    is_logged,
)
from exchange_server.ledger.values import Accepted, LeavesPage, LedgerLimits, PartHandle
from exchange_server.ledger.witnessing import (
    StartWitnesses,
    check_cosigned,
    kept_cosignatures,
)
from exchange_server.ledger.writer import Writer
from exchange_server.storage.engine import FileClaim
from exchange_server.storage.notifications import Listener
from exchange_server.storage.schema import check_schema

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")
_Read: TypeAlias = tuple[SignedStatement, Mapping[str, bytes]] | ExchangeError
"""A statement of a batch with the parts beside it, or why it could not be read."""
_Handed: TypeAlias = tuple[asyncio.Future[Any] | None, ExchangeError | None]
"""What the writer was given, if anything, and why the statement is refused, if it is."""
_SWEEPS_PER_TTL = 4
_LOOK_SECONDS = 5.0
"""How often a hub looks for what others wrote without being told."""


class Ledger:
    """The log and everything that changes it; made by `open`, ended by `close`."""

    def __init__(
        self,
        engine: Engine,
        bench: BatchContext,
        claim: FileClaim,
        on_step: Callable[[str], None],
        witnesses: WitnessPolicy | None,
    ) -> None:
        """Use `open`."""
        self._witnesses = witnesses
        self._bench = bench
        self._claim = claim
        self._writer = Writer(engine, bench, on_step=on_step, on_growth=self._announce)
        self._desk = FairScheduler()
        self._announced = 0
        self._start = StartWitnesses(0, datetime.now(UTC))
        self._grown = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._told = asyncio.Event()
        self._listener: Listener | None = None

    @classmethod
    async def open(
        cls,
        engine: Engine,
        *,
        anchors: TrustAnchors,
        signer: LogSigner,
        clock: Callable[[], datetime],
        revocations: Callable[[], Revocations],
        limits: LedgerLimits | None = None,
        on_step: Callable[[str], None] = lambda step: None,
        witnesses: WitnessPolicy | None = None,
        witnesses_at_start: int = 0,
    ) -> Self:
        """Open the ledger of a migrated database; an empty log is begun.

        Raises:
            InvalidInput: CONFIG_INVALID, where the schema is of another version, or another hub
                process has the SQLite file, or the log is smaller than witnesses saw it.
            HubInternal: naming what does not fit in a damaged database.
        """
        await asyncio.to_thread(check_schema, engine)
        limits = limits or LedgerLimits()
        bench = BatchContext(
            anchors,
            signer,
            limits,
            clock,
            revocations,
            denials=DenialBudget(limits.denials_per_agency_per_hour),
            inspections=HourlyBudget(limits.inspections_per_agency_per_hour),
        )
        claim = FileClaim(engine)
        try:
            ledger = cls(engine, bench, claim, on_step, witnesses)
            await asyncio.to_thread(ledger._writer.load)
        except BaseException:
            claim.release()
            raise
        ledger._writer.start()
        ledger._announced = ledger.tree_size
        if witnesses is not None and ledger.tree_size:
            ledger._start = StartWitnesses(witnesses_at_start, clock())
        if ledger._start.missing:
            _log.warning("waiting_for_witnesses", missing=ledger._start.missing)
        ledger._tasks = [_background(ledger._sweep())]
        if engine.dialect.name == "postgresql":
            ledger._tasks.append(_background(ledger._follow_other_hubs()))
            ledger._listener = ledger._listen(engine, bench.sender)
        return ledger

    @property
    def directory(self) -> Directory:
        """The directory as committed."""
        return self._writer.directory

    @property
    def tree_size(self) -> int:
        """Size of the log as committed."""
        return self._writer.tree_size

    def slices(self, caller: Caller) -> Slices:
        """Slices of the event loop for long work that is done for a caller."""
        return Slices(self._desk, caller.agency)

    def verify_room(self, agency: AgencyId) -> None:
        """Verify that what an agency submits could wait for the writer now; raises OVERLOADED."""
        self._writer.verify_room(agency)

    def expected_wait(self) -> float:
        """In how many seconds what waits for the writer should be written."""
        return self._writer.expected_wait()

    async def verify_writing(self) -> None:
        """Verify that what is submitted will be written; raises UNAVAILABLE."""
        if any(task.done() for task in self._tasks):
            # It has said why: see `_background`.
            raise Reason.UNAVAILABLE.error("the ledger does not look after its database any more")
        await self._writer.verify_writing()

    async def submit(
        self,
        caller: Caller,
        signed: SignedStatement,
        parts: Mapping[str, bytes],
        known_tree_size: int,
    ) -> Accepted:
        """Accept a statement, or refuse it; `parts` are sealed bytes that ride along, by name.

        Idempotent: the same bytes again give the original entry. An answer is durable.

        Raises:
            CallerError: the reason for the refusal, which is on the log.
            HubUnavailable: not known to be stored; the same bytes may be sent again.
        """
        self._start.verify_heard()
        try:
            submission = check_submission(
                caller, signed, parts, known_tree_size, self._bench.limits
            )
        except ExchangeError as error:
            if is_logged(error):
                await self.deny(caller, SUBMIT, error, payload_digest=signed.digest)
            raise
        answer = await self._writer.put(submission)
        if not isinstance(answer, Accepted):
            raise TypeError(f"expected a submission to be accepted, got {type(answer)}")
        return answer

    async def submit_batch(
        self,
        caller: Caller,
        given: Sequence[_T],
        read: Callable[[_T], _Read],
        known_tree_size: int,
    ) -> list[Accepted | ExchangeError]:
        """Accept or refuse each of many statements by itself, in order, as `submit` does.

        Each is read in its turn: to read them all at once would hold up every other call. What is
        put off takes what follows on it along (`rules.series`), and leaves the rest alone. When
        there is no room for one, all that come after it are put off unread.
        """
        self._start.verify_heard()
        series = DependencyTracker()
        handed: list[_Handed] = []
        try:
            async with self.slices(caller) as slices:
                for each in given:
                    future, error = self._hand_in(caller, read(each), known_tree_size, series)
                    handed.append((future, error))
                    if future is None and error is not None and not error.is_final:
                        handed += [(None, error)] * (len(given) - len(handed))
                        break
                    await slices.yield_if_due()
            return [await _outcome(*one) for one in handed]
        finally:
            # The caller may have gone: nobody asks for what is still to come.
            for future, _ in handed:
                if future is not None:
                    future.cancel()

    async def deliver(self, caller: Caller, payload_digest: bytes, part_name: str) -> PartHandle:
        """Permit a reader a part: the delivery is on the log when this returns.

        Raises:
            NotFound: STATEMENT_UNKNOWN for what the caller may not see, PART_UNKNOWN.
            NotPermitted: NOT_A_PARTY, where it sees the statement but is no reader of the part.
        """
        self._start.verify_heard()
        answer = await self._writer.put(Delivery(caller, payload_digest, part_name))
        if not isinstance(answer, PartHandle):
            raise TypeError(f"expected a delivery to give a part, got {type(answer)}")
        return answer

    async def inspect(
        self,
        caller: Caller,
        start: int,
        page: LeavesPage,
        known_tree_size: int,
    ) -> Accepted:
        """Permit an auditor a page of openings: the inspection is on the log when this returns.

        Raises:
            NotPermitted: where the policy no longer discloses anything of the page to it.
            LimitExceeded: RATE_LIMITED, where its agency has read as much as it may in an hour.
            HubUnavailable: not known to be on the log, or the rules have changed since the page was
                read; it must not be shown.
        """
        self._start.verify_heard()
        answer = await self._writer.put(Inspection(caller, start, page, known_tree_size))
        if not isinstance(answer, Accepted):
            raise TypeError(f"expected an inspection to be logged, got {type(answer)}")
        return answer

    async def deny(
        self,
        caller: Caller,
        operation: str,
        error: ExchangeError,
        *,
        exchange_id: str = "",
        payload_digest: bytes = b"",
    ) -> None:
        """Log a refusal, within the agency's bound."""
        self._start.verify_heard()
        await self._writer.put(Denial(caller, operation, error.reason, exchange_id, payload_digest))

    async def stage_part(self, caller: Caller, sha256: bytes, size: int) -> staging.StagedPart:
        """Begin an upload; see `staging`."""
        bench = self._bench
        return await staging.stage_part(
            self._writer, caller, sha256, size, bench.limits, bench.clock
        )

    async def add_cosignature(self, note: bytes) -> None:
        """Keep a configured witness's cosignature of this log; raises COSIGNATURE_INVALID."""
        bench = self._bench
        latest = bench.clock() + bench.limits.future_skew
        await self._writer.run(check_cosigned(note, bench.signer, self._witnesses, latest))
        if self._witnesses is not None and self._start.missing:
            self._hear(self._witnesses.verify(note))

    async def wait_for_growth(self, since_tree_size: int, seconds: float) -> int:
        """Wait until the log is larger than a size, at most `seconds`; gives its size."""
        try:
            async with asyncio.timeout(seconds):
                while self._announced <= since_tree_size:
                    await self._grown.wait()
        except TimeoutError:
            pass
        return self._announced

    async def close(self) -> None:
        """Finish what was put, refuse what comes after, and give the database back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._listener is not None:
            await asyncio.to_thread(self._listener.close)
        await self._writer.close()
        self._claim.release()

    def _hand_in(
        self, caller: Caller, read: _Read, known_tree_size: int, series: DependencyTracker
    ) -> _Handed:
        """Put one statement of a batch, or the refusal of it."""
        try:
            if isinstance(read, ExchangeError):
                raise read
            job = check_submission(caller, *read, known_tree_size, self._bench.limits)
            return self._writer.hand_in(job, series), None
        except ExchangeError as error:
            if not is_logged(error):
                return None, error
            refusal = error
        digest = b"" if isinstance(read, ExchangeError) else read[0].digest
        try:
            denial = Denial(caller, SUBMIT, refusal.reason, "", digest)
            return self._writer.hand_in(denial), refusal
        except ExchangeError as error:
            # It is refused when the refusal can be logged: until then it is put off.
            return None, error

    def _announce(self, tree_size: int) -> None:
        if tree_size > self._announced:
            self._announced = tree_size
            self._grown.set()
            self._grown = asyncio.Event()

    def _listen(self, engine: Engine, sender: str) -> Listener:
        """Be told at once when another hub has written; notices that come together are one."""
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):  # The loop has ended, and with it who would look.
                loop.call_soon_threadsafe(self._told.set)

        listener = Listener(engine, sender, tell)
        listener.start()
        return listener

    async def _sweep(self) -> None:
        """Forget unclaimed uploads now and then, even while nobody uploads."""
        ttl = self._bench.limits.staging_ttl
        while True:
            before = self._bench.clock() - ttl
            try:
                await self._writer.run(staging.sweep_before(before))
            except ExchangeError as error:
                _log.warning("sweep_failed", reason=error.reason.name)
            await asyncio.sleep(ttl.total_seconds() / _SWEEPS_PER_TTL)

    async def _follow_other_hubs(self) -> None:
        """Keep step with hubs that write the same log, even while this one writes nothing."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._told.wait()
            self._told.clear()
            try:
                await self._writer.catch_up()
                await self._hear_witnesses_of_others()
            except ExchangeError as error:
                _log.warning("catch_up_failed", reason=error.reason.name)

    async def _hear_witnesses_of_others(self) -> None:
        """While it waits for witnesses: hear those that have cosigned at another hub since."""
        if self._witnesses is None or not self._start.missing:
            return
        log = LogVerifier(self._bench.signer.vkey)
        kept = partial(kept_cosignatures, log=log, witnesses=self._witnesses)
        self._hear(await self._writer.run(kept))

    def _hear(self, cosignatures: Iterable[Cosignature]) -> None:
        missing = self._start.missing
        self._start.hear(cosignatures)
        if self._start.missing < missing:
            _log.info("witness_heard", missing=self._start.missing)


def _background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Begin work that has no end; that it ends all the same is a defect, and is logged."""

    async def run() -> None:
        try:
            await work
        except Exception:
            _log.exception("background_work_ended")
            raise

    return asyncio.create_task(run())


async def _outcome(
    future: asyncio.Future[Any] | None, refusal: ExchangeError | None
) -> Accepted | ExchangeError:
    """What became of a statement of a batch: a refusal holds once it is on the log."""
    try:
        answer = None if future is None else await future
    except ExchangeError as error:
        return error
    if refusal is not None:
        return refusal
    if not isinstance(answer, Accepted):
        raise TypeError(f"expected a submission to be accepted, got {type(answer)}")
    return answer
