"""A stream of statements: read ahead within bounds, judged each by itself, answered in order.

A statement goes through the stream like this:

    read          one after the other, while there is room and the agency's rate allows it
    submitted     to the writer, which takes it in its agency's turns; or put off unread (rule 3)
    unanswered    until its outcome is known and all before it are answered
    answered      with its entry of the log, or with why it was refused or put off

Rules of this module:

1.  The pipeline has established the caller, its rights and the deadline of the call, once. That the
    caller's certificate still holds is asked for each statement.
2.  At most `UNANSWERED` statements and about `UNANSWERED_BYTES` are unanswered. Until there is room
    the hub reads no more: gRPC lets the caller wait.
3.  A statement that the writer puts off takes those along that may depend on it
    (`rules.dependencies`). Where the writer's queue is full, or `MOST_PUT_OFF` exchanges wait
    already, every later one is put off unread. This holds to the end of the stream: a statement
    that comes after the answer may have been sent before it, and would overtake the one put off.
    The caller sends again in another stream what was put off.
4.  A fault of the stream itself, such as a message that does not parse, ends the stream. The
    statements before it are answered first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Final

from exchange_protocol.errors import ExchangeError
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.caller import Caller
from exchange_server.fairness.rates import Rates
from exchange_server.ledger import Accepted, Ledger
from exchange_server.ledger.submitter import Handled, PutOff
from exchange_server.rpc.requests import parse_submission_of_batch

UNANSWERED: Final = 64
"""One more statement is read while fewer are unanswered."""
UNANSWERED_BYTES: Final = 1024 * 1024
"""One more statement is read while there is less."""
MOST_PUT_OFF: Final = 1024
"""Exchanges that a stream remembers as put off; beyond them every later statement is put off."""


class SubmissionStream:
    """The statements of one call; for one event loop."""

    def __init__(
        self, ledger: Ledger, rates: Rates, caller: Caller, verify_still_good: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._rates = rates
        self._caller = caller
        self._verify_still_good = verify_still_good
        self._unanswered = _Unanswered()
        self._tracker = DependencyTracker()
        self._all_put_off: PutOff | None = None
        """Why every later statement is put off; None while each goes to the writer."""

    async def answers(
        self, requests: AsyncIterator[pb.SubmitRequest]
    ) -> AsyncGenerator[Accepted | ExchangeError, None]:
        """Answer each request, in order; raises what ends the stream, after the answers."""
        reading = asyncio.create_task(self._read(requests))
        try:
            while (oldest := await self._unanswered.oldest()) is not None:
                outcome = await oldest.outcome()
                self._unanswered.drop_oldest()
                yield outcome
            await reading
        finally:
            reading.cancel()
            # The caller may have gone: then nobody waits for the rest.
            self._unanswered.cancel()
            # What the task raised is raised above, or it is this cancellation: not raised again.
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, requests: AsyncIterator[pb.SubmitRequest]) -> None:
        """Read and submit the requests, as fast as their answers make room for more."""
        try:
            # Of the first one too: else a stream for each statement would pass every rate.
            await self._rates.room_for_statement(self._caller.agency)
            async for request in requests:
                self._verify_still_good()
                size = request.ByteSize()
                self._unanswered.add(await self._submit(request), size)
                await self._rates.flow_statement(self._caller.agency, size)
                await self._unanswered.room()
        finally:
            self._unanswered.close()

    async def _submit(self, request: pb.SubmitRequest) -> Handled:
        """Submit one statement, or put it off unread."""
        if self._all_put_off is None and (error := self._tracker.why_all_wait(MOST_PUT_OFF)):
            self._all_put_off = PutOff(error)
        if self._all_put_off is not None:
            return self._all_put_off
        read = parse_submission_of_batch(request)
        handled = await self._ledger.submit_in_stream(
            self._caller, read, request.known_tree_size, self._tracker
        )
        if isinstance(handled, PutOff):
            # The writer's queue is full, so it has no room for the next one either.
            self._all_put_off = handled
        return handled


class _Unanswered:
    """The statements of a stream that are read and not answered, in order; a bounded queue.

    One task reads and adds, another takes and answers. Each waits here for what the other does.
    """

    def __init__(self) -> None:
        self._statements: deque[tuple[Handled, int]] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = asyncio.Event()

    def add(self, handled: Handled, size: int) -> None:
        """Add a statement of so many bytes behind the others."""
        self._statements.append((handled, size))
        self._bytes += size
        self._changed.set()

    def close(self) -> None:
        """Say that no more statements come."""
        self._is_closed = True
        self._changed.set()

    async def room(self) -> None:
        """Wait until there is room for one more."""
        await self._wait_until(
            lambda: len(self._statements) < UNANSWERED and self._bytes < UNANSWERED_BYTES
        )

    async def oldest(self) -> Handled | None:
        """Wait for the oldest statement; None once all are answered and no more come."""
        await self._wait_until(lambda: bool(self._statements) or self._is_closed)
        return self._statements[0][0] if self._statements else None

    def drop_oldest(self) -> None:
        """Drop the oldest statement: its outcome is known."""
        _, size = self._statements.popleft()
        self._bytes -= size
        self._changed.set()

    def cancel(self) -> None:
        """Give the statements up: nobody waits for their outcomes; they may be accepted still."""
        for handled, _ in self._statements:
            handled.cancel()

    async def _wait_until(self, is_so: Callable[[], bool]) -> None:
        # No change is missed: nothing else runs between the question and the waiting, and whoever
        # wakes asks again. A change that both wait for wakes both.
        while not is_so():
            self._changed.clear()
            await self._changed.wait()
