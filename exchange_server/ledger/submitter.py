"""Statements on their way to the writer: one alone, or one after the other of a call.

Each is parsed and checked, the policy is asked ahead for it, and there must be room for it. Then it
waits for the writer's turn. A refusal before that is put to the writer too, which logs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from exchange_protocol.errors import ExchangeError
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_server.caller import Caller
from exchange_server.fairness.slices import Slices
from exchange_server.ledger.committer import Committer
from exchange_server.ledger.jobs import SUBMIT, Denial, check_submission, is_logged
from exchange_server.ledger.room import Room
from exchange_server.ledger.routes import Routes
from exchange_server.ledger.values import Accepted, LedgerLimits
from exchange_server.ledger.writer import Writer

_T = TypeVar("_T")
Read: TypeAlias = tuple[SignedStatement, Mapping[str, bytes]] | ExchangeError
"""A statement of a batch with the parts beside it, or why it could not be read."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """One of many statements that waits for the writer."""

    future: asyncio.Future[Accepted]

    def cancel(self) -> None:
        """Wait for it no longer; it may be accepted all the same."""
        self.future.cancel()

    async def outcome(self) -> Accepted | ExchangeError:
        """The outcome of the statement."""
        try:
            return await self.future
        except ExchangeError as error:
            return error.detached()


@dataclass(frozen=True, slots=True)
class Refused:
    """One of many statements that is refused for good."""

    error: ExchangeError
    logged: asyncio.Future[None] | None = None
    """Settled when the refusal is on the log; None where it is not logged."""

    def cancel(self) -> None:
        """Wait for its log entry no longer."""
        if self.logged is not None:
            self.logged.cancel()

    async def outcome(self) -> ExchangeError:
        """A refusal holds once it is on the log."""
        try:
            if self.logged is not None:
                await self.logged
        except ExchangeError as error:
            return error.detached()
        return self.error


@dataclass(frozen=True, slots=True)
class PutOff:
    """One of many statements that is put off: the same bytes may be sent again."""

    error: ExchangeError

    def cancel(self) -> None:
        """Do nothing: nobody waits for it."""

    async def outcome(self) -> ExchangeError:
        """The reason to wait."""
        return self.error


Handled: TypeAlias = Submitted | Refused | PutOff


class Submitter:
    """Puts statements to the writer, for one event loop."""

    def __init__(
        self,
        writer: Writer,
        committer: Committer,
        room: Room,
        limits: LedgerLimits,
        slices: Callable[[Caller], Slices],
    ) -> None:
        """Put them to a writer while there is room.

        `committer` has the directory by which the policy is asked ahead; `slices` are those of a
        caller's turn.
        """
        self._writer = writer
        self._committer = committer
        self._room = room
        self._limits = limits
        self._slices = slices
        self._routes = Routes()

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
        try:
            async with self._slices(caller) as slices:
                submission = check_submission(caller, signed, parts, known_tree_size, self._limits)
                await self._routes.prepare(self._committer.directory, submission.statement, slices)
        except ExchangeError as error:
            if is_logged(error):
                await self._writer.enqueue(_denial(caller, error, signed.digest))
            raise
        return await self._writer.enqueue(self._room.admitted(submission))

    async def submit_batch(
        self,
        caller: Caller,
        given: Sequence[_T],
        read: Callable[[_T], Read],
        known_tree_size: int,
    ) -> list[Accepted | ExchangeError]:
        """Accept or refuse each of many statements by itself, in order, as `submit` does.

        Each is read in its turn: reading all at once would hold up every other call.

        - Where the queue of the writer is full, one is put off, and all after it are put off
          unread.
        - One that the writer puts off, or for which there is no room (`room`), takes those along
          that may depend on it (`rules.dependencies`), and leaves the rest alone.
        """
        tracker = DependencyTracker()
        handled: list[Handled] = []
        try:
            async with self._slices(caller) as slices:
                for each in given:
                    one = await self._submit_one(
                        caller, read(each), known_tree_size, tracker, slices
                    )
                    handled.append(one)
                    if isinstance(one, PutOff):
                        handled += [one] * (len(given) - len(handled))
                        break
                    await slices.yield_if_due()
            return [await one.outcome() for one in handled]
        finally:
            # The caller may have gone: then nobody waits for the rest.
            for one in handled:
                one.cancel()

    async def submit_in_stream(
        self, caller: Caller, read: Read, known_tree_size: int, tracker: DependencyTracker
    ) -> Handled:
        """Submit one of the statements of a stream, to be accepted or refused as by `submit`.

        `tracker` is shared by statements of which one may follow on another.
        """
        async with self._slices(caller) as slices:
            return await self._submit_one(caller, read, known_tree_size, tracker, slices)

    async def _submit_one(
        self,
        caller: Caller,
        read: Read,
        known_tree_size: int,
        tracker: DependencyTracker,
        slices: Slices,
    ) -> Handled:
        """Put one statement of a batch, or the refusal of it."""
        try:
            if isinstance(read, ExchangeError):
                raise read
            job = check_submission(caller, *read, known_tree_size, self._limits, tracker)
            await self._routes.prepare(self._committer.directory, job.statement, slices)
            return Submitted(self._writer.enqueue(self._room.admitted(job)))
        except ExchangeError as error:
            if not is_logged(error):
                return _unlogged(error)
            refusal = error.detached()
        digest = b"" if isinstance(read, ExchangeError) else read[0].digest
        try:
            return Refused(refusal, self._writer.enqueue(_denial(caller, refusal, digest)))
        except ExchangeError as error:
            # The refusal does not hold before it can be logged: until then it is put off.
            return _unlogged(error)


def _denial(caller: Caller, error: ExchangeError, digest: bytes) -> Denial:
    """The refusal of a statement that did not come to its turn."""
    return Denial(caller, SUBMIT, error.reason, "", digest)


def _unlogged(error: ExchangeError) -> Refused | PutOff:
    """The outcome of a statement whose refusal is not on the log."""
    error = error.detached()
    return Refused(error) if error.is_final else PutOff(error)
