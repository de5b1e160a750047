"""A stream of statements: read ahead within bounds, judged each by itself, answered in order.

- The caller, its rights and the deadline of the call were asked for once, by the pipeline. That its
  certificate still holds is asked for each statement.
- The writer takes the statements of a stream in its agency's turns, like those of other calls.
- Only `UNANSWERED` statements and `UNANSWERED_BYTES` wait for their answers. Until there is room,
  and while the agency's rate is spent, the hub reads no more: gRPC lets the caller wait.
- One statement may be put off. Then all later ones that may depend on it are put off too
  (`rules.dependencies`). Where the writer has no room, or `MOST_PUT_OFF` exchanges wait already,
  every later one is put off. This ends when nothing is unanswered any more.
- A fault of the stream itself, such as a message that does not parse, ends the stream. The
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
"""Exchanges that wait, each for itself."""


class SubmissionStream:
    """The statements of one call; for one event loop."""

    def __init__(
        self, ledger: Ledger, rates: Rates, caller: Caller, verify_still_good: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._rates = rates
        self._caller = caller
        self._verify_still_good = verify_still_good
        self._unanswered: deque[tuple[Handled, int]] = deque()
        self._bytes = 0
        # Both loops, of reading and of answers, wait for it: what one changes lets the other go on.
        self._changed = asyncio.Event()
        self._has_read_all = False
        self._tracker = DependencyTracker()
        self._no_room: PutOff | None = None

    async def answers(
        self, requests: AsyncIterator[pb.SubmitRequest]
    ) -> AsyncGenerator[Accepted | ExchangeError, None]:
        """Answer each request, in order; raises what ends the stream, after the answers."""
        reading = asyncio.create_task(self._read(requests))
        try:
            while await self._has_next():
                handled, size = self._unanswered[0]
                outcome = await handled.outcome()
                self._unanswered.popleft()
                self._bytes -= size
                self._changed.set()
                yield outcome
            await reading
        finally:
            reading.cancel()
            # The caller may have gone: then nobody waits for the rest.
            for handled, _ in self._unanswered:
                handled.cancel()
            # Its outcome was told above or is that of the cancelling; ours may be cancelled too.
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, requests: AsyncIterator[pb.SubmitRequest]) -> None:
        try:
            async for request in requests:
                self._verify_still_good()
                if not self._unanswered:
                    # What was put off is answered, so the caller has seen it: it may come again.
                    self._tracker, self._no_room = DependencyTracker(), None
                size = request.ByteSize()
                self._unanswered.append((await self._submit(request), size))
                self._bytes += size
                self._changed.set()
                await self._rates.flow_statement(self._caller.agency, size)
                await self._wait_until(
                    lambda: len(self._unanswered) < UNANSWERED and self._bytes < UNANSWERED_BYTES
                )
        finally:
            self._has_read_all = True
            self._changed.set()

    async def _submit(self, request: pb.SubmitRequest) -> Handled:
        if self._no_room is None and (error := self._tracker.why_all_wait(MOST_PUT_OFF)):
            self._no_room = PutOff(error)
        if self._no_room is not None:
            return self._no_room
        read = parse_submission_of_batch(request)
        handled = await self._ledger.submit_in_stream(
            self._caller, read, request.known_tree_size, self._tracker
        )
        if isinstance(handled, PutOff):
            self._no_room = handled
        return handled

    async def _has_next(self) -> bool:
        await self._wait_until(lambda: bool(self._unanswered) or self._has_read_all)
        return bool(self._unanswered)

    async def _wait_until(self, is_so: Callable[[], bool]) -> None:
        # No change is missed: nothing else runs between the question and the waiting, and whoever
        # wakes asks again. A change that both wait for wakes both.
        while not is_so():
            self._changed.clear()
            await self._changed.wait()
