"""The write path as the RPC layer sees it: every way to change the log, and nothing else.

The writer's thread does the work on the database. The event loop only checks forms and waits.

Assumed verified: who the caller is (`Caller`), and that it may call. Left to the caller: reading,
which is `Reader`'s.

`submit`, `deliver` and `inspect` log their own refusals. `deny` logs those of others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Self, TypeVar

from sqlalchemy import Engine

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.trust.certificates import Revocations, TrustAnchors
from exchange_protocol.trust.identity import AgencyId
from exchange_server.caller import Caller
from exchange_server.clock_evidence import (
    Signed,
    last_entry,
    verify_not_ahead,
    verify_not_behind,
)
from exchange_server.fairness.budgets import DenialBudget, HourlyBudget
from exchange_server.fairness.counts import ALONE, Cell, Counts
from exchange_server.fairness.slices import Slices, SliceScheduler
from exchange_server.ledger import staging
from exchange_server.ledger.committer import Committer
from exchange_server.ledger.draft import BatchContext
from exchange_server.ledger.intake import Intake
from exchange_server.ledger.jobs import Delivery, Denial, Inspection
from exchange_server.ledger.room import Room
from exchange_server.ledger.start_check import verify_start
from exchange_server.ledger.submitter import Handled, Read, Submitter
from exchange_server.ledger.upkeep import Upkeep, keep_copy, keep_note
from exchange_server.ledger.values import Accepted, LeavesPage, LedgerLimits, PartHandle
from exchange_server.ledger.witnessing import WitnessGate, check_cosigned
from exchange_server.ledger.writer import Writer
from exchange_server.observer import NO_OBSERVER, Observer
from exchange_server.storage.database_file import DatabaseFile, FileClaim
from exchange_server.storage.schema import check_indexes, check_schema
from exchange_server.storage.server_check import tell_of_order, verify_server

_T = TypeVar("_T")


class Ledger:
    """The log and everything that changes it; made by `open`, ended by `close`."""

    def __init__(
        self,
        engine: Engine,
        context: BatchContext,
        claim: FileClaim,
        observer: Observer,
    ) -> None:
        """Use `open`."""
        self._engine = engine
        self._context = context
        self._claim = claim
        self._observer = observer
        limits = context.limits
        self._intake = Intake(limits)
        self._committer = Committer(engine, context, observer)
        self._writer = Writer(
            self._intake, self._committer, observer=observer, on_growth=self._announce
        )
        self._scheduler = SliceScheduler(self._intake.makes_way)
        self._room = Room(engine, limits.stored_bytes_per_agency, limits.disk_free_bytes)
        self._submitter = Submitter(self._writer, self._committer, self._room, limits, self.slices)
        self._gate = WitnessGate(None, 0, context.clock())
        self._announced = 0
        self._grown = asyncio.Event()
        self._upkeep: Upkeep | None = None

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
        observer: Observer = NO_OBSERVER,
        witnesses: WitnessPolicy | None = None,
        witnesses_at_start: int = 0,
        counts: Counts = ALONE,
        signed: Sequence[Signed] = (),
    ) -> Self:
        """Open the ledger of a migrated database; an empty log is begun.

        `signed`, with the revocation lists and the last entry, bears witness of the time; without
        any the clock is believed.

        Raises:
            InvalidInput: CONFIG_INVALID, where the schema is of another version, or another hub
                process has the SQLite file, or the log is older than
                what this hub has signed.
            HubInternal: naming what does not fit in a damaged database.
            HubUnavailable: where the clock contradicts what was signed (`clock_evidence`).
        """
        await asyncio.to_thread(verify_server, engine)
        await asyncio.to_thread(tell_of_order, engine)
        await asyncio.to_thread(check_schema, engine)
        await asyncio.to_thread(check_indexes, engine)
        limits = limits or LedgerLimits()
        context = BatchContext(
            anchors,
            signer,
            limits,
            clock,
            revocations,
            denials=DenialBudget(limits.denials_per_agency_per_hour, counts),
            inspections=HourlyBudget(
                limits.inspections_per_agency_per_hour, Cell.INSPECTIONS, counts
            ),
        )
        claim = FileClaim(engine)
        try:
            ledger = cls(engine, context, claim, observer)
            await asyncio.to_thread(ledger._committer.load)
            await asyncio.to_thread(verify_start, engine, LogVerifier(signer.vkey))
            # Before anything is signed, or erased for its age.
            now, last_time = clock(), ledger._committer.last_time
            verify_not_behind(now, last_time)
            if signed:
                verify_not_ahead(now, [*signed, *last_entry(last_time)], revocations())
        except BaseException:
            claim.release()
            raise
        ledger._start(witnesses, witnesses_at_start)
        return ledger

    @property
    def directory(self) -> Directory:
        """The directory as committed."""
        return self._committer.directory

    @property
    def tree_size(self) -> int:
        """Size of the log as committed."""
        return self._committer.tree_size

    @property
    def file_is_unread(self) -> bool:
        """True while a file that another program touched is not read whole; the hub writes on."""
        return self._committer.file_is_unread

    async def catch_up(self, agency: AgencyId) -> None:
        """Take over what other hubs on this log have committed, in the turn of an agency.

        Raises:
            HubUnavailable: where the database cannot be asked, or too much of the agency waits.
        """
        await self._writer.catch_up(agency)

    def slices(self, caller: Caller) -> Slices:
        """Slices of the event loop for long work that is done for a caller."""
        return Slices(self._scheduler, caller.agency)

    def verify_room(self, agency: AgencyId) -> None:
        """Verify that what an agency submits could wait for the writer now; raises OVERLOADED."""
        self._intake.verify_room(agency)

    def is_shared(self) -> bool:
        """True while agencies share the writer (`FairQueue.is_shared`)."""
        return self._intake.is_shared()

    def expected_wait(self) -> float:
        """The seconds in which what waits for the writer should be written."""
        return self._intake.expected_wait()

    def waiting(self) -> int:
        """The number of requests that wait for the writer."""
        return self._intake.waiting()

    async def verify_writing(self) -> None:
        """Verify that what is submitted will be written; raises UNAVAILABLE."""
        if self._upkeep is not None:
            self._upkeep.verify_running()
        # Both raise UNAVAILABLE while the clock of the machine is wrong.
        verify_not_behind(self._context.clock(), self._committer.last_time)
        await asyncio.to_thread(self._verify_file)
        await self._writer.verify_writing()

    async def submit(
        self,
        caller: Caller,
        signed: SignedStatement,
        parts: Mapping[str, bytes],
        known_tree_size: int,
    ) -> Accepted:
        """Accept a statement, or refuse it (`Submitter.submit`)."""
        self._gate.verify_open()
        return await self._submitter.submit(caller, signed, parts, known_tree_size)

    async def submit_batch(
        self,
        caller: Caller,
        given: Sequence[_T],
        read: Callable[[_T], Read],
        known_tree_size: int,
    ) -> list[Accepted | ExchangeError]:
        """Accept or refuse each of many statements by itself (`Submitter.submit_batch`)."""
        self._gate.verify_open()
        return await self._submitter.submit_batch(caller, given, read, known_tree_size)

    async def submit_in_stream(
        self, caller: Caller, read: Read, known_tree_size: int, tracker: DependencyTracker
    ) -> Handled:
        """Submit one of the statements of a stream (`Submitter.submit_in_stream`)."""
        self._gate.verify_open()
        return await self._submitter.submit_in_stream(caller, read, known_tree_size, tracker)

    async def deliver(self, caller: Caller, payload_digest: bytes, part_name: str) -> PartHandle:
        """Permit a reader a part: the delivery is on the log when this returns.

        Raises:
            NotFound: STATEMENT_UNKNOWN for what the caller may not see, PART_UNKNOWN.
            NotPermitted: NOT_A_PARTY, where it sees the statement but is no reader of the part.
        """
        self._gate.verify_open()
        return await self._writer.enqueue(Delivery(caller, payload_digest, part_name))

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
        self._gate.verify_open()
        return await self._writer.enqueue(Inspection(caller, start, page, known_tree_size))

    async def deny(
        self,
        caller: Caller,
        operation: str,
        error: ExchangeError,
        *,
        exchange_id: str = "",
    ) -> None:
        """Log a refusal, within the agency's bound."""
        self._gate.verify_open()
        await self._writer.enqueue(Denial(caller, operation, error.reason, exchange_id, b""))

    async def stage_part(self, caller: Caller, sha256: bytes, size: int) -> staging.StagedPart:
        """Begin an upload; see `staging`."""
        context = self._context
        self._room.verify(caller.agency, size)
        return await staging.stage_part(
            self._writer, caller, sha256, size, context.limits, context.clock
        )

    async def add_cosignature(self, note: bytes) -> None:
        """Keep a configured witness's cosignature of this log; raises COSIGNATURE_INVALID."""
        context = self._context
        latest = context.clock() + context.limits.future_skew
        found, keep = check_cosigned(note, context.signer, self._gate.witnesses, latest)
        await self._writer.run(keep)
        for each in found:
            self._observer.cosigned(each.witness, each.at)
        if self._gate.missing:
            self._gate.hear(found)

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
        if self._upkeep is not None:
            await self._upkeep.close()
            self._upkeep = None
        await self._writer.close()
        await asyncio.to_thread(self._keep_what_was_signed)
        self._claim.release()

    def _keep_what_was_signed(self) -> None:
        """Note it; where the file has lost its name, keep a copy of what no restart would find."""
        if (file := DatabaseFile.of(self._engine)) is not None:
            keep_copy(file)
        keep_note(self._engine)

    def _verify_file(self) -> None:
        try:
            if (file := DatabaseFile.of(self._engine)) is not None:
                file.verify()
        except OSError as error:
            raise Reason.UNAVAILABLE.error(str(error)) from None

    def _start(self, witnesses: WitnessPolicy | None, witnesses_at_start: int) -> None:
        """Begin to write; a log that has entries waits for its witnesses."""
        self._writer.start()
        self._announced = self.tree_size
        needed = witnesses_at_start if witnesses is not None and self.tree_size else 0
        self._gate = WitnessGate(witnesses, needed, self._context.clock())
        self._upkeep = Upkeep(self._engine, self._context, self._writer, self._gate, self._room)
        self._upkeep.start()

    def _announce(self, tree_size: int) -> None:
        self._scheduler.batch_ended()
        if tree_size > self._announced:
            self._announced = tree_size
            self._grown.set()
            self._grown = asyncio.Event()
